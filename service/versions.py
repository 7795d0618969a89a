"""Model versions by name, their cards, and what they had labels of."""

import json
from pathlib import Path
from typing import Any

from classifier import registry
from classifier.errors import ModelNotFound
from classifier.model import Model
from classifier.seeding import labeled_drivers


def load_version(folder: Path, version: str | None = None) -> Model:
    """A version by name, else the one in use. Raises `ModelNotFound` or `BadModel`."""
    return registry.load_model(_place(folder, version))


def read_card(folder: Path, version: str | None = None) -> tuple[str, dict[str, Any]]:
    """A version's card and manifest, once it is verified. Raises as `load_version` does."""
    place = _place(folder, version)
    manifest = registry.verify(place)
    return (place / registry.CARD).read_text(encoding="utf-8"), manifest


def learned_drivers(folder: Path, version: str) -> frozenset[str]:
    """The drivers a version had labels of, whether or not it can still be loaded.

    None when its folder is gone: nobody can say any more, and what is said of a driver without
    labels holds of any driver.
    """
    try:
        manifest = json.loads((folder / version / registry.MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return frozenset()
    return labeled_drivers(manifest)


def _place(folder: Path, version: str | None) -> Path:
    name = version or registry.current_version(folder)
    if name is None:
        raise ModelNotFound(folder, "no model here; `waarom train` makes one")
    if name not in registry.list_versions(folder):
        raise ModelNotFound(folder, f"no version {name}; `waarom models list` shows them")
    return folder / name
