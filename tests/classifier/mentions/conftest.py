import random

import pytest

from classifier.messages import Label, LabeledMessage, RedactedText
from classifier.taxonomy import flat_taxonomy
from classifier.training import TrainingConfig, train

SAYS = {
    "delivery.late": "Het pakket is veel te laat en de bezorger laat wachten",
    "payment.invoice": "Stuur mij de factuur met btw als kopie van de rekening",
    "account.login": "Inloggen lukt niet want mijn wachtwoord en code zijn vergeten",
    "product.broken": "Het apparaat is stuk en doet niets meer na een dag gebruik",
}
AROUND = (
    "Goedemorgen allemaal daar bij de winkel",
    "Wij zijn al jaren heel tevreden klant",
    "Alvast hartelijk bedankt voor de moeite",
    "Ik schrijf dit vanuit de trein naar huis",
)
TAXONOMY = flat_taxonomy(SAYS)


def mail(chance, drivers):
    """A message of a sentence for each driver, half of its words, among sentences about nothing."""
    kept = [[word for word in SAYS[each].split() if chance.random() < 0.7] for each in drivers]
    said = [" ".join(words) for words in kept]
    around = chance.sample(AROUND, 2)
    sentences = [around[0], *said, around[1]]
    return ". ".join(each.capitalize() or "Ja" for each in sentences) + "."


def mails(n, *, seed=0, several=0.3):
    """n messages, so many of them about two drivers, labeled with both."""
    chance, made = random.Random(seed), []
    for number in range(n):
        drivers = chance.sample(list(SAYS), 2 if chance.random() < several else 1)
        label = Label(drivers[0], tuple(drivers[1:]))
        text = RedactedText(mail(chance, drivers))
        made.append(LabeledMessage(text=text, label=label, message_id=f"m{seed}-{number}"))
    return made


@pytest.fixture(scope="session")
def model():
    config = TrainingConfig(search=False, seeded=False)
    return train(mails(300), TAXONOMY, config=config).model


@pytest.fixture(scope="session")
def unseen():
    return mails(120, seed=1)
