"""The loops over characters, words and weights, compiled to machine code.

What they take is described in `tables.py`. They write only to what they are given, so threads may
run them side by side, each with a `Scratch` of its own. A chain's slot is -1 where it is unknown.

All that is compiled is in this file: the cache on disk knows that code changed by the date of the
file it is in, and not by those of others it calls.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, NamedTuple, cast

import numba
import numpy as np
from numba.core import cgutils as untyped
from numba.extending import intrinsic
from numpy.typing import NDArray

from classifier.machine_code import compiled
from classifier.scorer.tables import DIGIT, EMPTY, ROOT_SLOT, SPACE, WORD, Chains, Tables

Codes = NDArray[np.uint32]
Slots = NDArray[np.int32]
Sums = NDArray[np.float32]

FACTOR = -7046029254386353131
"""2^64 divided by the golden ratio, as a signed number: what spreads keys over slots (Knuth, The
Art of Computer Programming 3, 6.4)."""

BLANK = 32
LETTER_D, LETTER_E, LETTER_G, LETTER_I, LETTER_J, LETTER_N, LETTER_S, LETTER_T, LETTER_Y = (
    ord(letter) for letter in "degijnsty"
)


DAMPED = 1.0 + np.log(np.arange(1, 65))
"""What so many occurrences of an n-gram count for, from one on; more are reckoned out."""

BLOCK = 64
"""Rows are added up in 32 bits, so many at a time, and these sums in 64: endless texts are added up
as exactly as short ones."""


cgutils: Any = untyped
ir = cgutils.ir
LANES, TURNS = 8, 4
BYTES, INTEGERS, FLOATS = (
    ir.VectorType(kind, LANES) for kind in (ir.IntType(8), ir.IntType(32), ir.FloatType())
)
"""What a processor reckons with at once: so many bytes, and as many numbers of 32 bits."""


class Scratch(NamedTuple):
    """What a call writes to while it counts: how often each n-gram occurred (all 0 between texts),
    which ones did, and what their rows are multiplied by (f each)."""

    counts: Slots
    touched: Slots
    amounts: NDArray[np.float32]


@compiled
def child(chains: Chains, parent: int, symbol: int) -> int:
    """The slot of a chain with a symbol more, -1 where there is none."""
    key = (np.int64(parent) << 32) | np.int64(symbol)
    mask = chains.keys.size - 1
    slot = ((key * FACTOR) >> chains.shift) & mask
    while chains.keys[slot] != key:
        if chains.keys[slot] == EMPTY:
            return EMPTY
        slot = (slot + 1) & mask
    return int(slot)


@compiled
def grow(
    chains: Chains, symbols: NDArray[np.int64], ends: NDArray[np.int64], values: NDArray[np.int32]
) -> int:
    """Put chains of symbols and what they stand for into a table; how many links that took."""
    mask = chains.keys.size - 1
    links = 0
    start = 0
    for chain in range(ends.size):
        slot = ROOT_SLOT
        for place in range(start, ends[chain]):
            key = (np.int64(slot) << 32) | symbols[place]
            slot = ((key * FACTOR) >> chains.shift) & mask
            while chains.keys[slot] != key and chains.keys[slot] != EMPTY:
                slot = (slot + 1) & mask
            links += chains.keys[slot] == EMPTY
            chains.keys[slot] = key
        chains.values[slot] = values[chain]
        start = ends[chain]
    return links


@compiled
def touch(scratch: Scratch, touched: int, number: int) -> int:
    """Count an n-gram; how many different ones were counted."""
    if scratch.counts[number] == 0:
        scratch.touched[touched] = number
        touched += 1
    scratch.counts[number] += 1
    return touched


@compiled
def read_words(tables: Tables, text: Codes, words: Slots, stems: Slots, room: Codes) -> int:
    """Write the numbers of the words of a text, and of their stems; how many words there are."""
    found = 0
    place = 0
    while place < text.size:
        if not tables.kinds[text[place]] & WORD:
            place += 1
            continue
        start = place
        slot = ROOT_SLOT
        while place < text.size and tables.kinds[text[place]] & WORD:
            if slot != EMPTY:
                slot = child(tables.spelled, slot, text[place])
            place += 1
        number = np.int32(EMPTY) if slot == EMPTY else tables.spelled.values[slot]
        words[found] = number
        if tables.reach:
            stems[found] = (
                stem_number(tables, text[start:place], room)
                if number == EMPTY
                else tables.stem_of[number]
            )
        found += 1
    return found


@compiled
def stem_number(tables: Tables, word: Codes, room: Codes) -> int:
    """The number of a word's stem, -1 where it is unknown."""
    start, end = stem_span(tables.kinds, word, room)
    slot = ROOT_SLOT
    for place in range(start, end):
        slot = child(tables.stemmed, slot, room[place])
        if slot == EMPTY:
            return EMPTY
    return int(tables.stemmed.values[slot])


