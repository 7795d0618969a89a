"""Keyed pseudonyms: the same value gives the same word, which nobody without the key can undo."""

import hmac


def pseudonym(value: str, *, key: bytes, kind: str) -> str:
    """16 hex digits of HMAC-SHA256 over the kind and the value, so that kinds never collide.

    Raises ValueError when the key is empty: an unkeyed hash of a customer could be guessed.
    """
    if not key:
        raise ValueError("pseudonyms need a secret key; `waarom init` makes one")
    content = f"{kind}\0{value}".encode("utf-8", "surrogatepass")
    return hmac.digest(key, content, "sha256").hex()[:16]
