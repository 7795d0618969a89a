"""Jinja templates in one language. Everything printed is escaped unless we made it ourselves."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from classifier.decisions import EXPLANATIONS
from service.figures import (
    agreement_text,
    change_text,
    is_clear,
    of_100,
    points_text,
    share_text,
    volume_text,
)
from service.names import driver_name, driver_path
from service.translations import Language, language


@cache
def environment(code: str) -> Environment:
    """The templates for readers of one language (nl or en)."""
    chosen = language(code)
    made = Environment(
        loader=PackageLoader("service"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_callables(  # type: ignore[attr-defined]
        chosen.catalogue.gettext, chosen.catalogue.ngettext, newstyle=True
    )
    made.globals.update(
        language=chosen,
        clear=is_clear,
        name=lambda taxonomy, driver: driver_name(taxonomy, driver, chosen),
        path=lambda taxonomy, driver: driver_path(taxonomy, driver, chosen),
    )
    made.filters.update(_filters(chosen), picture=Markup)
    return made


def _filters(chosen: Language) -> dict[str, object]:
    return {
        "volume": lambda estimate: volume_text(estimate, chosen),
        "share": lambda estimate: share_text(estimate, chosen),
        "change": lambda estimate: change_text(estimate, chosen),
        "of_100": lambda rate: of_100(rate, chosen),
        "agreement": lambda found: agreement_text(found, chosen),
        "points": lambda found: points_text(found, chosen),
        "number": chosen.number,
        "signed": chosen.signed,
        "percent": chosen.percent,
        "day": chosen.day,
        "week_number": chosen.week_number,
        "week_days": chosen.week_days,
        "moment": chosen.moment,
        "doubt": lambda doubt: chosen.text(EXPLANATIONS.get(doubt, doubt)),
    }
