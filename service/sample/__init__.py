"""A made-up Dutch web shop: its taxonomy, and messages to it whose truth is known."""

from pathlib import Path

from classifier.taxonomy import Taxonomy, load_taxonomy
from service.sample.demand import (
    LATE_DRIVER,
    STRIKE_DRIVER,
    STRIKE_WEEK,
    TRAINING_WEEKS,
)
from service.sample.export import write_csv
from service.sample.generator import SampleMessage, generate

__all__ = [
    "LATE_DRIVER",
    "SAMPLE_TAXONOMY_PATH",
    "STRIKE_DRIVER",
    "STRIKE_WEEK",
    "TRAINING_WEEKS",
    "SampleMessage",
    "generate",
    "sample_taxonomy",
    "write_csv",
]

SAMPLE_TAXONOMY_PATH = Path(__file__).with_name("taxonomy.toml")


def sample_taxonomy() -> Taxonomy:
    """The web shop's taxonomy: 30 drivers under 8 parents."""
    return load_taxonomy(SAMPLE_TAXONOMY_PATH)
