"""What the models are worth where messages have several drivers, beside the plain baselines.

    python -m tests.benchmarks.several [--only nlupp,sample_mails] [--models Waarom,plain] [--quick]
                                       [--fresh] [--json] [--out FILE] [--cache DIR]
                                       [--processes 2]

Prints tables, then one line of JSON (`--json`: that only), and writes the tables into
docs/benchmarks.md (with `--quick`, or for some of the sets or models, only where `--out` says).
The texts are read from ../shared, or from the folder WAAROM_SHARED_DATA names. What was computed
is kept in .cache/benchmarks until the code it came from changes.
"""

import argparse
import json
import multiprocessing
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.frontier.embeddings import KeptEncoder
from tests.benchmarks.frontier.goals import Goal
from tests.benchmarks.frontier.jobs import OUR_CODE, PROCESSES, digest, encoder_folder, log
from tests.benchmarks.frontier.machine import commit, machine
from tests.benchmarks.frontier.mentioned import Mentioned, ahead, figures, joined, others
from tests.benchmarks.frontier.mixed import OWN, SETS, read_mixed
from tests.benchmarks.frontier.mixed_report import markdown
from tests.benchmarks.frontier.ours import ENCODER, SPARSE
from tests.benchmarks.frontier.report import written
from tests.benchmarks.frontier.saying import BALANCED, MODELS, PLAIN, WHOLE
from tests.benchmarks.shared_data import ROOT, shared

SECTION = "several"
DOCUMENT = ROOT / "docs" / "benchmarks.md"
CODE = ("ours.py", "fits.py", "mixed.py", "saying.py", "mentioned.py")
ROUNDS = {"nlupp": 20, "nlupp_low": 20, "sample_mails": 1, "sample_weeks": 1}
"""How many rounds a set has, where that is not two."""
ORDER = (SPARSE, ENCODER, WHOLE, PLAIN, BALANCED)
Row = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """Some models in a round of a set."""

    data: str
    models: str
    number: int
    quick: bool

    @property
    def name(self) -> str:
        return f"{self.data} {self.models} {self.number}{' (a fifth)' if self.quick else ''}"


def done(task: Task, cache: Path, encoder: Path | None) -> dict[str, Row]:
    """What came of a task, computed and kept."""
    path = kept_at(task, cache, encoder)
    given = read_mixed(task.data, quick=task.quick)
    reads = encoder is not None and given.language == "en" and task.models == "Waarom"
    reader = KeptEncoder(encoder, cache / "embeddings", task.data) if encoder and reads else None
    said = MODELS[task.models](given, task.number, reader)
    found = {name: each.to_dict() for name, each in said.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps(found), encoding="utf-8")
    part.replace(path)
    return found


def embedded(data: str, cache: Path, encoder: Path) -> None:
    """Let the encoder read a set once, so that no task reads it again."""
    given = read_mixed(data)
    if given.language == "en":
        reader = KeptEncoder(encoder, cache / "embeddings", data)
        known = len(reader.known)
        for rest, judged in given.rounds:
            reader.encode([message.text for message in (*rest, *judged)])
        if len(reader.known) > known:
            reader.save()


def kept_at(task: Task, cache: Path, encoder: Path | None) -> Path:
    code = digest(OUR_CODE if task.models != "plain" else ("service/sample",), *CODE)
    reads = f"-{encoder.name}" if encoder and task.models == "Waarom" else ""
    return cache / code / f"several-{task.name.replace(' ', '-')}{reads}.json"


def all_done(
    tasks: Sequence[Task], cache: Path, encoder: Path | None, *, fresh: bool, processes: int
) -> dict[Task, dict[str, Row]]:
    """Do what is not kept yet, in processes of one thread each."""
    found: dict[Task, dict[str, Row]] = {}
    for task in tasks:
        path = kept_at(task, cache, encoder)
        if path.exists() and not fresh:
            found[task] = json.loads(path.read_text(encoding="utf-8"))
    missing = [task for task in tasks if task not in found]
    log(f"{len(tasks)} tasks, {len(found)} of them kept from before")
    if encoder:
        for data in sorted({task.data for task in missing if task.models == "Waarom"}):
            embedded(data, cache, encoder)
    if processes == 1:
        return found | {task: done(task, cache, encoder) for task in missing}
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        doing = {pool.submit(done, task, cache, encoder): task for task in missing}
        for number, each in enumerate(as_completed(doing), start=1):
            task = doing[each]
            found[task] = each.result()
            log(f"{number} of {len(missing)}: {task.name}")
    return found


def planned(sets: Sequence[str], models: Sequence[str], *, quick: bool) -> list[Task]:
    """Every task; reading wholes only is told apart where long messages judge."""
    return [
        Task(data, model, number, quick)
        for data in sets
        for model in models
        if model != "whole" or data in (*OWN, "survey_joined", "dekamer_themes")
        for number in range(1 if quick else ROUNDS.get(data, 2))
    ]


