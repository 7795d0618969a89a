"""What can go wrong in the classifier, as facts with fields.

WaaromError
├── BadFile(file, line, field, reason)        a file that cannot be read at all
├── BadTaxonomy(file, problems)               a taxonomy that cannot be used
├── TooFewLabels(found, needed)               not enough labelled messages to train on
├── ModelNotFound(folder)                     no model there
└── BadModel(folder, reason)                  a model folder that must not be loaded
"""

from pathlib import Path


class WaaromError(Exception):
    """Base of every error that carries one clear sentence for the person who meets it."""


class BadFile(WaaromError):
    def __init__(
        self, file: str | Path, reason: str, *, line: int | None = None, field: str | None = None
    ) -> None:
        self.file, self.reason, self.line, self.field = str(file), reason, line, field
        place = f"{file}" + (f", line {line}" if line else "") + (f", {field}" if field else "")
        super().__init__(f"{place}: {reason}")


class BadTaxonomy(WaaromError):
    def __init__(self, file: str | Path, problems: list[str]) -> None:
        self.file, self.problems = str(file), problems
        super().__init__(f"{file}: " + "; ".join(problems))


class TooFewLabels(WaaromError):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)


class ModelNotFound(WaaromError):
    def __init__(self, folder: str | Path, reason: str) -> None:
        self.folder = str(folder)
        super().__init__(f"{folder}: {reason}")


class BadModel(WaaromError):
    def __init__(self, folder: str | Path, reason: str) -> None:
        self.folder, self.reason = str(folder), reason
        super().__init__(f"{folder}: {reason}")
