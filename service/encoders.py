"""Encoders that are asked about new texts only; what they said of others is kept on disk."""

from dataclasses import replace
from pathlib import Path

from classifier.embeddings import FILE, CachedEncoder
from classifier.encoder import Encoder, load_encoder
from classifier.model import Model
from classifier.scoring.workers import cores
from service.secret import load_secret
from service.settings import Settings


def encoder_in(settings: Settings, folder: Path) -> CachedEncoder:
    """The encoder in a folder, on every core. Raises `BadFile`."""
    return _cached(settings, load_encoder(folder, cores=cores()))


def with_cache(settings: Settings, model: Model) -> Model:
    """The same model; where it has an encoder, that is asked about new texts only."""
    if model.meaning is None or not isinstance(model.meaning.encoder, Encoder):
        return model
    encoder = _cached(settings, model.meaning.encoder)
    return replace(model, meaning=model.meaning.with_encoder(encoder))


def _cached(settings: Settings, encoder: Encoder) -> CachedEncoder:
    return CachedEncoder(encoder, settings.models_dir / FILE, load_secret(settings))
