"""What every use case needs: transactions, the secret, the taxonomy and the model in use."""

import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from classifier.errors import BadTaxonomy
from classifier.messages import RawMessage
from classifier.taxonomy import Taxonomy, flat_taxonomy
from service.intake import receive
from service.keys import create_key
from service.runtime import Runtime, open_runtime, taxonomy_in_use, use_taxonomy
from service.secret import BadSecret, load_secret
from service.settings import Settings
from service.tables import KeyRow, TaxonomyRow

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def in_use(runtime: Runtime) -> Taxonomy:
    with runtime.reading() as session:
        return taxonomy_in_use(session, runtime)


def test_a_transaction_that_raises_leaves_nothing(runtime: Runtime) -> None:
    with pytest.raises(RuntimeError), runtime.writing() as session:  # noqa: PT012
        create_key(session, name="a", scopes=["report"], now=NOW)
        raise RuntimeError
    with runtime.reading() as session:
        assert session.scalars(select(KeyRow)).all() == []


def test_opening_again_finds_what_was_there(runtime: Runtime) -> None:
    with runtime.writing() as session:
        create_key(session, name="a", scopes=["report"], now=NOW)
    again = open_runtime(runtime.settings)
    with again.reading() as session:
        assert session.scalars(select(KeyRow.name)).all() == ["a"]
    assert again.secret == runtime.secret
    again.close()


def test_readers_do_not_wait_for_a_writer(runtime: Runtime) -> None:
    with runtime.writing() as writing:
        create_key(writing, name="a", scopes=["report"], now=NOW)
        with runtime.reading() as reading:
            assert reading.scalars(select(KeyRow)).all() == []


def test_the_taxonomy_file_is_read_again_when_it_changes(
    runtime: Runtime, taxonomy_file: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copy(taxonomy_file, tmp_path / "copy.toml"))
    runtime.settings.taxonomy = copy
    before = in_use(runtime)
    assert in_use(runtime) is before
    added = '\n[[drivers]]\nid = "lamps"\nnames = { nl = "Lampen" }\n'
    copy.write_text(copy.read_text("utf-8") + added, encoding="utf-8")
    assert set(in_use(runtime).leaves) - set(before.leaves) == {"lamps"}


def test_a_taxonomy_file_that_became_wrong_is_said(runtime: Runtime, tmp_path: Path) -> None:
    runtime.settings.taxonomy = tmp_path / "wrong.toml"
    runtime.settings.taxonomy.write_text("[[drivers]]\nid = 'A B'\n", encoding="utf-8")
    with pytest.raises(BadTaxonomy):
        in_use(runtime)


def test_without_a_file_the_newest_taxonomy_holds_then_the_models(
    trained_runtime: Runtime, tmp_path: Path, taxonomy: Taxonomy
) -> None:
    trained_runtime.settings.taxonomy = tmp_path / "none.toml"
    assert in_use(trained_runtime) == taxonomy
    first, second = flat_taxonomy(["a"]), flat_taxonomy(["a", "b"])
    for hours, each in enumerate((first, second, first)):
        with trained_runtime.writing() as session:
            use_taxonomy(session, each, now=NOW + timedelta(hours=hours))
        assert in_use(trained_runtime) == each
    with trained_runtime.reading() as session:
        assert len(session.scalars(select(TaxonomyRow)).all()) == 2


def test_without_any_taxonomy_there_are_no_drivers(runtime: Runtime, tmp_path: Path) -> None:
    runtime.settings.taxonomy = tmp_path / "none.toml"
    assert in_use(runtime).leaves == ()
    with runtime.writing() as session:
        receive(session, runtime, [RawMessage(text="hallo")], now=NOW)
    with runtime.reading() as session:
        assert session.scalars(select(TaxonomyRow)).all() == []


def test_every_taxonomy_that_judged_a_message_is_remembered(runtime: Runtime) -> None:
    with runtime.writing() as session:
        receive(session, runtime, [RawMessage(text="hallo")], now=NOW)
    with runtime.reading() as session:
        (row,) = session.scalars(select(TaxonomyRow)).all()
        assert Taxonomy.from_dict(row.content).version == row.version == in_use(runtime).version


def test_no_model_is_none_and_a_model_is_loaded_once(
    runtime: Runtime, trained_runtime: Runtime
) -> None:
    assert trained_runtime.current_model() is trained_runtime.current_model() is not None
    runtime.settings.models_dir = Path("nowhere")
    assert runtime.current_model() is None


def test_the_secret_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", secret=None)
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: load_secret(settings), range(16)))
    (key,) = keys
    assert len(key) == 64
    (file,) = (tmp_path / "home").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_empty_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("\n", encoding="ascii")
    with pytest.raises(BadSecret, match="empty"):
        load_secret(Settings(home=tmp_path, secret=None))


def test_a_database_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database_url=f"sqlite:///{tmp_path}", secret="x")  # type: ignore[arg-type]
    with pytest.raises(OperationalError):
        open_runtime(settings)
