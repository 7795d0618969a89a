"""The section on speed: what ran is in it, and what failed is not passed over."""

import pytest

from tests.benchmarks import pace


def test_each_part_stands_under_its_name_and_a_failure_is_said():
    text = pace.document({"scoring": "| a |\n|---|", "redaction": "a 1\nb 2", "files": None})
    assert text.startswith("## Speed and memory")
    assert "### Scoring\n\n| a |" in text
    assert "### Redaction\n\n```\na 1\nb 2\n```" in text
    assert text.endswith("### Files\n\nFailed.")


def test_every_part_is_a_module_of_the_benchmarks():
    for module in pace.PARTS.values():
        assert (pace.ROOT / "tests" / "benchmarks" / f"{module}.py").is_file()


def test_a_part_that_is_not_there_is_named(capsys):
    with pytest.raises(SystemExit):
        pace.main(["--only", "scoring,coffee"])
    assert "coffee" in capsys.readouterr().err
    assert pace.measured("no_such_benchmark") is None
