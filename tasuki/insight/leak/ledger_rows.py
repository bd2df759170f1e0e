"""What the ledger knows, laid on the board: links, writes, runs, plans, the archive."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from tasuki.billing.errors import BillingError
from tasuki.billing.instalment import CREDIT, Instalment, instalments
from tasuki.billing.plan import WON, BillingPlan, read_plan
from tasuki.billing.terms import closing_date
from tasuki.insight.leak.board import Board, Value
from tasuki.insight.leak.column import converter
from tasuki.insight.leak.ground import Ground
from tasuki.ledger.billing_questions import PLANS
from tasuki.ledger.billing_rows import StoredPart, StoredPlan
from tasuki.ledger.handoffs import Handoff

_STATES: Final = {"planned": "pending", "sending": "in_flight", "in_doubt": "in_flight"}
_CALLED_OFF: Final = frozenset(
    {"merged", "out_of_scope", "rejected_at_gate", "withdrawn"}
)
ONBOARDING: Final = "won_to_onboarded"
"""The handoff whose mappings hand won deals over to customer success."""
_PLANS_AT_ONCE: Final = 500
_instant = converter("created_at", b"")


def put_links(board: Board, ground: Ground) -> None:
    """Lay the links down; a counterpart that its stream did not show is gone."""
    for sync, said in ground.settings.links.items():
        for some in ground.ledger.link_facts(sync):
            rows: list[dict[str, Value]] = [
                {
                    "kind": said.kind,
                    "local_id": one.source_id,
                    "system": said.system,
                    "remote_id": one.destination_id,
                    "remote_deleted": _gone(board, one.destination, one.destination_id),
                }
                for one in some
            ]
            board.put("xref", rows)
            source = _source_of(ground, sync)
            board.note_origin(
                "xref",
                (
                    (
                        f"{said.kind}:{one.source_id}",
                        f"{source}/{one.source_id}" if source else "",
                        None,
                    )
                    for one in some
                ),
            )


def _gone(board: Board, stream: str, record_id: str) -> int:
    """Say whether a stream that was read whole did not show a record."""
    query = "SELECT 1 FROM seen WHERE stream = ? AND id IN (?, ?) LIMIT 1"
    whole = next(board.rows(query, (stream, "", "")), None)
    if whole is None:
        return 0
    return int(next(board.rows(query, (stream, record_id, record_id)), None) is None)


def _source_of(ground: Ground, sync: str) -> str:
    return str(ground.mappings[sync].source) if sync in ground.mappings else ""


def put_onboardings(board: Board, ground: Ground) -> bool:
    """Lay down what the hub handed to customer success; return whether it ever did.

    When an onboarding is due and done is known only where the work is. A deal that the
    mapping left out for a reason needs none, nor one that was won before it first ran.
    """
    began: list[str] = []
    firsts = {one.sync: one.first_at for one in ground.ledger.sync_facts()}
    for mapping in ground.mappings:
        if mapping.model.handoff != ONBOARDING or mapping.id not in firsts:
            continue
        began.append(str(_instant(firsts[mapping.id])))
        for some in ground.ledger.link_facts(mapping.id):
            rows: list[dict[str, Value]] = [
                {
                    "id": f"{one.destination}/{one.destination_id}",
                    "deal_id": one.source_id,
                }
                for one in some
            ]
            board.put("onboarding", rows)
        board.fill(
            "UPDATE deal SET needs_onboarding = 0 WHERE id = ?",
            ((one.source_id,) for one in ground.ledger.skip_facts(mapping.id)),
        )
    if began:
        board.run(
            "UPDATE deal SET needs_onboarding = 0 WHERE won_at < ?", (min(began),)
        )
    return bool(began)


def put_outbox(board: Board, ground: Ground) -> None:
    """Lay unfinished writes and dead letters down, known by sync and record."""
    rows: list[dict[str, Value]] = []
    origins: list[tuple[str, str, str | None]] = []
    for number, one in enumerate(ground.ledger.stuck_facts(), 1):
        rows.append(
            {
                "id": number,
                "op": one.operation,
                "subject_id": one.source_id,
                "state": _STATES.get(one.state, one.state),
                "created_at": _instant(one.since),
                "attempts": one.attempts,
            }
        )
        source = one.source or _source_of(ground, one.sync)
        ref = f"{source}/{one.source_id}" if source else ""
        origins.append((str(number), ref, f"{one.sync}:{one.source_id}"))
    board.put("outbox", rows)
    board.note_origin("outbox", origins)


def put_syncs(board: Board, ground: Ground) -> None:
    """Lay down when each sync of this project last succeeded.

    One that never did counts from its first run.
    """
    most = ground.settings.thresholds["sync_lag_minutes"]
    rows: list[dict[str, Value]] = []
    origins: list[tuple[str, str, str | None]] = []
    for one in ground.ledger.sync_facts():
        if one.sync not in ground.mappings:
            continue
        mapping = ground.mappings[one.sync]
        system = mapping.source.connection
        if not {system, mapping.destination.connection} <= ground.connected | {"hub"}:
            continue
        rows.append(
            {
                "system": system,
                "object": one.sync,
                "last_success_at": _instant(one.succeeded_at or one.first_at),
                "max_lag_minutes": most,
            }
        )
        origins.append((f"{system}:{one.sync}", "", one.sync))
    board.put("sync_cursor", rows)
    board.note_origin("sync_cursor", origins)


def put_archive(board: Board, ground: Ground) -> None:
    """Lay down what is archived of which document."""
    rows: list[dict[str, Value]] = [
        {
            "seq": one.seq,
            "invoice_id": one.channel.rpartition("/")[2],
            "content_sha": one.content_sha,
        }
        for one in ground.ledger.archive_facts()
    ]
    board.put("archive", rows)


def put_handoffs(board: Board, ground: Ground) -> bool:
    """Lay the ledger's handoffs down; return whether there are any.

    A handoff's id is the name of its finding. Numbers below zero leave the others to a
    source of leaks.yaml.
    """
    handoffs = ground.handoffs()
    rows: list[dict[str, Value]] = [
        {
            "id": -number,
            "subject_id": one.subject,
            "rule": one.handoff,
            "opened_at": _instant(one.opened_at),
            "due_at": _instant(one.due_at),
            "closed_at": _instant(one.closed_at),
            "cancelled_at": _instant(
                one.closed_at if one.state in _CALLED_OFF else None
            ),
        }
        for number, one in enumerate(handoffs, 1)
    ]
    board.put("handoff", rows)
    records = _records(ground, handoffs)
    board.note_origin(
        "handoff",
        (
            (str(-number), records.get(one.opened_by, ""), one.id)
            for number, one in enumerate(handoffs, 1)
        ),
    )
    board.note_departments(
        "handoff", ((str(-number), one.taker) for number, one in enumerate(handoffs, 1))
    )
    return bool(rows)


def _records(ground: Ground, handoffs: Sequence[Handoff]) -> dict[str, str]:
    """Return the records whose events opened what is open, by event."""
    opened = [one.opened_by for one in handoffs if one.closed_at is None]
    found = {}
    for event, subject in ground.ledger.handoffs().subjects(opened).items():
        connection, _, rest = event.partition(":")
        stream = rest.partition("/")[0]
        if connection in ground.connected and stream:
            found[event] = f"{connection}/{stream}/{subject.partition('/')[2]}"
    return found


def put_plans(board: Board, ground: Ground, today: date) -> int:
    """Lay the hub's billing plans down, an instalment a row; return those unreadable.

    A deal that has one is not its own plan.
    """
    unread = 0
    for stored, parts in _plans(ground):
        try:
            plan = read_plan(stored.fields)
            listed = _instalments(plan, parts, today)
        except BillingError:
            unread += 1
            continue
        board.run("DELETE FROM invoice_plan WHERE deal_id = ?", (plan.deal,))
        board.put("invoice_plan", [_plan_row(plan, one) for one in listed])
        ref = f"{PLANS}/{plan.deal}"
        board.note_origin("invoice_plan", ((one.id, ref, None) for one in listed))
        _cover(board, parts)
    return unread


def drop_direct_plans(board: Board) -> None:
    """Let no deal be its own plan where the hub keeps plans.

    One that was billed directly, before there were plans, stays so.
    """
    board.run(
        "DELETE FROM invoice_plan WHERE id = deal_id AND EXISTS(SELECT 1 FROM due)"
        " AND id IN (SELECT id FROM origin WHERE board = 'invoice_plan'"
        " AND ref NOT LIKE ?)"
        " AND NOT EXISTS(SELECT 1 FROM invoice i WHERE i.plan_id = invoice_plan.id)",
        (f"{PLANS}/%",),
    )


def _plans(ground: Ground) -> Iterator[tuple[StoredPlan, list[StoredPart]]]:
    after = ""
    while True:
        with ground.ledger.billing().reading() as tx:
            plans = tx.plans_after(after, _PLANS_AT_ONCE)
            parts = tx.parts([one.id for one in plans])
        for one in plans:
            yield one, parts[one.id]
        if len(plans) < _PLANS_AT_ONCE:
            return
        after = plans[-1].id


def _instalments(
    plan: BillingPlan, parts: list[StoredPart], today: date
) -> list[Instalment]:
    stored = {one.part.id: one.part for one in parts if one.part.kind != CREDIT}
    coming = {one.id: one for one in instalments(plan, today)}
    return list((coming | stored).values())


def _plan_row(plan: BillingPlan, one: Instalment) -> dict[str, Value]:
    day = one.bill_on
    if plan.closing_day is not None:
        day = closing_date(day, plan.closing_day)
    whole = int(one.amount)
    return {
        "id": one.id,
        "deal_id": plan.deal,
        "seq": None,
        "bill_on": day.isoformat(),
        "amount_excl": whole if whole == one.amount else float(one.amount),
        "cancelled": int(plan.state != WON),
    }


def _cover(board: Board, parts: list[StoredPart]) -> None:
    """Note which due invoice, or which earlier document, bills an instalment."""
    board.fill(
        "INSERT OR IGNORE INTO due(due_id, plan_id) VALUES (?, ?)",
        [(one.invoice_id, one.part.id) for one in parts if one.invoice_id],
    )
