"""The drivers of a message with their roles, and the sentences that spoke for each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.roles import Role
from classifier.taxonomy import Taxonomy
from service.mentions import Answered, DriverSeen, Sentence, answered, drivers_seen, sentences
from service.tables import DecisionRow, LabelRow, MessageRow, PredictionRow
from service.terms import classified_text

TEXT = "Waar blijft mijn pakket? De doos is kapot. Ik wil mijn geld terug."
LATE, BROKEN, MONEY = [0, 24], [25, 42], [43, 66]
MESSAGE = MessageRow(subject="", text=TEXT)
PREDICTION = PredictionRow(
    top=[
        ["delivery.late", 0.6],
        ["delivery.damaged", 0.2],
        ["payment.invoice", 0.1],
        ["payment.refund", 0.06],
    ],
    unknown=0.1,
    mentions=[
        ["delivery.late", 0.9, True, [LATE]],
        ["delivery.damaged", 0.8, True, [BROKEN]],
        ["payment.refund", 0.7, True, [MONEY]],
        ["payment.invoice", 0.05, False, []],
    ],
)
SINGLE = PredictionRow(top=PREDICTION.top, unknown=0.1, mentions=[])
AUTO = DecisionRow(status="auto", driver="delivery.late")
REVIEW = DecisionRow(status="review", driver=None)
PERSON = DecisionRow(status="person", driver="payment.refund")
LABEL = LabelRow(driver="payment.refund", also=["payment.other"])


def seen(
    taxonomy: Taxonomy,
    decision: DecisionRow,
    label: LabelRow | None = None,
    prediction: PredictionRow = PREDICTION,
) -> list[DriverSeen]:
    answer = answered(decision, label, prediction, taxonomy)
    return drivers_seen(MESSAGE, prediction, answer, taxonomy)


def roles(found: list[DriverSeen]) -> list[tuple[str, str]]:
    return [(each.driver, str(each.role)) for each in found]


def test_what_the_model_decided_comes_first_then_what_it_says_beside_that(
    taxonomy: Taxonomy,
) -> None:
    found = seen(taxonomy, AUTO)
    assert roles(found) == [
        ("delivery.late", "primary"),
        ("delivery.damaged", "also"),
        ("payment.refund", "also"),
        ("payment.invoice", "candidate"),
    ]
    assert [each.score for each in found] == pytest.approx([0.54, 0.18, 0.054, 0.09])
    assert [each.mention for each in found] == [0.9, 0.8, 0.7, 0.05]
    assert [[each.text for each in one.sentences] for one in found] == [
        ["Waar blijft mijn pakket?"],
        ["De doos is kapot."],
        ["Ik wil mijn geld terug."],
        [],
    ]


def test_where_the_answer_is_unknown_nothing_is_primary_or_also(taxonomy: Taxonomy) -> None:
    assert {each.role for each in seen(taxonomy, REVIEW)} == {Role.CANDIDATE}
    assert answered(REVIEW, None, PREDICTION, taxonomy) == Answered(None, ())


def test_a_model_that_knows_one_driver_a_message_says_what_it_always_said(
    taxonomy: Taxonomy,
) -> None:
    found = seen(taxonomy, AUTO, prediction=SINGLE)
    assert roles(found) == [
        ("delivery.late", "primary"),
        ("delivery.damaged", "candidate"),
        ("payment.invoice", "candidate"),
    ]
    assert {each.mention for each in found} == {None}
    assert {each.sentences for each in found} == {()}


def test_roles_follow_a_person_who_decided_and_what_the_model_chose_is_a_candidate(
    taxonomy: Taxonomy,
) -> None:
    assert answered(PERSON, LABEL, PREDICTION, taxonomy) == Answered(
        "payment.refund", ("payment.other",)
    )
    assert roles(seen(taxonomy, PERSON, LABEL)) == [
        ("payment.refund", "primary"),
        ("payment.other", "also"),
        ("delivery.late", "candidate"),
        ("delivery.damaged", "candidate"),
        ("payment.invoice", "candidate"),
    ]


def test_the_label_of_another_decision_says_nothing_of_this_one(taxonomy: Taxonomy) -> None:
    other = LabelRow(driver="delivery.late", also=["delivery.damaged"])
    assert answered(PERSON, other, PREDICTION, taxonomy).also == ()


def test_a_driver_beyond_those_kept_has_its_share_of_what_is_left(taxonomy: Taxonomy) -> None:
    other = seen(taxonomy, PERSON, LABEL)[1]
    left = 1 - 0.6 - 0.2 - 0.1 - 0.06
    assert other.score == pytest.approx(0.9 * left / (len(taxonomy.leaves) - 4), abs=1e-6)
    assert (other.mention, other.sentences) == (None, ())


def test_a_parent_sums_the_drivers_below_it_which_are_candidates(taxonomy: Taxonomy) -> None:
    stopped = DecisionRow(status="review", driver="delivery")
    found = seen(taxonomy, stopped)
    assert roles(found) == [
        ("delivery", "primary"),
        ("payment.refund", "also"),
        ("delivery.late", "candidate"),
        ("delivery.damaged", "candidate"),
        ("payment.invoice", "candidate"),
    ]
    parent, _, late, damaged, _ = found
    left = 0.9 * 0.04 / (len(taxonomy.leaves) - 4)  # of delivery.other
    assert parent.score == pytest.approx(late.score + damaged.score + left, abs=1e-5)
    assert parent.mention == pytest.approx(1 - 0.1 * 0.2)
    assert [each.text for each in parent.sentences] == [
        "Waar blijft mijn pakket?",
        "De doos is kapot.",
    ]


def test_a_parent_is_mentioned_at_least_as_likely_as_it_is_primary(taxonomy: Taxonomy) -> None:
    halves = PredictionRow(
        top=[["delivery.late", 0.5], ["delivery.damaged", 0.5]],
        unknown=0.0,
        mentions=[["delivery.late", 0.5, True, []], ["delivery.damaged", 0.5, True, []]],
    )
    parent = seen(taxonomy, DecisionRow(status="auto", driver="delivery"), prediction=halves)[0]
    assert (parent.score, parent.mention) == (1.0, 1.0)


def test_a_span_over_subject_and_text_is_cut_in_two() -> None:
    found = list(sentences("Te laat", "Waar blijft het?\nGroet", [(3, 24)]))
    assert found == [
        Sentence("subject", 3, 7, "laat"),
        Sentence("text", 0, 16, "Waar blijft het?"),
    ]


@given(
    st.text(max_size=8), st.text(max_size=12), st.integers(0, 24), st.integers(0, 24), st.booleans()
)
def test_sentences_are_what_stood_there_in_the_field_they_name(
    subject: str, text: str, one: int, other: int, same: bool
) -> None:
    subject = text if same else subject
    read, (start, end) = classified_text(subject, text), sorted((one, other))
    found = list(sentences(subject, text, [(start, end)]))
    kept = {"subject": subject, "text": text}
    for each in found:
        assert kept[each.field][each.start : each.end] == each.text
        assert each.text == each.text.strip() != ""
    assert "".join("".join(each.text for each in found).split()) == "".join(read[start:end].split())
