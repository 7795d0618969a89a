"""Every driver a message is about, beside the primary one, and the sentences that say so."""

from classifier.mentions.reader import Found, MentionReader
from classifier.mentions.training import FoldMentions, fold_mentions, has_several, mention_reader

__all__ = [
    "FoldMentions",
    "Found",
    "MentionReader",
    "fold_mentions",
    "has_several",
    "mention_reader",
]
