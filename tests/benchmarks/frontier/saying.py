"""Who says which drivers a message is about: Waarom, and the plain baselines, one round each."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import MultiLabelBinarizer
from sklearn.svm import LinearSVC

from classifier.judging import mention_columns
from classifier.messages import LabeledMessage, Prediction
from classifier.model import Model
from classifier.training import TrainingConfig, train
from tests.benchmarks.frontier.embeddings import KeptEncoder
from tests.benchmarks.frontier.fits import remembered_fits
from tests.benchmarks.frontier.mentioned import NOT_SAID, Mentioned, mentioned
from tests.benchmarks.frontier.mixed import MixedSet
from tests.benchmarks.frontier.ours import ENCODER, SPARSE
from tests.benchmarks.frontier.sets import Messages

WHOLE = f"{SPARSE}, whole messages only"
PLAIN = "TF-IDF words 1-2 + LinearSVC"
BALANCED = f"{PLAIN}, balanced classes"

Said = dict[str, Mentioned]
"""What each model says, by its name."""


def said_by_waarom(given: MixedSet, number: int, encoder: KeptEncoder | None) -> Said:
    """Waarom as `waarom train` makes it, and with an encoder if there is one."""
    configs = {SPARSE: TrainingConfig()}
    if encoder is not None:
        kept: Any = encoder
        configs[ENCODER] = TrainingConfig(encoder=kept)
    with remembered_fits():
        return {name: _waarom(given, number, config) for name, config in configs.items()}


def said_of_wholes(given: MixedSet, number: int, encoder: KeptEncoder | None) -> Said:
    """The same without an encoder, and without looking at sentences, in training either."""
    with read_whole():
        return {WHOLE: _waarom(given, number, TrainingConfig())}


@contextmanager
def read_whole() -> Iterator[None]:
    """While it lasts, nothing is cut into sentences."""
    from classifier.mentions import pieces

    usual = pieces.sentences
    pieces.sentences = lambda text: []
    try:
        yield
    finally:
        pieces.sentences = usual


def said_by_plain(given: MixedSet, number: int, encoder: KeptEncoder | None) -> Said:
    """One linear classifier a driver, untuned, yes or no, on words and pairs of words."""
    return {
        PLAIN: _plain(given, number, LinearSVC()),
        BALANCED: _plain(given, number, LinearSVC(class_weight="balanced")),
    }


MODELS: Mapping[str, Callable[[MixedSet, int, KeptEncoder | None], Said]] = {
    "Waarom": said_by_waarom,
    "whole": said_of_wholes,
    "plain": said_by_plain,
}


def _waarom(given: MixedSet, number: int, config: TrainingConfig) -> Mentioned:
    rest, judged = given.rounds[number]
    model = train(rest, given.taxonomy, config=config).model
    predictions = model.predict([message.text for message in judged])
    found = mentioned(
        judged,
        given.drivers,
        [_chosen(each) for each in predictions],
        [each.driver for each in predictions],
        _likely(model, predictions, given.drivers),
    )
    return _worded(found, given, judged, predictions)


def _chosen(prediction: Prediction) -> list[str]:
    """The drivers said of a message; of a model that knows one a message, that one if likelier
    than none."""
    if prediction.mentions:
        return [mention.driver for mention in prediction.mentions if mention.chosen]
    return [prediction.driver] if prediction.confidence > prediction.unknown else []


def _likely(
    model: Model, predictions: Sequence[Prediction], drivers: Sequence[str]
) -> np.ndarray | None:
    """How likely messages are to be about each driver (n, k)."""
    likely, _ = mention_columns(predictions)
    if likely is None:
        return None
    column = {driver: at for at, driver in enumerate(drivers)}
    found = np.zeros((len(predictions), len(drivers)))
    for at, driver in enumerate(model.drivers):
        if driver in column:
            found[:, column[driver]] = likely[:, at]
    return found


def _worded(
    found: Mentioned,
    given: MixedSet,
    messages: Sequence[LabeledMessage],
    predictions: Sequence[Prediction],
) -> Mentioned:
    """The same, knowing how the other drivers of sample mails are worded and where they stand."""
    column = {driver: at for at, driver in enumerate(given.drivers)}
    late, placed = found.late.copy(), found.placed.copy()
    for row, (message, prediction) in enumerate(zip(messages, predictions, strict=True)):
        also = [column.get(driver, NOT_SAID) for driver in message.label.also]
        for at, is_late in zip(also, given.late.get(message.message_id, ()), strict=False):
            late[row, at] |= is_late and at >= 0
        spans = {each.driver: each.spans for each in prediction.mentions if each.chosen}
        places = given.paragraphs.get(message.message_id, ())
        for driver, place in zip(message.label.also, places, strict=False):
            if spans.get(driver):
                placed[row, column[driver]] = is_placed(message.text, spans[driver], place)
    return replace(found, late=late, placed=placed)


def is_placed(text: str, spans: Sequence[tuple[int, int]], paragraph: int) -> bool:
    """Whether all spans stand in the paragraph of that number."""
    before = text.split("\n\n")[: paragraph + 1]
    end = len("\n\n".join(before))
    begin = end - len(before[-1])
    return all(begin <= start and stop <= end for start, stop in spans)


def _plain(given: MixedSet, number: int, machine: LinearSVC) -> Mentioned:
    rest, judged = given.rounds[number]
    words = TfidfVectorizer(ngram_range=(1, 2))
    rows, asked = words.fit_transform(_texts(rest)), words.transform(_texts(judged))
    drivers = MultiLabelBinarizer()
    named = drivers.fit_transform([message.label.drivers for message in rest])
    classes = [str(each) for each in drivers.classes_]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        scores = OneVsRestClassifier(machine).fit(rows, named).decision_function(asked)
    chosen = [[classes[at] for at in np.flatnonzero(row > 0)] for row in scores]
    likeliest = [classes[at] for at in scores.argmax(axis=1)]
    return _late(mentioned(judged, given.drivers, chosen, likeliest), given, judged)


def _late(found: Mentioned, given: MixedSet, messages: Messages) -> Mentioned:
    empty = np.zeros(0)
    nothing = [Prediction((), empty, 0.0) for _ in messages]
    return _worded(found, given, messages, nothing)


def _texts(messages: Messages) -> list[str]:
    return [message.text for message in messages]
