"""How likely a text is Dutch, English or something else.

A naive Bayes model over byte n-grams (py3langid, restricted to languages that reach a Dutch help
desk) judges. Once there is much to read, its sums are done by a compiled loop; where the loop comes
close to an answer changing, the library is asked, so that there is one answer, the library's.
"""

import unicodedata
from typing import Any, Final, cast

import numpy as np

from classifier.background import Background

CANDIDATES: Final = ("nl", "en", "de", "fr", "es", "it", "pt", "pl", "tr", "ro", "uk", "ru", "ar")
PAYS: Final = 2000
"""Texts after which the library has taken longer than the loop takes to load."""
CLOSE: Final = 1e-3
"""Between probabilities: some hundred times what sums in another order can make of a difference."""

Probabilities = tuple[float, float, float]


class Identifier(Background[Any]):
    """py3langid's model, and after `PAYS` texts the loop that reads it faster, compiled meanwhile.

    `limits` are the probabilities at which an answer changes.
    """

    def __init__(self, limits: tuple[float, ...]) -> None:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        super().__init__(self._compiled, "compile-language", PAYS)
        self._limits = limits
        self._library = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        self._library.set_languages(CANDIDATES)

    def probabilities(self, text: str) -> Probabilities:
        """Of the likeliest language but Dutch and English, of Dutch, and of English, in [0, 1]."""
        if self.made(1) is None:
            return self.judged(text)
        found = self.summed(text)
        return self.judged(text) if self._is_close(*found) else found

    def judged(self, text: str) -> Probabilities:
        """What the library says."""
        ranked = dict(self._library.rank(text))
        dutch, english = ranked.pop("nl"), ranked.pop("en")
        return max(ranked.values()), dutch, english

    def summed(self, text: str) -> Probabilities:
        """What the loop says, the same but for rounding; `warm_up` has been called."""
        read = unicodedata.normalize("NFC", text.lower() if text.isupper() else text)
        data = np.frombuffer(read.encode("utf-8", "surrogatepass"), np.uint8)
        evidence, tables = cast("Any", self.made())
        found: Probabilities = evidence(tables, data)
        return found

    def _compiled(self) -> Any:
        """The loop and its tables."""
        from classifier.language.kernel import evidence, tables_of

        tables = tables_of(self._library)
        # Bytes cannot be written to, and for an array that could be it would be compiled anew.
        evidence(tables, np.frombuffer(b" ", np.uint8))
        return evidence, tables

    def _is_close(self, another: float, dutch: float, english: float) -> bool:
        """Whether rounding could change which of them is larger, or whether one is past a limit."""
        known = max(dutch, english)
        return (
            abs(dutch - english) < CLOSE
            or abs(another - known) < CLOSE
            or any(abs(another - limit) < CLOSE for limit in self._limits)
        )
