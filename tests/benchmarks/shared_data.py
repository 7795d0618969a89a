"""Where the labeled messages and the encoder are that benchmarks read."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]


def shared() -> Path:
    """The folder of `data` and `encoders`: WAAROM_SHARED_DATA names it, or its `data`."""
    named = os.environ.get("WAAROM_SHARED_DATA")
    if not named:
        return ROOT.parent / "shared"
    return Path(named) if (Path(named) / "data").is_dir() else Path(named).parent
