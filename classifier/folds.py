"""Out-of-fold predictions: what a model says of its own training messages, not having seen them."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from classifier.blocks import Blocks
from classifier.counts import Counts
from classifier.messages import LabeledMessage
from classifier.novelty import Vocabulary, evidence
from classifier.pipeline import PipelineConfig, build_pipeline
from classifier.seeding import Seed, unlike, weighed
from classifier.text import normalized
from classifier.together import together

Progress = Callable[[str], None]


class Scorer(Protocol):
    """A second opinion on texts beside the n-grams: the head of an encoder, say.

    A scikit-learn classifier of texts, cloned and fitted anew in every fold on exactly the texts,
    drivers and weights that the n-gram pipeline gets there, seeds included. Whoever blends the
    two finds their out-of-fold logits side by side in `OutOfFold`.
    """

    classes_: NDArray[np.str_]

    def fit(
        self,
        X: Sequence[str],
        y: NDArray[np.str_],
        sample_weight: NDArray[np.float64] | None = None,
    ) -> Self: ...

    def judge(self, X: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Logits (n, k) in the order of `classes_`, two columns also for two drivers; and the
        cosine (n,) of each text with the training message most like it."""
        ...


S = TypeVar("S", bound=Scorer)


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """What folds say of n messages over the k `drivers`.

    `logits` (n, k): -inf for a driver the fold's model never saw; a row of zeros where not even
    two drivers were left to train on (`predicted` false). `truth` (n,): the column of each
    message's own driver, -1 when it is labeled unknown. `unseen` (n,): the share of what it says
    in words the fold never saw. `second` (n, k) and `nearest` (n,): the logits of the second
    scorer, and the cosine of the nearest message it was trained on; None without one.
    """

    drivers: tuple[str, ...]
    logits: NDArray[np.float64]
    truth: NDArray[np.intp]
    predicted: NDArray[np.bool_]
    unseen: NDArray[np.float64]
    second: NDArray[np.float64] | None = None
    nearest: NDArray[np.float64] | None = None

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Rows (n,) that were predicted and are about a driver."""
        return self.predicted & (self.truth >= 0)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Rows (n,) whose own driver is the likeliest; nonsense where not `usable`."""
        return np.asarray(self.logits.argmax(axis=1) == self.truth)

    @property
    def unknown(self) -> NDArray[np.bool_]:
        """Rows (n,) that were predicted and are labeled unknown."""
        return self.predicted & (self.truth < 0)

    @property
    def evidence(self) -> NDArray[np.float64]:
        """What speaks for each message being about none of the drivers (n, 2 or 3)."""
        return evidence(self.logits, self.unseen, self.nearest)


def group_of(message: LabeledMessage) -> str:
    """What a message shares with those it must not be parted from: its group, else its text."""
    return message.group or normalized(message.text)


def assign_folds(messages: Sequence[LabeledMessage], folds: int) -> NDArray[np.intp]:
    """A fold (n,) in 0 … folds-1 for each message, the same on every run.

    Messages of one group, or of the same normalized text where none is given, share a fold; each
    driver's groups are dealt out evenly.
    """
    keys = [group_of(message) for message in messages]
    driver_of = {
        key: message.label.primary or "" for key, message in zip(keys, messages, strict=True)
    }
    dealt = sorted(driver_of, key=lambda key: (driver_of[key], hashed(key)))
    fold_of = {key: position % folds for position, key in enumerate(dealt)}
    return np.array([fold_of[key] for key in keys], dtype=np.intp)


def out_of_fold(
    messages: Sequence[LabeledMessage],
    *,
    folds: int,
    config: PipelineConfig,
    progress: Progress,
    seeds: Sequence[Seed] = (),
    second: Scorer | None = None,
    counts: Counts | None = None,
    workers: int = 1,
) -> OutOfFold:
    """Predict each message by a pipeline trained on the other folds' messages about a driver.

    `seeds` train in every fold and are predicted in none; one that says what a message of the
    fold says is left out there. `second` is fitted and asked likewise. `counts` are those of all
    these texts and perhaps more (see `counts_of`), for whoever asks more than once.
    `workers`: how many folds at a time.
    """
    return out_of_fold_each(
        messages,
        [config.margin_share],
        folds=folds,
        config=config,
        progress=progress,
        seeds=seeds,
        second=second,
        counts=counts,
        workers=workers,
    )[0]


def out_of_fold_each(
    messages: Sequence[LabeledMessage],
    shares: Sequence[float],
    *,
    folds: int,
    config: PipelineConfig,
    progress: Progress,
    seeds: Sequence[Seed] = (),
    second: Scorer | None = None,
    counts: Counts | None = None,
    workers: int = 1,
) -> list[OutOfFold]:
    """As `out_of_fold`, for each `margin_share` in place of the config's, in the time of one."""
    counts = counts or counts_of(messages, seeds)
    drivers = drivers_of(messages, seeds)
    truth = columns_of(messages, drivers)
    logits = np.zeros((len(shares), len(messages), len(drivers)))
    said = None if second is None else np.zeros((len(messages), len(drivers)))
    nearest = None if second is None else np.zeros(len(messages))
    predicted, unseen = np.zeros(len(messages), dtype=bool), np.ones(len(messages))
    fold_of = assign_folds(messages, folds)

    def judge(fold: int) -> None:
        progress(f"Cross-validation: fold {fold + 1} of {folds}")
        inside, rest = fold_of == fold, at(messages, (fold_of != fold) & (truth >= 0))
        texts = [message.text for message in at(messages, inside)]
        beside = unlike(seeds, texts)
        if texts and trainable(rest, beside):
            each = judged(config, rest, beside, texts, shares=shares, counts=counts)
            for share, (found, classes) in enumerate(each):
                logits[share, inside] = _spread(found, classes, drivers)
            unseen[inside] = vocabulary_of(rest, beside).unseen_share(texts)
            if second is not None and said is not None and nearest is not None:
                scorer = fit_second(second, rest, beside)
                found, nearest[inside] = scorer.judge(texts)
                said[inside] = _spread(found, scorer.classes_, drivers)
            predicted[inside] = True

    # Two folds at a time would ask an encoder about the same texts, neither knowing of the other.
    together(judge, range(folds), workers if second is None else 1)
    return [OutOfFold(drivers, each, truth, predicted, unseen, said, nearest) for each in logits]


