"""Every command as a new user meets it: help, exit codes, one document on stdout."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from typer.main import get_command

from service.cli import app

HEAVY = ("sklearn", "spacy", "sqlalchemy", "fastapi", "numpy", "pydantic", "label_studio_sdk")


def commands(group=None, path=()):
    """Every command with the words that call it."""
    group = group or get_command(app)
    for name, command in sorted(group.commands.items()):
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ALL = [pytest.param(words, command, id=" ".join(words)) for words, command in commands()]


@pytest.mark.parametrize(("words", "command"), ALL)
def test_every_command_explains_itself_with_an_example(waarom, words, command):
    said = waarom(*words, "--help")
    assert command.help.split("\n\n")[0].rstrip().endswith((".", "what.", "where."))
    assert f"Example: waarom {' '.join(words)}" in command.help
    assert "Example:" in said.out
    for option in command.params:
        assert option.help or option.name == "help", f"{option.name} says nothing"


@pytest.mark.parametrize(("words", "command"), ALL)
def test_an_unknown_option_is_a_wrong_use(waarom, words, command):
    said = waarom(*words, "--no-such-option", code=2)
    assert said.out == ""
    assert "--no-such-option" in said.err


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from service.cli import app\n"
        "try: app(['--help'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        f"print('HEAVY', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "HEAVY []"


def test_it_says_its_version(waarom):
    assert waarom("--version").out == "waarom 0.1.0\n"


def test_init_makes_a_folder_in_which_every_other_command_works(waarom, monkeypatch, tmp_path):
    said = waarom("init", "shop", "--json")
    assert said.document["written"] == ["taxonomy.toml", "waarom.toml"]
    assert said.document["key"].startswith("wrm_")
    monkeypatch.chdir(tmp_path / "shop")
    assert [key["name"] for key in waarom("keys", "list", "--json").document["keys"]] == ["first"]
    assert (tmp_path / "shop" / ".waarom" / "secret").stat().st_mode & 0o077 == 0


def test_init_twice_keeps_everything(waarom, tmp_path):
    waarom("init")
    (tmp_path / "waarom.toml").write_text('language = "en"\n')
    said = waarom("init", "--json").document
    assert said["key"] is None
    assert said["kept"] == ["taxonomy.toml", "waarom.toml"]
    assert (tmp_path / "waarom.toml").read_text() == 'language = "en"\n'


def test_the_environment_counts_before_the_file(waarom, tmp_path, monkeypatch, models_dir):
    (tmp_path / "waarom.toml").write_text('models_dir = "elsewhere"\n')
    assert waarom("models", "list", "--json").document["versions"] == []
    monkeypatch.setenv("WAAROM_MODELS_DIR", str(models_dir))
    assert waarom("models", "list", "--json").document["current"] == "2026-11-01.1"


def test_keys_are_made_listed_and_closed(waarom):
    key = waarom("keys", "create", "helpdesk", "--scope", "classify", "--json").document["key"]
    assert key.startswith("wrm_")
    listed = waarom("keys", "list")
    assert "helpdesk" in listed.out
    assert key not in listed.out
    assert waarom("keys", "revoke", 1, "--json").document["revoked"]
    assert "revoked" in waarom("keys", "list").out


def test_a_scope_that_does_not_exist_is_a_wrong_use(waarom):
    assert "foo" in waarom("keys", "create", "x", "--scope", "foo", code=2).err


def test_a_key_that_does_not_exist_is_a_failure(waarom):
    assert waarom("keys", "revoke", 99, code=1).err == "Error: There is no key 99.\n"


def test_import_stores_once_and_counts_everything(waarom, tmp_path):
    (tmp_path / "mail.csv").write_text(
        "id,text,received_at\n1,Waar blijft het?,2026-11-10\n2,Kapot,2026-11-11\n3,,2026-11-11\n"
    )
    first = waarom("import", "mail.csv", "--json")
    assert (first.document["stored"], first.document["rejected"]) == (2, 1)
    assert first.document["reasons"] == {"text: is empty": 1}
    assert "1 rows kept aside: text: is empty" in first.err
    again = waarom("import", "mail.csv", "--json").document
    assert (again["stored"], again["known"]) == (0, 2)


def test_a_week_is_published_on_request_and_not_twice_with_the_same_figures(waarom, tmp_path):
    rows = ["text,id,label,received_at"]
    rows += [f"pakket te laat {n},m{n},late,2026-03-0{2 + n}" for n in range(5)]
    (tmp_path / "march.csv").write_text("\n".join(rows), encoding="utf-8")
    waarom("import", "march.csv", "--labels")
    command = ("report", "--week", "2026-W10", "--publish", "--json")
    said = waarom(*command)
    assert "2026-W10, version 1: published now." in said.err
    (week,) = said.document["weeks"]
    assert (week["publication"]["version"], week["publication"]["answers"]) == (1, 5)
    assert "version 1: published before, with the same figures." in waarom(*command).err
    waarom("report", "--week", "2026-W09", "--publish", code=2)


def test_a_report_is_written_as_its_file_is_named(waarom, tmp_path):
    (tmp_path / "mail.csv").write_text("id,text,received_at\n1,Waar blijft het?,2026-11-10\n")
    waarom("import", "mail.csv")
    said = waarom("report", "--week", "2026-W46", "-o", "week.csv", "--json")
    assert said.document == {"output": "week.csv", "format": "csv"}
    assert (tmp_path / "week.csv").read_text().startswith("week,driver,")
    assert waarom("report", "--week", "2026-W46", "--json").document["first"] == "2026-W46"
    assert waarom("report", "--week", "2026-W46", "--language", "en").out.startswith("<!doctype")


@pytest.mark.parametrize(
    "arguments",
    [
        ("report", "--week", "2026-W99"),
        ("report", "--week", "now"),
        ("report", "--language", "de"),
        ("report", "--format", "pdf"),
        ("report", "-o", "no/such/folder/week.html"),
        ("import", "no-such-file.csv"),
        ("import", ".", "--draw-since", "yesterday"),
        ("train", "--labels", "no-such-file.csv"),
        ("train", "--labels", "."),
        ("evaluate",),
        ("evaluate", "--data", "no-such-file.csv"),
        ("classify", "no-such-file.csv"),
        ("keys", "revoke", "first"),
        ("serve", "--port", "70000"),
        ("no-such-command",),
    ],
    ids=" ".join,
)
def test_what_is_typed_wrongly_exits_with_2_and_leaves_stdout_empty(waarom, arguments):
    said = waarom(*arguments, code=2)
    assert said.out == ""
    assert said.err


def test_without_a_model_the_next_step_is_named(waarom):
    for command in (("classify",), ("models", "show"), ("models", "rollback")):
        said = waarom(*command, stdin="hallo\n", code=1)
        assert said.out == ""
    assert "waarom train" in waarom("classify", stdin="hallo\n", code=1).err
    assert "waarom train" in waarom("models", "list").out


def test_versions_are_shown_promoted_and_rolled_back(waarom, models_dir):
    folder = ("--models-dir", models_dir)
    assert waarom("models", "list", *folder).out == "* 2026-11-01.1\n"
    assert "A small model" in waarom("models", "show", *folder).out
    assert waarom("models", "show", *folder, "--json").document["format"] == 4
    assert waarom("models", "promote", "2026-11-01.1", *folder, "--json").document == {
        "current": "2026-11-01.1"
    }
    said = waarom("models", "promote", "2026-11-01.9", *folder, code=1)
    assert "waarom models list" in said.err
    assert "no earlier version" in waarom("models", "rollback", *folder, code=1).err


def test_a_version_is_a_name_and_never_a_path(waarom, models_dir):
    said = waarom("models", "show", f"../{models_dir.name}/2026-11-01.1", code=1)
    assert "no version" in said.err


def test_one_round_of_the_worker_ends(waarom):
    assert waarom("worker", "--once", "--json").document == {"problems": []}


def test_label_commands_say_what_to_set(waarom):
    for command in ("setup", "push", "pull"):
        assert "WAAROM_LABEL_STUDIO_URL" in waarom("label", command, code=1).err
    assert waarom("label", "status", "--json").document["waiting"] == 0


def test_an_address_in_use_is_one_sentence(waarom):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = waarom("serve", "--port", taken.getsockname()[1], code=1)
    assert "--port" in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_ctrl_c_leaves_no_traceback(tmp_path, command):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (tmp_path / "waarom.toml").write_text(f"port = {port}\n")
    running = subprocess.Popen(
        [sys.executable, "-c", "from service.cli import main; main()", command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / ".waarom" / "secret").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1.5)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert running.returncode in (0, 130), err
    assert "Traceback" not in err
    assert out == ""


def test_a_reader_who_has_seen_enough_is_no_error(tmp_path):
    command = f'"{sys.executable}" -c "from service.cli import main; main()" report | head -c 10'
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    done = subprocess.run(
        command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.stdout == "<!doctype "
    assert done.stderr == ""


def test_every_json_is_one_document(waarom, models_dir):
    calls = [
        ("init",),
        ("keys", "create", "x"),
        ("keys", "list"),
        ("models", "list"),
        ("label", "status"),
        ("worker", "--once"),
        ("report",),
        ("redact",),
        ("classify", "--models-dir", models_dir),
    ]
    for call in calls:
        json.loads(waarom(*call, "--json", stdin="Waar blijft mijn pakket?\n").out)
