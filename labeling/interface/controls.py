"""The names of controls and choices, which never change: answers are stored under them."""

from typing import Final

PRIMARY: Final = "primary"
LIKELY: Final = "likely"
ALSO: Final = "also"
SUGGESTION: Final = "suggestion"
PERSONAL_DATA: Final = "personal_data"
"""The control, and what is stored when it is ticked."""
NOTE: Final = "note"
TEXT: Final = "text"
ANOTHER: Final = "another driver"
"""What is stored of `likely` when none of them is meant; no driver has a space in its id."""

HOTKEYS: Final = "1234567890qwert"
MOST_BUTTONS: Final = 15
MOST_LIKELY: Final = 5
ANOTHER_HOTKEY: Final = "0"
UNKNOWN_HOTKEY: Final = "u"
PERSONAL_DATA_HOTKEY: Final = "p"
