"""What drivers are called on screens and in reports."""

from classifier.messages import UNKNOWN
from classifier.taxonomy import Taxonomy
from service.translations import Language


def driver_name(taxonomy: Taxonomy, driver: str, language: Language) -> str:
    """A name that tells the driver from every other one, without its whole path."""
    if driver == UNKNOWN:
        return language.text("Unknown driver")
    name = taxonomy.name(driver, language.code)
    parent = taxonomy.by_id[driver].parent if driver in taxonomy else None
    if parent is None or not _is_shared(taxonomy, driver, name, language.code):
        return name
    return f"{taxonomy.name(parent, language.code)}: {name}"


def driver_path(taxonomy: Taxonomy, driver: str, language: Language) -> str:
    """Names from the root to the driver, as in "Delivery › Late"."""
    if driver == UNKNOWN:
        return language.text("Unknown driver")
    return " › ".join(taxonomy.path(driver, language.code))


def _is_shared(taxonomy: Taxonomy, driver: str, name: str, code: str) -> bool:
    return any(taxonomy.name(other, code) == name for other in taxonomy.by_id if other != driver)
