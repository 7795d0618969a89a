"""Sentences and words marked in a message, one over the other, without a character lost."""

from hypothesis import given
from hypothesis import strategies as st

from classifier.explanations import Explanation
from service.explanations import PlacedWord, Why
from service.marks import Marks, Run, marks
from service.tables import MessageRow, PredictionRow

TEXT = "Waar blijft mijn pakket? De doos is kapot. Groet"
MESSAGE = MessageRow(subject="Te laat", text=TEXT)
BEFORE = len("Te laat\n")
PREDICTION = PredictionRow(
    mentions=[
        ["late", 0.9, True, [[0, BEFORE + 24]]],
        ["damaged", 0.8, True, [[BEFORE + 25, BEFORE + 42]]],
        ["invoice", 0.2, False, [[BEFORE, BEFORE + 24]]],
    ]
)


def why_of(*words: tuple[str, float], text: str = TEXT) -> Why:
    placed = tuple(
        PlacedWord("text", text.index(word), text.index(word) + len(word), word, weight)
        for word, weight in words
    )
    return Why(Explanation("late", "damaged", (), 0.0, 0.0, 0.0), placed)


def said(runs: list[Run]) -> list[tuple[str, list[str], tuple[int, ...]]]:
    return [
        (
            "".join(piece.text for piece in run.pieces),
            [each.driver for each in run.speakers],
            run.begins,
        )
        for run in runs
    ]


def test_each_sentence_bears_the_number_its_driver_has_on_the_page() -> None:
    found = marks(MESSAGE, PREDICTION, None, ["late", "other", "damaged"])
    assert [(each.number, each.driver) for each in found.legend] == [(1, "late"), (3, "damaged")]
    assert said(found.runs("subject", "Te laat")) == [("Te laat", ["late"], (1,))]
    assert said(found.runs("text", TEXT)) == [
        ("Waar blijft mijn pakket?", ["late"], (1,)),
        (" ", [], ()),
        ("De doos is kapot.", ["damaged"], (3,)),
        (" Groet", [], ()),
    ]


def test_what_is_likely_but_not_said_of_a_message_is_not_marked() -> None:
    found = marks(MESSAGE, PREDICTION, None, ["late", "damaged", "invoice"])
    assert [each.driver for each in found.speakers] == ["late", "damaged"]


def test_words_are_marked_inside_their_sentence() -> None:
    found = marks(MESSAGE, PREDICTION, why_of(("pakket", 2.0), ("kapot", -2.0)), ["late"])
    first, rest = found.runs("text", TEXT)
    assert [(piece.text, piece.mark) for piece in first.pieces] == [
        ("Waar blijft mijn ", ""),
        ("pakket", "for-3"),
        ("?", ""),
    ]
    assert ("kapot", "against-3") in [(piece.text, piece.mark) for piece in rest.pieces]


def test_a_sentence_may_speak_for_two_drivers() -> None:
    both = PredictionRow(
        mentions=[["late", 0.9, True, [[8, 32]]], ["damaged", 0.8, True, [[8, 32]]]]
    )
    first, _ = marks(MESSAGE, both, None, ["late", "damaged"]).runs("text", TEXT)
    assert said([first]) == [("Waar blijft mijn pakket?", ["late", "damaged"], (1, 2))]


def test_without_a_prediction_a_message_is_one_run() -> None:
    assert said(marks(MESSAGE, None, None, []).runs("text", TEXT)) == [(TEXT, [], ())]
    assert Marks().runs("text", "") == []


def test_a_fifth_driver_has_the_color_of_the_first_and_a_number_of_its_own() -> None:
    names = ["a", "b", "c", "d", "e"]
    many = PredictionRow(mentions=[[each, 0.9, True, []] for each in names])
    speakers = marks(MESSAGE, many, None, names).speakers
    assert [each.color for each in speakers] == [1, 2, 3, 4, 1]
    assert speakers[4].number == 5


@given(
    st.text(max_size=30),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=6),
    st.integers(0, 29),
)
def test_all_runs_together_are_the_text(text: str, spans: list[tuple[int, int]], word: int) -> None:
    mentions = [[str(n), 0.9, True, [sorted(span)]] for n, span in enumerate(spans)]
    placed = text[word : word + 3]
    why = (
        Why(
            Explanation("a", "b", (), 0.0, 0.0, 0.0),
            (PlacedWord("text", word, word + len(placed), placed, 1.0),),
        )
        if placed
        else None
    )
    message, prediction = MessageRow(subject="", text=text), PredictionRow(mentions=mentions)
    found = marks(message, prediction, why, [str(n) for n in range(len(spans))])
    runs = found.runs("text", text)
    assert "".join(piece.text for run in runs for piece in run.pieces) == text
    marked = "".join(piece.text for run in runs for piece in run.pieces if piece.mark)
    assert marked == placed
    numbers = [number for run in runs for number in run.begins]
    assert sorted(numbers) == sorted(each.number for each in found.legend)
