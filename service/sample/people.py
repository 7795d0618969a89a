"""Made-up customers: names, addresses, and account and citizen numbers with valid checksums.

Mail addresses end in reserved example domains, citizen numbers (BSN) start with 9999 as those
of test persons do. Everything is drawn at random; any likeness to a real person is chance.
"""

from dataclasses import dataclass
from random import Random

DUTCH_SHARE = 0.63


def _pool(names: str) -> tuple[str, ...]:
    return tuple(names.split("|"))


FIRST_NAMES = {
    "nl": _pool(
        "Anouk|Bram|Carlijn|Daan|Eline|Fleur|Gijs|Hanneke|Ibrahim|Jasper|Karin|Lotte|Maarten|Noor|"
        "Olaf|Petra|Quinten|Roos|Sanne|Thijs|Ursula|Vera|Wouter|Xandra|Yusuf|Zeynep|Willem|Marijke|"
        "Mohammed|Fatima|Joost|Linde|Sjoerd|Femke|Kees|Tineke|Ruben|Mei|Pieter-Jan|Anne-Marie|"
        "Björn|Zoë|Hans|Ingrid|Soraya|Tygo|Merel|Storm|Jan|Els"
    ),
    "en": _pool(
        "Alice|Brian|Chloe|Derek|Emma|Fiona|George|Harriet|Imran|Julia|Kevin|Laura|Marcus|Nadia|"
        "Oliver|Priya|Quentin|Rachel|Simon|Tara|Umar|Victoria|Walter|Yvonne|Zachary|Mark|Grace|"
        "Will|Rose|Sean|Aisha|Connor|Deirdre|Ewan|Hazel|Ivy|Mary-Ann|Niamh|Olga|Tomasz|Wei|Ana|"
        "Joao|Lucia|Dragan|Elena|Pawel|Chiara|Lars|Ingrid"
    ),
}
LAST_NAMES = {
    "nl": _pool(
        "de Vries|Jansen|van den Berg|Bakker|Visser|Smit|Meijer|de Boer|Mulder|de Groot|Bos|Vos|"
        "Peters|Hendriks|van Leeuwen|Dekker|Brouwer|de Wit|Dijkstra|van der Meulen|Yilmaz|"
        "El Amrani|Nguyen|Kaya|van 't Hof|Oosterhuis|Hoekstra|Schouten|Willems|van Dam|Kuipers|"
        "Postma|Verhoeven|Ter Braak|Huisman|Koning|in 't Veld|Blom-Jacobs|Santokhi|Pinas"
    ),
    "en": _pool(
        "Adams|Baker|Carter|Davies|Evans|Fletcher|Green|Hughes|Iqbal|Johnson|Kowalski|Lewis|"
        "Murphy|Newman|O'Brien|Patel|Quinn|Roberts|Singh|Taylor|Underwood|Vaughan|Wright|Young|"
        "Silva|Rossi|Novak|Schmidt|Garcia|Popescu|Okafor|Chen|Khan|Mac Donald|Smith-Jones"
    ),
}
STREETS = _pool(
    "Dorpsstraat|Molenweg|Kerkstraat|Lindelaan|Beatrixstraat|Havenkade|Stationsweg|Vogelzang|"
    "Esdoornlaan|Wilgenpad|Nieuwstraat|Bloemgracht|Zandpad|Schoolstraat|Parallelweg|Weidehof"
)
CITIES = _pool(
    "Utrecht|Amersfoort|Zwolle|Groningen|Breda|Eindhoven|Rotterdam|Den Haag|Haarlem|Nijmegen|"
    "Leeuwarden|Maastricht|Almere|Apeldoorn|Gouda|Tilburg|Leiden|Assen|Middelburg|Gent"
)
BANKS = ("ABNA", "ASNB", "BUNQ", "INGB", "KNAB", "RABO", "SNSB", "TRIO")
MAIL_DOMAINS = ("example.nl", "example.com", "example.org", "mail.example", "post.example")
POSTCODE_LETTERS = "ABCDEGHJKLMNPRTVWXZ"


@dataclass(frozen=True, slots=True)
class Person:
    """A customer. `reference` is the shop's customer number; `iban` is without spaces."""

    reference: str
    language: str
    first: str
    last: str
    email: str
    phone: str
    street: str
    house_number: str
    postcode: str
    city: str
    iban: str
    bsn: str

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"


def person(seed: int, number: int) -> Person:
    """Customer `number` of the sample with this seed: always the same one."""
    rng = Random(f"person:{seed}:{number}")  # noqa: S311 (made-up people, not secrets)
    language = "nl" if rng.random() < DUTCH_SHARE else "en"
    first, last = rng.choice(FIRST_NAMES[language]), rng.choice(LAST_NAMES[language])
    return Person(
        reference=f"K{200_000 + number}",
        language=language,
        first=first,
        last=last,
        email=_email(first, last, rng),
        phone=_phone(rng),
        street=rng.choice(STREETS),
        house_number=f"{rng.randint(1, 260)}{rng.choice(('', '', '', 'a', '-2', ' bis'))}",
        postcode=_postcode(rng),
        city=rng.choice(CITIES),
        iban=iban(rng),
        bsn=bsn(rng),
    )


def iban(rng: Random) -> str:
    """A Dutch account number whose check digits are right (ISO 13616, modulo 97)."""
    bank, account = rng.choice(BANKS), f"{rng.randint(10_000_000, 999_999_999):010d}"
    as_digits = "".join(str(int(char, 36)) for char in f"{bank}{account}NL00")
    return f"NL{98 - int(as_digits) % 97:02d}{bank}{account}"


def bsn(rng: Random) -> str:
    """Nine digits that pass the 11-proof: 9·d1 + 8·d2 + … + 2·d8 - d9 is divisible by 11."""
    while True:
        digits = f"9999{rng.randint(0, 9_999):04d}"
        check = sum(int(d) * w for d, w in zip(digits, range(9, 1, -1), strict=True)) % 11
        if check < 10:
            return f"{digits}{check}"


def _email(first: str, last: str, rng: Random) -> str:
    kept = {"ö": "o", "ë": "e", "'": "", " ": ""}
    given = "".join(kept.get(char, char) for char in first.lower())
    family = "".join(kept.get(char, char) for char in last.lower())
    mailbox = rng.choice(
        (f"{given}.{family}", f"{given[0]}.{family}", f"{family}{rng.randint(60, 99)}", given)
    )
    return f"{mailbox}@{rng.choice(MAIL_DOMAINS)}"


def _phone(rng: Random) -> str:
    mobile = f"{rng.choice((1, 2, 3, 4, 5))}{rng.randint(0, 9_999_999):07d}"
    return rng.choice(
        (
            f"06-{mobile}",
            f"06{mobile}",
            f"06 {mobile[:4]} {mobile[4:]}",
            f"06 {mobile[:2]} {mobile[2:4]} {mobile[4:6]} {mobile[6:]}",
            f"+31 6 {mobile}",
            f"030-2{mobile[2:]}",
        )
    )


def _postcode(rng: Random) -> str:
    letters = rng.choice(POSTCODE_LETTERS) + rng.choice(POSTCODE_LETTERS)
    return f"{rng.randint(1011, 9989)}{rng.choice((' ', ' ', ''))}{letters}"
