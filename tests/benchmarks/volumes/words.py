"""What is said around the tables: how the figures came about, and why some are what they are."""

from typing import Any, Final

from tests.benchmarks.volumes.worlds import SCENARIOS

HOW: Final = """\
`python -m tests.benchmarks.volumes{cut}` writes this section. Four models, trained as `waarom \
train` does on 30 labels of each driver and on all labels of a training file, judge messages \
they never saw: {accuracy}. One driver of each set is kept from training: the taxonomy has it, \
the model does not. Weeks are drawn from those messages, drivers with Zipf shares, anew in each \
replay which is how common; of CLINC150 3 % are about none of the drivers. Probabilities are \
corrected once to the shares of the weeks before, so that nothing moves in S1, and a plain \
count is at its best.

{scenarios}.

Then all goes as in service and by its code: a plan a day from the doubts of seven days, a draw \
by keyed hash for every message (no question is required; everyone answers, and is right), the \
five likeliest logged, recalibrated by four weeks' answers when the week begins and by its own \
messages when it closes, estimated with four weeks' history. Of each replay 4 weeks go before \
the 12 that are measured: {weeks:,} weeks in all. The truth is the count of that week. ± is the \
standard error over replays. All drivers are those that messages can be about; large ones \
usually have 3 % of the messages or more, small ones less than 1 %; the pair are two large \
ones.

*total* is the unbiased total, *blend* the figure shown, both with one interval. *naive* counts \
the answers and the likeliest driver of the rest, with a binomial interval; *AIPW, Wald* is the \
same total with the textbook's; *PPI++* is ppi-python's, tuned for each driver, its answers \
weighed by 1/π; *answers alone* are Korn and Graubard's interval of the same answers. All of \
them have the same answers. The blend's method and constants were chosen on other replays of \
BANKING77; CLINC150 was looked at once, by these tables.

What flatters: 40 to 140 messages of each driver fill these weeks over and over, so a model's \
mistakes last longer than they would among messages that never come twice. That helps what \
learns from the weeks before. *blend, this week alone* learns nothing from them.

{when}"""

WIDE: Final = """\
An interval is as wide as the model is unsure. The same answers through the same code are within \
the goal where messages are as the model learned them, and beyond it where typos make it wrong \
about a quarter of them or take them for none of its drivers, or where it cannot know: of the \
pair, whose messages look alike to it. Large drivers, {messages:,} messages, {budget:.0%} asked; \
width in % of that of answers alone:"""


def introduction(said: dict[str, Any]) -> str:
    """How, on what and when; nothing where that is not known."""
    if "about" not in said:
        return ""
    about = said["about"]
    right = ", ".join(
        f"{name} is right about {each['as it is']:.1%} (mistyped about {each['mistyped']:.1%}, and "
        f"{each['mistyped, for none']:.1%} of those are taken for none of its drivers)"
        for name, each in about["accuracy"].items()
    )
    scenarios = "; ".join(f"{name}: {moves}" for name, moves in SCENARIOS.items())
    return HOW.format(
        cut=f" --replays {about['replays']}" if about["replays"] else "",
        accuracy=right,
        scenarios=scenarios,
        weeks=about["weeks"],
        when=_when(about),
    )


def wide(messages: int, budget: float) -> str:
    """Above the widths of each model."""
    return WIDE.format(messages=messages, budget=budget)


def _when(about: dict[str, Any]) -> str:
    machine = about["machine"]
    facts = ", ".join(
        f"{name} {value}" for name, value in machine.items() if name not in ("processor", "cores")
    )
    quick = " **Few weeks of one small model only (`--quick`).**" if about["quick"] else ""
    on = f"{machine['cores']} cores of {machine['processor']} ({facts})"
    return f"{about['date']}, commit {about['commit']}, on {on}.{quick}"
