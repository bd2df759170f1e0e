"""Both sides compared over HTTP; a lost ledger is made again and bills nothing twice."""

import json
from collections.abc import Iterator

import pytest

from tasuki.cli import main
from tasuki.ports import Token
from tasuki.reconcile.finding import Reconciliation
from tasuki.reconcile.run import Wish, reconcile_sync
from tasuki.sandbox.faults import Fault, Kind
from tasuki.sandbox.rehearsal import ENVIRONMENT
from tests.end_to_end.relay import CUSTOMERS, INVOICES, LEADS, Relay


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    with Relay(tmp_path_factory.mktemp("reconcile"), people=150, won=80) as it:
        it.run(LEADS)
        it.bill()
        yield it


def reconcile(relay: Relay, mapping: str, **wish: object) -> Reconciliation:
    sync = relay.project.open_sync(relay.project.mappings[mapping], relay.ledger)
    try:
        return reconcile_sync(sync, Wish(**wish))  # type: ignore[arg-type]
    finally:
        sync.source.close()
        sync.destination.close()


def found(report: Reconciliation) -> set[tuple[str, str, str]]:
    return {(one.kind.value, one.source_id, one.reason) for one in report.findings}


def settled(relay: Relay, mapping: str) -> set[tuple[str, str, str]]:
    """Return what is left over from the start: holds and dead letters of the demo."""
    report = reconcile(relay, mapping)
    assert set(report.counts) <= {"missing"}
    assert all(one.reason.startswith(("held", "dead")) for one in report.findings)
    return found(report)


def test_both_sides_of_every_sync_agree_but_for_what_is_held_or_dead(
    relay: Relay,
) -> None:
    for mapping in (LEADS, CUSTOMERS, INVOICES):
        settled(relay, mapping)


def test_a_comparison_costs_about_what_it_said(relay: Relay) -> None:
    report = reconcile(relay, CUSTOMERS)
    assert report.predicted == {"salesforce": 1, "freee": 1}
    assert report.calls_made() <= 4


def test_each_difference_is_found_and_mended_where_that_is_safe(relay: Relay) -> None:
    before = settled(relay, LEADS)
    links = {
        row.source_id: row.destination_id
        for part in relay.ledger.live_links(LEADS)
        for row in part
        if row.destination.endswith("/Lead")
    }
    drifted, deleted, gone, both, loser, winner = list(links)[:6]
    act = relay.act
    act(
        "salesforce", "edit", object="Lead", id=links[drifted],
        fields={"Company": "よその会社"},
    )  # fmt: skip
    act("salesforce", "delete", object="Lead", id=links[deleted])
    act("hubspot", "archive", stream="contacts", id=gone)
    act("hubspot", "archive", stream="contacts", id=both)
    act("salesforce", "delete", object="Lead", id=links[both])
    act("hubspot", "merge", stream="contacts", primary=winner, other=loser)
    report = reconcile(relay, LEADS)
    assert found(report) - before == {
        ("drifted", drifted, "changed at the destination"),
        ("missing", deleted, "counterpart deleted, merged or converted"),
        ("extra", gone, "the source record is gone"),
        ("ledger_only", both, "both sides are gone"),
        ("extra", loser, "merged at the source"),
    }
    reconcile(relay, LEADS, repair=True)
    company = relay.rows("Lead")[links[drifted]]["Company"]
    assert company != "よその会社"
    left = found(reconcile(relay, LEADS)) - before
    assert left == {
        ("extra", gone, "the source record is gone"),
        ("extra", loser, "merged at the source"),
    }


def test_a_lost_ledger_bills_nobody_twice(relay: Relay) -> None:
    invoices = relay.invoices()
    assert len(invoices) >= 40
    numbers = list(invoices)
    relay.act("freee", "edit_memo", id=int(numbers[1]), memo="毎月の分")
    relay.act("freee", "delete_invoice", id=int(numbers[2]))
    relay.ledger.close()
    for file in (relay.place / ".tasuki").glob("ledger.db*"):
        file.unlink()
    relay.ledger = relay.project.open_ledger()
    relay.ledger.tokens("freee").save(Token(ENVIRONMENT["FREEE_TOKEN"]))
    for mapping in (CUSTOMERS, INVOICES):
        assert not reconcile(relay, mapping, repair=True).error
    relay.bill()
    relay.run(INVOICES, full=True)
    assert sorted(relay.invoices()) == sorted(set(numbers) - {numbers[2]})
    reasons = {one[2] for one in found(reconcile(relay, INVOICES))}
    assert "held: in_doubt" in reasons, "the deleted one is a person's question"


def test_an_invoice_copied_at_freee_is_told(relay: Relay) -> None:
    number, row = next(iter(relay.invoices().items()))
    freee = relay.rehearsal.servers["freee"].sandbox.invoices  # type: ignore[attr-defined]
    with relay.rehearsal.servers["freee"].lock:
        freee.rows[9999] = {**row, "id": 9999, "invoice_number": "INV-COPY"}
        freee._enter(freee.rows[9999])
    report = reconcile(relay, INVOICES, repair=True)
    assert not report.error, report.error
    doubles = [one for one in report.findings if one.kind == "duplicated"]
    assert [set(one.targets) for one in doubles] == [{number, "9999"}]
    with relay.rehearsal.servers["freee"].lock:
        freee.delete(9999)


def test_the_command_speaks_json_and_leaves_with_one_when_something_is_left(
    relay: Relay, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    at = ["-p", str(relay.place)]
    code = main([*at, "reconcile", CUSTOMERS, INVOICES, "--json"])
    reports = json.loads(capsys.readouterr().out)
    assert [one["sync"] for one in reports] == [CUSTOMERS, INVOICES]
    assert (reports[0]["left_over"], reports[1]["left_over"] > 0, code) == (0, True, 1)
    assert main([*at, "reconcile", CUSTOMERS, "--since", "2026-01-01"]) == 0
    said = capsys.readouterr()
    assert "both sides agree" in said.out
    assert "only linked records were looked at" in said.out
    assert "about 1 at salesforce" in said.err
    assert main([*at, "reconcile", CUSTOMERS, "--since", "yesterday"]) == 2
    assert main([*at, "reconcile", "no.such"]) == 2


@pytest.mark.parametrize("system", ["salesforce", "freee"])
def test_a_vendor_that_fails_stops_it_with_a_line(relay: Relay, system: str) -> None:
    relay.plant(system, Fault(Kind.ERROR_BEFORE, times=50))
    report = reconcile(relay, CUSTOMERS, repair=True)
    relay.heal()
    assert (report.state, report.exit_code) == ("stopped", 3)
    assert report.error.startswith(system)
    assert reconcile(relay, CUSTOMERS).state == "done"
