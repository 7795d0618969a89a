"""Two taxonomies: one small enough for buttons, one that needs a tree."""

import pytest

from classifier.taxonomy import Driver, Taxonomy


def shop(parents: dict[str, tuple[str, ...]]) -> Taxonomy:
    drivers = []
    for parent, children in parents.items():
        drivers.append(Driver(id=parent, names={"nl": parent.title(), "en": parent.title()}))
        for child in children:
            drivers.append(
                Driver(
                    id=f"{parent}.{child}",
                    parent=parent,
                    names={"nl": f"{child} (nl)", "en": child.title()},
                    definition={"nl": f"Gaat over {child}.", "en": f"It is about {child}."},
                    examples=(f"something {child}",),
                )
            )
    return Taxonomy(tuple(drivers))


@pytest.fixture(scope="session")
def small() -> Taxonomy:
    return shop({"delivery": ("late", "damaged"), "billing": ("refund", "invoice")})


@pytest.fixture(scope="session")
def large() -> Taxonomy:
    matters = ("late", "wrong", "lost", "other")
    return shop(
        dict.fromkeys(("delivery", "billing", "account", "product"), matters)
        | {"service": ("late", "rude")}
    )
