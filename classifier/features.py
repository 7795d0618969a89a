"""The vectorizer: words and pieces of words, weighed. The only classes of ours inside a pickle."""

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import (
    CountVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.utils.validation import check_is_fitted

from classifier.stems import stem

WORD = r"(?u)\b\w+\b"
WORDS = re.compile(WORD)
EQUAL = (1.0, 1.0, 1.0)
SMALL = 1000
"""With fewer texts than this, n-grams that occur in only one of them are kept, too."""


class CharacterFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """What `TfidfVectorizer(analyzer="char_wb", sublinear_tf=True)` gives, several times faster.

    Such n-grams depend on their word alone, so each distinct word is cut up once; a text is the
    sum of its words.

    Parameters
    ----------
    lengths : (int, int), default=(2, 5)
        Shortest and longest run of characters.
    minimum_texts : int, default=1
        N-grams in fewer texts are dropped.
    most : int or None, default=None
        At most so many n-grams, the most frequent ones.

    Attributes
    ----------
    cutter_ : CountVectorizer
        Cuts words into the n-grams that were kept.
    weights_ : TfidfTransformer
        How rare each of them is.
    """

    def __init__(
        self, lengths: tuple[int, int] = (2, 5), minimum_texts: int = 1, most: int | None = None
    ) -> None:
        self.lengths = lengths
        self.minimum_texts = minimum_texts
        self.most = most

    def fit(self, X: Sequence[str], y: Any = None) -> Self:
        """Learn from texts X (n,). Raises ValueError when none has a character in it."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Sequence[str], y: Any = None, **ignored: Any) -> csr_matrix:
        """`fit`, then `transform` the same texts X (n,), reading them once."""
        words, occurrences = words_of(X)
        cutter = self.cutter()
        counts = occurrences @ cutter.fit_transform(words)
        kept = self.kept(counts)
        if not len(kept):
            raise ValueError("no terms remain")
        self.cutter_ = self.cutter(cutter.get_feature_names_out()[kept])
        self.weights_ = TfidfTransformer(sublinear_tf=True)
        return self.weights_.fit_transform(counts[:, kept])

    def transform(self, X: Sequence[str]) -> csr_matrix:
        """Texts (n,) as rows of a sparse (n, features) 32-bit matrix."""
        check_is_fitted(self)
        words, occurrences = words_of(X)
        counts = occurrences @ self.cutter_.transform(words or [""])
        return self.weights_.transform(counts)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """The n-grams in column order, a word's edges as spaces."""
        check_is_fitted(self)
        return np.asarray(self.cutter_.get_feature_names_out(), dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "weights_")

    def cutter(self, vocabulary: Any = None) -> CountVectorizer:
        """Cuts words into n-grams: those given, else all there are, in alphabetical order."""
        return CountVectorizer(
            analyzer="char_wb",
            ngram_range=self.lengths,
            lowercase=False,
            vocabulary=vocabulary,
            dtype=np.float32,
        )

    def kept(self, counts: csr_matrix) -> NDArray[np.intp]:
        """The columns of counts (n, all n-grams) in enough texts; the most frequent of those."""
        kept = np.flatnonzero(counts.getnnz(axis=0) >= self.minimum_texts)
        if self.most is not None and len(kept) > self.most:
            total = np.asarray(counts.sum(axis=0)).ravel()[kept]
            kept = np.sort(kept[np.argsort(-total, kind="stable")[: self.most]])
        return kept


def words_of(texts: Sequence[str]) -> tuple[list[str], csr_matrix]:
    """The w distinct words of the texts (n,), and how often each occurs in each (n, w)."""
    column: dict[str, int] = {}
    places = array("i")
    ends = [0]
    for text in texts:
        places.extend([column.setdefault(word, len(column)) for word in text.lower().split()])
        ends.append(len(places))
    ones = np.ones(len(places), dtype=np.float32)
    shape = (len(texts), max(len(column), 1))
    occurrences = csr_matrix((ones, np.frombuffer(places, dtype=np.int32), ends), shape=shape)
    return list(column), occurrences


@dataclass(frozen=True, slots=True)
class StemPairs:
    """Cuts a text into its stems, and the pairs of stems that stand near each other.

    A pair is unordered, named in alphabetical order, at most `reach` words apart, and counted
    once a text: "card … not … arrived" and "not arrived, my card" share two of theirs.
    """

    reach: int = 5

    def __call__(self, text: str) -> list[str]:
        stems = _stems_of(text)
        pairs = {
            _pair(first, second)
            for place, first in enumerate(stems)
            for second in stems[place + 1 : place + 1 + self.reach]
        }
        return stems + sorted(pairs)

    def places(self, text: str) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Each stem and pair of the text wherever it occurs, with the numbers of its words.

        Words are numbered from 0 as `WORDS` finds them in the lower-cased text.
        """
        stems = _stems_of(text)
        for place, first in enumerate(stems):
            yield first, (place,)
            for other in range(place + 1, min(place + 1 + self.reach, len(stems))):
                yield _pair(first, stems[other]), (place, other)


def _stems_of(text: str) -> list[str]:
    return [stem(word) for word in WORDS.findall(text.lower())]


def _pair(first: str, second: str) -> str:
    return f"{first} {second}" if first < second else f"{second} {first}"


class NgramFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Sublinear TF-IDF of word n-grams, of character n-grams within words, and of stem pairs.

    Each part has a fixed length, so that none drowns another. Lower-cased; 32-bit.

    Parameters
    ----------
    word_range : (int, int), default=(1, 2)
        Shortest and longest run of words.
    character_range : (int, int) or None, default=(2, 5)
        Shortest and longest run of characters within a word and its two edges; None for none.
    pair_reach : int, default=5
        How many words apart two stems may be to make a pair (see `StemPairs`); 0 for no stems.
    minimum_texts : int, default=2
        N-grams in fewer texts are dropped, except when there are few texts to learn from.
    most_words, most_characters, most_pairs : int, default=40_000, 80_000 and 80_000
        At most so many n-grams of each kind, the most frequent ones: what bounds memory.
    part_weights : (float, float, float), default=(0.7, 1.3, 1.0)
        The lengths of the three parts where there is more than one. Pieces of words weigh most:
        they say the most where labels are few or words are long, and no less elsewhere.
    longest_text : int, default=20_000
        Characters of a text that are looked at; the rest of an endless message says little more.

    Attributes
    ----------
    words_ : TfidfVectorizer or None
    characters_ : CharacterFeatures or None
    pairs_ : TfidfVectorizer or None
        The fitted parts, in column order; None where no text had anything for it.
    """

    def __init__(
        self,
        word_range: tuple[int, int] = (1, 2),
        character_range: tuple[int, int] | None = (2, 5),
        pair_reach: int = 5,
        minimum_texts: int = 2,
        most_words: int = 40_000,
        most_characters: int = 80_000,
        most_pairs: int = 80_000,
        part_weights: tuple[float, float, float] = (0.7, 1.3, 1.0),
        longest_text: int = 20_000,
    ) -> None:
        self.word_range = word_range
        self.character_range = character_range
        self.pair_reach = pair_reach
        self.minimum_texts = minimum_texts
        self.most_words = most_words
        self.most_characters = most_characters
        self.most_pairs = most_pairs
        self.part_weights = part_weights
        self.longest_text = longest_text

    def fit(self, X: Iterable[str], y: Any = None) -> Self:
        """Learn which n-grams occur in texts X (n,), and how rare they are.

        Raises ValueError when no text has a single word in it.
        """
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Iterable[str], y: Any = None, **ignored: Any) -> csr_matrix:
        """`fit`, then `transform` the same texts X (n,), reading them once."""
        texts = self.read(X)
        fitted = [fitted_block(block, texts) for block in self.blocks(len(texts))]
        self.words_, self.characters_, self.pairs_ = (part for part, _ in fitted)
        return self.beside([rows for _, rows in fitted])

    def transform(self, X: Iterable[str]) -> csr_matrix:
        """Texts (n,) as rows of a sparse (n, features) 32-bit matrix; nothing known is all 0."""
        check_is_fitted(self)
        texts = self.read(X)
        parts = (self.words_, self.characters_, self.pairs_)
        return self.beside([part.transform(texts) if part else None for part in parts])

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """The n-grams in column order, as `word:late`, `characters: lat` and `stems:lat paket`."""
        check_is_fitted(self)
        names = [
            f"{kind}:{name}"
            for kind, part in self._parts()
            for name in part.get_feature_names_out()
        ]
        return np.array(names, dtype=object)

    def read(self, X: Iterable[str]) -> list[str]:
        """What is looked at of each text of X (n,)."""
        if isinstance(X, str):
            raise ValueError("Iterable over raw text documents expected, string object received.")
        return [text[: self.longest_text] for text in X]

    def blocks(self, n: int) -> tuple[Any, Any, Any]:
        """Unfitted, for n texts to learn from: words, characters and stems; None for none."""
        minimum = self.minimum_texts if n >= SMALL else 1
        return (
            _word_features(self.word_range, minimum, self.most_words),
            CharacterFeatures(self.character_range, minimum, self.most_characters)
            if self.character_range
            else None,
            _pair_features(self.pair_reach, minimum, self.most_pairs) if self.pair_reach else None,
        )

    def beside(self, parts: Sequence[csr_matrix | None]) -> csr_matrix:
        """Rows (n, features) of the parts there are: words, characters and stems, weighed.

        Raises ValueError when there is none.
        """
        # A model saved before parts had weights has none.
        weights = getattr(self, "part_weights", EQUAL)
        found = [
            (part, weight) for part, weight in zip(parts, weights, strict=True) if part is not None
        ]
        if not found:
            raise ValueError("there is no word in any of these texts to learn from")
        if len(found) == 1:
            return found[0][0]
        weighed = [part * np.float32(weight) for part, weight in found]
        return hstack(weighed, format="csr", dtype=np.float32)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "words_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    def _parts(self) -> list[tuple[str, Any]]:
        """The fitted parts by kind, in column order."""
        parts = {"word": self.words_, "characters": self.characters_, "stems": self.pairs_}
        return [(kind, part) for kind, part in parts.items() if part is not None]


def _word_features(lengths: tuple[int, int], minimum: int, most: int) -> TfidfVectorizer:
    return TfidfVectorizer(
        ngram_range=lengths,
        token_pattern=WORD,
        min_df=minimum,
        max_features=most,
        sublinear_tf=True,
        dtype=np.float32,
    )


def _pair_features(reach: int, minimum: int, most: int) -> TfidfVectorizer:
    return TfidfVectorizer(
        analyzer=StemPairs(reach),
        min_df=minimum,
        max_features=most,
        sublinear_tf=True,
        dtype=np.float32,
    )


def fitted_block(block: Any, texts: Sequence[str]) -> tuple[Any, csr_matrix | None]:
    """The block and the rows of its texts (n,); neither when they have nothing for it."""
    if block is None:
        return None, None
    try:
        return block, block.fit_transform(texts)
    except ValueError as error:
        if "vocabulary" not in str(error) and "no terms remain" not in str(error):
            raise
        return None, None
