"""What parents are worth in routing: how much more is routed, and how much of that is right.

    python -m tests.benchmarks.hierarchy [--repeats 10] [--json]

A model routes messages it never saw: once with a taxonomy of two levels, once with the same leaves
and queues and nothing above them. The predictions are the same, the threshold is set by the same
folds. Of our sample messages the first weeks train, all their labels or some a driver, and the
later ones are routed. Where they are at hand, so are survey comments (NHS) with 44 labels under
nine, a queue for each of the nine, by five grouped folds. Then with the promise per queue: half of
the labels make it, the other half judges. On a flat set both must be the same to the last bit.
"""

import argparse
import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy.stats import beta

from classifier.folds import assign_folds
from classifier.messages import Label, LabeledMessage, Predictions, RedactedText
from classifier.promise import promise
from classifier.stops import Stops, stops_of
from classifier.taxonomy import Driver, Taxonomy
from classifier.training import Trained, TrainingConfig, train
from tests.benchmarks.frontier.sets import SAMPLE, drawn, read_set
from tests.benchmarks.shared_data import shared

FEW = (25, 40, 60)
FLAT = "dekamer_nl"
COMMENTS = "nhs_fft_phase1"


@dataclass(frozen=True)
class Case:
    """Messages to train on and others to route, at some target precisions."""

    name: str
    taxonomy: Taxonomy
    train: list[LabeledMessage]
    test: list[LabeledMessage]
    targets: tuple[float, ...]


@dataclass(frozen=True)
class Found:
    """Of n messages at one threshold: the share routed, and routed at parents; what is right of
    it, with a 95 % interval, right at the parents alone, and in the right queue. With a promise
    per queue: the shares of queues promised and of messages routed, and what is right of those.
    """

    case: str
    labels: int
    target: float
    taxonomy: str
    threshold: float
    n: int
    share: float
    at_parents: float
    right: float | None
    interval: tuple[float, float] | None
    right_at_parents: float | None
    right_queue: float | None
    promised: float
    promised_share: float
    promised_right: float | None


def without_parents(taxonomy: Taxonomy) -> Taxonomy:
    """The same leaves and queues, and nothing above them."""
    leaves = [taxonomy.by_id[each] for each in taxonomy.leaves]
    return replace(
        taxonomy,
        drivers=tuple(replace(each, parent=None, queue=taxonomy.queue(each.id)) for each in leaves),
    )


def routed(found: Stops, messages: Sequence[LabeledMessage], threshold: float) -> dict[str, Any]:
    """What comes of messages that are all decided at one threshold."""
    level = found.reached(threshold)
    rows = np.flatnonzero(level >= 0)
    right = found.right([message.label for message in messages])[rows, level[rows]]
    leaves = frozenset(found.taxonomy.leaves)
    parent = np.array([found.names[each] not in leaves for each in found.places[rows, level[rows]]])
    n, k = len(rows), int(right.sum())
    return {
        "threshold": threshold,
        "n": len(messages),
        "share": n / len(messages),
        "at_parents": float(parent.sum() / len(messages)),
        "right": k / n if n else None,
        "interval": tuple(beta.ppf((0.025, 0.975), (k, k + 1), (n - k + 1, n - k))) if n else None,
        "right_at_parents": float(right[parent].mean()) if parent.any() else None,
        "right_queue": float(_in_right_queue(found, messages)[rows].mean()) if n else None,
    }


def _in_right_queue(found: Stops, messages: Sequence[LabeledMessage]) -> np.ndarray:
    """Whether each message heads for the queue of one of its drivers."""
    queues = [{found.taxonomy.queue(each) for each in m.label.drivers} for m in messages]
    heading = [found.queues[place] for place in found.heading]
    return np.array([each in some for each, some in zip(heading, queues, strict=True)])


def promised(
    found: Stops, messages: Sequence[LabeledMessage], target: float, repeats: int
) -> dict[str, Any]:
    """A random half of the labels promises, the other half is routed by it."""
    right = found.right([message.label for message in messages])
    queue = np.array([found.queues[place] for place in found.heading])
    rows = np.flatnonzero(found.confidence[:, -1] >= 0)
    kept, shares, precision = [], [], []
    for seed in range(repeats):
        half = np.random.default_rng(seed).random(len(queue)) < 0.5
        asked = rows[half[rows]]
        made = promise(found.confidence[asked], right[asked], list(queue[asked]), target=target)
        least = {name: each.threshold for name, each in made.items()}
        level = found.reached(np.array([least.get(each, np.inf) for each in queue]))
        judged = np.flatnonzero((level >= 0) & ~half)
        kept.append(np.mean([each.kept for each in made.values()]))
        shares.append(len(judged) / (~half).sum())
        precision += [right[judged, level[judged]].mean()] if len(judged) else []
    return {
        "promised": float(np.mean(kept)),
        "promised_share": float(np.mean(shares)),
        "promised_right": float(np.mean(precision)) if precision else None,
    }


