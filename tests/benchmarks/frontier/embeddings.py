"""Embeddings that outlive a run: each text is read by the encoder once, and then from a file."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from classifier.encoder import Encoder, encoder_digest, load_encoder


class KeptEncoder:
    """An encoder for one set of messages that remembers in a file what it has read."""

    def __init__(self, folder: Path, cache: Path, name: str) -> None:
        self.folder = folder
        self.path = cache / f"{name}-{encoder_digest(folder)[:12]}.npz"
        self.known: dict[bytes, np.ndarray] = {}
        self.loaded: Encoder | None = None
        if self.path.exists():
            with np.load(self.path) as kept:
                self.known = dict(zip(kept["keys"].tolist(), kept["vectors"], strict=True))

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Embeddings (n, width) of unit length."""
        keys = [_key(text) for text in texts]
        fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in self.known}
        if fresh or not texts:
            self.loaded = self.loaded or load_encoder(self.folder)
            read = self.loaded.encode(list(fresh.values()))
            self.known.update(zip(fresh, read, strict=True))
            if not texts:
                return read
        return np.stack([self.known[key] for key in keys])

    def save(self) -> None:
        """Keep what was read, for the next run."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(".part.npz")
        np.savez(part, keys=np.array(list(self.known)), vectors=np.stack([*self.known.values()]))
        part.replace(self.path)


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32].encode()
