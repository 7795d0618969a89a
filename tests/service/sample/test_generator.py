import hashlib
import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from classifier.messages import Direction
from service.sample import (
    LATE_DRIVER,
    STRIKE_DRIVER,
    STRIKE_WEEK,
    TRAINING_WEEKS,
    SampleMessage,
    generate,
    plan,
    sample_taxonomy,
)
from service.sample.demand import SHARES
from service.sample.generator import generate_mixed
from service.sample.phrasebook import load_phrasebook
from service.sample.slots import STRIKING_COURIER

UNTIL = date(2026, 11, 21)
WEEKS = 12


@pytest.fixture(scope="module")
def sample() -> list[SampleMessage]:
    return generate(until=UNTIL)


@pytest.fixture(scope="module")
def inbound(sample: list[SampleMessage]) -> list[SampleMessage]:
    return [each for each in sample if each.raw.direction is Direction.INBOUND]


def said(messages: list[SampleMessage]) -> list[tuple[str, str, str]]:
    return [(m.raw.subject, m.raw.text, str(m.truth)) for m in messages]


def per_week(messages: list[SampleMessage], driver: str) -> list[int]:
    counts = Counter(m.week for m in messages if m.truth.primary == driver)
    return [counts[week] for week in range(WEEKS)]


def test_the_same_seed_gives_the_same_messages() -> None:
    first = generate(until=UNTIL, seed=7, messages=400)
    assert first == generate(until=UNTIL, seed=7, messages=400)
    assert said(first) != said(generate(until=UNTIL, seed=8, messages=400))


def test_texts_do_not_depend_on_until() -> None:
    now, later = (generate(until=day, messages=400) for day in (UNTIL, date(2027, 4, 7)))
    assert said(now) == said(later)
    assert all(a.raw.received_at != b.raw.received_at for a, b in zip(now, later, strict=True))


def test_texts_do_not_depend_on_the_process() -> None:
    program = (
        "import hashlib; from datetime import date; from service.sample import generate; "
        "m = generate(until=date(2026, 11, 21), messages=300); "
        "print(hashlib.sha256(repr([x.raw.text for x in m]).encode()).hexdigest())"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": "42", "PYTHONPATH": os.getcwd(), "TZ": "Asia/Tokyo"},
        capture_output=True,
        text=True,
        check=True,
    )
    here = repr([m.raw.text for m in generate(until=UNTIL, messages=300)])
    assert elsewhere.stdout.strip() == hashlib.sha256(here.encode()).hexdigest()


def test_the_number_of_messages_is_exact_and_automatic_replies_come_on_top(
    sample: list[SampleMessage], inbound: list[SampleMessage]
) -> None:
    automatic = [m for m in sample if m.raw.direction is Direction.AUTO_REPLY]
    assert len(inbound) == 12_000
    assert len(sample) == len(inbound) + len(automatic)
    assert 30 <= len(automatic) <= 150
    assert all(m.raw.subject.startswith("Automati") for m in automatic)


def test_ids_are_unique_and_messages_are_in_order(sample: list[SampleMessage]) -> None:
    assert len({m.raw.external_id for m in sample}) == len(sample)
    assert all(a.raw.received_at <= b.raw.received_at for a, b in pairwise(sample))


@pytest.mark.parametrize(
    ("until", "last_day"),
    [
        (date(2026, 11, 21), date(2026, 11, 15)),
        (date(2026, 11, 22), date(2026, 11, 15)),
        (date(2026, 11, 23), date(2026, 11, 22)),
        (date(2027, 1, 6), date(2027, 1, 3)),
    ],
)
def test_weeks_end_with_the_last_complete_iso_week(until: date, last_day: date) -> None:
    messages = generate(until=until, messages=600)
    assert max(m.raw.received_at.date() for m in messages) <= last_day
    first_monday = last_day - timedelta(days=7 * WEEKS - 1)
    for message in messages:
        received = message.raw.received_at
        assert (received.date() - first_monday).days // 7 == message.week
        assert received.tzinfo is not None
        assert received.tzinfo.key == "Europe/Amsterdam"


def test_weeks_grow_by_about_one_and_a_half_percent(inbound: list[SampleMessage]) -> None:
    weeks = Counter(m.week for m in inbound)
    assert sorted(weeks) == list(range(WEEKS))
    assert weeks[7] / weeks[0] == pytest.approx(1.015**7, rel=0.01)


def test_days_and_hours_have_a_rhythm(inbound: list[SampleMessage]) -> None:
    days = Counter(m.raw.received_at.weekday() for m in inbound)
    hours = Counter(m.raw.received_at.hour for m in inbound)
    assert days[0] > 1.5 * days[6]
    assert hours[10] > 5 * hours[6]
    assert not {2, 3, 4} & set(hours)


