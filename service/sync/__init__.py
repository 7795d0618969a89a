"""Questions to Label Studio and answers from it, both safe to run twice and to interrupt."""

from service.sync.connection import NotConfigured, connect, setup
from service.sync.progress import status
from service.sync.pulling import Pulled, pull
from service.sync.pushing import Pushed, push

__all__ = ["NotConfigured", "Pulled", "Pushed", "connect", "pull", "push", "setup", "status"]
