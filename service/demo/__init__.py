"""`waarom demo`: the whole loop on sample messages, on real parts, and a check of it."""

from service.demo.installation import DemoOptions
from service.demo.loop import run_demo

__all__ = ["DemoOptions", "run_demo"]
