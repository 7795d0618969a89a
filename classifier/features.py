"""The vectorizer: words and pieces of words, weighed. The only class of ours inside a pickle."""

from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.utils.validation import check_is_fitted

WORD = r"(?u)\b\w+\b"
SMALL = 1000
"""With fewer texts than this, n-grams that occur in only one of them are kept, too."""


class NgramFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Sublinear TF-IDF of word n-grams beside that of character n-grams within words.

    Each half has length 1, so that neither drowns the other. Lower-cased; 32-bit.

    Parameters
    ----------
    word_range : (int, int), default=(1, 2)
        Shortest and longest run of words.
    character_range : (int, int), default=(2, 5)
        Shortest and longest run of characters; runs stay within a word and its two edges.
    minimum_texts : int, default=2
        N-grams in fewer texts are dropped, except when there are few texts to learn from.
    most_words, most_characters : int, default=40_000 and 80_000
        At most so many n-grams of each kind, the most frequent ones: what bounds memory.
    longest_text : int, default=20_000
        Characters of a text that are looked at; the rest of an endless message says little more.

    Attributes
    ----------
    words_, characters_ : TfidfVectorizer or None
        The fitted halves; None where no text had anything for it.
    """

    def __init__(
        self,
        word_range: tuple[int, int] = (1, 2),
        character_range: tuple[int, int] = (2, 5),
        minimum_texts: int = 2,
        most_words: int = 40_000,
        most_characters: int = 80_000,
        longest_text: int = 20_000,
    ) -> None:
        self.word_range = word_range
        self.character_range = character_range
        self.minimum_texts = minimum_texts
        self.most_words = most_words
        self.most_characters = most_characters
        self.longest_text = longest_text

    def fit(self, X: Iterable[str], y: Any = None) -> Self:
        """Learn which n-grams occur in texts X (n,), and how rare they are.

        Raises ValueError when no text has a single word in it.
        """
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Iterable[str], y: Any = None, **ignored: Any) -> csr_matrix:
        """`fit`, then `transform` the same texts X (n,), reading them once."""
        texts = self._texts(X)
        self.words_, words = self._fitted(texts, "word", self.word_range, self.most_words)
        self.characters_, characters = self._fitted(
            texts, "char_wb", self.character_range, self.most_characters
        )
        return _beside([words, characters])

    def transform(self, X: Iterable[str]) -> csr_matrix:
        """Texts (n,) as rows of a sparse (n, features) 32-bit matrix; nothing known is all 0."""
        check_is_fitted(self)
        texts = self._texts(X)
        return _beside([half.transform(texts) for half in self._halves()])

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """The n-grams in column order, as `word:late` and `characters: lat`."""
        check_is_fitted(self)
        names = [
            f"{kind}:{name}"
            for kind, half in (("word", self.words_), ("characters", self.characters_))
            if half is not None
            for name in half.get_feature_names_out()
        ]
        return np.array(names, dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "words_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    def _halves(self) -> list[TfidfVectorizer]:
        return [half for half in (self.words_, self.characters_) if half is not None]

    def _texts(self, X: Iterable[str]) -> list[str]:
        if isinstance(X, str):
            raise ValueError("Iterable over raw text documents expected, string object received.")
        return [text[: self.longest_text] for text in X]

    def _fitted(
        self, texts: Sequence[str], analyzer: str, lengths: tuple[int, int], most: int
    ) -> tuple[TfidfVectorizer | None, csr_matrix | None]:
        vectorizer = TfidfVectorizer(
            analyzer=analyzer,
            ngram_range=lengths,
            token_pattern=WORD if analyzer == "word" else None,
            min_df=self.minimum_texts if len(texts) >= SMALL else 1,
            max_features=most,
            sublinear_tf=True,
            dtype=np.float32,
        )
        try:
            return vectorizer, vectorizer.fit_transform(texts)
        except ValueError as error:
            if "vocabulary" not in str(error) and "no terms remain" not in str(error):
                raise
            return None, None


def _beside(halves: list[csr_matrix | None]) -> csr_matrix:
    found = [half for half in halves if half is not None]
    if not found:
        raise ValueError("there is no word in any of these texts to learn from")
    return found[0] if len(found) == 1 else hstack(found, format="csr", dtype=np.float32)
