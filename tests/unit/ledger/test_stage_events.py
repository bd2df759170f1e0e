"""Stage events are added once and stay as they are."""

from tasuki.ledger import Ledger
from tasuki.ledger.stage_events import StoredEvent, StoredFact

NOW = "2025-07-01T00:00:00.000000+00:00"
LATER = "2025-07-02T00:00:00.000000+00:00"


def event(name: str, observed: str = NOW, **other: str) -> StoredEvent:
    at = "2025-04-01T00:00:00.000000+00:00"
    return StoredEvent("person/1", "lead", at, observed, "hubspot", name)._replace(
        **other
    )


def fact(value: str, observed: str = NOW, subject: str = "deal/1") -> StoredFact:
    return StoredFact(subject, "owner", value, "salesforce", observed)


def test_an_event_that_is_told_twice_is_there_once(ledger: Ledger) -> None:
    book = ledger.stages()
    assert book.add([event("a"), event("b"), event("a")]) == 2
    assert book.add([event("b", stage="mql"), event("c")]) == 1
    assert [row.source_event for row in book.events_of(["person/1"])] == ["a", "b", "c"]
    assert {row.stage for row in book.events_of(["person/1"])} == {"lead"}


def test_two_sources_may_use_the_same_event_id(ledger: Ledger) -> None:
    assert ledger.stages().add([event("a"), event("a", source="salesforce")]) == 2


def test_what_was_observed_later_is_not_there_yet(ledger: Ledger) -> None:
    book = ledger.stages()
    book.add([event("a"), event("b", LATER)], [fact("u1"), fact("u2", LATER)])
    assert sum(map(len, book.events(NOW))) == 1
    assert sum(map(len, book.events(LATER))) == 2
    assert [row[2] for row in book.facts(NOW)] == ["u1"]
    assert [row[2] for row in book.facts(LATER)] == ["u1", "u2"]


def test_a_fact_is_added_when_its_value_changes(ledger: Ledger) -> None:
    book = ledger.stages()
    for value in ("u1", "u1", "u2", "u1", "u1"):
        book.add([], [fact(value)])
    book.add([], [fact("u1", subject="deal/2")])
    assert [one.value for one in book.facts_of(["deal/1"])] == ["u1", "u2", "u1"]
    assert len(book.facts_of(["u1"])) == 3


def test_many_rows_are_read_in_pages(ledger: Ledger) -> None:
    book = ledger.stages()
    book.add([event(f"e{number}") for number in range(20_001)])
    assert sum(map(len, book.events(NOW))) == 20_001


def test_a_merge_is_found_from_either_side(ledger: Ledger) -> None:
    book = ledger.stages()
    book.add([event("a", stage="merged", into="person/2")])
    assert book.events_of(["person/2"]) == book.events_of(["person/1"]) != []
