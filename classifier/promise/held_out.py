"""The promise of a model, from the labels of messages it never saw."""

from collections.abc import Sequence

import numpy as np

from classifier.decisions import is_routed
from classifier.messages import LabeledMessage
from classifier.model import Model
from classifier.promise.promise import QueuePromise, promise
from classifier.text import normalized


def held_out_promise(
    model: Model, messages: Sequence[LabeledMessage], *, drawn: bool, key: bytes = b""
) -> dict[str, QueuePromise]:
    """What labels of held-out messages show for each queue the model could route to.

    `drawn`: only labels whose inclusion probability is known count; else the messages are a random
    hold-out of all labels, and count alike. Right is right about the driver, not only the queue.
    Messages of one customer, or of the same text, count once.
    """
    taxonomy = model.taxonomy
    predictions = model.predict([message.text for message in messages]) if messages else []
    confidence = np.array([each.confidence for each in predictions], dtype=np.float64)
    unknown = np.array([each.unknown for each in predictions], dtype=np.float64)
    pairs = list(zip(messages, predictions, strict=True))
    correct = np.array([each.driver in m.label.drivers for m, each in pairs], dtype=bool)
    rows = np.flatnonzero(is_routed(confidence, unknown, 0.0))
    some = [messages[row] for row in rows]
    inclusion = np.array([message.inclusion for message in some], dtype=np.float64)
    return promise(
        confidence[rows],
        correct[rows],
        [taxonomy.queue(predictions[row].driver) for row in rows],
        inclusion if drawn else None,
        target=model.target_precision,
        ids=[message.message_id or message.text for message in some],
        groups=[message.group or normalized(message.text) for message in some],
        key=key,
        asking={taxonomy.queue(driver) for driver in model.drivers},
    )
