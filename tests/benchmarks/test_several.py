"""The benchmark of several drivers a message: its small parts, and one round of it."""

import json
from dataclasses import replace
from random import Random

import numpy as np
import pytest

from classifier.messages import Label, LabeledMessage, Mention, Prediction, RedactedText
from tests.benchmarks import several
from tests.benchmarks.frontier.mentioned import Mentioned, ahead, figures, joined, mentioned, others
from tests.benchmarks.frontier.mixed import put_together
from tests.benchmarks.frontier.mixed_report import markdown
from tests.benchmarks.frontier.ours import SPARSE
from tests.benchmarks.frontier.saying import BALANCED, PLAIN, _chosen, is_placed
from tests.benchmarks.shared_data import shared

DRIVERS = ("x", "y", "z")


def message(text: str, *drivers: str) -> LabeledMessage:
    label = Label(drivers[0], drivers[1:]) if drivers else Label(None)
    return LabeledMessage(text=RedactedText(text), label=label, channel="survey", language="nl")


def judged(true: list[str], said: list[str]) -> Mentioned:
    """Messages about the drivers written as letters, the first primary, as others are said."""
    messages = [message(str(row), *drivers) for row, drivers in enumerate(true)]
    return mentioned(messages, DRIVERS, said, [each[:1] for each in said])


def test_f1_counts_every_driver_and_exact_the_sets() -> None:
    row = figures(judged(["xy", "z", ""], ["x", "zy", ""]))
    assert row["micro"]["value"] == pytest.approx(2 * 2 / (3 + 3))
    assert row["example"]["value"] == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert row["exact"]["value"] == pytest.approx(1 / 3)
    assert row["primary"]["value"] == 1.0
    assert row["calibration"] is None


def test_two_drivers_in_the_other_order_are_both_found_and_as_also_one_is_missed() -> None:
    found = others(judged(["xy"], ["yx"]))
    assert found["recall"]["value"] == found["precision"]["value"] == 1.0
    assert found["also_recall"]["value"] == found["also_precision"]["value"] == 0.0


def test_what_is_said_of_a_message_about_one_driver_counts_against_precision() -> None:
    found = others(judged(["xy", "x", "z"], ["xy", "xz", "z"]))
    assert found["recall"]["value"] == 1.0
    assert found["precision"]["value"] == 0.5
    assert found["alone"]["value"] == 0.5


def test_recall_is_told_by_how_a_driver_is_worded() -> None:
    found = judged(["xy", "xz"], ["xy", "x"])
    late = np.zeros((2, 3), dtype=bool)
    late[1, 2] = True
    row = others(replace(found, late=late))
    assert (row["familiar"]["value"], row["late"]["value"]) == (1.0, 0.0)


def test_a_model_is_ahead_by_the_difference_and_of_itself_by_nothing() -> None:
    better, worse = judged(["xy"] * 50, ["xy"] * 50), judged(["xy"] * 50, ["xy", "xz"] * 25)
    difference = ahead(better, worse)
    assert difference["value"] == pytest.approx(0.25)
    assert 0.1 < difference["low"] < 0.25 < difference["high"] < 0.4
    assert ahead(worse, worse) == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_probabilities_that_are_true_have_the_error_of_a_perfect_model() -> None:
    random = np.random.default_rng(0)
    likely = random.beta(0.4, 2.0, (2000, 3))
    so = random.random((2000, 3)) < likely
    true = ["".join(np.array(DRIVERS)[row]) for row in so]
    sure = figures(replace(judged(true, true), likely=likely))["calibration"]
    assert sure["ece"] == pytest.approx(sure["perfect"], abs=0.01)
    assert sure["said_ece"] == pytest.approx(sure["said_perfect"], abs=0.01)
    assert (sure["off"], sure["drivers"]) == (0, 3)
    off = figures(replace(judged(true, true), likely=likely**2))["calibration"]
    assert off["ece"] > 3 * sure["ece"]
    assert off["off"] == 3


