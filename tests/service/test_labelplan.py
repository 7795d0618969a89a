"""What next week's answers will buy: foretold from the store, and held against what then comes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select, update

from classifier.errors import ModelNotFound
from classifier.messages import Label, RawMessage
from classifier.promise import Rung
from service import labelplan
from service.errors import BadRequest, NotFound
from service.intake import receive
from service.labelplan import Budget, LabelPlan, label_plan
from service.labelplan.lastweek import read_last_week
from service.labels import Answer, record
from service.recalibrations import begin_week, close_weeks
from service.reports import up_to_date, weekly_report
from service.runtime import Runtime, taxonomy_in_use
from service.standings import check
from service.tables import LabelRow, MessageRow, ReviewRow
from service.terms import WHOLE, Columns, load_terms
from service.weeks import monday

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LAST, THIS = "2026-W46", "2026-W47"
SHARES = {"delivery.late": 0.5, "delivery.damaged": 0.25, "payment.refund": 0.15}
WORDS = {
    "delivery.late": ("pakket te laat", "waar blijft pakket", "nog niet bezorgd", "vertraging"),
    "delivery.damaged": ("doos kapot", "gescheurd", "beschadigd aangekomen", "deuk"),
    "payment.refund": ("geld terug", "terugbetaling", "bedrag teruggestort", "retour geld"),
    "payment.invoice": ("factuur", "btw", "rekening", "factuurnummer"),
}
Week = Callable[..., None]


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite only: the call is tested on both kinds of database."""
    return f"sqlite:///{tmp_path / 'waarom.db'}"


@pytest.fixture
def week(trained_runtime: Runtime) -> Week:
    """Messages of a week, some with a word about another driver; all questions answered."""
    trained_runtime.settings.graded_budget = 40
    trained_runtime.settings.ask_doubtful = "graded"

    def make(name: str = LAST, n: int = 140, *, seconds: float | None = 18.0) -> None:
        rng = np.random.default_rng(int(name[-2:]))
        drivers = list(WORDS)
        shares = [*SHARES.values(), 1 - sum(SHARES.values())]
        truth = rng.choice(4, size=n, p=shares)
        for day in range(7):
            moment = datetime.combine(monday(name), datetime.min.time(), UTC)
            moment += timedelta(days=day, hours=12)
            numbers = range(day, n, 7)
            messages = [_message(rng, name, number, truth[number], moment) for number in numbers]
            with trained_runtime.writing() as session:
                receive(session, trained_runtime, messages, now=moment)
        _answer(trained_runtime, name, {f"{name} {i}": drivers[d] for i, d in enumerate(truth)})
        with trained_runtime.writing() as session:
            session.execute(update(LabelRow).values(seconds=seconds))

    return make


def _message(
    rng: np.random.Generator, week: str, number: int, truth: int, moment: datetime
) -> RawMessage:
    drivers = list(WORDS)
    other = drivers[int(rng.integers(4))] if rng.random() < 0.3 else drivers[truth]
    words = [str(rng.choice(WORDS[drivers[truth]])), str(rng.choice(WORDS[other]))]
    text = f"{' en '.join(words)} vraag {number}"
    return RawMessage(text=text, external_id=f"{week} {number}", received_at=moment)


def _answer(runtime: Runtime, week: str, truth: dict[str, str]) -> None:
    with runtime.writing() as session:
        query = (
            select(ReviewRow, MessageRow.external_id)
            .join(MessageRow, MessageRow.id == ReviewRow.message_id)
            .where(MessageRow.week == week)
        )
        answers = [
            Answer(
                message_id=review.message_id,
                label=Label(truth[external_id]),
                person="An",
                door="review",
                door_ref=str(review.id),
                answered_at=NOW - timedelta(days=1),
                review_id=review.id,
                chosen=review.purpose,
            )
            for review, external_id in session.execute(query)
        ]
        record(session, runtime, answers, now=NOW)


def widths(found: Budget) -> dict[str, float]:
    return {each.driver: each.half_width for each in found.drivers}


