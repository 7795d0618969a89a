"""The models folder: versions saved, verified, loaded, promoted and rolled back.

    models/CURRENT                       the version in use
    models/HISTORY                       the versions in use before it, the latest last
    models/2026-11-21.1/manifest.json    what it is, and the SHA-256 of every other file
                        card.md          what it is worth
                        model.joblib     the fitted pipeline, and what else was learned
                        scorer.npy       the pipeline as the compiled scorer reads it, if it can
                        mentions.npy     likewise of what reads several drivers, where one does
                        training.keys    fingerprints of the texts it was trained on
                        folds.npz        what folds that never saw them said of those texts

The checks protect against accident, not against someone who can write to the folder.
"""

import hashlib
import json
import os
import platform
import re
import shutil
import tempfile
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import joblib
import numpy as np
import sklearn
from sklearn.pipeline import Pipeline

from classifier.contents import check_encoder, facts, learned, model_of
from classifier.errors import BadModel, ModelNotFound
from classifier.model import Model
from classifier.scorer import Warming, compile_scorer, store_scorer

FORMAT: Final = 4
"""The format of a model folder. To change it:

1. raise the number by one, and say in this list what changed;
2. put the manifest of a model of the old format in tests/cases/manifests/, where a test asserts
   that it is refused with a sentence saying to train again;
3. if old models must go on working, read them in `model_of` by their number, and test that
   instead.

1: the first.
2: model.joblib holds a mapping of the pipeline, the reader of meaning and the novelty score;
   the manifest names the encoder.
3: the pipeline may have weights of one byte (see `compaction`), and scorer.npy may lie beside it.
   Format 2 is one without either, and goes on working.
4: model.joblib may hold a reader of mentions (see `mentions`), and mentions.npy lies beside
   scorer.npy then. Format 3 is one without, and goes on working.
"""

READABLE: Final = (2, 3, FORMAT)

VERSION = re.compile(r"\d{4}-\d{2}-\d{2}\.[1-9]\d*")
MANIFEST, LEARNED, KEYS, CARD = "manifest.json", "model.joblib", "training.keys", "card.md"
SCORER, MENTIONS = "scorer.npy", "mentions.npy"
CURRENT, HISTORY = "CURRENT", "HISTORY"
SHOWN = 5
"""So many versions fit in a sentence."""


