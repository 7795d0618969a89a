"""Settings: where they come from, and what is said of those that cannot be used."""

import os
import tomllib

import pytest

from service.settings import SECRETS, BadSettings, Settings, read_settings
from service.starting import commented_settings


@pytest.fixture(autouse=True)
def empty(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in [each for each in os.environ if each.startswith("WAAROM_")]:
        monkeypatch.delenv(name)


def test_the_file_counts_before_the_default_and_the_environment_before_the_file(
    tmp_path, monkeypatch
):
    assert read_settings().port == 8321
    (tmp_path / "waarom.toml").write_text('port = 1\nlanguage = "en"\n')
    monkeypatch.setenv("WAAROM_PORT", "2")
    assert (read_settings().port, read_settings().language) == (2, "en")


def test_an_empty_variable_is_an_unset_one(monkeypatch):
    monkeypatch.setenv("WAAROM_LABEL_STUDIO_API_KEY", "")
    monkeypatch.setenv("WAAROM_MODELS_DIR", "")
    assert read_settings().label_studio_api_key is None
    assert str(read_settings().models_dir) == "models"


def test_relative_paths_begin_in_the_folder_of_the_settings(tmp_path):
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "waarom.toml").write_text(f'models_dir = "versions"\nhome = "{tmp_path}/home"\n')
    found = read_settings(folder)
    assert found.models_dir == folder / "versions"
    assert found.taxonomy == folder / "taxonomy.toml"
    assert found.home == tmp_path / "home"


def test_pairs_are_of_two_different_attributes_each_named_once(tmp_path, monkeypatch):
    (tmp_path / "waarom.toml").write_text('pairs = [["channel", "product"]]\n')
    assert read_settings().pairs == [("channel", "product")]
    monkeypatch.setenv("WAAROM_PAIRS", '[["partner", "language"]]')
    assert read_settings().pairs == [("partner", "language")]
    for wrong in ('[["channel", "channel"]]', '[["channel", "weather"]]', '[["channel"]]'):
        monkeypatch.setenv("WAAROM_PAIRS", wrong)
        with pytest.raises(BadSettings):
            read_settings()
    monkeypatch.setenv("WAAROM_PAIRS", '[["channel", "product"], ["product", "channel"]]')
    with pytest.raises(BadSettings, match="once"):
        read_settings()


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_in_the_shared_file_is_refused_and_not_repeated(tmp_path, name):
    (tmp_path / "waarom.toml").write_text(f'{name} = "hush"\n')
    with pytest.raises(BadSettings, match=f"WAAROM_{name.upper()}") as refused:
        read_settings()
    assert "hush" not in str(refused.value)


def test_what_is_wrong_in_the_environment_is_said_by_the_variable(monkeypatch):
    monkeypatch.setenv("WAAROM_PORT", "many")
    with pytest.raises(BadSettings, match=r"^WAAROM_PORT: ") as refused:
        read_settings()
    assert "many" not in str(refused.value)


def test_every_problem_is_named_at_once(tmp_path):
    (tmp_path / "waarom.toml").write_text('prot = 1\nlanguage = "de"\n')
    with pytest.raises(BadSettings, match=r"language: .*; .*did you mean port"):
        read_settings()


def test_a_wrong_password_is_never_shown(monkeypatch):
    monkeypatch.setenv("WAAROM_DATABASE_URL", "mysql://u:hush@localhost/x")
    with pytest.raises(BadSettings) as refused:
        read_settings()
    assert "hush" not in str(refused.value)


def test_a_secret_in_a_path_is_long_and_needs_no_escape(monkeypatch):
    monkeypatch.setenv("WAAROM_LIVE_SECRET", "sixteen-letters_")
    assert read_settings().live_secret is not None
    for wrong in ("hush-hush-hush-", "hush/hush/hush/hush", "hush hush hush hush"):
        monkeypatch.setenv("WAAROM_LIVE_SECRET", wrong)
        with pytest.raises(BadSettings, match=r"^WAAROM_LIVE_SECRET: ") as refused:
            read_settings()
        assert "hush" not in str(refused.value)


def test_every_setting_says_what_it_does():
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_the_file_init_writes_holds_every_default_and_an_example_where_there_is_none(tmp_path):
    lines = commented_settings().splitlines()
    given = tomllib.loads(
        "\n".join(line[2:] for line in lines if " = " in line and "<" not in line)
    )
    assert set(given) == set(Settings.model_fields) - set(SECRETS)
    (tmp_path / "waarom.toml").write_text(
        "\n".join(line[2:] for line in lines if " = " in line and "example" not in line)
    )
    assert read_settings().model_dump() == Settings().model_dump()
