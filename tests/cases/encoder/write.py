"""Writes the encoder of the tests beside this file: eight numbers a text, the mean of its words'.

Words of one line below mean nearly the same to it, whatever their language; other words mean
nothing. The graph is written byte by byte (ONNX is protocol buffers), so that no library to make
one is needed:  python tests/cases/encoder/write.py
"""

from pathlib import Path

import numpy as np
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace

MEANINGS = (
    "factuur btw rekening invoice bill",
    "pakket bezorging zending parcel package",
    "inloggen wachtwoord account password login",
    "annuleren opzeggen stoppen cancel",
)
WIDTH = 8
FLOAT, INT64 = 1, 7
INT = 2


def varint(number: int) -> bytes:
    low, high = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(high) if high else bytes([low])


def whole(field: int, number: int) -> bytes:
    return varint(field << 3) + varint(number)


def block(field: int, content: bytes | str) -> bytes:
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def tensor(name: str, values: np.ndarray, kind: int) -> bytes:
    dimensions = b"".join(whole(1, size) for size in values.shape)
    return block(5, dimensions + whole(2, kind) + block(8, name) + block(9, values.tobytes()))


def node(operation: str, inputs: str, output: str, **attributes: int) -> bytes:
    named = b"".join(
        block(5, block(1, name) + whole(3, value) + whole(20, INT))
        for name, value in attributes.items()
    )
    places = b"".join(block(1, each) for each in inputs.split()) + block(2, output)
    return block(1, places + block(4, operation) + named)


def value(field: int, name: str, kind: int, *dimensions: str | int) -> bytes:
    shape = b"".join(
        block(1, block(2, size) if isinstance(size, str) else whole(1, size)) for size in dimensions
    )
    return block(field, block(1, name) + block(2, block(1, whole(1, kind) + block(2, shape))))


def graph(table: np.ndarray, *, pooled: bool = True, inputs: str = "") -> bytes:
    """The encoder; not pooled, one that gives a row a token; `inputs` are more it asks for."""
    nodes = [
        node("Gather", "table input_ids", "words"),
        node("Cast", "attention_mask", "mask", to=FLOAT),
        node("Unsqueeze", "mask last", "column"),
        node("Mul", "words column", "read"),
        node("ReduceSum", "read middle", "e", keepdims=0),
    ]
    constants = [
        tensor("table", table.astype(np.float32), FLOAT),
        tensor("last", np.array([-1], dtype=np.int64), INT64),
        tensor("middle", np.array([1], dtype=np.int64), INT64),
    ]
    places = [
        value(11, name, INT64, "b", "s") for name in f"input_ids attention_mask {inputs}".split()
    ]
    tokens = value(12, "read", FLOAT, "b", "s", WIDTH)
    texts = [value(12, "e", FLOAT, "b", WIDTH)] if pooled else []
    return b"".join([*nodes, block(2, "encoder"), *constants, *places, tokens, *texts])


def model(graph: bytes) -> bytes:
    return whole(1, 8) + block(7, graph) + block(8, whole(2, 13))


def main() -> None:
    folder = Path(__file__).parent
    words = [word for line in MEANINGS for word in line.split()]
    vocabulary = {word: place for place, word in enumerate(["[UNK]", *words])}
    random = np.random.default_rng(1)
    table = random.normal(0, 0.02, (len(vocabulary), WIDTH))
    table[0, WIDTH - 1] += 0.2
    for place, line in enumerate(MEANINGS):
        table[[vocabulary[word] for word in line.split()], place] += 1
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = Lowercase(), Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "model.onnx").write_bytes(model(graph(table)))


if __name__ == "__main__":
    main()
