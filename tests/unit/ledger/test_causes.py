"""Letters of one cause are one line, whatever ids and values their words hold."""

import pytest

from tasuki.ledger import DeadLetterRow, Ledger, encode
from tasuki.ledger.cause import gist, group_of
from tests.unit.ledger.material import SYNC, letter


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("partner 12345 does not exist", "partner 9 does not exist"),
        ("no record 003Q5g00000AbCdE here", "no record 003Q5g00000ZzZzZ here"),
        (
            "'taro@x.jp' is used by \"山田 太郎\"",
            "'hanako@y.jp' is used by \"佐藤 花子\"",
        ),
        ("2026-04-01: the period is closed", "2026-05-31: the period is closed"),
        ("10,000 is too much", "9.5 is too much"),
        ("*** is used", "a@b.jp is used"),
    ],
)
def test_ids_and_values_make_no_other_cause(one: str, other: str) -> None:
    assert gist(one) == gist(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("No such column 'Titel__c'", "No such column 'Rating'"),
        ("Required: Company", "Required: LastName"),
        ("the period is closed", "the partner is gone"),
    ],
)
def test_fields_and_words_make_another_cause(one: str, other: str) -> None:
    assert gist(one) != gist(other)


def test_what_was_sent_is_no_part_of_the_cause() -> None:
    words = "bad value for restricted picklist field: {}"
    kinds = {
        gist(words.format(value), {"Rating": value, "Company": "x"})
        for value in ("Hot", "とても熱い", "Lukewarm one")
    }
    assert kinds == {"bad value for restricted picklist field: …"}


def test_five_hundred_letters_of_one_cause_are_one_line(ledger: Ledger) -> None:
    rows = [letter(n)._replace(words=f"duplicate of 00Q{n:06d}") for n in range(500)]
    other = letter(501, "OTHER")
    with ledger.transaction(None) as tx:
        tx.put_dead_letters([*rows, other])
    causes = ledger.causes()
    assert [(c.cause, c.times) for c in causes] == [
        ("REQUIRED_FIELD_MISSING", 500),
        ("OTHER", 1),
    ]
    assert causes[0].words == "duplicate of …"
    found: list[DeadLetterRow] = ledger.dead_letters(SYNC)
    assert {group_of(row) for row in found if row.cause != "OTHER"} == {causes[0].group}


def test_a_letter_without_a_payload_has_a_cause(ledger: Ledger) -> None:
    with ledger.transaction(None) as tx:
        tx.put_dead_letters([letter(1)._replace(payload_text=encode({}))])
    assert [c.times for c in ledger.causes()] == [1]
