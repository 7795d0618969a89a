from random import Random

import pytest
from schwifty import IBAN

from service.sample.people import bsn, iban, person


def passes_eleven_proof(number: str) -> bool:
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return sum(int(d) * w for d, w in zip(number, weights, strict=True)) % 11 == 0


def test_account_numbers_are_valid_dutch_ones() -> None:
    rng = Random(3)
    for _ in range(300):
        number = IBAN(iban(rng))
        assert number.country_code == "NL"


def test_citizen_numbers_pass_the_eleven_proof_in_the_test_range() -> None:
    rng = Random(3)
    numbers = [bsn(rng) for _ in range(300)]
    assert all(len(each) == 9 and each.startswith("9999") for each in numbers)
    assert all(map(passes_eleven_proof, numbers))


def test_the_eleven_proof_of_this_test_refuses_a_changed_digit() -> None:
    number = bsn(Random(3))
    assert not passes_eleven_proof(f"{(int(number) + 1):09d}")


def test_a_customer_is_always_the_same_person() -> None:
    assert person(1, 5) == person(1, 5)
    assert person(1, 5) != person(2, 5)
    assert person(1, 5).reference != person(1, 6).reference


@pytest.mark.parametrize("number", range(50))
def test_mail_addresses_are_in_reserved_domains(number: int) -> None:
    mailbox, _, domain = person(1, number).email.partition("@")
    assert mailbox.isascii()
    assert " " not in mailbox
    assert domain.startswith("example.") or domain.endswith(".example")