def planned(runtime: Runtime, *budgets: float, **options: object) -> LabelPlan:
    return label_plan(runtime, budgets, now=NOW, **options)  # type: ignore[arg-type]


def test_the_present_budget_half_of_it_and_double_are_compared(
    trained_runtime: Runtime, week: Week
) -> None:
    week()
    found = planned(trained_runtime)
    assert (found.week, found.messages, found.required, found.answered) == (LAST, 140, 0, 1.0)
    assert [each.answers for each in found.budgets] == [20, 40, 80]
    assert [each.asked for each in found.budgets] == pytest.approx([20, 40, 80])
    half, present, double = map(widths, found.budgets)
    for driver in WORDS:
        assert half[driver] > present[driver] > double[driver] > 0
    volumes = [each.volume for each in found.budgets[0].drivers]
    assert volumes == sorted(volumes, reverse=True)
    assert found.budgets[0].drivers[0].driver == "delivery.late"
    assert {each.driver for each in found.budgets[0].parents} == {"delivery", "payment"}


def test_the_width_foretold_is_what_the_next_week_brings(
    trained_runtime: Runtime, week: Week
) -> None:
    trained_runtime.settings.graded_budget = 120
    for name in ("2026-W44", "2026-W45", LAST):
        week(name, 500)
    foretold = planned(trained_runtime, 120).budgets[0]
    week(THIS, 500)
    up_to_date(trained_runtime)
    with trained_runtime.reading() as session:
        report = weekly_report(session, trained_runtime, THIS, now=NOW)
    came = {
        each.driver: (each.volume.high - each.volume.low) / 2
        for each in report.drivers
        if each.volume.low is not None and each.volume.high is not None
    }
    large = list(SHARES)
    ratio = [widths(foretold)[driver] / came[driver] for driver in large]
    assert np.mean(ratio) == pytest.approx(1.0, abs=0.2)


def test_it_rests_on_the_probabilities_that_the_week_was_summed_with(
    trained_runtime: Runtime, week: Week
) -> None:
    begin_week(trained_runtime, now=datetime(2026, 11, 9, 1, tzinfo=UTC))
    week(n=50)
    assert close_weeks(trained_runtime, now=NOW)
    up_to_date(trained_runtime)
    with trained_runtime.reading() as session:
        taxonomy = taxonomy_in_use(session, trained_runtime)
        last = read_last_week(session, trained_runtime.settings, taxonomy, LAST)
        terms = load_terms(session, Columns.of(taxonomy), [LAST])[LAST, WHOLE]
    leaves = len(taxonomy.leaves) + 1
    assert last.probabilities.sum(axis=0) == pytest.approx(terms.expected[:leaves])


def test_minutes_come_from_measured_answer_times(trained_runtime: Runtime, week: Week) -> None:
    week(seconds=30.0)
    found = planned(trained_runtime, 40)
    assert found.times.answers >= 20
    minutes = found.budgets[0].minutes
    assert minutes is not None
    assert minutes.median == pytest.approx(20)
    assert found.one_more is not None
    assert found.one_more.seconds == 30


def test_without_timed_answers_no_minutes_are_said(trained_runtime: Runtime, week: Week) -> None:
    week(seconds=None)
    found = planned(trained_runtime)
    assert (found.times.answers, found.times.enough) == (0, False)
    assert {each.minutes for each in found.budgets} == {None}


def test_too_uncertain_follows_the_limit(trained_runtime: Runtime, week: Week) -> None:
    week()
    strict, lenient = (planned(trained_runtime, 40, limit=each) for each in (0.001, 1000.0))
    with_volume = {each.driver for each in strict.budgets[0].drivers if each.volume > 0}
    assert with_volume <= set(strict.budgets[0].too_uncertain)
    assert set(lenient.budgets[0].too_uncertain).isdisjoint(WORDS)


def test_asking_about_every_message_leaves_no_width(trained_runtime: Runtime, week: Week) -> None:
    week(n=60)
    found = planned(trained_runtime, 500)
    (budget,) = found.budgets
    assert budget.asked == 60
    assert max(widths(budget).values()) == pytest.approx(0, abs=1e-9)
    trained_runtime.settings.graded_budget = 60
    assert planned(trained_runtime).one_more is None


