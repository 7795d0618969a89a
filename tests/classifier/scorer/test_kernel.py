import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from classifier.features import WORDS
from classifier.scorer.kernel import child, stem_span
from classifier.scorer.tables import EMPTY, ROOT_SLOT, chains_of, code_points, kinds
from classifier.stems import stem

endings = st.sampled_from(
    ["jes", "je", "ies", "es", "s", "ingen", "ings", "ing", "en", "ed", "e", "y", "i", "t"]
)
letters = st.text(st.sampled_from("gedtsijnya_7éß٣"), max_size=5)
inflected = st.lists(endings | letters, max_size=5).map("".join)


@settings(max_examples=800, deadline=None)
@given(inflected | st.text(min_size=1, max_size=12))
@example("gegevens")
@example("ijijs")
@example("iijj")
@example("geaaaa")
def test_words_are_stemmed_as_stems_stems_them(text):
    for word in WORDS.findall(text):
        codes, _ = code_points([word])
        room = np.empty(len(word) + 2, dtype=np.uint32)
        start, end = stem_span(kinds(), codes[:-1], room)
        assert "".join(map(chr, room[start:end])) == stem(word)


def walked(chains, symbols):
    slot = ROOT_SLOT
    for symbol in symbols:
        slot = child(chains, slot, symbol)
        if slot == EMPTY:
            return EMPTY
    return chains.values[slot]


@settings(deadline=None)
@given(
    st.dictionaries(
        st.lists(st.integers(0, 40), min_size=1, max_size=5).map(tuple),
        st.integers(0, 1000),
        max_size=60,
    ),
    st.lists(st.lists(st.integers(0, 40), min_size=1, max_size=5).map(tuple), max_size=20),
)
def test_a_chain_is_found_and_no_other_is_taken_for_it(known, asked):
    chains = chains_of(list(known), known.values())
    for chain in [*known, *asked]:
        assert walked(chains, chain) == known.get(chain, EMPTY)
    assert (chains.keys != EMPTY).mean() <= 0.5
