"""Train, evaluate, classify, redact: on files, without a store."""

import csv
import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest


def test_train_evaluate_and_classify_files_in_an_empty_folder(waarom, labeled_file, tmp_path):
    made = waarom("train", "--labels", labeled_file, "--json")
    assert made.document["version"].endswith(".1")
    assert made.document["promoted"] is True
    assert made.document["reason"]
    assert "a flat one of 3 drivers was derived" in made.err
    assert (tmp_path / made.document["card"]).read_text().startswith("# Model")

    judged = waarom("evaluate", "--data", labeled_file, "--json").document
    assert set(judged) >= {"n", "accuracy", "macro_f1", "micro_f1", "ece", "auto", "unknown"}
    assert set(judged["auto"]) >= {"target", "share", "precision"}
    assert set(judged["unknown"]) >= {"auroc", "recall_at_95_kept"}
    assert judged["n"] + judged["left_out"] == 124
    assert judged["left_out"] > 80

    said = waarom("classify", labeled_file, "--json").document
    assert said["rows"] == 124
    with open(said["output"], encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 124


def test_training_rows_are_judged_only_when_asked(waarom, labeled_file):
    waarom("train", "--labels", labeled_file)
    everything = waarom("evaluate", "--data", labeled_file, "--allow-training-rows", "--json")
    assert everything.document["n"] == 124
    assert everything.document["left_out"] == 0


def test_folds_write_no_model(waarom, labeled_file, tmp_path):
    found = waarom("evaluate", "--data", labeled_file, "--cv", "3", "--json").document
    assert found["n"] == 124
    assert found["accuracy"] > 0.9
    assert not (tmp_path / "models").exists()


def test_another_target_is_judged_on_messages_that_did_not_set_its_threshold(waarom, labeled_file):
    waarom("train", "--labels", labeled_file)
    every = ("evaluate", "--data", labeled_file, "--allow-training-rows", "--json")
    own = waarom(*every).document
    assert waarom(*every, "--target", "0.95").document == own
    other = waarom(*every, "--target", "0.8")
    assert other.document["auto"]["target"] == 0.8
    assert 0 < other.document["auto"]["n"] < own["n"]
    assert other.document["accuracy"] == own["accuracy"]
    assert "one half of the messages sets" in other.err


def test_earlier_messages_train_and_later_ones_judge(waarom, labeled_file, tmp_path):
    head, *rows = labeled_file.read_text().splitlines()
    dated = [f"{row},2026-{1 + number % 9:02}-10" for number, row in enumerate(rows)]
    labeled_file.write_text("\n".join([f"{head},received_at", *dated]))
    found = waarom("evaluate", "--data", labeled_file, "--by-time", "--json")
    assert found.document["by_time"]["since"].startswith("2026-08-10")
    assert found.document["by_time"]["training"] + found.document["n"] == 124
    assert "Trained on" in found.err
    assert not (tmp_path / "models").exists()


def test_what_more_labels_are_worth_is_said(waarom, tmp_path):
    rows = [
        f"{name}{n % 70} vraag {n},{name}" for name in ("laat", "kapot", "geld") for n in range(90)
    ]
    (tmp_path / "many.csv").write_text("\n".join(["text,label", *rows]))
    found = waarom("evaluate", "--data", "many.csv", "--cv", "3", "--json").document
    curve = found["learning_curve"]
    assert (curve["labels"], curve["extra"], len(curve["points"])) == (270, 200, 3)
    assert curve["gain_interval"][0] <= curve["gain"] <= curve["gain_interval"][1]
    made = waarom("train", "--labels", "many.csv", "--no-search", "--json").document
    assert made["evaluation"]["learning_curve"]["labels"] < 270
    assert "200 more labels    about +" in waarom("train", "--labels", "many.csv").out


def test_a_split_by_time_without_dates_says_what_to_do(waarom, labeled_file):
    said = waarom("evaluate", "--data", labeled_file, "--by-time", code=1)
    assert "add a column received_at" in said.err
    assert (
        "Example: waarom evaluate --data labeled.csv --by-time" in waarom("evaluate", "--help").out
    )
    waarom("evaluate", "--data", labeled_file, "--by-time", "--cv", "3", code=2)


def test_a_version_can_be_named(waarom, labeled_file, tmp_path):
    first = waarom("train", "--labels", labeled_file, "--json").document["version"]
    second = waarom("train", "--labels", labeled_file, "--json").document
    assert second["version"] != first
    said = waarom("evaluate", "--data", labeled_file, "--model", first, "--json").document
    assert said["model"] == first
    waarom("models", "promote", first)
    assert waarom("models", "rollback", "--json").document["current"] == second["version"]


def test_a_model_that_cannot_be_loaded_does_not_keep_a_new_one_from_being_made(
    waarom, labeled_file, tmp_path
):
    first = waarom("train", "--labels", labeled_file, "--json").document["version"]
    (tmp_path / "models" / first / "model.joblib").write_bytes(b"changed")
    made = waarom("train", "--labels", labeled_file, "--json").document
    assert made["promoted"]
    assert "cannot be loaded" in made["reason"]


def test_an_unknown_label_is_no_driver(waarom, labeled_file):
    labeled_file.write_text(labeled_file.read_text().replace(",\n", ",oos\n"))
    made = waarom("train", "--labels", labeled_file, "--unknown-label", "oos", "--json")
    assert "3 drivers" in made.err


def test_lines_become_json_lines_in_order(waarom, models_dir):
    lines = "Waar blijft mijn pakket?\nFactuur met btw\n"
    said = waarom("classify", "--models-dir", models_dir, stdin=lines)
    rows = [json.loads(line) for line in said.out.splitlines()]
    assert [row["id"] for row in rows] == ["1", "2"]
    assert [row["driver"] for row in rows] == ["delivery.late", "payment.invoice"]
    assert "pakket" not in said.out


def test_compressed_tables_in_and_lines_out(waarom, models_dir, tmp_path):
    with gzip.open(tmp_path / "mail.csv.gz", "wt") as file:
        file.write("id,text\na,pakket te laat\nb,geld terug\n")
    waarom("classify", "mail.csv.gz", "-o", "out.jsonl", "--models-dir", models_dir)
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == ["a", "b"]
    waarom("classify", "mail.csv.gz", "--models-dir", models_dir)
    assert (tmp_path / "mail.drivers.csv").exists()


def test_parquet_in_and_out_on_two_processes(waarom, models_dir, tmp_path):
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    texts = ["pakket te laat", "geld terug", "", "factuur met btw"]
    parquet.write_table(pyarrow.table({"text": texts}), tmp_path / "in.parquet")
    folder = ("--models-dir", models_dir)
    said = waarom("classify", "in.parquet", "-o", "out.parquet", *folder, "--jobs", 2, "--json")
    assert (said.document["rows"], said.document["rejected"], said.document["jobs"]) == (3, 1, 2)
    spent = said.document["processor_seconds"]
    assert set(spent) == {"reading", "redaction", "scoring", "writing"}
    rows = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    assert [(row["id"], row["driver"]) for row in rows] == [
        ("1", "delivery.late"),
        ("2", "payment.refund"),
        ("4", "payment.invoice"),
    ]


def test_what_ctrl_c_stopped_is_gone_on_with(waarom, models_dir, tmp_path):
    texts = "".join(f"m{n},waar blijft mijn pakket {n}\n" for n in range(100_000))
    (tmp_path / "in.csv").write_text("id,text\n" + texts)
    command = ("classify", "in.csv", "-o", "out.csv", "--models-dir", str(models_dir), "--redacted")
    running = subprocess.Popen(
        [sys.executable, "-c", "from service.cli import main; main()", *command, "--jobs", "2"],
        **{"cwd": tmp_path, "stderr": subprocess.PIPE, "start_new_session": True},
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        text=True,
    )
    deadline = time.monotonic() + 100
    while not (tmp_path / ".out.csv.part" / "journal.json").exists():
        assert running.poll() is None, running.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGINT)
    said = running.communicate(timeout=60)[1]
    assert running.returncode == 1
    assert re.fullmatch(r"Stopped after [\d,]+ messages; the same command goes on from .*\n", said)
    assert not (tmp_path / "out.csv").exists()
    resumed = waarom(*command, "--json")
    assert resumed.document["rows"] == 100_000
    assert resumed.err == f"resuming at row {resumed.document['resumed'] + 1:,}\n"
    with open(tmp_path / "out.csv", encoding="utf-8") as file:
        assert [row["id"] for row in csv.DictReader(file)] == [f"m{n}" for n in range(100_000)]


def test_redact_takes_personal_data_out(waarom):
    said = waarom("redact", stdin="Ik heet Jan de Vries, jan@example.nl\n")
    assert said.out == "Ik heet [name], [email]\n"


def test_redact_says_what_it_found_where(waarom):
    found = waarom("redact", "--json", stdin="Mail jan@example.nl").document
    assert found == {"text": "Mail [email]", "found": [{"kind": "email", "start": 5, "end": 19}]}


def test_lines_that_are_not_utf8_are_read_as_windows_1252(waarom):
    assert waarom("redact", stdin="café".encode("cp1252")).out == "café"