@compiled
def count_words(tables: Tables, words: Slots, scratch: Scratch, touched: int) -> int:
    """Count the runs of words (w,) that are known; how many n-grams were counted so far."""
    for first in range(words.size):
        slot = ROOT_SLOT
        for place in range(first, min(first + tables.run, words.size)):
            if words[place] == EMPTY:
                break
            slot = child(tables.grams, slot, words[place])
            if slot == EMPTY:
                break
            if tables.grams.values[slot] != EMPTY:
                touched = touch(scratch, touched, tables.grams.values[slot])
    return touched


@compiled
def count_stems(tables: Tables, stems: Slots, slots: Slots, scratch: Scratch, touched: int) -> int:
    """Count the stems (w,) that are known, and write their slots."""
    pairs = tables.pairs
    for place in range(stems.size):
        slot = EMPTY
        if stems[place] != EMPTY:
            slot = child(pairs, ROOT_SLOT, stems[place])
        if slot != EMPTY and pairs.values[slot] != EMPTY:
            touched = touch(scratch, touched, pairs.values[slot])
        slots[place] = slot
    return touched


@compiled
def count_pairs(tables: Tables, stems: Slots, slots: Slots, scratch: Scratch, touched: int) -> int:
    """Count once each the pairs of stems (w,) within reach that are known."""
    pairs = tables.pairs
    for place in range(stems.size):
        if stems[place] == EMPTY:
            continue
        for other in range(place + 1, min(place + 1 + tables.reach, stems.size)):
            if stems[other] == EMPTY:
                continue
            low, high = (place, other) if stems[place] < stems[other] else (other, place)
            slot = EMPTY if slots[low] == EMPTY else child(pairs, slots[low], stems[high])
            if slot != EMPTY and scratch.counts[pairs.values[slot]] == 0:
                touched = touch(scratch, touched, pairs.values[slot])
    return touched


@compiled
def count_pieces(tables: Tables, text: Codes, room: Codes, scratch: Scratch, touched: int) -> int:
    """Count the runs of characters within words and their edges."""
    start = 0
    while start < text.size:
        if tables.kinds[text[start]] & SPACE:
            start += 1
            continue
        end = start
        room[0] = BLANK
        while end < text.size and not tables.kinds[text[end]] & SPACE:
            room[end - start + 1] = text[end]
            end += 1
        room[end - start + 1] = BLANK
        touched = count_cuts(tables, room[: end - start + 2], scratch, touched)
        start = end
    return touched


@compiled
def count_cuts(tables: Tables, word: Codes, scratch: Scratch, touched: int) -> int:
    """Count the runs of characters of one word. What is shorter than the shortest run is in the
    table only where it is a whole word, as scikit-learn has it."""
    for first in range(word.size):
        slot = ROOT_SLOT
        for place in range(first, min(first + tables.cut, word.size)):
            slot = child(tables.pieces, slot, word[place])
            if slot == EMPTY:
                break
            if tables.pieces.values[slot] != EMPTY:
                touched = touch(scratch, touched, tables.pieces.values[slot])
    return touched


def row_ahead(typing: Any, rows: Any, number: Any) -> Any:
    """Ask for the beginning of a row, which is on its way while others are reckoned with."""
    return numba.void(rows, numba.intp), ahead_code


def ahead_code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    """The code of `ask_ahead`: to be read, and soon again."""
    rows = context.make_array(signature.args[0])(context, builder, args[0])
    places = [args[1], context.get_constant(numba.intp, 0)]
    start = cgutils.get_item_pointer(context, builder, signature.args[0], rows, places)
    byte, flag = ir.IntType(8).as_pointer(), ir.IntType(32)
    kind = ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag])
    asked = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
    builder.call(asked, [builder.bitcast(start, byte), flag(0), flag(3), flag(1)])
    return context.get_dummy_value()


ask_ahead = cast(Callable[..., None], intrinsic(row_ahead))


@compiled
def weigh(tables: Tables, weight: float, scratch: Scratch, start: int, end: int) -> None:
    """Write what the rows of a part's n-grams are multiplied by, and forget their counts."""
    square = 0.0
    for place in range(start, end):
        number = scratch.touched[place]
        ask_ahead(tables.rows, number)
        count = scratch.counts[number]
        scratch.counts[number] = 0
        amount = DAMPED[count - 1] if count <= DAMPED.size else 1.0 + np.log(count)
        scratch.amounts[place] = amount * tables.factors[number, 1]
        square += (amount * tables.factors[number, 0]) ** 2
    scale = np.float32(weight / np.sqrt(square))
    for place in range(start, end):
        scratch.amounts[place] *= scale


