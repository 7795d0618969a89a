"""How long questions take to Label Studio, answers back, and ten changes among many tasks.

    python -m tests.benchmarks.studio [--messages 10000] [--tasks 100000]

A real Label Studio on SQLite, started for this, with sample messages and a model trained on
others of them; every question shows a prediction with its reason and sentences. Answers are made of
the predictions, over there. Seconds on the clock, our own part included.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

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
from service.sync.cursor import advance, settle
from service.sync.place import known_place
from service.tables import LabelRow

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 16, tzinfo=UTC)
GOALS = {"pushed": 20.0, "pulled": 30.0, "changes": 5.0}
CHANGES = 10


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds, by what was done."""

    pushed: float
    pulled: float
    changes: float


@contextmanager
def installation(folder: Path, messages: int) -> Iterator[Runtime]:
    """One linked to a Label Studio of its own, with as many questions that wait."""
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
        try:
            setup(runtime, now=NOW)
            _ask(runtime, messages)
            yield runtime
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
    with installation(folder, messages) as runtime:
        say("pushing")
        pushed, sent = timed(lambda: push(runtime, now=NOW).sent)
        say(f"{sent:,} pushed in {pushed:.1f} s; answering")
        _answer_all(runtime)
        pulled, found = timed(lambda: pull(runtime, now=NOW).labels)
        say(f"{found:,} pulled in {pulled:.1f} s; adding tasks up to {tasks:,}")
        _fill(runtime, tasks)
        _change(runtime)
        before = _labels(runtime)
        changes, _ = timed(lambda: pull(runtime, now=NOW))
        assert _labels(runtime) - before == CHANGES, "not all changes were found"
        say(f"{CHANGES} changes in {changes:.1f} s")
        return Times(pushed * messages / sent, pulled * messages / found, changes)


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
    data = dict.fromkeys(fields, "words of an earlier question " * 5)
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


def timed(work: Callable[[], int]) -> tuple[float, int]:
    began = time.perf_counter()
    found = work()
    return time.perf_counter() - began, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--tasks", type=int, default=100_000)
    arguments = parser.parse_args()
    began = time.perf_counter()

    def say(words: str) -> None:
        print(f"[{time.perf_counter() - began:5.0f} s] {words}", flush=True)  # noqa: T201

    with tempfile.TemporaryDirectory() as folder:
        times = measured(Path(folder), arguments.messages, arguments.tasks, say)
    rows = (
        (f"{arguments.messages:,} questions sent", times.pushed, GOALS["pushed"]),
        (f"{arguments.messages:,} answers collected", times.pulled, GOALS["pulled"]),
        (
            f"{CHANGES} changes found among {arguments.tasks:,} tasks",
            times.changes,
            GOALS["changes"],
        ),
    )
    print("\n| | seconds | goal |\n|---|---|---|")  # noqa: T201
    for what, seconds, goal in rows:
        print(f"| {what} | {seconds:.1f} | {goal:.0f} |")  # noqa: T201


if __name__ == "__main__":
    main()
