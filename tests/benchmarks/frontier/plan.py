"""Which jobs the parts of the benchmark take: A all sets, B few labels, D what routing needs."""

from collections.abc import Iterator, Sequence

from tests.benchmarks.frontier.jobs import EMBEDDINGS, WAAROM, Job
from tests.benchmarks.frontier.peers import MINILM, PEERS, SVC
from tests.benchmarks.frontier.sets import SOURCES

PARTS = ("A", "B", "D")
MODELS = (WAAROM, *PEERS)
FEW_SET = "banking77"
FEW, DRAWS = (5, 10, 30), (0, 1, 2)
FEW_PEERS = ("TF-IDF words 1-2 + LogisticRegression C=20", SVC, MINILM)
ROUTED_SET, UNKNOWN_SET = "banking77", "clinc150"
SLOWEST = ("clinc150", "it_tickets", "banking77", "banking77_oos")
"""Sets that take longest start first, so that no process is left alone with one at the end."""


def planned(
    parts: Sequence[str], sets: Sequence[str], models: Sequence[str], *, quick: bool
) -> list[Job]:
    """Every job once, the slowest first."""
    made = dict.fromkeys(job for part in parts for job in JOBS[part](sets, quick))
    return sorted((job for job in made if job.model in (*models, EMBEDDINGS)), key=_rank)


def _all_sets(sets: Sequence[str], quick: bool) -> Iterator[Job]:
    for name in sets:
        yield from _reading(name, quick)
        yield Job(name, WAAROM, quick)
        yield from (Job(name, peer, quick) for peer in PEERS if _reads(peer, name))


def _few_labels(sets: Sequence[str], quick: bool) -> Iterator[Job]:
    if FEW_SET not in sets:
        return
    yield from _reading(FEW_SET, quick)
    yield Job(FEW_SET, WAAROM, quick, 0, seeded=True)
    for labels in FEW:
        for draw in DRAWS:
            for seeded in (True, False):
                yield Job(FEW_SET, WAAROM, quick, labels, draw, seeded)
            yield from (Job(FEW_SET, peer, quick, labels, draw) for peer in FEW_PEERS)


def _routing(sets: Sequence[str], quick: bool) -> Iterator[Job]:
    for name in (ROUTED_SET, UNKNOWN_SET):
        if name in sets:
            yield from _reading(name, quick)
            yield Job(name, WAAROM, quick)


def _reading(name: str, quick: bool) -> Iterator[Job]:
    if SOURCES[name].language == "en":
        yield Job(name, EMBEDDINGS, quick)


def _reads(peer: str, name: str) -> bool:
    """Whether a peer knows the language of a set: the encoder at hand knows English only."""
    return peer != MINILM or SOURCES[name].language == "en"


def _rank(job: Job) -> tuple[bool, bool, int]:
    """Waarom on whole sets first, the large ones before the others."""
    place = SLOWEST.index(job.data) if job.data in SLOWEST else len(SLOWEST)
    return job.labels is not None, job.model != WAAROM, place


JOBS = {"A": _all_sets, "B": _few_labels, "D": _routing}
