"""Dutch, English or another language.

A naive Bayes model over byte n-grams (py3langid, restricted to languages that reach a Dutch help
desk) judges; a short text needs little evidence to be Dutch or English and much to be neither.
"""

from functools import cache
from typing import Any, Final

CANDIDATES: Final = ("nl", "en", "de", "fr", "es", "it", "pt", "pl", "tr", "ro", "uk", "ru", "ar")
DUTCH: Final = "nl"
ENGLISH: Final = "en"
OTHER: Final = "other"
LONGEST: Final = 400
"""Characters looked at: more do not change the answer."""
SHORT: Final = 25
"""Letters below which only near certainty makes a text neither Dutch nor English."""
LATIN_ENDS: Final = "\u024f"
"""The last letter of Latin Extended-B: letters beyond it belong to another script."""
ONE_WORD: Final = {
    **dict.fromkeys(("prima", "defect", "beter", "super", "nee", "ja"), DUTCH),
    **dict.fromkeys(("no", "nope", "yes", "hi", "nice", "excellent", "fantastic", "food"), ENGLISH),
}
"""Survey answers of one word that n-grams cannot place."""


def detect_language(text: str) -> str:
    """Dutch is "nl", English "en", anything else "other".

    Latin letters without evidence for any language are taken for Dutch; a text without letters,
    or mostly in another script, is "other". About 0.05 ms for a short text.
    """
    sample = text[:LONGEST].casefold()
    letters = sum(map(str.isalpha, sample))
    latin = sum(character.isalpha() and character <= LATIN_ENDS for character in sample)
    if 2 * latin <= letters:
        return OTHER
    return ONE_WORD.get(sample.strip(" .,!?\n\t")) or _likeliest(sample, letters)


def _likeliest(sample: str, letters: int) -> str:
    probabilities = dict(_identifier().rank(sample))
    dutch, english = probabilities[DUTCH], probabilities[ENGLISH]
    limit = 0.9 if letters < SHORT else 0.6
    if max(probabilities.values()) > max(limit, dutch, english):
        return OTHER
    return ENGLISH if english > dutch else DUTCH


@cache
def _identifier() -> Any:
    """The model, read once, on the first call (half a second)."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(CANDIDATES)
    return identifier
