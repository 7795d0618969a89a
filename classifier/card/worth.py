"""What a model is worth: its figures, each with its interval and the messages it rests on."""

from collections.abc import Iterable

from classifier.card.tables import figure, share, table
from classifier.evaluation import Evaluation


def worth_section(evaluation: Evaluation) -> str:
    """Accuracy, F1, what it routes, and how it sees that a message is none of the drivers."""
    f1, auto = evaluation.f1, evaluation.auto
    rows = [
        ("accuracy", share(evaluation.accuracy), f"{evaluation.known:,}"),
        ("macro F1", figure(f1.macro, f1.macro_low, f1.macro_high), f"{evaluation.known:,}"),
        ("routed by the model", share(auto.share), f"{auto.share.n:,}"),
        ("of which right", share(auto.precision), f"{auto.precision.n:,}"),
        *_unknown_rows(evaluation),
    ]
    worth = table(("figure", "value", "messages"), rows)
    return f"## Worth\n\n{worth}\n\n{_counted(evaluation)}"


def _unknown_rows(evaluation: Evaluation) -> Iterable[tuple[str, str, str]]:
    """What is measured only where some messages are about none of the drivers."""
    found, known = evaluation.unknown, evaluation.auto.precision_known
    if evaluation.unknown_labels or evaluation.other_drivers:
        name = "of which right, where the model knows the driver"
        yield name, share(known), f"{known.n:,}"
    if found.auroc is not None:
        area = figure(found.auroc, found.auroc_low, found.auroc_high)
        caught, n = found.recall_at_95_kept, f"{found.recall_at_95_kept.n:,}"
        yield "sees that it is none of the drivers (AUROC)", area, n
        yield "of those caught, letting 95 % of the others through", share(caught), n


def _counted(evaluation: Evaluation) -> str:
    """Which messages the figures are of."""
    others = (
        (evaluation.unknown_labels, "about none of the drivers"),
        (evaluation.other_drivers, "about drivers it never learned"),
        (evaluation.left_out, "left out because it was trained on them"),
    )
    apart = "; ".join(f"{n:,} more are {what}" for n, what in others if n)
    said = f"Accuracy and F1 are over the {evaluation.known:,} messages whose driver it knows"
    sentences = [f"{said}; {apart}." if apart else f"{said}."]
    if evaluation.groups < evaluation.n:
        sentences.append(
            f"Intervals count the {evaluation.n:,} messages as {evaluation.groups:,}: those of one "
            "customer, or of the same text, stand or fall together."
        )
    return " ".join(sentences)


def weighted_section(evaluation: Evaluation) -> str:
    """The figures for all messages, where labels were drawn with a known probability."""
    found = evaluation.weighted
    if found is None or (found.n == evaluation.n and found.accuracy == evaluation.accuracy):
        return ""
    macro = figure(found.macro_f1, found.macro_f1_low, found.macro_f1_high)
    rows = [
        ("accuracy", share(found.accuracy), f"{found.accuracy.n:,}"),
        ("macro F1", macro, f"{found.accuracy.n:,}"),
        ("routed by the model", share(found.share), f"{found.share.n:,}"),
        ("of which right", share(found.precision), f"{found.precision.n:,}"),
        ("accuracy on labels nobody drew, apart", share(found.apart), f"{found.apart.n:,}"),
    ]
    how = (
        f"{found.n:,} labels were drawn with a known probability π; each counts 1/π times, so that "
        "together they stand for all messages that could have been drawn."
    )
    return "## All messages\n\n" + how + "\n\n" + table(("figure", "value", "labels"), rows)