def judged(
    config: PipelineConfig,
    messages: Sequence[LabeledMessage],
    seeds: Sequence[Seed],
    texts: Sequence[str],
    *,
    shares: Sequence[float] | None = None,
    counts: Counts | None = None,
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.str_]]]:
    """The logits (n, drivers learned) of texts (n,) by a pipeline trained on messages and seeds,
    and those drivers; for each of the `shares` in place of the config's. To be called by a task
    (see `together`)."""
    features, classifier = build_pipeline(config)
    learned, drivers, weights = training_rows(messages, seeds)
    rows, judging = Blocks(learned, texts, counts).rows(features)
    asked = [config.margin_share] if shares is None else shares
    for fitted in classifier.fit_each(asked, rows, drivers, weights):
        yield fitted.logits(judging), fitted.classes_


def counts_of(messages: Sequence[LabeledMessage], seeds: Sequence[Seed] = ()) -> Counts:
    """The n-grams of all the texts of messages and seeds, each read once."""
    return Counts([message.text for message in messages] + [seed.text for seed in seeds])


def drivers_of(messages: Sequence[LabeledMessage], seeds: Sequence[Seed] = ()) -> tuple[str, ...]:
    """The k drivers there is anything to learn of, in the order of every column of k."""
    labeled = {message.label.primary for message in messages if message.label.primary}
    return tuple(sorted(labeled | {seed.driver for seed in seeds}))


def trainable(messages: Sequence[LabeledMessage], seeds: Sequence[Seed] = ()) -> bool:
    """Whether there are two drivers to tell apart, and a word to tell them apart by."""
    texts: list[str] = [message.text for message in messages if message.label.primary]
    texts += [seed.text for seed in seeds]
    worded = any(character.isalnum() for text in texts for character in text)
    return len(drivers_of(messages, seeds)) > 1 and worded


def fit(
    pipeline: Pipeline, messages: Sequence[LabeledMessage], seeds: Sequence[Seed] = ()
) -> Pipeline:
    """Fit on the primary driver of messages that have one, and on seeds as far as they count."""
    texts, drivers, weights = training_rows(messages, seeds)
    # The optimizer's vectors are too small to share: threads waiting for each other take ten
    # times as long on a busy machine.
    with threadpool_limits(limits=1):
        pipeline.fit(texts, drivers, classifier__sample_weight=weights)
    return pipeline


def fit_second(second: S, messages: Sequence[LabeledMessage], seeds: Sequence[Seed] = ()) -> S:
    """A copy of the second scorer, fitted on what `fit` would fit a pipeline on."""
    texts, drivers, weights = training_rows(messages, seeds)
    scorer: S = clone(second)
    with threadpool_limits(limits=1):
        scorer.fit(texts, drivers, sample_weight=weights)
    return scorer


def vocabulary_of(messages: Sequence[LabeledMessage], seeds: Sequence[Seed] = ()) -> Vocabulary:
    """The words of what `fit` would fit a pipeline on."""
    return Vocabulary.of(training_rows(messages, seeds)[0])


def training_rows(
    messages: Sequence[LabeledMessage], seeds: Sequence[Seed] = ()
) -> tuple[list[str], NDArray[np.str_], NDArray[np.float64]]:
    """Texts, drivers and weights (n,): messages weigh 1, seeds what they are still worth."""
    beside = weighed(seeds, messages)
    texts = [m.text for m in messages] + [seed.text for seed in beside]
    drivers = [str(m.label.primary) for m in messages] + [seed.driver for seed in beside]
    weights = [1.0] * len(messages) + [seed.weight for seed in beside]
    return texts, np.array(drivers), np.array(weights)


def columns_of(messages: Sequence[LabeledMessage], drivers: Sequence[str]) -> NDArray[np.intp]:
    """The column (n,) of each message's primary driver; -1 when unknown or not among them."""
    column = {driver: index for index, driver in enumerate(drivers)}
    return np.array([column.get(m.label.primary or "", -1) for m in messages], dtype=np.intp)


def _spread(
    found: NDArray[np.float64], classes: NDArray[np.str_], drivers: tuple[str, ...]
) -> NDArray[np.float64]:
    """Logits (n, those a fold saw) to logits (n, k); -inf for a driver it did not see."""
    logits = np.full((len(found), len(drivers)), -np.inf)
    logits[:, [drivers.index(str(each)) for each in classes]] = found
    return logits


def at(messages: Sequence[LabeledMessage], mask: NDArray[np.bool_]) -> list[LabeledMessage]:
    """The messages where the mask (n,) is true."""
    return [messages[row] for row in np.flatnonzero(mask)]


def hashed(text: str) -> str:
    """A fixed random order for names: 64 hex digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
