"""A new model: what people see in open questions is what the model in use thinks, once each."""

import shutil
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from classifier.messages import Label
from classifier.registry import current_version, load_model, promote, save
from labeling.errors import StudioUnavailable
from service.sync import nightly, pull, push, refresh, setup
from service.sync.examination import looks
from service.tables import MessageRow, PredictionRow, ReviewRow

pytestmark = pytest.mark.studio

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
REFUND = Label("payment.refund")


@pytest.fixture
def database_url(tmp_path) -> str:
    """Nothing here is about the kind of database."""
    return f"sqlite:///{tmp_path / 'waarom.db'}"


@pytest.fixture
def models_dir(models_dir, tmp_path):
    """A copy, to which another version may be added."""
    return shutil.copytree(models_dir, tmp_path / "own-models")


@pytest.fixture
def renewed(models_dir):
    """Put another version in use, which thinks the same of everything."""

    def renew() -> str:
        model = load_model(models_dir / current_version(models_dir))
        version = save(model, models_dir, today=NOW.date(), card="# Another\n")
        promote(models_dir, version)
        return version

    return renew


def there(desk) -> dict[str, list[str]]:
    """Of which model versions each question has predictions."""
    return {
        name: sorted(each["model_version"] for each in task["predictions"])
        for name, task in desk.tasks().items()
    }


def blind(desk, external_id: str) -> None:
    asked = update(ReviewRow).where(ReviewRow.message_id == MessageRow.id)
    with desk.runtime.writing() as session:
        session.execute(asked.where(MessageRow.external_id == external_id).values(blind=True))


@pytest.fixture
def asked(desk):
    """Three questions: two with a prediction and one blind."""
    desk.ask("seen", "other", "blind", text="geld terug en pakket")
    blind(desk, "blind")
    push(desk.runtime, now=NOW)
    refresh(desk.runtime, now=NOW)
    return desk


def test_a_new_model_takes_the_place_of_the_old_one_in_open_questions(asked, renewed, api):
    old = asked.runtime.current_model().version
    assert there(asked) == {"seen": [old], "other": [old], "blind": []}
    version = renewed()
    assert refresh(asked.runtime, now=NOW).tasks == 2
    assert [each.count(version) for each in there(asked).values()] == [1, 1, 0]
    assert api.call("GET", f"/api/projects/{asked.project}/")["model_version"] == version
    assert looks(asked.runtime)["predictions"]() == f"of version {version}"


def test_it_does_so_once_a_model(asked, renewed):
    assert refresh(asked.runtime, now=NOW).tasks == 0
    renewed()
    assert [refresh(asked.runtime, now=NOW).tasks for _ in range(3)] == [2, 0, 0]


def test_older_predictions_go_once_nobody_has_them_before_them_any_more(asked, renewed):
    version = renewed()
    refresh(asked.runtime, now=NOW)
    assert len(there(asked)["seen"]) == 2
    refresh(asked.runtime, now=NOW + timedelta(hours=7))
    assert len(there(asked)["seen"]) == 2
    refresh(asked.runtime, now=NOW + timedelta(hours=9))
    assert there(asked) == {"seen": [version], "other": [version], "blind": []}


def test_questions_sent_since_with_what_it_thinks_have_it_once(asked, renewed):
    version = renewed()
    asked.ask("new", text="geld terug en pakket")
    push(asked.runtime, now=NOW)
    assert refresh(asked.runtime, now=NOW).tasks == 3
    assert there(asked)["new"] == [version]
    assert there(asked)["seen"].count(version) == 1


def test_a_deleted_task_is_asked_again_with_what_the_model_in_use_thinks(asked, renewed):
    because = asked.tasks()["seen"]["data"]["because"]
    version = renewed()
    refresh(asked.runtime, now=NOW)
    asked.studio.delete_tasks(asked.project, [asked.task("seen"), asked.task("blind")])
    assert nightly(asked.runtime, now=NOW).asked == 2
    before = [(row.id, row.model) for row in asked.rows(PredictionRow)]
    assert push(asked.runtime, now=NOW).sent == 2
    assert there(asked)["seen"] == [version]
    assert there(asked)["blind"] == []
    assert asked.tasks()["seen"]["data"]["because"] == because != ""
    assert [(row.id, row.model) for row in asked.rows(PredictionRow)] == before


def test_cut_off_half_way_it_is_done_over_and_nothing_is_double(asked, renewed, monkeypatch):
    version = renewed()
    with monkeypatch.context() as patch:
        patch.setattr("service.sync.refreshing._reworded", _cut)
        with pytest.raises(StudioUnavailable):
            refresh(asked.runtime, now=NOW)
    assert refresh(asked.runtime, now=NOW).tasks == 2
    assert [each.count(version) for each in there(asked).values()] == [1, 1, 0]


def _cut(*_: object) -> int:
    raise StudioUnavailable("http://127.0.0.1", "cut off")


def test_the_words_that_spoke_are_those_of_the_model_in_use(asked, renewed):
    because = asked.tasks()["seen"]["data"]["because"]
    task = asked.tasks()["seen"]
    others = {"because": "Vanwege: iets", "likeliest": [{"alias": "gone"}]}
    asked.studio.change_data(task["id"], task["data"] | others)
    renewed()
    assert refresh(asked.runtime, now=NOW).words == 1
    data = asked.tasks()["seen"]["data"]
    assert (data["because"], data["likeliest"]) == (because, []) != ("", [])
    assert asked.tasks()["blind"]["data"]["because"] == ""


def test_answers_come_in_all_the_same_and_nothing_of_ours_is_taken_for_one(asked, renewed):
    asked.answer("seen", REFUND)
    renewed()
    assert refresh(asked.runtime, now=NOW).tasks == 2, "nobody collected the answer yet"
    pulled = pull(asked.runtime, now=NOW)
    assert (pulled.labels, pulled.withdrawn, pulled.unusable) == (1, 0, 0)
    renewed()
    assert refresh(asked.runtime, now=NOW).tasks == 1
    later = pull(asked.runtime, now=NOW + timedelta(minutes=5))
    assert (later.labels, later.withdrawn) == (0, 0)


def test_what_was_logged_of_the_first_prediction_stays(asked, renewed):
    before = [(row.id, row.model, row.top) for row in asked.rows(PredictionRow)]
    renewed()
    refresh(asked.runtime, now=NOW)
    assert [(row.id, row.model, row.top) for row in asked.rows(PredictionRow)] == before


def test_a_person_who_has_the_old_prediction_before_them_can_still_submit(asked, renewed, api):
    task = asked.tasks()["seen"]
    (prediction,) = task["predictions"]
    renewed()
    refresh(asked.runtime, now=NOW)
    path = f"/api/tasks/{task['id']}/annotations/"
    api.call("POST", path, result=prediction["result"], parent_prediction=prediction["id"])
    assert pull(asked.runtime, now=NOW).labels == 1


def test_without_open_questions_no_version_is_left_to_be_seen(desk, renewed):
    setup(desk.runtime, now=NOW)
    renewed()
    assert refresh(desk.runtime, now=NOW).tasks == 0
    assert looks(desk.runtime)["predictions"]() == "none yet"


def test_a_task_that_was_deleted_keeps_the_others_from_nothing(asked, renewed):
    version = renewed()
    asked.studio.delete_tasks(asked.project, [asked.task("seen")])
    assert refresh(asked.runtime, now=NOW).tasks == 1
    assert version in there(asked)["other"]
