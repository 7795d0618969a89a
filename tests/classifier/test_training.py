import random
import re
import zlib
from dataclasses import replace

import numpy as np
import pytest

from classifier.candidates import CANDIDATES
from classifier.errors import BadTaxonomy, TooFewLabels
from classifier.messages import Label, LabeledMessage, RedactedText
from classifier.model import fingerprint
from classifier.taxonomy import Driver, Taxonomy, flat_taxonomy
from classifier.training import TrainingConfig, cross_validate, judge, train

WORDS = {
    "delivery.late": "pakket laat vertraging wachten bezorger wanneer",
    "delivery.lost": "pakket kwijt verdwenen bezorger buren nergens",
    "payment.invoice": "factuur btw rekening bon dubbel kopie",
    "payment.refund": "geld terug rekening retour bedrag wanneer",
    "account.login": "inloggen wachtwoord code account vergeten",
    "account.details": "adres wijzigen account email nummer verhuisd",
}
FIXED = TrainingConfig(search=False)
FILLER = ["hallo", "graag", "mijn", "ik", "dit", "jullie", "alvast", "bedankt", "vraag", "weer"]
TAXONOMY = flat_taxonomy(WORDS)
DESCRIBED = Taxonomy(
    (
        Driver(
            id="delivery.late",
            names={"nl": "Levering te laat"},
            definition={"nl": "Het pakket komt te laat."},
            examples=("vertraging van de bezorger",),
        ),
        Driver(
            id="payment.invoice",
            names={"nl": "Factuur"},
            definition={"nl": "Een kopie van de bon, of de btw op de factuur."},
            examples=("dubbel op de rekening",),
        ),
    )
)


def messages_about(drivers, n, *, seed=0, noise=0.0):
    """n messages: two words of a driver among fillers; with `noise`, the wrong driver's words."""
    chance = random.Random(seed)
    made = []
    for number in range(n):
        driver = chance.choice(list(drivers))
        shown = chance.choice(list(drivers)) if chance.random() < noise else driver
        rare = "".join(chance.choices("bcdfghjklmnpqrstvwxz", k=6))
        words = [*chance.sample(WORDS[shown].split(), 2), *chance.sample(FILLER, 3), rare]
        chance.shuffle(words)
        made.append(labeled(" ".join(words), driver, message_id=f"m{seed}-{number}"))
    return made


def labeled(text, driver, **fields):
    return LabeledMessage(text=RedactedText(text), label=Label(driver), **fields)


def held_out(messages, share=0.15):
    return [zlib.crc32(m.text.encode()) / 2**32 < share for m in messages]


@pytest.fixture(scope="module")
def messages():
    return messages_about(WORDS, 900, noise=0.05)


@pytest.fixture(scope="module")
def trained(messages):
    return train(messages, TAXONOMY, holdout=held_out(messages))


def test_a_trained_model_is_better_than_chance_and_judged_on_the_hold_out(messages, trained):
    assert trained.model.drivers == tuple(sorted(WORDS))
    assert trained.evaluation.n == len(trained.judged)
    assert trained.evaluation.accuracy.value > 0.6
    assert trained.evaluation.n <= sum(held_out(messages))


def test_a_message_held_out_never_trains(messages, trained):
    held = [m for m, out in zip(messages, held_out(messages), strict=True) if out]
    assert not trained.model.trained_on(m.text for m in held).any()
    assert not {m.message_id for m in held} & set(trained.training_ids)


def test_nor_does_another_message_with_the_same_text(messages):
    first = messages[0]
    twin = labeled(first.text.upper() + "!", "delivery.late", message_id="twin")
    holdout = [True] + [False] * len(messages)
    trained = train([*messages, twin], TAXONOMY, holdout=holdout, config=FIXED)
    assert "twin" not in trained.training_ids
    assert trained.model.manifest["counts"]["same_text_as_held_out"] == 1


def test_a_held_out_message_changes_nothing_in_the_weights(messages):
    """Train with the hold-out's labels all wrong: the weights must be the same to the bit."""
    holdout = held_out(messages)
    wrong = [
        replace(m, label=Label("account.login")) if out else m
        for m, out in zip(messages, holdout, strict=True)
    ]
    first, second = (
        train(each, TAXONOMY, holdout=holdout, config=FIXED).model for each in (messages, wrong)
    )
    np.testing.assert_array_equal(
        first.pipeline["classifier"].coef_, second.pipeline["classifier"].coef_
    )
    assert (first.temperature, first.unknown_curve) == (second.temperature, second.unknown_curve)