def test_channels_and_languages_have_their_shares(inbound: list[SampleMessage]) -> None:
    channels = Counter(m.raw.channel for m in inbound)
    languages = Counter(m.raw.language for m in inbound)
    for channel, share in {"ticket": 0.45, "email": 0.35, "survey": 0.20}.items():
        assert channels[channel] / len(inbound) == pytest.approx(share, abs=0.04)
    assert languages["nl"] / len(inbound) == pytest.approx(0.65, abs=0.04)
    assert set(languages) == {"nl", "en"}


def test_driver_shares_run_from_eleven_to_under_one_percent(inbound: list[SampleMessage]) -> None:
    before = [m for m in inbound if m.week < TRAINING_WEEKS]
    counts = Counter(m.truth.primary for m in before)
    assert set(SHARES) == set(counts) - {None}
    for driver, share in SHARES.items():
        spread = 4 * (share / 100 / len(before)) ** 0.5
        assert counts[driver] / len(before) == pytest.approx(0.97 * share / 99.5, abs=spread)
    assert counts[None] / len(before) == pytest.approx(0.03, abs=0.01)


def test_labels_are_leaves_of_the_taxonomy(inbound: list[SampleMessage]) -> None:
    used = {driver for m in inbound for driver in m.truth.drivers}
    leaves = {each for each in sample_taxonomy().leaves if not each.endswith(".other")}
    assert used == leaves


def test_the_strike_shows_in_one_week_and_mostly_at_one_courier(
    inbound: list[SampleMessage],
) -> None:
    strike = WEEKS + STRIKE_WEEK
    late, track = per_week(inbound, STRIKE_DRIVER), per_week(inbound, "delivery.track")
    usual_late = (sum(late) - late[strike]) / (WEEKS - 1)
    usual_track = (sum(track) - track[strike]) / (WEEKS - 1)
    assert 3.4 <= late[strike] / usual_late <= 4.9
    assert 1.6 <= track[strike] / usual_track <= 2.8
    hit = [m for m in inbound if m.week == strike and m.truth.primary == STRIKE_DRIVER]
    partners = Counter(m.raw.attributes["partner"] for m in hit)
    assert partners[STRIKING_COURIER] > 0.6 * len(hit)


def test_the_late_driver_comes_after_eight_weeks(inbound: list[SampleMessage]) -> None:
    late, totals = per_week(inbound, LATE_DRIVER), Counter(m.week for m in inbound)
    assert late[:8] == [0] * 8
    for week, share in zip(range(8, 12), (0.02, 0.04, 0.06, 0.06), strict=True):
        assert late[week] / totals[week] == pytest.approx(share, abs=0.025)
    mentioned = [m for m in inbound if LATE_DRIVER in m.truth.also]
    assert all(m.week >= 8 for m in mentioned)


def test_a_second_driver_is_labeled_and_never_the_same(inbound: list[SampleMessage]) -> None:
    mixed = [m for m in inbound if m.truth.also]
    assert 0.02 <= len(mixed) / len(inbound) <= 0.06
    assert all(m.truth.primary not in m.truth.also for m in mixed)
    assert all(m.raw.channel != "survey" for m in mixed)


def test_a_few_long_mails_have_two_other_drivers_in_paragraphs_of_their_own(
    inbound: list[SampleMessage],
) -> None:
    mails = [m for m in inbound if m.raw.channel == "email" and m.truth.primary]
    long = [m for m in mails if len(m.truth.also) == 2]
    assert 0.02 < len(long) / len(mails) < 0.04
    assert all(len(set(m.truth.drivers)) == 3 for m in long)
    assert all(m.raw.text.count("\n\n") >= 3 for m in long)
    assert not [m for m in inbound if len(m.truth.also) > 1 and m.raw.channel != "email"]


