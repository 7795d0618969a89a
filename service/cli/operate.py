"""Commands that run or check an installation: serve, worker, doctor."""

from contextlib import suppress
from typing import Annotated

import typer

from service.cli.options import AsJson
from service.cli.output import opened, result, say, utc_now


def add_to(app: typer.Typer) -> None:
    app.command()(serve)
    app.command()(worker)
    app.command()(doctor)


def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; 127.0.0.1 if unset.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port to listen on; 8321 if unset.")
    ] = None,
    with_worker: Annotated[
        bool, typer.Option("--with-worker", help="Run the background jobs in this process too.")
    ] = False,
) -> None:
    """Answer HTTP: classify, reviews, weekly drivers, and the pages.

    Example: waarom serve --with-worker
    """
    from service.serving import serve as run
    from service.settings import read_settings

    settings = read_settings()
    settings = settings.model_copy(
        update={"host": host or settings.host, "port": port or settings.port}
    )
    sentence = f"Waarom answers at http://{settings.host}:{settings.port}/ (Ctrl-C stops it)"
    run(settings, with_worker=with_worker, ready=lambda: say(sentence))
    _leave()


def worker(
    once: Annotated[bool, typer.Option("--once", help="One round, then stop.")] = False,
    as_json: AsJson = False,
) -> None:
    """Background jobs: send questions to Label Studio, collect answers, sum volumes.

    Example: waarom worker --once
    """
    import threading

    from service.worker import run_once, work

    if not once:
        with suppress(KeyboardInterrupt), opened() as runtime:
            work(runtime, threading.Event())
        _leave()
        return
    with opened() as runtime:
        problems = run_once(runtime)
    result(as_json, {"problems": problems}, "\n".join(problems) or "Done.")
    if problems:
        raise typer.Exit(1)


def doctor(as_json: AsJson = False) -> None:
    """Check database, taxonomy, models and Label Studio, and say what to do.

    Example: waarom doctor
    """
    from service.doctor import examine
    from service.settings import read_settings

    findings = examine(read_settings(), now=utc_now())
    text = "\n".join(
        f"{'ok ' if each.ok else 'BAD'}  {each.what}: {each.says}" for each in findings
    )
    result(as_json, {"findings": findings, "ok": all(each.ok for each in findings)}, text)
    if not all(each.ok for each in findings):
        raise typer.Exit(1)


def _leave() -> None:
    """End the process, also while a scorer is being compiled: all else is closed by now, and
    Python itself would wait until the compiler is done."""
    import os
    import sys
    import threading

    if any(
        not each.daemon and each is not threading.main_thread() for each in threading.enumerate()
    ):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
