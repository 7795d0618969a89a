"""What kind of token somebody copied out of Label Studio. Pure; nothing is verified here."""

import base64
import binascii
import json
from enum import StrEnum


class TokenKind(StrEnum):
    LEGACY = "legacy token"
    PERSONAL = "personal access token"
    SHORT_LIVED = "access token"
    """What a personal one is exchanged for: over in five minutes."""


def token_kind(token: str) -> TokenKind:
    """A JSON web token says of itself what it is; anything else is a legacy token."""
    claims = _claims(token.strip())
    if claims is None:
        return TokenKind.LEGACY
    short = claims.get("token_type") == "access"
    return TokenKind.SHORT_LIVED if short else TokenKind.PERSONAL


def _claims(token: str) -> dict[str, object] | None:
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        said = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
    return said if isinstance(said, dict) else None
