"""Whatever breaks between us and a real Label Studio, nothing is lost and nothing is double."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from classifier.messages import Label, RawMessage
from labeling.errors import StudioUnavailable
from labeling.studio import Studio
from labeling.tasks import annotation_result, answered_task
from service.intake import receive
from service.labels import Answer, record, withdraw
from service.outbox import announce
from service.studio_server import StudioServer
from service.sync import ServerReplaced, nightly, pull, push, setup, status
from service.tables import BookmarkRow, LabelRow, ReviewRow, TaskRow

pytestmark = pytest.mark.studio

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
REFUND, LATE = Label("payment.refund"), Label("delivery.late")
IMPORT = "/import?return_task_ids"
ROOT = Path(__file__).parents[3]
PUSH = """
import sys
from datetime import UTC, datetime
from service.runtime import open_runtime
from service.settings import Settings
from service.sync import push
runtime = open_runtime(Settings.model_validate_json(sys.argv[1]))
push(runtime, now=datetime.fromisoformat(sys.argv[2]))
"""


@pytest.fixture
def database_url(tmp_path) -> str:
    """What is cut is the line to Label Studio; both kinds of database are in the other tests."""
    return f"sqlite:///{tmp_path / 'waarom.db'}"


def names(count: int) -> list[str]:
    return [f"m-{number:03}" for number in range(count)]


class TestTheLine:
    def test_down_for_an_hour_then_everything_arrives_once_both_ways(self, far_desk, proxy):
        far_desk.ask("before")
        push(far_desk.runtime, now=NOW)
        proxy.cut("refuse")
        far_desk.answer("before", REFUND)
        far_desk.ask("meanwhile-1", "meanwhile-2")
        for minutes in (1, 20, 40):
            for job in (push, pull):
                with pytest.raises(StudioUnavailable):
                    job(far_desk.runtime, now=NOW + timedelta(minutes=minutes))
        assert status(far_desk.runtime)["waiting"] == 2
        proxy.mend()
        later = NOW + timedelta(minutes=60)
        assert push(far_desk.runtime, now=later, patiently=True).sent == 2
        assert pull(far_desk.runtime, now=later).labels == 1
        assert sorted(far_desk.tasks()) == ["before", "meanwhile-1", "meanwhile-2"]

    def test_an_import_whose_answer_is_lost_is_found_and_not_repeated(self, far_desk, proxy):
        setup(far_desk.runtime, now=NOW)
        far_desk.ask(*names(30))
        proxy.cut("deaf", IMPORT)
        with pytest.raises(StudioUnavailable):
            push(far_desk.runtime, now=NOW)
        proxy.mend()
        wait_for_tasks(far_desk, 30)
        pushed = push(far_desk.runtime, now=NOW)
        assert (pushed.sent, pushed.found) == (0, 30)
        assert sorted(far_desk.tasks()) == names(30)

    def test_what_was_begun_is_looked_for_even_where_the_numbers_add_up(self, far_desk, proxy):
        far_desk.ask("m-1", "m-2")
        push(far_desk.runtime, now=NOW)
        far_desk.ask("m-3")
        proxy.cut("deaf", IMPORT)
        with pytest.raises(StudioUnavailable):
            push(far_desk.runtime, now=NOW)
        proxy.mend()
        wait_for_tasks(far_desk, 3)
        far_desk.ask("m-4")
        assert push(far_desk.runtime, now=NOW, patiently=True).sent == 1
        far_desk.studio.delete_tasks(far_desk.project, [far_desk.task("m-1")])
        pushed = push(far_desk.runtime, now=NOW + timedelta(minutes=2))
        assert (pushed.sent, pushed.found) == (0, 1)
        assert sorted(far_desk.tasks()) == ["m-2", "m-3", "m-4"]

    def test_nothing_is_looked_for_where_there_can_be_nothing(self, desk, monkeypatch):
        looked: list[str] = []
        find = Studio.find_tasks

        def noted(studio: Studio, project: int, names: Iterable[str]) -> dict[str, int]:
            looked.extend(names := list(names))
            return find(studio, project, names)

        monkeypatch.setattr(Studio, "find_tasks", noted)
        desk.ask("m-1")
        push(desk.runtime, now=NOW)
        desk.ask("m-2")
        push(desk.runtime, now=NOW)
        assert looked == []
        desk.studio.upload(desk.project, [{"data": desk.tasks()["m-1"]["data"]}])
        desk.ask("m-3")
        push(desk.runtime, now=NOW)
        assert looked == ["m-3"], "somebody else put a task there"

    def test_an_import_that_arrives_by_half_is_sent_again(self, far_desk, proxy):
        setup(far_desk.runtime, now=NOW)
        far_desk.ask(*names(30))
        proxy.cut("torn", IMPORT)
        with pytest.raises(StudioUnavailable):
            push(far_desk.runtime, now=NOW)
        proxy.mend()
        assert push(far_desk.runtime, now=NOW).sent == 30
        assert sorted(far_desk.tasks()) == names(30)

    def test_answers_cut_off_between_two_pages_come_in_once_each(self, far_desk, proxy):
        far_desk.ask(*names(600))
        push(
            far_desk.runtime,
            now=NOW,
            task_of=lambda asked: answered_task(asked, REFUND, far_desk.taxonomy),
        )
        cut = threading.Thread(target=_cut_after_the_first_labels, args=(far_desk, proxy))
        cut.start()
        try:
            pull(far_desk.runtime, now=NOW)
        except StudioUnavailable:
            assert 0 < len(far_desk.labels()) <= 600
        cut.join()
        proxy.mend()
        pull(far_desk.runtime, now=NOW)
        assert sorted(far_desk.name(row) for row in far_desk.rows(LabelRow)) == names(600)


def _cut_after_the_first_labels(desk, proxy) -> None:
    while not desk.labels():
        pass
    proxy.cut("refuse")


def wait_for_tasks(desk, count: int) -> None:
    for _ in range(100):
        if desk.studio.total(desk.project) >= count:
            return
    raise AssertionError("the import never arrived")


class TestKilled:
    def test_we_in_the_middle_of_a_batch_ask_nothing_twice(self, far_desk, proxy):
        setup(far_desk.runtime, now=NOW)
        far_desk.ask(*names(200))
        proxy.cut("hold", IMPORT)
        settings = far_desk.runtime.settings
        secrets = {
            "secret": settings.secret.get_secret_value(),
            "label_studio_api_key": settings.label_studio_api_key.get_secret_value(),
        }
        said = settings.model_dump_json(exclude=set(secrets))
        environment = {f"WAAROM_{name.upper()}": value for name, value in secrets.items()}
        us = subprocess.Popen(
            [sys.executable, "-c", PUSH, said, NOW.isoformat()],
            cwd=ROOT,
            env=os.environ | environment,
        )
        assert proxy.seen.wait(60)
        wait_for_tasks(far_desk, 200)
        us.send_signal(signal.SIGKILL)
        us.wait(30)
        proxy.mend()
        pushed = push(far_desk.runtime, now=NOW + timedelta(minutes=11))
        assert (pushed.sent, pushed.found) == (0, 200)
        assert sorted(far_desk.tasks()) == names(200)

    def test_label_studio_in_the_middle_of_a_batch_is_sent_what_it_lacks(
        self, far_desk, proxy, studio_server, tmp_path
    ):
        folder = tmp_path / "own"
        server = StudioServer(folder, venv=studio_server.venv, cache=studio_server.cache)
        with server:
            proxy.backend = server.port
            key = SecretStr(server.token)
            far_desk.runtime.settings = far_desk.runtime.settings.model_copy(
                update={"label_studio_api_key": key}
            )
            setup(far_desk.runtime, now=NOW)
            far_desk.ask(*names(400))
            proxy.cut("deaf", IMPORT)
            failing = threading.Thread(target=_fails, args=(far_desk.runtime,))
            failing.start()
            assert proxy.seen.wait(60)
            os.killpg(server._process.pid, signal.SIGKILL)
            failing.join()
        again = StudioServer(folder, venv=server.venv, cache=server.cache, port=server.port)
        with again:
            proxy.mend()
            pushed = push(far_desk.runtime, now=NOW)
            assert pushed.sent + pushed.found == 400
            far_desk.studio = Studio(again.url, again.token)
            assert sorted(far_desk.tasks()) == names(400)
            far_desk.studio.close()


def _fails(runtime) -> None:
    with pytest.raises(StudioUnavailable):
        push(runtime, now=NOW)


class TestDeletedTasks:
    @pytest.fixture
    def asked(self, desk, api):
        """One answered, one skipped, two open; one of the open ones is left alone."""
        desk.ask("answered", "skipped", "open", "left")
        push(desk.runtime, now=NOW)
        desk.answer("answered", REFUND)
        path = f"/api/tasks/{desk.task('skipped')}/annotations/"
        api.call("POST", path, result=[], was_cancelled=True)
        pull(desk.runtime, now=NOW)
        gone = [desk.task(name) for name in ("answered", "skipped", "open")]
        desk.studio.delete_tasks(desk.project, gone)
        return desk

    def test_are_noticed_by_night_and_what_was_open_is_asked_again(self, asked):
        found = nightly(asked.runtime, now=NOW)
        assert (found.gone, found.asked) == (3, 1)
        assert push(asked.runtime, now=NOW).sent == 1
        assert sorted(asked.tasks()) == ["left", "open"]
        pull(asked.runtime, now=NOW)
        assert [row.driver for row in asked.labels()] == ["payment.refund"]
        assert asked.review("skipped").state == "skipped"
        asked.answer("open", LATE)
        assert pull(asked.runtime, now=NOW).labels == 1

    def test_are_looked_for_once_a_day(self, asked):
        nightly(asked.runtime, now=NOW)
        push(asked.runtime, now=NOW)
        asked.studio.delete_tasks(asked.project, [asked.task("left")])
        assert nightly(asked.runtime, now=NOW + timedelta(hours=6)).gone == 0
        assert nightly(asked.runtime, now=NOW + timedelta(hours=24)).gone == 1
        assert nightly(asked.runtime, now=NOW + timedelta(hours=48)).gone == 0

    def test_are_noticed_by_looking_at_everything(self, asked):
        assert pull(asked.runtime, now=NOW, everything=True).gone == 3
        assert push(asked.runtime, now=NOW).sent == 1

    def test_whose_number_is_given_to_another_question_are_asked_again(self, desk):
        desk.ask("m-1", "m-2")
        push(desk.runtime, now=NOW)
        before = {desk.task("m-1"), desk.task("m-2")}
        desk.studio.delete_tasks(desk.project, before)
        desk.ask("m-3", "m-4")
        push(desk.runtime, now=NOW)
        assert before == {desk.task("m-3"), desk.task("m-4")}, "the numbers are given out again"
        push(desk.runtime, now=NOW)
        assert sorted(desk.tasks()) == ["m-1", "m-2", "m-3", "m-4"]

    def test_whose_number_is_given_again_keep_their_answer(self, desk, api):
        desk.ask("m-1")
        push(desk.runtime, now=NOW)
        desk.answer("m-1", REFUND)
        pull(desk.runtime, now=NOW)
        before = desk.task("m-1")
        desk.studio.delete_tasks(desk.project, [before])
        desk.ask("m-2")
        push(desk.runtime, now=NOW)
        assert desk.task("m-2") == before
        second = desk.answer("m-2", LATE)
        pull(desk.runtime, now=NOW)
        api.call("DELETE", f"/api/annotations/{second}/")
        assert pull(desk.runtime, now=NOW).withdrawn == 1
        assert [desk.name(row) for row in desk.labels()] == ["m-1"]


class TestAnotherServer:
    @pytest.fixture
    def moved(self, far_desk, proxy, api, careless):
        """The line leads to another server since, which has a project of the same number."""
        there = Studio(careless.url, careless.token)
        ahead = newest_project(there)
        here = newest_project(far_desk.studio)
        for number in range(here, ahead):
            api.call("POST", "/api/projects/", title=f"In between {number}")
        far_desk.ask("answered", "open")
        push(far_desk.runtime, now=NOW)
        far_desk.answer("answered", REFUND)
        pull(far_desk.runtime, now=NOW)
        for number in range(ahead + 1, far_desk.project):
            there.connection.once("POST", "/api/projects/", json={"title": f"Before {number}"})
        proxy.backend = careless.port
        proxy.mend()
        yield far_desk, there
        there.close()

    def test_is_noticed_and_nothing_is_mixed_until_somebody_says_that_it_is_meant(
        self, moved, proxy, studio_server
    ):
        desk, there = moved
        first = desk.project
        there.ensure_project("Somebody else's", "<View><Text name='t' value='$t'/></View>")
        desk.ask("new")
        for job in (push, pull, nightly):
            with pytest.raises(ServerReplaced, match="waarom label setup"):
                job(desk.runtime, now=NOW)
        assert len(desk.rows(TaskRow)) == 2
        assert len(desk.labels()) == 1
        proxy.backend = studio_server.port
        proxy.mend()
        assert push(desk.runtime, now=NOW).sent == 1
        assert desk.project == first

    def test_with_a_project_of_the_same_number_it_is_a_place_of_its_own(
        self, moved, proxy, studio_server
    ):
        desk, there = moved
        here, number = desk.studio, desk.project
        assert setup(desk.runtime, now=NOW).id == number
        assert push(desk.runtime, now=NOW).sent == 1
        desk.studio = there
        assert sorted(desk.tasks()) == ["open"]
        desk.answer("open", LATE)
        assert pull(desk.runtime, now=NOW).labels == 1
        labels = {desk.name(row): row.driver for row in desk.labels()}
        assert labels == {"answered": "payment.refund", "open": "delivery.late"}
        servers = {row.server for row in desk.rows(TaskRow)}
        assert len(servers) == 2
        proxy.backend = studio_server.port
        proxy.mend()
        desk.studio = here
        with pytest.raises(ServerReplaced):
            pull(desk.runtime, now=NOW)
        setup(desk.runtime, now=NOW)
        assert pull(desk.runtime, now=NOW, everything=True).withdrawn == 0
        assert len(desk.labels()) == 2


def newest_project(studio: Studio) -> int:
    said = studio.connection.again("GET", "/api/projects/", params={"page_size": 1000})
    return max((each["id"] for each in said["results"]), default=0)


def test_a_clock_that_was_set_back_over_there_hides_no_answer(desk):
    desk.ask("m-1", "m-2")
    push(desk.runtime, now=NOW)
    desk.answer("m-1", REFUND)
    pull(desk.runtime, now=NOW)
    pull(desk.runtime, now=NOW + timedelta(minutes=5))
    with desk.runtime.writing() as session:
        (mark,) = [row for row in session.scalars(select(BookmarkRow)) if "since" in row.value]
        ahead = datetime.now(UTC) + timedelta(hours=1)
        mark.value = {**mark.value, "since": ahead.isoformat()}
    pull(desk.runtime, now=NOW + timedelta(minutes=6))
    desk.answer("m-2", LATE)
    assert pull(desk.runtime, now=NOW + timedelta(minutes=7)).labels == 1


def test_what_a_wrong_clock_hid_by_day_is_found_by_night(desk):
    desk.ask("m-1")
    push(desk.runtime, now=NOW)
    desk.answer("m-1", REFUND)
    with desk.runtime.writing() as session:
        place = next(row for row in session.scalars(select(BookmarkRow)) if "title" in row.value)
        name = f"{place.name}/{place.value['project_id']}"
        since = {"since": datetime.now(UTC).isoformat(), "settled": True}
        session.add(BookmarkRow(name=name, value=since))
    assert pull(desk.runtime, now=NOW).labels == 0
    nightly(desk.runtime, now=NOW)
    assert pull(desk.runtime, now=NOW).labels == 1


def test_an_answer_edited_five_times_is_kept_in_every_version(desk, api):
    desk.ask("m-1")
    push(desk.runtime, now=NOW)
    annotation = desk.answer("m-1", REFUND)
    pull(desk.runtime, now=NOW)
    drivers = ["payment.refund"]
    for number, label in enumerate([LATE, REFUND, Label(None), REFUND, LATE]):
        result = annotation_result(label, desk.taxonomy)
        lead = {"result": result, "lead_time": 10.0 + number}
        api.call("PATCH", f"/api/annotations/{annotation}/", **lead)
        later = NOW + timedelta(minutes=1 + number)
        assert pull(desk.runtime, now=later).labels == 1
        drivers.append(label.primary)
    versions = desk.rows(LabelRow)
    assert [row.driver for row in versions] == drivers
    assert [row.current for row in versions] == [False] * 5 + [True]
    assert [row.seconds for row in versions] == [5.0, 10.0, 11.0, 12.0, 13.0, 14.0]
    assert len({row.person for row in versions}) == 1
    assert {row.origin for row in versions} == {"manual"}
    moments = [row.answered_at for row in versions]
    assert sorted(set(moments)) == moments
    assert sum(row.counts for row in versions if row.current) == 1
    with desk.runtime.reading() as session:
        assert session.scalars(select(ReviewRow.state)).one() == "answered"


def test_an_answer_that_was_deleted_and_put_back_with_yesterdays_copy_holds_again(desk):
    desk.ask("m-1")
    push(desk.runtime, now=NOW)
    desk.answer("m-1", REFUND)
    pull(desk.runtime, now=NOW)
    for _ in range(2):
        with desk.runtime.writing() as session:  # as a pull after the deletion would
            withdraw(session, desk.runtime, "label_studio", [desk.labels()[0].door_ref], now=NOW)
        assert desk.review("m-1").state == "open"
        assert pull(desk.runtime, now=NOW, everything=True).labels == 1
        assert pull(desk.runtime, now=NOW, everything=True).labels == 0
        assert [row.driver for row in desk.labels()] == ["payment.refund"]
        assert (desk.review("m-1").state, desk.labels()[0].counts) == ("answered", True)


@pytest.mark.parametrize("hours", [-3, 3])
def test_the_newest_answer_is_known_whatever_its_clock_says(desk, hours):
    ours = datetime.now(UTC) + timedelta(hours=hours)
    desk.ask("m-1", "m-2")
    push(desk.runtime, now=ours)
    desk.answer("m-1", REFUND)
    pull(desk.runtime, now=ours)
    for name in ("m-1", "m-2"):
        correct(desk, name, LATE, ours + timedelta(minutes=5))
    assert desk.route("m-1").driver == "delivery.late"
    desk.answer("m-2", REFUND)
    pull(desk.runtime, now=ours + timedelta(minutes=10))
    assert desk.route("m-2").driver == "payment.refund"


def correct(desk, external_id: str, label: Label, moment: datetime) -> None:
    message = desk.review(external_id).message_id
    given = Answer(
        message_id=message,
        label=label,
        person="anna",
        door="correction",
        door_ref=external_id,
        answered_at=moment,
    )
    with desk.runtime.writing() as session:
        record(session, desk.runtime, [given], now=moment)


def test_an_id_that_ends_as_a_round_does_is_another_question(desk):
    desk.ask("m", "m~2")
    with desk.runtime.writing() as session:
        first = session.scalars(select(ReviewRow).order_by(ReviewRow.id)).first()
        again = ReviewRow(
            message_id=first.message_id, round=2, purpose="second", blind=True, priority=0,
            order_key=1, state="open", made_at=NOW,
        )  # fmt: skip
        session.add(again)
        session.flush()
        announce(session, desk.runtime.settings, [again], now=NOW)
    assert push(desk.runtime, now=NOW).sent == 3
    there = {row.review_id: row.task_id for row in desk.rows(TaskRow)}
    desk.lose_the_mapping()
    assert push(desk.runtime, now=NOW).found == 3
    assert {row.review_id: row.task_id for row in desk.rows(TaskRow)} == there
    assert len(desk.tasks()) == 3


def test_what_an_answer_stood_against_is_taken_over_once_it_is_deleted(desk, api):
    desk.ask("m-1", "m-2")
    push(desk.runtime, now=NOW)
    answer = desk.answer("m-1", REFUND)
    desk.answer("m-2", LATE)
    pull(desk.runtime, now=NOW)
    text = desk.tasks()["m-1"]["data"]["text"]
    copy = RawMessage(text=text, external_id="copy", received_at=NOW)
    with desk.runtime.writing() as session:
        later = NOW + timedelta(days=1)  # too late to be drawn
        receive(session, desk.runtime, [copy], now=NOW, draw_since=later)
    assert "copy" not in map(desk.name, desk.labels())
    api.call("DELETE", f"/api/annotations/{answer}/")
    pull(desk.runtime, now=NOW)
    assert {desk.name(row): row.driver for row in desk.labels()}["copy"] == "delivery.late"
