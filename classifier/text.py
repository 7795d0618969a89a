"""Text as a key: what makes two texts the same, and which side of the hold-out they are on."""

import re
import unicodedata
from typing import Final

from classifier.pseudonyms import pseudonym

HOLDOUT_SHARE: Final = 0.15
ORDER_CODE: Final = re.compile(r"\[order:[0-9a-f]{8}\]")
_MARK = r"[^\w\s€$£%+<>=#&@]"
PUNCTUATION: Final = re.compile(rf"{_MARK}{_MARK}*")
"""Not `+`: a pattern that begins with one character is searched for several times as fast."""


def normalized(text: str) -> str:
    """The text as compared: NFKC, casefolded, punctuation and runs of whitespace made one space.

    Codes of redacted order numbers are dropped, so that messages which differ in nothing but
    their order number are the same. A text of punctuation only is kept as it is.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    words = PUNCTUATION.sub(" ", ORDER_CODE.sub("[order]", folded).replace("_", " "))
    return " ".join(words.split()) or " ".join(folded.split())


def text_key(text: str, *, key: bytes) -> str:
    """16 hex digits, the same for texts that are the same once normalized."""
    return pseudonym(normalized(text), key=key, kind="text")


def in_holdout(
    text: str, *, key: bytes, customer: str | None = None, share: float = HOLDOUT_SHARE
) -> bool:
    """Whether a message is held out: never trained on, forever, by any version.

    Membership is a keyed hash, so it depends on nothing but the key and the message. Where the
    customer is known (pass the stored pseudonym) the customer decides, so that all messages of
    one customer are on one side; otherwise the normalized text decides, so that equal texts are.
    Both cannot hold at once: when two customers wrote the same words, the texts may be on both
    sides. Training therefore leaves out any message whose `text_key` occurs in the hold-out.

    `share` is the expected fraction held out, in [0, 1]; raising it only ever adds messages.
    """
    digits = pseudonym(customer, key=key, kind="holdout customer") if customer else ""
    digits = digits or pseudonym(normalized(text), key=key, kind="holdout text")
    return int(digits, 16) / 16.0 ** len(digits) < share
