from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.messages import Label, LabeledMessage, RedactedText
from classifier.registry import load_model, save
from classifier.training import TrainingConfig, cross_validate, train
from tests.classifier.mentions.conftest import AROUND, SAYS, TAXONOMY, mails

TODAY = date(2026, 11, 22)
TEXTS = st.lists(st.sampled_from([*SAYS.values(), *AROUND, "?", "zzz"]), max_size=6).map(". ".join)


def test_every_driver_of_a_message_is_found(model, unseen):
    found = model.predict([message.text for message in unseen])
    said = [{each.driver, *each.also} for each in found]
    exact = np.mean([a == set(m.label.drivers) for a, m in zip(said, unseen, strict=True)])
    assert exact > 0.9


def test_the_sentence_that_spoke_for_a_driver_is_named(model):
    text = f"{AROUND[0]}. {SAYS['delivery.late']}. {AROUND[1]}. {SAYS['payment.invoice']}."
    (found,) = model.predict([text])
    spoken = {each.driver: [text[slice(*span)] for span in each.spans] for each in found.mentions}
    assert spoken["delivery.late"] == [f"{SAYS['delivery.late']}."]
    assert spoken["payment.invoice"] == [f"{SAYS['payment.invoice']}."]


def test_of_a_message_of_one_sentence_no_sentence_spoke(model):
    (found,) = model.predict([SAYS["delivery.late"]])
    assert [each.driver for each in found.mentions if each.chosen] == ["delivery.late"]
    assert all(each.spans == () for each in found.mentions)


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=4))
def test_the_primary_driver_is_mentioned_first_and_never_less_likely_than_as_the_primary_one(
    model, texts
):
    for text, found in zip(texts, model.predict(texts), strict=True):
        first, *others = found.mentions
        assert first.driver == found.driver
        assert first.chosen or found.unknown >= found.confidence
        rest = [each.probability for each in others]
        assert rest == sorted(rest, reverse=True)
        assert all(probability >= 0.02 for probability in rest)
        assert len(found.mentions) <= 8
        primary = dict(zip(found.drivers, (1 - found.unknown) * found.probabilities, strict=True))
        for each in found.mentions:
            assert primary[each.driver] - 1e-12 <= each.probability <= 1
            assert all(0 <= start < end <= len(text) for start, end in each.spans)


def test_likelihoods_hold(model):
    """Of all that is said to be so likely, so much is true: drivers beside the likeliest one."""
    messages = mails(1500, seed=2)
    expected, seen = 0.0, 0
    for message, found in zip(messages, model.predict([m.text for m in messages]), strict=True):
        expected += sum(each.probability for each in found.mentions[1:])
        seen += sum(driver != found.driver for driver in message.label.drivers)
    assert expected == pytest.approx(seen, rel=0.15)


def test_a_model_of_one_driver_a_message_mentions_nothing(unseen):
    single = mails(150, several=0.0)
    model = train(single, TAXONOMY, config=TrainingConfig(search=False, seeded=False)).model
    assert model.mentions is None
    assert all(each.mentions == () for each in model.predict([unseen[0].text]))
    assert model.mentioned(["a", "b"], model.judge(["a", "b"])) == [(), ()]


def test_a_model_that_was_saved_mentions_the_same(model, unseen, tmp_path):
    loaded = load_model(tmp_path / save(model, tmp_path, today=TODAY, card=""))
    texts = [message.text for message in unseen[:40]]
    before, after = model.predict(texts), loaded.predict(texts)
    assert [each.mentions for each in after] == [each.mentions for each in before]


def test_a_compiled_model_mentions_the_same(model, unseen, tmp_path):
    loaded = load_model(tmp_path / save(model, tmp_path, today=TODAY, card=""))
    loaded.warm_up()
    assert loaded.mentions.warming.scorer() is not None
    texts = [message.text for message in unseen]
    for before, after in zip(model.predict(texts), loaded.predict(texts), strict=True):
        assert [each.driver for each in after.mentions] == [e.driver for e in before.mentions]
        likely = [each.probability for each in before.mentions]
        assert [each.probability for each in after.mentions] == pytest.approx(likely, abs=1e-4)


def test_nothing_to_read_is_nothing_to_mention(model):
    assert model.predict([]) == []
    assert model.predict([""])[0].mentions[0].spans == ()


def test_folds_say_what_finding_every_driver_is_worth():
    judged = cross_validate(
        mails(200), TAXONOMY, folds=3, config=TrainingConfig(search=False, seeded=False)
    )
    assert judged.several is not None
    assert judged.several.exact.value > 0.8
    assert judged.f1.micro > 0.9


def test_a_label_with_a_driver_beside_an_unknown_one_teaches_that_driver():
    lonely = [
        LabeledMessage(text=RedactedText(m.text), label=Label(None, (str(m.label.primary),)))
        for m in mails(40, seed=3, several=0.0)
        if m.label.primary == "product.broken"
    ]
    others = [m for m in mails(200) if m.label.primary != "product.broken"]
    config = TrainingConfig(search=False)
    model = train([*others, *lonely], TAXONOMY, config=config).model
    (found,) = model.predict([f"{SAYS['product.broken']}."])
    likely = {each.driver: each.probability for each in found.mentions}
    assert likely["product.broken"] > 0.5
