"""What a model's files hold: plain facts for the manifest, arrays for joblib, and back."""

from collections.abc import Mapping
from math import isinf
from pathlib import Path
from typing import Any

from classifier.calibration import UnknownCurve
from classifier.cascade import Cascade
from classifier.combination import MeaningClassifier
from classifier.embeddings import CachedEncoder
from classifier.encoder import Encoder, encoder_digest, load_encoder
from classifier.errors import BadFile, BadModel
from classifier.mentions import MentionReader
from classifier.model import Model
from classifier.novelty import Novelty
from classifier.taxonomy import Taxonomy


def facts(model: Model) -> dict[str, Any]:
    """What the manifest says of a model, and `model_of` reads back."""
    return {
        "taxonomy_version": model.taxonomy.version,
        "taxonomy": model.taxonomy.to_dict(),
        "drivers": list(model.drivers),
        "base_shares": list(model.base_shares),
        "temperature": model.temperature,
        "unknown": {
            "intercept": model.unknown_curve.intercept,
            "slope": model.unknown_curve.slope,
        },
        "encoder": _encoder_facts(model),
        "cascade": model.cascade and model.cascade.to_dict(),
        "threshold": None if isinf(model.threshold) else model.threshold,
        "target_precision": model.target_precision,
    }


def learned(model: Model) -> dict[str, Any]:
    """The fitted pipeline, and everything else that was learned as plain arrays and numbers."""
    return {
        "pipeline": model.pipeline,
        "meaning": None if model.meaning is None else model.meaning.to_arrays(),
        "novelty": model.novelty.to_dict(),
        "mentions": model.mentions and model.mentions.to_dict(),
    }


def model_of(manifest: Mapping[str, Any], parts: Mapping[str, Any], folder: Path) -> Model:
    """The model that `facts` and `learned` were taken from, its encoder loaded from its own folder.

    Raises `BadModel` when the encoder cannot be used.
    """
    threshold, encoder = manifest["threshold"], manifest["encoder"]
    cascade, mentions = manifest.get("cascade"), parts.get("mentions")
    return Model(
        pipeline=parts["pipeline"],
        taxonomy=Taxonomy.from_dict(manifest["taxonomy"]),
        temperature=manifest["temperature"],
        unknown_curve=UnknownCurve(**manifest["unknown"]),
        base_shares=tuple(manifest["base_shares"]),
        threshold=float("inf") if threshold is None else threshold,
        target_precision=manifest["target_precision"],
        version=manifest["version"],
        manifest=manifest,
        meaning=_meaning(encoder, parts["meaning"], folder),
        meaning_weight=encoder["weight"] if encoder else 0.0,
        cascade=Cascade.from_dict(cascade) if cascade else None,
        novelty=Novelty.from_dict(parts["novelty"]),
        mentions=MentionReader.from_dict(mentions) if mentions else None,
    )


def check_encoder(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Raise `BadModel` unless the encoder a version was trained with is where it was, unchanged.

    A version refers to its encoder and does not copy it: an encoder is 50 to 500 MB and the same
    for all versions. Its digest makes sure that it is the one the model learned from.
    """
    encoder = manifest["encoder"]
    if not encoder:
        return
    try:
        found = encoder_digest(Path(encoder["folder"]))
    except BadFile as error:
        raise BadModel(folder, f"its encoder is missing: {error}; {_REPAIR}") from None
    if found != encoder["sha256"]:
        reason = f"its encoder in {encoder['folder']} is not the one it was trained with"
        raise BadModel(folder, f"{reason}; {_REPAIR}")


_REPAIR = (
    "put the encoder it was trained with back there, roll back with `waarom models rollback`, or "
    "train again with `waarom train`"
)


def _encoder_facts(model: Model) -> dict[str, Any] | None:
    if model.meaning is None:
        return None
    encoder = model.meaning.encoder
    if isinstance(encoder, CachedEncoder):
        encoder = encoder.encoder
    if not isinstance(encoder, Encoder):
        raise TypeError("only an encoder from a folder can be found again")
    return {
        "folder": str(encoder.folder),
        "sha256": encoder.digest,
        "weight": model.meaning_weight,
    }


def _meaning(
    encoder: Mapping[str, Any] | None, arrays: Mapping[str, Any] | None, folder: Path
) -> MeaningClassifier | None:
    if encoder is None or arrays is None:
        return None
    try:
        return MeaningClassifier.from_arrays(load_encoder(encoder["folder"]), arrays)
    except BadFile as error:
        raise BadModel(folder, f"its encoder cannot be used: {error}") from None
