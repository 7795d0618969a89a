import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from random import Random

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from classifier.novelty import Vocabulary
from classifier.scorer.lexicon import ASSIGNED, Reader, WarmingReader, compile_reader, lowered

WORDS = [
    *("pakket", "pakketten", "Pakket", "PAKKE", "geleverd", "niet", "a", "A", "b", "ab", "İ", "iİ"),
    *(
        "7",
        "a7",
        "_",
        "_id",
        "½",
        "²",
        "x²",
        "٣٣",
        "ISTANBUL",
        "ß",
        "STRASSE",
        "café",
        "cafe\u0301",
    ),
    *(
        "你好",
        "👍🏽",
        "\ud800",
        "Ǆ",
        "ﬁjn",
        "don't",
        "e-mail",
        "K",
        "Ⅷ",
        "ǅ",
        "ὈΔΥΣΣΕΎΣ",
        "Σ",
        "αΣ",
    ),
    *("[order:00ff12ab]", "[ORDER:00FF12AB]", "[order:00ff12aB]", "[order:00ff12a]", "[order:"),
    *("[order:[order:abcdefab]", "[order:abcdefab", "\u0307", "\u00ad", "\u0345", "\x00"),
]
SPACES = (" ", "", "\n", ".", ", ", "'", "-", "]", "_")
odd = st.lists(st.sampled_from([*WORDS, *SPACES]), max_size=40).map("".join)
spaced = st.lists(st.sampled_from(WORDS), max_size=20).map(" ".join)
anything = st.text(st.characters(), max_size=60)  # lone surrogates included


def sentences(n: int, seed: int) -> list[str]:
    random = Random(seed)
    return [
        "".join(random.choice(WORDS) + random.choice(SPACES) for _ in range(random.randrange(20)))
        for _ in range(n)
    ]


VOCABULARIES = {
    "rich": Vocabulary.of(sentences(200, seed=1)),
    "small": Vocabulary.of(["pakket niet geleverd", "ß café"]),
    "empty": Vocabulary(),
}
READERS = {name: compile_reader(each) for name, each in VOCABULARIES.items()}
EVERY = pytest.mark.parametrize("name", list(VOCABULARIES))


def assert_equal(reader: Reader, texts: list[str]) -> None:
    np.testing.assert_array_equal(reader.heard(texts), reader.vocabulary.heard(texts))


@EVERY
@settings(max_examples=200, deadline=None)
@given(st.lists(odd | spaced | anything, min_size=1, max_size=6))
@example(["", " ", "\n\t", "İ", "ΑΣ", "Σ", "_", "\ud800", "\x00", "a", "[", "[order:00ff12ab]"])
@example(["a[order:00ff12ab]b", "[order:00ff12ab][order:00ff12ab]", "pakketje pakke pakket"])
def test_any_text_is_heard_as_the_vocabulary_hears_it(name, texts):
    assert_equal(READERS[name], texts)


def test_every_character_there_is_reads_as_python_reads_it():
    """Between two known words, so that it splits them, joins them or spoils them; one by one where
    there are letters, and in runs of ten beyond."""
    reader = READERS["rich"]
    assert_equal(reader, [f"niet{chr(code)}pakket {chr(code)}" for code in range(0x3000)])
    runs = ["|".join(map(chr, range(code, code + 10))) for code in range(0x3000, ASSIGNED, 10)]
    assert_equal(reader, runs)


def test_beyond_the_characters_it_knows_there_are_no_letters():
    beyond = range(ASSIGNED, sys.maxunicode + 1)
    assert not any(chr(code).isalnum() for code in beyond)
    assert_equal(READERS["rich"], [f"niet{chr(code)}pakket" for code in beyond[::999]])


@pytest.mark.parametrize(
    "text",
    [
        "pakket " * 50_000,
        "geleverd" * 50_000,
        "İ" * 30_000,
        "[" * 100_000,
        "[order:00ff12ab]" * 9_000,
        " ".join(
            f"{number:x}".translate(str.maketrans("0123456789", "ghijklmnop"))
            for number in range(40_000)
        ),
        "".join(sentences(4000, seed=5)),
    ],
    ids=["a word again", "a long word", "grows", "brackets", "codes", "different", "sentences"],
)
def test_a_huge_text_is_heard_as_the_vocabulary_hears_it(text):
    assert_equal(READERS["rich"], [text, "", text[:50]])


def test_words_with_the_same_hash_are_told_apart():
    """In tables of few slots, different words meet; each is still found, and no other for it."""
    words = [a + b + c for a in "abcdefgh" for b in "abcdefgh" for c in "abcdefgh"]
    vocabulary = Vocabulary.of(words[::2])
    assert_equal(compile_reader(vocabulary), [*words, " ".join(words), " ".join(words[::3])])


def test_no_texts_have_nothing_to_hear():
    assert READERS["rich"].heard([]).shape == (0, 4)


def test_threads_that_share_a_reader_hear_what_each_would_alone():
    batches = [sentences(40, seed=seed) for seed in range(24)]
    alone = [READERS["rich"].heard(batch) for batch in batches]
    with ThreadPoolExecutor(8) as threads:
        np.testing.assert_array_equal(list(threads.map(READERS["rich"].heard, batches)), alone)


def test_what_it_looks_words_up_in_cannot_be_changed():
    lexicon = READERS["rich"].lexicon
    assert not any(each.flags.writeable for each in lexicon if isinstance(each, np.ndarray))


def test_a_reader_is_compiled_in_the_background_and_once():
    warming = WarmingReader(VOCABULARIES["small"])
    threads = [threading.Thread(target=warming.warm_up) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    reader = warming.reader()
    assert reader is not None
    assert warming.failure is None
    assert warming.reader() is reader


def test_a_reader_is_compiled_when_it_is_first_asked_for():
    warming = WarmingReader(VOCABULARIES["small"])
    warming.reader()
    (compiling,) = [each for each in threading.enumerate() if each.name == "compile-reader"] or [
        None
    ]
    if compiling is not None:
        compiling.join()
    assert warming.reader() is not None


@pytest.mark.parametrize("name", ["BEGINNING", "NO_WORD", "SPOILS"])
def test_a_reader_that_hears_otherwise_is_not_given_out(name, monkeypatch):
    """Here it is the reader's tables that change; were it the code, it would be noticed alike."""
    changed = {"BEGINNING": 4, "NO_WORD": 1.0, "SPOILS": 7}[name]
    place = "classifier.novelty" if name == "BEGINNING" else "classifier.scorer.lexicon"
    monkeypatch.setattr(f"{place}.{name}", changed)
    lowered.cache_clear()
    words = "pakket niet geleverd factuur bezorging"
    warming = WarmingReader(Vocabulary.of([words, words]))
    warming.warm_up()
    monkeypatch.undo()
    lowered.cache_clear()
    assert isinstance(warming.failure, ArithmeticError)
    assert warming.reader() is None


def test_what_cannot_be_compiled_leaves_the_vocabulary_to_answer():
    warming = WarmingReader(None)
    warming.warm_up()
    assert warming.reader() is None
    assert isinstance(warming.failure, AttributeError)


def test_numba_is_not_imported_before_it_is_needed():
    code = "import sys, classifier.scorer.lexicon; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
