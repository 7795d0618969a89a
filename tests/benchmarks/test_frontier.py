"""The benchmark itself, on a fifth of the smallest set."""

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from classifier.messages import Label, LabeledMessage, RedactedText
from tests.benchmarks.frontier import __main__ as frontier
from tests.benchmarks.frontier import figures, jobs, peers
from tests.benchmarks.frontier.embeddings import KeptEncoder
from tests.benchmarks.frontier.fits import remembered_fits
from tests.benchmarks.frontier.goals import Goal, verdict
from tests.benchmarks.frontier.judged import (
    Judged,
    auroc,
    empirical_threshold,
    joined,
    judged,
    recall_at_95_kept,
    routed,
)
from tests.benchmarks.frontier.ours import ENCODER
from tests.benchmarks.frontier.plan import MODELS, PARTS, planned
from tests.benchmarks.frontier.report import markdown, written
from tests.benchmarks.frontier.sets import SOURCES, drawn
from tests.benchmarks.shared_data import shared


def message(text, *drivers):
    return LabeledMessage(text=RedactedText(text), label=Label(drivers[0] if drivers else None))


@pytest.fixture
def four():
    messages = [message("a", "x"), message("b", "y"), message("c", "z"), message("d")]
    return judged(messages, ["x", "y"], ["x", "x", "y", "y"], np.array([0.9, 0.8, 0.7, 0.6]))


def test_accuracy_is_of_messages_whose_driver_the_model_knows(four):
    assert four.accuracy().value == 0.5
    assert four.counted.tolist() == [True, True, False, False]
    assert four.nothing.tolist() == [False, False, False, True]


def test_what_was_judged_reads_back_the_same(four):
    again = Judged.from_dict(json.loads(json.dumps(four.to_dict())))
    assert again.to_dict() == four.to_dict()


def test_folds_joined_keep_their_groups_apart(four):
    both = joined([four, four])
    assert both.accuracy().n == 4
    assert len(set(both.group)) == 8


def test_the_least_sure_message_is_the_strangest(four):
    assert auroc(four) == 1.0
    assert recall_at_95_kept(four).value == 1.0


def test_auroc_of_a_coin_is_a_half():
    random = np.random.default_rng(0)
    messages = [message(str(n), *(["x"] if n % 2 else [])) for n in range(4000)]
    found = judged(messages, ["x"], ["x"] * 4000, random.random(4000))
    assert auroc(found) == pytest.approx(0.5, abs=0.03)


def test_the_empirical_threshold_keeps_its_target_and_routes_no_less_than_it_can():
    messages = [message(str(n), "x") for n in range(100)]
    said = ["x"] * 90 + ["y"] * 10
    found = judged(messages, ["x", "y"], said, np.linspace(0.99, 0.6, 100))
    share, precision = routed(found, empirical_threshold(found, 0.95))
    assert precision.value >= 0.95
    assert share.n == 100
    assert round(100 * share.value) == 94  # 90 of 94 are right, 90 of 95 are not


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.923, "met (+0.00)"),
        (0.921, "met within 0.3 (-0.20)"),
        (0.91, "missed by 1.30"),
        (None, "not measured"),
    ],
)
def test_a_goal_says_by_how_much_it_was_met_or_missed(value, words):
    goal = Goal("A", "accuracy", lambda _: value, least=0.923)
    assert verdict(goal.outcome({})) == words


def test_a_goal_may_be_a_ceiling():
    outcome = Goal("D", "ECE", lambda _: 0.02, most=0.01).outcome({})
    assert verdict(outcome) == "missed by 1.00"


@pytest.fixture
def results():
    """A model that is as right as it says, on made-up messages of the two sets that are routed."""
    found = {}
    for name in ("banking77", "clinc150"):
        random = np.random.default_rng(len(name))
        messages = [message(str(n), *([f"d{n % 77}"] if n % 10 else [])) for n in range(3000)]
        sure = random.beta(6, 0.5, 3000)
        drivers = [f"d{n}" for n in range(77)]
        right = random.random(3000) < sure
        said = [f"d{(n + (not right[n])) % 77}" for n in range(3000)]
        rows = judged(messages, drivers, said, sure, unknown=np.where(right, 0.01, 0.02))
        found[name] = {"test": rows, "folds": rows.at(rows.counted)}
    day = "2026-01-01"
    whole = [
        jobs.Result(jobs.Job(name, jobs.WAAROM), {ENCODER: parts}, 1.0, day)
        for name, parts in found.items()
    ]
    few = [
        jobs.Result(job, {ENCODER: {"test": found["banking77"]["test"]}}, 1.0, day)
        for job in (jobs.Job("banking77", jobs.WAAROM, False, 5, draw, True) for draw in (0, 1))
    ]
    return [*whole, *few, jobs.Result(jobs.Job("clinc150", "fastText"), {}, 0.0, day)]


def test_a_model_that_says_truly_how_sure_it_is_has_the_error_of_a_perfect_one(results):
    for row in figures.calibrations(results):
        assert row["low"] <= row["perfect"] + 0.005
        assert row["ece"] == pytest.approx(row["perfect"], abs=0.01)


def test_what_is_routed_keeps_its_target_where_it_was_set(results):
    for row in figures.routings(results):
        assert row["precision"]["value"] >= row["target"] - 0.01
        assert 0.3 < row["share"]["value"] < 1