def test_the_threshold_comes_from_one_half_of_the_hold_out_and_the_other_judges():
    messages = messages_about(WORDS, 1600, seed=3)
    holdout = [number % 3 == 0 for number in range(len(messages))]
    trained = train(messages, TAXONOMY, holdout=holdout, config=FIXED)
    assert trained.model.manifest["threshold_from"] == "hold-out"
    assert 0.35 < len(trained.judged) / sum(holdout) < 0.65
    again = train(messages, TAXONOMY, holdout=holdout, config=FIXED)
    assert trained.judged == again.judged


def test_with_a_small_hold_out_the_threshold_comes_from_the_folds_and_it_says_so(trained):
    assert trained.model.manifest["threshold_from"] == "out-of-fold predictions"
    assert any("out-of-fold" in remark for remark in trained.remarks)
    assert 0 < trained.model.threshold <= 1


def test_what_is_routed_automatically_keeps_the_target_on_new_messages(trained):
    fresh = messages_about(WORDS, 3000, seed=9, noise=0.05)
    routed = judge(trained.model, fresh).auto
    assert routed.precision.n > 300
    assert routed.precision.high >= 0.95


def test_probabilities_are_calibrated_on_new_messages(trained):
    fresh = messages_about(WORDS, 3000, seed=9, noise=0.05)
    assert judge(trained.model, fresh).calibration.ece < 0.05


def test_a_model_that_cannot_keep_the_target_routes_nothing_and_says_so():
    hopeless = messages_about(WORDS, 300, noise=1.0)
    trained = train(hopeless, TAXONOMY)
    assert trained.model.threshold == float("inf")
    assert any("nothing is routed automatically" in remark for remark in trained.remarks)


def test_without_a_hold_out_there_is_no_evaluation_and_it_says_so():
    trained = train(messages_about(WORDS, 120), TAXONOMY)
    assert trained.evaluation is None
    assert any("nothing is known" in remark for remark in trained.remarks)


def test_messages_labeled_unknown_teach_what_unknown_looks_like_and_how_often_it_is():
    nothing = [labeled(f"zeilboot te koop nr {n}", None) for n in range(60)]
    model = train([*messages_about(WORDS, 540), *nothing], TAXONOMY).model
    assert set(model.drivers) == set(WORDS)
    unknown = model.unknown_probability(["tweedehands zeilboot", "factuur btw graag"])
    assert unknown[0] > 0.5 > 0.05 > unknown[1]


def test_without_such_labels_unknown_still_rises_for_strange_messages(trained):
    strange, familiar = trained.model.unknown_probability(["zwemmen gekookt", "factuur btw kopie"])
    assert strange > familiar
    fresh = [m.text for m in messages_about(WORDS, 500, seed=5, noise=0.05)]
    assert trained.model.unknown_probability(fresh).mean() < 0.15


def test_drivers_with_one_or_two_messages_are_learned():
    few = [labeled("taart gebak slagroom", "cake"), labeled("fiets band lek", "bike")]
    few += [labeled("fiets ketting", "bike")]
    trained = train([*messages_about(WORDS, 200), *few], flat_taxonomy([*WORDS, "cake", "bike"]))
    assert trained.model.predict(["gebak met slagroom"])[0].driver == "cake"
    assert any("bike, cake" in remark for remark in trained.remarks)


def test_two_messages_about_two_drivers_make_a_model():
    pair = [labeled("factuur btw", "invoice"), labeled("pakket laat", "late")]
    model = train(pair, flat_taxonomy(["invoice", "late"])).model
    assert model.predict(["de factuur"])[0].driver == "invoice"
    assert model.unknown_probability(["wat dan ook"])[0] == pytest.approx(0.03)
    assert model.base_shares == (0.5, 0.5)


def test_base_shares_are_the_shares_of_the_training_labels():
    made = messages_about(["delivery.late"], 30) + messages_about(["account.login"], 10, seed=1)
    two = flat_taxonomy(["delivery.late", "account.login"])
    model = train([*made, labeled("iets anders", None)], two).model
    assert dict(zip(model.drivers, model.base_shares, strict=True)) == {
        "account.login": 0.25,
        "delivery.late": 0.75,
    }


