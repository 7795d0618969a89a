"""On what it was measured."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "spacy",
    "onnxruntime",
    "tokenizers",
    "fasttext-numpy2-wheel",
)
FLAGS = {"avx512f": "AVX-512", "avx512_vnni": "VNNI", "avx2": "AVX2"}


def machine() -> dict[str, str]:
    """The processor, its cores, the memory, and the versions of what was used."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB",
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: installed(name) for name in PACKAGES},
    }


def installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def commit(root: Path) -> str:
    """The commit of the working tree, with a plus if the classifier has been changed since."""
    try:
        found = _git(root, "rev-parse", "--short=12", "HEAD")
        changed = _git(root, "status", "--porcelain", "--", "classifier")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{found}{'+' if changed else ''}"


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    said = dict(line.split(":", 1) for line in lines if ":" in line)
    known = {name.strip(): value.strip() for name, value in said.items()}
    flags = [words for flag, words in FLAGS.items() if flag in known.get("flags", "").split()]
    return ", ".join([known.get("model name", platform.machine()), *flags])
