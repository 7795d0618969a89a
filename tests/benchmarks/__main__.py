"""Every benchmark, one after the other: python -m tests.benchmarks"""

import runpy
import sys

BENCHMARKS = (
    "frontier",
    "several",
    "pace",
    "promise",
    "hierarchy",
    "accuracy",
    "volumes",
    "forecast",
    "watch",
    "second_opinions",
    "corrected_labels",
    "year",
    "suspects",
    "picks",
    "studio",
)


def main() -> None:
    for name in BENCHMARKS:
        sys.argv = [name]
        print(f"\n# {name}\n", flush=True)  # noqa: T201
        runpy.run_module(f"tests.benchmarks.{name}", run_name="__main__", alter_sys=False)


if __name__ == "__main__":
    main()