@pytest.mark.parametrize(
    ("messages", "sentence"),
    [
        ([], "0 drivers"),
        ([labeled("pakket", "delivery.late")] * 9, "1 driver to train on"),
        ([labeled("wat dan ook", None)] * 9, "0 drivers"),
        ([labeled("", "delivery.late"), labeled(" ", "delivery.lost")], "has a word"),
    ],
)
def test_too_few_labels_get_a_sentence(messages, sentence):
    with pytest.raises(TooFewLabels, match=sentence):
        train(messages, TAXONOMY, config=TrainingConfig(seeded=False))


def test_labels_outside_the_taxonomy_are_all_named():
    messages = [labeled("a b", "strange"), labeled("c d", "odd"), *messages_about(WORDS, 50)]
    with pytest.raises(BadTaxonomy, match=r"'odd'.*'strange'"):
        train(messages, TAXONOMY)


def test_a_label_with_drivers_below_it_is_refused():
    tree = Taxonomy((Driver(id="delivery"), Driver(id="delivery.late", parent="delivery")))
    with pytest.raises(BadTaxonomy, match="has drivers below it"):
        train([labeled("pakket", "delivery"), labeled("laat", "delivery.late")], tree)


def test_of_several_drivers_the_first_is_the_primary_one_and_it_says_so():
    several = [
        replace(m, label=Label(m.label.primary, ("account.login",)))
        for m in messages_about(["delivery.late", "payment.invoice"], 60)
    ]
    trained = train(several, TAXONOMY, config=TrainingConfig(seeded=False))
    assert trained.model.drivers == ("delivery.late", "payment.invoice")
    assert any("several drivers" in remark for remark in trained.remarks)


def test_the_manifest_counts_and_holds_no_text(messages, trained):
    counts = trained.model.manifest["counts"]
    assert counts["training"] + counts["held_out"] == len(messages)
    assert sum(counts["per_driver"].values()) == counts["training"]
    assert not re.search(r"pakket|factuur|inloggen", str(trained.model.manifest))
    assert fingerprint(messages[0].text) not in str(trained.model.manifest)


def test_progress_is_told():
    lines = []
    train(messages_about(WORDS, 120), TAXONOMY, progress=lines.append)
    assert lines[0] == "1 of 10: Cross-validation: fold 1 of 5"
    assert "9 of 10: Training on 120 messages about 6 drivers" in lines


def test_cross_validation_says_what_new_messages_confirm(messages):
    """The figure must agree with that of a model trained on all, on fresh messages alike."""
    found = cross_validate(messages, TAXONOMY, folds=5)
    model = train(messages, TAXONOMY, config=FIXED).model
    fresh = judge(model, messages_about(WORDS, 3000, seed=8, noise=0.05))
    assert found.n == len(messages)
    assert found.accuracy.low - 0.02 < fresh.accuracy.value < found.accuracy.high + 0.02


def test_cross_validation_does_not_profit_from_the_same_text_twice():
    """Labels at random on distinct words: doubling every message must not make them learnable."""
    chance = random.Random(1)
    once = [labeled(f"woord{n}", chance.choice(["late", "lost"])) for n in range(150)]
    found = cross_validate(once * 2, flat_taxonomy(["late", "lost"]), config=TrainingConfig())
    assert found.accuracy.low < 0.6


def test_without_a_single_label_the_taxonomy_makes_a_model_that_routes_nothing():
    trained = train([], DESCRIBED, config=TrainingConfig(seeded=True))
    predictions = trained.model.predict(["mijn pakket is er nog niet", "btw op de factuur"])
    assert [each.driver for each in predictions] == ["delivery.late", "payment.invoice"]
    assert trained.model.threshold == float("inf")
    assert trained.model.base_shares == (0.5, 0.5)
    assert any("not a single label" in remark for remark in trained.remarks)


def test_a_driver_without_labels_is_known_by_its_own_words():
    labels = [labeled(f"waar blijft pakket {n}", "delivery.late") for n in range(20)]
    trained = train(labels, DESCRIBED, config=TrainingConfig(seeded=True))
    assert trained.model.predict(["een factuur met btw"])[0].driver == "payment.invoice"
    assert trained.model.base_shares[1] < 0.03
    assert any("payment.invoice" in remark for remark in trained.remarks)


def test_the_taxonomy_never_judges_nor_counts():
    made = messages_about(["delivery.late", "payment.invoice"], 40)
    config = TrainingConfig(seeded=True)
    trained = train(made, DESCRIBED, config=config, holdout=held_out(made))
    assert trained.model.manifest["counts"]["training"] == len(trained.training_ids)
    assert len(trained.judged) == sum(held_out(made))
    assert not trained.model.trained_on(["Het pakket komt te laat."]).any()


