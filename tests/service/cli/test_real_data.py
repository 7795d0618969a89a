"""Train and evaluate on real labeled messages, by the command line.

Whole sets that take long are in `python -m tests.benchmarks.accuracy`; here are parts of them.
"""

import csv
import gzip
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.benchmarks.shared_data import shared

pytestmark = pytest.mark.data

ROOT = Path(__file__).parents[3]
DATA = shared() / "data"
SECRET = "a secret for tests only"
MAIN = "from service.cli import main; main()"
MEASURED = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
MOST_KILOBYTES = 700_000


@pytest.fixture
def data(require):
    require(DATA.is_dir(), f"no real messages in {DATA}: set WAAROM_SHARED_DATA")
    return DATA


@pytest.fixture(autouse=True)
def the_same_holdout_every_time(waarom, monkeypatch):
    monkeypatch.setenv("WAAROM_SECRET", SECRET)


def opened(path):
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open()


def part_of(path, to, every):
    """Each so-manieth row of a file, as a file of the same kind."""
    with opened(path) as file:
        header, *rows = csv.reader(file)
    with gzip.open(to, "wt", encoding="utf-8") if to.suffix == ".gz" else to.open("w") as file:
        csv.writer(file).writerows([header, *rows[::every]])
    return to


def about(drivers, path, to, every):
    """Each so-manieth of the rows about one of these, as a file."""
    with opened(path) as file:
        rows = [row for row in csv.DictReader(file) if row["label"] in drivers]
    with to.open("w") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows[::every])
    return to


def commonest_share(path):
    """How often one is right who always names the commonest driver."""
    with opened(path) as file:
        labels = [row["label"] for row in csv.DictReader(file)]
    return max(Counter(labels).values()) / len(labels)


def test_banking77_is_right_in_91_percent_of_its_test_messages(waarom, data):
    waarom("train", "--labels", data / "banking77" / "train.csv")
    found = waarom("evaluate", "--data", data / "banking77" / "test.csv", "--json").document
    assert found["n"] + found["left_out"] == 3080
    assert found["accuracy"] >= 0.91
    assert found["ece"] < 0.03
    assert found["auto"]["precision"] >= 0.95
    assert found["auto"]["share"] > 0.7


def test_hint3_messages_about_nothing_are_seen_though_none_was_ever_labeled(waarom, data):
    waarom("train", "--labels", data / "hint3_sofmattress" / "train.csv")
    test = data / "hint3_sofmattress" / "test.csv"
    found = waarom("evaluate", "--data", test, "--unknown-label", "oos", "--json").document
    assert (found["n"], found["unknown_labels"]) == (397, 144)
    assert found["accuracy"] > 0.68
    assert found["unknown"]["auroc"] > 0.75


def test_clinc150_learns_what_nothing_looks_like_from_messages_labeled_so(waarom, data, tmp_path):
    with opened(data / "clinc150" / "test.csv") as file:
        labels = {row["label"] for row in csv.DictReader(file)} - {"oos"}
    known = {*sorted(labels)[:30], "oos"}
    train = about(known, data / "clinc150" / "train.csv", tmp_path / "train.csv", 4)
    test = about(known, data / "clinc150" / "test.csv", tmp_path / "test.csv", 1)
    said = waarom("train", "--labels", train, "--unknown-label", "oos", "--json")
    assert "30 drivers" in said.err
    found = waarom("evaluate", "--data", test, "--unknown-label", "oos", "--json").document
    assert found["unknown_labels"] == 1000
    assert found["accuracy"] > 0.7
    assert found["unknown"]["auroc"] > 0.75


@pytest.mark.parametrize(
    ("name", "file", "every"),
    [
        ("dekamer_nl", "train.csv", 8),
        ("nhs_fft_phase1", "all.csv", 10),
        ("it_tickets", "all.csv.gz", 40),
    ],
)
def test_folds_of_long_dutch_short_and_compressed_messages(
    waarom, data, tmp_path, name, file, every
):
    part = part_of(data / name / file, tmp_path / file, every)
    found = waarom("evaluate", "--cv", "2", "--data", part, "--json").document
    assert found["accuracy"] > 1.5 * commonest_share(part)
    assert not (tmp_path / "models").exists()


def test_47837_compressed_tickets_are_classified_in_little_memory(
    waarom, data, tmp_path, models_dir
):
    """They stream: what a file holds is never in memory as a whole."""
    tickets = data / "it_tickets" / "all.csv.gz"
    command = ["classify", tickets, "-o", "out.csv.gz", "--models-dir", models_dir]
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, sys.executable, "-c", MAIN, *command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
    )
    with gzip.open(tmp_path / "out.csv.gz", "rt") as file:
        assert sum(1 for _ in file) == 47_838
    assert int(done.stdout.split()[-1]) < MOST_KILOBYTES
