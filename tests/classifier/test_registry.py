import json
import shutil
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import joblib
import numpy as np
import pytest

from classifier import load_model
from classifier.calibration import UnknownCurve
from classifier.combination import MeaningClassifier
from classifier.encoder import load_encoder
from classifier.errors import BadModel, ModelNotFound
from classifier.model import Model, fingerprint
from classifier.novelty import Novelty, Vocabulary
from classifier.pipeline import build_pipeline
from classifier.registry import (
    current_version,
    list_versions,
    promote,
    rollback,
    save,
    verify,
)
from classifier.taxonomy import flat_taxonomy

CASES = Path(__file__).parents[1] / "cases"
TODAY = date(2026, 11, 21)
TEXTS = ["de factuur klopt niet", "btw op factuur", "waar is mijn pakket", "pakket te laat"]


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(
        pipeline=build_pipeline().fit(TEXTS, ["invoice", "invoice", "late", "late"]),
        taxonomy=flat_taxonomy(["invoice", "late"]),
        temperature=0.8,
        unknown_curve=UnknownCurve(1.0, 1.0),
        base_shares=(0.5, 0.5),
        threshold=0.7,
        target_precision=0.95,
        manifest={"counts": {"training": 4}},
        training_keys=frozenset(fingerprint(text) for text in TEXTS),
        novelty=Novelty(Vocabulary.of(TEXTS), (1.0, 3.0)),
    )


@pytest.fixture
def encoder_folder(tmp_path):
    return Path(shutil.copytree(CASES / "encoder", tmp_path / "encoder"))


@pytest.fixture
def with_encoder(model, encoder_folder) -> Model:
    drivers = ["invoice", "invoice", "late", "late"]
    meaning = MeaningClassifier(load_encoder(encoder_folder)).fit(TEXTS, drivers)
    return replace(model, meaning=meaning, meaning_weight=0.7)


@pytest.fixture
def saved(model, tmp_path):
    return tmp_path / save(model, tmp_path, today=TODAY, card="# Kaart\n")


class Bomb:
    """Anything that unpickles this has not checked what it unpickles."""

    def __reduce__(self):
        return (pytest.fail, ("it was unpickled",))


def rewritten(folder, **changes):
    """Change the manifest and make it consistent again, as another version of us would."""
    from classifier.registry import _digest

    manifest = {**json.loads((folder / "manifest.json").read_text()), **changes}
    (folder / "manifest.json").write_text(json.dumps({**manifest, "digest": _digest(manifest)}))


def test_what_is_loaded_predicts_what_was_saved(model, saved):
    loaded = load_model(saved)
    np.testing.assert_array_equal(loaded.predict_proba(TEXTS), model.predict_proba(TEXTS))
    np.testing.assert_array_equal(
        loaded.unknown_probability(TEXTS), model.unknown_probability(TEXTS)
    )
    strange = ["zeilboot te koop"]
    np.testing.assert_array_equal(loaded.scores(strange), model.scores(strange))
    assert loaded.drivers == model.drivers
    assert loaded.taxonomy.version == model.taxonomy.version
    assert (loaded.threshold, loaded.target_precision) == (0.7, 0.95)
    assert (loaded.version, loaded.manifest["counts"]) == ("2026-11-21.1", {"training": 4})
    assert loaded.trained_on([TEXTS[0], "nieuw"]).tolist() == [True, False]


def test_a_model_that_routes_nothing_still_does_after_loading(model, tmp_path):
    version = save(replace(model, threshold=float("inf")), tmp_path, today=TODAY, card="")
    assert load_model(tmp_path / version).threshold == float("inf")
    json.loads((tmp_path / version / "manifest.json").read_text(), parse_constant=pytest.fail)


def test_no_message_text_is_in_the_manifest_or_the_keys(saved):
    for name in ("manifest.json", "training.keys"):
        assert "pakket" not in (saved / name).read_text()


def test_versions_count_up_within_a_day(model, tmp_path):
    made = [save(model, tmp_path, today=TODAY, card="") for _ in range(11)]
    assert made[-1] == "2026-11-21.11"
    assert list_versions(tmp_path) == made
    assert save(model, tmp_path, today=date(2026, 11, 22), card="") == "2026-11-22.1"


def test_a_save_that_fails_leaves_nothing_behind(model, tmp_path):
    with pytest.raises(FileNotFoundError):
        save(model, tmp_path, today=TODAY, card="", extra={"no/such/folder": b""})
    assert list(tmp_path.iterdir()) == []


