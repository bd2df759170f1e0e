"""Leaks over real HTTP: what went wrong in the systems is found, told and mended."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from time import process_time

import pytest

from tasuki.insight.leak.hunt import Hunt
from tasuki.operation.leak_mending import mend
from tasuki.operation.leaks import hunt_once
from tests.end_to_end.leaking import Leaking
from tests.end_to_end.relay import INVOICES, Relay


def by_rule(found: Hunt) -> dict[str, set[str]]:
    told: dict[str, set[str]] = defaultdict(set)
    for one in found.findings:
        told[one.rule].add(one.subject)
    return told


def look(leaking: Leaking) -> Hunt:
    return hunt_once(leaking.relay.project, leaking.relay.ledger)


def compare(leaking: Leaking) -> tuple[Hunt, Hunt]:
    """Look, let things go wrong, look again: what is new was planted, all of it."""
    before = look(leaking)
    leaking.plant()
    began = process_time()
    after = look(leaking)
    seconds = process_time() - began
    was, now, planted = by_rule(before), by_rule(after), leaking.planted
    new = {rule: now[rule] - was[rule] for rule in now}
    # A company's name is known by a hash, the same in every sweep.
    assert len(new.pop("L28")) == leaking.each
    right = sum(len(new.get(rule, set()) & planted[rule]) for rule in planted)
    recall = right / sum(map(len, planted.values()))
    precision = right / sum(map(len, new.values()))
    print(
        f"\n{sum(after.records.values()):,} records, {right} leaks of {len(planted)} rules:"
        f" recall {recall:.1%}, precision {precision:.1%}, {after.calls_made()} calls"
        f" {after.calls}, {seconds:.1f} s"
    )
    wrong = {rule: new.get(rule, set()) ^ planted[rule] for rule in {*new, *planted}}
    assert {rule: sorted(one) for rule, one in wrong.items() if one} == {}
    assert recall == 1.0
    assert precision >= 0.99
    return before, after


@pytest.fixture(scope="module")
def leaking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Leaking]:
    place = tmp_path_factory.mktemp("leaks")
    with Relay(place, people=120, won=64) as relay:
        yield Leaking.at(relay, each=2)


def test_what_went_wrong_is_found_and_nothing_else(leaking: Leaking) -> None:
    before, after = compare(leaking)
    assert by_rule(before).keys() <= {"L01", "L10", "L12"}
    assert after.calls_made() < 12
    told = {f"{rule}/{one}" for rule, found in leaking.planted.items() for one in found}
    assert {one.key for one in after.opened if one.rule != "L28"} == told
    assert "onboarding" in after.not_looked["L23"]
    assert all(one.link for one in after.findings if one.ref)


def test_a_system_that_is_away_closes_nothing(leaking: Leaking) -> None:
    relay = leaking.relay
    before = {one.key for one in relay.ledger.findings()}
    with relay.without("freee"):
        found = look(leaking)
    assert {one.key for one in found.findings} >= before
    assert found.closed == []
    assert {"L12", "L16", "L17", "L19", "L34"} <= found.not_looked.keys()
    assert "freee" in found.not_looked["L12"]
    assert "L02" not in found.not_looked


def test_a_second_sweep_finds_nothing_new(leaking: Leaking) -> None:
    before = {one.key: one.opened_at for one in leaking.relay.ledger.findings()}
    found = look(leaking)
    assert (found.opened, found.closed) == ([], [])
    assert {one.key: one.opened_at for one in found.findings} == before


def test_mending_makes_the_missing_invoice_once(leaking: Leaking) -> None:
    relay = leaking.relay
    missing = [
        one
        for one in relay.ledger.findings()
        if one.rule == "L12" and one.subject in leaking.planted["L12"]
        and relay.link(INVOICES, one.subject) is None
    ]  # fmt: skip
    assert missing
    count = len(relay.invoices())
    for one in missing:
        done = mend(relay.project, relay.ledger, one)
        assert [run["created"] for run in done.runs] == [1]
        again = mend(relay.project, relay.ledger, one)
        assert [run["created"] for run in again.runs] == [0]
    assert len(relay.invoices()) == count + len(missing)
    closed = {one.key for one in look(leaking).closed}
    assert {one.key for one in missing} <= closed


def test_mending_a_cancelled_invoice_makes_no_second_one(leaking: Leaking) -> None:
    relay = leaking.relay
    cancelled = [
        one
        for one in relay.ledger.findings()
        if one.rule == "L12" and relay.link(INVOICES, one.subject) is not None
    ]
    assert cancelled
    count = len(relay.invoices())
    done = mend(relay.project, relay.ledger, cancelled[0])
    assert [run["created"] for run in done.runs] == [0]
    assert len(relay.invoices()) == count


def test_mending_a_contact_that_is_missing_makes_its_lead(leaking: Leaking) -> None:
    relay = leaking.relay
    contact = min(leaking.planted["L01"])
    found = next(x for x in relay.ledger.findings() if x.key == f"L01/{contact}")
    mend(relay.project, relay.ledger, found)
    assert relay.lead_of(contact)
    assert f"L01/{contact}" in {one.key for one in look(leaking).closed}


def test_nothing_personal_is_kept_of_a_leak(leaking: Leaking) -> None:
    relay = leaking.relay
    told = [
        str(value)
        for row in relay.rows("Account").values()
        for value in (row["Name"], row.get("Billing_Email__c"))
        if value
    ] + [row["email"] for row in relay.contacts().values() if row.get("email")]
    kept = "\n".join(str(one) for one in relay.ledger.findings())
    assert kept
    assert [one for one in told if one in kept] == []


@pytest.mark.soak
def test_a_large_company_is_swept_in_few_calls(tmp_path: Path) -> None:
    with Relay(tmp_path, people=10_000, won=1_000) as relay:
        _, after = compare(Leaking.at(relay, each=20))
    assert after.calls_made() < 100
