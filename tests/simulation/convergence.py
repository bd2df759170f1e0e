"""Do both sides agree? Written without the engine: from the records themselves.

Only who belongs to whom is taken from the ledger; what must stand where is worked out
here once more, by hand.
"""

from collections import Counter
from collections.abc import Mapping

from tests.simulation.companies import OTHER_RELAY
from tests.simulation.relay import Relay, Row

_LEAD, _CONTACT = "sfa/Lead", "sfa/Contact"


def check_both_sides_agree(relay: Relay, set_by_people: set[tuple[str, str]]) -> None:
    """Every record that should have crossed has, with what it should say."""
    links = {(str(r["sync"]), str(r["source_id"])): r for r in relay.rows("link")}
    left = {
        key: str(row["reason"])
        for key, row in relay.last_decisions().items()
        if row["outcome"] == "held"
    }
    _check_people(relay, links, left, set_by_people)
    _check_deals(relay, links, left)


def _check_people(
    relay: Relay,
    links: Mapping[tuple[str, str], Row],
    held: Mapping[tuple[str, str], str],
    set_by_people: set[tuple[str, str]],
) -> None:
    leads = relay.systems["sfa"].records("Lead")
    suffix = "様" if relay.chain[0] is OTHER_RELAY["leads"] else ""
    shared = Counter(
        str(r["destination_id"]) for r in links.values() if r["state"] == "live"
    )
    for own, fields in relay.systems["crm"].records("people").items():
        if int(str(fields["score"])) < 50:
            continue
        link = links.get(("leads", own))
        if link is None:
            assert held.get(("leads", own)), f"{own} has no lead and no reason"
            continue
        there = str(link["destination_id"])
        lead = leads.get(there)
        if lead is None or link["state"] != "live" or shared[there] > 1:
            continue  # deleted, converted or merged over there, by people
        assert lead["Email"] == fields["email"], own
        assert lead["Name"] == f"{fields['name']}{suffix}", own
        phone = lead.get("Phone")
        if (there, str(phone)) not in set_by_people:
            assert (phone or "") == (fields.get("phone") or ""), own
        if lead["Status"] != "new" and ("progress", there) in links:
            assert fields.get("stage") == lead["Status"], own


def _check_deals(
    relay: Relay,
    links: Mapping[tuple[str, str], Row],
    held: Mapping[tuple[str, str], str],
) -> None:
    invoices = relay.systems["books"].records("invoice")
    billed = Counter(str(fields["number"]) for fields in invoices.values())
    assert not [number for number, times in billed.items() if times > 1], billed
    deals = relay.systems["sfa"].records("Deal")
    for own, fields in deals.items():
        link = links.get(("invoices", own))
        if not fields["won"]:
            assert link is None, f"{own} is billed and was not won"
            continue
        if link is None:
            assert held.get(("invoices", own)) == "duplicate_record", own
            assert billed[str(fields["number"])] == 1, f"{own}: nobody is billed"
            continue
        invoice = invoices[str(link["destination_id"])]
        assert invoice["number"] == fields["number"], own
        assert invoice["total"] == fields["amount"], own
        assert fields["invoice_id"] == link["destination_id"], own
        assert fields["paid"] == ("yes" if invoice.get("paid") else "no"), own
    won = {str(fields["number"]) for fields in deals.values() if fields["won"]}
    assert set(billed) == won, "billed and won differ"
