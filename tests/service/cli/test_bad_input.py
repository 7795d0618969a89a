"""Bad input of every kind: one clear sentence, nothing lost, the right exit code."""

import gzip
import sqlite3

import pytest

from service.studio_server import StudioServer

TAXONOMY = """
[[drivers]]
id = "late"
names = { en = "Late" }

[[drivers]]
id = "broken"
names = { en = "Broken" }
"""
GOOD = "1,Waar blijft mijn pakket?,late\n2,De doos is kapot,broken\n"


def complaint(said):
    """The one sentence a command ends with on stderr; nothing on stdout."""
    assert said.out == ""
    assert said.err.count("Error: ") == 1
    sentence = said.err[said.err.index("Error: ") :]
    assert sentence.count("\n") == 1
    return sentence


def stored(waarom):
    return waarom("doctor", "--json", code=1).document["findings"][0]["says"]


@pytest.fixture
def write(tmp_path):
    def written(name, content):
        data = content if isinstance(content, bytes) else content.encode("utf-8")
        (tmp_path / name).write_bytes(data)
        return name

    return written


@pytest.mark.parametrize("command", ["import {}", "classify {}", "train --labels {}"])
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"id,message\n1,hallo\n", "no column 'text'; the columns are: id, message"),
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b"PK\x03\x04 a spreadsheet", "save it as CSV in UTF-8"),
        (b"text,label\n\x81\x8d\x8f\x90\x9d,a\n", "save it as UTF-8"),
    ],
    ids=["missing column", "empty", "blank", "spreadsheet", "wrong encoding"],
)
def test_a_file_that_cannot_be_read_is_named_with_what_to_do(
    waarom, write, models_dir, monkeypatch, command, content, says
):
    monkeypatch.setenv("WAAROM_MODELS_DIR", str(models_dir))
    name = write("mail.csv", content)
    sentence = complaint(waarom(*command.format(name).split(), code=1))
    assert name in sentence
    assert says in sentence


def test_a_missing_label_column_is_named(waarom, write):
    write("mail.csv", "id,text\n1,hallo\n")
    for command in ("import --labels", "train --labels", "evaluate --cv 2 --data"):
        assert "no column 'label'" in waarom(*command.split(), "mail.csv", code=1).err


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_and_windows_1252_just_work(waarom, write, delimiter):
    rows = [("id", "text", "product"), ("1", "Mijn kópie, té laat", "x"), ("2", "Kapot", "y")]
    write("mail.csv", "\n".join(delimiter.join(row) for row in rows).encode("cp1252"))
    assert waarom("import", "mail.csv", "--json").document["stored"] == 2


def test_a_broken_gz_says_so(waarom, write):
    write("mail.csv.gz", gzip.compress(b"id,text\n1,hallo\n")[:-9])
    assert "compress it again" in complaint(waarom("import", "mail.csv.gz", code=1))


def test_a_message_of_50_mb_is_kept_aside_and_the_rest_goes_on(waarom, write):
    write("mail.csv", b"id,text\n1,hallo\n2," + b"lang " * 10_500_000 + b"\n3,dag\n")
    said = waarom("import", "mail.csv", "--json")
    assert (said.document["stored"], said.document["rejected"]) == (2, 1)
    [reason] = said.document["reasons"]
    assert reason.startswith("text: is larger than")


def test_a_nul_byte_is_kept_aside_and_the_rest_goes_on(waarom, write):
    write("mail.csv", b"id,text\n1,hal\0lo\n2,dag\n")
    said = waarom("import", "mail.csv", "--json")
    assert (said.document["stored"], said.document["rejected"]) == (1, 1)
    assert "NUL byte" in said.err


def test_a_file_of_which_no_row_can_be_used_fails(waarom, write):
    write("mail.csv", "id,text\n1,\n2,\n")
    assert waarom("import", "mail.csv", "--json", code=1).document["rejected"] == 2


def test_rejected_rows_are_remembered_without_their_content(waarom, write, tmp_path):
    write("mail.csv", "id,text,received_at\n1,geheim verhaal,never\n2,dag,2026-11-10\n")
    waarom("import", "mail.csv")
    with sqlite3.connect(tmp_path / ".waarom" / "waarom.db") as database:
        rows = database.execute("SELECT file, line, field, reason FROM rejects").fetchall()
    database.close()
    assert [row[:3] for row in rows] == [("mail.csv", 2, "received_at")]
    assert b"geheim" not in (tmp_path / ".waarom" / "waarom.db").read_bytes()