def test_long_mails_leave_all_other_messages_as_they_are(
    inbound: list[SampleMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "FURTHER_SHARE", 0.0)
    without = [m for m in generate(until=UNTIL) if m.raw.direction is Direction.INBOUND]
    assert max(len(m.truth.also) for m in without) == 1
    pairs = list(zip(without, inbound, strict=True))
    assert all(a == b for a, b in pairs if len(b.truth.also) < 2)
    assert all(a.raw.text != b.raw.text for a, b in pairs if len(b.truth.also) == 2)


def test_every_other_driver_says_whether_its_phrasing_is_late(
    inbound: list[SampleMessage],
) -> None:
    assert all(len(m.late_also) == len(m.truth.also) for m in inbound)
    assert not any(any(m.late_also) for m in inbound if m.week < TRAINING_WEEKS)
    assert any(any(m.late_also) for m in inbound)


def test_mixed_mails_are_about_two_or_three_known_drivers() -> None:
    mails = generate_mixed(until=UNTIL, messages=3_000)
    assert mails == generate_mixed(until=UNTIL, messages=3_000)
    assert len(mails) > 400
    assert {len(m.truth.also) for m in mails} == {1, 2}
    assert {driver for m in mails for driver in m.truth.drivers} <= set(SHARES)
    assert all(m.week >= TRAINING_WEEKS and m.raw.channel == "email" for m in mails)
    late = [late for m in mails for late in m.late_also]
    assert 0.05 < sum(late) / len(late) < 0.2


def test_follow_ups_come_within_fourteen_days_from_the_same_customer(
    inbound: list[SampleMessage],
) -> None:
    conversations: dict[str, list[SampleMessage]] = defaultdict(list)
    for message in inbound:
        conversations[message.raw.conversation_id or ""].append(message)
    follow_ups = len(inbound) - len(conversations)
    assert 0.05 <= follow_ups / len(inbound) <= 0.08
    for first, *others in conversations.values():
        for other in others:
            assert other.raw.received_at - first.raw.received_at < timedelta(days=14)
            assert other.raw.customer == first.raw.customer
            assert other.raw.channel == first.raw.channel


def test_surveys_have_scores_in_the_mood_of_their_driver(inbound: list[SampleMessage]) -> None:
    scores: dict[str | None, list[float]] = defaultdict(list)
    for message in inbound:
        if message.raw.channel != "survey":
            assert message.raw.scores == {}
            continue
        assert 0 <= message.raw.scores["nps"] <= 10
        scores[message.truth.primary].append(message.raw.scores["nps"])
    assert sum(scores["service.praise"]) / len(scores["service.praise"]) > 8
    assert sum(scores["service.complaint"]) / len(scores["service.complaint"]) < 3


def test_every_personal_string_is_in_the_message(sample: list[SampleMessage]) -> None:
    missing = [
        (m.raw.external_id, string)
        for m in sample
        for string in m.personal
        if string not in m.raw.text and string not in m.raw.subject
    ]
    assert missing == []
    assert sum(bool(m.personal) for m in sample) > 0.4 * len(sample)


def test_some_mails_quote_what_they_answer(inbound: list[SampleMessage]) -> None:
    mails = [m for m in inbound if m.raw.channel == "email"]
    for language, head in {"nl": " schreef Kwikstaart", "en": "> wrote:"}.items():
        here = [m for m in mails if m.raw.language == language]
        quoting = [m for m in here if head in m.raw.text and "\n> " in m.raw.text]
        assert 0.1 < len(quoting) / len(here) < 0.35
    assert all(m.raw.subject for m in mails)


def test_no_slot_is_left_open(sample: list[SampleMessage]) -> None:
    assert not [m.raw.text for m in sample if "{" in m.raw.text + m.raw.subject]


def test_a_quarter_of_the_phrasings_comes_after_the_training_weeks(tmp_path: Path) -> None:
    tokens = [f"p{number:02d}" for number in range(24)]  # too short to be mistyped
    for driver in {driver for driver, _ in load_phrasebook()}:
        parent, _, leaf = driver.partition(".")
        with (tmp_path / f"{parent}.toml").open("a", encoding="utf-8") as file:
            file.write(f"[{leaf or parent}]\nnl = {tokens}\nen = {tokens}\n")
    messages = [m for m in generate(until=UNTIL, phrasings=tmp_path) if not m.truth.also]
    common = [m for m in messages if m.truth.primary == "returns.refund"]
    for language in ("nl", "en"):
        by_time = {
            trained: {
                token
                for m in common
                for token in tokens
                if m.raw.language == language
                and (m.week < TRAINING_WEEKS) == trained
                and token in m.raw.text
            }
            for trained in (True, False)
        }
        assert len(by_time[True]) == 18
        assert by_time[False] == set(tokens)
    assert not any(m.late_phrasing for m in messages if m.week < TRAINING_WEEKS)
    after = [m for m in common if m.week >= TRAINING_WEEKS]
    assert 0.08 < sum(m.late_phrasing for m in after) / len(after) < 0.2


def test_fewer_weeks_still_keep_the_late_driver_out_of_the_training_weeks() -> None:
    messages = generate(until=UNTIL, messages=2_000, weeks=8)
    late = [m.week for m in messages if m.truth.primary == LATE_DRIVER]
    assert late
    assert min(late) >= TRAINING_WEEKS
