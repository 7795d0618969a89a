"""Pictures of the labeling page in a real Label Studio, for the docs: python -m tests.pictures

`--all FOLDER` takes those of every kind to look at: with buttons and with a tree, pre-filled and
blind, Dutch and English, on a wide and on a narrow screen.
"""

import argparse
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from PIL import Image
from playwright.sync_api import Page

from classifier.messages import Mention, Prediction, RedactedText
from classifier.taxonomy import Driver, Taxonomy
from labeling.interface import Language, because, labeling_interface, likeliest, sentences
from labeling.projects import Project
from labeling.studio import Studio
from labeling.tasks import StudioQuestion, task_data
from service.sample import sample_taxonomy
from service.studio_server import StudioServer
from tests.chromium import in_label_studio

ROOT: Final = Path(__file__).parent.parent
IMAGES: Final = ROOT / "docs" / "images"
WIDE, NARROW, MARGIN = 1280, 480, 8
COLORS: Final = 64
BUTTONS: Final = (
    *("delivery.late", "delivery.damaged", "delivery.not_received", "delivery.track"),
    *("returns.refund", "payment.invoice", "payment.double", "orders.cancel"),
    *("orders.missing_item", "product.defect", "service.unreachable", "service.complaint"),
)
BRANCHES: Final = {
    "web": {"nl": "Webwinkel", "en": "Web shop"},
    "stores": {"nl": "Winkels", "en": "Stores"},
}


@dataclass(frozen=True)
class Words:
    """A message, and what was found in it: words for the main driver, a sentence for each."""

    subject: str
    text: str
    product: str
    because: tuple[str, ...]
    damaged: str
    late: str
    unreachable: str


WORDS: Final[dict[Language, Words]] = {
    "nl": Words(
        subject="Bestelling 20418",
        text=(
            "Goedemiddag,\n\nDe vaatwasser kwam dinsdag pas, negen dagen na de dag in de "
            "bevestiging. Niemand had ons iets gezegd.\n\nToen we het plastic eraf haalden, zat er "
            "een barst in de deur. Ook ontbrak er een pootje.\n\nIk probeer "
            "sindsdien de klantenservice te bereiken. De telefoon gaat over tot hij uitvalt. Wat "
            "nu?\n\nMet vriendelijke groet"
        ),
        product="huishoudelijk",
        because=("barst", "plastic", "pootje"),
        damaged="Toen we het plastic eraf haalden, zat er een barst in de deur.",
        late="De vaatwasser kwam dinsdag pas, negen dagen na de dag in de bevestiging.",
        unreachable="De telefoon gaat over tot hij uitvalt.",
    ),
    "en": Words(
        subject="Order 20418",
        text=(
            "Hello,\n\nThe dishwasher came on Tuesday, nine days after the date in your "
            "confirmation. Nobody had told us anything.\n\nWhen we took the plastic off, the door "
            "had a crack from top to bottom and one of the feet was missing.\n\nI have been trying "
            "to reach customer service ever since. The line rings until it goes dead. What happens "
            "now?\n\nKind regards"
        ),
        product="household appliances",
        because=("crack", "plastic", "feet"),
        damaged="When we took the plastic off, the door had a crack from top to bottom",
        late="The dishwasher came on Tuesday, nine days after the date in your confirmation.",
        unreachable="The line rings until it goes dead.",
    ),
}


def twelve() -> Taxonomy:
    """Twelve drivers of the sample shop, with their parents."""
    shop = sample_taxonomy()
    parents = {shop.by_id[each].parent for each in BUTTONS}
    return Taxonomy(tuple(d for d in shop.drivers if d.id in BUTTONS or d.id in parents))


def sixty() -> Taxonomy:
    """The thirty drivers of the sample shop, in its web shop and in its stores."""
    shop = [each for each in sample_taxonomy().drivers if not each.id.endswith(".other")]
    drivers = []
    for branch, names in BRANCHES.items():
        drivers.append(Driver(id=branch, names=names))
        drivers += [
            replace(d, id=f"{branch}.{d.id}", parent=".".join(filter(None, (branch, d.parent))))
            for d in shop
        ]
    return Taxonomy(tuple(drivers))


