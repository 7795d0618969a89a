"""What the page says, in Dutch and English."""

from typing import Final, Literal

Language = Literal["nl", "en"]

WORDS: Final[dict[Language, dict[str, str]]] = {
    "nl": {
        "primary": "De belangrijkste reden van dit contact",
        "also": "Ook nog over (mag leeg blijven)",
        "unknown": "Geen van alle redenen past",
        "suggestion": "Hoe zou je deze reden noemen?",
        "personal_data": "In het bericht staan nog persoonsgegevens",
        "note": "Opmerking (mag leeg blijven)",
        "another": "Een andere reden",
        "replace": "Een andere kiezen: wis eerst met × wat er staat.",
        "missing": "Kies de belangrijkste reden, of vink aan dat er geen past.",
        "search": "Typ om te zoeken",
        "drivers": "Contactredenen",
        "intro": (
            "Kies de belangrijkste reden waarom de klant contact opneemt, en daarna wat er nog "
            "meer speelt. Staat de belangrijkste er niet bij, vink dan “{unknown}” aan ({key})."
        ),
        "listed": (
            "De waarschijnlijkste redenen hebben een cijfer; met {another} zoek je in alle redenen."
        ),
        "leak": (
            "Zie je een naam, adres of iets anders waaraan een klant te herkennen is, vink dan "
            "“{personal_data}” aan ({key}). Neem het niet over in een opmerking."
        ),
        "example": "Bijvoorbeeld",
        "because": "Vanwege: {words}",
        "disagreement": "Twee mensen zijn het niet eens: de een zegt “{}”, de ander “{}”.",
    },
    "en": {
        "primary": "The main reason for this contact",
        "also": "Also about (may stay empty)",
        "unknown": "None of all the reasons fits",
        "suggestion": "What would you call this reason?",
        "personal_data": "The message still holds personal data",
        "note": "Note (may stay empty)",
        "another": "Another reason",
        "replace": "To choose another, first clear what is there with ×.",
        "missing": "Choose the main reason, or tick that none fits.",
        "search": "Type to search",
        "drivers": "Reasons for contact",
        "intro": (
            "Choose the main reason why the customer gets in touch, then what else it is about. "
            "If the main one is not among them, tick “{unknown}” ({key})."
        ),
        "listed": (
            "The likeliest reasons have a number; with {another} you search through all reasons."
        ),
        "leak": (
            "If you see a name, an address or anything else by which a customer can be recognized, "
            "tick “{personal_data}” ({key}). Do not copy it into a note."
        ),
        "example": "For example",
        "because": "Because of: {words}",
        "disagreement": "Two people do not agree: one says “{}”, the other “{}”.",
    },
}