def test_an_unknown_driver_in_an_import_is_kept_aside(waarom, write):
    write("taxonomy.toml", TAXONOMY)
    write("mail.csv", f"id,text,label\n{GOOD}3,Iets anders,lost\n")
    said = waarom("import", "mail.csv", "--labels", "--json")
    assert (said.document["labels"], said.document["rejected"]) == (2, 1)
    assert "correct it or add the driver" in said.err


def test_an_unknown_driver_in_a_training_file_is_named(waarom, write, tmp_path):
    write("taxonomy.toml", TAXONOMY)
    write("labels.csv", f"id,text,label\n{GOOD}3,Iets anders,lost\n")
    for command in (("train", "--labels", "labels.csv"), ("evaluate", "--data", "labels.csv")):
        options = () if command[0] == "train" else ("--cv", "2")
        sentence = waarom(*command, *options, code=1).err.splitlines()[-1]
        assert "1 label not in taxonomy.toml" in sentence
        assert "(lost)" in sentence
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ('[[drivers]]\nid = "late"\nnames = { en = "Again" }\n', "'late' occurs twice"),
        (
            '[[drivers]]\nid = "a"\nparent = "b"\nnames = { en = "A" }\n'
            '[[drivers]]\nid = "b"\nparent = "a"\nnames = { en = "B" }\n',
            "its own ancestor",
        ),
        ('[[drivers]]\nid = "c"\nparent = "d"\nnames = { en = "C" }\n', "'d' is not in the file"),
        ("this is no TOML", "not valid TOML"),
    ],
    ids=["duplicate", "cycle", "no parent", "no TOML"],
)
def test_a_taxonomy_that_cannot_be_used_says_what_is_wrong(waarom, write, change, says):
    write("taxonomy.toml", TAXONOMY + change)
    write("mail.csv", f"id,text,label\n{GOOD}")
    for command in (("import", "mail.csv"), ("train", "--labels", "mail.csv")):
        sentence = waarom(*command, code=1).err.splitlines()[-1]
        assert sentence.startswith("Error: taxonomy.toml: ")
        assert says in sentence
    assert "0 messages" in stored(waarom)


def test_one_id_with_two_labels_keeps_the_first(waarom, write):
    write("taxonomy.toml", TAXONOMY)
    write("mail.csv", f"id,text,label\n{GOOD}1,Waar blijft mijn pakket?,broken\n")
    said = waarom("import", "mail.csv", "--labels", "--json").document
    assert (said["stored"], said["labels"], said["rejected"]) == (2, 2, 1)
    assert said["reasons"] == {"label: the same id has another label on line 2": 1}


def test_too_few_labels_to_train_on_says_how_many_it_takes(waarom, write):
    write("labels.csv", "id,text,label\n1,te laat,late\n2,kapot,late\n")
    sentence = waarom("train", "--labels", "labels.csv", code=1).err.splitlines()[-1]
    assert "at least two" in sentence
    assert "waarom import FILE --labels" in waarom("train", code=1).err


def test_a_model_with_a_changed_byte_is_never_loaded(waarom, labeled_file, tmp_path):
    made = waarom("train", "--labels", labeled_file, "--json").document
    path = tmp_path / "models" / made["version"] / "model.joblib"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    for command in (("classify",), ("models", "show"), ("evaluate", "--data", labeled_file)):
        sentence = waarom(*command, stdin="hallo\n", code=1).err.splitlines()[-1]
        assert "model.joblib was changed after it was written" in sentence
        assert "waarom train" in sentence or "waarom models" in sentence


def test_messages_are_not_refused_for_a_broken_model(waarom, write, labeled_file, tmp_path):
    """Either the import says what to do and stores nothing, or it stores all of it."""
    made = waarom("train", "--labels", labeled_file, "--json").document
    (tmp_path / "models" / made["version"] / "manifest.json").write_text("{}")
    write("mail.csv", "id,text\n1,hallo\n")
    assert "waarom train" in complaint(waarom("import", "mail.csv", code=1))
    assert waarom("models", "list", "--json").document["versions"] == [made["version"]]
    waarom("train", "--labels", labeled_file)
    assert waarom("import", "mail.csv", "--json").document["stored"] == 1


