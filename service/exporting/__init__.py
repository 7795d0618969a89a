"""Labels out of the store, as a stream: one row a message that has any.

rows.py      what is told of each, read a page at a time
formats.py   CSV, JSON lines, Label Studio's JSON, JSON lines for Hugging Face datasets
files.py     a file that appears whole or not at all
"""

from service.exporting.files import Exported, export_file, export_to
from service.exporting.formats import FORMATS, LabelFormat
from service.exporting.rows import ExportedLabel, Picked, exported

__all__ = [
    "FORMATS",
    "Exported",
    "ExportedLabel",
    "LabelFormat",
    "Picked",
    "export_file",
    "export_to",
    "exported",
]