@compiled
def add_rows(rows: Any, scratch: Scratch, touched: int, sums: Any, scores: Any) -> None:
    """Add the rows of the counted n-grams to a text's scores (k,)."""
    for start in range(0, touched, BLOCK):
        end = min(start + BLOCK, touched)
        numbers, amounts = scratch.touched[start:end], scratch.amounts[start:end]
        if rows.itemsize == 1:
            half = rows.shape[1]
            for lane in range(0, half, LANES):
                add_halves(rows, numbers, amounts, lane, sums[:half], sums[half:])
        else:
            sums[:] = 0
            add_block(rows, numbers, amounts, sums)
        for driver in range(scores.size):
            scores[driver] += sums[driver]


@compiled
def add_block(rows: Any, numbers: Slots, amounts: Sums, sums: Sums) -> None:
    """Add rows by number to sums (≥ k,), four at a time: fewer passes over the sums."""
    quarter = numbers.size // 4 * 4
    for place in range(0, quarter, 4):
        a, b, c, d = amounts[place], amounts[place + 1], amounts[place + 2], amounts[place + 3]
        first, second = rows[numbers[place]], rows[numbers[place + 1]]
        third, fourth = rows[numbers[place + 2]], rows[numbers[place + 3]]
        for driver in range(sums.size):
            total = sums[driver] + a * first[driver]
            total += b * second[driver]
            total += c * third[driver]
            sums[driver] = total + d * fourth[driver]
    for place in range(quarter, numbers.size):
        row = rows[numbers[place]]
        for driver in range(sums.size):
            sums[driver] += amounts[place] * row[driver]


def halves_in_registers(
    typing: Any, rows: Any, numbers: Any, amounts: Any, lane: Any, high: Any, low: Any
) -> Any:
    """As `add_block`, of `LANES` bytes of rows of two weights a byte, from byte `lane` on: the sums
    of their upper halves are written to `high` and of their lower ones to `low`, 16 times as large.

    Spelled out for LLVM, because it does not see by itself that sums can stay in registers.
    """
    return numba.void(rows, numbers, amounts, numba.intp, high, low), halves_code


add_halves = cast(Callable[..., None], intrinsic(halves_in_registers))


def halves_code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    """The code of `add_halves`: `TURNS` rows at a time, each with sums of its own, so that none
    waits for another."""
    rows, numbers, amounts, high, low = (
        context.make_array(signature.args[place])(context, builder, args[place])
        for place in (0, 1, 2, 4, 5)
    )
    width = cgutils.unpack_tuple(builder, rows.shape)[1]
    size = cgutils.unpack_tuple(builder, numbers.shape)[0]
    number_type = size.type
    nothing = ir.Constant(FLOATS, [0.0] * LANES)
    sums = [cgutils.alloca_once_value(builder, nothing) for _ in range(2 * TURNS)]

    def add(place: Any, turn: int) -> None:
        number = builder.sext(builder.load(builder.gep(numbers.data, [place])), number_type)
        start = builder.add(builder.mul(number, width), args[3])
        row = builder.bitcast(builder.gep(rows.data, [start]), BYTES.as_pointer())
        amount = builder.load(builder.gep(amounts.data, [place]))
        add_byte(builder, builder.load(row, align=1), amount, sums[2 * turn : 2 * turn + 2])

    step, none = number_type(TURNS), number_type(0)
    whole = builder.mul(builder.sdiv(size, step), step)
    with cgutils.for_range_slice(builder, none, whole, step, number_type) as (place, _):
        for turn in range(TURNS):
            add(builder.add(place, number_type(turn)), turn)
    with cgutils.for_range_slice(builder, whole, size, number_type(1), number_type) as (place, _):
        add(place, 0)
    for half, out in enumerate((high, low)):
        total = reduce(builder.fadd, [builder.load(each) for each in sums[half::2]])
        there = builder.bitcast(builder.gep(out.data, [args[3]]), FLOATS.as_pointer())
        builder.store(total, there, align=4)
    return context.get_dummy_value()


def add_byte(builder: Any, pairs: Any, amount: Any, sums: Sequence[Any]) -> None:
    """Code that adds an amount of each byte's upper half to one sum, of the lower to the other."""
    nothing = ir.Constant(FLOATS, ir.Undefined)
    spread = builder.insert_element(nothing, amount, ir.IntType(32)(0))
    spread = builder.shuffle_vector(spread, nothing, ir.Constant(INTEGERS, [0] * LANES))
    upper = builder.and_(pairs, ir.Constant(BYTES, [-16] * LANES))
    lower = builder.shl(pairs, ir.Constant(BYTES, [4] * LANES))
    for half, total in zip((upper, lower), sums, strict=True):
        weight = builder.sitofp(builder.sext(half, INTEGERS), FLOATS)
        told = builder.fmul(weight, spread, flags=("contract",))
        builder.store(builder.fadd(builder.load(total), told, flags=("contract",)), total)