def test_what_was_said_reads_back_the_same_and_joins() -> None:
    found = judged(["xy", "z"], ["x", "zy"])
    again = Mentioned.from_dict(json.loads(json.dumps(found.to_dict())))
    assert again.to_dict() == found.to_dict()
    both = joined([found, again])
    assert len(set(both.group)) == 4
    assert figures(both)["micro"]["value"] == figures(found)["micro"]["value"]


def test_comments_are_put_together_once_each_and_their_drivers_with_them() -> None:
    given = [message(f"Comment {n}", DRIVERS[n % 3]) for n in range(200)]
    made = put_together(given, Random(0))
    assert sum(each.text.count("Comment") for each in made) == 200
    assert 0.5 < sum(each.text.count("Comment") == 1 for each in made) / len(made) < 0.7
    for each in made:
        named = {DRIVERS[int(word.rstrip(".")) % 3] for word in each.text.split()[1::2]}
        assert set(each.label.drivers) == named


def test_what_spoke_for_a_driver_stands_in_its_paragraph_or_not() -> None:
    text = "Hello,\n\nFirst this.\n\nThen that. And more."
    begin = text.index("Then")
    assert is_placed(text, [(begin, begin + 10), (begin + 11, len(text))], 2)
    assert not is_placed(text, [(begin, begin + 10)], 1)
    assert not is_placed(text, [(0, len(text))], 2)


def test_a_model_that_knows_one_driver_a_message_says_that_one_if_likelier_than_none() -> None:
    one = Prediction(("x", "y"), np.array([0.8, 0.2]), 0.1)
    assert _chosen(one) == ["x"]
    assert _chosen(replace(one, unknown=0.9)) == []
    mentions = (Mention("x", 0.9, True), Mention("y", 0.6, True), Mention("z", 0.1, False))
    assert _chosen(replace(one, mentions=mentions)) == ["x", "y"]


def test_every_table_is_written_and_a_goal_not_measured_is_left_out() -> None:
    true, said = ["xy", "xz", "z"] * 10, ["xy", "x", "z"] * 10
    found = {
        several.Task("sample_mails", models, 0, False): {
            name: replace(judged(true, said), likely=likely).to_dict() for name in names
        }
        for models, names, likely in (
            ("Waarom", [SPARSE], np.tile([0.9, 0.5, 0.1], (30, 1))),
            ("plain", [PLAIN, BALANCED], np.zeros((30, 0))),
        )
    }
    document = json.loads(json.dumps(several.document(found, quick=True)))
    text = markdown(document)
    for words in ("### Sure of each driver", "### The other drivers", "### Goals", "A fifth"):
        assert words in text
    assert "recall of the other drivers of sample_mails | 80.0 | 50.00 | missed by 30.00" in text
    assert "nlupp, sparse" not in text
    assert {row["of"] for row in document["others"]} == {"all", "Dutch", "one driver", "two"}


def test_a_set_that_there_is_not_is_named_before_anything_is_read(capsys) -> None:
    with pytest.raises(SystemExit):
        several.main(["--only", "nlupp,bank"])
    assert "no bank; there are nlupp" in capsys.readouterr().err


@pytest.mark.data
def test_a_round_goes_through_it_and_then_comes_from_what_was_kept(
    tmp_path, capsys, require
) -> None:
    require((shared() / "data").is_dir(), f"no real messages in {shared()}")
    options = ["--only", "nlupp_low", "--models", "plain", "--quick", "--cache", str(tmp_path)]
    options += ["--processes", "1", "--sparse"]
    several.main([*options, "--out", str(tmp_path / "benchmarks.md")])
    document = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [row["model"] for row in document["sets"]] == [PLAIN, BALANCED]
    assert all(0.1 < row["micro"]["value"] < 0.7 for row in document["sets"])
    assert "several: begin" in (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    several.main([*options, "--json"])
    again = capsys.readouterr()
    assert json.loads(again.out)["sets"] == document["sets"]
    assert "1 of them kept" in again.err