def test_doubtful_messages_are_asked_about_whatever_the_budget(
    trained_runtime: Runtime, week: Week
) -> None:
    trained_runtime.settings.ask_doubtful = "all"
    send_doubtful(trained_runtime, 12)
    found = planned(trained_runtime, 1, 2)
    assert (found.required, found.graded) == (12, 0)
    assert [each.asked for each in found.budgets] == [0, 0]


def send_doubtful(runtime: Runtime, count: int) -> None:
    moment = datetime(2026, 11, 11, 9, tzinfo=UTC)
    text = "hallo daar, een vraag over iets heel anders"
    messages = [
        RawMessage(text=f"{text} {number}", external_id=f"d {number}", received_at=moment)
        for number in range(count)
    ]
    with runtime.writing() as session:
        receive(session, runtime, messages, now=moment)


def test_a_queue_takes_as_many_weeks_as_its_labels_at_this_budget(
    trained_runtime: Runtime, week: Week
) -> None:
    week()
    before = planned(trained_runtime, 20, 80)
    few, many = (each.queues[1] for each in before.budgets)
    assert (few.queue, few.rung, few.checked, few.needed) == ("logistics", Rung.SELECT, False, 72)
    assert many.a_week > 3 * few.a_week > 0
    assert (few.weeks, many.weeks) == (
        int(np.ceil(72 / few.a_week)),
        int(np.ceil(72 / many.a_week)),
    )
    check(trained_runtime, person="An", now=NOW)
    after = planned(trained_runtime, 20).budgets[0].queues[1]
    assert after.checked


def test_one_more_answer_buys_what_the_forecasts_say(trained_runtime: Runtime, week: Week) -> None:
    week()
    found = planned(trained_runtime, 40, 44)
    now, then = map(widths, found.budgets)
    gains = {driver: (now[driver] - then[driver]) / 4 for driver in now}
    assert found.one_more is not None
    assert found.one_more.driver == max(gains, key=lambda driver: gains[driver])
    assert found.one_more.messages == pytest.approx(max(gains.values()))
    assert found.one_more.narrower == pytest.approx(sum(gains.values()) / sum(now.values()))


def test_a_large_week_is_planned_from_a_part_of_it(
    trained_runtime: Runtime, week: Week, monkeypatch: pytest.MonkeyPatch
) -> None:
    week()
    whole = planned(trained_runtime, 40)
    monkeypatch.setattr(labelplan.lastweek, "MOST_READ", 70)
    part = planned(trained_runtime, 40)
    assert (part.messages, part.graded) == (whole.messages, whole.graded)
    assert part.budgets[0].asked == pytest.approx(40)
    late = (widths(each.budgets[0])["delivery.late"] for each in (whole, part))
    assert next(late) == pytest.approx(next(late), rel=0.25)


def test_without_a_model_it_says_how_to_make_one(runtime: Runtime) -> None:
    with pytest.raises(ModelNotFound, match="waarom train"):
        planned(runtime)


def test_without_any_message_it_says_how_to_bring_some_in(trained_runtime: Runtime) -> None:
    with pytest.raises(NotFound, match="waarom import"):
        planned(trained_runtime)


def test_without_messages_that_week_it_names_one_that_has_some(
    trained_runtime: Runtime, week: Week
) -> None:
    week(n=10)
    with pytest.raises(NotFound, match=f"--week {LAST}"):
        planned(trained_runtime, week="2026-W40")


@pytest.mark.parametrize(
    ("budgets", "options", "field"),
    [
        ((0.0,), {}, "budget"),
        ((float("nan"),), {}, "budget"),
        ((1.0,) * 21, {}, "budget"),
        ((), {"limit": 0.0}, "limit"),
        ((), {"limit": float("inf")}, "limit"),
        ((), {"week": "2026-W60"}, "week"),
    ],
)
def test_what_cannot_be_used_is_named(
    trained_runtime: Runtime, budgets: tuple[float, ...], options: dict[str, object], field: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        planned(trained_runtime, *budgets, **options)
    assert refused.value.field == field
