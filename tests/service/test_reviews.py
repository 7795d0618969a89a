"""A question is worked on by one person at a time, in an order that gives nothing away."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from classifier.messages import Label, RawMessage
from labeling.sampling import order_key
from service import reviews
from service.errors import AnswerStands, NotFound, ReviewClosed, ReviewTaken, UnknownDriver
from service.intake import receive
from service.runtime import Runtime
from service.tables import DecisionRow, LabelRow, ReviewRow
from service.triage import LATER

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SURE = "waar blijft mijn pakket, het is te laat en nog niet bezorgd"
DOUBTFUL = "hallo daar, een vraag over iets heel anders"
LATE = Label("delivery.late")


def send(runtime: Runtime, count: int, text: str = DOUBTFUL, prefix: str = "m") -> None:
    messages = [RawMessage(text=text, external_id=f"{prefix}{n}") for n in range(count)]
    with runtime.writing() as session:
        receive(session, runtime, messages, now=NOW)


def claim(runtime: Runtime, person: str = "anna", now: datetime = NOW) -> int | None:
    with runtime.writing() as session:
        found = reviews.claim(session, runtime, person=person, now=now)
        return found.review.id if found else None


def act(runtime: Runtime, what: str, review: int | None, **fields: Any) -> Any:
    given = {"review_id": review, "person": "anna", "now": NOW} | fields
    if what == "answer":
        given.setdefault("label", LATE)
    with runtime.writing() as session:
        return getattr(reviews, what)(session, runtime, **given)


def state(runtime: Runtime, review: int | None) -> str:
    with runtime.reading() as session:
        return session.get_one(ReviewRow, review).state


def test_nothing_to_ask_is_none(runtime: Runtime) -> None:
    assert claim(runtime) is None


def test_many_people_at_once_each_get_their_own_question(runtime: Runtime) -> None:
    send(runtime, 12)

    def person(number: int) -> int | None:
        return claim(runtime, f"person {number}")

    with ThreadPoolExecutor(6) as pool:
        claimed = list(pool.map(person, range(15)))
    found = [review for review in claimed if review is not None]
    assert len(found) == len(set(found)) == 12


def test_a_person_gets_the_question_they_hold_again(runtime: Runtime) -> None:
    send(runtime, 3)
    assert claim(runtime) == claim(runtime)
    assert claim(runtime) != claim(runtime, "bert")


def test_a_claim_expires(runtime: Runtime) -> None:
    send(runtime, 1)
    review = claim(runtime)
    late = NOW + timedelta(minutes=30)
    assert claim(runtime, "bert", late) is None
    assert claim(runtime, "bert", late + timedelta(seconds=1)) == review
    with pytest.raises(ReviewTaken):
        act(runtime, "answer", review, now=late + timedelta(minutes=1))


def test_a_claim_lasts_while_somebody_is_at_work_on_it(runtime: Runtime) -> None:
    send(runtime, 1)
    review = claim(runtime)
    act(runtime, "renew", review, now=NOW + timedelta(minutes=25))
    later = NOW + timedelta(minutes=50)
    assert claim(runtime, "bert", later) is None
    with runtime.reading() as session:
        assert reviews.busy(session, runtime, "bert", now=later) == 1
        assert reviews.busy(session, runtime, "anna", now=later) == 0
        assert reviews.busy(session, runtime, "bert", now=later + timedelta(minutes=6)) == 0
    with pytest.raises(ReviewTaken):
        act(runtime, "renew", review, person="bert", now=later)
    act(runtime, "renew", review, now=later, leaving=True)
    assert claim(runtime, "bert", later + timedelta(seconds=50)) is None
    assert claim(runtime, "bert", later + timedelta(seconds=61)) == review
    with pytest.raises(ReviewTaken):
        act(runtime, "renew", review, now=later + timedelta(minutes=2))


def test_only_the_person_who_holds_a_question_can_close_it(runtime: Runtime) -> None:
    send(runtime, 1)
    review = claim(runtime)
    for what in ("answer", "skip", "release"):
        with pytest.raises(ReviewTaken):
            act(runtime, what, review, person="bert")
    assert state(runtime, review) == "claimed"


def test_an_expired_claim_stops_nobody(runtime: Runtime) -> None:
    send(runtime, 1)
    review = claim(runtime)
    act(runtime, "answer", review, person="bert", now=NOW + timedelta(hours=1))
    assert state(runtime, review) == "answered"


def test_a_skipped_question_is_closed_and_a_released_one_is_open(runtime: Runtime) -> None:
    send(runtime, 2)
    first = claim(runtime)
    act(runtime, "skip", first)
    second = claim(runtime)
    assert second != first
    act(runtime, "release", second)
    assert state(runtime, second) == "open"
    assert claim(runtime, "bert") == second
    with runtime.reading() as session:
        assert reviews.left(session) == 1
        assert session.scalars(select(LabelRow)).all() == []


@pytest.mark.parametrize("closed_by", ["answer", "skip"])
def test_a_closed_question_stays_closed(runtime: Runtime, closed_by: str) -> None:
    send(runtime, 1)
    review = claim(runtime)
    act(runtime, closed_by, review)
    for what in ("answer", "skip", "release"):
        with pytest.raises(ReviewClosed):
            act(runtime, what, review)
    assert claim(runtime) is None


def test_an_answer_becomes_a_label_with_its_time_and_closes_the_question(
    runtime: Runtime,
) -> None:
    send(runtime, 1)
    review = claim(runtime)
    later = NOW + timedelta(seconds=42)
    act(runtime, "answer", review, now=later, note="let op: jan@example.nl", personal_data=True)
    with runtime.reading() as session:
        label = session.scalars(select(LabelRow)).one()
        routed = session.scalars(select(DecisionRow).where(DecisionRow.current)).one()
    assert (label.driver, label.person, label.counts) == ("delivery.late", "anna", True)
    assert (label.chosen, label.origin, label.seconds) == ("required", "manual", 42.0)
    assert label.note == "let op: [email]"
    assert label.personal_data
    assert (routed.status, routed.queue) == ("person", "logistics")
    assert state(runtime, review) == "answered"


def test_the_time_of_another_persons_claim_is_not_this_persons(runtime: Runtime) -> None:
    send(runtime, 1)
    review = claim(runtime)
    act(runtime, "answer", review, person="bert", now=NOW + timedelta(hours=2))
    with runtime.reading() as session:
        assert session.scalars(select(LabelRow)).one().seconds is None


def test_a_label_says_whether_a_shown_proposal_was_accepted(trained_runtime: Runtime) -> None:
    send(trained_runtime, 2)
    for accepted in (True, False):
        review = claim(trained_runtime)
        with trained_runtime.reading() as session:
            shown = reviews.question(session, review or 0).prediction
        assert shown is not None
        first, second = (driver for driver, _ in shown.top[:2])
        act(trained_runtime, "answer", review, label=Label(first if accepted else second))
    with trained_runtime.reading() as session:
        labels = session.scalars(select(LabelRow.origin).order_by(LabelRow.id)).all()
    assert labels == ["accepted", "changed"]


def test_an_answer_that_adds_or_leaves_out_another_driver_is_a_changed_one(
    trained_runtime: Runtime,
) -> None:
    send(trained_runtime, 3)
    for said in ("both", "one", "three"):
        review = claim(trained_runtime)
        with trained_runtime.writing() as session:
            shown = reviews.question(session, review or 0).prediction
            assert shown is not None
            first, second, third = (driver for driver, _ in shown.top[:3])
            shown.mentions = [[first, 0.9, True, []], [second, 0.8, True, []]]
        also = {"both": (second,), "one": (), "three": (second, third)}[said]
        act(trained_runtime, "answer", review, label=Label(first, also))
    with trained_runtime.reading() as session:
        given = session.scalars(select(LabelRow.origin).order_by(LabelRow.id)).all()
    assert given == ["accepted", "changed", "changed"]


def labels(runtime: Runtime) -> list[tuple[str | None, bool, bool]]:
    """Driver, whether it holds and whether it counts, of every label ever given."""
    with runtime.reading() as session:
        query = select(LabelRow.driver, LabelRow.current, LabelRow.counts).order_by(LabelRow.id)
        return [tuple(row) for row in session.execute(query)]  # type: ignore[misc]


def test_an_answer_is_undone_and_given_again_with_both_on_record(runtime: Runtime) -> None:
    send(runtime, 2)
    first = claim(runtime)
    act(runtime, "answer", first)
    second = claim(runtime, now=NOW + timedelta(seconds=1))
    act(runtime, "undo", first, now=NOW + timedelta(seconds=2))
    assert (state(runtime, first), state(runtime, second)) == ("claimed", "open")
    assert claim(runtime, "bert") == second
    assert claim(runtime) == first
    with runtime.reading() as session:
        routed = session.scalars(select(DecisionRow.status).where(DecisionRow.current)).all()
    assert routed == ["review", "review"]
    refund = Label("payment.refund")
    act(runtime, "answer", first, label=refund, now=NOW + timedelta(seconds=3))
    assert labels(runtime) == [("delivery.late", False, True), ("payment.refund", True, True)]


def test_a_skipped_question_is_undone_too(runtime: Runtime) -> None:
    send(runtime, 1)
    review = claim(runtime)
    act(runtime, "skip", review)
    act(runtime, "undo", review)
    assert (state(runtime, review), claim(runtime)) == ("claimed", review)


def test_what_others_or_time_went_on_from_is_not_undone(runtime: Runtime) -> None:
    runtime.settings.second_opinion_share = 1.0
    send(runtime, 1)
    review = claim(runtime)
    act(runtime, "answer", review)
    for person, minutes in (("bert", 0), ("anna", 30)):
        with pytest.raises(AnswerStands):
            act(runtime, "undo", review, person=person, now=NOW + timedelta(minutes=minutes))
    second = claim(runtime, "bert", NOW)
    with pytest.raises(AnswerStands):
        act(runtime, "undo", review)
    act(runtime, "release", second, person="bert")
    act(runtime, "undo", review)
    assert state(runtime, review) == "claimed"
    assert labels(runtime) == [("delivery.late", False, True)]
    act(runtime, "release", review)
    act(runtime, "answer", review, person="bert", now=NOW + timedelta(minutes=1))
    assert claim(runtime, "anna") == second  # who took their answer back may give the other one


def test_who_may_be_asked_blind_is_known_of_every_round(trained_runtime: Runtime) -> None:
    trained_runtime.settings.second_opinion_share = 1.0
    send(trained_runtime, 1)
    people = ("anna", "bert", "cas")

    def asked() -> list[bool]:
        with trained_runtime.reading() as session:
            return [reviews.asked_blind(session, 1, person) for person in people]

    assert asked() == [False] * 3, "the model's proposal is shown with the first question"
    act(trained_runtime, "answer", claim(trained_runtime))
    assert asked() == [False, True, True]
    act(trained_runtime, "answer", claim(trained_runtime, "bert"), person="bert", label=Label(None))
    assert asked() == [True] * 3, "two differ, and anybody may decide"
    act(trained_runtime, "answer", claim(trained_runtime, "cas"), person="cas")
    assert asked() == [False] * 3


def test_an_unknown_driver_leaves_the_question_with_its_person(runtime: Runtime) -> None:
    send(runtime, 1)
    review = claim(runtime)
    with pytest.raises(UnknownDriver):
        act(runtime, "answer", review, label=Label("delivery"))
    assert state(runtime, review) == "claimed"


def test_a_question_that_is_not_there(runtime: Runtime) -> None:
    with pytest.raises(NotFound):
        act(runtime, "skip", 7)


def _served(runtime: Runtime) -> list[tuple[str, str]]:
    """External id and purpose of every question, in the order in which they are served."""
    found = []
    while (review := claim(runtime)) is not None:
        with runtime.reading() as session:
            asked = reviews.question(session, review)
        found.append((asked.message.external_id, asked.review.purpose))
        act(runtime, "skip", review)
    return found


def test_drawn_questions_come_in_hash_order_and_learning_picks_after_them(
    trained_runtime: Runtime,
) -> None:
    trained_runtime.settings.graded_budget = 1000
    send(trained_runtime, 15, SURE, "sure")
    send(trained_runtime, 15, DOUBTFUL, "doubtful")
    with trained_runtime.writing() as session:
        picks = select(ReviewRow).order_by(ReviewRow.order_key).limit(4)
        for review in session.scalars(picks):
            review.purpose, review.priority = "learning", LATER
    served = _served(trained_runtime)
    assert len(served) == 30
    assert [purpose for _, purpose in served[-4:]] == ["learning"] * 4
    names = [name for name, _ in served[:-4]]
    assert names == sorted(names, key=lambda each: order_key(each, key=trained_runtime.secret))


def test_the_order_does_not_give_away_which_are_audits(trained_runtime: Runtime) -> None:
    """The number of audits among the first half is that of a random order."""
    trained_runtime.settings.graded_budget = 1000
    send(trained_runtime, 60, SURE, "sure")
    send(trained_runtime, 60, DOUBTFUL, "doubtful")
    purposes = [purpose for _, purpose in _served(trained_runtime)]
    assert sorted(set(purposes)) == ["audit", "required"]
    first_half = purposes[:60].count("audit")
    assert 30 - 4 * 2.75 < first_half < 30 + 4 * 2.75
