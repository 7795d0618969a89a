"""Files of labeled messages to rows to learn from or to judge by, cleaned and redacted."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from classifier.cleaning import clean
from classifier.errors import TooFewLabels
from classifier.language import detect_language
from classifier.messages import Direction, LabeledMessage, RawMessage, RedactedText
from classifier.readers import read_messages
from classifier.redaction import pseudonym, redact
from classifier.text import in_holdout, text_key
from service.secret import load_secret
from service.settings import Settings
from service.sizes import within
from service.terms import classified_text
from service.training_rows import TrainingRow

Progress = Callable[[str], None]
ROWS_A_LINE = 10_000


@dataclass(frozen=True, slots=True)
class LabeledFile:
    """The usable rows of a file (n ≥ 1), and a sentence about those left out, if any."""

    rows: list[TrainingRow]
    remarks: tuple[str, ...]

    @property
    def messages(self) -> list[LabeledMessage]:
        return [row.message for row in self.rows]


def read_labeled(
    settings: Settings, path: Path, unknown_label: str, *, progress: Progress
) -> LabeledFile:
    """Every inbound message of a file with its label. Raises `BadFile`, or `TooFewLabels` when no
    row can be used."""
    key = load_secret(settings)
    rows: list[TrainingRow] = []
    rejected: list[str] = []
    read = read_messages(path, unknown_label=unknown_label, labels=True, timezone=settings.timezone)
    for number, row in enumerate(within(read, settings.max_message_bytes), start=1):
        if not isinstance(row, RawMessage):
            rejected.append(f"line {row.line}, {row.field}: {row.reason}")
        elif row.direction is Direction.INBOUND:
            rows.append(_training_row(row, number, key))
        if number % ROWS_A_LINE == 0:
            progress(f"{number:,} rows read")
    first = f"; the first: {rejected[0]}" if rejected else ""
    if not rows:
        raise TooFewLabels(f"{path}: no row could be used ({len(rejected):,} rejected{first})")
    remark = f"{path}: {len(rejected):,} of its rows could not be used{first}."
    return LabeledFile(rows, (remark,) if rejected else ())


def _training_row(raw: RawMessage, number: int, key: bytes) -> TrainingRow:
    message = clean(raw)
    text = RedactedText(
        classified_text(redact(message.subject, key=key), redact(message.text, key=key))
    )
    assert message.label is not None  # noqa: S101 - the reader was asked for labels
    customer = pseudonym(message.customer, key=key, kind="customer") if message.customer else None
    labeled = LabeledMessage(
        text=text,
        label=message.label,
        message_id=redact(message.external_id or f"row-{number}", key=key),
        group=customer or text_key(text, key=key),
        channel=message.channel,
        language=message.language or detect_language(text),
        received_at=message.received_at,
        inclusion=message.given[-1].inclusion if message.given else None,
    )
    return TrainingRow(labeled, in_holdout(text, key=key, customer=customer))
