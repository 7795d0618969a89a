"""What the person sees when the demo stands: addresses, the login, three things to try."""

from dataclasses import dataclass

from rich.console import Console
from rich.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Labeling:
    """Where questions are answered in Label Studio, and the login."""

    tasks_url: str
    username: str
    password: str


def show_closing(console: Console, url: str, key: str, labeling: Labeling | None) -> None:
    """Print it without a frame and without folding lines, so that commands can be pasted."""
    console.rule("Waarom is running")
    for line in closing_lines(url, key, labeling):
        heading = line[:2] in ("1.", "2.", "3.") or line.startswith("Three")
        console.print(Text(line, style="bold" if heading else ""), soft_wrap=True)
    console.rule()


def closing_lines(url: str, key: str, labeling: Labeling | None) -> list[str]:
    """Lines of at most 80 characters; commands are on lines of their own, without indent."""
    lines = [f"Dashboard     {url}/", f"  its key     {key}"]
    if labeling:
        lines += [
            f"Label Studio  {labeling.tasks_url}",
            f"  its login   {labeling.username}   {labeling.password}",
        ]
    return [
        *lines,
        "",
        "Three things to try, in a browser and a second terminal:",
        *_answer_one(url, labeling),
        *_send_two(url, key, labeling),
        *_read(url),
        "",
        "Ctrl-C stops everything this started.",
    ]


def _answer_one(url: str, labeling: Labeling | None) -> list[str]:
    if labeling is None:
        return ["", f"1. Answer a question: log in with the key at {url}/reviews"]
    return ["", "1. Answer a question in Label Studio: log in, press “Label All Tasks”, submit."]


def _send_two(url: str, key: str, labeling: Labeling | None) -> list[str]:
    place = "   Correct it as a helpdesk would:"
    if labeling:
        place = "   Answer it in Label Studio (the task with the highest ID), or as a helpdesk:"
    return [
        "",
        "2. Route two new messages, a clear one and one that waits in `triage`:",
        "",
        f"URL={url}/v1",
        f"KEY={key}",
        'ask() { curl -s "$URL/$1" -H "Authorization: Bearer $KEY" \\',
        "  -H 'Content-Type: application/json' \"${@:2}\"; echo; }",
        'ask classify -d \'{"text": "Waar blijft mijn pakket?"}\'',
        'ask classify -d \'{"text": "Meine Lampe ist kaputt.", "external_id": "try-2"}\'',
        "",
        place,
        "",
        'ask messages/external:try-2/labels -d \'{"driver": "delivery.damaged"}\'',
        "",
        "   Within seconds its queue has changed:",
        "",
        "ask messages/external:try-2",
    ]


def _read(url: str) -> list[str]:
    return [
        "",
        "3. Read last week's drivers with their intervals; log in with the key:",
        "",
        f"   {url}/",
    ]
