"""Questions and answers through a real Label Studio, on a real database of each kind."""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import delete, update

from classifier.messages import Label
from labeling.errors import (
    DriversInUse,
    ProjectMissing,
    StudioUnauthorized,
    StudioUnavailable,
)
from labeling.tasks import annotation_result, answered_task
from service import reviews
from service.outbox import queue
from service.sync import Busy, NotConfigured, pull, push, setup, status
from service.sync.connection import line
from service.tables import (
    BookmarkRow,
    DecisionRow,
    LabelRow,
    ReviewRow,
    TaskRow,
)

pytestmark = pytest.mark.studio

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NOBODY = "http://127.0.0.1:9"
REFUND, LATE = Label("payment.refund"), Label("delivery.late")


class TestSettingUp:
    def test_twice_gives_one_project(self, desk, api):
        first, again = setup(desk.runtime, now=NOW), setup(desk.runtime, now=NOW)
        assert first == again
        found = api.call("GET", f"/api/projects/?title={first.title}")["results"]
        assert [each["id"] for each in found if each["title"] == first.title] == [first.id]

    def test_happens_by_itself_with_the_first_push(self, desk):
        desk.ask("m-1")
        assert push(desk.runtime, now=NOW).sent == 1
        assert list(desk.tasks()) == ["m-1"]

    def test_a_changed_taxonomy_reaches_the_interface_with_the_next_question(
        self, desk, api, opened, tmp_path
    ):
        setup(desk.runtime, now=NOW)
        file = tmp_path / "longer.toml"
        more = '[[drivers]]\nid = "payment.iban"\nparent = "payment"\nnames = {nl = "IBAN"}\n'
        file.write_text(desk.runtime.settings.taxonomy.read_text() + more)
        changed = opened(desk.runtime.settings.model_copy(update={"taxonomy": file}))
        desk.ask("m-1")
        push(changed, now=NOW)
        assert "payment.iban" in api.call("GET", f"/api/projects/{desk.project}/")["label_config"]

    def test_a_project_of_an_earlier_version_is_repaired_with_what_is_in_it(self, desk, api):
        desk.ask("answered", "open")
        push(desk.runtime, now=NOW)
        path = f"/api/projects/{desk.project}/"
        lines = api.call("GET", path)["label_config"].splitlines()
        earlier = "\n".join(each for each in lines if "$sentences" not in each)
        assert earlier != "\n".join(lines)
        api.call("PATCH", path, label_config=earlier)
        for task in desk.tasks().values():
            data = {name: said for name, said in task["data"].items() if name != "sentences"}
            api.call("PATCH", f"/api/tasks/{task['id']}/", data=data)
        desk.answer("answered", REFUND)
        setup(desk.runtime, now=NOW)
        assert api.call("GET", path)["label_config"].splitlines() == lines
        desk.ask("new")
        assert push(desk.runtime, now=NOW).sent == 1
        desk.answer("open", Label("payment.refund", ("delivery.late",)))
        assert pull(desk.runtime, now=NOW).labels == 2

    def test_a_taxonomy_without_a_driver_that_answers_use_stops_with_a_sentence(
        self, desk, opened, tmp_path
    ):
        desk.ask("m-1", "m-2")
        push(desk.runtime, now=NOW)
        desk.answer("m-1", REFUND)
        file = tmp_path / "shorter.toml"
        text = desk.runtime.settings.taxonomy.read_text()
        file.write_text(text.replace("payment.refund", "payment.money-back"))
        changed = opened(desk.runtime.settings.model_copy(update={"taxonomy": file}))
        desk.ask("m-3")
        with pytest.raises(DriversInUse, match=r"payment\.refund"):
            push(changed, now=NOW)
        assert desk.waiting() == 1

    def test_registers_the_webhook_with_its_secret_once(self, desk, api, opened):
        settings = desk.runtime.settings.model_copy(
            update={"webhook_secret": SecretStr("s3cret"), "public_url": "http://127.0.0.1:8321"}
        )
        hinted = opened(settings)
        project = setup(hinted, now=NOW)
        setup(hinted, now=NOW)
        (hook,) = api.call("GET", f"/api/webhooks/?project={project.id}")
        assert hook["url"] == "http://127.0.0.1:8321/v1/webhooks/label-studio"
        assert hook["headers"] == {"X-Waarom-Secret": "s3cret"}
        assert hook["send_payload"] is False

    def test_goes_on_without_a_webhook_that_label_studio_refuses(self, desk, opened, caplog):
        settings = desk.runtime.settings.model_copy(
            update={"webhook_secret": SecretStr("s3cret"), "public_url": "http://10.0.0.1"}
        )
        assert setup(opened(settings), now=NOW).id
        assert "answers are collected by asking now and then" in caplog.text
        assert "s3cret" not in caplog.text


