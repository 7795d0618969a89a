"""Mail: one message per .eml file, or a folder of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage, MIMEPart
from email.policy import default as MAIL_POLICY
from email.utils import parseaddr, parsedate_to_datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from classifier.errors import BadFile
from classifier.messages import Direction, RawMessage, Rejected
from classifier.readers.columns import Columns, PortionSize, columns_of_messages
from classifier.readers.rows import YEARS, BadValue, Reading, Rows
from classifier.readers.sources import format_of, open_bytes

EMAIL: Final = "email"
ATTACHMENTS: Final = 10
"""A mail file may be this many times larger than the text in it may be."""
MESSAGE_ID: Final = re.compile(r"<[^<>\s]+>")
BOUNCE_SENDER: Final = re.compile(r"(?:mailer-daemon|postmaster)(?:@|$)", re.IGNORECASE)
BOUNCE_SUBJECT: Final = re.compile(
    r"\s*(?:undeliver(?:able|ed)\b|onbestelbaar\s*:|mail delivery (?:failed|failure|subsystem)"
    r"|delivery status notification|returned mail\b|failure notice|mail system error"
    r"|niet-bezorgbaar\s*:|(?:your )?message could not be delivered)",
    re.IGNORECASE,
)
AUTO_REPLY_SUBJECT: Final = re.compile(
    r"\s*(?:(?:re|antw|aw)\s*:\s*)*(?:automati(?:sch|c)e? (?:antwoord|reply|response|beantwoording)"
    r"|auto[- ]?(?:reply|response|antwoord)"
    r"|(?:ik ben )?(?:niet op kantoor|out of(?: the)? office)"
    r"|afwezigheids?(?:bericht|assistent|melding)|(?:afwezig|afwezigheid|vakantie|absence)\s*(?:$|:))",
    re.IGNORECASE,
)
AUTOMATIC_PRECEDENCE: Final = ("bulk", "junk", "auto_reply", "auto-reply")
AUTO_REPLY_HEADERS: Final = ("X-Autoreply", "X-Autorespond", "X-Auto-Reply")


def read_eml(path: Path, reading: Reading) -> Iterator[RawMessage | Rejected]:
    """The message in one mail file. Raises `BadFile` when it is missing, empty or no mail."""
    with open_bytes(path) as stream:
        start = stream.read(1 << 16)
    if not start.strip():
        raise BadFile(path, "the file is empty; export the mail again")
    if not re.match(rb"(?:From |>|[!-9;-~]+[ \t]*:)", start.lstrip(b"\xef\xbb\xbf\r\n")):
        raise BadFile(path, "not a mail: it does not begin with headers such as From: and Subject:")
    return iter([_read(Rows(path, reading))])


def read_folder(path: Path, reading: Reading) -> Iterator[RawMessage | Rejected]:
    """The messages in a folder of mail files, in order of name; a file that is no mail is
    rejected and the rest is read. Raises `BadFile` when there is none."""
    return (found for file in mail_files(path) for found in _read_or_reject(file, reading))


@dataclass(frozen=True, slots=True)
class MailPortion:
    """Mails that are still in their files."""

    share: float
    files: tuple[Path, ...]

    def columns(self, rows: Rows) -> Columns:
        found = (each for file in self.files for each in _read_or_reject(file, rows.reading))
        return columns_of_messages(found)


def mail_portions(path: Path, reading: Reading, size: PortionSize) -> Iterator[MailPortion]:
    """One mail, or the mails in a folder, in portions. Raises `BadFile` at once."""
    if not path.is_dir():
        read_eml(path, reading)
        return iter([MailPortion(1.0, (path,))])
    files = mail_files(path)
    starts = range(0, len(files), size.rows)
    return (
        MailPortion(min(start + size.rows, len(files)) / len(files), files[start:][: size.rows])
        for start in starts
    )


def mail_files(path: Path) -> tuple[Path, ...]:
    """The mail files in a folder and those in it, in order of name. Raises `BadFile` if none."""
    files = tuple(sorted(file for file in path.rglob("*") if format_of(file) == ".eml"))
    if not files:
        raise BadFile(path, "there is no .eml file in this folder")
    return files


def _read_or_reject(path: Path, reading: Reading) -> Iterator[RawMessage | Rejected]:
    try:
        yield from read_eml(path, reading)
    except BadFile as error:
        yield Rejected(error.file, 1, "file", error.reason)


def _read(rows: Rows) -> RawMessage | Rejected:
    limit = rows.reading.max_bytes * ATTACHMENTS
    with open_bytes(rows.path) as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        return rows.rejected(1, "text", f"the mail is larger than {limit:,} bytes")
    try:
        return _message(message_from_bytes(content, policy=MAIL_POLICY), rows)
    except BadValue as error:
        return rows.rejected(1, error.field, error.reason)


def _message(mail: EmailMessage, rows: Rows) -> RawMessage:
    subject, text = _header(mail, "Subject"), _body(mail)
    if len(text.encode("utf-8", "replace")) > rows.reading.max_bytes:
        raise BadValue("text", f"is larger than {rows.reading.max_bytes:,} bytes")
    if "\0" in text or "\0" in subject:
        raise BadValue("text", "contains a NUL byte; export the mail again")
    if not (text.strip() or subject):
        raise BadValue("text", "is empty")
    message_id = next(iter(_ids(mail, "Message-ID")), None)
    return RawMessage(
        text=text if text.strip() else subject,
        subject=subject,
        external_id=message_id,
        channel=(rows.reading.channel or EMAIL).lower(),
        received_at=_received_at(mail, rows.reading.timezone),
        conversation_id=_conversation(mail) or message_id,
        customer=parseaddr(_header(mail, "From"))[1].lower() or None,
        direction=direction_of(mail),
        source=f"{rows.path.name}:1",
    )


def _header(mail: EmailMessage, name: str) -> str:
    """A header's decoded text on one line, "" where it is absent or cannot be parsed."""
    try:
        found = mail.get(name, "")
    except (ValueError, IndexError, KeyError, AttributeError, TypeError):  # malformed headers
        found = next((value for key, value in mail.raw_items() if key.lower() == name.lower()), "")
    return " ".join(str(found).encode("utf-8", "replace").decode().split())


