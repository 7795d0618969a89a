"""A new installation."""

from datetime import UTC, datetime

from classifier.taxonomy import load_taxonomy
from service.keys import SCOPES, list_keys
from service.runtime import open_runtime
from service.settings import read_settings
from service.starting import initialize

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def test_the_starter_taxonomy_is_one_that_can_be_used(tmp_path):
    initialize(tmp_path, now=NOW)
    taxonomy = load_taxonomy(tmp_path / "taxonomy.toml")
    assert "delivery.other" in taxonomy.leaves
    for leaf in taxonomy.leaves:
        assert taxonomy.name(leaf, "nl")
        assert taxonomy.name(leaf, "en")
        assert taxonomy.queue(leaf) != taxonomy.fallback_queue


def test_the_first_key_opens_everything_and_is_made_once(tmp_path):
    assert initialize(tmp_path, now=NOW).key
    assert initialize(tmp_path, now=NOW).key is None
    runtime = open_runtime(read_settings(tmp_path))
    with runtime.reading() as session:
        [key] = list_keys(session)
        assert key.scopes == list(SCOPES)
    runtime.close()


def test_settings_that_are_there_say_where_the_database_is(tmp_path):
    (tmp_path / "waarom.toml").write_text('home = "data"\n')
    started = initialize(tmp_path, now=NOW)
    assert (started.written, started.kept) == (("taxonomy.toml",), ("waarom.toml",))
    assert (tmp_path / "data" / "waarom.db").exists()
    assert not (tmp_path / ".waarom").exists()
