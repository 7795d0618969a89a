"""The demo from its first line to its last: start, play, then serve or check; stop everything."""

from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from service.demo.check import check_loop
from service.demo.folder import fresh_folder
from service.demo.installation import STUDIO_PORT, DemoOptions, demo_settings, free_port
from service.demo.play import play
from service.demo.screen import Labeling, show_closing
from service.demo.steps import no_interrupt_lost, step, undisturbed_end
from service.keys import SCOPES, create_key
from service.runtime import Runtime, open_runtime
from service.serving import ended_by_sigterm, serve
from service.studio_server import PortTaken, StudioServer
from service.sync import known_project, setup

INTERRUPTED = 130


def run_demo(options: DemoOptions, *, now: datetime) -> dict[str, Any]:
    """Play the loop; then wait for a person, or check it against the truth and return a summary.

    Ctrl-C and SIGTERM stop everything it started; before it serves they end the process with
    status 130. For a command: afterwards this process ignores both. Raises `NotOurs`, `InUse` or
    another `WaaromError`.
    """
    console = Console(stderr=True)
    try:
        with ended_by_sigterm(), no_interrupt_lost(), ExitStack() as running, undisturbed_end():
            summary = _run(console, running, options, now)
    except KeyboardInterrupt:
        console.print("\nStopped; nothing is left running.")
        raise SystemExit(INTERRUPTED) from None
    if not options.check:
        console.print("\nStopped; nothing is left running.")
    return summary


def _run(
    console: Console, running: ExitStack, options: DemoOptions, now: datetime
) -> dict[str, Any]:
    """What is started is put in `running`, which stops it."""
    running.enter_context(fresh_folder(options.folder))
    studio = _studio(console, running, options.folder) if options.label_studio else None
    runtime = open_runtime(demo_settings(options, studio))
    running.callback(runtime.close)
    played = play(console, runtime, options, now)
    with runtime.writing() as session:
        key = create_key(session, name="demo", scopes=SCOPES, now=now)
    _another_port_if_taken(runtime, now)
    if options.check:
        with step(console, "Comparing with the truth, and trying it over HTTP"):
            return check_loop(runtime, played, key=key, now=now)
    show_closing(console, runtime.settings.resolved_public_url, key, _labeling(runtime, studio))
    serve(runtime.settings, with_worker=True)
    return {"ok": True}


def _another_port_if_taken(runtime: Runtime, now: datetime) -> None:
    """Another demo may have begun to serve on ours while this one played."""
    port = free_port(runtime.settings.port)
    if port != runtime.settings.port:
        runtime.settings = runtime.settings.model_copy(update={"port": port})
        if runtime.settings.label_studio_url:
            setup(runtime, now=now)


def _labeling(runtime: Runtime, studio: StudioServer | None) -> Labeling | None:
    if studio is None:
        return None
    tasks_url = f"{studio.url}/projects/{known_project(runtime)}/data"
    return Labeling(tasks_url=tasks_url, username=studio.username, password=studio.password)


def _studio(console: Console, running: ExitStack, folder: Path) -> StudioServer:
    with step(console, "Starting Label Studio") as say:
        home = folder / "label-studio"
        try:
            server = running.enter_context(StudioServer(home, port=STUDIO_PORT, progress=say))
        except PortTaken:
            server = running.enter_context(StudioServer(home, progress=say))
        say(f"at {server.url}")
    return server
