"""What a model of Dutch and English says of languages, spellings and subjects it never met."""

from collections import Counter
from datetime import date

import numpy as np
import pytest

from classifier.cleaning import clean
from classifier.decisions import is_routed
from classifier.messages import Direction, LabeledMessage
from classifier.redaction import redact
from classifier.taxonomy import flat_taxonomy
from classifier.training import train
from service.sample.generator import generate
from service.terms import classified_text

DRIVERS = 6
"""The commonest ones: with all of them training takes longer than a test should."""

FOREIGN = {
    "French": [
        "Où est mon colis ? Je l'attends depuis une semaine.",
        "Je voudrais annuler ma commande et être remboursé.",
        "Mon mot de passe ne fonctionne plus, que dois-je faire ?",
        "La lampe est arrivée cassée.",
        "Vous avez prélevé deux fois le même montant.",
    ],
    "German": [
        "Wann kommt endlich mein Paket an? Ich warte schon seit Tagen.",
        "Ich möchte meine Bestellung stornieren und mein Geld zurück.",
        "Die Rechnung stimmt nicht, bitte schicken Sie eine neue.",
        "Der Karton war zerrissen und die Lampe kaputt.",
        "Ich kann mich nicht mehr anmelden.",
    ],
    "Polish": [
        "Gdzie jest moja paczka? Czekam już tydzień.",
        "Chcę zwrócić zamówienie i odzyskać pieniądze.",
        "Nie mogę zalogować się na swoje konto.",
        "Lampa przyszła uszkodzona.",
        "Proszę o fakturę z numerem VAT.",
    ],
    "Turkish": [
        "Siparişimi iptal etmek istiyorum.",
        "Paketim nerede? Bir haftadır bekliyorum.",
        "Fatura yanlış, lütfen yenisini gönderin.",
        "Şifremi unuttum, giriş yapamıyorum.",
        "Lamba kırık geldi, paramı geri istiyorum.",
    ],
}
OLD_SPELLING = {
    "Waer blyft myn packet, het zoude gisteren gezonden worden?": "delivery.late",
    "Ik wensch eene quitantie van myne bestelling te ontvangen.": "payment.invoice",
    "Gaarne het aangekochte retourneeren; hoe zal ik zulks doen?": "returns.how",
    "Gelieve myne bestellinge te doorhalen, ik behoef haer niet meer.": "orders.cancel",
}
STRANGE = [
    "Wat wordt het weer morgen in Zeeland?",
    "Kan iemand mij helpen met mijn belastingaangifte?",
    "The swimming pool on the second floor was far too cold.",
    "Mijn buurman speelt elke nacht trompet.",
    "De koeien staan al in de wei en het gras groeit hard.",
    "Welke trein rijdt er zondag naar Maastricht?",
    "How tall is the tower in the old town?",
    "My daughter starts school after the summer.",
    "Het koor zingt donderdag in de kerk van het dorp.",
    "Our team won the match with two goals to one.",
    "Ik zoek een recept voor erwtensoep met rookworst.",
    "The museum is closed on Mondays during winter.",
]


def labeled(generated):
    message = clean(generated.raw)
    subject, body = (redact(part, key=b"tests only") for part in (message.subject, message.text))
    return LabeledMessage(text=classified_text(subject, body), label=generated.truth)


def inbound(messages, seed=1):
    made = generate(until=date(2026, 11, 16), messages=messages, seed=seed)
    return [labeled(each) for each in made if each.raw.direction is Direction.INBOUND]


@pytest.fixture(scope="module")
def model():
    found = inbound(1_200)
    counts = Counter(each.label.primary for each in found if each.label.primary)
    drivers = {driver for driver, _ in counts.most_common(DRIVERS)}
    messages = [each for each in found if drivers.issuperset(each.label.drivers)]
    return train(messages, flat_taxonomy(drivers)).model


def routed(model, texts):
    """Which texts the model would route itself, and what it says of each."""
    said = model.predict(texts)
    confidence = np.array([each.confidence for each in said])
    unknown = np.array([each.unknown for each in said])
    return is_routed(confidence, unknown, model.threshold), said


@pytest.fixture(scope="module")
def fresh(model):
    """Ordinary messages the model never saw."""
    found = inbound(600, seed=2)
    return [each.text for each in found if each.label.primary in model.drivers]


def test_the_model_routes_ordinary_messages_and_seldom_calls_one_unknown(model, fresh):
    sent, said = routed(model, fresh)
    assert len(fresh) > 200
    assert sent.mean() > 0.5
    assert np.mean([each.unknown > 0.5 for each in said]) < 0.05


@pytest.mark.parametrize("language", FOREIGN)
def test_a_language_nobody_trained_on_is_unknown_and_not_routed(model, language):
    sent, said = routed(model, FOREIGN[language])
    assert not sent.any()
    assert all(each.unknown > each.confidence for each in said)
    assert np.mean([each.unknown for each in said]) > 0.8


def test_another_subject_in_a_known_language_seems_stranger_and_is_seldom_routed(model, fresh):
    sent, said = routed(model, STRANGE)
    ordinary, familiar = routed(model, fresh)
    unknown = np.array([each.unknown for each in said])
    usual = np.array([each.unknown for each in familiar])
    assert np.mean(unknown[:, None] > usual) > 0.85
    assert sent.mean() < ordinary.mean() / 2


def test_a_driver_in_an_old_spelling_is_no_confident_mistake(model):
    sent, said = routed(model, list(OLD_SPELLING))
    wrong = [
        each.driver != driver for each, driver in zip(said, OLD_SPELLING.values(), strict=True)
    ]
    assert not (sent & wrong).any()
    familiar = model.unknown_probability(["Waar blijft mijn pakket, het zou gisteren komen?"])[0]
    assert min(each.unknown for each in said) > familiar