def test_a_held_out_message_that_stands_in_the_taxonomy_does_not_train():
    """Were its example to train, "zeldzaam" would be a known word and change the weights."""
    made = [*messages_about(WORDS, 200), labeled("Zeldzaam geval!", "delivery.late")]
    examples = Driver(
        id="delivery.late", names={"nl": "Te laat"}, examples=("zeldzaam geval", "vertraging")
    )
    others = (d for d in TAXONOMY.drivers if d.id != "delivery.late")
    model = train(made, Taxonomy((examples, *others)), holdout=[False] * 200 + [True]).model
    names = set(model.pipeline["features"].get_feature_names_out())
    assert "word:vertraging" in names
    assert "word:zeldzaam" not in names


def test_few_labels_are_worth_more_with_the_drivers_own_words():
    made = messages_about(DESCRIBED.leaves, 4, seed=2)
    fresh = messages_about(DESCRIBED.leaves, 600, seed=3)
    with_words, without = (
        judge(train(made, DESCRIBED, config=TrainingConfig(seeded=seeded)).model, fresh)
        for seeded in (True, False)
    )
    assert with_words.accuracy.value > without.accuracy.value


def test_with_a_search_the_manifest_and_the_remarks_say_what_was_tried():
    lines = []
    trained = train(messages_about(WORDS, 330), TAXONOMY, progress=lines.append)
    choice = trained.model.manifest["choice"]
    assert choice["tried"] > 1
    assert choice["name"] in CANDIDATES
    assert trained.model.manifest["pipeline"] == CANDIDATES[choice["name"]].to_dict()
    assert any("compared by cross-validation" in remark for remark in trained.remarks)
    assert sum("fold 1 of 5" in line for line in lines) == 1


def test_a_choice_made_on_nearly_the_same_labels_is_not_made_again(monkeypatch):
    messages = messages_about(WORDS, 360)
    first = train(messages[:330], TAXONOMY).model
    earlier = first.manifest | {"version": "2026-11-20.1"}
    monkeypatch.setattr("classifier.training.choose", None)
    lines = []
    again = train(messages, TAXONOMY, config=TrainingConfig(earlier=earlier), progress=lines.append)
    assert lines[0] == "1 of 10: Cross-validation: fold 1 of 5"
    assert again.model.manifest["choice"]["kept_from"] == "2026-11-20.1"
    assert again.model.manifest["pipeline"] == first.manifest["pipeline"]
    assert any("and kept" in remark for remark in again.remarks)


def test_without_a_search_or_labels_enough_the_usual_pipeline_is_taken():
    made = messages_about(WORDS, 330)
    for messages, config in ((made, FIXED), (made[:90], TrainingConfig())):
        trained = train(messages, TAXONOMY, config=config)
        assert trained.model.manifest["choice"]["tried"] == 0
        assert any("was not compared with anything" in remark for remark in trained.remarks)


def test_the_learning_curve_is_that_of_the_training_messages_and_in_the_manifest(trained):
    curve = trained.evaluation.learning
    assert curve.labels == trained.model.manifest["counts"]["training"]
    assert curve.points[-1].labels < curve.labels
    assert trained.model.manifest["learning_curve"] == curve.to_dict()
    assert train(messages_about(WORDS, 120), TAXONOMY).learning is None


def test_pairs_are_looked_for_among_all_training_messages_with_what_people_said_of_them():
    """A hold-out of forty cannot show that two drivers of six are mixed up; the folds can."""
    made = messages_about(WORDS, 400)
    lost = [m for m in made if m.label.primary == "delivery.lost"]
    mixed = {m.message_id for m in lost[::2]}
    made = [replace(m, label=Label("delivery.late")) if m.message_id in mixed else m for m in made]
    people = [("delivery.late", "delivery.lost")] * 9 + [("delivery.late", "delivery.late")] * 9
    trained = train(made, TAXONOMY, config=FIXED, holdout=held_out(made, 0.1), opinions=people)
    pair = trained.evaluation.confusable[0]
    assert (pair.first, pair.second) == ("delivery.late", "delivery.lost")
    assert pair.remedy == "merge"
    assert pair.confused.n > trained.evaluation.n
    assert set(pair.message_ids) <= set(trained.training_ids)


def test_cross_validation_judges_what_is_routed_on_the_half_that_did_not_set_the_threshold():
    made = messages_about(WORDS, 300)
    found = cross_validate(made, TAXONOMY, folds=3, config=FIXED)
    assert 100 < found.auto.share.n < 200
    assert found.n == 300
    assert found.learning.labels == 300
