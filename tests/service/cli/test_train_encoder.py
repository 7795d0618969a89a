"""`waarom train --encoder DIR`, from a file of labels to a model that reads meaning."""

import csv
import json
import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from classifier import load_model
from classifier.encoder import Encoder
from service.cli import app

TINY = Path(__file__).parents[2] / "cases" / "encoder"
WORDS = {"invoice": ["factuur", "btw"], "late": ["pakket", "bezorging"], "login": ["inloggen"]}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with labels and an encoder, where the command is run."""
    shutil.copytree(TINY, tmp_path / "encoder")
    with (tmp_path / "labeled.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "label"])
        for driver, words in WORDS.items():
            rows.writerows([f"{words[n % len(words)]} vraag {n}", driver] for n in range(30))
    for name in [name for name in os.environ if name.startswith("WAAROM_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def train(*options):
    return CliRunner().invoke(
        app, ["train", "--labels", "labeled.csv", "--models-dir", "models", "--json", *options]
    )


def test_the_model_knows_words_that_only_its_encoder_knows(folder):
    made = train("--encoder", "encoder")
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)["promoted"]
    model = load_model(folder / "models")
    assert [each.driver for each in model.predict(["rekening", "parcel"])] == ["invoice", "late"]
    assert model.manifest["encoder"]["folder"] == str(folder / "encoder")


def test_a_folder_that_is_no_encoder_gets_a_sentence_and_makes_no_model(folder):
    (folder / "encoder" / "tokenizer.json").unlink()
    made = train("--encoder", "encoder")
    assert made.exit_code == 1
    assert "no tokenizer.json" in made.output
    assert not (folder / "models").exists()


def test_without_an_encoder_none_is_asked_for(folder):
    assert train().exit_code == 0
    assert load_model(folder / "models").manifest["encoder"] is None


def test_a_retrain_asks_the_encoder_about_new_texts_only(folder, monkeypatch):
    assert train("--encoder", "encoder").exit_code == 0
    read = []
    usual = Encoder.encode
    monkeypatch.setattr(
        Encoder, "encode", lambda self, texts: read.extend(texts) or usual(self, texts)
    )
    monkeypatch.setattr("classifier.training.measured_pace", lambda model, texts: None)
    with (folder / "labeled.csv").open("a", encoding="utf-8") as file:
        file.write("een nieuwe factuur,invoice\n")
    assert train("--encoder", "encoder").exit_code == 0
    assert set(read) <= {"een nieuwe factuur", *WORDS}
    (folder / "models" / "embeddings.sqlite").write_bytes(b"broken")
    assert train("--encoder", "encoder").exit_code == 0
    assert len(set(read)) > 90


def test_a_setting_picks_what_the_encoder_reads_and_the_card_says_what_that_is_worth(
    folder, monkeypatch
):
    monkeypatch.setenv("WAAROM_ENCODER_READS", "0.2")
    made = json.loads(train("--encoder", "encoder").stdout)
    model = load_model(folder / "models")
    assert model.cascade is not None
    assert 0 < model.manifest["cascade_curve"]["read"] <= 0.2
    card = Path(made["card"])
    assert "## What its encoder reads" in card.read_text(encoding="utf-8")
    assert (card.parent / "reading.svg").exists()
    assert not model.read_for_meaning(["factuur btw vraag 3"])[0]
    assert model.read_for_meaning(["rekening"])[0]
    assert model.predict(["rekening"])[0].driver == "invoice"
