"""What the slots of a phrasing are filled with: products, dates, amounts, couriers.

Dutch products are all "de"-words and English ones start with a consonant, colors are those that
never inflect: so they fit any phrasing.
"""

import re
from collections.abc import Callable, Mapping
from random import Random

from service.sample.people import CITIES

SHOP = "Kwikstaart"
SLOT = re.compile(r"\{(\w+)\}")
SLOTS = frozenset(
    [
        "product",
        "color",
        "size",
        "order",
        "day",
        "date",
        "amount",
        "days",
        "city",
        "courier",
        "store",
        "code",
    ]
)

PRODUCTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "vacuum cleaners": {
        "nl": ("stofzuiger", "robotstofzuiger", "steelstofzuiger", "kruimeldief"),
        "en": ("vacuum cleaner", "robot vacuum", "cordless vacuum", "handheld vacuum"),
    },
    "laundry": {
        "nl": ("wasmachine", "droger", "strijkplank", "stoomstrijkbout"),
        "en": ("washing machine", "tumble dryer", "steam iron", "drying rack"),
    },
    "kitchen": {
        "nl": ("waterkoker", "blender", "koffiemachine", "airfryer", "broodrooster", "oven"),
        "en": ("kettle", "blender", "coffee machine", "rice cooker", "toaster", "mixer"),
    },
    "bikes": {
        "nl": ("stadsfiets", "kinderfiets", "bakfiets", "vouwfiets", "e-bike"),
        "en": ("city bike", "kids' bike", "cargo bike", "folding bike", "road bike"),
    },
    "bike parts": {
        "nl": ("fietshelm", "fietstas", "fietspomp", "ketting", "koplamp"),
        "en": ("bike helmet", "pannier bag", "bike pump", "chain", "front light"),
    },
    "toys": {
        "nl": ("houten trein", "pop", "puzzel", "step", "knuffelbeer", "bouwdoos"),
        "en": ("wooden train", "doll", "puzzle", "scooter", "teddy bear", "building set"),
    },
    "children's clothing": {
        "nl": ("regenbroek", "pyjama", "kinderjas", "maillot", "muts"),
        "en": ("rain suit", "pyjama set", "kids' coat", "school sweater", "woolly hat"),
    },
    "women's clothing": {
        "nl": ("jurk", "blouse", "winterjas", "spijkerbroek", "rok"),
        "en": ("dress", "blouse", "winter coat", "pair of jeans", "skirt"),
    },
    "men's clothing": {
        "nl": ("trui", "regenjas", "broek", "hoodie", "sjaal"),
        "en": ("sweater", "raincoat", "pair of trousers", "hoodie", "scarf"),
    },
    "garden": {
        "nl": ("parasol", "tuinstoel", "barbecue", "grasmaaier", "tuinslang"),
        "en": ("parasol", "garden chair", "barbecue", "lawn mower", "garden hose"),
    },
}
COLORS = {
    "nl": ("roze", "oranje", "lila", "beige", "turquoise", "taupe"),
    "en": ("pink", "navy", "lilac", "beige", "turquoise", "grey"),
}
WEEKDAYS = {
    "nl": ["maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"],
    "en": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
}
MONTHS = {
    "nl": [
        "januari",
        "februari",
        "maart",
        "april",
        "mei",
        "juni",
        "juli",
        "augustus",
        "september",
        "oktober",
        "november",
        "december",
    ],
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
}
SIZES = ("S", "M", "L", "XL", "36", "38", "40", "42", "44", "104", "116", "128")
COURIERS = ("PakketPijl", "Rappe Rik", "Koerier Noord", "GroenBezorgd")
STRIKING_COURIER = COURIERS[0]
MARKETPLACES = ("Tweewielhuis", "Speelgoedzolder", "Linnenkast & Zn")
CODES = ("ZOMER10", "WELKOM15", "HERFST20", "FIETS5", "VRIEND10", "KWIK25")


def order_number(rng: Random) -> str:
    """The shop's order numbers: KW- and eight digits."""
    return f"KW-{rng.randint(20_000_000, 79_999_999)}"


def day_and_month(language: str, rng: Random) -> str:
    return f"{rng.randint(1, 28)} {rng.choice(MONTHS[language])}"


def amount(language: str, rng: Random) -> str:
    """Euros, written the way the language does."""
    euros, cents = rng.randint(5, 480), rng.choice(("00", "50", "95", "99"))
    return f"€ {euros},{cents}" if language == "nl" else f"€{euros}.{cents}"


def fill(text: str, language: str, rng: Random, given: Mapping[str, Callable[[], str]]) -> str:
    """Fill every slot of a phrasing; `given` makes the slots that tie in with the message."""

    def value(match: re.Match[str]) -> str:
        slot = match[1]
        return given[slot]() if slot in given else _value(slot, language, rng)

    return SLOT.sub(value, text)


def _value(slot: str, language: str, rng: Random) -> str:
    """A value of a slot; raises KeyError for a slot that does not exist."""
    choices: Mapping[str, Callable[[], str]] = {
        "color": lambda: rng.choice(COLORS[language]),
        "size": lambda: rng.choice(SIZES),
        "day": lambda: rng.choice(WEEKDAYS[language]),
        "date": lambda: day_and_month(language, rng),
        "amount": lambda: amount(language, rng),
        "days": lambda: str(rng.randint(2, 21)),
        "city": lambda: rng.choice(CITIES),
        "courier": lambda: rng.choice(COURIERS),
        "store": lambda: rng.choice((SHOP, SHOP, *MARKETPLACES)),
        "code": lambda: rng.choice(CODES),
    }
    return choices[slot]()