def save(
    model: Model,
    folder: Path,
    *,
    today: date,
    card: str | Callable[[str], str],
    extra: Mapping[str, bytes] | None = None,
) -> str:
    """Write a new version under the models folder, whole or not at all, and return its name.

    `card` is Markdown, or what makes it of the version's name. `extra` are more files by name. It
    is not taken into use: see `promote`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".saving-", dir=folder))
    try:
        _write_files(model, draft, extra or {})
        while True:
            version = _next_version(folder, today)
            written = card if isinstance(card, str) else card(version)
            (draft / CARD).write_text(written, encoding="utf-8")
            _write_manifest(model, draft, version, today)
            if _moved(draft, folder / version):
                return version
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def verify(folder: Path) -> dict[str, Any]:
    """Check a version's folder without unpickling anything, and return its manifest.

    Raises `ModelNotFound` without a manifest, and `BadModel` when a byte of any file has changed,
    its encoder's too, or the model was made in another format or by another scikit-learn (minor
    version).
    """
    manifest = _read_manifest(folder)
    if manifest.get("format") not in READABLE:
        raise BadModel(
            folder,
            f"made in format {manifest.get('format')}, and this Waarom reads format {FORMAT}: "
            "train again with `waarom train`",
        )
    if manifest.get("digest") != _digest(manifest):
        raise BadModel(folder, f"{MANIFEST} was changed after it was written; {_REPAIR}")
    made_with, here = manifest["made_with"]["scikit-learn"], sklearn.__version__
    if _minor(made_with) != _minor(here):
        raise BadModel(
            folder,
            f"made with scikit-learn {made_with}, and this is {here}: train again with "
            f"`waarom train`, or install scikit-learn {_minor(made_with)}",
        )
    for name, expected in manifest["files"].items():
        if not (folder / name).is_file():
            raise BadModel(folder, f"{name} is missing; {_REPAIR}")
        if _sha256(folder / name) != expected:
            raise BadModel(folder, f"{name} was changed after it was written; {_REPAIR}")
    check_encoder(folder, manifest)
    return manifest


def load_model(folder: Path | str) -> Model:
    """Load models/<version>, or the current version of a models folder, once it is verified.

    Raises as `verify` does, and `ModelNotFound` when the folder has no current version.
    """
    folder = Path(folder)
    if not (folder / MANIFEST).exists():
        version = current_version(folder)
        if version is None:
            raise ModelNotFound(folder, "no model here; `waarom train` makes one")
        folder = folder / version
    manifest = verify(folder)
    with warnings.catch_warnings():
        # A patch release of scikit-learn reads what another one wrote.
        warnings.simplefilter("ignore", sklearn.exceptions.InconsistentVersionWarning)
        parts = joblib.load(folder / LEARNED)
    keys = (folder / KEYS).read_text(encoding="ascii").split()
    model = model_of(manifest, parts, folder)
    stored = {name: folder / name for name in (SCORER, MENTIONS) if name in manifest["files"]}
    return replace(
        model,
        training_keys=frozenset(keys),
        warming=Warming(model.pipeline, stored.get(SCORER)),
        mentions=model.mentions and model.mentions.warmed_by(stored.get(MENTIONS)),
    )


def current_version(folder: Path) -> str | None:
    """The version in use; None when there is none. Raises `BadModel` if CURRENT names nonsense."""
    try:
        version = (folder / CURRENT).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    if not VERSION.fullmatch(version):
        there = ", ".join(list_versions(folder)[-SHOWN:]) or "none; `waarom train` makes one"
        raise BadModel(
            folder,
            f"the file {CURRENT} names no version: put one in use with `waarom models promote "
            f"VERSION` (there: {there})",
        )
    return version


def list_versions(folder: Path) -> list[str]:
    """Every version in the models folder, the oldest first."""
    if not folder.is_dir():
        return []
    names = [entry.name for entry in folder.iterdir() if (entry / MANIFEST).is_file()]
    return sorted((name for name in names if VERSION.fullmatch(name)), key=_order)


def promote(folder: Path, version: str) -> None:
    """Take a version into use, once it is verified, whatever CURRENT says. Twice is as once."""
    if not VERSION.fullmatch(version) or version not in list_versions(folder):
        raise ModelNotFound(folder, f"no version {version}; `waarom models list` shows them")
    verify(folder / version)
    before = _readable_current(folder)
    if before == version:
        return
    if before:
        _write_history(folder, [*_history(folder), before])
    _write_whole(folder / CURRENT, f"{version}\n")


def rollback(folder: Path) -> str:
    """Take the version that was in use before the current one into use again, and return it.

    Versions deleted since are skipped. Raises `ModelNotFound` when there is none before it.
    """
    current, existing = _readable_current(folder), list_versions(folder)
    earlier = _history(folder)
    while earlier:
        version = earlier.pop()
        if version != current and version in existing:
            verify(folder / version)
            _write_whole(folder / CURRENT, f"{version}\n")
            _write_history(folder, earlier)
            return version
    raise ModelNotFound(folder, "no earlier version to go back to")


_REPAIR = (
    "restore the folder from a backup, roll back with `waarom models rollback`, or train again"
)


def _readable_current(folder: Path) -> str | None:
    """The version in use; None also when CURRENT names nonsense, which is there to be repaired."""
    try:
        return current_version(folder)
    except BadModel:
        return None


def _write_files(model: Model, draft: Path, files: Mapping[str, bytes]) -> None:
    joblib.dump(learned(model), draft / LEARNED)
    _write_scorer(model.pipeline, draft / SCORER)
    if model.mentions is not None:
        _write_scorer(model.mentions.pipeline, draft / MENTIONS)
    (draft / KEYS).write_text("\n".join(sorted(model.training_keys)), encoding="ascii")
    for name, content in files.items():
        (draft / name).write_bytes(content)


def _write_scorer(pipeline: Pipeline, path: Path) -> None:
    """The compiled scorer, once it has said what the pipeline says; none where it cannot, and the
    pipeline answers."""
    try:
        scorer = compile_scorer(pipeline)
    except (TypeError, ImportError, ArithmeticError):
        return
    store_scorer(scorer, path)


def _write_manifest(model: Model, draft: Path, version: str, today: date) -> None:
    names = sorted(path.name for path in draft.iterdir() if path.name != MANIFEST)
    manifest = {
        **model.manifest,
        "format": FORMAT,
        "version": version,
        "created": today.isoformat(),
        "made_with": {
            "python": platform.python_version(),
            "scikit-learn": sklearn.__version__,
            "numpy": np.__version__,
        },
        **facts(model),
        "files": {name: _sha256(draft / name) for name in names},
    }
    manifest["digest"] = _digest(manifest)
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    (draft / MANIFEST).write_text(text + "\n", encoding="utf-8")


def _read_manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelNotFound(folder, "no model here; `waarom models list` shows them") from None
    except ValueError:
        raise BadModel(folder, f"{MANIFEST} cannot be read; {_REPAIR}") from None
    if not isinstance(manifest, dict):
        raise BadModel(folder, f"{MANIFEST} cannot be read; {_REPAIR}")
    return manifest


def _next_version(folder: Path, today: date) -> str:
    made = [_order(name) for name in list_versions(folder)]
    latest = max((number for day, number in made if day == today.isoformat()), default=0)
    return f"{today.isoformat()}.{latest + 1}"


def _moved(draft: Path, target: Path) -> bool:
    """Whether the draft could take that name; someone else may just have taken it."""
    try:
        draft.rename(target)
    except OSError:
        if not target.exists():
            raise
        return False
    target.chmod(0o755)
    return True


def _order(version: str) -> tuple[str, int]:
    day, number = version.split(".")
    return day, int(number)


def _history(folder: Path) -> list[str]:
    try:
        return (folder / HISTORY).read_text(encoding="utf-8").split()
    except FileNotFoundError:
        return []


def _write_history(folder: Path, versions: list[str]) -> None:
    _write_whole(folder / HISTORY, "".join(f"{version}\n" for version in versions))


def _write_whole(path: Path, content: str) -> None:
    """Replace a small file so that a reader sees the old content or the new, never a part."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(content, encoding="utf-8")
    os.replace(draft, path)


def _digest(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of the manifest's content, this field apart."""
    content = {key: value for key, value in manifest.items() if key != "digest"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])
