"""A field that people may own stays ours when we died before its receipt."""

import pytest

from tasuki.testing import ManualClock, memory_ledger
from tests.simulation.companies import Play, leads, nothing, person, settled
from tests.simulation.killing import LEASE, Kill
from tests.simulation.relay import Relay


def die_after_write(relay: Relay) -> None:
    def step(where: str) -> None:
        if where == "after write sfa/Lead":
            raise Kill(where)

    with pytest.raises(Kill):
        relay.run(step)
    relay.clock.advance(LEASE + 1)


@pytest.fixture
def relay() -> Relay:
    clock = ManualClock()
    play = Play(nothing, nothing)
    with memory_ledger(clock) as ledger:
        yield play.build(ledger, clock)


def test_an_update_that_was_sent_before_the_death_stays_ours(relay: Relay) -> None:
    person(relay, 1)
    settled(relay)
    person(relay, 1, phone="03")
    die_after_write(relay)
    settled(relay)
    person(relay, 1, phone="04")
    settled(relay)
    assert leads(relay)["p1"]["Phone"] == "04"


@pytest.mark.parametrize("meanwhile", ["03", "04"])
def test_a_create_that_was_sent_before_the_death_stays_ours(
    relay: Relay, meanwhile: str
) -> None:
    person(relay, 1, phone="03")
    die_after_write(relay)
    person(relay, 1, phone=meanwhile)
    settled(relay)
    assert leads(relay)["p1"]["Phone"] == meanwhile
    person(relay, 1, phone="05")
    settled(relay)
    assert leads(relay)["p1"]["Phone"] == "05"


def test_after_two_deaths_the_value_of_the_first_is_still_ours(relay: Relay) -> None:
    person(relay, 1)
    settled(relay)
    person(relay, 1, phone="03")
    die_after_write(relay)
    person(relay, 1, phone="04")

    def step(where: str) -> None:
        if where == "before write sfa/Lead":
            raise Kill(where)

    with pytest.raises(Kill):
        relay.run(step)
    relay.clock.advance(LEASE + 1)
    settled(relay)
    assert leads(relay)["p1"]["Phone"] == "04"


def test_what_a_person_set_after_the_death_is_theirs(relay: Relay) -> None:
    person(relay, 1, phone="03")
    die_after_write(relay)
    (lead,) = relay.systems["sfa"].records("Lead")
    relay.systems["sfa"].put("Lead", lead, Phone="090")
    person(relay, 1, phone="04")
    settled(relay)
    assert leads(relay)["p1"]["Phone"] == "090"