def trained(messages: Sequence[LabeledMessage], taxonomy: Taxonomy) -> Trained:
    return train(messages, taxonomy, config=TrainingConfig(search=False))


def measured(case: Case, repeats: int) -> Iterator[Found]:
    """A case at each target, with leaves only and with parents."""
    made = trained(case.train, case.taxonomy)
    said = made.model.judge([each.text for each in case.test])
    for target in case.targets:
        for name, taxonomy in (
            ("leaves only", without_parents(case.taxonomy)),
            ("with parents", case.taxonomy),
        ):
            stops = stops_of(said, taxonomy)
            threshold = made.folded.threshold(slice(None), target, taxonomy)
            yield Found(
                *(case.name, len(case.train), target, name),
                **routed(stops, case.test, threshold),
                **promised(stops, case.test, target, repeats),
            )


def cases() -> Iterator[Case]:
    """Our sample with some labels a driver and with all of the first weeks; survey comments."""
    sample = read_set(SAMPLE)
    for some in (*(drawn(sample.train, few, seed=1) for few in FEW), sample.train):
        yield Case(SAMPLE, sample.taxonomy, some, sample.test, (0.95,))
    if (shared() / "data" / COMMENTS).exists():
        yield _comments()


def _comments() -> Case:
    with (shared() / "data" / COMMENTS / "all.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    above = {f"{row['label']} / {row['sub_label']}": row["label"] for row in rows}
    parents = [Driver(id=each, names={"en": each}, queue=each) for each in set(above.values())]
    leaves = [Driver(id=each, parent=of, names={"en": each}) for each, of in above.items()]
    messages = [
        LabeledMessage(
            text=RedactedText(row["text"]), label=Label(f"{row['label']} / {row['sub_label']}")
        )
        for row in rows
    ]
    judged = assign_folds(messages, 5) == 0
    return Case(
        COMMENTS,
        Taxonomy(tuple(sorted((*parents, *leaves), key=lambda each: each.id))),
        [message for message, inside in zip(messages, judged, strict=True) if not inside],
        [message for message, inside in zip(messages, judged, strict=True) if inside],
        (0.95, 0.9, 0.8),
    )


def same_on_flat() -> bool | None:
    """Whether stops on a flat set are the likeliest drivers and their confidence, to the bit."""
    if not (shared() / "data" / FLAT).exists():
        return None
    train_on, judged = next(read_set(FLAT).rounds())
    model = trained(train_on, read_set(FLAT).taxonomy).model
    said: Predictions = model.judge([each.text for each in judged])
    found = stops_of(said, model.taxonomy)
    expected = np.where(said.confidence > said.unknown, said.confidence, -1.0)
    same = np.array_equal(found.places[:, 0], said.likeliest)
    return same and np.array_equal(found.confidence, expected[:, None])


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _table(rows: Sequence[Found]) -> Iterator[str]:
    yield (
        "| set | labels | target | | routed | of that at parents | right (95 % interval) "
        "| right at parents | right queue | queues promised | routed by promise | right |"
    )
    yield "|" + "---|" * 12
    for each in rows:
        between = " – ".join(map(_percent, each.interval)) if each.interval else "–"
        cells = (
            *(each.case, f"{each.labels:,}", f"{each.target:.0%}", each.taxonomy),
            *(_percent(each.share), _percent(each.at_parents)),
            f"{_percent(each.right)} ({between})",
            *(_percent(each.right_at_parents), _percent(each.right_queue)),
            *(_percent(each.promised), _percent(each.promised_share)),
            _percent(each.promised_right),
        )
        yield f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows = [each for case in cases() for each in measured(case, arguments.repeats)]
    flat = same_on_flat()
    if arguments.json:
        print(json.dumps({"found": [asdict(each) for each in rows], "flat_is_same": flat}))  # noqa: T201
        return
    print(*_table(rows), f"\nThe same on {FLAT}, which is flat: {flat}", sep="\n")  # noqa: T201


if __name__ == "__main__":
    main()