@dataclass(frozen=True)
class Picture:
    """What is to be seen; `taxonomy` has twelve drivers or sixty."""

    taxonomy: Taxonomy
    language: Language = "en"
    blind: bool = False
    width: int = WIDE

    @property
    def name(self) -> str:
        parts = [str(len(self.taxonomy.leaves)), self.language]
        parts += ["blind"] if self.blind else []
        return "-".join([*parts, *(["narrow"] if self.width == NARROW else [])])

    def question(self) -> StudioQuestion:
        words = WORDS[self.language]
        prediction = self._prediction()
        damaged, late, unreachable = (each.driver for each in prediction.mentions)
        said = {damaged: [words.damaged], late: [words.late], unreachable: [words.unreachable]}
        return StudioQuestion(
            external_id=self.name,
            text=RedactedText(words.text),
            subject=RedactedText(words.subject),
            channel="email",
            received_at=datetime(2026, 11, 19, 9, tzinfo=UTC),
            product=words.product,
            language=self.language,
            blind=self.blind,
            prediction=prediction,
            model_version="2026-11-16.1",
            because=because(words.because, language=self.language),
            sentences=sentences(said, self.taxonomy, language=self.language),
            likeliest=likeliest(prediction, self.taxonomy, language=self.language),
        )

    def _prediction(self) -> Prediction:
        ends = ("delivery.damaged", "delivery.late", "service.unreachable")
        likely = (*ends, "product.defect", "returns.refund")
        leaves = [leaf for end in likely for leaf in self.taxonomy.leaves if leaf.endswith(end)]
        first = [leaf for leaf in leaves if not leaf.startswith("stores.")]
        mentions = tuple(Mention(each, 0.8, chosen=True) for each in first[:3])
        return Prediction(tuple(first), np.array([0.62, 0.14, 0.1, 0.08, 0.06]), 0.05, mentions)


def take(page: Page, studio: Studio, picture: Picture, out: Path, *, whole: bool) -> None:
    """The question as a person sees it who labels one after the other; not `whole`, without what
    Label Studio has around it."""
    project = _project(studio, picture)
    page.set_viewport_size({"width": picture.width, "height": 1000})
    page.goto(f"{project.url}?labeling=1")
    page.get_by_text(WORDS[picture.language].subject).last.wait_for(timeout=60_000)
    page.wait_for_timeout(2_000)
    box = page.locator(".waarom").bounding_box()
    if whole or box is None:
        page.screenshot(path=out)
    else:
        left, top = box["x"] - MARGIN, box["y"] - MARGIN
        width, height = box["width"] + 2 * MARGIN, box["height"] + MARGIN
        page.screenshot(path=out, clip={"x": left, "y": top, "width": width, "height": height})
    with Image.open(out) as taken:
        taken.quantize(COLORS).save(out, optimize=True)


def _project(studio: Studio, picture: Picture) -> Project:
    interface = labeling_interface(picture.taxonomy, language=picture.language)
    project = studio.ensure_project(picture.name, interface)
    studio.upload(project.id, [task_data(picture.question(), picture.taxonomy)])
    return project


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--all", type=Path, metavar="FOLDER")
    folder = arguments.parse_args().all
    if folder is None:
        wanted = {
            IMAGES / f"label-studio-{len(t.leaves)}.png": Picture(t) for t in (twelve(), sixty())
        }
    else:
        folder.mkdir(parents=True, exist_ok=True)
        kinds = product((twelve(), sixty()), WORDS, (False, True), (WIDE, NARROW))
        pictures = [Picture(*kind) for kind in kinds]
        wanted = {folder / f"{each.name}.png": each for each in pictures}
    with TemporaryDirectory() as home:
        server = StudioServer(Path(home), venv=ROOT / ".venv-label-studio", cache=ROOT / ".cache")
        with server, in_label_studio(server, viewport={"width": WIDE, "height": 900}) as page:
            studio = Studio(server.url, server.token)
            for out, picture in wanted.items():
                take(page, studio, picture, out, whole=folder is not None)
                sys.stderr.write(f"{out}\n")
            studio.close()


if __name__ == "__main__":
    main()
