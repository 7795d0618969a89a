"""Files of messages into the store: streamed, in small transactions, safe to run twice."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from classifier.messages import Label, PassedOver, RawMessage, Rejected
from classifier.readers import read_messages
from classifier.redaction import pseudonym, redact
from classifier.taxonomy import Taxonomy, flat_taxonomy
from service.database import take_turn
from service.errors import UnknownDriver
from service.given_labels import answers, settled
from service.intake import Outcome, Receipt, receive
from service.labels import check_label, record
from service.runtime import Runtime, taxonomy_in_use, use_taxonomy
from service.sizes import within
from service.tables import RejectRow

BATCH = 1000
LONGEST_DRIVER = 100
LONGEST_FILE, LONGEST_REASON = 200, 500
EARLIER_LABEL = "another answer than the newest names a driver that is not in the taxonomy"
KNOWN_OTHERWISE = "another message with this id and another content is stored; it was kept"
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """How to read the files. `draw_since`: older messages are predicted but never asked about."""

    channel: str | None = None
    labels: bool = False
    label_from: str | None = None
    unknown_label: str = "unknown"
    draw_since: datetime | None = None
    person: str = "import"


@dataclass(slots=True)
class ImportReport:
    """What became of the rows; every row is in exactly one of the first five counts."""

    stored: int = 0
    known: int = 0
    conflicts: int = 0
    rejected: int = 0
    set_aside: int = 0
    labels: int = 0
    passed_over: int = 0
    derived_taxonomy: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


def import_files(
    runtime: Runtime,
    paths: Sequence[Path],
    options: ImportOptions,
    *,
    now: datetime,
    progress: Progress = lambda rows: None,
) -> ImportReport:
    """Import files one after the other; bad rows are kept aside by place and reason.

    Without a taxonomy, labels make a flat one. Raises `BadFile` for a file that cannot be read.
    """
    report = ImportReport()
    if options.labels:
        report.derived_taxonomy = _derive_taxonomy(runtime, paths, options, now)
    rows = (row for path in paths for row in _read(runtime, path, options))
    import_messages(runtime, rows, options, now=now, progress=progress, report=report)
    return report


def import_messages(
    runtime: Runtime,
    rows: Iterable[RawMessage | Rejected],
    options: ImportOptions,
    *,
    now: datetime,
    progress: Progress = lambda rows: None,
    report: ImportReport | None = None,
) -> ImportReport:
    """Import messages that were read already, a thousand in a transaction."""
    report = report or ImportReport()
    seen: Counter[str] = Counter()
    for some in _batches(rows):
        _import_batch(runtime, some, options, report, seen, now)
        progress(len(some))
    return report


def default_draw_since(runtime: Runtime, now: datetime) -> datetime:
    return now - timedelta(days=runtime.settings.draw_since_days)


def _read(runtime: Runtime, path: Path, options: ImportOptions) -> Iterator[RawMessage | Rejected]:
    read = read_messages(
        path,
        channel=options.channel,
        unknown_label=options.unknown_label,
        labels=options.labels,
        label_from=options.label_from,
        timezone=runtime.settings.timezone,
    )
    return within(read, runtime.settings.max_message_bytes)


def _batches(items: Iterable[RawMessage | Rejected]) -> Iterator[list[RawMessage | Rejected]]:
    iterator = iter(items)
    while batch := list(islice(iterator, BATCH)):
        yield batch


def _import_batch(
    runtime: Runtime,
    rows: Sequence[RawMessage | Rejected],
    options: ImportOptions,
    report: ImportReport,
    seen: Counter[str],
    now: datetime,
) -> None:
    report.passed_over += sum(isinstance(row, PassedOver) for row in rows)
    with runtime.writing() as session:
        taxonomy = taxonomy_in_use(session, runtime)
        messages, rejected = _sorted_out(rows, taxonomy, seen, runtime.secret)
        receipts = receive(session, runtime, messages, now=now, draw_since=options.draw_since)
        receipts = settled(session, messages, receipts)
        person = options.person
        given = answers(session, runtime, messages, receipts, person=person, now=now)
        labels = len(record(session, runtime, given, now=now))
        _keep_aside(session, [*rejected, *_conflicts(messages, receipts)], runtime.secret, now)
    outcomes = Counter(receipt.outcome for receipt in receipts)
    aside = sum(receipt.outcome is Outcome.STORED and not receipt.inbound for receipt in receipts)
    report.stored += outcomes[Outcome.STORED] - aside
    report.set_aside += aside
    report.known += outcomes[Outcome.KNOWN]
    report.conflicts += outcomes[Outcome.CONFLICT]
    report.labels += labels
    report.rejected += len(rejected)
    report.reasons.update(f"{each.field}: {each.reason}" for each in rejected)


def _sorted_out(
    rows: Sequence[RawMessage | Rejected], taxonomy: Taxonomy, seen: Counter[str], key: bytes
) -> tuple[list[RawMessage], list[Rejected]]:
    """Messages that can be stored, each with an external id, and those that cannot."""
    messages, rejected = [], []
    for row in rows:
        if isinstance(row, Rejected):
            if not isinstance(row, PassedOver):
                rejected.append(row)
            continue
        problem = _label_problem(row.label, taxonomy)
        if problem:
            rejected.append(_rejected(row, "label", problem))
            continue
        usable = [each for each in row.given if not _label_problem(each.label, taxonomy)]
        if len(usable) < len(row.given):
            rejected.append(_rejected(row, "label", EARLIER_LABEL))
            row = replace(row, given=tuple(usable))
        messages.append(row if row.external_id else _named_by_content(row, seen, key))
    return messages, rejected


def _rejected(row: RawMessage, field: str, reason: str) -> Rejected:
    file, _, line = row.source.rpartition(":")
    return Rejected(file, int(line) if line.isdecimal() else 0, field, reason)


def _conflicts(messages: Sequence[RawMessage], receipts: Sequence[Receipt]) -> Iterable[Rejected]:
    for message, receipt in zip(messages, receipts, strict=True):
        if receipt.outcome is Outcome.CONFLICT:
            yield _rejected(message, "id", KNOWN_OTHERWISE)


def _label_problem(label: Label | None, taxonomy: Taxonomy) -> str:
    try:
        check_label(label or Label(None), taxonomy)
    except UnknownDriver:
        return "names a driver that is not in the taxonomy; correct it or add the driver"
    return ""


def _named_by_content(row: RawMessage, seen: Counter[str], key: bytes) -> RawMessage:
    """A row without an id is named by its content and how often that came before in its file, so
    that the same file imported twice stores nothing twice."""
    content = f"{row.channel}\n{row.received_at}\n{row.subject}\n{row.text}"
    name = pseudonym(content, key=key, kind="content")
    place = f"{row.source.rpartition(':')[0]}\n{name}"
    seen[place] += 1
    return replace(row, external_id=f"c-{name}-{seen[place]}")


def _keep_aside(session: Session, rejected: Iterable[Rejected], key: bytes, now: datetime) -> None:
    """Note where a row was kept aside and why, once however often its file is imported."""
    known: dict[str, set[tuple[int, str, str]]] = {}
    for each in rejected:
        file = redact(Path(each.file).name, key=key)[-LONGEST_FILE:]
        noted = known.setdefault(file, set()) or _noted(session, file)
        place = (each.line, each.field[:LONGEST_FILE], each.reason[:LONGEST_REASON])
        if place not in noted:
            line, field_, reason = place
            session.add(RejectRow(file=file, line=line, field=field_, reason=reason, made_at=now))
        known[file] = noted | {place}


def _noted(session: Session, file: str) -> set[tuple[int, str, str]]:
    query = select(RejectRow.line, RejectRow.field, RejectRow.reason)
    return {
        (line, of, why) for line, of, why in session.execute(query.where(RejectRow.file == file))
    }


def _derive_taxonomy(
    runtime: Runtime, paths: Sequence[Path], options: ImportOptions, now: datetime
) -> int:
    """Without a taxonomy file, the labels themselves are the drivers; how many were new."""
    if runtime.settings.taxonomy.exists():
        return 0
    found = {
        driver
        for path in paths
        for row in _read(runtime, path, options)
        if isinstance(row, RawMessage)
        for label in (row.label, *(each.label for each in row.given))
        for driver in (label.mentions if label else ())
        if _can_be_a_driver(driver, runtime.secret)
    }
    with runtime.writing() as session:
        take_turn(session)
        known = taxonomy_in_use(session, runtime)
        new = flat_taxonomy(found - set(known.by_id)).drivers
        use_taxonomy(session, replace(known, drivers=known.drivers + new), now=now)
    return len(new)


def _can_be_a_driver(name: str, key: bytes) -> bool:
    """Not a text that somebody put in the column of the labels."""
    return len(name) <= LONGEST_DRIVER and redact(name, key=key) == name
