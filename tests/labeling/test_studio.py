"""Against a real Label Studio."""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import count

import httpx
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from classifier.messages import Label, Mention, Prediction, RedactedText
from classifier.taxonomy import Taxonomy
from labeling.errors import (
    DriversInUse,
    ProjectMissing,
    StudioRefused,
    StudioUnauthorized,
    StudioUnavailable,
)
from labeling.hooks import ensure_hook
from labeling.interface import (
    because,
    instructions,
    labeling_interface,
    likeliest,
    sentences,
    uses_tree,
)
from labeling.projects import Project, repair
from labeling.studio import Studio
from labeling.tasks import (
    Answer,
    Origin,
    StudioQuestion,
    Unusable,
    annotation_result,
    answered_task,
    prediction_json,
    read_task,
    task_data,
)
from service.studio_server import StudioServer
from tests.chromium import CHROMIUM, in_label_studio

pytestmark = pytest.mark.studio

numbers = count(1)


def question(external_id: str, **more: object) -> StudioQuestion:
    return StudioQuestion(external_id=external_id, text=RedactedText("Where is my box?"), **more)


def prediction(taxonomy: Taxonomy, driver: str, *also: str) -> Prediction:
    likely = [0.7 if leaf == driver else 0.3 / 3 for leaf in taxonomy.leaves[:4]]
    mentions = tuple(Mention(each, 0.8, chosen=True) for each in (driver, *also))
    return Prediction(taxonomy.leaves[:4], np.array(likely), 0.05, mentions if also else ())


@pytest.fixture
def project(studio: Studio, small: Taxonomy) -> Project:
    return studio.ensure_project(f"Project {next(numbers)}", labeling_interface(small))


def answers(studio: Studio, project: Project, taxonomy: Taxonomy, **more: object) -> list:
    tasks = studio.changed(project.id, **more)
    return [answer for task in tasks for answer in read_task(task, taxonomy)]


