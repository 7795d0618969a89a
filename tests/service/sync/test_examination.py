"""The doctor before a real Label Studio: every fault is found and explained, no secret told."""

from datetime import UTC, datetime

import httpx
import pytest
from pydantic import SecretStr

from classifier.messages import Label
from labeling.errors import ProjectMissing, StudioUnauthorized
from labeling.studio import Studio
from labeling.tasks import annotation_result
from service.doctor import examine
from service.errors import Unwell
from service.sync import known_project, pull, push, setup
from service.sync.examination import examine_studio, looks, numbers

pytestmark = pytest.mark.studio

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOOK = "/v1/webhooks/label-studio"


@pytest.fixture
def database_url(tmp_path) -> str:
    """What is looked at is not in our database."""
    return f"sqlite:///{tmp_path / 'waarom.db'}"


@pytest.fixture(autouse=True)
def _no_hooks_of_other_tests(api) -> None:
    for hook in api.call("GET", "/api/webhooks/"):
        api.call("DELETE", f"/api/webhooks/{hook['id']}/")


@pytest.fixture
def hinted(linked):
    update = {"webhook_secret": SecretStr("s3cret"), "public_url": "http://127.0.0.1:8321"}
    return linked.model_copy(update=update)


@pytest.fixture
def on_careless(hinted, careless):
    update = {"label_studio_url": careless.url, "label_studio_api_key": SecretStr(careless.token)}
    return hinted.model_copy(update=update)


def look(runtime, name: str) -> str:
    """What a look says; of one that is not well, the sentence behind BAD."""
    try:
        return "ok: " + looks(runtime)[name]()
    except Unwell as unwell:
        return f"BAD: {unwell}"


def test_what_is_set_up_is_well_in_every_respect(hinted, opened):
    runtime = opened(hinted)
    setup(runtime, now=NOW)
    assert {name: look(runtime, name)[:3] for name in looks(runtime)} == dict.fromkeys(
        ("sign-up", "project", "webhook", "predictions", "live", "privacy"), "ok:"
    )


def test_a_server_as_it_comes_is_open_to_strangers_and_tells_its_makers(on_careless, opened):
    runtime = opened(on_careless)
    assert "DISABLE_SIGNUP_WITHOUT_LINK=true" in look(runtime, "sign-up")
    assert "COLLECT_ANALYTICS=false" in look(runtime, "privacy")


def test_asking_whether_strangers_can_join_makes_no_account(on_careless, opened, careless):
    runtime = opened(on_careless)
    studio = Studio(careless.url, careless.token)
    before = studio.annotators()
    look(runtime, "sign-up")
    assert studio.annotators() == before
    studio.close()


def test_a_server_that_does_not_call_private_addresses_is_told_apart(on_careless, opened, caplog):
    runtime = opened(on_careless)
    setup(runtime, now=NOW)
    assert "waarom doctor" in caplog.text
    said = look(runtime, "webhook")
    assert "SSRF_PROTECTION_ENABLED=false" in said
    assert "s3cret" not in said + caplog.text


@pytest.mark.parametrize(
    ("address", "advice"),
    [
        ("http://waarom:8321", "a host with a dot"),
        ("http://10.0.0.1", "does not call private addresses"),
        ("http://nowhere.invalid", "cannot find nowhere.invalid"),
    ],
)
def test_an_address_label_studio_cannot_call_is_explained(hinted, opened, address, advice):
    runtime = opened(hinted.model_copy(update={"public_url": address}))
    setup(runtime, now=NOW)
    assert advice in look(runtime, "webhook")


