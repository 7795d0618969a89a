"""A model's card: what it was made from, what it is worth, and what it is bad at, in Markdown."""

from classifier.card.card import Making, TrainingData, training_data, write_card

__all__ = ["Making", "TrainingData", "training_data", "write_card"]
