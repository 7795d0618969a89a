"""Samples are replies of a real Label Studio 1.23.2 to answers given in a browser."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.messages import Label, Mention, Prediction, RedactedText
from classifier.taxonomy import Driver, Taxonomy
from labeling.interface import ANOTHER, disagreement, labeling_interface, likeliest
from labeling.tasks import (
    Answer,
    Origin,
    StudioQuestion,
    Unusable,
    annotation_result,
    answered_task,
    read_annotation,
    read_task,
    task_data,
)

SAMPLES = Path(__file__).parents[1] / "samples" / "label_studio"


def recorded(name: str, external_id: str) -> dict:
    tasks = json.loads((SAMPLES / f"{name}.json").read_text())
    (task,) = [each for each in tasks if each["data"]["external_id"] == external_id]
    return task


def answer(name: str, external_id: str, taxonomy: Taxonomy) -> Answer:
    (read,) = read_task(recorded(name, external_id), taxonomy)
    assert isinstance(read, Answer)
    return read


def question(**more: object) -> StudioQuestion:
    return StudioQuestion(external_id="m-1", text=RedactedText("Where is my box?"), **more)


def prediction(driver: str, unknown: float = 0.1, also: tuple[str, ...] = ()) -> Prediction:
    """Of `driver`, which also mentions others, and may mention one more that is not chosen."""
    mentions = tuple(Mention(each, 0.8, chosen=True) for each in (driver, *also))
    mentions += (Mention("delivery.damaged", 0.1, chosen=False),)
    return Prediction(
        ("billing.invoice", driver), np.array([0.2, 0.8]), unknown, mentions if also else ()
    )


def annotation(*items: tuple[str, str, list], **more: object) -> dict:
    result = [
        {"from_name": name, "to_name": "text", "type": kind, "value": {kind: value}}
        for name, kind, value in items
    ]
    moments = {"created_at": "2026-11-21T10:00:00Z", "updated_at": "2026-11-21T10:00:01.5Z"}
    return {"id": 7, "task": 3, "result": result, "completed_by": 1, **moments, **more}


class TestAnswersGivenInABrowser:
    @pytest.mark.parametrize("name", ["buttons", "tree"])
    def test_what_was_pre_filled_and_left_is_accepted(self, name, small, large):
        read = answer(name, "accepted", small if name == "buttons" else large)
        assert (read.label, read.origin) == (Label("delivery.late"), Origin.ACCEPTED)
        assert read.seconds > 0
        assert read.updated_at.tzinfo is not None

    def test_another_driver_than_the_pre_filled_one_is_changed(self, small, large):
        assert answer("buttons", "changed", small).label == Label("billing.invoice")
        assert answer("tree", "changed", large).label == Label("service.rude")
        assert answer("buttons", "changed", small).origin == Origin.CHANGED
        assert answer("tree", "changed", large).origin == Origin.CHANGED

    def test_an_answer_to_a_blind_question_is_manual(self, small, large):
        assert recorded("buttons", "manual")["predictions"] == []
        assert answer("buttons", "manual", small).origin == Origin.MANUAL
        assert answer("tree", "manual", large).label == Label("service.rude")

    def test_unknown_wins_from_the_pre_filled_driver_it_hides(self, small, large):
        sent = recorded("buttons", "unknown")["annotations"][0]["result"]
        assert sent[0]["value"] == {"choices": ["delivery.late"]}
        read = answer("buttons", "unknown", small)
        assert (read.label, read.unknown) == (Label(None), True)
        assert (read.suggestion, read.origin) == ("gift wrap", Origin.CHANGED)
        assert answer("tree", "unknown", large).label == Label(None, ("service.rude",))

    def test_the_main_driver_ticked_again_under_also_counts_once(self, small):
        read = answer("buttons", "also", small)
        assert read.label == Label("delivery.late", ("billing.refund",))
        assert read.note == "asked twice"

    def test_a_driver_more_than_were_pre_filled_is_changed(self, small):
        assert answer("buttons", "also", small).origin == Origin.CHANGED

    def test_a_skipped_question_has_no_label_though_one_was_pre_filled(self, small):
        read = answer("buttons", "skipped", small)
        assert (read.skipped, read.label) == (True, None)


class TestWhatBecameOfThePreFilledDrivers:
    OFFERED = Label("delivery.late", ("billing.refund", "billing.invoice"))

    def read(self, label: Label, taxonomy: Taxonomy, *, known: bool = True, **noted: str) -> Answer:
        """An answer to a question where OFFERED was pre-filled; `noted` is what Label Studio says
        of each control's choices, `known` whether the prediction is still in the task."""
        result = annotation_result(label, taxonomy)
        for item in result:
            item["origin"] = noted.get(item["from_name"], "manual")
        offered = {"id": 5, "result": annotation_result(self.OFFERED, taxonomy)}
        task = {
            "data": {"external_id": "m-1"},
            "annotations": [annotation() | {"result": result, "parent_prediction": 5}],
            "predictions": [offered] if known else [5],
        }
        (found,) = read_task(task, taxonomy)
        assert isinstance(found, Answer)
        return found

    @pytest.mark.parametrize(
        ("said", "origin"),
        [
            (OFFERED, Origin.ACCEPTED),
            (Label("delivery.late", OFFERED.also[::-1]), Origin.ACCEPTED),
            (Label("delivery.late", ("billing.refund",)), Origin.CHANGED),
            (Label("delivery.late", (*OFFERED.also, "delivery.damaged")), Origin.CHANGED),
            (Label("delivery.late"), Origin.CHANGED),
            (Label("billing.refund", ("delivery.late", "billing.invoice")), Origin.CHANGED),
            (Label(None, OFFERED.also), Origin.CHANGED),
            (Label(None), Origin.CHANGED),
        ],
    )
    def test_is_read_off_what_was_pre_filled(self, said, origin, small):
        read = self.read(said, small, primary="prediction", also="prediction")
        assert (read.label, read.origin) == (said, origin)

    def test_what_was_changed_and_changed_back_is_accepted(self, small):
        noted = {"primary": "prediction-changed", "also": "manual"}
        assert self.read(self.OFFERED, small, **noted).origin == Origin.ACCEPTED

    @pytest.mark.parametrize(
        ("also", "origin"),
        [
            ("prediction", Origin.ACCEPTED),
            ("prediction-changed", Origin.CHANGED),
            ("manual", Origin.CHANGED),
        ],
    )
    def test_is_what_label_studio_noted_where_the_prediction_is_gone(self, also, origin, small):
        read = self.read(self.OFFERED, small, known=False, primary="prediction", also=also)
        assert read.origin == origin

    def test_nothing_pre_filled_is_manual_whatever_else_the_task_holds(self, small):
        sent = annotation() | {"result": annotation_result(self.OFFERED, small)}
        offered = {"id": 5, "result": sent["result"]}
        (read,) = read_task({"annotations": [sent], "predictions": [offered]}, small)
        assert isinstance(read, Answer)
        assert read.origin == Origin.MANUAL


