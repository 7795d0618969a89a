"""The model in use and those before it."""

import re
from typing import Literal

from fastapi import Response
from markdown_it import MarkdownIt
from markupsafe import Markup
from sqlalchemy import select

from service.auth import PageIdentity
from service.errors import NotFound
from service.pages.screens import ScreenDep, page_router
from service.runtime import Runtime
from service.tables import ModelRow

router = page_router()


@router.get("/models")
def models_page(screen: ScreenDep, identity: PageIdentity) -> Response:
    """The current model with its card, and every version that ever judged a message."""
    identity.require("report")
    runtime = screen.runtime
    model = runtime.current_model()
    with runtime.reading() as session:
        used = list(session.scalars(select(ModelRow).order_by(ModelRow.used_since.desc())))
        return screen.show(
            "models.html",
            identity=identity,
            here="models",
            model=model,
            card=_card(runtime, model.version) if model else "",
            used=used,
        )


@router.get("/models/{version}/{plot}.svg")
def plot(
    version: str,
    plot: Literal["coverage", "reliability", "learning"],
    screen: ScreenDep,
    identity: PageIdentity,
) -> Response:
    """A picture of the current model's card."""
    identity.require("report")
    model = screen.runtime.current_model()
    path = screen.runtime.settings.models_dir / version / f"{plot}.svg"
    if model is None or model.version != version or not path.exists():
        raise NotFound("picture", plot)
    return Response(path.read_bytes(), media_type="image/svg+xml")


def _card(runtime: Runtime, version: str) -> Markup:
    """The card as HTML; anything but Markdown in it is escaped."""
    path = runtime.settings.models_dir / version / "card.md"
    written = path.read_text(encoding="utf-8") if path.exists() else ""
    body = written.partition("\n")[2] if written.startswith("# ") else written
    rendered = MarkdownIt("commonmark", {"html": False}).enable("table").render(body)
    placed = re.sub(r'src="(\w+\.svg)"', rf'src="/models/{version}/\1"', rendered)
    return Markup(placed)  # noqa: S704 - markdown-it escapes what it is given
