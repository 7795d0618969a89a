"""The taxonomy: the versioned tree of drivers that people edit in one TOML file."""

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from classifier.errors import BadTaxonomy
from classifier.messages import UNKNOWN

DRIVER_ID = re.compile(r"[a-z0-9][a-z0-9_\-]*(\.[a-z0-9][a-z0-9_\-]*)*")
OTHER = "other"
FALLBACK_QUEUE = "triage"
LANGUAGES = ("nl", "en")
OTHER_NAMES = {"nl": "Overig", "en": "Other"}
PILLARS = ("", "prevent", "self-service", "human")


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """A reason for contact. `names`, `definition` are by language (nl, en); the rest inherits
    from the parent where it is empty (queue, owner, pillar, phase)."""

    id: str
    parent: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    definition: Mapping[str, str] = field(default_factory=dict)
    examples: tuple[str, ...] = ()
    queue: str = ""
    owner: str = ""
    pillar: str = ""
    phase: str = ""
    links: tuple[str, ...] = ()


@dataclass(frozen=True)
class Taxonomy:
    """Drivers in the order of the file, implicit `<parent>.other` leaves included."""

    drivers: tuple[Driver, ...]
    fallback_queue: str = FALLBACK_QUEUE

    @cached_property
    def version(self) -> str:
        """The first 12 hex digits of the SHA-256 of the content: same content, same version."""
        content = json.dumps([asdict(d) for d in self.drivers], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(f"{self.fallback_queue}\n{content}".encode()).hexdigest()[:12]

    @cached_property
    def by_id(self) -> Mapping[str, Driver]:
        return {driver.id: driver for driver in self.drivers}

    @cached_property
    def parents(self) -> tuple[str, ...]:
        """Ids that have children, in file order."""
        with_children = {driver.parent for driver in self.drivers}
        return tuple(driver.id for driver in self.drivers if driver.id in with_children)

    @cached_property
    def leaves(self) -> tuple[str, ...]:
        """Ids labels and volumes use, in file order."""
        return tuple(driver.id for driver in self.drivers if driver.id not in self.parents)

    def __contains__(self, driver_id: str) -> bool:
        return driver_id in self.by_id

    def ancestors(self, driver_id: str) -> tuple[str, ...]:
        """The driver's parent, its parent's parent, and so on up to the root."""
        parent = self.by_id[driver_id].parent
        return (parent, *self.ancestors(parent)) if parent else ()

    def leaves_under(self, driver_id: str) -> tuple[str, ...]:
        """The leaves below a parent; a leaf is below itself."""
        return tuple(
            leaf for leaf in self.leaves if driver_id == leaf or driver_id in self.ancestors(leaf)
        )

    def inherited(self, driver_id: str, attribute: str) -> str:
        """queue, owner, pillar or phase: the driver's own, else its nearest ancestor's, else ''."""
        for each in (driver_id, *self.ancestors(driver_id)):
            value: str = getattr(self.by_id[each], attribute)
            if value:
                return value
        return ""

    def queue(self, driver_id: str | None) -> str:
        """Where messages of a driver go; the fallback queue for unknown ones."""
        if driver_id is None or driver_id not in self.by_id:
            return self.fallback_queue
        return self.inherited(driver_id, "queue") or self.fallback_queue

    def name(self, driver_id: str, language: str = "en") -> str:
        """The driver's own name in a language, else in any language, else its id."""
        names = self.by_id[driver_id].names if driver_id in self.by_id else {}
        return names.get(language) or next(iter(names.values()), driver_id)

    def path(self, driver_id: str, language: str = "en") -> tuple[str, ...]:
        """Names from the root down to the driver."""
        if driver_id not in self.by_id:
            return (driver_id,)
        ids = (*reversed(self.ancestors(driver_id)), driver_id)
        return tuple(self.name(each, language) for each in ids)

    def to_dict(self) -> dict[str, Any]:
        """Plain data that `from_dict` reads back, for the store and the model's manifest."""
        return {
            "fallback_queue": self.fallback_queue,
            "drivers": [asdict(driver) for driver in self.drivers],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Taxonomy":
        drivers = tuple(
            Driver(**{**row, "examples": tuple(row["examples"]), "links": tuple(row["links"])})
            for row in data["drivers"]
        )
        return cls(drivers, data["fallback_queue"])


def flat_taxonomy(driver_ids: Iterable[str]) -> Taxonomy:
    """A one-level taxonomy from bare labels, for training without a taxonomy file."""
    drivers = (
        Driver(id=each, names={"en": each.replace("_", " ")}, queue=each)
        for each in sorted(set(driver_ids))
    )
    return Taxonomy(tuple(drivers))


def load_taxonomy(path: Path) -> Taxonomy:
    """Read and check a taxonomy file.

    Raises `BadTaxonomy` naming every problem: not TOML, no drivers, a duplicate or malformed id,
    an unknown parent, a cycle, a driver without a name, an unknown field.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadTaxonomy(path, ["no such file; `waarom init` writes a commented one"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadTaxonomy(path, [f"not valid TOML in UTF-8: {error}"]) from None
    rows = data.get("drivers", [])
    problems = _problems(rows) if rows else ["no [[drivers]] in it"]
    if problems:
        raise BadTaxonomy(path, problems)
    drivers = [_driver(row) for row in rows]
    return Taxonomy(tuple(_with_others(drivers)), data.get("fallback_queue", FALLBACK_QUEUE))


def _driver(row: Mapping[str, Any]) -> Driver:
    tuples = {key: tuple(row[key]) for key in ("examples", "links") if key in row}
    return Driver(**{**row, **tuples})


def _with_others(drivers: list[Driver]) -> Iterable[Driver]:
    """Each parent gets `<parent>.other` after its last child, unless the file has one itself."""
    ids = {driver.id for driver in drivers}
    parents = [d for d in drivers if any(child.parent == d.id for child in drivers)]
    children_left = {p.id: sum(d.parent == p.id for d in drivers) for p in parents}
    for driver in drivers:
        yield driver
        if driver.parent is None:
            continue
        children_left[driver.parent] -= 1
        other = f"{driver.parent}.{OTHER}"
        if not children_left[driver.parent] and other not in ids:
            yield Driver(id=other, parent=driver.parent, names=OTHER_NAMES)


def _problems(rows: list[Mapping[str, Any]]) -> list[str]:
    ids = [str(row.get("id", "")) for row in rows]
    problems = [
        f"driver {each!r} occurs twice" for each in sorted({i for i in ids if ids.count(i) > 1})
    ]
    for number, row in enumerate(rows, start=1):
        problems += [
            f"driver {row.get('id') or number}: {text}" for text in _row_problems(row, ids)
        ]
    return problems + ([] if problems else _cycles(rows))


def _row_problems(row: Mapping[str, Any], ids: list[str]) -> Iterable[str]:
    known = set(Driver.__dataclass_fields__)
    if not DRIVER_ID.fullmatch(str(row.get("id", ""))) or row.get("id") == UNKNOWN:
        yield "its id must be lower-case words joined by dots, and not 'unknown'"
    if row.get("parent") and row["parent"] not in ids:
        yield f"its parent {row['parent']!r} is not in the file"
    if not isinstance(row.get("names"), Mapping) or not row["names"]:
        yield 'it needs names, as in names = { nl = "…", en = "…" }'
    if row.get("pillar", "") not in PILLARS:
        yield f"pillar must be one of {', '.join(PILLARS[1:])}"
    yield from (f"unknown field {name!r}" for name in row if name not in known)


def _cycles(rows: list[Mapping[str, Any]]) -> list[str]:
    parent_of = {row["id"]: row.get("parent") for row in rows}
    problems = []
    for start in parent_of:
        seen, here = set(), start
        while here and here not in seen:
            seen.add(here)
            here = parent_of[here]
        if here == start:
            problems.append(f"driver {start!r} is its own ancestor")
    return problems
