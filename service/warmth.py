"""What a first message would wait for is made ahead, and what to do where it cannot be made."""

import logging

from classifier import language, redaction
from classifier.model import Model

logger = logging.getLogger(__name__)


def read_ahead() -> None:
    """Load the word lists of redaction and of languages, half a second each, and what reads
    languages faster."""
    redaction.warm_up()
    language.warm_up()


def warm(model: Model) -> Exception | None:
    """Compile a model's scorer and wait for it: seconds the first time on a machine, less than
    one later. Why there is none, if there is none; the model answers as well without, slower."""
    if model.warming is None:
        return None
    model.warm_up()
    failure = model.warming.failure
    if failure is not None:
        logger.warning("%s", in_words(failure))
    return failure


def is_warm(model: Model) -> bool:
    """Whether a model is read by the compiled scorer now."""
    return model.warming is not None and model.warming.scorer() is not None


def in_words(failure: Exception) -> str:
    """Why messages are read slowly, and what to do about it."""
    return f"{_reason(failure)}; messages are read all the same, some ten times slower"


def _reason(failure: Exception) -> str:
    if isinstance(failure, OSError) or "cannot cache" in str(failure):
        return (
            "the compiled scorer cannot be kept on disk: set NUMBA_CACHE_DIR to a folder that "
            "may be written"
        )
    if isinstance(failure, ImportError):
        return f"numba cannot be loaded ({failure}): install Waarom again"
    return f"the scorer of this model cannot be compiled ({type(failure).__name__})"
