"""What the person sees when the demo stands: addresses, the login, three things to try."""

from rich.console import Console
from rich.text import Text

from service.settings import Settings
from service.studio_server import StudioServer


def show_closing(
    console: Console, settings: Settings, studio: StudioServer | None, key: str
) -> None:
    """Print it without a frame and without folding lines, so that commands can be pasted."""
    console.rule("Waarom is running")
    for line in closing_lines(settings, studio, key):
        heading = line.endswith(":") and not line.startswith(" ")
        console.print(Text(line, style="bold" if heading else ""), soft_wrap=True)
    console.rule()


def closing_lines(settings: Settings, studio: StudioServer | None, key: str) -> list[str]:
    """Lines of at most 80 characters."""
    url = settings.resolved_public_url
    lines = [f"Dashboard     {url}/", f"  its key     {key}"]
    if studio:
        lines += [
            f"Label Studio  {studio.url}/",
            f"  its login   {studio.username}   {studio.password}",
        ]
    return [
        *lines,
        "",
        "Three things to try, in another terminal and a browser:",
        *_route(url, key),
        *_answer(url, studio),
        *_read(url),
        "",
        "Ctrl-C stops everything this started.",
    ]


def _route(url: str, key: str) -> list[str]:
    return [
        "",
        "1. Route a new message; the answer says its driver and its queue:",
        "",
        f"URL={url}",
        f"KEY={key}",
        'ask() { curl -s "$URL/v1/$1" -H "Authorization: Bearer $KEY" \\',
        "  -H 'Content-Type: application/json' \"${@:2}\"; echo; }",
        'ask classify -d \'{"text": "Waar blijft mijn pakket?"}\'',
    ]


def _answer(url: str, studio: StudioServer | None) -> list[str]:
    place = "in Label Studio (the newest task of the project)" if studio else "on the review page"
    other = f"   or at {url}/reviews" if studio else f"   {url}/reviews"
    return [
        "",
        "2. Send a doubtful one. It waits in the queue `triage` for a person:",
        "",
        'ask classify -d \'{"external_id": "try-2", "text": "Kunt u mij bellen?"}\'',
        "",
        f"   Answer it {place},",
        f"{other}; a few seconds later its queue has changed:",
        "",
        "ask messages/external:try-2",
    ]


def _read(url: str) -> list[str]:
    return [
        "",
        "3. Read last week's drivers, with their intervals (log in with the key):",
        "",
        f"   {url}/",
    ]
