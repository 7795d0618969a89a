"""Replays, each in a process of its own, kept until the code they came from changes."""

import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from tests.benchmarks.frontier.jobs import digest
from tests.benchmarks.volumes.peers import PPI, is_installed
from tests.benchmarks.volumes.pools import SOURCES, Pool, kept_pool
from tests.benchmarks.volumes.pools import code as models
from tests.benchmarks.volumes.replay import Effort, at_random, lived, most_doubtful_first
from tests.benchmarks.volumes.tallies import Tally, tallied
from tests.benchmarks.volumes.worlds import SCENARIOS, World

HASH, DOUBT = "hash", "doubt"
ORDERS: Final = {HASH: at_random, DOUBT: most_doubtful_first}
PROCESSES: Final = 2
MESSAGES, BUDGETS = (500, 2_000, 10_000), (0.05, 0.1)
REPLAYS: Final = {500: 6, 2_000: 4, 10_000: 3}
"""How many replays of 12 weeks, by the messages a week."""
UNFINISHED: Final = 0.6
UNFINISHED_IN: Final = ("S1", "S3", "S5")
HERE: Final = Path("tests/benchmarks/volumes")
METHOD: Final = (
    "blend",
    "estimates",
    "moderation",
    "prevalence",
    "recalibration",
    "review_only",
    "significance",
    "terms",
)
CODE: Final = ("worlds.py", "replay.py", "peers.py", "tallies.py")


@dataclass(frozen=True, order=True)
class Job:
    """Twelve weeks and those before them."""

    source: str
    scenario: str
    messages: int
    budget: float
    replay: int
    answered: float = 1.0
    order: str = HASH

    @property
    def name(self) -> str:
        some = f" {self.answered:.0%} answered by {self.order}" if self.answered < 1 else ""
        size = f"{self.messages:,} messages {self.budget:.0%}"
        return f"{self.source} {self.scenario} {size} replay {self.replay}{some}"

    @property
    def effort(self) -> Effort:
        return Effort(budget=self.budget, answered=self.answered, serve=ORDERS[self.order])


def planned(sources: Sequence[str], *, quick: bool, replays: int | None = None) -> list[Job]:
    """Every setting in every scenario, and the unfinished queues; `quick`: some of it, `replays`:
    no more than so many of each setting. First replays come first."""
    sizes = MESSAGES[:2] if quick else MESSAGES
    jobs = [
        Job(source, scenario, n, budget, replay)
        for source in sources
        for n in sizes
        for budget in BUDGETS
        for scenario in SCENARIOS
        for replay in range(2 if quick else REPLAYS[n])
    ]
    jobs += [
        Job(sources[0], scenario, 2_000, BUDGETS[-1], replay, UNFINISHED, order)
        for scenario in UNFINISHED_IN
        for order in ORDERS
        for replay in range(2 if quick else 2 * REPLAYS[2_000])
    ]
    few = [job for job in jobs if replays is None or job.answered < 1 or job.replay < replays]
    return sorted(few, key=lambda job: job.replay)


def all_done(jobs: Sequence[Job], kept: Path, *, fresh: bool, processes: int) -> dict[Job, Tally]:
    """Do what is not kept yet."""
    pools = {
        name: kept_pool(SOURCES[name], kept, log=log) for name in sorted({j.source for j in jobs})
    }
    places = {job: path(job, kept) for job in jobs}
    missing = [job for job in jobs if fresh or not places[job].exists()]
    log(f"{len(jobs)} replays, {len(jobs) - len(missing)} of them kept from before")
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as workers:
        doing = [workers.submit(do, job, pools[job.source], places[job]) for job in missing]
        for number, each in enumerate(as_completed(doing), start=1):
            name = each.result()
            if number % 10 == 0 or number == len(doing):
                log(f"{number} of {len(doing)}: {name}")
    return {job: Tally.load(place) for job, place in places.items()}


def do(job: Job, pool: Path, place: Path) -> str:
    """Replay, and keep what came of it."""
    world = World(_loaded(pool), job.scenario, job.replay)
    tallied(world, lived(world, job.effort, job.messages)).save(place)
    return job.name


def path(job: Job, kept: Path) -> Path:
    return kept / code() / f"volumes-{job.name.replace(' ', '-')}.npz"


@cache
def code() -> str:
    own = [str(HERE / name) for name in CODE]
    theirs = [f"classifier/volumes/{name}.py" for name in METHOD]
    peers = "with" if is_installed(PPI) else "without"
    return "-".join([models(), digest([*theirs, "labeling/sampling.py", *own]), peers])


def log(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)  # noqa: T201


@cache
def _loaded(pool: Path) -> Pool:
    return Pool.load(pool)