def test_extra_files_are_kept_and_watched(model, tmp_path):
    folder = tmp_path / save(model, tmp_path, today=TODAY, card="", extra={"curve.svg": b"<svg/>"})
    assert verify(folder)["files"].keys() == {
        "card.md",
        "curve.svg",
        "model.joblib",
        "scorer.npy",
        "training.keys",
    }


@pytest.mark.parametrize("name", ["model.joblib", "card.md", "training.keys", "manifest.json"])
def test_one_changed_byte_in_any_file_is_refused(saved, name):
    content = bytearray((saved / name).read_bytes())
    content[len(content) // 2] ^= 1
    (saved / name).write_bytes(content)
    with pytest.raises(BadModel, match=name):
        load_model(saved)


def test_a_missing_file_is_refused(saved):
    (saved / "model.joblib").unlink()
    with pytest.raises(BadModel, match=r"model\.joblib is missing"):
        load_model(saved)


def test_a_manifest_cut_short_is_refused(saved):
    (saved / "manifest.json").write_text('{"format": 1, ')
    with pytest.raises(BadModel, match="cannot be read"):
        load_model(saved)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"format": 0}, r"format 0.*train again"),
        ({"made_with": {"scikit-learn": "1.2.2"}}, r"scikit-learn 1\.2\.2.*train again"),
        ({"threshold": 0.1, "digest": ""}, None),
    ],
)
def test_nothing_is_unpickled_before_the_checks(saved, changes, sentence):
    joblib.dump(Bomb(), saved / "model.joblib")
    rewritten(saved, **changes)
    with pytest.raises(BadModel, match=sentence):
        load_model(saved)


@pytest.mark.parametrize("old", sorted((CASES / "manifests").glob("*.json")), ids=lambda p: p.stem)
def test_a_model_of_an_older_format_is_refused_with_what_to_do(saved, old):
    shutil.copy(old, saved / "manifest.json")
    with pytest.raises(BadModel, match=rf"format {old.stem}, .*train again with `waarom train`"):
        load_model(saved)


def test_what_is_loaded_with_its_encoder_predicts_what_was_saved(with_encoder, tmp_path):
    loaded = load_model(tmp_path / save(with_encoder, tmp_path, today=TODAY, card=""))
    texts = ["rekening", "my parcel", *TEXTS]
    np.testing.assert_array_equal(loaded.predict_proba(texts), with_encoder.predict_proba(texts))
    np.testing.assert_array_equal(loaded.scores(texts), with_encoder.scores(texts))
    assert loaded.predict(["rekening"])[0].driver == "invoice"


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_model_whose_encoder_changed_is_refused(with_encoder, encoder_folder, tmp_path, name):
    folder = tmp_path / save(with_encoder, tmp_path, today=TODAY, card="")
    with (encoder_folder / name).open("ab") as file:
        file.write(b" ")
    joblib.dump(Bomb(), folder / "model.joblib")
    rewritten(folder, files={})
    with pytest.raises(BadModel, match=r"not the one it was trained with.*train again"):
        load_model(folder)


def test_a_model_whose_encoder_is_gone_is_refused_and_not_promoted(
    with_encoder, encoder_folder, tmp_path
):
    version = save(with_encoder, tmp_path, today=TODAY, card="")
    shutil.rmtree(encoder_folder)
    with pytest.raises(BadModel, match=r"its encoder is missing.*put the encoder .* back"):
        load_model(tmp_path / version)
    with pytest.raises(BadModel, match="its encoder is missing"):
        promote(tmp_path, version)


def test_without_the_extra_a_model_with_an_encoder_says_how_to_get_it(
    with_encoder, tmp_path, monkeypatch
):
    folder = tmp_path / save(with_encoder, tmp_path, today=TODAY, card="")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(BadModel, match=r"pip install waarom\[encoder\]"):
        load_model(folder)


def test_another_patch_release_of_scikit_learn_is_accepted(saved):
    import sklearn

    minor = ".".join(sklearn.__version__.split(".")[:2])
    rewritten(saved, made_with={"scikit-learn": f"{minor}.99"})
    assert load_model(saved).drivers == ("invoice", "late")


def test_promotion_decides_what_a_models_folder_means(model, tmp_path):
    first, second = (save(model, tmp_path, today=TODAY, card="") for _ in range(2))
    assert current_version(tmp_path) is None
    promote(tmp_path, first)
    assert load_model(tmp_path).version == first
    promote(tmp_path, second)
    assert load_model(tmp_path).version == current_version(tmp_path) == second


