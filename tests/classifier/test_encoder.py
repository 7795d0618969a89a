import builtins
import runpy
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from classifier.encoder import LONGEST, encoder_digest, load_encoder
from classifier.errors import BadFile

TINY = Path(__file__).parents[1] / "cases" / "encoder"
MINILM = Path(__file__).parents[2] / ".." / "shared" / "encoders" / "minilm-l6-int8"

write = runpy.run_path(str(TINY / "write.py"))
TABLE = np.eye(30, 8)


@pytest.fixture(scope="module")
def encoder():
    return load_encoder(TINY)


@pytest.fixture
def folder(tmp_path):
    for name in ("model.onnx", "tokenizer.json"):
        shutil.copy(TINY / name, tmp_path / name)
    return tmp_path


def test_texts_that_mean_the_same_are_near_and_others_are_not(encoder):
    bill, invoice, parcel = encoder.encode(["rekening", "invoice", "parcel"])
    assert bill @ invoice > 0.9 > 0.5 > abs(bill @ parcel)


def test_embeddings_have_unit_length_and_the_order_of_the_texts(encoder):
    texts = ["pakket met een factuur " * n for n in (9, 1, 5)]
    found = encoder.encode(texts)
    assert found.shape == (3, encoder.width)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(found, np.vstack([encoder.encode([t]) for t in texts]), atol=1e-6)


def test_a_text_without_tokens_is_zeros_and_no_texts_are_no_rows(encoder):
    np.testing.assert_array_equal(encoder.encode([""]), np.zeros((1, encoder.width)))
    assert encoder.encode([]).shape == (0, encoder.width)


def test_what_utf8_cannot_write_is_read_all_the_same(encoder):
    np.testing.assert_allclose(encoder.encode(["factuur \ud800"]), encoder.encode(["factuur ?"]))


def test_only_the_first_128_tokens_are_read(encoder):
    start = "factuur " * LONGEST
    np.testing.assert_array_equal(
        encoder.encode([start + "pakket " * 500]), encoder.encode([start])
    )


def test_several_cores_read_what_one_reads(encoder):
    texts = [f"factuur {'pakket ' * (number % 9)}{number}" for number in range(300)]
    np.testing.assert_allclose(
        load_encoder(TINY, cores=3).encode(texts), encoder.encode(texts), atol=1e-6
    )


def test_threads_may_share_an_encoder(encoder):
    texts = [f"factuur {'pakket ' * (number % 9)}" for number in range(40)]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda text: encoder.encode([text])[0], texts))
    np.testing.assert_allclose(np.stack(found), encoder.encode(texts), atol=1e-6)


@pytest.mark.parametrize("missing", ["model.onnx", "tokenizer.json"])
def test_a_folder_without_a_file_gets_a_sentence(folder, missing):
    (folder / missing).unlink()
    with pytest.raises(BadFile, match=rf"no {missing}.*folder with model.onnx and tokenizer.json"):
        load_encoder(folder)


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [("model.onnx", "cannot read this graph"), ("tokenizer.json", "not a tokenizer")],
)
def test_a_file_that_is_something_else_gets_a_sentence(folder, broken, sentence):
    (folder / broken).write_text("{}")
    with pytest.raises(BadFile, match=sentence):
        load_encoder(folder)


@pytest.mark.parametrize(
    ("shape", "sentence"),
    [
        ({"inputs": "pixel_values"}, "inputs must be input_ids and attention_mask"),
        ({"pooled": False}, "export it with pooling"),
    ],
)
def test_a_graph_that_is_no_sentence_encoder_gets_a_sentence(folder, shape, sentence):
    (folder / "model.onnx").write_bytes(write["model"](write["graph"](TABLE, **shape)))
    with pytest.raises(BadFile, match=sentence):
        load_encoder(folder)


def test_a_graph_that_asks_for_token_types_and_gives_tokens_too_is_understood(folder):
    """As common exporters write them: the embedding of the text is found among the outputs."""
    graph = write["graph"](TABLE, inputs="token_type_ids")
    (folder / "model.onnx").write_bytes(write["model"](graph))
    assert load_encoder(folder).encode(["factuur pakket"]).shape == (1, 8)


@pytest.mark.parametrize("library", ["onnxruntime", "tokenizers"])
def test_without_the_extra_the_sentence_says_how_to_get_it(monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(BadFile, match=r"pip install waarom\[encoder\]"):
        load_encoder(TINY)


def test_the_extra_is_not_needed_to_import_the_classifier(monkeypatch):
    """Nothing but `load_encoder` may ask for the libraries of the extra."""
    asked = []
    real = builtins.__import__
    monkeypatch.setattr(
        builtins, "__import__", lambda name, *rest: asked.append(name) or real(name, *rest)
    )
    for name in [name for name in sys.modules if name == "classifier.encoder"]:
        monkeypatch.delitem(sys.modules, name)
    __import__("classifier.encoder")
    assert not {"onnxruntime", "tokenizers"} & {name.partition(".")[0] for name in asked}


def test_the_digest_changes_with_either_file(folder):
    digests = {encoder_digest(folder)}
    for name in ("model.onnx", "tokenizer.json"):
        with (folder / name).open("ab") as file:
            file.write(b" ")
        digests.add(encoder_digest(folder))
    assert len(digests) == 3


@pytest.mark.data
def test_a_graph_quantized_on_the_fly_reads_each_text_alone(require):
    require(MINILM.is_dir(), f"no {MINILM}")
    encoder = load_encoder(MINILM)
    texts = ["Where is my parcel?", "I was charged twice for one payment, and nobody answers."]
    assert encoder.alone
    together, alone = encoder.encode(texts), [encoder.encode([text])[0] for text in texts]
    np.testing.assert_array_equal(together, alone)