def test_models_are_listed_whatever_current_holds(waarom, labeled_file, tmp_path):
    version = waarom("train", "--labels", labeled_file, "--json").document["version"]
    (tmp_path / "models" / "CURRENT").write_text("no such version\n")
    listed = waarom("models", "list", "--json")
    assert listed.document == {"versions": [version], "current": None}
    assert version in listed.err
    assert "waarom models promote" in listed.err


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("prot = 8000", "no setting prot; did you mean port?"),
        ('port = "x"', "waarom.toml, port: "),
        ("port = = 3", "not valid TOML"),
        ('language = "n\xe9"'.encode("latin-1"), "not valid TOML in UTF-8"),
        ('label_studio_api_key = "x"', "set WAAROM_LABEL_STUDIO_API_KEY in the environment"),
        ('timezone = "Mars"', "Europe/Amsterdam"),
        ('database_url = "mysql://x"', "must begin with sqlite:/// or postgresql://"),
        ('database_url = "postgresql://localhost/x"', "must name a user"),
    ],
)
def test_settings_that_cannot_be_used_are_named(waarom, write, content, says):
    write("waarom.toml", content)
    sentence = complaint(waarom("keys", "list", code=1))
    assert sentence.startswith("Error: waarom.toml")
    assert says in sentence


def test_a_database_that_cannot_be_reached_is_one_sentence(waarom, monkeypatch):
    monkeypatch.setenv("WAAROM_DATABASE_URL", "postgresql://u:geheim@localhost:1/x")
    sentence = complaint(waarom("keys", "list", code=1))
    assert "WAAROM_DATABASE_URL" in sentence
    assert "geheim" not in sentence


def test_a_file_that_is_no_database_is_one_sentence(waarom, write, monkeypatch):
    write("x.db", "This is no database at all, and never was one.")
    monkeypatch.setenv("WAAROM_DATABASE_URL", "sqlite:///x.db")
    assert "the file is something else" in complaint(waarom("keys", "list", code=1))


def test_a_folder_that_may_not_be_written_is_one_sentence(waarom, write):
    write(".waarom", "a file where a folder should be")
    assert ".waarom" in complaint(waarom("keys", "list", code=1))


@pytest.fixture
def questions(waarom, write, monkeypatch):
    """Two doubtful messages that wait to be asked about."""
    write("taxonomy.toml", TAXONOMY)
    write("mail.csv", f"id,text,label\n{GOOD}")
    monkeypatch.setenv("WAAROM_LABEL_STUDIO_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("WAAROM_LABEL_STUDIO_API_KEY", "a-token-nobody-gave")
    waarom("import", "mail.csv")
    assert waarom("label", "status", "--json").document["waiting"] == 2


@pytest.mark.usefixtures("questions")
def test_label_studio_down_keeps_every_question(waarom):
    for command in ("setup", "push", "pull"):
        sentence = complaint(waarom("label", command, code=1))
        assert "cannot be reached" in sentence
        assert "WAAROM_LABEL_STUDIO_URL" in sentence
    problems = waarom("worker", "--once", "--json", code=1).document["problems"]
    assert any("cannot be reached" in problem for problem in problems)
    assert waarom("label", "status", "--json").document["waiting"] == 2


@pytest.mark.studio
@pytest.mark.usefixtures("questions")
def test_a_wrong_token_is_said_and_keeps_every_question(
    waarom, monkeypatch, studio_server: StudioServer
):
    monkeypatch.setenv("WAAROM_LABEL_STUDIO_URL", studio_server.url)
    sentence = complaint(waarom("label", "push", code=1))
    assert "WAAROM_LABEL_STUDIO_API_KEY" in sentence
    assert "a-token-nobody-gave" not in sentence
    assert waarom("label", "status", "--json").document["waiting"] == 2
    findings = waarom("doctor", "--json", code=1).document["findings"]
    [studio] = [each for each in findings if each["what"] == "Label Studio"]
    assert not studio["ok"]


@pytest.mark.studio
@pytest.mark.usefixtures("questions")
def test_a_deleted_project_is_said_and_made_anew(
    waarom, monkeypatch, studio_server: StudioServer, studio
):
    monkeypatch.setenv("WAAROM_LABEL_STUDIO_URL", studio_server.url)
    monkeypatch.setenv("WAAROM_LABEL_STUDIO_API_KEY", studio_server.token)
    monkeypatch.setenv("WAAROM_LABEL_STUDIO_PROJECT", "A project to delete")
    project = waarom("label", "setup", "--json").document["id"]
    assert waarom("label", "push", "--json").document["sent"] == 2
    studio._once("DELETE", f"/api/projects/{project}")
    assert "waarom label setup" in complaint(waarom("label", "pull", code=1))
    assert waarom("label", "setup", "--json").document["id"] != project
    assert waarom("label", "push", "--json").document["sent"] == 2
