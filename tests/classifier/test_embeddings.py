import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classifier.embeddings import CachedEncoder
from classifier.encoder import load_encoder

TINY = Path(__file__).parents[1] / "cases" / "encoder"
ROOT = Path(__file__).parents[2]
TEXTS = ["factuur btw", "pakket bezorging", "inloggen"]


class Counted:
    """An encoder that counts the texts it reads."""

    def __init__(self, encoder):
        self.encoder, self.read = encoder, []
        self.digest, self.width = encoder.digest, encoder.width

    def encode(self, texts):
        self.read.extend(texts)
        return self.encoder.encode(texts)


@pytest.fixture(scope="module")
def encoder():
    return load_encoder(TINY)


@pytest.fixture
def cached(encoder, tmp_path):
    return CachedEncoder(Counted(encoder), tmp_path / "models" / "embeddings.sqlite", b"a key")


def again(cached):
    """As another process would find it."""
    return replace(cached, encoder=Counted(cached.encoder.encoder))


def test_what_was_encoded_once_is_not_encoded_again(cached):
    first = cached.encode(TEXTS)
    later = again(cached)
    np.testing.assert_array_equal(later.encode([*TEXTS[::-1], TEXTS[0]]), first[[2, 1, 0, 0]])
    assert later.encoder.read == []


def test_only_new_texts_are_encoded_and_each_once(cached, encoder):
    cached.encode(TEXTS[:2])
    later = again(cached)
    np.testing.assert_array_equal(later.encode([*TEXTS, TEXTS[2]])[:3], encoder.encode(TEXTS))
    assert later.encoder.read == TEXTS[2:]


def test_no_texts_are_no_rows(cached, encoder):
    assert cached.encode([]).shape == (0, encoder.width)


def test_another_encoder_or_another_key_finds_nothing(cached):
    cached.encode(TEXTS)
    other = again(cached)
    other.encoder.digest = "0" * 64
    stranger = replace(again(cached), secret=b"another key")
    for each in (other, stranger):
        each.encode(TEXTS)
        assert each.encoder.read == TEXTS


def test_the_file_holds_no_text_and_is_for_its_owner_only(cached):
    cached.encode(["Please call Alexandra about parcel 1234567"])
    content = cached.file.read_bytes()
    assert not any(word in content for word in (b"Alexandra", b"1234567", b"parcel", b"a key"))
    assert cached.file.stat().st_mode & 0o077 == 0


def test_it_keeps_so_many_and_drops_the_oldest(cached):
    small = replace(cached, most=20)
    texts = [f"factuur {number}" for number in range(50)]
    for text in texts:
        small.encode([text])
    with sqlite3.connect(small.file) as table:
        assert table.execute("SELECT count(*) FROM embedding").fetchone() == (20,)
    table.close()
    later = again(small)
    later.encode(texts[-20:])
    assert later.encoder.read == []
    later.encode(texts[:1])
    assert later.encoder.read == texts[:1]


def test_what_is_forgotten_is_gone(cached):
    cached.encode(TEXTS)
    cached.forget(TEXTS[:1])
    later = again(cached)
    later.encode(TEXTS)
    assert later.encoder.read == TEXTS[:1]


@pytest.mark.parametrize("kept", [0, 1, 100, 4096, -100])
def test_a_file_that_is_broken_is_made_anew(cached, encoder, kept):
    cached.encode(TEXTS)
    content = cached.file.read_bytes()
    cached.file.write_bytes(content[:kept] + b"\xff" * 5000)
    later = again(cached)
    np.testing.assert_array_equal(later.encode(TEXTS), encoder.encode(TEXTS))
    repaired = again(cached)
    repaired.encode(TEXTS)
    repaired.encode(TEXTS)
    last = again(cached)
    last.encode(TEXTS)
    assert last.encoder.read == []


def test_a_table_of_another_shape_is_made_anew(cached):
    cached.file.parent.mkdir()
    with sqlite3.connect(cached.file) as table:
        table.execute("CREATE TABLE embedding (something)")
    table.close()
    for _ in range(2):
        cached.encode(TEXTS)
    later = again(cached)
    later.encode(TEXTS)
    assert later.encoder.read == []


@pytest.mark.parametrize("damage", [b"", b"short", None])
def test_a_row_that_is_broken_is_encoded_again(cached, encoder, damage):
    """No checksum fits a changed number."""
    cached.encode(TEXTS)
    with sqlite3.connect(cached.file) as table:
        key, found = table.execute("SELECT key, found FROM embedding").fetchone()
        changed = bytes([found[0] ^ 1]) + found[1:] if damage is None else damage
        table.execute("UPDATE embedding SET found = ? WHERE key = ?", (changed, key))
    table.close()
    later = again(cached)
    np.testing.assert_array_equal(later.encode(TEXTS), encoder.encode(TEXTS))
    assert len(later.encoder.read) == 1


def test_where_nothing_can_be_written_it_encodes_all_the_same(cached, encoder, tmp_path):
    (tmp_path / "in the way").write_text("a file")
    nowhere = replace(cached, file=tmp_path / "in the way" / "embeddings.sqlite")
    folder = replace(cached, file=tmp_path)
    for each in (nowhere, folder):
        np.testing.assert_array_equal(each.encode(TEXTS), encoder.encode(TEXTS))


def test_while_somebody_else_writes_for_long_it_goes_without(cached, encoder, monkeypatch):
    monkeypatch.setattr("classifier.embeddings.PATIENCE", 0.05)
    cached.encode(TEXTS[:1])
    busy = sqlite3.connect(cached.file)
    busy.execute("BEGIN EXCLUSIVE")
    np.testing.assert_array_equal(cached.encode(TEXTS), encoder.encode(TEXTS))
    busy.rollback()
    busy.close()
    assert again(cached).encode(TEXTS[:1]).shape == (1, encoder.width)


def test_several_processes_may_share_the_file(cached, encoder):
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from classifier.embeddings import CachedEncoder\n"
        "from classifier.encoder import load_encoder\n"
        "cached = CachedEncoder(load_encoder(sys.argv[1]), Path(sys.argv[2]), b'a key')\n"
        "first = int(sys.argv[3])\n"
        "for number in range(first, first + 60):\n"
        "    cached.encode([f'factuur {number}', 'pakket'])\n"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(TINY), str(cached.file), str(first)], cwd=ROOT
        )
        for first in (0, 30, 60)
    ]
    assert [each.wait() for each in started] == [0, 0, 0]
    texts = [f"factuur {number}" for number in range(120)] + ["pakket"]
    np.testing.assert_array_equal(cached.encode(texts), encoder.encode(texts))
    assert cached.encoder.read == []
