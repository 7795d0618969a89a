"""What the demo plays: weeks of labeled messages, a model trained on them, weeks of questions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby

from rich.console import Console

from classifier.messages import Label
from service.demo.installation import DemoOptions
from service.demo.people import People, ReviewPeople, StudioPeople
from service.demo.steps import Say, step
from service.importing import ImportOptions, import_messages
from service.learning import Source, train_version
from service.reports import up_to_date
from service.runtime import Runtime
from service.sample import TRAINING_WEEKS, SampleMessage, generate, sample_taxonomy
from service.sync import setup
from service.weeks import day_of, week_of


@dataclass(frozen=True, slots=True)
class Played:
    """What was played: the sample, the labels imported, the answers given in each later week, and
    the people who gave them."""

    sample: Sequence[SampleMessage]
    imported_labels: int
    answers: dict[str, int]
    people: People

    @property
    def weeks(self) -> list[str]:
        return list(self.answers)

    @property
    def truth(self) -> dict[str, Label]:
        return _truth(self.sample)


def play(console: Console, runtime: Runtime, options: DemoOptions, now: datetime) -> Played:
    """Import and train on the first weeks, then let the later ones arrive and be asked about."""
    zone = runtime.settings.timezone
    with step(console, f"Writing {options.messages:,} sample messages"):
        sample = generate(until=day_of(now, zone), messages=options.messages)
    past = [each for each in sample if each.week < TRAINING_WEEKS]
    with step(console, f"Importing {TRAINING_WEEKS} weeks with labels") as say:
        labels = _import_labeled(runtime, past, now, say)
    with step(console, "Training a model on them") as say:
        made = train_version(runtime.settings, Source(), promote=True, now=now, progress=say)
        say(f"version {made.version}")
    people = _people(runtime, sample, now)
    answers = {}
    for week, messages, last in _weeks(sample[len(past) :], zone):
        with step(console, f"{week}: {len(messages):,} messages arrive") as say:
            _arrive(runtime, messages, now)
            say("people answer the questions")
            answers[week] = (people.answer_last_week if last else people.answer_week)(now=now)
            say(f"{answers[week]} questions answered")
    with step(console, "Summing the volumes"):
        up_to_date(runtime)
    return Played(sample, labels, answers, people)


def _import_labeled(
    runtime: Runtime, past: Sequence[SampleMessage], now: datetime, say: Say
) -> int:
    done = 0

    def progress(count: int) -> None:
        nonlocal done
        done += count
        say(f"{done:,} of {len(past):,}")

    rows = [replace(each.raw, label=each.truth) for each in past]
    options = ImportOptions(labels=True, person="sample")
    return import_messages(runtime, rows, options, now=now, progress=progress).labels


def _people(runtime: Runtime, sample: Sequence[SampleMessage], now: datetime) -> People:
    if not runtime.settings.label_studio_url:
        return ReviewPeople(runtime, _truth(sample))
    setup(runtime, now=now)
    return StudioPeople(runtime, _truth(sample), sample_taxonomy())


def _truth(sample: Sequence[SampleMessage]) -> dict[str, Label]:
    """External id -> what the message is really about."""
    return {each.raw.external_id: each.truth for each in sample if each.raw.external_id}


def _weeks(
    later: Sequence[SampleMessage], zone: str
) -> Iterator[tuple[str, list[SampleMessage], bool]]:
    """Each week with its messages, and whether it is the last one."""
    weeks = [(week, list(some)) for week, some in groupby(later, lambda each: _week(each, zone))]
    for week, messages in weeks:
        yield week, messages, week == weeks[-1][0]


def _arrive(runtime: Runtime, messages: Sequence[SampleMessage], now: datetime) -> None:
    """Day by day, since the plan of a day is made from the days before it."""
    zone = runtime.settings.timezone
    for _, day in groupby(messages, lambda each: _day(each, zone)):
        import_messages(runtime, [each.raw for each in day], ImportOptions(), now=now)


def _week(each: SampleMessage, zone: str) -> str:
    return week_of(_day(each, zone))


def _day(each: SampleMessage, zone: str) -> date:
    assert each.raw.received_at is not None  # noqa: S101 - every sample message has a moment
    return day_of(each.raw.received_at, zone)
