"""Files and lines of any size: a driver and a decision per message, on every core.

files.py      a file of messages in, a file of drivers out
lines.py      the same for lines that are still being written
answering.py  what becomes of some rows: cleaned, redacted, judged, decided
formats.py    decided messages as bytes: CSV, JSON lines, Parquet
journal.py    how far a file has come, so that nothing is lost or done twice
workers.py    processes that share one model

Nothing written here holds message text, and a file appears whole or not at all.
"""

from classifier.scoring.answering import Predictor, Seconds
from classifier.scoring.files import Plan, ScoreReport, classify_file
from classifier.scoring.formats import COLUMNS
from classifier.scoring.journal import Progress
from classifier.scoring.lines import CHUNK, classify_lines

__all__ = [
    "CHUNK",
    "COLUMNS",
    "Plan",
    "Predictor",
    "Progress",
    "ScoreReport",
    "Seconds",
    "classify_file",
    "classify_lines",
]
