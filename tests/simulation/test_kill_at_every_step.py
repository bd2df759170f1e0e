"""The process dies at every single step; nothing is lost and nothing done twice."""

from collections.abc import Callable

from tests.simulation.killing import (
    Stage,
    check,
    check_rerun_is_quiet,
    creations,
    kill_everywhere,
    rows,
)
from tests.simulation.scenes import Scene

NewScene = Callable[[], Scene]

LEADS = {
    f"p{n}": {"Person_Id": f"p{n}", "Email": f"p{n}@x.jp", "Name": f"N{n}"}
    for n in range(1, 8)
    if n % 3
}
INVOICES = {f"d{n}": {"subject": f"D{n}", "total": n * 1000} for n in (1, 2, 4)}


def verify_leads(stage: Stage) -> None:
    check(stage, LEADS)
    assert len(creations(stage.destination, "Lead")) == len(LEADS), "a lead twice"
    people = stage.source.records("people")
    links = {r["source_id"]: r["destination_id"] for r in rows(stage.ledger, "link")}
    assert {p: f["lead_id"] for p, f in people.items() if "lead_id" in f} == links
    check_rerun_is_quiet(stage)


def verify_invoices(stage: Stage) -> None:
    check(stage, INVOICES)
    assert len(creations(stage.destination, "invoice")) == len(INVOICES), "twice"
    links = {
        r["source_id"]: r["destination_id"]
        for r in rows(stage.ledger, "link")
        if r["sync"] == "invoices"
    }
    deals = stage.source.records("Deal")
    assert {d: f["invoice_id"] for d, f in deals.items() if "invoice_id" in f} == links
    check_rerun_is_quiet(stage)


def test_leads_survive_a_kill_at_every_step(new_scene: NewScene) -> None:
    where = kill_everywhere(lambda: new_scene().leads(), verify_leads)
    print(f"leads: {where.total()} kills at {len(where)} kinds of steps")
    assert where.total() > 100


def test_invoices_survive_a_kill_at_every_step(new_scene: NewScene) -> None:
    where = kill_everywhere(lambda: new_scene().invoices(), verify_invoices)
    print(f"invoices: {where.total()} kills at {len(where)} kinds of steps")
    assert where.total() > 100


def test_an_invoice_that_lands_after_the_death_is_found(new_scene: NewScene) -> None:
    def build() -> Stage:
        stage = new_scene().invoices()
        stage.destination.dies_late["invoice"] = 179.0
        stage.destination.streams["invoice"].quiet_seconds = 60.0 + 121
        return stage

    kill_everywhere(build, verify_invoices)
