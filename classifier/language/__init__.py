"""Dutch, English or another language.

detection.py    what others use: `detect_language`, `warm_up`
identifier.py   how likely the languages are: py3langid, read faster once there is much to read
kernel.py       the loop that is faster, compiled to machine code
"""

from classifier.language.detection import detect_language, warm_up

__all__ = ["detect_language", "warm_up"]
