"""A scorer as one file: a numpy array of one record, mapped into memory and shared by processes."""

import re
import unicodedata
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classifier.scorer.scorer import Scorer
from classifier.scorer.tables import Chains, Tables

LAYOUT: Final = 1
"""What the fields mean. Raised by one whenever `Tables` or what is in them changes."""

ALIGNED: Final = 64
"""Bytes: each field begins where a line of the processor's cache does."""

VERSIONS: Final = "versions"


def store_scorer(scorer: Scorer, path: Path) -> None:
    """Write a scorer as a .npy file, which `stored_scorer` maps into memory."""
    fields = _fields(scorer)
    offsets = [0]
    for each in fields.values():
        offsets.append(-(-(offsets[-1] + each.nbytes) // ALIGNED) * ALIGNED)
    kind = np.dtype(
        {
            "names": list(fields),
            "formats": [(each.dtype, each.shape) for each in fields.values()],
            "offsets": offsets[:-1],
            "itemsize": offsets[-1],
        }
    )
    record = np.zeros(1, dtype=kind)
    for name, each in fields.items():
        record[name][0] = each
    np.save(path, record, allow_pickle=False)


def stored_scorer(path: Path) -> Scorer | None:
    """The scorer in a file, of which all processes read one copy; None where it was made by
    another layout, or by a Python that knows other characters.

    Raises OSError without such a file, ValueError if it is no such file.
    """
    record = np.load(path, mmap_mode="r", allow_pickle=False)
    names = record.dtype.names or ()
    if VERSIONS not in names or record[VERSIONS][0].tolist() != _versions():
        return None
    fields: dict[str, Any] = {name: _plain(record[name][0]) for name in names}
    chains = {
        name: Chains(*(fields[f"{name}.{part}"] for part in Chains._fields))
        for name in Tables.__annotations__
        if f"{name}.keys" in fields
    }
    parts: list[Any] = [chains.get(name, fields.get(name)) for name in Tables._fields]
    return Scorer(Tables(*parts), fields["longest_text"])


def _fields(scorer: Scorer) -> dict[str, NDArray[Any]]:
    """What is stored, by name: `rows`, and of a table of chains `pieces.keys` and so on."""
    fields: dict[str, Any] = {VERSIONS: _versions(), "longest_text": scorer.longest_text}
    for name, each in scorer.tables._asdict().items():
        parts = each._asdict() if isinstance(each, Chains) else None
        fields |= {name: each} if parts is None else {f"{name}.{n}": p for n, p in parts.items()}
    return {name: np.asarray(each) for name, each in fields.items()}


def _versions() -> list[int]:
    return [LAYOUT, *map(int, re.findall(r"\d+", unicodedata.unidata_version))]


def _plain(field: Any) -> Any:
    """A number as Python's own, an array as a view of the file."""
    return np.asarray(field) if np.ndim(field) else int(field)
