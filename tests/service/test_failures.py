"""What went wrong outside our own code, in a sentence."""

import pytest
from alembic.util import CommandError
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from classifier.errors import BadFile
from service.failures import sentence


def test_our_own_errors_speak_for_themselves():
    assert sentence(BadFile("mail.csv", "is empty")) == "mail.csv: is empty"


def test_a_file_that_may_not_be_read_says_so():
    error = PermissionError(13, "Permission denied", "mail.csv")
    assert sentence(error) == "mail.csv: permission denied; check its permissions"


def test_a_locked_database_says_to_try_again(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/x.db", connect_args={"timeout": 0.05})
    with engine.connect() as first, engine.connect() as second:
        first.execute(text("BEGIN IMMEDIATE"))
        with pytest.raises(OperationalError) as locked:
            second.execute(text("BEGIN IMMEDIATE"))
        assert "try again" in str(sentence(locked.value))
    engine.dispose()


def test_a_database_of_a_newer_waarom_says_so():
    error = CommandError("Can't locate revision identified by '0009'")
    assert "newer Waarom" in str(sentence(error))


def test_a_mistake_of_ours_is_no_sentence():
    assert sentence(KeyError("x")) is None
    assert sentence(TypeError("x")) is None
