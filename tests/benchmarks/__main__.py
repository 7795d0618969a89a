"""Every benchmark, one after the other: python -m tests.benchmarks"""

import runpy
import sys

BENCHMARKS = ("accuracy", "volumes")

for name in BENCHMARKS:
    sys.argv = [name]
    print(f"\n# {name}\n", flush=True)  # noqa: T201
    runpy.run_module(f"tests.benchmarks.{name}", run_name="__main__")
