"""The peers: what one would use instead, each by its own library and with settings that suit it.

Settings were chosen on one fold of BANKING77's training file: nine of fastText, two of spaCy.
"""

import re
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from tests.benchmarks.frontier.embeddings import KeptEncoder
from tests.benchmarks.frontier.judged import Judged, joined, judged
from tests.benchmarks.frontier.sets import MessageSet

Said = tuple[Sequence[str], np.ndarray]
"""The likeliest driver of each message (n), and how sure it is of that (n,)."""

MANY = 20_000
"""From so many messages on, fastText takes a quarter of its epochs, to bound the time."""

PIECES = re.compile(r"\w+|[^\w\s]")


def predictions(model: Any, rows: Any) -> Said:
    """What a fitted scikit-learn classifier says."""
    method = "predict_proba" if hasattr(model, "predict_proba") else "decision_function"
    scores = getattr(model, method)(rows)
    if scores.ndim == 1:
        scores = np.stack([-scores, scores], axis=1)
    return [str(model.classes_[at]) for at in scores.argmax(axis=1)], scores.max(axis=1)


def tfidf(classifier: Any) -> Callable[..., Said]:
    """Words and pairs of words, TF-IDF, and a linear classifier."""

    def run(texts: Sequence[str], drivers: Sequence[str], asked: Sequence[str], **_: Any) -> Said:
        model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), classifier())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(texts, drivers)
        return predictions(model, asked)

    return run


def minilm(
    texts: Sequence[str],
    drivers: Sequence[str],
    asked: Sequence[str],
    *,
    encoder: KeptEncoder,
    **_: Any,
) -> Said:
    """The encoder as it is, and a logistic regression on its embeddings."""
    model = LogisticRegression(C=20, max_iter=1000)
    model.fit(encoder.encode(texts), drivers)
    return predictions(model, encoder.encode(asked))


def fasttext(texts: Sequence[str], drivers: Sequence[str], asked: Sequence[str], **_: Any) -> Said:
    """fastText's own classifier; it reads its training lines from a file."""
    import fasttext as library

    names = sorted(set(drivers))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "train.txt"
        pairs = zip(drivers, texts, strict=True)
        lines = (f"__label__{names.index(driver)} {_pieces(text)}\n" for driver, text in pairs)
        file.write_text("".join(lines), encoding="utf-8")
        model = _calmest(library, file, _epochs(100, len(texts)))
    labels, sure = model.predict([_pieces(text) for text in asked])
    said = [names[int(each[0].removeprefix("__label__"))] if each else names[0] for each in labels]
    return said, np.array([each[0] if len(each) else 0.0 for each in sure])


def _calmest(library: Any, file: Path, epochs: int) -> Any:
    """Trained at the best rate, or the next lower one at which it does not diverge."""
    for rate in (0.5, 0.25, 0.1, 0.05):
        try:
            return library.train_supervised(
                str(file),
                lr=rate,
                epoch=epochs,
                dim=50,
                wordNgrams=2,
                minn=2,
                maxn=5,
                bucket=200_000,
                thread=1,
                verbose=0,
            )
        except RuntimeError as error:
            said = error
    raise said


def spacy(
    texts: Sequence[str],
    drivers: Sequence[str],
    asked: Sequence[str],
    *,
    language: str,
    **_: Any,
) -> Said:
    """spaCy's bag-of-words text categorizer on a blank pipeline."""
    import spacy as library
    from spacy.training import Example
    from spacy.util import fix_random_seed, minibatch

    fix_random_seed(0)
    names = sorted(set(drivers))
    nlp = library.blank(language)
    categorizer: Any = nlp.add_pipe("textcat", config={"model": BAG_OF_WORDS})
    for name in names:
        categorizer.add_label(name)
    examples = [
        Example.from_dict(nlp.make_doc(text), {"cats": {each: each == driver for each in names}})
        for text, driver in zip(texts, drivers, strict=True)
    ]
    optimizer = nlp.initialize(lambda: examples[:100])
    optimizer.learn_rate = 0.01
    for epoch in range(4):
        Random(epoch).shuffle(examples)
        for batch in minibatch(examples, 256):
            nlp.update(batch, sgd=optimizer)
    scores = np.array([[doc.cats[name] for name in names] for doc in nlp.pipe(asked)])
    return [names[at] for at in scores.argmax(axis=1)], scores.max(axis=1)


BAG_OF_WORDS = {
    "@architectures": "spacy.TextCatBOW.v3",
    "exclusive_classes": True,
    "ngram_size": 2,
    "no_output_layer": False,
    "length": 262_144,
}

MINILM = "MiniLM + LogisticRegression C=20"
SVC = "TF-IDF words 1-2 + LinearSVC"
PEERS: Mapping[str, Callable[..., Said]] = {
    "TF-IDF words 1-2 + LogisticRegression": tfidf(LogisticRegression),
    "TF-IDF words 1-2 + LogisticRegression C=20": tfidf(
        lambda: LogisticRegression(C=20, max_iter=1000)
    ),
    SVC: tfidf(LinearSVC),
    "fastText": fasttext,
    "spaCy textcat BOW": spacy,
    MINILM: minilm,
}
NEEDS = {"fastText": "fasttext", "spaCy textcat BOW": "spacy", MINILM: "onnxruntime"}
"""The package without which a peer's row says that it is not installed."""


def is_installed(peer: str) -> bool:
    return peer not in NEEDS or find_spec(NEEDS[peer]) is not None


def judged_peer(peer: str, messages: MessageSet, encoder: KeptEncoder | None) -> Judged:
    """Train a peer on a set and judge it, fold by fold where there is no test file.

    A driver that only a judged fold has is counted all the same, as it is for every model.
    """
    found = []
    for train, test in messages.rounds():
        drivers = [str(message.label.primary) for message in train]
        said, sure = PEERS[peer](
            [str(message.text) for message in train],
            drivers,
            [str(message.text) for message in test],
            encoder=encoder,
            language=messages.source.language,
        )
        found.append(judged(test, messages.known, said, sure))
    return joined(found)


def _pieces(text: str) -> str:
    return " ".join(PIECES.findall(text.lower()))


def _epochs(usual: int, n: int) -> int:
    return usual if n < MANY else usual // 4
