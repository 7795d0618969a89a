"""What the page of a question shows: drivers in the order of their keys, marks, the state of it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Form, Query, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from classifier.messages import UNKNOWN, Label
from classifier.taxonomy import Taxonomy
from service import conversations, reviews
from service.day import day
from service.explanations import why
from service.keys import Identity
from service.marks import marks
from service.mentions import said_of
from service.pages.screens import Screen
from service.reviews import Question
from service.runtime import taxonomy_in_use
from service.tables import DecisionRow, LabelRow

LIKELIEST = 3
KEYS = 9
LONGEST_NOTE = 2000
RENEWALS = 3
"""How often a claim is renewed, at work, in the time that it lasts."""


@dataclass(frozen=True, slots=True)
class Given:
    """What was filled in so far, shown again when something is missing. `read`: the content of the
    message that it is about."""

    driver: str = ""
    also: list[str] = field(default_factory=list)
    note: str = ""
    suggestion: str = ""
    personal_data: bool = False
    read: str = ""

    @property
    def label(self) -> Label:
        """The answer as a label; the primary driver is never also another one."""
        also = tuple(each for each in dict.fromkeys(self.also) if each != self.driver)
        return Label(None if self.driver == UNKNOWN else self.driver, also)

    def same_as(self, other: "Given") -> bool:
        """Whether both say the same, as far as it is stored."""
        return self._stored == other._stored

    @property
    def _stored(self) -> tuple[Label, str, str, bool]:
        named = self.suggestion if self.driver == UNKNOWN else ""
        return self.label, self.note, named, self.personal_data


Text = Annotated[str, Form(max_length=LONGEST_NOTE)]
Was = Annotated[str, Query(max_length=20)]


def given(
    driver: Annotated[str, Form(max_length=200)] = "",
    also: Annotated[list[str] | None, Form()] = None,
    note: Text = "",
    suggestion: Text = "",
    personal_data: Annotated[bool, Form()] = False,
    read: Annotated[str, Form(max_length=64)] = "",
) -> Given:
    return Given(driver, also or [], note, suggestion, personal_data, read)


GivenDep = Annotated[Given, Depends(given)]


def given_before(label: LabelRow | None) -> Given:
    """What was answered before it was undone."""
    if label is None:
        return Given()
    driver, also = label.driver or UNKNOWN, list(label.also)
    return Given(driver, also, label.note, label.suggestion, label.personal_data)


@dataclass(frozen=True, slots=True)
class Happened:
    """What happened before this page: a word for it, and the question that may be undone."""

    was: str = ""
    last: int | None = None

    @property
    def undo(self) -> str:
        """Where it is undone."""
        return f"/reviews/{self.last}/{'similar/undo' if self.was == 'given' else 'undo'}"

    def after(self, page: str) -> str:
        """The address of a page that tells it."""
        parts = [f"was={self.was}"] if self.was else []
        parts += [f"last={self.last}"] if self.last else []
        return f"{page}?{'&'.join(parts)}" if parts else page


@dataclass(frozen=True, slots=True)
class Choices:
    """The drivers to choose from, each once: those with a number, in its order, and the others
    under their parent, in the order of the taxonomy.

    `said`: of the numbered, those the model says the message is about, where these are several.
    `keys`: of a blind question in a small taxonomy, the drivers of the keys 1 to 9.
    `jumps`: of a blind question in a large one, the parents of these keys.
    """

    numbered: list[str]
    said: list[str]
    groups: list[tuple[str | None, list[str]]]
    keys: list[str]
    jumps: list[str]


def show_question(
    screen: Screen,
    identity: Identity,
    session: Session,
    question: Question,
    form: Given,
    *,
    now: datetime,
    happened: Happened,
    problem: str = "",
) -> Response:
    """The page of a question. `problem`: why what was filled in is not stored: missing, left (a
    driver is in the taxonomy no longer), revised (the message is another now), taken or closed."""
    taxonomy = taxonomy_in_use(session, screen.runtime)
    choices = choices_of(question, taxonomy)
    found = why(screen.runtime, question.message, question.prediction)
    return screen.show(
        "review.html",
        identity=identity,
        here="reviews",
        status={"": 200, "missing": 422, "left": 422}.get(problem, 409),
        q=question,
        form=form,
        happened=happened,
        problem=problem,
        renews=screen.runtime.settings.claim_minutes * 60 // RENEWALS,
        day=day(session, screen.runtime, now=now, person=identity.name),
        busy=reviews.busy(session, screen.runtime, identity.name, now=now),
        place=conversations.place(session, question.message),
        taxonomy=taxonomy,
        choices=choices,
        marks=marks(question.message, question.prediction, found, choices.numbered),
        doubts=[] if question.prediction is None else _doubts(session, question.message.id),
    )


def choices_of(question: Question, taxonomy: Taxonomy) -> Choices:
    """What to choose from; nothing of what the model thinks, nor what others do, of a blind one."""
    said = _said(question, taxonomy)
    opinions = [each.primary for each in question.opinions if each.primary]
    first = [*_likeliest(question, taxonomy), *opinions, *said]
    numbered = [each for each in dict.fromkeys(first) if each in taxonomy]
    leaves = taxonomy.leaves
    groups = _groups(taxonomy, leave_out=numbered)
    small = len(leaves) <= KEYS
    parents = [parent for parent, _ in groups if parent is not None]
    return Choices(
        numbered=numbered,
        said=said,
        groups=groups,
        keys=list(leaves) if small and not numbered else [],
        jumps=[] if small or numbered else parents[:KEYS],
    )


def _likeliest(question: Question, taxonomy: Taxonomy) -> list[str]:
    """The model's first drivers; none for a blind question."""
    if question.prediction is None:
        return []
    return [driver for driver, _ in question.prediction.top if driver in taxonomy][:LIKELIEST]


def _said(question: Question, taxonomy: Taxonomy) -> list[str]:
    """The drivers the model says a message is about, where there is one beside the likeliest."""
    said = [each.driver for each in said_of(question.prediction)]
    return [each for each in said if each in taxonomy.leaves] if len(said) > 1 else []


def _doubts(session: Session, message_id: int) -> list[str]:
    query = select(DecisionRow).where(DecisionRow.message_id == message_id, DecisionRow.current)
    decision = session.scalar(query)
    return list(decision.doubts) if decision else []


def _groups(taxonomy: Taxonomy, *, leave_out: list[str]) -> list[tuple[str | None, list[str]]]:
    """The leaves under each parent, in the order of the taxonomy; those without one together."""
    groups: dict[str | None, list[str]] = {}
    for leaf in taxonomy.leaves:
        if leaf not in leave_out:
            groups.setdefault(taxonomy.by_id[leaf].parent, []).append(leaf)
    return list(groups.items())
