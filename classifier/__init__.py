"""The science: text to drivers, decisions and volumes. Knows no database, network or clock."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from classifier.registry import load_model

__all__ = ["load_model"]


def __getattr__(name: str) -> Any:
    # scikit-learn takes a second to import; most of the package does without it.
    if name == "load_model":
        from classifier.registry import load_model

        return load_model
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
