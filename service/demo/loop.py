"""The demo, step by step: sample, Label Studio, labels, a model, weeks of questions, service."""

import shutil
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Console

from classifier.messages import RawMessage
from service.demo.check import check_loop
from service.demo.people import People, ReviewPeople, StudioPeople, truth_of
from service.demo.screen import closing_screen
from service.importing import ImportOptions, import_messages
from service.keys import SCOPES, create_key
from service.learning import Source, train_version
from service.reports import up_to_date
from service.runtime import Runtime, open_runtime
from service.sample import (
    SAMPLE_TAXONOMY_PATH,
    TRAINING_WEEKS,
    SampleMessage,
    generate,
    sample_taxonomy,
)
from service.settings import Settings
from service.studio_server import StudioServer
from service.sync import push, setup
from service.weeks import day_of, week_of

PORT, STUDIO_PORT = 8321, 8322
LEFT_OPEN = 15
"""Questions of the last week left for the person who watches the demo."""
AUDITS_A_WEEK = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """Where the demo lives and how far it goes."""

    folder: Path
    messages: int = 12_000
    label_studio: bool = True
    check: bool = False


@dataclass(frozen=True, slots=True)
class Played:
    """What was played: the sample, the weeks that were replayed, and the answers given."""

    sample: Sequence[SampleMessage]
    weeks: tuple[str, ...]
    imported_labels: int
    answers: dict[str, int]


def run_demo(options: DemoOptions, *, now: datetime) -> dict[str, Any]:
    """Play the loop; then wait for a person, or check it against the truth and return a summary."""
    console = Console(stderr=True)
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    with ExitStack() as running:
        studio = None
        if options.label_studio:
            with step(console, "Starting Label Studio on 127.0.0.1") as say:
                server = StudioServer(
                    options.folder / "label-studio", port=_free(STUDIO_PORT), progress=say
                )
                studio = running.enter_context(server)
        settings = _settings(options, studio)
        runtime = open_runtime(settings)
        running.callback(runtime.close)
        played = _play(console, runtime, options, now)
        with runtime.writing() as session:
            key = create_key(session, name="demo", scopes=SCOPES, now=now)
        if options.check:
            with step(console, "Comparing with the truth"):
                return check_loop(runtime, played, key=key, now=now)
        console.print(closing_screen(settings, studio, key))
        _serve(settings)
        console.print("Stopped; nothing is left running.")
    return {"ok": True}


def _settings(options: DemoOptions, studio: StudioServer | None) -> Settings:
    found: dict[str, Any] = {
        "home": options.folder,
        "models_dir": options.folder / "models",
        "taxonomy": SAMPLE_TAXONOMY_PATH,
        "graded_budget": AUDITS_A_WEEK * options.messages / 12_000,
        "expected_messages": options.messages / 12,
        "port": _free(PORT),
        "worker_seconds": 2.0,
    }
    if studio:
        found |= {
            "label_studio_url": studio.url,
            "label_studio_api_key": studio.token,
            "label_studio_project": "Waarom demo",
        }
    return Settings(**found)


def _play(console: Console, runtime: Runtime, options: DemoOptions, now: datetime) -> Played:
    zone = runtime.settings.timezone
    with step(console, f"Writing {options.messages:,} sample messages"):
        sample = generate(until=day_of(now, zone), messages=options.messages)
    past = [each for each in sample if each.week < TRAINING_WEEKS]
    later = [each for each in sample if each.week >= TRAINING_WEEKS]
    with step(console, f"Importing {TRAINING_WEEKS} weeks with labels") as say:
        labels = _import_labeled(runtime, past, now, say)
    with step(console, "Training a model on them") as say:
        made = train_version(runtime.settings, Source(), promote=True, now=now, progress=say)
        say(f"version {made.version}: {made.reason}")
    people = _people(runtime, sample, options, now)
    answers = {
        week: _play_week(console, runtime, people, week, messages, last=last, now=now)
        for week, messages, last in _by_week(later, zone)
    }
    with step(console, "Summing the volumes"):
        up_to_date(runtime)
    return Played(sample, tuple(answers), labels, answers)


def _import_labeled(
    runtime: Runtime, past: Sequence[SampleMessage], now: datetime, say: Callable[[str], None]
) -> int:
    rows = [_with_truth(each) for each in past]
    done = 0

    def progress(count: int) -> None:
        nonlocal done
        done += count
        say(f"{done:,} of {len(rows):,}")

    options = ImportOptions(labels=True, person="sample")
    return import_messages(runtime, rows, options, now=now, progress=progress).labels


def _with_truth(each: SampleMessage) -> RawMessage:
    from dataclasses import replace

    return replace(each.raw, label=each.truth)


def _people(
    runtime: Runtime, sample: Sequence[SampleMessage], options: DemoOptions, now: datetime
) -> People:
    truth = truth_of([(each.raw.external_id, each.truth) for each in sample])
    if not options.label_studio:
        return ReviewPeople(runtime, truth)
    setup(runtime, now=now)
    return StudioPeople(runtime, truth, sample_taxonomy())


def _by_week(
    later: Sequence[SampleMessage], zone: str
) -> Iterator[tuple[str, list[SampleMessage], bool]]:
    weeks = [
        (week, list(messages))
        for week, messages in groupby(later, key=lambda each: _week(each, zone))
    ]
    for number, (week, messages) in enumerate(weeks, start=1):
        yield week, messages, number == len(weeks)


def _week(each: SampleMessage, zone: str) -> str:
    return week_of(_day(each, zone))


def _day(each: SampleMessage, zone: str) -> Any:
    assert each.raw.received_at is not None  # noqa: S101 - every sample message has a moment
    return day_of(each.raw.received_at, zone)


def _play_week(
    console: Console,
    runtime: Runtime,
    people: People,
    week: str,
    messages: Sequence[SampleMessage],
    *,
    last: bool,
    now: datetime,
) -> int:
    """A week arrives day by day; then its questions are answered, the last week's almost all."""
    with step(console, f"{week}: {len(messages):,} messages arrive") as say:
        for _, day in groupby(messages, key=lambda each: _day(each, runtime.settings.timezone)):
            import_messages(runtime, [each.raw for each in day], ImportOptions(), now=now)
        say("people answer the questions")
        most = max(0, _questions(runtime, week) - LEFT_OPEN) if last else None
        answered = people.answer(week, most=most, now=now)
        say(f"{answered} questions answered")
        if last and runtime.settings.label_studio_url:
            push(runtime, now=now)
    return answered


def _questions(runtime: Runtime, week: str) -> int:
    from service.reviews import left

    with runtime.reading() as session:
        return left(session)


def _serve(settings: Settings) -> None:
    from service.serving import serve

    try:
        serve(settings, with_worker=True)
    except KeyboardInterrupt:
        return


def _free(port: int) -> int:
    """This port if nobody has it, else any free one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def step(console: Console, what: str) -> Iterator[Callable[[str], None]]:
    """A line that says what is being done, then that it is done and how long it took."""
    began, last = time.monotonic(), ""

    def say(detail: str) -> None:
        nonlocal last
        last = detail
        status.update(f"{what} … {detail}")

    with console.status(what) as status:
        yield say
    seconds = time.monotonic() - began
    console.print(f"[green]✓[/] {what}{f': {last}' if last else ''} [dim]({seconds:.1f} s)[/]")
