"""Finding counterparts costs few calls: they are counted here."""

from tasuki.engine.match import STALE_SECONDS, Finder
from tasuki.testing import FakeStream, FakeSystem, ManualClock


def system(leads: int, lag: float = 0.0) -> FakeSystem:
    fake = FakeSystem(ManualClock(), FakeStream("Lead", index_lag=lag), name="sfa")
    for n in range(leads):
        fake.put("Lead", Email=f"p{n}@x.jp")
    return fake


def finder(fake: FakeSystem) -> Finder:
    return Finder(fake.destination, fake.clock)


def emails(*numbers: int) -> list[str]:
    return [f"P{n}@x.jp" for n in numbers]


def test_an_empty_destination_costs_one_count() -> None:
    fake = system(0)
    own = finder(fake)
    for start in range(0, 1000, 100):
        assert own.find("Lead", "Email", emails(*range(start, start + 100))) == {}
    assert own.find("Lead", "Phone", emails(*range(100))) == {}
    assert fake.calls == {"count Lead": 1}


def test_an_empty_destination_is_asked_again_when_that_was_long_ago() -> None:
    fake = system(0)
    own = finder(fake)
    own.find("Lead", "Email", emails(*range(100)))
    fake.put("Lead", Email="p1@x.jp")
    fake.clock.advance(STALE_SECONDS + 1)
    assert set(own.find("Lead", "Email", emails(1, 2))) == {"P1@x.jp"}


def test_a_few_values_are_asked_for_without_counting() -> None:
    fake = system(5)
    found = finder(fake).find("Lead", "Email", emails(1, 4, 9))
    assert {value: [c.id for c in rows] for value, rows in found.items()} == {
        "P1@x.jp": ["Lead-2"],
        "P4@x.jp": ["Lead-5"],
    }
    assert fake.calls == {"find Lead": 1}


def test_reading_all_keys_costs_at_most_twice_the_cheapest() -> None:
    fake = system(3000)  # two calls would read every key
    own = finder(fake)
    for start in range(0, 3000, 100):
        found = own.find("Lead", "Email", emails(*range(start, start + 100)))
        assert len(found) == 100
    assert fake.calls == {"count Lead": 1, "find Lead": 2, "keys Lead": 1}


def test_two_with_one_value_are_both_found_either_way() -> None:
    fake = system(60)
    fake.put("Lead", Email="P7@X.jp")
    own = finder(fake)
    before = own.find("Lead", "Email", emails(7))
    assert [c.id for c in before["P7@x.jp"]] == ["Lead-8", "Lead-61"]
    own.find("Lead", "Email", emails(*range(60)))
    after = own.find("Lead", "Email", emails(*range(60)))
    assert fake.calls["keys Lead"] == 1
    assert [c.id for c in after["P7@x.jp"]] == ["Lead-8", "Lead-61"]


def test_nothing_asked_costs_nothing() -> None:
    fake = system(3)
    assert finder(fake).find("Lead", "Email", []) == {}
    assert not fake.calls
