"""Words that are no names, for telling "Hi Sanne" from "Hi team" and "Hello Where is my order"."""

from functools import cache
from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PARTICLES: Final = _words(
    "van de der den het ter ten te 't von zu el al bin ben la le di da du dos della vande vander"
)

ADDRESSED: Final = _words(
    # whom people greet without naming anybody, and what follows a closing without being a name
    "klantenservice klantendienst klant klanten klantcontact helpdesk servicedesk support team"
    " teams teamleden webshop winkel webwinkel medewerker medewerkers medewerkster collega"
    " collega's mensen allen allemaal iedereen beste lezer lezers heer heren dame dames mevrouw"
    " meneer mijnheer dhr mevr mw relatie leverancier directie redactie afdeling service bedrijf"
    " verkoper verkoopafdeling administratie boekhouding organisatie gemeente bestuur receptie"
    " daar weer nogmaals hallo hoi hey hi ha dag goedemorgen goedemiddag goedenavond goedendag"
    " morgen middag avond jullie u ik wij we mijn onze vriend vrienden vriendin man vrouw"
    " sir sirs madam madame ma'am gentlemen gents ladies lady customer customers care services"
    " desk department manager management staff seller sales shop store company representative rep"
    " agent all everyone everybody anyone there again folks guys people friend friends mate both"
    " good morning afternoon evening hello dear concern whom recipient reader support-team bot"
    " chatbot assistant thanks thank you your regards kind bedankt dank dankjewel dankuwel groet"
    " groeten groetjes vriendelijke hartelijke hartelijk mvg gr grt grtz liefs alvast sincerely"
    " cheers best wishes vraag question verzonden verstuurd sent get download tel telefoon mobiel"
    " phone e-mail email mail ps p.s bvd ontevreden boze tevreden trouwe bezorgde teleurgestelde"
    " angry unhappy disappointed frustrated happy concerned loyal hoor zeg lots loads heaps"
    " anoniem anonymous anonieme"
    " not unknown onbekend misspelled wrong incorrect verkeerd fout onjuist gespeld niet geen"
    " engineer engineering lead leader administrator admin technician technical tester developer"
    " officer analyst consultant specialist director directeur inkoper coordinator adviseur senior"
    " junior head chief supervisor assistent planner eigenaar owner"
    " attached spelled misspelt listed missing mentioned written shown used printed known vermeld"
    " changed gewijzigd veranderd nog still no"
)

OPENERS: Final = _words(
    # what a message begins with right after a greeting that has no name
    "bestelling bestellingen pakket pakketje pakje order orders parcel package product artikel"
    " item help hulp heb hebt kunt kunnen kan zou wil graag vandaag gisteren today yesterday"
    " afgelopen vorige volgens sinds helaas betreft inzake regarding about vraagje klacht"
    " complaint need looking wanted trying just received bought ordered ontvangen besteld gekocht"
    " retour return refund geld money betaling payment factuur invoice levering delivery account"
    " yesterdays todays"
    " website site app i'm i've i'd i'll im ive dont don't can't didn't haven't hasn't isn't it's"
    " what's where's how's there's let's could would please sorry ok oke yes no ja nee even snel"
    " leuk fijn jammer prima top super after since last this that these those waiting want"
    " zondag maandag dinsdag woensdag donderdag vrijdag zaterdag monday tuesday wednesday thursday"
    " friday saturday sunday"
)


@cache
def stop_words() -> frozenset[str]:
    """spaCy's Dutch and English stop words; the first call imports spaCy (about a second)."""
    from spacy.lang.en.stop_words import STOP_WORDS as ENGLISH
    from spacy.lang.nl.stop_words import STOP_WORDS as DUTCH

    return frozenset(DUTCH | ENGLISH)


def is_addressed(word: str) -> bool:
    """Whether the word is a role, a form of address or a blackened XXXX: never a name."""
    folded = word.casefold().strip(".")
    return folded in ADDRESSED or (len(folded) > 1 and not folded.strip("x"))


def is_ordinary(word: str) -> bool:
    """Whether the word more likely continues the sentence than names somebody."""
    folded = word.casefold().replace("’", "'")
    return folded in OPENERS or folded in stop_words() or is_addressed(word)