class TestTheLikeliestBesideATree:
    FIRST, SECOND, OTHER = "delivery.late", "billing.late", "service.rude"

    def read(
        self, taxonomy: Taxonomy, likely: str, tree: str = "", *, unknown: bool = False
    ) -> Any:
        """An answer to a task that lists FIRST, which is pre-filled, and SECOND."""
        given = Prediction((self.FIRST, self.SECOND), np.array([0.6, 0.4]), 0.1)
        listed = likeliest(given, taxonomy)
        asked = question(prediction=given, model_version="1", likeliest=listed)
        task = task_data(asked, taxonomy)
        items = [("likely", "choices", [likely])] if likely else []
        items += [("primary", "taxonomy", [[*tree.split(".")[:1], tree]])] if tree else []
        items += [("unknown", "choices", ["unknown"])] if unknown else []
        task["predictions"][0]["id"] = 5
        task["annotations"] = [annotation(*items, parent_prediction=5)]
        (read,) = read_task(task, taxonomy)
        return read

    def test_what_is_listed_and_likeliest_is_pre_filled_there_and_else_in_the_tree(self, large):
        given = prediction(self.FIRST)
        asked = question(prediction=given, likeliest=likeliest(given, large))
        (sent,) = task_data(asked, large)["predictions"]
        assert [(each["from_name"], each["value"]) for each in sent["result"]] == [
            ("likely", {"choices": [self.FIRST]})
        ]
        (sent,) = task_data(question(prediction=given), large)["predictions"]
        assert sent["result"] == annotation_result(Label(self.FIRST), large)

    def test_left_as_it_was_is_accepted_and_another_key_is_a_change(self, large):
        left, other = (self.read(large, each) for each in (self.FIRST, self.SECOND))
        assert (left.label, left.origin) == (Label(self.FIRST), Origin.ACCEPTED)
        assert (other.label, other.origin) == (Label(self.SECOND), Origin.CHANGED)

    def test_what_is_in_the_tree_counts_where_the_tree_could_be_seen(self, large):
        searched = self.read(large, ANOTHER, self.OTHER)
        assert (searched.label, searched.origin) == (Label(self.OTHER), Origin.CHANGED)
        back = self.read(large, self.SECOND, self.OTHER)
        assert back.label == Label(self.SECOND), "the tree was hidden again"

    def test_what_the_list_lost_since_counts_unless_the_tree_says_otherwise(self, large):
        """The page was opened before the list changed; or the list had changed, and what was
        pre-filled could not be seen."""
        assert self.read(large, self.OTHER).label == Label(self.OTHER)
        assert self.read(large, self.OTHER, "billing.lost").label == Label("billing.lost")

    def test_unknown_wins_and_another_alone_is_no_answer(self, large):
        assert self.read(large, self.FIRST, unknown=True).label == Label(None)
        assert "no main driver" in self.read(large, ANOTHER).reason

    def test_blind_nothing_is_listed(self, large):
        given = prediction(self.FIRST)
        for asked in (question(prediction=given), question(prediction=prediction("gone"))):
            blind = replace(
                asked, likeliest=likeliest(given, large), blind=asked.prediction is given
            )
            assert task_data(blind, large)["data"]["likeliest"] == []


