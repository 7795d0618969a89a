"""Labels that come in a file, as answers to be recorded.

A label given elsewhere is an import here, whatever it was there: nobody drew its message by our
rule, so `chosen` says `import:` and then the file's own word. A message that is new comes with
its label, π = 1. Of a message that is here already, a label that was exported from here is known;
one that was changed in the file is a correction of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from classifier.messages import GivenLabel, RawMessage
from classifier.pseudonyms import pseudonym
from classifier.redaction import redact
from service.database import chunks
from service.intake import Outcome, Receipt
from service.labels import Answer
from service.rounds import holds, label_of
from service.runtime import Runtime
from service.tables import LabelRow, MessageRow

DOOR: Final = "import"
CORRECTION: Final = "correction"
LONGEST_CHOSEN: Final = 20
PERSON_DIGITS: Final = 8
ORIGINS: Final = ("accepted", "changed", "manual")
LABELABLE: Final = (Outcome.STORED, Outcome.KNOWN)
Here = Mapping[int, Sequence[LabelRow]]
"""The labels of messages that are here already, oldest first."""


def settled(
    session: Session, messages: Sequence[RawMessage], receipts: Sequence[Receipt]
) -> list[Receipt]:
    """The receipts, where a message that was exported from here is known after all: it came back
    as we keep it, redacted, or with the very moment of its answer, whatever a spreadsheet made of
    its text."""
    ids = [each.message_id for each in receipts if each.outcome is Outcome.CONFLICT]
    kept: dict[int, MessageRow] = {}
    for some in chunks(ids):
        query = select(MessageRow).where(MessageRow.id.in_(some))
        kept |= {row.id: row for row in session.scalars(query)}
    here = _labels_here(session, ids)
    return [
        replace(receipt, outcome=Outcome.KNOWN)
        if receipt.message_id in kept
        and (_same(message, kept[receipt.message_id]) or _is_ours(message, here, receipt))
        else receipt
        for message, receipt in zip(messages, receipts, strict=True)
    ]


def _is_ours(message: RawMessage, here: Here, receipt: Receipt) -> bool:
    moments = {row.answered_at for row in here.get(receipt.message_id, ())}
    return any(given.answered_at in moments for given in message.given)


def _same(message: RawMessage, row: MessageRow) -> bool:
    return message.channel == row.channel and all(
        said.split() == kept.split()
        for said, kept in ((message.text, row.text), (message.subject, row.subject))
    )


def answers(
    session: Session,
    runtime: Runtime,
    messages: Sequence[RawMessage],
    receipts: Sequence[Receipt],
    *,
    person: str,
    now: datetime,
) -> list[Answer]:
    """What to record of labeled messages: who gave the label that holds goes first, because only
    the first one counts. `person` gave those of which nobody else is named."""
    labeled = [
        (message, receipt)
        for message, receipt in zip(messages, receipts, strict=True)
        if message.label is not None and receipt.inbound and receipt.outcome in LABELABLE
    ]
    here = _labels_here(
        session, [each.message_id for _, each in labeled if each.outcome is Outcome.KNOWN]
    )
    return [
        answer
        for message, receipt in labeled
        for answer in _Given(runtime, message, receipt, person, now).answers(here)
    ]


def _labels_here(session: Session, message_ids: Sequence[int]) -> Here:
    found: dict[int, list[LabelRow]] = defaultdict(list)
    for some in chunks(message_ids):
        query = select(LabelRow).where(LabelRow.message_id.in_(some))
        for row in session.scalars(query.order_by(LabelRow.answered_at, LabelRow.id)):
            found[row.message_id].append(row)
    return found


@dataclass(frozen=True, slots=True)
class _Given:
    """A message of a file, and what became of it."""

    runtime: Runtime
    message: RawMessage
    receipt: Receipt
    person: str
    now: datetime

    def answers(self, here: Here) -> Iterator[Answer]:
        label = self.message.label
        given = self.message.given or ((GivenLabel(label=label),) if label else ())
        rows = here.get(self.receipt.message_id, ())
        for each in _holding_first(given):
            if not _is_here(each, rows):
                yield self._correction(each) if _corrects(each, rows) else self._answer(each)

    def _answer(self, given: GivenLabel) -> Answer:
        key = self.runtime.secret
        person = pseudonym(given.person, key=key, kind="person") if given.person else ""
        reference = self.receipt.external_id
        return Answer(
            message_id=self.receipt.message_id,
            label=given.label,
            person=f"{DOOR}:{person}" if person else self.person,
            door=DOOR,
            door_ref=f"{reference}#{person[:PERSON_DIGITS]}" if given.name else reference,
            version=_version(given) or self.now.isoformat(),
            answered_at=given.answered_at or self.message.received_at or self.now,
            chosen=_chosen(given.chosen),
            origin=given.origin if given.origin in ORIGINS else "manual",
            note=redact(given.note, key=key),
            suggestion=redact(given.suggestion, key=key),
            personal_data=given.personal_data,
            came_with_message=self.receipt.outcome is Outcome.STORED,
        )

    def _correction(self, given: GivenLabel) -> Answer:
        """Made after it was exported: the file only knows when the label before it was given."""
        return replace(
            self._answer(given), chosen=CORRECTION, origin="manual", answered_at=self.now
        )


def _holding_first(given: Sequence[GivenLabel]) -> Iterable[GivenLabel]:
    """Each person's answers, oldest first; of whom gave the last of all, before anybody's."""
    last = given[-1].person
    return sorted(given, key=lambda each: each.person != last)


def _is_here(given: GivenLabel, rows: Sequence[LabelRow]) -> bool:
    return any(
        row.answered_at == given.answered_at and label_of(row) == given.label for row in rows
    )


def _corrects(given: GivenLabel, rows: Sequence[LabelRow]) -> bool:
    """Whether it is the label that holds here, changed."""
    current = [row for row in rows if row.current and holds(row)]
    if given.name or not current or given.answered_at is None:
        return False
    return current[-1].answered_at == given.answered_at


def _version(given: GivenLabel) -> str:
    return given.answered_at.isoformat() if given.name and given.answered_at else ""


def _chosen(word: str) -> str:
    """`import`, and after a colon how the file says that its message was chosen."""
    own = word.removeprefix(DOOR).removeprefix(":")
    return f"{DOOR}:{own}"[:LONGEST_CHOSEN] if own else DOOR
