"""The doctor finds what is wrong, and says what to do about it."""

from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from classifier.messages import Label, RawMessage
from service.doctor import examine
from service.intake import receive
from service.keys import create_key
from service.labels import Answer, record
from service.outbox import queue
from service.runtime import open_runtime
from service.tables import OutboxRow

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def findings(settings):
    return {each.what: each for each in examine(settings, now=NOW)}


@pytest.fixture
def healthy(settings, models_dir):
    changed = settings.model_copy(update={"models_dir": models_dir})
    runtime = open_runtime(changed)
    with runtime.writing() as session:
        create_key(session, name="first", scopes=["admin"], now=NOW)
    runtime.close()
    return changed


def test_a_complete_installation_is_well(healthy):
    found = findings(healthy)
    assert [what for what, each in found.items() if not each.ok] == []
    assert "2026-11-01.1" in found["model"].says


def test_an_empty_one_says_the_next_steps(settings):
    found = findings(settings)
    assert "waarom train" in found["model"].says
    assert "waarom keys create" in found["keys"].says
    assert found["database"].ok


def test_a_database_out_of_reach_is_a_finding(settings):
    found = findings(settings.model_copy(update={"database_url": "postgresql://u@localhost:1/x"}))
    assert list(found) == ["database"]
    assert not found["database"].ok


def test_one_bad_part_does_not_hide_the_others(healthy, tmp_path):
    (tmp_path / "bad.toml").write_text("[[drivers]]")
    found = findings(healthy.model_copy(update={"taxonomy": tmp_path / "bad.toml"}))
    assert not found["taxonomy"].ok
    assert found["keys"].ok
    assert found["outbox"].ok


def test_a_model_of_another_taxonomy_is_seen(healthy, tmp_path):
    other = '[[drivers]]\nid = "lost"\nnames = { en = "Lost" }\n'
    (tmp_path / "other.toml").write_text(other)
    found = findings(healthy.model_copy(update={"taxonomy": tmp_path / "other.toml"}))["model"]
    assert not found.ok
    assert "train again" in found.says


def test_personal_data_that_redaction_missed_is_somebodys_work(healthy):
    assert findings(healthy)["personal data"].ok
    runtime = open_runtime(healthy)
    with runtime.writing() as session:
        message = RawMessage(text="geld terug", external_id="a")
        (receipt,) = receive(session, runtime, [message], now=NOW)
        said = Answer(
            message_id=receipt.message_id,
            label=Label(None),
            person="anna",
            door="correction",
            door_ref="1",
            answered_at=NOW,
            personal_data=True,
        )
        record(session, runtime, [said], now=NOW)
    runtime.close()
    found = findings(healthy)["personal data"]
    assert not found.ok
    assert "waarom label export --personal-data" in found.says


def test_a_secret_others_may_read_is_seen(healthy):
    open_to_all = healthy.model_copy(update={"secret": None})
    assert findings(open_to_all)["secret"].ok
    (healthy.home / "secret").chmod(0o644)
    found = findings(open_to_all)["secret"]
    assert not found.ok
    assert "chmod 600" in found.says


def test_half_a_label_studio_is_seen(healthy):
    half = healthy.model_copy(update={"label_studio_url": "http://localhost:8080"})
    found = findings(half)["Label Studio"]
    assert not found.ok
    assert "WAAROM_LABEL_STUDIO_API_KEY" in found.says


def test_questions_that_could_not_be_sent_are_counted(healthy):
    runtime = open_runtime(healthy)
    with runtime.writing() as session:
        queue(session, [1], now=NOW)
        session.flush()
        session.query(OutboxRow).update({"error": "nobody answers"})
    runtime.close()
    found = findings(healthy)["outbox"]
    assert not found.ok
    assert "nobody answers" in found.says


@pytest.mark.studio
def test_a_real_label_studio_is_well(healthy, studio_server):
    ours = healthy.model_copy(
        update={
            "label_studio_url": studio_server.url,
            "label_studio_api_key": SecretStr(studio_server.token),
        }
    )
    found = findings(ours)["Label Studio"]
    assert found.ok, found.says
    assert studio_server.username in found.says