class TestTheWebhook:
    @pytest.fixture
    def runtime(self, hinted, opened):
        runtime = opened(hinted)
        setup(runtime, now=NOW)
        return runtime

    @pytest.fixture
    def hook(self, runtime, api):
        (hook,) = api.call("GET", f"/api/webhooks/?project={known(runtime)}")
        return hook

    def more(self, api, runtime, **changes):
        hook = {"project": known(runtime), "url": f"http://127.0.0.1:8321{HOOK}"} | changes
        return api.call("POST", "/api/webhooks/", **hook)["id"]

    def test_missing_it_is_missed_and_made_again(self, runtime, hook, api):
        api.call("DELETE", f"/api/webhooks/{hook['id']}/")
        assert "there is none" in look(runtime, "webhook")
        setup(runtime, now=NOW)
        assert look(runtime, "webhook").startswith("ok")

    def test_twice_it_is_once_too_often(self, runtime, hook, api):
        self.more(api, runtime)
        assert "2 of them" in look(runtime, "webhook")
        setup(runtime, now=NOW)
        assert look(runtime, "webhook").startswith("ok")

    def test_with_an_earlier_address_it_calls_somebody_else(self, runtime, hook, api):
        self.more(api, runtime, url=f"http://127.0.0.1:9999{HOOK}")
        assert "calls http://127.0.0.1:9999, which is not us" in look(runtime, "webhook")
        setup(runtime, now=NOW)
        assert look(runtime, "webhook").startswith("ok")

    @pytest.mark.parametrize(
        "change",
        [
            {"headers": {}},
            {"headers": {"X-Waarom-Secret": "an0ther"}},
            {"is_active": False},
            {"send_payload": True},
            {"send_for_all_actions": False, "actions": ["TASKS_CREATED"]},
        ],
    )
    def test_changed_by_hand_it_is_repaired(self, runtime, hook, api, change):
        api.call("PATCH", f"/api/webhooks/{hook['id']}/", **change)
        said = look(runtime, "webhook")
        assert said.startswith("BAD: it is switched off")
        assert "an0ther" not in said
        setup(runtime, now=NOW)
        assert look(runtime, "webhook").startswith("ok")

    def test_of_another_project_it_is_an_orphan_to_be_deleted_by_hand(self, runtime, api):
        other = api.call("POST", "/api/projects/", title="Earlier project")["id"]
        orphan = self.more(api, runtime, project=other)
        said = look(runtime, "webhook")
        assert f"an orphan of project {other}, number {orphan}" in said
        setup(runtime, now=NOW)
        assert "orphan" in look(runtime, "webhook"), "another Waarom may use it"
        api.call("DELETE", f"/api/projects/{other}/")

    def test_without_a_secret_of_ours_it_calls_in_vain(self, runtime, hinted, opened):
        forgot = opened(hinted.model_copy(update={"webhook_secret": None}))
        assert "calls us in vain" in look(forgot, "webhook")

    def test_of_somebody_else_it_is_none_of_our_business(self, runtime, api):
        self.more(api, runtime, url="http://127.0.0.1:8321/elsewhere")
        assert look(runtime, "webhook").startswith("ok")


def known(runtime) -> int:
    number = known_project(runtime)
    assert number is not None
    return number


class TestTheProject:
    def test_not_made_yet_it_is_no_fault(self, desk):
        assert look(desk.runtime, "project").startswith("ok: none yet")

    def test_deleted_it_is_missed(self, desk, api):
        setup(desk.runtime, now=NOW)
        api.call("DELETE", f"/api/projects/{desk.project}/")
        with pytest.raises(ProjectMissing, match="waarom label setup"):
            look(desk.runtime, "project")

    @pytest.mark.parametrize(
        ("change", "advice"),
        [
            ({"sampling": "Uncertainty sampling"}, "no longer what was drawn"),
            ({"expert_instruction": "Just click"}, "instructions are not those of the taxonomy"),
            ({"show_skip_button": False}, "changed by hand: show_skip_button"),
            ({"title": "Renamed"}, "changed by hand: title"),
        ],
    )
    def test_what_was_changed_by_hand_is_named_and_repaired(self, desk, api, change, advice):
        setup(desk.runtime, now=NOW)
        api.call("PATCH", f"/api/projects/{desk.project}/", **change)
        assert advice in look(desk.runtime, "project")
        setup(desk.runtime, now=NOW)
        assert look(desk.runtime, "project").startswith("ok")

    def test_a_tab_that_was_deleted_is_missed_and_made_again(self, desk, api):
        setup(desk.runtime, now=NOW)
        tabs = api.call("GET", f"/api/dm/views/?project={desk.project}")
        assert len(tabs) == 4
        api.call("DELETE", f"/api/dm/views/{tabs[0]['id']}/")
        assert f"show something else: {tabs[0]['data']['title']}" in look(desk.runtime, "project")
        setup(desk.runtime, now=NOW)
        assert look(desk.runtime, "project").startswith("ok")

    def test_an_interface_edited_by_hand_is_told_from_one_out_of_date(
        self, desk, api, opened, tmp_path
    ):
        setup(desk.runtime, now=NOW)
        path = f"/api/projects/{desk.project}/"
        config = api.call("GET", path)["label_config"]
        api.call("PATCH", path, label_config=config.replace("delivery.late", "delivery.gold"))
        said = look(desk.runtime, "project")
        assert "edited by hand" in said
        assert "it lacks delivery.late; it has delivery.gold" in said
        setup(desk.runtime, now=NOW)
        file = tmp_path / "longer.toml"
        more = '[[drivers]]\nid = "payment.iban"\nparent = "payment"\nnames = {nl = "IBAN"}\n'
        file.write_text(desk.runtime.settings.taxonomy.read_text() + more)
        changed = opened(desk.runtime.settings.model_copy(update={"taxonomy": file}))
        assert "out of date" in look(changed, "project")
        assert "it lacks payment.iban" in look(changed, "project")

    def test_a_driver_that_answers_use_is_said_to_be_in_the_way(self, desk, opened, tmp_path):
        desk.ask("m-1")
        push(desk.runtime, now=NOW)
        desk.answer("m-1", Label("payment.refund"))
        pull(desk.runtime, now=NOW)
        file = tmp_path / "shorter.toml"
        text = desk.runtime.settings.taxonomy.read_text()
        file.write_text(text.replace("payment.refund", "payment.money-back"))
        changed = opened(desk.runtime.settings.model_copy(update={"taxonomy": file}))
        assert "answers use payment.refund, so it cannot be repaired" in look(changed, "project")

    def test_predictions_of_another_model_than_the_one_in_use_are_seen(self, desk):
        setup(desk.runtime, now=NOW)
        assert look(desk.runtime, "predictions") == "ok: none yet"
        desk.ask("m-1")
        push(desk.runtime, now=NOW)
        earlier = annotation_result(Label("payment.refund"), desk.taxonomy)
        predicted = {"model_version": "2026-01-01.1", "score": 0.5, "result": earlier}
        desk.studio.predict(desk.project, {desk.task("m-1"): predicted})
        said = look(desk.runtime, "predictions")
        assert "version 2026-01-01.1 thinks, while 2026-11-01.1 is in use" in said