@compiled
def score(
    tables: Tables,
    codes: Codes,
    ends: NDArray[np.int64],
    scratch: Scratch,
    scores: NDArray[np.float64],
    known: NDArray[np.int64],
) -> None:
    """Write the scores (n, k) of texts that end at `ends` (n,), and how many n-grams were known."""
    longest = longest_of(ends)
    room = np.empty(longest + 2, dtype=np.uint32)
    words = np.empty(longest, dtype=np.int32)
    stems = np.empty(longest, dtype=np.int32)
    slots = np.empty(longest, dtype=np.int32)
    sums = np.empty(tables.rows.shape[1] * (2 if tables.rows.itemsize == 1 else 1), np.float32)
    start = np.int64(0)
    for text in range(ends.size):
        read = codes[start : ends[text]]
        start = ends[text]
        size = read_words(tables, read, words, stems, room)
        one = count_words(tables, words[:size], scratch, 0)
        weigh(tables, tables.parts[0], scratch, 0, one)
        two = count_pieces(tables, read, room, scratch, one) if tables.cut else one
        weigh(tables, tables.parts[1], scratch, one, two)
        three = two
        if tables.reach:
            three = count_stems(tables, stems[:size], slots, scratch, two)
            three = count_pairs(tables, stems[:size], slots, scratch, three)
            weigh(tables, tables.parts[2], scratch, two, three)
        known[text] = three
        scores[text] = tables.intercepts
        add_rows(tables.rows, scratch, three, sums, scores[text])


@compiled
def longest_of(ends: NDArray[np.int64]) -> Any:
    """The characters of the longest of the texts that end there (n,)."""
    longest = np.int64(0)
    start = np.int64(0)
    for end in ends:
        longest = max(longest, end - start)
        start = end
    return longest


@compiled
def stem_span(kinds: NDArray[np.uint8], word: Codes, room: Codes) -> tuple[int, int]:
    """Write the letters of a word and find its stem among them, by the rule of `stems.stem`."""
    size = merged(kinds, word, room)
    size = shortened(room, size)
    start = 2 if size >= 6 and room[0] == LETTER_G and room[1] == LETTER_E else 0
    end = without_plural(room, start, size)
    end = without_suffix(room, start, end)
    if end - start > 4 and room[end - 1] in (LETTER_T, LETTER_D):
        end -= 1
    return start, end


@compiled
def merged(kinds: NDArray[np.uint8], word: Codes, room: Codes) -> int:
    """Write a word with one letter for two alike; its length."""
    size = 0
    place = 0
    while place < word.size:
        letter = word[place]
        room[size] = letter
        size += 1
        place += 1
        if place < word.size and word[place] == letter and not kinds[letter] & DIGIT:
            place += 1
    return size


@compiled
def shortened(room: Codes, size: int) -> int:
    """Write `y` for `ij`; the length that is left."""
    kept = 0
    place = 0
    while place < size:
        if room[place] == LETTER_I and place + 1 < size and room[place + 1] == LETTER_J:
            room[kept] = LETTER_Y
            place += 1
        else:
            room[kept] = room[place]
        kept += 1
        place += 1
    return kept


@compiled
def without_plural(room: Codes, start: int, end: int) -> int:
    """Where the word ends without -jes, -je, -ies, -es or -s, three letters at least."""
    size = end - start
    plural = size >= 5 and room[end - 2] == LETTER_E and room[end - 1] == LETTER_S
    if plural and size >= 6 and room[end - 3] in (LETTER_J, LETTER_I):
        return end - 3
    if size >= 5 and room[end - 2] == LETTER_J and room[end - 1] == LETTER_E:
        return end - 2
    if plural:
        return end - 2
    if size >= 4 and room[end - 1] == LETTER_S:
        return end - 1
    return end


@compiled
def without_suffix(room: Codes, start: int, end: int) -> int:
    """Where the word ends without -ingen, -ings, -ing, -en, -ed, -e, -y or -i."""
    size = end - start
    if (
        size >= 8
        and is_ing(room, end - 5)
        and room[end - 2] == LETTER_E
        and room[end - 1] == LETTER_N
    ):
        return end - 5
    if size >= 7 and is_ing(room, end - 4) and room[end - 1] == LETTER_S:
        return end - 4
    if size >= 6 and is_ing(room, end - 3):
        return end - 3
    last = room[end - 1]
    if size >= 5 and room[end - 2] == LETTER_E and last in (LETTER_N, LETTER_D):
        return end - 2
    if size >= 4 and last in (LETTER_E, LETTER_Y, LETTER_I):
        return end - 1
    return end


@compiled
def is_ing(room: Codes, place: int) -> bool:
    """Whether -ing stands there."""
    return bool(
        room[place] == LETTER_I and room[place + 1] == LETTER_N and room[place + 2] == LETTER_G
    )
