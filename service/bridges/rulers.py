"""What measured a week: the models of its messages, and the taxonomies of its answers."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from classifier.crosswalk import Crosswalk, crosswalk
from classifier.taxonomy import Taxonomy
from service.tables import LabelRow, MessageRow, ModelRow, TaxonomyRow, TermRow
from service.terms import PRIMARY, WHOLE

STRAY = 0.01
"""A model that read less of a week than this measured none of it: late messages, mostly."""


@dataclass(frozen=True, slots=True)
class Ruler:
    """`models`: those that measured the week's messages, the one in use last of all at the end; ''
    where there was none. `taxonomies`: versions in which people answered; one that has the same
    leaves and definitions as the taxonomy in use goes by the name of that."""

    models: tuple[str, ...]
    taxonomies: tuple[str, ...]
    answers: int

    @property
    def newest(self) -> str:
        """The model that the week ended with; '' without one."""
        return self.models[-1] if self.models else ""


def differ(before: Ruler, after: Ruler) -> bool:
    """Whether two weeks were not measured alike. Two of the same two models were not, either:
    each may have read more of the one week than of the other."""
    models = {*before.models, *after.models}
    return len(models) > 1 or len({*before.taxonomies, *after.taxonomies}) > 1


def rulers(session: Session, taxonomy: Taxonomy, weeks: Sequence[str]) -> dict[str, Ruler]:
    """Week -> what measured it, of those of these weeks that have messages."""
    models, answers = models_of(session, weeks)
    answered = _taxonomies(session, taxonomy, weeks)
    return {
        week: Ruler(tuple(models[week]), tuple(sorted(answered.get(week, ()))), answers[week])
        for week in models
    }


def measuring(messages: Mapping[str, float]) -> list[str]:
    """The models, of those that read so many messages of a week, that measured it; in order."""
    most, all_ = max(messages.values(), default=0.0), sum(messages.values())
    return [each for each, read in messages.items() if read == most or read >= STRAY * all_]


def walks(session: Session, taxonomy: Taxonomy, versions: Collection[str]) -> dict[str, Crosswalk]:
    """Version -> what became of its drivers in `taxonomy`; that itself, and versions nobody knows
    any more, are left out."""
    found = {}
    for version in sorted(set(versions) - {taxonomy.version}):
        row = session.get(TaxonomyRow, version)
        if row is not None:
            found[version] = crosswalk(Taxonomy.from_dict(row.content), taxonomy)
    return found


def models_of(
    session: Session, weeks: Sequence[str]
) -> tuple[dict[str, list[str]], dict[str, int]]:
    """Week -> the models that measured it, the latest last; and its answers, first and second."""
    last_day = func.max(TermRow.day)
    query = (
        select(
            TermRow.week,
            TermRow.model,
            func.sum(TermRow.messages).label("messages"),
            func.sum(TermRow.answers + TermRow.second_opinions).label("answers"),
        )
        .outerjoin(ModelRow, ModelRow.version == TermRow.model)
        .where(
            TermRow.week.in_(weeks),
            TermRow.kind == PRIMARY,
            TermRow.slice == WHOLE,
            TermRow.driver == "",
        )
        .group_by(TermRow.week, TermRow.model)
        .order_by(TermRow.week, last_day, func.max(ModelRow.used_since), TermRow.model)
    )
    read: dict[str, dict[str, float]] = defaultdict(dict)
    answers: dict[str, int] = defaultdict(int)
    for row in session.execute(query):
        read[row.week][row.model] = row.messages
        answers[row.week] += int(row.answers)
    return {week: measuring(messages) for week, messages in read.items()}, answers


def _taxonomies(
    session: Session, taxonomy: Taxonomy, weeks: Sequence[str]
) -> Mapping[str, set[str]]:
    """Week -> the taxonomies of its answers, by the name of the one in use where they are alike."""
    if (session.scalar(select(func.count()).select_from(TaxonomyRow)) or 0) < 2:
        return {}
    query = (
        select(MessageRow.week, LabelRow.taxonomy)
        .join(LabelRow, LabelRow.message_id == MessageRow.id)
        .where(MessageRow.week.in_(weeks), MessageRow.counted, LabelRow.counts, LabelRow.current)
        .distinct()
    )
    rows = session.execute(query).all()
    known = walks(session, taxonomy, {row.taxonomy for row in rows})
    found: dict[str, set[str]] = defaultdict(set)
    for week, version in rows:
        walk = known.get(version)
        other = walk is not None and (walk.changed or walk.redefined)
        found[week].add(version if other else taxonomy.version)
    return found
