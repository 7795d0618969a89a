"""Questions to Label Studio and answers from it, both safe to run twice and to interrupt."""

from service.sync.connection import Busy, NotConfigured, connect, server
from service.sync.hints import due, hint, hinted, take_hints
from service.sync.progress import status
from service.sync.project import known_project, setup
from service.sync.pulling import Pulled, pull
from service.sync.pushing import Pushed, push

__all__ = [
    "Busy",
    "NotConfigured",
    "Pulled",
    "Pushed",
    "connect",
    "due",
    "hint",
    "hinted",
    "known_project",
    "pull",
    "push",
    "server",
    "setup",
    "status",
    "take_hints",
]
