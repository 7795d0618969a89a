"""The scorer is compiled in the background, for each model; what keeps it from that is said."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numba
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from classifier.messages import RawMessage
from classifier.model import Model
from classifier.registry import load_model, promote, save
from classifier.scorer import Warming
from service.doctor import Unwell, _scorer
from service.runtime import Runtime, open_runtime
from service.settings import Settings
from service.warmth import in_words, is_warm, warm

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
Opened = Callable[..., Runtime]


@pytest.fixture
def installed(tmp_path: Path, models_dir: Path, taxonomy_file: Path) -> Iterator[Opened]:
    """An installation on SQLite with models of its own; settings as named."""
    opened: list[Runtime] = []

    def make(**settings: object) -> Runtime:
        folder = tmp_path / "models"
        version = save(first(models_dir), folder, today=date(2026, 11, 2), card="# A model\n")
        promote(folder, version)
        named = {"home": tmp_path, "models_dir": folder, "taxonomy": taxonomy_file, **settings}
        opened.append(open_runtime(Settings(**named, secret="s")))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def first(models_dir: Path) -> Model:
    return load_model(next(each for each in models_dir.iterdir() if each.is_dir()))


def is_soon(what: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE
    while not what() and time.monotonic() < until:
        time.sleep(0.02)
    return what()


def in_use(runtime: Runtime) -> Model:
    model = runtime.current_model()
    assert model is not None
    return model


def unreadable() -> Warming:
    """Of a pipeline that there is no compiled scorer for."""
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression())
    return Warming(pipeline.fit(["een pakket", "geld terug"], ["a", "b"]))


def test_the_model_in_use_and_the_one_after_it_are_compiled_in_the_background(installed):
    runtime = installed()
    assert not is_warm(in_use(runtime))
    runtime.keep_warm()
    assert is_soon(lambda: is_warm(in_use(runtime)))
    before, folder = in_use(runtime), runtime.settings.models_dir
    later = save(before, folder, today=date(2026, 11, 3), card="# Another\n")
    for version in (later, before.version):
        promote(folder, version)
        assert in_use(runtime).version == version
        assert is_soon(lambda: is_warm(in_use(runtime)))


def test_nothing_is_compiled_ahead_where_that_is_off(installed):
    runtime = installed(warm_up=False)
    runtime.keep_warm()
    in_use(runtime).predict(["waar blijft mijn pakket"])
    time.sleep(0.2)
    assert in_use(runtime).warming._thread is None
    assert "warm_up" in _scorer(runtime)


def test_without_a_model_there_is_nothing_to_compile(settings):
    runtime = open_runtime(settings.model_copy(update={"warm_up": True}))
    runtime.keep_warm()
    assert "model" in _scorer(runtime)
    runtime.close()


def test_the_doctor_says_that_it_is_compiled_or_why_not_and_what_to_do(installed):
    runtime = installed()
    assert _scorer(runtime) == "compiled"
    model = in_use(runtime)
    runtime._models = {model.version: replace(model, warming=unreadable())}
    with pytest.raises(Unwell, match=r"cannot be compiled \(TypeError\).*slower"):
        _scorer(runtime)


def test_a_failure_is_logged_once_and_the_model_answers(installed, caplog):
    runtime = installed()
    model = replace(in_use(runtime), warming=unreadable())
    assert isinstance(warm(model), TypeError)
    assert [each for each in caplog.messages if "slower" in each] == caplog.messages != []
    assert not is_warm(model)
    assert len(model.predict(["waar blijft mijn pakket"])) == 1


def test_a_cache_that_cannot_be_written_is_said_in_words_that_help():
    made: dict[str, Callable[[], None]] = {}
    exec("def nowhere(): pass", made)
    with pytest.raises(RuntimeError) as failure:
        numba.njit(cache=True)(made["nowhere"])
    assert "NUMBA_CACHE_DIR" in in_words(failure.value)
    assert "NUMBA_CACHE_DIR" in in_words(PermissionError(13, "Permission denied", "x.nbi"))
    assert "NUMBA_CACHE_DIR" not in in_words(TypeError("x"))
    assert "install" in in_words(ImportError("No module named 'numba'"))


def test_what_was_read_ahead_is_not_read_from_disk_with_the_first_message():
    code = (
        "import sys\n"
        "from classifier.language import detect_language\n"
        "from classifier.redaction import redact\n"
        "from service.warmth import read_ahead\n"
        "opened, text = [], 'Ik ben Anna Smit, a@b.nl, 020-7946018, waar is mijn bestelling?'\n"
        "sys.addaudithook(lambda name, said: name == 'open' and opened.append(said[0]))\n"
        "read_ahead()\n"
        "before = len(opened)\n"
        "redact(text, key=b'k'), detect_language(text)\n"
        "print(before > 0, opened[before:])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.stdout == "True []\n", done.stdout + done.stderr


def test_the_process_ends_while_a_scorer_is_being_compiled():
    code = (
        "import threading, time\n"
        "from service.cli.operate import _leave\n"
        "threading.Thread(target=time.sleep, args=(100,), name='compile-scorer').start()\n"
        "print('said')\n"
        "_leave()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "said\n"), done.stderr


def test_a_message_is_judged_the_same_before_and_after(installed):
    runtime = installed()
    texts = [RawMessage(text=each).text for each in ("waar blijft mijn pakket", "geld terug", "?")]
    before = in_use(runtime).predict_proba(texts)
    warm(in_use(runtime))
    assert is_warm(in_use(runtime))
    assert in_use(runtime).predict_proba(texts) == pytest.approx(before, abs=1e-4)
