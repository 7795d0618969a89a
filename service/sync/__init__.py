"""Questions to Label Studio and answers from it, both safe to run twice and to interrupt."""

from service.sync.connection import Busy, NotConfigured, connect
from service.sync.hints import due, hint, hinted, take_hints
from service.sync.place import ServerReplaced, known_project
from service.sync.progress import status
from service.sync.project import setup
from service.sync.pulling import Pulled, pull
from service.sync.pushing import Pushed, push
from service.sync.reconciliation import Reconciled, nightly
from service.sync.refreshing import Refreshed, refresh

__all__ = [
    "Busy",
    "NotConfigured",
    "Pulled",
    "Pushed",
    "Reconciled",
    "Refreshed",
    "ServerReplaced",
    "connect",
    "due",
    "hint",
    "hinted",
    "known_project",
    "nightly",
    "pull",
    "push",
    "refresh",
    "setup",
    "status",
    "take_hints",
]
