"""The model in use and those before it."""

from fastapi import Response
from sqlalchemy import select

from service.auth import PageIdentity
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


def _card(runtime: Runtime, version: str) -> str:
    path = runtime.settings.models_dir / version / "card.md"
    return path.read_text(encoding="utf-8") if path.exists() else ""
