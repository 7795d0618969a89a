"""A sentence encoder from a folder: text in, one point per text out, near for near meanings."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classifier.errors import BadFile

GRAPH: Final = "model.onnx"
WORDS: Final = "tokenizer.json"
LONGEST: Final = 128
"""Tokens of a text that are read: what sentence encoders are trained on, about 90 words."""

TOGETHER: Final = 16
"""Texts a batch, of about the same length: more of them wait for memory, not for arithmetic."""

A_TURN: Final = 64
"""Texts that a core takes at a time."""

INPUTS: Final = ("input_ids", "attention_mask", "token_type_ids")
"""What a graph may ask for; the last is optional, and zeros."""

NOTHING: Final = 1e-9

QUANTIZED_ON_THE_FLY: Final = b"DynamicQuantize"

INSTALL: Final = (
    "an encoder needs onnxruntime and tokenizers, which come with the extra: "
    "pip install waarom[encoder]"
)


@dataclass(frozen=True, eq=False)
class Encoder:
    """A loaded encoder, safe to share by threads. `load_encoder` makes one.

    `digest` is the SHA-256 of its two files, `width` the numbers in an embedding. `alone`:
    whether each text is a batch of its own. A graph that quantizes on the fly scales a batch by
    its largest number, so that a text would get another embedding in other company (cosine .993),
    and a message another probability. `cores`: how many read at the same time.
    """

    folder: Path
    digest: str
    width: int
    alone: bool
    session: Any
    tokenizer: Any
    cores: int = 1

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embeddings (n, width) of unit length; of each text its first 128 tokens are read.

        A text in which the encoder finds nothing at all is a row of zeros.
        """
        tokens = [self.tokenizer.encode(_encodable(text)).ids for text in texts]
        order = np.argsort([len(each) for each in tokens], kind="stable")
        embeddings = np.empty((len(texts), self.width), dtype=np.float32)
        for rows, found in self._read(tokens, order):
            embeddings[rows] = found
        embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True).clip(min=NOTHING)
        return embeddings

    def _read(
        self, tokens: Sequence[Sequence[int]], order: NDArray[np.intp]
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float32]]]:
        """Rows and what the graph says of them, turn by turn; short texts first."""
        size = 1 if self.alone else TOGETHER

        def read(turn: NDArray[np.intp]) -> NDArray[np.float32]:
            starts = range(0, len(turn), size)
            batches = [[tokens[row] for row in turn[start : start + size]] for start in starts]
            return np.concatenate([_output(self.session, batch) for batch in batches])

        turns = [order[start : start + A_TURN] for start in range(0, len(order), A_TURN)]
        yield from zip(turns, _each(read, turns, self.cores), strict=True)


def load_encoder(folder: Path | str, *, cores: int = 1) -> Encoder:
    """The encoder in a folder with model.onnx and tokenizer.json; it reads on so many cores.

    Raises `BadFile` when a file is missing or unreadable, the graph asks for other inputs or has
    no output of (n, width), or the extra is not installed.
    """
    folder = Path(folder).resolve()
    digest = encoder_digest(folder)
    tokenizer, session = _tokenizer(folder / WORDS), _session(folder / GRAPH)
    width = _output(session, [tokenizer.encode("").ids]).shape[1]
    alone = QUANTIZED_ON_THE_FLY in (folder / GRAPH).read_bytes()
    return Encoder(folder, digest, width, alone, session, tokenizer, cores)


def encoder_digest(folder: Path) -> str:
    """The SHA-256 of an encoder's two files. Raises `BadFile` when one is missing."""
    digest = hashlib.sha256()
    for name in (GRAPH, WORDS):
        try:
            digest.update(hashlib.sha256((folder / name).read_bytes()).digest())
        except OSError:
            reason = f"no {name} here; an encoder is a folder with {GRAPH} and {WORDS}"
            raise BadFile(folder, reason) from None
    return digest.hexdigest()


def _each(
    read: Callable[[NDArray[np.intp]], NDArray[np.float32]],
    turns: Sequence[NDArray[np.intp]],
    cores: int,
) -> Iterable[NDArray[np.float32]]:
    """What is read at each turn, in order. A session may be run by many threads, and lets go of
    the interpreter while it runs."""
    if min(cores, len(turns)) < 2:
        return map(read, turns)
    with ThreadPoolExecutor(min(cores, len(turns))) as threads:
        return list(threads.map(read, turns))


def _tokenizer(path: Path) -> Any:
    try:
        tokenizers = import_module("tokenizers")
    except ImportError:
        raise BadFile(path.parent, INSTALL) from None
    try:
        tokenizer = tokenizers.Tokenizer.from_file(str(path))
    except Exception:  # tokenizers raises nothing narrower
        raise BadFile(path, "this is not a tokenizer of the tokenizers library") from None
    tokenizer.enable_truncation(LONGEST)
    tokenizer.no_padding()
    return tokenizer


def _session(path: Path) -> Any:
    try:
        onnxruntime = import_module("onnxruntime")
    except ImportError:
        raise BadFile(path.parent, INSTALL) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception:  # onnxruntime raises its own, one per cause, outside any public tree
        raise BadFile(path, "ONNX Runtime cannot read this graph") from None
    _check(session, path)
    return session


def _check(session: Any, path: Path) -> None:
    inputs = {each.name for each in session.get_inputs()}
    if not {"input_ids", "attention_mask"} <= inputs <= set(INPUTS):
        raise BadFile(path, f"its inputs must be input_ids and attention_mask, not {inputs}")
    if not _pooled(session):
        reason = "it has no output with one embedding a text (n, width): export it with pooling"
        raise BadFile(path, reason)


def _pooled(session: Any) -> list[str]:
    """The outputs that are one embedding a text; others hold one a token."""
    return [each.name for each in session.get_outputs() if len(each.shape) == 2]


def _output(session: Any, tokens: Sequence[Sequence[int]]) -> NDArray[np.float32]:
    """What the graph says of a batch (b, width); shorter texts are padded and masked."""
    longest = max(len(each) for each in tokens)
    ids = np.zeros((len(tokens), max(longest, 1)), dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, each in enumerate(tokens):
        ids[row, : len(each)] = each
        mask[row, : len(each)] = 1
    given = dict(zip(INPUTS, (ids, mask, np.zeros_like(ids)), strict=True))
    fed = {each.name: given[each.name] for each in session.get_inputs()}
    found: NDArray[np.float32] = session.run(_pooled(session)[:1], fed)[0]
    return found


def _encodable(text: str) -> str:
    """The text with what UTF-8 cannot write replaced; tokenizers refuse it."""
    return text.encode("utf-8", "replace").decode("utf-8")
