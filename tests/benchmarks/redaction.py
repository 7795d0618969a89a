"""How fast messages are made ready to be read: cleaned, redacted, their language found, normalized.

    python -m tests.benchmarks.redaction [--rounds 5] [--json]

On the generated sample's tickets, emails and survey comments, on longer emails made of eight of its
emails each, and on external ids. One core; processor time, medians over the rounds. Redaction is
also shown rule by rule, each on the text as the rules before it left it, in the first round only;
what is left of "redact" is the rounds after it, the placeholders, and the pseudonyms of orders.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date

from classifier import language
from classifier.cleaning import clean
from classifier.language import detect_language
from classifier.messages import RawMessage
from classifier.redaction import RULES, redact
from classifier.redaction.reading import Reading, apart
from classifier.text import normalized
from service.sample import generate

KEY = b"a key for benchmarks"
JOINED = 8
CHANNELS = ("ticket", "email", "survey")
IDS = ("12345", "8812345", "T-2024-0001", "sample-000123")


@dataclass(frozen=True)
class Pace:
    """Of one kind of messages: how many, characters and the share that holds personal data (of 1);
    microseconds a message by step and, within the first round of redaction, by rule."""

    messages: str
    n: int
    characters: float
    personal: float
    steps: Mapping[str, float]
    rules: Mapping[str, float]

    @property
    def rate(self) -> float:
        """Messages redacted a second."""
        return 1e6 / self.steps["redact"]


def measure(name: str, raw: Sequence[RawMessage], rounds: int) -> Pace:
    """Time every step on these messages, each on what the step before it made."""
    cleaned = [clean(message).text for message in raw]
    redacted = [redact(text, key=KEY) for text in cleaned]
    found = sum(one != other for one, other in zip(cleaned, redacted, strict=True))
    return Pace(
        messages=name,
        n=len(raw),
        characters=statistics.mean(map(len, cleaned)),
        personal=found / len(raw),
        steps={
            "clean": _microseconds(clean, raw, rounds),
            "redact": _microseconds(lambda text: redact(text, key=KEY), cleaned, rounds),
            "language": _microseconds(detect_language, redacted, rounds),
            "normalize": _microseconds(normalized, redacted, rounds),
        },
        rules=_by_rule(cleaned, rounds),
    )


def _by_rule(texts: Sequence[str], rounds: int) -> dict[str, float]:
    readings = [Reading.of(text) for text in texts]
    taken = {"read": _microseconds(Reading.of, texts, rounds)}
    for kind, digits, rule in RULES:
        asked = [reading for reading in readings if reading.digits >= digits]
        taken[kind] = _microseconds(lambda one, rule=rule: list(rule(one)), asked, rounds)
        taken[kind] *= len(asked) / len(texts)
        readings = [
            reading.masked(spans) if (spans := apart(rule(reading))) else reading
            for reading in readings
        ]
    return taken


def _microseconds(step: Callable[..., object], items: Sequence[object], rounds: int) -> float:
    if not items:
        return 0.0
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        for item in items:
            step(item)
        taken.append((time.process_time() - began) / len(items) * 1e6)
    return statistics.median(taken)


def _messages() -> dict[str, list[RawMessage]]:
    sample = [each.raw for each in generate(until=date(2026, 11, 22))]
    kinds = {f"{kind}s": [raw for raw in sample if raw.channel == kind] for kind in CHANNELS}
    emails = kinds["emails"]
    longer = [
        RawMessage(text="\n\n".join(raw.text for raw in emails[at : at + JOINED]), channel="web")
        for at in range(0, len(emails) - JOINED, JOINED)
    ]
    ids = [RawMessage(text=each) for each in IDS * 500]
    return {"all of the sample": sample, **kinds, "longer emails": longer, "ids": ids}


def _printed(pace: Pace) -> None:
    steps = "  ".join(f"{step} {taken:.1f}" for step, taken in pace.steps.items())
    rules = "  ".join(f"{rule} {taken:.1f}" for rule, taken in pace.rules.items())
    print(  # noqa: T201
        f"\n{pace.messages}: {pace.n} messages of {pace.characters:.0f} characters, "
        f"{pace.personal:.0%} with personal data\n"
        f"  {pace.rate:,.0f} redacted a second\n"
        f"  µs a message: {steps}\n  µs by rule:   {rules}"
    )


def main() -> None:
    """Print a paragraph for each kind of message, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    language.warm_up()
    every = []
    for name, raw in _messages().items():
        every.append(measure(name, raw, asked.rounds))
        if not asked.json:
            _printed(every[-1])
    if asked.json:
        print(json.dumps([asdict(each) for each in every], indent=2))  # noqa: T201


if __name__ == "__main__":
    main()