def test_every_table_of_every_part_is_written(results, monkeypatch):
    monkeypatch.setattr(figures, "QUEUES", (1, 8))
    monkeypatch.setattr(figures, "REPEATS", 2)
    workshop = jobs.Workshop(jobs.ROOT, None, date(2026, 1, 1))
    document = json.loads(json.dumps(frontier.document(results, list(PARTS), workshop, False)))
    text = markdown(document)
    for words in ("### A. Right", "### B. Few labels", "### D. Sure", "### Goals", "AUROC"):
        assert words in text
    assert "| clinc150 | test file |  | fastText | not installed |" in text
    assert "missed by" in text
    assert {row["queues"] for row in document["promise"]} == {1, 8}


def test_a_section_is_replaced_and_the_rest_of_the_document_stays(tmp_path):
    document = tmp_path / "benchmarks.md"
    written(document, "speed", "fast")
    written(document, "accuracy", "right")
    written(document, "speed", "faster")
    text = document.read_text()
    assert text.startswith("# Benchmarks\n")
    assert text.index("faster") < text.index("right")
    assert text.count("speed: begin") == text.count("speed: end") == 1
    assert "fast\n" not in text


def test_few_labels_are_so_many_a_driver_and_differ_by_draw():
    messages = [message(f"{driver} {n}", driver) for driver in "xy" for n in range(30)]
    assert len(drawn(messages, 5, 0)) == 10
    assert drawn(messages, 5, 0) == drawn(messages, 5, 0) != drawn(messages, 5, 1)
    assert drawn(messages, 0, 0) == []


def test_a_fit_is_remembered_for_the_very_same_rows_classes_weights_and_start_only():
    rows, classes = np.random.default_rng(0).normal(size=(40, 3)), np.repeat(["x", "y"], 20)
    start = np.ones((1, 3))
    with remembered_fits():
        first = fitted(rows, classes, start)
        assert fitted(rows, classes, start).coef_ is first.coef_
        others = [
            fitted(rows + 1e-9, classes, start),
            fitted(rows, classes[::-1], start),
            fitted(rows, classes, 2 * start),
            fitted(rows, classes, start, np.linspace(0.1, 1, 40)),
            fitted(rows, classes, start, C=2.0),
        ]
    assert all(other.coef_ is not first.coef_ for other in others)
    after = fitted(rows, classes, start)
    assert after.coef_ is not first.coef_
    np.testing.assert_array_equal(after.coef_, first.coef_)


def fitted(rows, classes, start, weights=None, **settings):
    model = LogisticRegression(warm_start=True, **settings)
    model.coef_, model.intercept_ = start.copy(), np.zeros(1)
    return model.fit(rows, classes, sample_weight=weights)


def test_embeddings_are_read_once_and_then_from_a_file(tmp_path):
    tiny = jobs.ROOT / "tests" / "cases" / "encoder"
    first = KeptEncoder(tiny, tmp_path, "few")
    found = first.encode(["rekening", "parcel", "rekening"])
    first.save()
    again = KeptEncoder(tiny, tmp_path, "few")
    np.testing.assert_array_equal(again.encode(["rekening", "parcel", "rekening"]), found)
    assert again.loaded is None


def test_every_job_is_planned_once_and_embeddings_belong_to_english_sets():
    made = planned(PARTS, list(SOURCES), MODELS, quick=False)
    assert len(made) == len(set(made))
    read = {job.data for job in made if job.model == jobs.EMBEDDINGS}
    assert read == {name for name, source in SOURCES.items() if source.language == "en"}


def test_a_peer_that_is_not_installed_says_so(tmp_path, monkeypatch):
    monkeypatch.setitem(peers.NEEDS, "fastText", "no_such_package")
    workshop = jobs.Workshop(tmp_path, None, date(2026, 1, 1))
    assert workshop.do(jobs.Job("hint3_sofmattress", "fastText")).found == {}


@pytest.mark.data
def test_a_fifth_of_the_smallest_set_goes_through_it_and_then_comes_from_what_was_kept(
    tmp_path, capsys, require, monkeypatch
):
    require((shared() / "data").is_dir(), f"no real messages in {shared()}")
    monkeypatch.setattr(frontier, "encoder_folder", lambda: None)
    options = ["--quick", "--only", "hint3_sofmattress", "--parts", "A", "--processes", "1"]
    options += ["--models", f"{jobs.WAAROM},{peers.SVC}", "--cache", str(tmp_path)]
    out = tmp_path / "benchmarks.md"
    frontier.main([*options, "--out", str(out)])
    printed = capsys.readouterr()
    document = json.loads(printed.out.splitlines()[-1])
    right = {row["model"]: row["accuracy"] for row in document["accuracy"]}
    assert right["Waarom sparse"]["n"] == right[peers.SVC]["n"] > 40
    assert right["Waarom sparse"]["value"] > 0.2
    assert "| hint3_sofmattress | test file |" in out.read_text(encoding="utf-8")
    frontier.main([*options, "--json"])
    again = capsys.readouterr()
    assert json.loads(again.out) == document
    assert "0 of them kept" not in again.err


def test_what_was_kept_is_forgotten_when_the_job_is_another(tmp_path):
    workshop = jobs.Workshop(tmp_path, None, date(2026, 1, 1))
    job = jobs.Job("hint3_sofmattress", "fastText")
    assert workshop.done(replace(job, quick=True)) is None
