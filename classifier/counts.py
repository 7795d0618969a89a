"""N-grams of many texts counted once, for everyone who learns from some of them and judges others.

Cross-validation reads every text many times over. What depends on the text alone, the n-grams in
it, is counted here once; what depends on its company, which n-grams are kept and how rare they are,
is found anew for each part of the texts.
"""

from collections.abc import Sequence
from threading import Lock
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

from classifier.features import SMALL, WORD, WORDS, CharacterFeatures, StemPairs, words_of
from classifier.stems import stem

MANY: Final = 6 * SMALL
"""From so many texts on, n-grams in only one of them are dropped: no part of `SMALL` texts or more
would keep them, and they are most of what there is. Smaller parts cannot be asked for then."""


class Counts:
    """How often each n-gram occurs in each of the distinct `texts` (n ≥ 1), counted when a block of
    features first asks for it. Safe to share by threads."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = list(dict.fromkeys(texts))
        self._row = {text: row for row, text in enumerate(self._texts)}
        self._found: dict[tuple[Any, int], csr_matrix] = {}
        self._tokens: dict[int, Tokens] = {}
        self._lock = Lock()

    def covers(self, part: int) -> bool:
        """Whether so many of the texts can be learned from by these counts."""
        return part >= SMALL or len(self._texts) < MANY

    def rows(
        self, block: Any, longest: int, learned: Sequence[str], judged: Sequence[str]
    ) -> tuple[csr_matrix | None, csr_matrix | None]:
        """Rows of texts to learn from (m) and to judge, by one of `NgramFeatures.blocks(m)`.

        As if it were fitted on the first, looking at the `longest` characters of each that come
        first. None where those have nothing for it.
        """
        with self._lock:
            counts = self._counted(block, longest)
        known = counts[self._at(learned)]
        kept = _kept(block, known)
        if not len(kept):
            return None, None
        weights = TfidfTransformer(sublinear_tf=True)
        rows = weights.fit_transform(known[:, kept])
        return rows, weights.transform(counts[self._at(judged)][:, kept], copy=False)

    def _at(self, texts: Sequence[str]) -> NDArray[np.intp]:
        return np.array([self._row[text] for text in texts], dtype=np.intp)

    def _counted(self, block: Any, longest: int) -> csr_matrix:
        """Counts (n, n-grams in alphabetical order)."""
        name = _reading(block), longest
        if name not in self._found:
            counts = self._count(block, longest)
            if len(self._texts) >= MANY:
                counts = counts[:, np.flatnonzero(counts.getnnz(axis=0) > 1)]
            self._found[name] = counts
        return self._found[name]

    def _count(self, block: Any, longest: int) -> csr_matrix:
        texts = [text[:longest] for text in self._texts]
        if isinstance(block, CharacterFeatures):
            return _pieces(block, texts)
        if longest not in self._tokens:
            self._tokens[longest] = Tokens.of(texts)
        if isinstance(block.analyzer, StemPairs):
            return _pairs(block.analyzer.reach, self._tokens[longest])
        if block.ngram_range[1] > 2:
            counter = CountVectorizer(
                token_pattern=WORD, ngram_range=block.ngram_range, dtype=np.float32
            )
            return counter.fit_transform(texts)
        return _runs(block.ngram_range, self._tokens[longest])


class Tokens(NamedTuple):
    """The words of n texts, in reading order: the distinct ones in alphabetical order, the number
    of each (t,) among them, and the text (t,) it stands in."""

    words: list[str]
    numbers: NDArray[np.int64]
    text: NDArray[np.int64]
    texts: int

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Tokens":
        first: dict[str, int] = {}
        found = [
            [first.setdefault(word, len(first)) for word in WORDS.findall(text.lower())]
            for text in texts
        ]
        text = np.repeat(np.arange(len(texts)), [len(each) for each in found])
        seen = np.array([number for each in found for number in each], dtype=np.int64)
        words, rank = _ranked(list(first))
        return cls(words, rank[seen], text, len(texts))

    def stemmed(self) -> "Tokens":
        """The same of the words' stems."""
        stems = [stem(word) for word in self.words]
        distinct = sorted(set(stems))
        place = {each: number for number, each in enumerate(distinct)}
        number = np.array([place[each] for each in stems], dtype=np.int64)
        return Tokens(distinct, number[self.numbers], self.text, self.texts)

    def apart(self, distance: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Positions of words, and of those so many words further on in the same text."""
        here = np.arange(len(self.numbers) - distance)
        here = here[self.text[here] == self.text[here + distance]]
        return here, here + distance


def _ranked(words: list[str]) -> tuple[list[str], NDArray[np.int64]]:
    """Distinct words in alphabetical order, and the place of each in it."""
    order = sorted(range(len(words)), key=words.__getitem__)
    rank = np.empty(len(words), dtype=np.int64)
    rank[order] = np.arange(len(words))
    return [words[number] for number in order], rank


def _runs(lengths: tuple[int, int], tokens: Tokens) -> csr_matrix:
    """Counts (n, runs of one and of two words, as far as asked for)."""
    base = len(tokens.words) + 1
    keys, texts = [], []
    if lengths[0] == 1:
        keys.append(tokens.numbers * base)
        texts.append(tokens.text)
    if lengths[1] == 2:
        here, there = tokens.apart(1)
        keys.append(tokens.numbers[here] * base + tokens.numbers[there] + 1)
        texts.append(tokens.text[here])
    return _table(keys, texts, tokens.texts)[1]


def _pairs(reach: int, tokens: Tokens) -> csr_matrix:
    """Counts (n, stems and pairs of stems) as `StemPairs` cuts them: pairs count once a text."""
    stems = tokens.stemmed()
    base = len(stems.words) + 1
    keys, texts = [stems.numbers * base], [stems.text]
    for distance in range(1, reach + 1):
        here, there = (stems.numbers[each] for each in stems.apart(distance))
        keys.append(np.minimum(here, there) * base + np.maximum(here, there) + 1)
        texts.append(stems.text[stems.apart(distance)[0]])
    names, counts = _table(keys, texts, stems.texts)
    counts.data[names[counts.indices] % base > 0] = 1.0
    return counts


def _table(
    keys: list[NDArray[np.int64]], texts: list[NDArray[np.int64]], n: int
) -> tuple[NDArray[np.int64], csr_matrix]:
    """The distinct keys in ascending order, and how often each occurs in each text (n, keys).

    A key is the first word's number times one more than there are words, and of a pair the
    second's number and one. Word characters all come after the blank between two words: the order
    of the keys is that of the n-grams as scikit-learn spells them.
    """
    names, columns = np.unique(np.concatenate(keys), return_inverse=True)
    rows = np.concatenate(texts)
    ones = np.ones(len(rows), dtype=np.float32)
    counts = csr_matrix((ones, (rows, columns)), shape=(n, len(names)))
    counts.sum_duplicates()
    return names, counts


def _pieces(block: CharacterFeatures, texts: Sequence[str]) -> csr_matrix:
    """Counts (n, runs of characters within words)."""
    words, occurrences = words_of(texts)
    return occurrences @ block.cutter().fit_transform(words or [" x "])


def _reading(block: Any) -> tuple[Any, ...]:
    """What a block reads of a text, whatever it keeps of that."""
    if isinstance(block, CharacterFeatures):
        return "characters", block.lengths
    return block.analyzer, block.ngram_range


def _kept(block: Any, counts: csr_matrix) -> NDArray[np.intp]:
    """The columns that a block fitted on texts with these counts (m, n-grams) keeps."""
    if isinstance(block, CharacterFeatures):
        return block.kept(counts)
    found = np.flatnonzero(counts.getnnz(axis=0) >= block.min_df)
    if len(found) > block.max_features:
        total = np.asarray(counts.sum(axis=0)).ravel()[found]
        # As scikit-learn breaks ties, down to the algorithm.
        found = np.sort(found[(-total).argsort()[: block.max_features]])
    return found