def document(found: dict[Task, dict[str, Row]], *, quick: bool) -> Row:
    """Every figure, with the goals, the date and the machine."""
    by_model: dict[tuple[str, str], list[Mentioned]] = {}
    for task in sorted(found, key=lambda task: task.number):
        for model, said in found[task].items():
            by_model.setdefault((task.data, model), []).append(Mentioned.from_dict(said))
    whole = {key: joined(parts) for key, parts in by_model.items()}
    order = sorted(whole, key=lambda key: (list(SETS).index(key[0]), ORDER.index(key[1])))
    rows = [{"set": data, "model": model} | figures(whole[data, model]) for data, model in order]
    for row in rows:
        if row["model"] not in (PLAIN, BALANCED):
            for name, plain in (("ahead", PLAIN), ("ahead of balanced", BALANCED)):
                if (row["set"], plain) in whole:
                    row[name] = ahead(whole[row["set"], row["model"]], whole[row["set"], plain])
    own = [
        {"set": data, "model": model, "of": name} | others(whole[data, model].at(part))
        for data, model in order
        if data in OWN
        for name, part in _parts(whole[data, model])
        if part.any()
    ]
    about = {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit(ROOT),
        "quick": quick,
    }
    said = {"sets": rows, "others": own}
    return {"about": about, "machine": machine(), **said, "goals": [g.outcome(said) for g in GOALS]}


def _parts(found: Mentioned) -> list[tuple[str, np.ndarray]]:
    """Messages by language and by how many drivers they are about."""
    size = found.truth.sum(axis=1)
    return [
        ("all", np.ones(len(found), dtype=bool)),
        ("Dutch", found.language == "nl"),
        ("English", found.language == "en"),
        ("one driver", size == 1),
        ("two", size == 2),
        ("three", size == 3),
    ]


def _figure(data: str, model: str, *path: str) -> Any:
    def value(said: Any) -> float | None:
        rows = (row for row in said["sets"] if (row["set"], row["model"]) == (data, model))
        return _reached(next(rows, None), path)

    return value


def _other(model: str, figure: str) -> Any:
    def value(said: Any) -> float | None:
        keys = ("sample_mails", model, "all")
        rows = (r for r in said["others"] if (r["set"], r["model"], r["of"]) == keys)
        return _reached(next(rows, None), (figure, "value"))

    return value


def _reached(row: Any, path: Sequence[str]) -> float | None:
    for step in path:
        row = row.get(step) if row else None
    return None if row is None else float(row)


GOALS = (
    Goal("F", "micro-F1 on nlupp, sparse", _figure("nlupp", SPARSE, "micro", "value"), 0.87),
    Goal("F", "micro-F1 on nlupp, + encoder", _figure("nlupp", ENCODER, "micro", "value"), 0.87),
    *(
        Goal("F", f"micro-F1 on {name} above {PLAIN}", _figure(name, SPARSE, "ahead", "value"), 0.0)
        for name in ("survey_joined", "survey_levels", "dekamer_themes")
    ),
    Goal("F", "recall of the other drivers of sample_mails", _other(SPARSE, "recall"), 0.8),
    Goal("F", "precision of those said beside", _other(SPARSE, "precision"), 0.8),
)


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    sets, models = options.only.split(","), options.models.split(",")
    if not (shared() / "data").is_dir():
        raise SystemExit(f"no real messages in {shared()}: set WAAROM_SHARED_DATA")
    began = time.perf_counter()
    tasks = planned(sets, models, quick=options.quick)
    encoder = None if options.sparse else encoder_folder()
    found = all_done(
        tasks, options.cache, encoder, fresh=options.fresh, processes=options.processes
    )
    said = document(found, quick=options.quick)
    log(f"{time.perf_counter() - began:.0f} s")
    if not options.json:
        print(markdown(said), end="\n\n")  # noqa: T201
    print(json.dumps(said))  # noqa: T201
    whole = (set(sets), set(models)) == (set(SETS), set(MODELS)) and not options.quick
    if out := options.out or (DOCUMENT if whole and not options.sparse else None):
        written(out, SECTION, markdown(said))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default=",".join(SETS), help="sets, by name")
    parser.add_argument("--models", default=",".join(MODELS), help=", ".join(MODELS))
    parser.add_argument("--sparse", action="store_true", help="without an encoder")
    parser.add_argument("--quick", action="store_true", help="one round, a fifth of what judges")
    parser.add_argument("--fresh", action="store_true", help="measure anew what was kept")
    parser.add_argument("--json", action="store_true", help="no tables")
    parser.add_argument("--out", type=Path, help="the document to write the tables into")
    parser.add_argument("--cache", type=Path, default=ROOT / ".cache" / "benchmarks")
    parser.add_argument("--processes", type=int, default=PROCESSES)
    options = parser.parse_args(arguments)
    for said, known in ((options.only, SETS), (options.models, MODELS)):
        if unknown := set(said.split(",")) - set(known):
            parser.error(f"no {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    return options


if __name__ == "__main__":
    main()