def test_rolling_back_goes_through_earlier_versions_one_by_one(model, tmp_path):
    made = [save(model, tmp_path, today=TODAY, card="") for _ in range(3)]
    for version in made:
        promote(tmp_path, version)
        promote(tmp_path, version)
    assert rollback(tmp_path) == current_version(tmp_path) == made[1]
    assert rollback(tmp_path) == current_version(tmp_path) == made[0]
    with pytest.raises(ModelNotFound, match="no earlier version"):
        rollback(tmp_path)
    assert current_version(tmp_path) == made[0]


def test_a_damaged_version_is_not_promoted(model, tmp_path):
    good, bad = (save(model, tmp_path, today=TODAY, card="") for _ in range(2))
    promote(tmp_path, good)
    (tmp_path / bad / "model.joblib").write_bytes(b"")
    with pytest.raises(BadModel):
        promote(tmp_path, bad)
    assert current_version(tmp_path) == good


@pytest.mark.parametrize("version", ["2026-11-21.9", "../elsewhere", "", "CURRENT"])
def test_a_version_that_is_not_there_is_not_promoted(saved, version):
    with pytest.raises(ModelNotFound, match="models list"):
        promote(saved.parent, version)


def test_an_empty_or_missing_folder_holds_no_model(tmp_path):
    assert list_versions(tmp_path / "none") == []
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(ModelNotFound, match="waarom train"):
            load_model(folder)


def test_a_current_file_with_nonsense_is_refused(saved):
    (saved.parent / "CURRENT").write_text("../../etc\n")
    with pytest.raises(BadModel, match="CURRENT"):
        load_model(saved.parent)


def test_nonsense_in_current_is_repaired_by_promoting_and_the_refusal_says_how(saved):
    folder, version = saved.parent, saved.name
    (folder / "CURRENT").write_text("nonsense\n")
    with pytest.raises(BadModel, match=rf"`waarom models promote VERSION` \(there: {version}\)"):
        current_version(folder)
    promote(folder, version)
    assert current_version(folder) == version


def test_nonsense_in_current_does_not_keep_from_rolling_back(saved, model):
    folder = saved.parent
    for _ in range(2):
        promote(folder, save(model, folder, today=date(2026, 11, 22), card=""))
    first = list_versions(folder)[-2]
    (folder / "CURRENT").write_text("")
    assert rollback(folder) == first


def test_a_card_can_name_its_version(model, tmp_path):
    version = save(model, tmp_path, today=date(2026, 11, 22), card=lambda name: f"# Model {name}")
    assert (tmp_path / version / "card.md").read_text() == f"# Model {version}"
    verify(tmp_path / version)


def test_what_is_loaded_reads_the_scorer_that_was_stored_with_it(saved, monkeypatch):
    loaded = load_model(saved)
    monkeypatch.setattr("classifier.scorer.warming.compile_scorer", None)
    loaded.warming.warm_up()
    tables = loaded.warming.scorer().tables
    assert isinstance(tables.rows.base, np.memmap)
    np.testing.assert_allclose(
        loaded.predict_proba(TEXTS),
        replace(loaded, warming=None).predict_proba(TEXTS),
        rtol=0,
        atol=1e-5,
    )


def test_a_stored_scorer_that_was_changed_is_refused(saved):
    with (saved / "scorer.npy").open("r+b") as file:
        file.seek(-100, 2)
        file.write(b"\x01")
    with pytest.raises(BadModel, match=r"scorer\.npy was changed"):
        load_model(saved)


def test_a_model_of_the_format_before_scorers_were_stored_goes_on_working(saved, model):
    manifest = json.loads((saved / "manifest.json").read_text())
    (saved / "scorer.npy").unlink()
    rewritten(
        saved, format=2, files={k: v for k, v in manifest["files"].items() if "scorer" not in k}
    )
    loaded = load_model(saved)
    np.testing.assert_array_equal(loaded.predict_proba(TEXTS), model.predict_proba(TEXTS))
    loaded.warming.warm_up()
    assert loaded.warming.scorer() is not None


def test_what_is_loaded_compiles_its_scorer_once_it_pays(saved):
    loaded = load_model(saved)
    cold = loaded.predict_proba(TEXTS)
    assert loaded.warming.scorer() is None
    loaded.warming.warm_up()
    assert loaded.warming.scorer() is not None
    np.testing.assert_allclose(loaded.predict_proba(TEXTS), cold, atol=1e-5)