class TestAnswersThatAreNone:
    @pytest.mark.parametrize(
        ("given", "reason"),
        [
            (annotation(), "empty"),
            (annotation(("elsewhere", "choices", ["delivery.late"])), "no main driver"),
            (annotation(("also", "choices", ["delivery.late"])), "no main driver"),
            (annotation(("primary", "choices", ["not there"])), "not a leaf"),
            (annotation(("primary", "choices", ["delivery"])), "not a leaf"),
            (annotation(("primary", "taxonomy", [["delivery", "gone"]])), "not a leaf"),
            (
                annotation(
                    ("primary", "choices", ["delivery.late"]), ("also", "choices", ["gone"])
                ),
                "not a leaf",
            ),
            (
                annotation(("primary", "choices", ["delivery.late", "billing.refund"])),
                "more than one",
            ),
            (
                annotation(("primary", "choices", ["delivery.late"]), was_postponed=False),
                "draft",
            ),
            (annotation(("primary", "choices", ["delivery.late"]), created_at=None), "malformed"),
            ({}, "empty"),
            ({"id": 1, "task": 1, "result": "text"}, "cannot be read"),
        ],
    )
    def test_say_why_without_quoting_them(self, given, reason, small):
        read = read_annotation(given, small, external_id="m-1")
        assert isinstance(read, Unusable)
        assert reason in read.reason
        assert "gone" not in read.reason
        assert read.external_id == "m-1"

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        ["from_name", "value", "choices", "taxonomy", "text", "primary"]
                    ),
                    inner,
                    max_size=3,
                )
            ),
            max_leaves=12,
        )
    )
    def test_nothing_in_a_result_makes_the_reader_fail(self, result):
        taxonomy = Taxonomy((Driver(id="a", names={"en": "A"}),))
        read = read_annotation(annotation() | {"result": result}, taxonomy)
        assert isinstance(read, Answer | Unusable)

    @pytest.mark.parametrize("by_hand", ["text", 7, [1, "a", None], {"alias": "delivery.late"}])
    def test_nothing_somebody_made_of_a_tasks_data_makes_the_reader_fail(self, by_hand, small):
        said = annotation(("primary", "choices", ["delivery.late"]))
        task = {"data": {"external_id": "m-1", "likeliest": by_hand}, "annotations": [said]}
        (read,) = read_task(task | {"predictions": by_hand}, small)
        assert isinstance(read, Answer)
        assert read.label == Label("delivery.late")

    def test_what_no_database_keeps_is_taken_out_of_a_note(self, small):
        said = annotation(("unknown", "choices", ["unknown"]), ("note", "text", ["a\0b"]))
        read = read_annotation(said, small)
        assert isinstance(read, Answer)
        assert read.note == "ab"


