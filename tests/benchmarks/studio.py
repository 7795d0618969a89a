"""How long questions take to Label Studio, answers back, and ten changes among many tasks.

    python -m tests.benchmarks.studio [--messages 10000] [--tasks 100000] [--write]

A real Label Studio on SQLite, started for this, with sample messages and a model trained on
others of them; every question shows a prediction with its reason and sentences. Answers are made of
the predictions, over there. Beside our sending and collecting stands what Label Studio needs by
itself: to import the same tasks, ready made, and to give out the same pages, which nobody records.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import func, select

from classifier.messages import Label, LabeledMessage, RedactedText
from classifier.registry import promote, save
from classifier.training import train
from labeling.tasks import annotation_result
from service.database import chunks
from service.intake import receive
from service.runtime import Runtime, open_runtime
from service.sample import generate, sample_taxonomy
from service.settings import Settings
from service.studio_server import StudioServer
from service.sync import connect, known_project, pull, push, setup
from service.sync.batches import Outbox
from service.sync.cursor import advance, settle
from service.sync.hints import HEADER
from service.sync.place import known_place
from service.sync.project import HOOK_PATH, wanted_project
from service.tables import LabelRow, MessageRow, ReviewRow, TaskRow
from tests.benchmarks.frontier.machine import commit, machine
from tests.benchmarks.frontier.report import table, written
from tests.benchmarks.studio_meter import Took, Waited, answered, served

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 16, tzinfo=UTC)
SECRET = "for-this-benchmark-only"
GOALS = {"pushed": 20.0, "pulled": 30.0, "changes": 5.0}
WAIT_GOAL = 100.0
CHANGES = 10
OPENED = 1_000
DOCUMENT = ROOT / "docs" / "benchmarks.md"
HOW = (
    "`python -m tests.benchmarks.studio --write` writes this section. A Label Studio 1.23 on "
    "SQLite, started for it on the same machine; every question shows a prediction with its "
    "reason and its sentences. Beside our part stands Label Studio's own, in the same run: "
    "importing the same tasks, ready made, in batches of 2,000 (one project for each), and "
    "giving out the same pages of answered tasks to somebody who records nothing. Processor "
    "seconds: of our process, and of Label Studio's meanwhile; where others use the machine "
    "they say more than the clock."
)


@dataclass(frozen=True, slots=True)
class Times:
    """What each part took, of how many that were `sent` and `found`; how long Label Studio waits
    for a `live` prediction and for a webhook to be `heard`."""

    bare_import: Took
    pushed: Took
    bare_reading: Took
    pulled: Took
    changes: Took
    live: Waited
    heard: Waited
    sent: int
    found: int


@dataclass(frozen=True, slots=True)
class Installation:
    """One linked to a Label Studio of its own; `session` is that of its processes."""

    runtime: Runtime
    session: int


@contextmanager
def installation(folder: Path, messages: int) -> Iterator[Installation]:
    """With as many questions that wait."""
    venv, cache = ROOT / ".venv-label-studio", ROOT / ".cache"
    with StudioServer(folder / "studio", venv=venv, cache=cache) as server:
        settings = Settings(
            home=folder / "home",
            models_dir=folder / "models",
            taxonomy=ROOT / "service" / "sample" / "taxonomy.toml",
            secret=SecretStr("for this only"),
            label_studio_url=server.url,
            label_studio_api_key=SecretStr(server.token),
            graded_budget=1e9,
            prefilled_share=1.0,
            warm_up=False,
        )
        _train(settings)
        runtime = open_runtime(settings)
        assert server._process is not None
        try:
            setup(runtime, now=NOW)
            _ask(runtime, messages)
            yield Installation(runtime, server._process.pid)
        finally:
            runtime.close()


def _train(settings: Settings) -> None:
    rows = [
        LabeledMessage(
            text=RedactedText(each.raw.text),
            label=each.truth,
            message_id=str(each.raw.external_id),
            group=each.raw.text,
        )
        for each in generate(until=date(2026, 8, 3), seed=7, messages=280, weeks=4)
    ]
    trained = train(rows, sample_taxonomy(), holdout=[n % 6 == 0 for n in range(len(rows))])
    promote(
        settings.models_dir,
        save(trained.model, settings.models_dir, today=date(2026, 8, 3), card=""),
    )


def _ask(runtime: Runtime, messages: int) -> None:
    made = generate(until=date(2026, 11, 16), messages=messages, weeks=4)[:messages]
    for some in chunks([each.raw for each in made], 1_000):
        with runtime.writing() as session:
            receive(session, runtime, list(some), now=NOW)


def measured(folder: Path, messages: int, tasks: int, say: Callable[[str], None]) -> Times:
    with installation(folder, messages) as here:
        runtime, timed = here.runtime, partial(Took.of, here.session)
        ready = _ready_made(runtime)
        bare_import, _ = timed(lambda: _imported(runtime, ready))
        say(f"{len(ready):,} imported in {bare_import.clock:.1f} s; pushing")
        pushed, sent = timed(lambda: push(runtime, now=NOW).sent)
        say(f"{sent:,} pushed in {pushed.clock:.1f} s; answering")
        live, heard = _live(runtime), _heard(runtime)
        _answer_all(runtime)
        bare_reading, _ = timed(lambda: _given_out(runtime))
        say(f"given out in {bare_reading.clock:.1f} s; pulling")
        pulled, found = timed(lambda: pull(runtime, now=NOW).labels)
        say(f"{found:,} pulled in {pulled.clock:.1f} s; adding tasks up to {tasks:,}")
        changes = _changes_found(runtime, timed, tasks)
        say(f"{CHANGES} changes in {changes.clock:.1f} s")
        return Times(bare_import, pushed, bare_reading, pulled, changes, live, heard, sent, found)


def _changes_found(runtime: Runtime, timed: Callable[..., tuple[Took, int]], tasks: int) -> Took:
    _fill(runtime, tasks)
    _change(runtime)
    before = _labels(runtime)
    changes, _ = timed(lambda: pull(runtime, now=NOW).tasks)
    assert _labels(runtime) - before == CHANGES, "not all changes were found"
    return changes


def _ready_made(runtime: Runtime) -> list[dict[str, Any]]:
    """The tasks that wait to be sent."""
    place = known_place(runtime)
    assert place is not None
    batches = Outbox(runtime, NOW).batches(place)
    return [task.json for batch in batches for task in batch.tasks]


def _imported(runtime: Runtime, tasks: Sequence[dict[str, Any]]) -> int:
    """By Label Studio alone, in another project."""
    with closing(connect(runtime)) as studio:
        wanted = wanted_project(runtime)
        project = studio.ensure_project("Ready made", wanted.interface)
        return len(studio.upload(project.id, tasks))


def _given_out(runtime: Runtime) -> int:
    project = known_project(runtime)
    assert project is not None
    with closing(connect(runtime)) as studio:
        return sum(1 for _ in studio.changed(project))


def _live(runtime: Runtime) -> Waited:
    """Questions opened one after the other, asked of the service."""
    place = known_place(runtime)
    assert place is not None
    with runtime.reading() as session:
        rows = session.execute(
            select(TaskRow.task_id, MessageRow.external_id)
            .join(ReviewRow, ReviewRow.id == TaskRow.review_id)
            .join(MessageRow, MessageRow.id == ReviewRow.message_id)
            .limit(OPENED)
        ).all()
    fixed = {"project": f"{place.project}.0", "label_config": wanted_project(runtime).interface}
    bodies = [
        {**fixed, "tasks": [{"id": number, "data": {"external_id": name}}]} for number, name in rows
    ]
    runtime.settings = runtime.settings.model_copy(update={"live_secret": SecretStr(SECRET)})
    with served(runtime) as url:
        return answered(f"{url}/ml/{SECRET}/predict", bodies)


def _heard(runtime: Runtime) -> Waited:
    """Answers told one after the other, as Label Studio tells them while a person waits."""
    body = {"action": "ANNOTATION_CREATED", "task": {"data": {"text": "x" * 7_000}}}
    runtime.settings = runtime.settings.model_copy(update={"webhook_secret": SecretStr(SECRET)})
    with served(runtime) as url:
        return answered(f"{url}{HOOK_PATH}", [body] * OPENED, headers={HEADER: SECRET})


def _answer_all(runtime: Runtime) -> None:
    """Every prediction becomes an answer."""
    studio = connect(runtime)
    params = {"id": "predictions_to_annotations", "project": known_project(runtime)}
    body = {"selectedItems": {"all": True, "excluded": []}}
    studio.connection.once("POST", "/api/dm/actions", params=params, json=body)
    studio.close()


def _fill(runtime: Runtime, tasks: int) -> None:
    """More tasks, as of questions long answered; the cursor stands behind them."""
    studio, place = connect(runtime), known_place(runtime)
    assert place is not None
    missing = tasks - studio.total(place.project)
    fields = ("text", "subject", "facts", "because", "sentences")
    data: dict[str, object] = dict.fromkeys(fields, "words of an earlier question " * 5)
    data["likeliest"] = []
    rows = [{"data": data | {"external_id": f"earlier-{n}"}} for n in range(max(0, missing))]
    studio.upload(place.project, rows)
    time.sleep(1)
    studio.total(place.project)
    assert studio.clock is not None
    with runtime.writing() as session:
        advance(session, place, studio.clock, NOW)
        settle(session, place, NOW + timedelta(minutes=1))
    studio.close()


def _change(runtime: Runtime) -> None:
    """Ten answers are edited."""
    studio, project = connect(runtime), known_project(runtime)
    assert project is not None
    taxonomy = sample_taxonomy()
    with runtime.reading() as session:
        query = select(LabelRow.door_ref, LabelRow.driver).where(LabelRow.current)
        answered = session.execute(query.order_by(LabelRow.id).limit(CHANGES)).all()
    for reference, driver in answered:
        other = next(leaf for leaf in taxonomy.leaves if leaf != driver)
        result = annotation_result(Label(other), taxonomy)
        number = reference.rpartition("#")[2]
        studio.connection.once("PATCH", f"/api/annotations/{number}/", json={"result": result})
    studio.close()


def _labels(runtime: Runtime) -> int:
    with runtime.reading() as session:
        return session.scalar(select(func.count(LabelRow.id))) or 0


def document(times: Times, tasks: int, load: Sequence[float]) -> str:
    """The section of docs/benchmarks.md."""
    parts = (
        (f"{times.sent:,} questions sent", times.pushed, times.bare_import, GOALS["pushed"]),
        (f"{times.found:,} answers collected", times.pulled, times.bare_reading, GOALS["pulled"]),
        (f"{CHANGES} changes among {tasks:,} tasks", times.changes, None, GOALS["changes"]),
    )
    names = ["", "s", "ours, processor s", "Label Studio, processor s", "Label Studio alone, s"]
    rows = [
        [
            *(what, f"{took.clock:.1f}", f"{took.ours:.1f}", f"{took.theirs:.1f}"),
            *((f"{alone.clock:.1f}", f"{took.clock / alone.clock:.2f} ×") if alone else ("", "")),
            f"{goal:.0f} s: {'met' if took.clock <= goal else 'missed'}",
        ]
        for what, took, alone, goal in parts
    ]
    facts = machine()
    about = (
        f"{datetime.now(UTC):%Y-%m-%d}, commit {commit(ROOT)}, on {facts['cores']} cores of "
        f"{facts['processor']}, {facts['memory']}; load {load[0]:.1f} when it began, "
        f"{os.getloadavg()[0]:.1f} when it ended, of which up to 2 are this. {HOW}"
    )
    waits = (
        f"Over HTTP, {OPENED:,} times one after the other: a question that is opened has its "
        f"prediction after {_waited(times.live)}; a webhook is answered after "
        f"{_waited(times.heard)}."
    )
    title = "## Questions to Label Studio and answers back"
    return "\n\n".join([title, about, table([*names, "ratio", "goal"], rows), waits])


def _waited(took: Waited) -> str:
    met = "met" if took.last <= WAIT_GOAL else "missed"
    return f"{took.median:.1f} ms, 99 of 100 after {took.last:.1f} (goal: {WAIT_GOAL:.0f}, {met})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    arguments = parser.parse_args()
    began, load = time.perf_counter(), os.getloadavg()

    def say(words: str) -> None:
        print(f"[{time.perf_counter() - began:5.0f} s] {words}", file=sys.stderr, flush=True)  # noqa: T201

    with tempfile.TemporaryDirectory() as folder:
        times = measured(Path(folder), arguments.messages, arguments.tasks, say)
    said = document(times, arguments.tasks, load)
    print(said)  # noqa: T201
    if arguments.write:
        written(DOCUMENT, "studio", said)


if __name__ == "__main__":
    main()
