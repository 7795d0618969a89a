import codecs
import csv
import gzip
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from classifier.errors import BadFile
from classifier.messages import Direction, Label, RawMessage, Rejected
from classifier.readers import read_messages

DATA = Path(__file__).parents[3] / "shared" / "data"
Write = Callable[[str, str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written


def messages(path: Path, **options: Any) -> list[RawMessage]:
    found = list(read_messages(path, **options))
    assert not [each for each in found if isinstance(each, Rejected)]
    return [each for each in found if isinstance(each, RawMessage)]


def only_rejected(path: Path, **options: Any) -> Rejected:
    (rejected,) = (each for each in read_messages(path, **options) if isinstance(each, Rejected))
    return rejected


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_delimiter_is_recognized(write: Write, delimiter: str) -> None:
    stream = io.StringIO()
    rows = [["text", "label", "product"], ["Kapot, helaas; echt|waar\t!", "a", "stoel"]]
    csv.writer(stream, delimiter=delimiter).writerows(rows)
    (message,) = messages(write("m.csv", stream.getvalue()))
    assert message.text == "Kapot, helaas; echt|waar\t!"
    assert message.attributes == {"product": "stoel"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_any_usual_encoding_is_recognized(write: Write, encoding: str) -> None:
    content = "text;label\nIk wil € 5 terug, beëindig het;a\n".encode(encoding)
    (message,) = messages(write("m.csv", content))
    assert message.text == "Ik wil € 5 terug, beëindig het"


def test_an_encoding_error_far_into_the_file_is_found(write: Write) -> None:
    content = b"text\n" + (b"x" * 10_000 + b"\n") * 200 + "café\n".encode("cp1252")
    assert messages(write("m.csv", content))[-1].text == "café"


def test_gzip_is_read_directly(write: Write) -> None:
    path = write("m.csv.gz", gzip.compress(b"text,label\nhallo,a\n"))
    assert [each.text for each in messages(path)] == ["hallo"]


def test_one_column_needs_no_quotes(write: Write) -> None:
    found = messages(write("m.txt", 'text\nhallo, waar is het; of niet\n"en ""zo"""\n'))
    assert [each.text for each in found] == ["hallo, waar is het; of niet", 'en "zo"']


def test_all_columns_arrive(write: Write) -> None:
    row = {
        "TEXT": "te laat",
        "Label": "delivery.late|order",
        "id": "A-1",
        "conversation_id": "C-1",
        "channel": "Survey",
        "created_at": "2026-11-21",
        "lang": "nl-NL",
        "subject": "Pakket",
        "score": "7",
        "csat": "4,5",
        "product": "stoel",
        "customer": "K-9",
        "direction": "inbound",
        "shelf": "ignored",
    }
    text = "\n".join(["|".join(f'"{value}"' for value in line) for line in (row, row.values())])
    (message,) = messages(write("m.csv", text), labels=True)
    assert message == RawMessage(
        text="te laat",
        label=Label("delivery.late", ("order",)),
        external_id="A-1",
        conversation_id="C-1",
        channel="survey",
        received_at=datetime(2026, 11, 20, 23, tzinfo=UTC),
        language="nl",
        subject="Pakket",
        scores={"nps": 7.0, "csat": 4.5},
        attributes={"product": "stoel"},
        customer="K-9",
        source="m.csv:2",
    )


def test_the_channel_asked_for_overrules_the_file(write: Write) -> None:
    path = write("m.csv", "text,channel\nhallo,chat\n")
    assert messages(path)[0].channel == "chat"
    assert messages(path, channel="web")[0].channel == "web"


@pytest.mark.parametrize(
    ("written", "hour"),
    [
        ("2026-07-01T12:00", 10),
        ("2026-12-01 12:00:00", 11),
        ("2026-07-01T12:00:00Z", 12),
        ("2026-07-01T12:00+05:00", 7),
    ],
)
def test_a_time_without_offset_is_local(write: Write, written: str, hour: int) -> None:
    (message,) = messages(write("m.csv", f"text,received_at\nhallo,{written}\n"))
    assert message.received_at is not None
    assert message.received_at.hour == hour


def test_an_empty_label_or_the_unknown_label_means_unknown_driver(write: Write) -> None:
    path = write("m.csv", "text,label\neen,\ntwee,oos\ndrie,a\n")
    found = messages(path, labels=True, unknown_label="oos")
    assert [each.label for each in found] == [Label(None), Label(None), Label("a")]


def test_a_score_that_is_no_nps_is_left_alone(write: Write) -> None:
    path = write("m.csv", "text,channel,score\neen,survey,-3\ntwee,ticket,9\ndrie,survey,9\n")
    assert [each.scores for each in messages(path)] == [{}, {}, {"nps": 9.0}]


@pytest.mark.parametrize(
    ("columns", "row", "field"),
    [
        ("text,label", ",a", "text"),
        ("text,label", "   ,a", "text"),
        ("text,label", "ha\0llo,a", "text"),
        ("text,label", "te,veel,velden", "row"),
        ("text,label", "teweinig", "row"),
        ("text,received_at", "hallo,21-11-2026", "received_at"),
        ("text,received_at", "hallo,9999-01-01", "received_at"),
        ("text,nps", "hallo,11", "nps"),
        ("text,nps", "hallo,nan", "nps"),
        ("text,csat", "hallo,goed", "csat"),
        ("text,direction", "hallo,opzij", "direction"),
        ("text,id", "hallo," + "x" * 2000, "id"),
    ],
)
def test_a_bad_row_is_rejected_by_place_and_the_rest_is_read(
    write: Write, columns: str, row: str, field: str
) -> None:
    empty = "," if "label" in columns or "id" in columns else ",1"
    good = "goed" + ("," if "nps" not in columns and "csat" not in columns else empty)
    path = write("m.csv", f"{columns}\n{good}\n{row}\n{good}\n")
    found = list(read_messages(path))
    assert [type(each) for each in found] == [RawMessage, Rejected, RawMessage]
    assert isinstance(found[1], Rejected)
    assert (found[1].file, found[1].line, found[1].field) == (str(path), 3, field)


def test_the_line_of_a_rejected_row_counts_lines_within_quotes(write: Write) -> None:
    path = write("m.csv", 'text,label\n"een\ntwee\ndrie",a\n\n,b\n')
    assert only_rejected(path).line == 6


def test_a_rejection_never_holds_content(write: Write) -> None:
    path = write("m.csv", "text,received_at\ngeheim,geheim-datum\n")
    assert "geheim" not in only_rejected(path).reason


def test_an_enormous_message_is_rejected_and_the_rest_is_read(write: Write) -> None:
    path = write("m.csv", f"text,label\neen,a\n{'x' * 50_000_000},a\ndrie,a\n")
    found = list(read_messages(path))
    assert [type(each) for each in found] == [RawMessage, Rejected, RawMessage]
    assert "10,000,000 bytes" in only_rejected(path).reason


def test_one_id_with_two_labels_is_rejected_with_both_lines(write: Write) -> None:
    path = write("m.csv", "text,id,label\neen,7,a\neen,7,a\neen,7,b\n")
    rejected = only_rejected(path, labels=True)
    assert (rejected.line, rejected.field) == (4, "label")
    assert "line 2" in rejected.reason
    assert len(messages(path)) == 3


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("m.csv", "", "empty"),
        ("m.csv", " \n\n", "empty"),
        ("m.csv", codecs.BOM_UTF8, "empty"),
        ("m.jsonl", "", "empty"),
        ("m.eml", "", "empty"),
        ("m.csv", "bericht;driver\nhallo;a\n", "bericht, driver"),
        ("m.csv", b"text\n\x81\x8d\x8f\x90\xff\n", "save it as UTF-8"),
        ("m.csv", b"PK\x03\x04rest of a zip", "save it as CSV"),
        ("m.xlsx", b"PK\x03\x04rest of a zip", ".csv"),
        ("m.csv.gz", b"no gzip at all", "compress it again"),
        ("m.csv.gz", gzip.compress(b"text\nhallo\n" * 9, mtime=0)[:-9], "compress it again"),
        ("m.csv", "text,text\na,b\n", "twice"),
        ("m.eml", "Dit is geen mail.\n", "not a mail"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(
    write: Write, name: str, content: str | bytes, says: str
) -> None:
    path = write(name, content)
    with pytest.raises(BadFile, match=says):
        read_messages(path)


def test_labels_need_a_label_column(write: Write) -> None:
    path = write("m.csv", "text,reden\nhallo,a\n")
    assert len(messages(path)) == 1
    with pytest.raises(BadFile, match="no column 'label'"):
        read_messages(path, labels=True)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    for name in ("none.csv", "none.jsonl", "none.eml"):
        with pytest.raises(BadFile, match="no such file"):
            read_messages(tmp_path / name)


def test_jsonl_rows_become_messages(write: Write) -> None:
    rows = [
        {"text": "een", "label": ["a", "b"], "id": 7, "received_at": None, "nested": {"x": 1}},
        {"text": "twee\ud800", "label": "", "product": "stoel"},
    ]
    path = write("m.jsonl", "\n".join(map(json.dumps, rows)) + "\n\n")
    first, second = messages(path, labels=True)
    assert (first.external_id, first.label) == ("7", Label("a", ("b",)))
    assert (second.text, second.attributes) == ("twee?", {"product": "stoel"})


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("{no json", "line"),
        ('["text"]', "line"),
        ("[" * 100_000, "line"),
        ('{"label": "a"}', "text"),
        ('{"text": 5, "label": "a"}', "text"),
        ('{"text": "a\\u0000b", "label": "a"}', "text"),
        ('{"text": "hallo"}', "label"),
        ('{"text": "hallo", "label": "a", "id": [1]}', "id"),
    ],
)
def test_a_bad_json_line_is_rejected(write: Write, line: str, field: str) -> None:
    good = '{"text": "goed", "label": "a"}'
    path = write("m.jsonl", f"{good}\n{line}\n{good}\n")
    rejected = only_rejected(path, labels=True)
    assert (rejected.line, rejected.field) == (2, field)


def mail(**headers: str) -> EmailMessage:
    made = EmailMessage()
    standard = {"From": "Jan <Jan@Example.nl>", "Subject": "Re: stoel", "Message_ID": "<3@x.nl>"}
    for name, value in {**standard, **headers}.items():
        made[name.replace("_", "-")] = value
    made.set_content("De stoel is stuk.\n")
    return made


def test_a_mail_becomes_a_message(write: Write) -> None:
    made = mail(References="<1@x.nl> <2@x.nl>", Date="Sat, 21 Nov 2026 10:00:00 +0100")
    (message,) = messages(write("m.eml", bytes(made)))
    assert message == RawMessage(
        text="De stoel is stuk.\n",
        subject="Re: stoel",
        external_id="3@x.nl",
        conversation_id="1@x.nl",
        channel="email",
        customer="jan@example.nl",
        received_at=datetime(2026, 11, 21, 9, tzinfo=UTC),
        source="m.eml:1",
    )


@pytest.mark.parametrize(
    ("headers", "conversation"),
    [({}, "3@x.nl"), ({"In_Reply_To": "<2@x.nl>"}, "2@x.nl")],
)
def test_the_conversation_of_a_mail(
    write: Write, headers: dict[str, str], conversation: str
) -> None:
    assert messages(write("m.eml", bytes(mail(**headers))))[0].conversation_id == conversation


@pytest.mark.parametrize(
    ("headers", "direction"),
    [
        ({}, Direction.INBOUND),
        ({"Auto_Submitted": "no"}, Direction.INBOUND),
        ({"Subject": "Afwezig bij levering"}, Direction.INBOUND),
        ({"Subject": "Niet bezorgd pakket"}, Direction.INBOUND),
        ({"Auto_Submitted": "auto-replied (vacation)"}, Direction.AUTO_REPLY),
        ({"X_Autoreply": "yes"}, Direction.AUTO_REPLY),
        ({"Precedence": "bulk"}, Direction.AUTO_REPLY),
        ({"Subject": "Automatisch antwoord: stoel"}, Direction.AUTO_REPLY),
        ({"Subject": "Out of office"}, Direction.AUTO_REPLY),
        ({"Subject": "Afwezig: stoel"}, Direction.AUTO_REPLY),
        ({"From": "MAILER-DAEMON@example.nl"}, Direction.BOUNCE),
        ({"From": "Post <postmaster@example.nl>"}, Direction.BOUNCE),
        ({"Subject": "Undeliverable: stoel"}, Direction.BOUNCE),
        ({"Subject": "Delivery Status Notification (Failure)"}, Direction.BOUNCE),
    ],
)
def test_the_direction_of_a_mail(
    write: Write, headers: dict[str, str], direction: Direction
) -> None:
    assert messages(write("m.eml", bytes(mail(**headers))))[0].direction == direction


def test_the_plain_part_of_a_mail_is_preferred_and_html_will_do(write: Write) -> None:
    both = mail()
    both.add_alternative("<p>De <b>stoel</b></p>", subtype="html")
    assert messages(write("both.eml", bytes(both)))[0].text == "De stoel is stuk.\n"
    html = mail()
    html.set_content("<p>De <b>stoel</b></p>", subtype="html")
    assert "<b>stoel</b>" in messages(write("html.eml", bytes(html)))[0].text


def test_a_mail_with_a_wrong_charset_is_read(write: Write) -> None:
    head = b"From: a@b.nl\nSubject: x\nContent-Type: text/plain; charset=klingon\n\n"
    assert messages(write("m.eml", head + "beëindig".encode("cp1252")))[0].text == "beëindig"


def test_a_mail_with_only_a_subject_has_that_for_text(write: Write) -> None:
    path = write("m.eml", "From: a@b.nl\nSubject: Waar blijft mijn stoel\n\n")
    assert messages(path)[0].text == "Waar blijft mijn stoel"


@pytest.mark.parametrize(
    ("head", "field"),
    [
        ("From: a@b.nl\n\n", "text"),
        ("From: a@b.nl\nDate: gisteren\n\nhallo\n", "received_at"),
        ("From: a@b.nl\n\nha\0llo\n", "text"),
    ],
)
def test_a_mail_that_cannot_be_used_is_rejected(write: Write, head: str, field: str) -> None:
    assert only_rejected(write("m.eml", head)).field == field


def test_an_enormous_mail_is_rejected(write: Write) -> None:
    path = write("m.eml", b"From: a@b.nl\n\n" + b"x" * 2000)
    assert only_rejected(path, max_bytes=1000).field == "text"
    assert only_rejected(path, max_bytes=100).field == "text"


def test_a_folder_of_mail_is_read_in_order_and_survives_a_bad_file(write: Write) -> None:
    write("box/b/2.eml", bytes(mail(Message_ID="<second@x.nl>")))
    write("box/1.eml.gz", gzip.compress(bytes(mail(Message_ID="<first@x.nl>"))))
    folder = write("box/3.eml", "").parent
    found = list(read_messages(folder))
    ids = [each.external_id for each in found if isinstance(each, RawMessage)]
    assert ids == ["first@x.nl", "second@x.nl"]
    assert only_rejected(folder).file.endswith("3.eml")


def test_a_folder_without_mail_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"no \.eml file"):
        read_messages(tmp_path)


@pytest.mark.data
def test_a_compressed_history_is_read_whole() -> None:
    path = DATA / "it_tickets" / "all.csv.gz"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    assert sum(isinstance(each, RawMessage) for each in read_messages(path, labels=True)) == 47_837