class TestPushing:
    def test_twice_asks_nothing_twice(self, desk):
        desk.ask("m-1", "m-2")
        assert push(desk.runtime, now=NOW).sent == 2
        assert push(desk.runtime, now=NOW).sent == 0
        assert sorted(desk.tasks()) == ["m-1", "m-2"]

    def test_what_is_there_is_found_when_the_database_was_restored(self, desk):
        desk.ask("m-1", "m-2")
        push(desk.runtime, now=NOW)
        desk.lose_the_mapping()
        desk.ask("m-3")
        pushed = push(desk.runtime, now=NOW)
        assert (pushed.sent, pushed.found) == (1, 2)
        assert sorted(desk.tasks()) == ["m-1", "m-2", "m-3"]
        assert len(desk.rows(TaskRow)) == 3

    def test_cut_off_between_upload_and_commit_it_asks_nothing_twice(self, desk, monkeypatch):
        desk.ask("m-1", "m-2")

        def cut(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr("service.sync.pushing._remember", cut)
            with pytest.raises(KeyboardInterrupt):
                push(desk.runtime, now=NOW)
        assert (desk.waiting(), desk.rows(TaskRow)) == (2, [])
        assert push(desk.runtime, now=NOW).found == 2
        assert sorted(desk.tasks()) == ["m-1", "m-2"]

    def test_two_rows_of_one_question_in_batches_made_ahead_send_it_once(self, desk, monkeypatch):
        monkeypatch.setattr("service.sync.batches.BATCH", 1)
        desk.ask("m-1", "m-2")
        with desk.runtime.writing() as session:
            queue(session, [desk.review("m-2").id], now=NOW)
        pushed = push(desk.runtime, now=NOW)
        assert (pushed.sent, pushed.found, desk.waiting()) == (2, 1, 0)
        assert sorted(desk.tasks()) == ["m-1", "m-2"]

    def test_an_answer_given_while_the_task_was_unknown_is_collected_later(self, desk):
        desk.ask("m-1", "m-2")
        push(desk.runtime, now=NOW)
        desk.lose_the_mapping()
        desk.answer("m-1", REFUND)
        desk.answer("m-2", LATE)
        pulled = pull(desk.runtime, now=NOW)
        assert (pulled.labels, pulled.strangers) == (0, 2)
        pull(desk.runtime, now=NOW + timedelta(minutes=5))
        push(desk.runtime, now=NOW)
        assert pull(desk.runtime, now=NOW + timedelta(minutes=6)).labels == 2

    def test_two_at_once_ask_nothing_twice(self, desk):
        desk.ask(*(f"m-{number}" for number in range(20)))
        setup(desk.runtime, now=NOW)
        both = [threading.Thread(target=lambda: push(desk.runtime, now=NOW)) for _ in range(2)]
        for each in both:
            each.start()
        for each in both:
            each.join()
        assert len(desk.tasks()) == len(desk.rows(TaskRow)) == 20

    def test_a_question_answered_meanwhile_is_not_sent(self, desk):
        desk.ask("m-1")
        with desk.runtime.writing() as session:
            reviews.answer(
                session,
                desk.runtime,
                review_id=desk.review("m-1").id,
                label=REFUND,
                person="Anna",
                now=NOW,
            )
        assert push(desk.runtime, now=NOW).closed == 1
        assert desk.tasks() == {}

    def test_doubtful_ones_are_prefilled_and_audits_are_blind(self, desk, opened):
        settings = desk.runtime.settings
        asks_all = opened(
            settings.model_copy(update={"graded_budget": 1e6, "prefilled_share": 0.0})
        )
        desk.runtime = asks_all
        desk.ask("clear", text="waar blijft mijn pakket, te laat en nog niet bezorgd")
        desk.ask("doubtful", text="geld terug en pakket")
        push(asks_all, now=NOW)
        purposes = {name: desk.review(name).purpose for name in ("clear", "doubtful")}
        assert purposes == {"clear": "audit", "doubtful": "required"}
        tasks = desk.tasks()
        assert tasks["clear"]["predictions"] == []
        (prediction,) = tasks["doubtful"]["predictions"]
        assert prediction["result"][0]["value"]["choices"] == ["payment.refund"]
        assert tasks["doubtful"]["data"]["because"].startswith("Vanwege: ")
        assert "geld" in tasks["doubtful"]["data"]["because"]
        assert tasks["clear"]["data"]["because"] == ""

    def test_every_driver_is_pre_filled_with_the_sentences_that_spoke_for_it(self, desk):
        said = {"payment.refund": "Ik wil geld terug!", "delivery.late": ""}
        desk.ask("seen", "blind", text="Waar blijft mijn pakket. Ik wil geld terug!")
        desk.say("seen", said)
        desk.say("blind", said, blind=True)
        push(desk.runtime, now=NOW)
        seen, blind = desk.tasks()["seen"], desk.tasks()["blind"]
        (prediction,) = seen["predictions"]
        primary, also = (each["value"]["choices"] for each in prediction["result"])
        assert (len(primary), {*primary, *also}) == (1, set(said))
        assert seen["data"]["sentences"] == "• Betaling / Terugbetaling: “Ik wil geld terug!”"
        assert (blind["data"]["sentences"], blind["predictions"]) == ("", [])

    def test_a_sentence_may_stand_in_the_subject(self, desk):
        desk.ask("m-1", subject="Geld terug", text="Een pakket.")
        desk.say("m-1", {"payment.refund": "Geld terug"})
        push(desk.runtime, now=NOW)
        assert "“Geld terug”" in desk.tasks()["m-1"]["data"]["sentences"]

    def test_a_message_whose_content_was_replaced_is_asked_as_it_is_now(self, desk):
        desk.ask("m-1", text="geld terug en pakket")
        desk.say("m-1", {"payment.refund": "geld terug en pakket"})
        desk.ask("m-1", text="een deuk in de doos, of een factuur", revise=True)
        push(desk.runtime, now=NOW)
        task = desk.tasks()["m-1"]
        assert "deuk" in task["data"]["text"]
        (prediction,) = task["predictions"]
        assert len(prediction["result"]) == 1
        assert task["data"]["sentences"] == ""
        assert "geld" not in task["data"]["because"]

    def test_one_question_the_server_refuses_keeps_no_other_out(self, desk):
        desk.ask(*(f"m-{number}" for number in range(5)))

        def task_of(asked: Any) -> dict[str, Any]:
            task = answered_task(asked, REFUND, desk.taxonomy)
            return {"data": {}} if asked.external_id == "m-3" else task

        pushed = push(desk.runtime, now=NOW, task_of=task_of)
        assert (pushed.sent, pushed.refused) == (4, 1)
        assert sorted(desk.tasks()) == ["m-0", "m-1", "m-2", "m-4"]
        found = status(desk.runtime)
        assert found["waiting"] == 1
        assert "400" in found["last_error"]


class TestPulling:
    def test_an_answer_becomes_a_label_and_corrects_the_route(self, desk):
        desk.ask("m-1")
        assert desk.route("m-1").queue == "triage"
        push(desk.runtime, now=NOW)
        desk.answer("m-1", REFUND)
        assert pull(desk.runtime, now=NOW).labels == 1
        (label,) = desk.labels()
        assert (label.driver, label.door, label.counts) == ("payment.refund", "label_studio", True)
        assert (desk.route("m-1").status, desk.route("m-1").queue) == ("person", "finance")
        assert desk.review("m-1").state == "answered"

    def test_twice_brings_nothing_new(self, desk):
        desk.ask("m-1", "m-2")
        push(desk.runtime, now=NOW)
        desk.answer("m-1", REFUND)
        pull(desk.runtime, now=NOW)
        before = [len(desk.rows(table)) for table in (LabelRow, DecisionRow)]
        for minutes in (0, 5, 10):
            again = pull(desk.runtime, now=NOW + timedelta(minutes=minutes))
            assert (again.labels, again.skipped, again.withdrawn) == (0, 0, 0)
        assert before == [len(desk.rows(table)) for table in (LabelRow, DecisionRow)]

    def test_also_and_unknown_driver_come_through(self, desk):
        desk.ask("m-1", "m-2")
        push(desk.runtime, now=NOW)
        desk.answer("m-1", Label("payment.refund", ("delivery.late",)))
        desk.answer("m-2", Label(None))
        assert pull(desk.runtime, now=NOW).labels == 2
        said = {(row.driver, tuple(row.also)) for row in desk.labels()}
        assert said == {("payment.refund", ("delivery.late",)), (None, ())}

    def test_what_became_of_the_drivers_that_were_pre_filled_comes_through(self, desk, api):
        """As the interface sends it: with the prediction that the answer began with."""
        desk.ask("left", "fewer", "unknown", text="geld terug en pakket")
        for name in ("left", "fewer", "unknown"):
            desk.say(name, {"payment.refund": "", "delivery.late": ""})
        push(desk.runtime, now=NOW)
        for name, task in desk.tasks().items():
            (prediction,) = task["predictions"]
            result = prediction["result"]
            if name == "fewer":
                result = [each for each in result if each["from_name"] == "primary"]
            elif name == "unknown":
                result += annotation_result(Label(None), desk.taxonomy)
            path = f"/api/tasks/{task['id']}/annotations/"
            api.call("POST", path, result=result, parent_prediction=prediction["id"])
        assert pull(desk.runtime, now=NOW).labels == 3
        said = {desk.name(row): row for row in desk.labels()}
        assert {name: row.origin for name, row in said.items()} == {
            "left": "accepted",
            "fewer": "changed",
            "unknown": "changed",
        }
        assert said["left"].also
        assert (said["fewer"].driver, said["fewer"].also) == (said["left"].driver, [])
        assert (said["unknown"].driver, said["unknown"].also) == (None, said["left"].also)

    def test_a_skip_closes_the_question_until_it_is_taken_back(self, desk, api):
        desk.ask("m-1")
        push(desk.runtime, now=NOW)
        path = f"/api/tasks/{desk.task('m-1')}/annotations/"
        skip = api.call("POST", path, result=[], was_cancelled=True)["id"]
        assert pull(desk.runtime, now=NOW).skipped == 1
        assert (desk.review("m-1").state, desk.labels()) == ("skipped", [])
        api.call("DELETE", f"/api/annotations/{skip}/")
        pull(desk.runtime, now=NOW)
        assert desk.review("m-1").state == "open"

    def test_an_answer_turned_into_a_skip_is_no_label_any_more(self, desk, api):
        desk.ask("m-1")
        push(desk.runtime, now=NOW)
        annotation = desk.answer("m-1", REFUND)
        pull(desk.runtime, now=NOW)
        api.call("PATCH", f"/api/annotations/{annotation}/", was_cancelled=True, result=[])
        assert pull(desk.runtime, now=NOW).withdrawn == 1
        assert (desk.review("m-1").state, desk.labels()) == ("skipped", [])

    @pytest.mark.parametrize("flaw", ["empty", "unknown driver", "two drivers"])
    def test_what_cannot_be_used_leaves_the_question_open(self, desk, api, flaw):
        desk.ask("m-1")
        push(desk.runtime, now=NOW)
        refund = annotation_result(REFUND, desk.taxonomy)
        strange = [{**refund[0], "value": {"choices": ["payment.gold"]}}]
        result = {
            "empty": [],
            "unknown driver": strange,
            "two drivers": refund + annotation_result(LATE, desk.taxonomy),
        }[flaw]
        api.call("POST", f"/api/tasks/{desk.task('m-1')}/annotations/", result=result)
        pulled = pull(desk.runtime, now=NOW)
        assert (pulled.labels, pulled.unusable) == (0, 1)
        assert desk.review("m-1").state == "open"

    def test_two_people_who_disagree_are_both_kept_and_one_counts(self, desk):
        desk.ask("m-1")
        push(desk.runtime, now=NOW)
        desk.answer("m-1", REFUND)
        desk.answer("m-1", LATE)
        assert pull(desk.runtime, now=NOW).labels == 2
        assert sorted(row.driver for row in desk.labels()) == ["delivery.late", "payment.refund"]
        assert sum(row.counts for row in desk.labels()) == 1
        assert desk.route("m-1").driver == "delivery.late"

    def test_an_edited_answer_is_a_new_version_and_the_route_follows(self, desk, api):
        desk.ask("m-1")
        push(desk.runtime, now=NOW)
        annotation = desk.answer("m-1", REFUND)
        pull(desk.runtime, now=NOW)
        late = annotation_result(LATE, desk.taxonomy)
        api.call("PATCH", f"/api/annotations/{annotation}/", result=late)
        assert pull(desk.runtime, now=NOW).labels == 1
        first, second = desk.rows(LabelRow)
        assert (first.driver, first.current) == ("payment.refund", False)
        assert (second.driver, second.current, second.counts) == ("delivery.late", True, True)
        assert desk.route("m-1").queue == "logistics"

    def test_a_deleted_answer_is_withdrawn_and_the_question_open_again(self, desk, api):
        desk.ask("m-1")
        push(desk.runtime, now=NOW)
        annotation = desk.answer("m-1", REFUND)
        pull(desk.runtime, now=NOW)
        api.call("DELETE", f"/api/annotations/{annotation}/")
        assert pull(desk.runtime, now=NOW).withdrawn == 1
        assert (desk.review("m-1").state, desk.labels()) == ("open", [])
        desk.answer("m-1", LATE)
        assert pull(desk.runtime, now=NOW).labels == 1

    def test_who_sees_personal_data_says_so_with_the_answer(self, desk):
        desk.ask("m-1", "m-2")
        push(desk.runtime, now=NOW)
        desk.answer("m-1", REFUND, personal_data=True)
        desk.answer("m-2", REFUND)
        pull(desk.runtime, now=NOW)
        assert {desk.name(each): each.personal_data for each in desk.labels()} == {
            "m-1": True,
            "m-2": False,
        }
        assert status(desk.runtime)["personal_data"] == 1

    def test_personal_data_in_a_note_is_redacted_on_the_way_in(self, desk):
        desk.ask("m-1")
        push(desk.runtime, now=NOW)
        desk.answer("m-1", REFUND, note="bel jan@example.org", suggestion="mail piet@example.org")
        pull(desk.runtime, now=NOW)
        (label,) = desk.labels()
        assert "bel" in label.note
        assert "example.org" not in label.note + label.suggestion

    def test_a_task_of_somebody_else_is_passed_over(self, desk):
        desk.ask("m-1")
        push(desk.runtime, now=NOW)
        desk.studio.upload(desk.project, [{"data": {"text": "x", "subject": "", "facts": ""}}])
        assert pull(desk.runtime, now=NOW).strangers == 1

    def test_another_task_under_the_same_number_is_not_taken_for_ours(self, desk):
        desk.ask("m-1", "m-2")
        push(desk.runtime, now=NOW)
        one, two = desk.task("m-1"), desk.task("m-2")
        with desk.runtime.writing() as session:
            session.execute(delete(TaskRow).where(TaskRow.task_id == two))
            session.execute(update(TaskRow).where(TaskRow.task_id == one).values(task_id=two))
        desk.answer("m-2", REFUND)
        assert pull(desk.runtime, now=NOW).labels == 0

    def test_looks_from_the_last_change_on_by_label_studios_clock(self, desk):
        desk.ask("m-1", "m-2", "m-3")
        push(desk.runtime, now=NOW)
        desk.answer("m-2", REFUND)
        latest = max(task["updated_at"] for task in desk.tasks().values())
        assert pull(desk.runtime, now=NOW).tasks == 3
        # Our clock stands days away from the server's: what counts is how long ago we looked.
        assert pull(desk.runtime, now=NOW + timedelta(seconds=20)).tasks == 3
        pull(desk.runtime, now=NOW + timedelta(seconds=40))
        assert pull(desk.runtime, now=NOW + timedelta(seconds=41)).tasks == 1
        (mark,) = [row for row in desk.rows(BookmarkRow) if "since" in row.value]
        assert datetime.fromisoformat(mark.value["since"]) == datetime.fromisoformat(latest)
        desk.answer("m-1", LATE)
        assert pull(desk.runtime, now=NOW + timedelta(minutes=5)).labels == 1


class TestTrouble:
    def test_without_an_address_there_is_a_sentence(self, trained_runtime):
        for job in (setup, push, pull):
            with pytest.raises(NotConfigured, match="WAAROM_LABEL_STUDIO_URL"):
                job(trained_runtime, now=NOW)

    def test_down_it_loses_nothing_and_sends_later(self, linked, opened, desk):
        down = opened(linked.model_copy(update={"label_studio_url": NOBODY}))
        desk.ask("m-1", "m-2")
        with pytest.raises(StudioUnavailable):
            push(down, now=NOW, patiently=True)
        found = status(down)
        assert found["waiting"] == 2
        assert "cannot be reached" in found["last_error"]
        soon, later = NOW + timedelta(seconds=30), NOW + timedelta(seconds=61)
        assert push(desk.runtime, now=soon, patiently=True).sent == 0
        assert push(desk.runtime, now=later, patiently=True).sent == 2
        assert status(desk.runtime)["last_error"] is None

    def test_a_person_who_asks_does_not_wait_for_the_retry(self, linked, opened, desk):
        down = opened(linked.model_copy(update={"label_studio_url": NOBODY}))
        desk.ask("m-1")
        with pytest.raises(StudioUnavailable):
            push(down, now=NOW)
        assert push(desk.runtime, now=NOW).sent == 1

    def test_a_wrong_token_is_said_without_showing_it(self, linked, opened, desk):
        wrong = SecretStr("f" * 40)
        refused = opened(linked.model_copy(update={"label_studio_api_key": wrong}))
        desk.ask("m-1")
        for job in (setup, push, pull):
            with pytest.raises(StudioUnauthorized, match="WAAROM_LABEL_STUDIO_API_KEY") as caught:
                job(refused, now=NOW)
            assert "ffff" not in str(caught.value)
        assert "ffff" not in status(refused)["last_error"]
        assert push(desk.runtime, now=NOW).sent == 1

    def test_a_deleted_project_is_said_and_set_up_anew(self, desk, api):
        desk.ask("answered", "open", "skipped")
        push(desk.runtime, now=NOW)
        desk.answer("answered", REFUND)
        path = f"/api/tasks/{desk.task('skipped')}/annotations/"
        api.call("POST", path, result=[], was_cancelled=True)
        pull(desk.runtime, now=NOW)
        gone = desk.project
        api.call("DELETE", f"/api/projects/{gone}/")
        desk.ask("new")
        for job in (push, pull):
            with pytest.raises(ProjectMissing, match="waarom label setup"):
                job(desk.runtime, now=NOW)
        assert setup(desk.runtime, now=NOW).id != gone
        assert push(desk.runtime, now=NOW).sent == 2
        assert sorted(desk.tasks()) == ["new", "open"]
        assert pull(desk.runtime, now=NOW).withdrawn == 0
        assert [row.driver for row in desk.labels()] == ["payment.refund"]

    def test_a_deleted_task_is_asked_again_by_setting_up(self, desk):
        desk.ask("m-1", "m-2")
        push(desk.runtime, now=NOW)
        desk.studio.delete_tasks(desk.project, [desk.task("m-1")])
        setup(desk.runtime, now=NOW)
        assert push(desk.runtime, now=NOW).sent == 1
        assert sorted(desk.tasks()) == ["m-1", "m-2"]

    def test_while_another_process_speaks_we_wait_and_then_say_so(self, desk):
        with line(desk.runtime, NOW), pytest.raises(Busy), line(desk.runtime, NOW, patience=0.5):
            pytest.fail("two at once")

    def test_a_process_that_was_killed_loses_its_turn(self, desk):
        killed = line(desk.runtime, NOW)
        killed.__enter__()
        later = NOW + timedelta(minutes=11)
        began = time.monotonic()
        with line(desk.runtime, later, patience=60):
            assert time.monotonic() - began < 30
        killed.__exit__(None, None, None)


class TestSecondOpinions:
    """Anybody there can take any task, so who answered first is told apart by the answer itself."""

    @pytest.fixture
    def linked(self, linked):
        return linked.model_copy(update={"second_opinion_share": 1.0})

    def first_answer(self, desk, label=LATE):
        """On the review page, by somebody who is unknown to Label Studio."""
        with desk.runtime.writing() as session:
            asked = reviews.claim(session, desk.runtime, person="anna", now=NOW)
            assert asked is not None
            reviews.answer(
                session,
                desk.runtime,
                review_id=asked.review.id,
                label=label,
                person="anna",
                now=NOW,
            )

    def test_are_tasks_of_their_own_that_the_team_lead_can_tell_apart(self, desk):
        desk.ask("m-1")
        push(desk.runtime, now=NOW)
        self.first_answer(desk)
        assert push(desk.runtime, now=NOW).sent == 1
        tasks = desk.tasks()
        assert {name: task["data"]["kind"] for name, task in tasks.items()} == {
            "m-1": "question",
            "m-1~2": "second opinion",
        }
        assert tasks["m-1~2"]["data"]["text"] == tasks["m-1"]["data"]["text"]
        assert (tasks["m-1~2"]["predictions"], tasks["m-1~2"]["data"]["because"]) == ([], "")

    def test_that_differ_become_a_third_task_which_shows_both_answers(self, desk):
        desk.ask("m-1")
        self.first_answer(desk)
        push(desk.runtime, now=NOW)
        desk.answer("m-1~2", REFUND)
        assert pull(desk.runtime, now=NOW).labels == 1
        assert desk.route("m-1").driver == LATE.primary
        push(desk.runtime, now=NOW)
        third = desk.tasks()["m-1~3"]["data"]
        assert third["kind"] == "disagreement"
        assert "Te laat" in third["because"]
        assert "Terugbetaling" in third["because"]
        desk.answer("m-1~3", REFUND)
        pull(desk.runtime, now=NOW)
        assert desk.route("m-1").driver == REFUND.primary

    def test_by_the_same_person_are_kept_and_count_for_nothing(self, desk):
        desk.ask("m-1")
        push(desk.runtime, now=NOW)
        desk.answer("m-1", LATE)
        pull(desk.runtime, now=NOW)
        push(desk.runtime, now=NOW)
        desk.answer("m-1~2", REFUND)
        pull(desk.runtime, now=NOW)
        assert [row.driver for row in desk.labels()] == [LATE.primary, REFUND.primary]
        assert desk.route("m-1").driver == LATE.primary
        assert {row.purpose for row in desk.rows(ReviewRow)} == {"required", "second"}
