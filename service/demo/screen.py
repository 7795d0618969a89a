"""What the person sees when the demo stands: addresses, the login, three things to try."""

from rich.panel import Panel

from service.settings import Settings
from service.studio_server import StudioServer


def closing_screen(settings: Settings, studio: StudioServer | None, key: str) -> Panel:
    url = settings.resolved_public_url
    lines = [
        f"[bold]Dashboard[/]      {url}/  (log in with the key)",
        f"[bold]Key[/]            {key}",
    ]
    if studio:
        lines += [
            f"[bold]Label Studio[/]   {studio.url}/",
            f"[bold]Login[/]          {studio.username}  {studio.password}",
        ]
    lines += ["", "[bold]Three things to try[/]", *_things(settings, studio, key)]
    lines += ["", "Ctrl-C stops everything this started."]
    return Panel("\n".join(lines), title="Waarom is running", expand=False)


def _things(settings: Settings, studio: StudioServer | None, key: str) -> list[str]:
    url = settings.resolved_public_url
    label = (
        "Label a message in Label Studio (open the project, “Label All Tasks”)"
        if studio
        else f"Answer a question at {url}/reviews"
    )
    return [
        f"1. {label}; a few seconds later its route and last week's drivers follow.",
        "2. Route a new message:",
        f"   curl -s {url}/v1/classify -H 'Authorization: Bearer {key}' \\",
        "     -H 'Content-Type: application/json' \\",
        '     -d \'{"text": "Waar blijft mijn pakket? Het zou gisteren komen."}\'',
        f"3. Look at last week's drivers and their intervals: {url}/",
    ]
