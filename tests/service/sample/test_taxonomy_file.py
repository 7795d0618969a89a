from classifier.taxonomy import PILLARS, Driver
from service.sample import SAMPLE_TAXONOMY_PATH, sample_taxonomy

TAXONOMY = sample_taxonomy()
WRITTEN = [each for each in TAXONOMY.drivers if not each.id.endswith(".other")]
LEAVES = [each for each in WRITTEN if each.id in TAXONOMY.leaves]


def test_it_has_thirty_drivers_under_eight_parents() -> None:
    assert SAMPLE_TAXONOMY_PATH.name == "taxonomy.toml"
    assert len(TAXONOMY.parents) == 8
    assert len(LEAVES) == 30


def test_everything_has_names_and_definitions_in_both_languages() -> None:
    for driver in WRITTEN:
        assert set(driver.names) == {"nl", "en"}
        assert set(driver.definition) == {"nl", "en"}
        assert all(text.endswith(".") for text in driver.definition.values())


def test_names_are_told_apart() -> None:
    for language in ("nl", "en"):
        paths = [TAXONOMY.path(each.id, language) for each in LEAVES]
        assert len(set(paths)) == len(paths)


def test_every_leaf_has_examples_and_somebody_to_go_to() -> None:
    def inherited(driver: Driver, attribute: str) -> str:
        return TAXONOMY.inherited(driver.id, attribute)

    for driver in LEAVES:
        assert 2 <= len(driver.examples) <= 3
        assert TAXONOMY.queue(driver.id) != TAXONOMY.fallback_queue
        assert inherited(driver, "owner")
        assert inherited(driver, "pillar") in PILLARS[1:]
        assert inherited(driver, "phase") in ("orientation", "service")
