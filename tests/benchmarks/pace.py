"""Speed and memory, every figure of them: written into docs/benchmarks.md.

    python -m tests.benchmarks.pace [--only scoring,files] [--out FILE]

Runs the benchmarks below one after the other, each in a process of its own, and puts what they
print under their headings. With `--only`, it writes a document only where `--out` says.
"""

import argparse
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.benchmarks.frontier.machine import commit, machine
from tests.benchmarks.frontier.report import written
from tests.benchmarks.shared_data import ROOT

SECTION: Final = "speed"
DOCUMENT: Final = ROOT / "docs" / "benchmarks.md"
PARTS: Final[Mapping[str, str]] = {
    "scoring": "speed",
    "prediction": "prediction",
    "files": "files",
    "redaction": "redaction",
    "training": "training",
    "encoder": "encoder",
    "service": "serving",
}
"""What is measured, and the module that measures it."""

HOW: Final = """\
`make bench-speed` writes this section. Peers take turns with Waarom in the same run, so that what \
else the machine is doing falls on all alike; ratios say more than rates."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what was asked for; exits with an error when one of them failed, the others written."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default=",".join(PARTS), help=", ".join(PARTS))
    parser.add_argument("--out", type=Path, help="the document to write into")
    options = parser.parse_args(arguments)
    asked = options.only.split(",")
    if unknown := set(asked) - set(PARTS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    said = {name: measured(PARTS[name]) for name in asked}
    if out := options.out or (DOCUMENT if set(asked) == set(PARTS) else None):
        written(out, SECTION, document(said))
    if failed := [name for name, text in said.items() if text is None]:
        raise SystemExit(f"failed: {', '.join(failed)}")


def measured(module: str) -> str | None:
    """What a benchmark prints, shown while it runs; None when it failed."""
    command = [sys.executable, "-m", f"tests.benchmarks.{module}"]
    lines: list[str] = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)  # noqa: T201
            lines.append(line)
    return None if process.returncode else "".join(lines).strip()


def document(said: Mapping[str, str | None]) -> str:
    """The section: each part's text under its name, or that it failed."""
    about = machine()
    facts = ", ".join(f"{name} {value}" for name, value in about.items() if name != "cores")
    when = (
        f"{datetime.now(UTC).date()}, commit {commit(ROOT)}, on {about['cores']} cores ({facts})."
    )
    parts = [f"### {name.capitalize()}\n\n{_shown(text)}" for name, text in said.items()]
    return "\n\n".join(["## Speed and memory", HOW, when, *parts])


def _shown(text: str | None) -> str:
    """Tables as they are, and what is not a table with its lines kept."""
    if text is None:
        return "Failed."
    return text if "|---" in text or "| ---" in text else f"```\n{text}\n```"


if __name__ == "__main__":
    main()
