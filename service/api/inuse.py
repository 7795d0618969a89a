"""What is in use: models and the taxonomy."""

from fastapi import APIRouter
from sqlalchemy import select

from classifier.registry import current_version, list_versions
from service.api import rendering
from service.api.calls import reading
from service.api.rendering import Names
from service.auth import AnyKey
from service.dependencies import RuntimeDep
from service.problems import documented
from service.runtime import taxonomy_in_use
from service.schemas.reports import ModelsOut, TaxonomyOut
from service.tables import ModelRow

router = APIRouter(prefix="/v1", tags=["in use"])


@router.get("/models", summary="Model versions", responses=documented(*reading("")))
def models(runtime: RuntimeDep, _identity: AnyKey) -> ModelsOut:
    """Any key may ask."""
    folder = runtime.settings.models_dir
    current = current_version(folder)
    with runtime.reading() as session:
        known = {row.version: row for row in session.scalars(select(ModelRow))}
    versions = reversed(list_versions(folder))
    rows = [rendering.model(each, known.get(each), current) for each in versions]
    return ModelsOut(current=current, models=rows)


@router.get("/taxonomy", summary="The drivers", responses=documented(*reading("")))
def taxonomy(runtime: RuntimeDep, _identity: AnyKey) -> TaxonomyOut:
    """Any key may ask: labels name drivers from this list."""
    with runtime.reading() as session:
        return rendering.taxonomy(
            Names(taxonomy_in_use(session, runtime), runtime.settings.language)
        )
