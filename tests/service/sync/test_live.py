"""Label Studio asks us what to pre-fill while somebody opens a question."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
import uvicorn
from pydantic import SecretStr
from sqlalchemy import update

from classifier.messages import Label
from service.app import create_app
from service.errors import Unwell
from service.runtime import Runtime
from service.serving import listening
from service.sync import pull, push, setup
from service.sync.examination import looks
from service.tables import MessageRow, ReviewRow

pytestmark = pytest.mark.studio

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SECRET = "a-path-nobody-guesses"


@pytest.fixture
def database_url(tmp_path) -> str:
    """Nothing here is about the kind of database."""
    return f"sqlite:///{tmp_path / 'waarom.db'}"


@contextmanager
def served(runtime: Runtime) -> Iterator[Callable[[SecretStr | None], None]]:
    """The application answers, at the address that the settings then name; with or without a
    secret, as is said."""
    with listening(runtime.settings.model_copy(update={"port": 0})) as door:
        address = f"http://127.0.0.1:{door.getsockname()[1]}"

        def set_secret(secret: SecretStr | None) -> None:
            runtime.settings = runtime.settings.model_copy(
                update={"live_secret": secret, "public_url": address}
            )

        app = create_app(runtime.settings, runtime=runtime, clock=lambda: NOW)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, args=([door],), daemon=True)
        thread.start()
        try:
            yield set_secret
        finally:
            server.should_exit = True
            thread.join(30)


def test_an_opened_question_shows_what_the_model_in_use_thinks_unless_it_is_blind(
    desk, api, caplog
):
    desk.ask("seen", "blind", text="geld terug en pakket")
    asked = update(ReviewRow).where(ReviewRow.message_id == MessageRow.id)
    with desk.runtime.writing() as session:
        session.execute(asked.where(MessageRow.external_id == "blind").values(blind=True))
    push(desk.runtime, now=NOW)
    version = desk.runtime.current_model().version
    (sent,) = desk.tasks()["seen"]["predictions"]
    desk.studio.forget_predictions(desk.project, [version])
    data = desk.tasks()["seen"]["data"]
    desk.studio.upload(desk.project, [{"data": data | {"external_id": "theirs"}}])
    numbers = {name: task["id"] for name, task in desk.tasks().items()}

    def opened(name: str) -> list[dict]:
        return api.call("GET", f"/api/tasks/{numbers[name]}/")["predictions"]

    def look() -> str:
        return looks(desk.runtime)["live"]()

    def shown_version() -> str:
        return str(api.call("GET", f"/api/projects/{desk.project}/")["model_version"])

    with served(desk.runtime) as set_secret:
        set_secret(SecretStr("a-path-of-yesterday"))
        with pytest.raises(Unwell, match="does not ask us"):
            look()
        setup(desk.runtime, now=NOW)
        set_secret(SecretStr(SECRET))
        with pytest.raises(Unwell, match="in vain") as unwell:
            look()
        assert "yesterday" not in str(unwell.value)
        setup(desk.runtime, now=NOW)
        assert look() == "people see what the model thinks now"
        setup(desk.runtime, now=NOW)
        (backend,) = api.call("GET", f"/api/ml/?project={desk.project}")
        assert (backend["state"], backend["model_version"]) == ("CO", version)
        assert backend["url"].endswith(f"/ml/{SECRET}")
        assert api.call("GET", f"/api/webhooks/?project={desk.project}") == []
        (shown,) = opened("seen")
        assert (shown["model_version"], shown["result"]) == (version, sent["result"])
        assert shown["score"] == pytest.approx(sent["score"])
        assert opened("blind") == opened("theirs") == []
        desk.answer("blind", Label("payment.refund"))
        pull(desk.runtime, now=NOW)
        assert [each.origin for each in desk.labels()] == ["manual"]
        assert shown_version() == "Waarom", "so Label Studio has it where nothing was stored"
        desk.ask("new", text="geld terug en pakket")
        push(desk.runtime, now=NOW)
        assert shown_version() == version
        set_secret(None)
        with pytest.raises(Unwell, match="in vain"):
            look()
        setup(desk.runtime, now=NOW)
        assert look().startswith("not used")
        assert api.call("GET", f"/api/ml/?project={desk.project}") == []
        set_secret(SecretStr(SECRET))
    assert not caplog.records
    setup(desk.runtime, now=NOW)
    assert "with `waarom serve` running" in caplog.text
    assert SECRET not in caplog.text
    assert api.call("GET", f"/api/ml/?project={desk.project}") == []
