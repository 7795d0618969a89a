"""Keys are shown once, kept as a hash, and open no more than their scopes."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from service.errors import BadRequest, NotAllowed, NotFound, NotIdentified
from service.keys import create_key, identify, identity_of, list_keys, revoke_key
from service.runtime import Runtime
from service.tables import KeyRow

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def test_a_key_identifies_and_is_not_stored(runtime: Runtime) -> None:
    with runtime.writing() as session:
        key = create_key(session, name="helpdesk", scopes=["classify"], now=NOW)
    with runtime.reading() as session:
        identity = identify(session, key)
        assert (identity.name, identity.scopes) == ("helpdesk", frozenset({"classify"}))
        assert identity_of(session, identity.key_id) == identity
        stored = repr([tuple(row) for row in session.execute(select(KeyRow.__table__))])
    assert key not in stored
    assert key.removeprefix("wrm_") not in stored


@pytest.mark.parametrize("wrong", ["", "wrm_", "wrm_x", "Bearer"])
def test_another_key_is_refused(runtime: Runtime, wrong: str) -> None:
    with runtime.writing() as session:
        create_key(session, name="a", scopes=["admin"], now=NOW)
        with pytest.raises(NotIdentified):
            identify(session, wrong)


def test_scopes_open_what_they_name_and_admin_everything(runtime: Runtime) -> None:
    with runtime.writing() as session:
        report = identify(session, create_key(session, name="r", scopes=["report"], now=NOW))
        admin = identify(session, create_key(session, name="a", scopes=["admin"], now=NOW))
    report.require("report")
    with pytest.raises(NotAllowed):
        report.require("messages")
    with pytest.raises(NotAllowed):
        report.require("admin")
    admin.require("messages")


@pytest.mark.parametrize("scopes", [["everything"], ["report", ""], []])
def test_a_key_opens_something_that_exists(runtime: Runtime, scopes: list[str]) -> None:
    with runtime.writing() as session, pytest.raises(BadRequest, match="scopes"):
        create_key(session, name="a", scopes=scopes, now=NOW)


def test_a_revoked_key_stays_revoked_and_listed(runtime: Runtime) -> None:
    with runtime.writing() as session:
        key = create_key(session, name="a", scopes=["report"], now=NOW)
        (row,) = list_keys(session)
        revoke_key(session, row.id, now=NOW)
        revoke_key(session, row.id, now=NOW + timedelta(days=1))
    with runtime.reading() as session:
        with pytest.raises(NotIdentified):
            identify(session, key)
        with pytest.raises(NotIdentified):
            identity_of(session, row.id)
        assert [each.revoked_at for each in list_keys(session)] == [NOW]


def test_revoking_a_key_that_is_not_there(runtime: Runtime) -> None:
    with runtime.writing() as session, pytest.raises(NotFound):
        revoke_key(session, 7, now=NOW)
