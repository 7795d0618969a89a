"""A taxonomy as a Label Studio labeling interface and as the instructions beside it. Pure.

page.py          the interface: the message, and the controls under it
controls.py      what they are called
told.py          what a task tells beside its message: the likeliest drivers, words, sentences
instructions.py  what every driver means
names.py         what drivers are called
words.py         what the page says, in Dutch and English
"""

from labeling.interface.controls import (
    ALSO,
    ANOTHER,
    LIKELY,
    MOST_BUTTONS,
    MOST_LIKELY,
    NOTE,
    PERSONAL_DATA,
    PRIMARY,
    SUGGESTION,
    TEXT,
)
from labeling.interface.instructions import instructions
from labeling.interface.page import labeling_interface
from labeling.interface.told import (
    MOST_CHARACTERS,
    MOST_SENTENCES,
    because,
    disagreement,
    drivers_listed,
    likeliest,
    sentences,
    uses_tree,
)
from labeling.interface.words import Language

__all__ = [
    "ALSO",
    "ANOTHER",
    "LIKELY",
    "MOST_BUTTONS",
    "MOST_CHARACTERS",
    "MOST_LIKELY",
    "MOST_SENTENCES",
    "NOTE",
    "PERSONAL_DATA",
    "PRIMARY",
    "SUGGESTION",
    "TEXT",
    "Language",
    "because",
    "disagreement",
    "drivers_listed",
    "instructions",
    "labeling_interface",
    "likeliest",
    "sentences",
    "uses_tree",
]
