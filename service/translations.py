"""What screens and reports say, in the reader's language, with its numbers and dates.

English is written in the code and the templates; `locale/<language>/LC_MESSAGES/waarom.po` holds
the other languages, compiled in memory when first used.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from zoneinfo import ZoneInfo

from babel import Locale, negotiate_locale
from babel.dates import format_date, format_datetime, format_interval
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from classifier.taxonomy import LANGUAGES
from service.weeks import monday

SOURCE = "en"
LOCALES = {"nl": "nl_NL", "en": "en_GB"}
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True)
class Language:
    """One language a person reads: `code` is nl or en."""

    code: str
    locale: Locale
    catalogue: NullTranslations

    def text(self, message: str, /, **values: object) -> str:
        """A message in this language, its %(name)s places filled in."""
        return self.catalogue.gettext(message) % values

    def plural(self, one: str, many: str, n: int, /, **values: object) -> str:
        """A message that depends on a count; %(n)s is the count as this language writes it."""
        return self.catalogue.ngettext(one, many, n) % {"n": self.number(n), **values}

    def number(self, value: float) -> str:
        """A whole number, as in 1,024."""
        return format_decimal(round(value), format="#,##0;-#,##0", locale=self.locale)

    def signed(self, value: float) -> str:
        """A whole number with its sign, as in +85; nothing before a zero."""
        whole = round(value)
        sign = "+" if whole > 0 else MINUS if whole < 0 else ""
        return sign + self.number(abs(whole))

    def percent(self, fraction: float) -> str:
        """A fraction of 1 as a percentage with one decimal."""
        return self.percentage_points(fraction) + "\N{NO-BREAK SPACE}%"

    def decimal(self, value: float) -> str:
        """A number with two decimals, as in 0.86."""
        return format_decimal(value, format="0.00", locale=self.locale).replace("-", MINUS)

    def signed_percent(self, fraction: float) -> str:
        """A change in percent with its sign, as in +4.3 %."""
        sign = "+" if fraction > 0 else MINUS if fraction < 0 else ""
        return sign + self.percent(abs(fraction))

    def percentage_points(self, fraction: float) -> str:
        """A fraction of 1 times a hundred, without the percent sign."""
        return format_decimal(100.0 * fraction, format="0.0", locale=self.locale)

    def day(self, day: date) -> str:
        return format_date(day, "long", locale=self.locale)

    def short_day(self, day: date) -> str:
        return format_date(day, "d MMM", locale=self.locale)

    def moment(self, moment: datetime, zone: str) -> str:
        """A moment to the minute, in the configured zone."""
        local = moment.astimezone(ZoneInfo(zone))
        return format_datetime(local, "d MMMM y, HH:mm", locale=self.locale)

    def week_number(self, week: str) -> str:
        """The number in "2026-W46", without a leading zero."""
        return str(int(week[-2:]))

    def week_days(self, week: str) -> str:
        """Monday to Sunday of a week, as in 9-15 November 2026."""
        first = monday(week)
        return str(format_interval(first, first + timedelta(days=6), "yMMMMd", locale=self.locale))


@cache
def language(code: str) -> Language:
    """The language of a code; English for a code we have no catalogue of."""
    known = code if code in LANGUAGES else SOURCE
    return Language(known, Locale.parse(LOCALES[known]), _catalogue(known))


def choose_language(
    *, asked: str | None, remembered: str | None, accepted: str | None, default: str
) -> str:
    """nl or en: what the address asks for, else the cookie, else the browser, else the setting."""
    for wish in (asked, remembered):
        if wish in LANGUAGES:
            return wish
    found = negotiate_locale(_preferences(accepted or ""), LANGUAGES, sep="-")
    return found or default


def _preferences(accepted: str) -> list[str]:
    """The languages of an Accept-Language header, the most wanted first."""
    weighted = []
    for number, part in enumerate(accepted.split(",")):
        name, _, weight = part.strip().partition(";q=")
        weighted.append((-_weight(weight), number, name.strip()))
    return [name for weight, _, name in sorted(weighted) if name and weight < 0]


def _weight(written: str) -> float:
    try:
        return float(written) if written else 1.0
    except ValueError:
        return 0.0


def _catalogue(code: str) -> NullTranslations:
    if code == SOURCE:
        return NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(_po(code)), locale=code))
    compiled.seek(0)
    return GNUTranslations(compiled)


def _po(code: str) -> bytes:
    folder: Sequence[str] = ("locale", code, "LC_MESSAGES", "waarom.po")
    return files("service").joinpath(*folder).read_bytes()
