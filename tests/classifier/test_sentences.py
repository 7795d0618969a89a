import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier import sentences as module
from classifier.sentences import MOST_CHARACTERS, MOST_SENTENCES, sentences

WORDS = [
    "Pakket",
    "is",
    "te",
    "laat",
    "dhr.",
    "e.g.",
    "[naam]",
    "[order:1a2b3c4d]",
    "10.30",
    "(ja)",
]
ENDS = [". ", "! ", "? ", "... ", "\n", "\n\n", " ", ".Ik", "\n- ", "\n1. ", ", ", ' "', "\u2028"]
MESSAGES = st.lists(st.sampled_from(WORDS) | st.sampled_from(ENDS), max_size=60).map(" ".join)


def pieces(text: str, language: str = "") -> list[str]:
    return [text[begin:end] for begin, end in sentences(text, language=language)]


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(MESSAGES, st.text(max_size=300), st.text("aB.?! \n\t\r\"'([1\u00a0", max_size=200))
)
def test_sentences_hold_every_character_once_and_in_order(text: str) -> None:
    found = sentences(text)
    ends = [0]
    for begin, end in found:
        assert ends[-1] <= begin < end
        assert text[begin:end] == text[begin:end].strip()
        ends.append(end)
    between = zip(ends, [*(begin for begin, _ in found), len(text)], strict=True)
    assert not any(text[end:begin].strip() for end, begin in between)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec=None, categories=("Cs", "Cc", "So", "Lo", "Po")), max_size=80))
def test_odd_characters_do_no_harm(text: str) -> None:
    marked = f"Hallo daar {text}. En nog wat {text}! Klaar."
    assert "".join("".join(pieces(marked)).split()) == "".join(marked.split())


@pytest.mark.parametrize("text", ["", " ", "\n \n\t", "\u00a0"])
def test_nothing_has_no_sentences(text: str) -> None:
    assert sentences(text) == []


def test_sentences_of_a_line_end_where_they_end() -> None:
    text = "Mijn pakket is er niet. Wie kan mij helpen? De trui was ook te klein!"
    assert pieces(text) == [
        "Mijn pakket is er niet.",
        "Wie kan mij helpen?",
        "De trui was ook te klein!",
    ]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Vraag het dhr. Jansen van de afd. verkoop a.u.b. vandaag nog", "nl"),
        ("Het kost ca. 12.50 euro incl. btw en is van 3.5.2026", "nl"),
        ("Please ask Mr. Smith about the large one, e.g. on Monday", "en"),
        ("My order no. 1234567 has not come in yet", "en"),
    ],
)
def test_abbreviations_and_numbers_end_nothing(text: str, language: str) -> None:
    assert pieces(text, language) == [text]


def test_a_placeholder_may_end_and_begin_a_sentence() -> None:
    text = "De code is [order:1a2b3c4d]. [naam] weet hier van. Kijk [order:99aabbcc] na."
    assert [each[-3:] for each in pieces(text)] == ["d].", "an.", "na."]


def test_an_ordinary_word_that_is_also_an_abbreviation_ends_a_sentence() -> None:
    text = "Ik zie niets in de app. Het geld is ook weg. Waar blijft het dan."
    assert len(pieces(text, "nl")) == 3


def test_the_language_is_seen_by_its_commonest_words() -> None:
    assert len(pieces("Het gaat om de bestelling van dhr. Jansen en niet van mij")) == 1
    assert len(pieces("My neighbor got it. The parcel was not on the doorstep.")) == 2


def test_an_opening_mark_belongs_to_what_it_opens() -> None:
    text = 'Het pakket was open. (Zie de foto erbij.) "Kan gebeuren joh" zei de bezorger.'
    assert pieces(text)[1].startswith("(Zie")


def test_a_missing_space_after_a_full_stop_does_not_matter() -> None:
    assert len(pieces("Het pakket is kapot.Ik wil mijn geld terug.")) == 2


def test_what_stands_on_a_line_of_its_own_is_a_sentence() -> None:
    text = "Vraag\nHallo,\n\nMijn pakket is er niet\nWaar blijft het\n\nGroet,\n[naam]"
    assert pieces(text) == [line for line in text.split("\n") if line]


def test_a_subject_is_apart_however_long_it_is() -> None:
    subject = "Mijn bestelling van vorige week is nog altijd niet bij mij bezorgd"
    assert pieces(f"{subject}\nIk wacht nu een week.") == [subject, "Ik wacht nu een week."]


def test_lines_that_a_mail_program_broke_are_one() -> None:
    text = (
        "Vraag\nIk heb vorige week een trui besteld en die is nog altijd niet\n"
        "bij mij bezorgd, terwijl ik alle dagen thuis was. Daarnaast heeft\n"
        "Kwikstaart twee keer geld afgeschreven."
    )
    found = pieces(text)
    assert [each.split()[0] for each in found] == ["Vraag", "Ik", "Daarnaast"]
    assert found[2].endswith("afgeschreven.")


@pytest.mark.parametrize("mark", ["- ", "* ", "• ", "1. ", "2) ", "a) "])
def test_a_list_is_read_by_item(mark: str) -> None:
    item = f"{mark}het pakket dat ik vorige week heb besteld is er niet"
    assert pieces(f"Drie dingen:\n{item}\n{item}") == ["Drie dingen:", item, item]


def test_a_fragment_joins_the_sentence_beside_it() -> None:
    assert pieces("Hallo. Mijn pakket is er niet. Help!") == [
        "Hallo. Mijn pakket is er niet. Help!"
    ]
    assert pieces("Hallo.\nMijn pakket is er niet.") == ["Hallo.", "Mijn pakket is er niet."]


def test_what_is_beyond_the_limits_is_part_of_the_last_sentence() -> None:
    many = "Dit is een zin. " * (MOST_SENTENCES + 50)
    found = sentences(many)
    assert len(found) == MOST_SENTENCES
    assert found[-1][1] == len(many.rstrip())
    long = f"{'woord ' * MOST_CHARACTERS}. Dit staat achteraan. " * 9
    assert len(long) > 1_000_000
    assert sentences(long) == [(0, len(long.rstrip()))]
    assert pieces(f"{' ' * MOST_CHARACTERS}Dit is een. Dit is twee. ") == [
        "Dit is een. Dit is twee."
    ]


def test_threads_find_the_same() -> None:
    texts = [
        f"Bericht {n} is er. Waar is nummer {n * 7} gebleven? Dat weet ik." for n in range(200)
    ]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(sentences, texts)) == [sentences(text) for text in texts]


def test_spacy_forgets_what_it_read_once_that_is_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_STRINGS", 0)
    before = module._pipeline("nl")
    assert len(sentences("Dit is een zin. Dit is er nog een.")) == 2
    assert module._pipeline("nl") is not before


def test_a_text_without_an_inner_end_never_reaches_spacy() -> None:
    program = (
        "import sys; from classifier.sentences import sentences; "
        "sentences('Waar is mijn pakket van 3.5.2026 gebleven?\\nHoi.'); "
        "assert 'spacy' not in sys.modules; sentences('Dit is een. Dit is twee.'); "
        "assert 'spacy' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_what_was_warmed_up_is_there_for_the_first_message() -> None:
    program = (
        "import time; from classifier import sentences as s; s.warm_up(); "
        "assert s._pipeline.cache_info().currsize == 2; s.sentences('The one is. The other is.'); "
        "s.sentences('De een wel. De ander niet.'); assert s._pipeline.cache_info().currsize == 2"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