class TestTheToken:
    @pytest.mark.filterwarnings("ignore:The `parse_obj` method is deprecated")
    def test_a_legacy_one_works_until_somebody_switches_them_off(
        self, on_careless, opened, careless
    ):
        runtime = opened(on_careless)
        assert "with a legacy token" in examine_studio(runtime)
        headers = {"Authorization": f"Token {careless.token}"}
        with httpx.Client(base_url=careless.url, headers=headers, timeout=60) as client:
            switches = {"api_tokens_enabled": True, "legacy_api_tokens_enabled": True}
            personal = self.personal(client, careless, switches)
            off = switches | {"legacy_api_tokens_enabled": False}
            client.post("/api/jwt/settings", json=off).raise_for_status()
            try:
                with pytest.raises(StudioUnauthorized, match="legacy tokens are switched off"):
                    examine_studio(runtime)
                key = SecretStr(personal)
                other = opened(on_careless.model_copy(update={"label_studio_api_key": key}))
                assert "with a personal access token" in examine_studio(other)
            finally:
                refreshed = client.post("/api/token/refresh/", json={"refresh": personal})
                bearer = {"Authorization": f"Bearer {refreshed.json()['access']}"}
                client.post("/api/jwt/settings", json=switches, headers=bearer).raise_for_status()
        short = SecretStr(refreshed.json()["access"])
        lived = opened(on_careless.model_copy(update={"label_studio_api_key": short}))
        with pytest.raises(StudioUnauthorized, match="lives for five minutes") as caught:
            examine_studio(lived)
        assert short.get_secret_value()[:20] not in str(caught.value)

    def personal(self, client, server, switches) -> str:
        client.post("/api/jwt/settings", json=switches).raise_for_status()
        return client.post("/api/token/").json()["token"]


def test_versions_are_compared_as_numbers():
    assert numbers("1.9.2") < (1, 23) <= numbers("1.23.0") < numbers("1.100")
    assert numbers("develop") > (1, 23)


def test_one_too_old_is_said_to_be(desk, monkeypatch):
    monkeypatch.setattr(Studio, "ping", lambda self: "1.12.1")
    with pytest.raises(Unwell, match="too old"):
        examine_studio(desk.runtime)


def test_the_doctor_tells_all_of_it_and_no_secret(hinted, careless, opened):
    update = {"label_studio_url": careless.url, "label_studio_api_key": SecretStr(careless.token)}
    settings = hinted.model_copy(update=update)
    found = {each.what: each for each in examine(settings, now=NOW)}
    names = {"sign-up", "project", "webhook", "predictions", "privacy"}
    assert {f"Label Studio {name}" for name in names} <= set(found)
    told = " ".join(each.says for each in found.values())
    assert careless.token not in told
    assert "s3cret" not in told


def test_one_that_does_not_answer_is_one_finding(hinted):
    down = hinted.model_copy(update={"label_studio_url": "http://127.0.0.1:9"})
    found = [each for each in examine(down, now=NOW) if each.what.startswith("Label Studio")]
    assert [(each.what, each.ok) for each in found] == [("Label Studio", False)]