class TestTheServer:
    def test_says_its_version_and_who_we_are(self, studio, studio_server):
        assert studio.ping().startswith("1.23")
        assert studio.whoami() == studio_server.username
        assert studio_server.username in studio.annotators().values()

    def test_a_wrong_token_is_told_apart_and_not_repeated(self, studio_server):
        wrong = Studio(studio_server.url, "f" * 40)
        with pytest.raises(StudioUnauthorized) as caught:
            wrong.whoami()
        wrong.close()
        assert "ffff" not in str(caught.value)
        assert "WAAROM_LABEL_STUDIO_API_KEY" in str(caught.value)

    @pytest.mark.parametrize("token", ["", "two\nlines", "with space", "é"])
    def test_a_token_that_cannot_even_be_sent_is_one_of_our_errors(self, studio_server, token):
        bad = Studio(studio_server.url, token)
        with pytest.raises((StudioUnauthorized, StudioUnavailable)) as caught:
            bad.whoami()
        bad.close()
        assert not token or token not in str(caught.value)

    def test_nobody_at_the_address_is_unavailable(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        absent = Studio(f"http://127.0.0.1:{port}", "f" * 40)
        with pytest.raises(StudioUnavailable, match="nothing answers"):
            absent.whoami()
        absent.close()

    def test_an_address_that_is_none_is_unavailable(self):
        absent = Studio("label studio", "f" * 40)
        with pytest.raises(StudioUnavailable):
            absent.whoami()
        absent.close()

    @pytest.mark.filterwarnings("ignore:The `parse_obj` method is deprecated")
    def test_a_personal_access_token_works_as_well(self, studio_server):
        page = httpx.Client(base_url=studio_server.url)
        form = page.get("/user/login/").text
        crumb = form.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        page.post(
            "/user/login/",
            data={
                "csrfmiddlewaretoken": crumb,
                "email": studio_server.username,
                "password": studio_server.password,
            },
        )
        page.post("/api/jwt/settings", json={"api_tokens_enabled": True})
        token = page.post("/api/token/").json()["token"]
        page.close()
        personal = Studio(studio_server.url, token)
        assert personal.whoami() == studio_server.username
        personal.close()


class TestTheProject:
    def test_setting_up_twice_gives_one_project(self, studio, small):
        interface = labeling_interface(small)
        first = studio.ensure_project("Set up twice", interface, instructions(small))
        second = studio.ensure_project("Set up twice", interface, instructions(small))
        assert first == second
        assert studio.ensure_project("Set up", interface).id != first.id

    def test_a_changed_taxonomy_repairs_the_interface(self, studio, project, small, large):
        again = studio.ensure_project(project.title, labeling_interface(large))
        assert again == project
        studio.upload(project.id, [task_data(question("a"), large)])
        (task,) = studio.changed(project.id)
        studio.annotate(task["id"], annotation_result(Label("account.lost"), large))
        (answer,) = answers(studio, project, large)
        assert answer.label == Label("account.lost")

    def test_drivers_become_few_enough_for_buttons_though_answers_were_given_in_a_tree(
        self, studio, project, small, large
    ):
        """The server refuses an interface without a type that answers used."""
        studio.ensure_project(project.title, labeling_interface(large))
        likely = prediction(large, "delivery.late")
        asked = question("a", prediction=likely, likeliest=likeliest(likely, large))
        listed, searched = studio.upload(
            project.id, [task_data(each, large) for each in (asked, question("b"))]
        )
        studio.annotate(listed, prediction_json(asked, large)["result"])
        both = Label("billing.late", ("delivery.late",))
        studio.annotate(searched, annotation_result(both, large))
        fewer = Taxonomy(tuple(each for each in large.drivers if "lost" not in each.id)[:12])
        assert studio.ensure_project(project.title, labeling_interface(fewer)).id == project.id
        read = {each.external_id: each.label for each in answers(studio, project, fewer)}
        assert read == {"a": Label("delivery.late"), "b": both}

    def test_a_driver_that_answers_use_is_not_dropped(self, studio, project, small):
        (task,) = studio.upload(project.id, [task_data(question("a"), small)])
        studio.annotate(task, annotation_result(Label("billing.refund"), small))
        fewer = Taxonomy(tuple(d for d in small.drivers if d.id != "billing.refund"))
        with pytest.raises(DriversInUse, match=r"billing\.refund"):
            studio.ensure_project(project.title, labeling_interface(fewer))
        imported = answered_task(question("b"), Label("billing.invoice"), small)
        studio.upload(project.id, [imported])
        both = Taxonomy(tuple(d for d in small.drivers if d.id != "billing.invoice"))
        with pytest.raises(DriversInUse, match=r"billing\.invoice"):
            studio.ensure_project(project.title, labeling_interface(both))
        unused = Taxonomy(tuple(d for d in small.drivers if d.id != "delivery.late"))
        assert studio.ensure_project(project.title, labeling_interface(unused)) == project

    def test_a_deleted_project_is_missing_whatever_is_asked(self, studio, studio_server, small):
        gone = studio.ensure_project("To be deleted", labeling_interface(small))
        httpx.delete(
            f"{studio_server.url}/api/projects/{gone.id}/",
            headers={"Authorization": f"Token {studio_server.token}"},
            timeout=60,
        ).raise_for_status()
        for ask in (
            lambda: studio.upload(gone.id, [task_data(question("a"), small)]),
            lambda: studio.find_tasks(gone.id, ["a"]),
            lambda: list(studio.changed(gone.id)),
            lambda: studio.count(gone.id),
            lambda: studio.task_ids(gone.id),
            lambda: studio.delete_tasks(gone.id, [1]),
            lambda: studio.ensure_project("x", labeling_interface(small), project=gone.id),
        ):
            with pytest.raises(ProjectMissing, match=str(gone.id)):
                ask()

    def test_an_interface_that_is_no_xml_is_refused_with_the_reason(self, studio):
        with pytest.raises(StudioRefused) as caught:
            studio.ensure_project("Not XML", "<View")
        assert caught.value.status == 400
        assert len(str(caught.value)) < 500


class TestSending:
    def test_looking_up_before_uploading_leaves_no_doubles(self, studio, project, small):
        ids = [f"m-{number}" for number in range(400)]
        for _ in range(2):
            known = studio.find_tasks(project.id, ids)
            new = [each for each in ids if each not in known]
            studio.upload(project.id, [task_data(question(each), small) for each in new])
        assert studio.count(project.id).tasks == 400
        found = studio.find_tasks(project.id, [*ids, "never sent"])
        assert set(found) == set(ids)
        assert set(found.values()) == studio.task_ids(project.id)

    def test_uploading_gives_ids_in_order(self, studio, project, small):
        given = studio.upload(project.id, [task_data(question(each), small) for each in "cab"])
        assert studio.find_tasks(project.id, "abc") == dict(zip("cab", given, strict=True))

    def test_any_external_id_is_found_again(self, studio, project, small):
        odd = ['a"b', "é", "100%", "123", "x,y", "back\\slash", "a'b", " sp ", "-", "x" * 2900]
        given = studio.upload(project.id, [task_data(question(each), small) for each in odd])
        assert studio.find_tasks(project.id, odd) == dict(zip(odd, given, strict=True))

    def test_deleted_tasks_are_gone(self, studio, project, small):
        keep, drop = studio.upload(project.id, [task_data(question(e), small) for e in "ab"])
        studio.delete_tasks(project.id, [drop])
        studio.delete_tasks(project.id, [drop])
        assert studio.task_ids(project.id) == {keep}

    def test_a_new_model_replaces_the_old_ones_predictions(self, studio, project, small):
        old = question("a", prediction=prediction(small, "delivery.late"), model_version="1")
        (task,) = studio.upload(project.id, [task_data(old, small)])
        new = question("a", prediction=prediction(small, "billing.refund"), model_version="2")
        for _ in range(2):
            studio.forget_predictions(project.id, studio.predicted_by(project.id))
            studio.predict(project.id, {task: prediction_json(new, small)})
        (seen,) = studio.changed(project.id)
        assert [each["model_version"] for each in seen["predictions"]] == ["2"]


class TestCollecting:
    def test_an_answer_comes_back_as_the_label_that_was_given(self, studio, project, small):
        (task,) = studio.upload(project.id, [task_data(question("a"), small)])
        label = Label("billing.refund", ("delivery.late",))
        result = annotation_result(label, small, note="a note")
        annotation = studio.annotate(task, result, seconds=4.5)
        (answer,) = answers(studio, project, small)
        assert isinstance(answer, Answer)
        assert (answer.task_id, answer.annotation_id) == (task, annotation)
        assert (answer.external_id, answer.label, answer.note) == ("a", label, "a note")
        assert (answer.seconds, answer.origin) == (4.5, Origin.MANUAL)
        assert studio.annotators()[answer.annotator] == studio.whoami()

    def test_unknown_driver_comes_back_with_what_it_should_be_called(self, studio, project, small):
        (task,) = studio.upload(project.id, [task_data(question("a"), small)])
        said = annotation_result(Label(None, ("delivery.late",)), small, suggestion="gift wrap")
        studio.annotate(task, said)
        (answer,) = answers(studio, project, small)
        assert answer.label == Label(None, ("delivery.late",))
        assert (answer.unknown, answer.suggestion) == (True, "gift wrap")

    def test_answers_imported_in_bulk_read_like_any_other(self, studio, project, small):
        labels = [Label("billing.refund"), Label(None), Label("delivery.late", ("billing.refund",))]
        tasks = [
            answered_task(question(str(n)), label, small, email=studio.whoami())
            for n, label in enumerate(labels)
        ]
        studio.upload(project.id, tasks)
        read = {answer.external_id: answer.label for answer in answers(studio, project, small)}
        assert read == {str(n): label for n, label in enumerate(labels)}
        assert studio.count(project.id).answered == 3

    def test_an_empty_answer_is_unusable(self, studio, project, small):
        (task,) = studio.upload(project.id, [task_data(question("a"), small)])
        studio.annotate(task, [])
        (read,) = answers(studio, project, small)
        assert isinstance(read, Unusable)
        assert (read.task_id, read.external_id) == (task, "a")

    def test_only_what_changed_since_comes_back(self, studio, project, small):
        first, second = studio.upload(project.id, [task_data(question(e), small) for e in "ab"])
        studio.annotate(first, annotation_result(Label("delivery.late"), small))
        since = max(datetime.fromisoformat(t["updated_at"]) for t in studio.changed(project.id))
        studio.annotate(second, annotation_result(Label("billing.refund"), small))
        later = [task["id"] for task in studio.changed(project.id, since)]
        assert later[-1] == second
        assert list(studio.changed(project.id, datetime(2100, 1, 1, tzinfo=UTC))) == []

    def test_small_pages_lose_nothing_even_when_answers_arrive_meanwhile(
        self, studio, project, small
    ):
        tasks = [task_data(question(str(number)), small) for number in range(25)]
        ids = studio.upload(project.id, tasks)
        seen = set()
        for number, task in enumerate(studio.changed(project.id, page_size=5)):
            seen.add(task["id"])
            if number < 10:
                studio.annotate(ids[number], annotation_result(Label("delivery.late"), small))
        assert seen == set(ids)

    def test_an_empty_project_has_nothing_to_collect(self, studio, project):
        assert list(studio.changed(project.id)) == []
        assert studio.task_ids(project.id) == set()


def test_a_webhook_to_this_machine_arrives_once_however_often_it_is_set(studio, project, small):
    heard: list[tuple[str | None, bytes]] = []

    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((self.headers["X-Secret"], body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Ear) as ear:
        threading.Thread(target=ear.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{ear.server_port}/hint"
        for _ in range(2):
            ensure_hook(studio.connection, project.id, url, {"X-Secret": "shared"})
        studio.upload(project.id, [task_data(question("a"), small)])
        ear.shutdown()
    assert [secret for secret, _ in heard] == ["shared"]
    assert b"Where is my box" not in heard[0][1]


def test_a_server_that_stops_is_unavailable(tmp_path, studio_server: StudioServer):
    with StudioServer(tmp_path, venv=studio_server.venv, cache=studio_server.cache) as server:
        client = Studio(server.url, server.token)
        assert client.whoami() == server.username
    with pytest.raises(StudioUnavailable):
        client.whoami()
    client.close()


def look_at(page: Page, project: Project, task: int) -> None:
    """Open a task and wait until its message is shown."""
    page.goto(f"{project.url}?task={task}")
    page.get_by_text("Where is my box?").last.wait_for(timeout=60_000)


def can_be_submitted(page: Page, project: Project, task: int) -> Locator:
    """The button, once it can be pressed. A page that loads slowly may stay without an answer to
    submit for ever, until it is loaded again."""
    button = page.get_by_role("button", name="Submit").first
    for _ in range(5):
        look_at(page, project, task)
        try:
            expect(button).to_be_enabled(timeout=15_000)
        except AssertionError:
            continue
        return button
    raise AssertionError("the answer never could be submitted")


def resting_place(shown: Locator) -> float:
    """The height (pixels from the top) of an element once the page has stopped drawing it anew."""
    for _ in range(100):
        before = shown.bounding_box()
        shown.page.wait_for_timeout(300)
        if before and before == shown.bounding_box():
            return before["y"]
    raise AssertionError("the page never came to rest")


@dataclass
class Answering:
    """Somebody in front of a browser, and questions with three drivers pre-filled."""

    page: Page
    studio: Studio
    project: Project
    taxonomy: Taxonomy

    @property
    def main(self) -> str:
        return self.taxonomy.leaves[0]

    @property
    def also(self) -> tuple[str, str]:
        return self.taxonomy.leaves[1], self.taxonomy.leaves[3]

    @property
    def another(self) -> str:
        return self.taxonomy.leaves[-1 if uses_tree(self.taxonomy) else 2]

    def answer(self, *clicks: Callable[[], None]) -> Answer:
        """What comes back of a new question that is submitted after these clicks."""
        predicted = prediction(self.taxonomy, self.main, *self.also)
        asked = question(
            f"m-{next(numbers)}",
            prediction=predicted,
            model_version="1",
            likeliest=likeliest(predicted, self.taxonomy, language="en"),
        )
        (task,) = self.studio.upload(self.project.id, [task_data(asked, self.taxonomy)])
        button = can_be_submitted(self.page, self.project, task)
        for click in clicks:
            click()
        sent = self.page.expect_response(
            lambda said: "/annotations" in said.url and said.request.method == "POST"
        )
        with sent:
            button.click()
        found = answers(self.studio, self.project, self.taxonomy)
        (read,) = [each for each in found if each.task_id == task]
        return read

    def tick_unknown(self) -> None:
        self.page.locator('input[type=checkbox][name="None of all the reasons fits"]').click()

    def clear(self, driver: str) -> None:
        """Take a driver out of `also`, of a tree or of buttons."""
        if uses_tree(self.taxonomy):
            chosen = self.page.locator(f'.ant-select-selection-item[title="{self.name(driver)}"]')
            chosen.locator(".ant-select-selection-item-remove").click()
            expect(chosen).to_have_count(0)
        else:
            self.page.locator(f'input[type=checkbox][name="{self.name(driver)}"]').uncheck()

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def choose_another(self) -> None:
        """By its key, or in the tree, which shows once none of the
        likeliest is meant; a tree that is pre-filled takes no click on another driver."""
        if not uses_tree(self.taxonomy):
            return self.press("3")
        self.press("0")
        self.page.locator(".htx-taxonomy:visible").first.click()
        *_, name = self.taxonomy.path(self.another, "en")
        search = self.page.locator(".ant-select-dropdown:visible input").first
        search.press_sequentially(name, delay=50)
        offered = self.page.locator(".ant-select-tree-treenode-leaf-last", has_text=name).last
        offered.locator(".ant-select-tree-checkbox").click()
        expect(self.page.locator(f'[title="{self.name(self.another)}"]')).to_have_count(1)
        return self.press("Escape")

    def name(self, driver: str) -> str:
        return " / ".join(self.taxonomy.path(driver, "en"))


@pytest.mark.browser
@pytest.mark.parametrize("size", ["small", "large"])
def test_predicted_drivers_are_pre_filled_and_what_becomes_of_them_is_told(
    studio, studio_server, require, request, size
):
    require(CHROMIUM.exists(), f"no Chromium at {CHROMIUM}")
    taxonomy = request.getfixturevalue(size)
    title = f"Pre-filled {size}"
    project = studio.ensure_project(title, labeling_interface(taxonomy, language="en"))
    with in_label_studio(studio_server) as page:
        person = Answering(page, studio, project, taxonomy)
        left = person.answer()
        fewer = person.answer(lambda: person.clear(person.also[0]), lambda: person.press("p"))
        unknown = person.answer(person.tick_unknown)
        other = person.answer(person.choose_another)
    main, also = person.main, person.also
    assert (left.label, left.origin) == (Label(main, also), Origin.ACCEPTED)
    assert (fewer.label, fewer.origin) == (Label(main, also[1:]), Origin.CHANGED)
    assert (unknown.label, unknown.origin) == (Label(None, also), Origin.CHANGED)
    assert (other.label, other.origin) == (Label(person.another, also), Origin.CHANGED)
    assert (left.personal_data, fewer.personal_data) == (False, True)


def test_predictions_sent_later_may_name_one_of_the_likeliest(studio, large):
    """The server looks at these, unlike at those that come with a task."""
    project = studio.ensure_project("Predicted later", labeling_interface(large))
    predicted = prediction(large, large.leaves[0], large.leaves[1])
    asked = question(
        "a",
        prediction=predicted,
        model_version="1",
        likeliest=likeliest(predicted, large, language="nl"),
    )
    (task,) = studio.upload(project.id, [task_data(replace(asked, blind=True), large)])
    said = prediction_json(asked, large)
    assert [each["from_name"] for each in said["result"]] == ["likely", "also"]
    studio.predict(project.id, {task: said})
    assert studio.predicted_by(project.id) == ["1"]


@pytest.mark.browser
def test_of_two_versions_predictions_that_of_the_project_is_pre_filled(
    studio, studio_server, require, project, small
):
    """So that those of an older model may stay for whoever has one of them before them."""
    require(CHROMIUM.exists(), f"no Chromium at {CHROMIUM}")
    (task,) = studio.upload(project.id, [task_data(question("a"), small)])
    for version, driver in (("new", "billing.refund"), ("old", "delivery.late")):
        asked = question("a", prediction=prediction(small, driver), model_version=version)
        studio.predict(project.id, {task: prediction_json(asked, small)})
    repair(studio.connection, project.id, {"model_version": "new"})
    with in_label_studio(studio_server) as page:
        button = can_be_submitted(page, project, task)
        with page.expect_response(lambda said: "/annotations" in said.url):
            button.click()
    (answer,) = answers(studio, project, small)
    assert (answer.label, answer.origin) == (Label("billing.refund"), Origin.ACCEPTED)


@pytest.mark.browser
def test_what_spoke_is_shown_with_the_pre_filled_drivers_only(
    studio, studio_server, require, small
):
    """As text, whatever it is; not blind, and not in tasks from before there was any."""
    require(CHROMIUM.exists(), f"no Chromium at {CHROMIUM}")
    words = because(["<b>box</b>", "$text"], language="en")
    lines = sentences(
        {"delivery.late": ["<i>It</i> is late!"], "billing.refund": ["$text back?"]},
        small,
        language="en",
    )
    seen = {
        "prediction": prediction(small, "delivery.late", "billing.refund"),
        "because": words,
        "sentences": lines,
    }
    interface = labeling_interface(small, language="en")
    new = ("$because", "$sentences")
    before = [line for line in interface.splitlines() if not any(each in line for each in new)]
    title = f"Project {next(numbers)}"
    project = studio.ensure_project(title, "\n".join(before))
    older = [task_data(question(each, **seen), small) for each in ("answered", "open")]
    for task in older:
        del task["data"]["because"], task["data"]["sentences"]
    answered, still_open = studio.upload(project.id, older)
    studio.annotate(answered, annotation_result(Label("delivery.late"), small))
    assert studio.ensure_project(title, interface).id == project.id
    newer = [question("new", **seen), question("blind", blind=True, **seen)]
    shown, blind = studio.upload(project.id, [task_data(each, small) for each in newer])
    with in_label_studio(studio_server) as page:
        places = {}
        for task in (shown, still_open, blind):
            look_at(page, project, task)
            page.get_by_text("Also about").last.wait_for()
            for said in (words, *lines.splitlines()):
                expect(page.get_by_text(said)).to_have_count(1 if task == shown else 0)
            places[task] = resting_place(page.get_by_text("Also about").last)
        look_at(page, project, shown)
        drawn = page.get_by_text(lines.splitlines()[0])
        assert drawn.inner_text() == lines, "one line on screen for each driver"
    assert places[blind] == places[still_open] < places[shown]