class TestTasks:
    def test_what_is_sent_is_read_back_as_the_same_label(self, small, large):
        for taxonomy in (small, large):
            for label in (
                Label("billing.late" if taxonomy is large else "billing.refund"),
                Label("delivery.late", taxonomy.leaves[-2:]),
                Label(None),
                Label(None, ("delivery.late",)),
            ):
                said = {"note": "n", "suggestion": "s", "personal_data": label.also != ()}
                sent = annotation() | {"result": annotation_result(label, taxonomy, **said)}
                read = read_annotation(sent, taxonomy)
                assert read.label == label
                assert {name: getattr(read, name) for name in said} == said

    def test_answers_stay_readable_when_buttons_become_a_tree(self, small, large):
        both = Label("delivery.late")
        for asked, now in ((small, large), (large, small)):
            sent = annotation() | {"result": annotation_result(both, asked)}
            assert read_annotation(sent, now).label == both

    def test_a_label_the_taxonomy_lacks_is_not_sent(self, small):
        for label in (Label("gone"), Label("delivery"), Label("delivery.late", ("gone",))):
            with pytest.raises(ValueError, match="not a leaf"):
                annotation_result(label, small)

    def test_a_prediction_is_sent_in_the_shape_that_is_pre_filled(self, small, large):
        asked = question(prediction=prediction("delivery.late"), model_version="v")
        ours = task_data(asked, small)["predictions"][0]["result"][0]
        theirs = recorded("buttons", "accepted")["annotations"][0]["result"][0]
        assert ours["value"] == theirs["value"]
        ours = task_data(asked, large)["predictions"][0]["result"][0]
        theirs = recorded("tree", "accepted")["annotations"][0]["result"][0]
        assert ours["value"] == theirs["value"]

    def test_a_blind_question_shows_nothing_of_the_model(self, small):
        asked = question(
            prediction=prediction("delivery.late", also=("billing.refund",)),
            model_version="v9",
            blind=True,
            because="box",
            sentences="a box",
        )
        task = task_data(asked, small)
        assert "box" not in json.dumps(task["data"] | {"text": ""})
        assert task["predictions"] == []
        assert "v9" not in json.dumps(task)
        assert "0.72" not in json.dumps(task)

    @pytest.mark.parametrize("given", [prediction("gone"), prediction("delivery.late", 0.6)])
    def test_what_cannot_be_shown_or_is_likelier_unknown_is_not_suggested(self, given, small):
        asked = question(prediction=given, because="Because of: box", sentences="Late: a box")
        task = task_data(asked, small)
        assert task["predictions"] == []
        assert (task["data"]["because"], task["data"]["sentences"]) == ("", "")

    def test_what_spoke_for_the_pre_filled_drivers_comes_along(self, small):
        given = {"because": "Because of: box", "sentences": "Late: a box"}
        data = task_data(question(prediction=prediction("delivery.late"), **given), small)["data"]
        assert {name: data[name] for name in given} == given

    def test_what_else_it_is_about_is_pre_filled_and_what_is_only_likely_is_not(self, small, large):
        for taxonomy in (small, large):
            also = taxonomy.leaves[-2:]
            asked = question(prediction=prediction("delivery.late", also=also))
            (sent,) = task_data(asked, taxonomy)["predictions"]
            assert sent["result"] == annotation_result(Label("delivery.late", also), taxonomy)

    def test_what_this_taxonomy_lacks_is_left_out_of_what_else_it_is_about(self, small):
        asked = question(prediction=prediction("delivery.late", also=("gone", "billing")))
        (sent,) = task_data(asked, small)["predictions"]
        assert sent["result"] == annotation_result(Label("delivery.late"), small)

    def test_a_third_look_shows_what_two_people_said_and_nothing_of_the_model(self, small):
        said = disagreement(["delivery.late", None], small, language="en")
        asked = question(prediction=prediction("delivery.late"), blind=True, disagreement=said)
        task = task_data(asked, small)
        assert "Late" in said
        assert "None of all" in said
        assert task["data"]["because"] == said
        assert task["predictions"] == []

    def test_every_task_has_every_field_that_the_interface_shows(self, small, large):
        for taxonomy in (small, large):
            shown = set(re.findall(r'"\$(\w+)"', labeling_interface(taxonomy)))
            always = {"subject", "facts", "text", "because", "sentences"}
            assert shown == always | ({"likeliest"} if taxonomy is large else set())
            for asked in (question(), question(blind=True, prediction=prediction("gone"))):
                assert shown <= set(task_data(asked, taxonomy)["data"])

    def test_the_facts_of_a_message_read_as_one_line(self, small):
        asked = question(
            channel="email",
            received_at=datetime(2026, 11, 16, 23, tzinfo=UTC),
            product="Lamp",
            language="nl",
        )
        assert task_data(asked, small)["data"]["facts"] == "email · 2026-11-16 · Lamp · Nederlands"
        assert task_data(question(language="other"), small)["data"]["facts"] == ""

    def test_an_answered_task_counts_as_a_persons_answer(self, small):
        task = answered_task(question(), Label("delivery.late"), small, email="a@b.nl")
        (sent,) = task["annotations"]
        assert sent["ground_truth"] is False
        assert sent["completed_by"] == {"email": "a@b.nl"}
        json.dumps(task)


def test_who_said_it_is_the_last_editor_of_an_edited_answer(small):
    item = ("primary", "choices", ["billing.refund"])
    made = "2026-11-20T10:00:00.000000Z"
    for later, person in (("2026-11-20T10:00:00.100000Z", 1), ("2026-11-20T10:05:00Z", 2)):
        said = annotation(item, created_at=made, updated_at=later, completed_by=1, updated_by=2)
        assert read_annotation(said, small).annotator == person