def _ids(mail: EmailMessage, name: str) -> list[str]:
    return [found.strip("<>") for found in MESSAGE_ID.findall(_header(mail, name))]


def _conversation(mail: EmailMessage) -> str | None:
    """The first message of the thread: the first of References, else In-Reply-To."""
    return next(iter(_ids(mail, "References") or _ids(mail, "In-Reply-To")), None)


def _received_at(mail: EmailMessage, timezone: str) -> datetime | None:
    written = _header(mail, "Date")
    if not written:
        return None
    try:
        moment = parsedate_to_datetime(written)
    except (ValueError, TypeError, IndexError):
        raise BadValue("received_at", "the Date header is no date") from None
    if moment.year not in YEARS:
        raise BadValue("received_at", "the Date header is no plausible date")
    local = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(timezone))
    return local.astimezone(UTC)


def _body(mail: EmailMessage) -> str:
    """The plain part, or where it is absent or blank the HTML one; cleaning takes tags off."""
    for kind in ("plain", "html"):
        part = mail.get_body(preferencelist=(kind,))
        text = _decoded(part) if part is not None else ""
        if text.strip():
            return text
    return ""


def _decoded(part: MIMEPart) -> str:
    """A part's text; a wrong or unknown charset falls back to UTF-8, then Windows-1252."""
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    for charset in (part.get_content_charset() or "utf-8", "utf-8"):
        try:
            return content.decode(charset)
        except (LookupError, UnicodeDecodeError, ValueError):
            continue
    return content.decode("cp1252", "replace")


def direction_of(mail: EmailMessage) -> Direction:
    """Whether a person wrote the mail, a mail server returned it, or a machine answered.

    By the headers of RFC 3834 and RFC 3464, the sender, and what common mail programs put in the
    subject, in Dutch and English.
    """
    if _is_bounce(mail):
        return Direction.BOUNCE
    return Direction.AUTO_REPLY if _is_automatic(mail) else Direction.INBOUND


def _is_bounce(mail: EmailMessage) -> bool:
    return (
        bool(BOUNCE_SENDER.match(parseaddr(_header(mail, "From"))[1]))
        or mail.get_param("report-type") == "delivery-status"
        or "X-Failed-Recipients" in mail
        or bool(BOUNCE_SUBJECT.match(_header(mail, "Subject")))
    )


def _is_automatic(mail: EmailMessage) -> bool:
    submitted = _header(mail, "Auto-Submitted").lower()
    return (
        bool(submitted and not submitted.startswith("no"))
        or mail.get_content_type() == "multipart/report"
        or _header(mail, "Return-Path") == "<>"
        or any(name in mail for name in AUTO_REPLY_HEADERS)
        or _header(mail, "Precedence").lower() in AUTOMATIC_PRECEDENCE
        or bool(AUTO_REPLY_SUBJECT.match(_header(mail, "Subject")))
    )
