"""How many wrong labels are found first: beside plain low probability and confident learning.

    python -m tests.benchmarks.suspects [--sets banking77,clinc150] [--kinds uniform,pairs,twins]
                                        [--json] [--out FILE]

Of the labels of a training file one in twenty is made wrong: anywhere, to any other driver
(uniform); nearly a third of some drivers' labels to one other driver, whichever (pairs), or to the
one the model confuses it with most (twins). Folds of the project's own pipeline judge every message
without having seen it. What counts is how many of as many labels as were made wrong are, taking the
most doubtful first, and the average precision over all labels. The labels were not all right to
begin with, so that nothing reaches 100 %.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score

from classifier.calibration import fit_temperature, tempered
from classifier.folds import out_of_fold
from classifier.messages import Label, LabeledMessage
from classifier.pipeline import PipelineConfig
from classifier.training import quiet
from labeling.suspects import doubts, usual_certainty
from tests.benchmarks.frontier.machine import commit, machine
from tests.benchmarks.frontier.report import table, written
from tests.benchmarks.frontier.sets import read_set
from tests.benchmarks.shared_data import ROOT

SETS = ("banking77", "clinc150")
KINDS = ("uniform", "pairs", "twins")
SHARE, MOST_OF_A_DRIVER = 0.05, 0.3
FOLDS = 3
SECTION = "suspects"
OURS = "Waarom"


@dataclass(frozen=True)
class Found:
    """Of the labels made wrong: how many are among as many first ones, and the average precision,
    fractions of 1, by each way to order them."""

    data: str
    kind: str
    wrong: int
    order: str
    first: float
    average: float


@dataclass(frozen=True)
class Judged:
    """Labels as columns (n,) of k drivers, and out-of-fold probabilities (n, k)."""

    labels: np.ndarray
    probabilities: np.ndarray


def judged(messages: Sequence[LabeledMessage]) -> Judged:
    """What folds of the pipeline say of messages."""
    found = out_of_fold(messages, folds=FOLDS, config=PipelineConfig(), progress=quiet)
    temperature = fit_temperature(found.logits[found.usable], found.truth[found.usable])
    return Judged(found.truth, tempered(found.logits, temperature))


def made_wrong(
    messages: Sequence[LabeledMessage], kind: str, plain: Judged | None, seed: int = 0
) -> tuple[list[LabeledMessage], np.ndarray]:
    """The messages with some labels wrong, and which (n,)."""
    random = np.random.default_rng(seed)
    truth = np.array([str(message.label.primary) for message in messages])
    drivers = np.unique(truth)
    if kind == "uniform":
        rows = random.choice(len(truth), int(SHARE * len(truth)), replace=False)
        shift = random.integers(1, len(drivers), size=len(rows))
        others = drivers[(np.searchsorted(drivers, truth[rows]) + shift) % len(drivers)]
    else:
        rows, others = _for_another(truth, drivers, kind, plain, random)
    said = dict(zip(rows.tolist(), others.tolist(), strict=True))
    changed = [
        replace(message, label=Label(said[row])) if row in said else message
        for row, message in enumerate(messages)
    ]
    return changed, np.isin(np.arange(len(truth)), rows)


def _for_another(
    truth: np.ndarray,
    drivers: np.ndarray,
    kind: str,
    plain: Judged | None,
    random: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Rows whose label becomes another driver, the same for all of one driver, and that driver."""
    order = random.permutation(len(drivers))
    partner = dict(zip(order.tolist(), np.roll(order, 1).tolist(), strict=True))
    if kind == "twins" and plain is not None:
        mixed = np.array(
            [plain.probabilities[plain.labels == each].mean(axis=0) for each in range(len(drivers))]
        )
        np.fill_diagonal(mixed, 0)
        partner = dict(enumerate(mixed.argmax(axis=1).tolist()))
    left, rows, others = int(SHARE * len(truth)), [], []
    # Every other driver, so that with pairs none both gives and takes.
    for column in order[:: 2 if kind == "pairs" else 1].tolist():
        mine = np.flatnonzero(truth == drivers[column])
        some = random.choice(mine, min(left, int(MOST_OF_A_DRIVER * len(mine))), replace=False)
        rows.append(some)
        others.append(np.full(len(some), drivers[partner[column]]))
        left -= len(some)
    return np.concatenate(rows), np.concatenate(others)


def orders(seen: Judged) -> dict[str, np.ndarray]:
    """How doubtful each label (n,) is by each way to order them, the higher the more."""
    labels, chances = seen.labels, seen.probabilities
    rows = np.arange(len(labels))
    own = chances[rows, labels]
    others = chances.copy()
    others[rows, labels] = -1.0
    margin = others.max(axis=1) - own
    sure = np.where(chances >= usual_certainty(chances, labels) - 1e-9, chances, -1.0)
    confident = (sure.max(axis=1) > 0) & (sure.argmax(axis=1) != labels)
    return {
        "low probability": -own,
        "margin": margin,
        "confident learning": np.where(confident, 3.0, 0.0) + margin,
        OURS: np.nan_to_num(doubts(chances, labels).doubt),
    }


def measured(data: str, kinds: Sequence[str]) -> Iterator[Found]:
    messages = read_set(data).train
    plain = judged(messages) if "twins" in kinds else None
    for kind in kinds:
        changed, wrong = made_wrong(messages, kind, plain)
        for name, doubt in orders(judged(changed)).items():
            first = np.argsort(-doubt, kind="stable")[: wrong.sum()]
            average = average_precision_score(wrong, doubt)
            yield Found(
                data, kind, int(wrong.sum()), name, float(wrong[first].mean()), float(average)
            )


def markdown(found: Sequence[Found]) -> str:
    about = machine()
    rows = [
        (
            *(each.data, each.kind, f"{each.wrong:,}", each.order),
            *(f"{100 * each.first:.1f}", f"{100 * each.average:.1f}"),
        )
        for each in found
    ]
    columns = ("set", "mistakes", "made", "first by", "of as many, wrong %", "average precision %")
    sets = ",".join(dict.fromkeys(each.data for each in found))
    command = f"python -m tests.benchmarks.suspects --sets {sets}"
    when = f"{datetime.now(UTC).date()}, commit {commit(ROOT)}, {about['cores']} cores"
    how = (
        "One label in twenty made wrong: to any driver (uniform), or nearly a third of some "
        "drivers' labels to one other driver, whichever (pairs) or the one most like it (twins). "
        f"Judged by {FOLDS} folds of the pipeline."
    )
    return "\n\n".join(
        [
            "## Labels that look wrong",
            f"Written by `{command}`. {when}. {how}",
            table(columns, rows),
        ]
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--out", type=Path, help="the document to write the section into")
    options = parser.parse_args(arguments)
    found = [
        each
        for data in options.sets.split(",")
        for each in measured(data, options.kinds.split(","))
    ]
    print(json.dumps([asdict(each) for each in found]) if options.json else markdown(found))  # noqa: T201
    if options.out:
        written(options.out, SECTION, markdown(found))


if __name__ == "__main__":
    main()
