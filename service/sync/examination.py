"""What is wrong between us and Label Studio, and what to do about it. No sentence has a secret."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from labeling import backends
from labeling.backends import Backend
from labeling.hooks import Hook, Refusal, as_wanted, hooks, refusal
from labeling.inspection import looks_for_newer, reports_use, strangers_can_join
from labeling.projects import (
    INSTRUCTIONS,
    INTERFACE,
    SAMPLING,
    State,
    Wanted,
    aliases,
    dropped_drivers,
)
from labeling.studio import Studio
from labeling.views import missing_views
from service.errors import Unwell
from service.runtime import Runtime
from service.sync.connection import NotConfigured, connect
from service.sync.live import live_url
from service.sync.place import known_project, known_state
from service.sync.project import (
    HOOK_PATH,
    hook_headers,
    hook_url,
    made_of_what_is_wanted,
    wanted_project,
    wanted_views,
)

OLDEST: Final = (1, 23)
REPAIR: Final = "`waarom label setup` repairs it"


@dataclass(frozen=True, slots=True)
class Visit:
    """A server that answers, and the project we know there; None when it was never set up."""

    runtime: Runtime
    studio: Studio
    project: int | None

    def state(self) -> State | None:
        """The project as it is. Raises `ProjectMissing` for one that was deleted, and
        `ServerReplaced` for another one that took its place."""
        return known_state(self.runtime, self.studio)


def examine_studio(runtime: Runtime) -> str:
    """Whether Label Studio is there, new enough and takes our token, and who we are there.

    Raises `Unwell` or a `StudioError`.
    """
    settings = runtime.settings
    if not settings.label_studio_url and settings.label_studio_api_key is None:
        return "not used; the review page asks the questions"
    try:
        studio = connect(runtime)
    except NotConfigured:
        raise Unwell(
            "half set: it takes both WAAROM_LABEL_STUDIO_URL and WAAROM_LABEL_STUDIO_API_KEY"
        ) from None
    with closing(studio):
        version, login = studio.ping(), studio.whoami()
        if numbers(version) < OLDEST:
            raise Unwell(f"version {version} is too old: install 1.23 or newer")
        return f"version {version}, logged in as {login} with a {studio.connection.kind}"


def looks(runtime: Runtime) -> dict[str, Callable[[], str]]:
    """What else to look at in a Label Studio that answers, by name."""

    def look(at: Callable[[Visit], str]) -> str:
        with closing(connect(runtime)) as studio:
            return at(Visit(runtime, studio, known_project(runtime)))

    return {name: partial(look, at) for name, at in LOOKS.items()}


def numbers(version: str) -> tuple[int, ...]:
    """As in (1, 23); what is no number ("develop") counts as newest."""
    parts = version.split(".")[:2]
    return tuple(int(part) for part in parts) if all(map(str.isdecimal, parts)) else (9999,)


def _strangers(visit: Visit) -> str:
    joinable = strangers_can_join(visit.studio.url)
    if joinable:
        raise Unwell(
            "anybody who reaches it can make an account, and then read, change and delete every "
            "project: start it with LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK=true"
        )
    return "whether strangers can join, it does not say" if joinable is None else "shut"


def _privacy(visit: Visit) -> str:
    told = []
    if reports_use(visit.studio.url):
        told.append(
            "it tells its makers what people do in it: start it with "
            "LABEL_STUDIO_COLLECT_ANALYTICS=false, and for its error reports with an empty "
            "SENTRY_DSN and FRONTEND_SENTRY_DSN"
        )
    if looks_for_newer(visit.studio.url):
        told.append(
            "it asks a package index for its newest version: start it with "
            "LABEL_STUDIO_LATEST_VERSION_CHECK=false"
        )
    _raise(told)
    return "it tells nobody what people do in it (error reports cannot be seen from outside)"


def _project(visit: Visit) -> str:
    found = visit.state()
    if found is None:
        return "none yet: `waarom label setup`, or the first question sent, makes it"
    wanted = wanted_project(visit.runtime)
    differs = found.differences(wanted)
    _raise(list(_project_faults(visit, found, wanted, differs)))
    return f"number {found.id}, as it should be"


def _project_faults(
    visit: Visit, found: State, wanted: Wanted, differs: Mapping[str, object]
) -> Iterator[str]:
    if INTERFACE in differs:
        yield _interface(visit, found, wanted)
    if "sampling" in differs:
        yield (
            f"tasks come in the order of {found.settings.get('sampling')!r}, not of "
            f"{SAMPLING!r}: what is asked first is then no longer what was drawn; {REPAIR}"
        )
    if INSTRUCTIONS in differs:
        yield f"its instructions are not those of the taxonomy; {REPAIR}"
    views = missing_views(visit.studio.connection, found.id, wanted_views(visit.runtime))
    if views:
        yield f"tabs are missing, or show something else: {', '.join(views)}; {REPAIR}"
    rest = sorted(set(differs) - {INTERFACE, INSTRUCTIONS, "sampling"})
    if rest:
        yield f"changed by hand: {', '.join(rest)}; {REPAIR}"


def _interface(visit: Visit, found: State, wanted: Wanted) -> str:
    """What is different, and whether answers stand in the way of the repair."""
    here, there = aliases(wanted.interface), aliases(found.settings[INTERFACE])
    by_hand = made_of_what_is_wanted(visit.runtime)
    why = "edited by hand" if by_hand else "out of date, as the taxonomy or Waarom changed"
    said = f"its interface is {why}"
    if here - there:
        said += f"; it lacks {_some(here - there)}"
    if there - here:
        said += f"; it has {_some(there - here)}, which the taxonomy has not"
    if used := dropped_drivers(visit.studio.connection, found, wanted):
        return (
            f"{said}; answers use {_some(used)}, so it cannot be repaired: put them back in the "
            "taxonomy, or start a project with another title (label_studio_project)"
        )
    return f"{said}; {REPAIR}"


def _webhook(visit: Visit) -> str:
    if visit.project is None:
        return "none yet, as there is no project"
    ours = [each for each in hooks(visit.studio.connection) if _is_ours(each)]
    _raise(list(_hook_faults(visit, ours)))
    if visit.runtime.settings.webhook_secret is None:
        return "not used, as WAAROM_WEBHOOK_SECRET is unset; answers are asked for now and then"
    return f"{hook_url(visit.runtime)} hears of every answer"


def _hook_faults(visit: Visit, ours: list[Hook]) -> Iterator[str]:
    mine = [each for each in ours if each.project == visit.project]
    right = [each for each in mine if each.url == hook_url(visit.runtime)]
    for each in ours:
        if each.project != visit.project:
            where = "all projects" if each.project is None else f"project {each.project}"
            yield (
                f"an orphan of {where}, number {each.number}, calls {_shown(each.url)}: delete it "
                "under Settings > Webhooks there, unless another Waarom uses it"
            )
        elif each not in right:
            yield f"number {each.number} calls {_shown(each.url)}, which is not us; {REPAIR}"
    if len(right) > 1:
        yield f"{len(right)} of them call us at once; {REPAIR}"
    yield from _wrong(visit, right[:1])


def _wrong(visit: Visit, right: list[Hook]) -> Iterator[str]:
    """What is wrong with the webhook that calls us, if there is any and should be one."""
    runtime = visit.runtime
    if runtime.settings.webhook_secret is None:
        if right:
            yield (
                f"number {right[0].number} calls us in vain: set WAAROM_WEBHOOK_SECRET and run "
                "`waarom label setup`, or delete it there"
            )
        return
    assert visit.project is not None  # noqa: S101 - looked at by our only caller
    why = refusal(visit.studio.connection, visit.project, hook_url(runtime))
    if why is not None:
        yield refused(why, hook_url(runtime))
    elif not right:
        yield f"there is none, so that answers are only asked for now and then; {REPAIR}"
    elif not as_wanted(right[0], hook_headers(runtime)):
        yield f"it is switched off, or does not send our secret (or too much else); {REPAIR}"


def refused(why: Refusal, url: str) -> str:
    """What to do where Label Studio does not call an address."""
    host = urlsplit(url).hostname
    if why is Refusal.PRIVATE:
        return (
            f"Label Studio does not call private addresses, and {host} is one: start it with "
            "LABEL_STUDIO_USE_DEFAULT_BANNED_SUBNETS=false and the networks that stay banned in "
            "LABEL_STUDIO_USER_ADDITIONAL_BANNED_SUBNETS, or with "
            "LABEL_STUDIO_SSRF_PROTECTION_ENABLED=false"
        )
    if why is Refusal.UNRESOLVED:
        return f"Label Studio cannot find {host}: set public_url to an address it can reach"
    return (
        f"Label Studio takes {host} for no address: public_url must name a host with a dot in "
        "it, localhost, or a number"
    )


def _predictions(visit: Visit) -> str:
    found, model = visit.state(), visit.runtime.current_model()
    if found is None or model is None or not found.model_version:
        return "none yet"
    if found.model_version not in (model.version, backends.TITLE):
        raise Unwell(
            f"people see what version {found.model_version} thinks, while {model.version} is in "
            "use: the worker sends anew what the model in use thinks (`waarom worker --once`)"
        )
    return f"of version {model.version}"


def _live(visit: Visit) -> str:
    if visit.project is None:
        return "none yet, as there is no project"
    url, connection = live_url(visit.runtime), visit.studio.connection
    mine = backends.ours(connection, visit.project)
    left = backends.hooks_left(connection, visit.project)
    _raise(list(_live_faults(url, mine, left)))
    return "people see what the model thinks now" if url else "not used (WAAROM_LIVE_SECRET)"


def _live_faults(url: str | None, mine: list[Backend], left: list[Hook]) -> Iterator[str]:
    for each in mine:
        if each.url != url:
            yield f"a backend, number {each.number}, asks {_shown(each.url)} in vain; {REPAIR}"
        elif not each.connected:
            yield "Label Studio does not reach us: start `waarom serve`, or set public_url"
    if url and not any(each.url == url for each in mine):
        yield "Label Studio does not ask us: with `waarom serve` running, run `waarom label setup`"
    for hook in left:
        yield f"webhook number {hook.number} tells a backend too much; {REPAIR}"


LOOKS: Final[Mapping[str, Callable[[Visit], str]]] = {
    "sign-up": _strangers,
    "project": _project,
    "webhook": _webhook,
    "predictions": _predictions,
    "live": _live,
    "privacy": _privacy,
}


def _is_ours(hook: Hook) -> bool:
    return urlsplit(hook.url).path.endswith(HOOK_PATH)


def _shown(url: str) -> str:
    """An address without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"


def _some(drivers: set[str] | tuple[str, ...]) -> str:
    first = ", ".join(sorted(drivers)[:3])
    return first if len(drivers) <= 3 else f"{first} and {len(drivers) - 3} more"


def _raise(faults: list[str]) -> None:
    if faults:
        raise Unwell("; besides, ".join(faults))
