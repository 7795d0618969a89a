"""What a plan of next week's questions says."""

from dataclasses import dataclass

from classifier.promise import Rung

ENOUGH_TIMES = 20
"""With fewer measured answer times, no minutes are said."""


@dataclass(frozen=True, slots=True)
class Minutes:
    """What so many answers take at the median answer time, and at its quartiles."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class AnswerTimes:
    """Seconds an answer took lately: of `answers` that were timed, the median and the quartiles;
    None without any."""

    answers: int
    median: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def enough(self) -> bool:
        """Whether minutes can be said from them."""
        return self.answers >= ENOUGH_TIMES

    def minutes(self, answers: float) -> Minutes | None:
        """For so many answers; None where too few were timed."""
        if not self.enough or self.median is None or self.low is None or self.high is None:
            return None
        return Minutes(*(answers * each / 60 for each in (self.median, self.low, self.high)))


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverOutlook:
    """A driver's expected volume and half of its interval, in messages a week; `share`: the
    half-width as a fraction of the volume, None where none is expected. `learned`: the model in
    use had labels of it, or of a driver below it."""

    driver: str
    name: str
    volume: float
    half_width: float
    share: float | None
    too_uncertain: bool
    learned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueOutlook:
    """How far a queue is from its promise. `needed` labels are missing, 0 where it is promised,
    None where no number would do; a budget brings `a_week` that count, and so takes `weeks`, None
    where that cannot be said. `checked`: the figures are of the model and drivers in use; else
    as many are needed as when all are right."""

    queue: str
    rung: Rung
    checked: bool
    needed: int | None
    a_week: float
    weeks: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What `answers` to graded questions a week buy. `asked`: no more than there are messages;
    `minutes` for these, None where too few answers were timed. Leaves and parents are sorted by
    volume, largest first."""

    answers: float
    asked: float
    minutes: Minutes | None
    drivers: tuple[DriverOutlook, ...]
    parents: tuple[DriverOutlook, ...]
    queues: tuple[QueueOutlook, ...]

    @property
    def too_uncertain(self) -> tuple[str, ...]:
        """The leaves that stay too uncertain."""
        return tuple(each.driver for each in self.drivers if each.too_uncertain)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneMore:
    """What one more answer a week buys, beyond the present budget: every interval is this fraction
    narrower on average, and that of `driver`, which gains most, by `messages` half-width."""

    narrower: float
    driver: str
    name: str
    messages: float
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelPlan:
    """What budgets buy in a week like `week`, with the model in use.

    `required` questions about doubtful messages come on top of every budget and take
    `required_minutes`; `graded` messages are those a budget is drawn from. `answered`: the share
    of `week`'s questions that was answered, None where nothing was asked. A driver is too
    uncertain when its half-width is above `limit`, a fraction of its volume. `one_more` is None
    where every message is asked already.
    """

    week: str
    model: str
    messages: int
    required: float
    required_minutes: Minutes | None
    graded: float
    answered: float | None
    present: float
    limit: float
    times: AnswerTimes
    budgets: tuple[Budget, ...]
    one_more: OneMore | None
