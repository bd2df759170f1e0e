"""What tests of handoffs are made of: a small model, and events on a time line."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tasuki.clock import TOKYO
from tasuki.formula import builtin_functions
from tasuki.insight.event import Stage, StageEvent
from tasuki.insight.handoff import Passage, Steps, World, by_subject, follow
from tasuki.insight.handoff_file import Around, load_model
from tasuki.insight.handoff_rule import SalesModel
from tasuki.insight.journey import Facts
from tasuki.ledger.handoffs import Handoff

LEADS = "lead.hubspot-salesforce"
INVOICES = "invoice.salesforce-freee"
MAPPINGS = {
    LEADS: "mql_to_sal",
    INVOICES: "won_to_invoiced",
    "plan.salesforce-hub": "won_to_planned",
}
FACTS = frozenset(
    {"email", "company_name", "score", "plan", "team", "product", "source"}
)
HEAD = """\
version: 1
calendar: {extra_closed: ["2025-12-29", "2025-12-30"]}
people:
  tanaka: {name: 田中, departments: [inside_sales, field_sales], accounts: {salesforce: "005A"}}
  sato: {name: 佐藤, departments: inside_sales, accounts: {salesforce: "005B", hubspot: "77"}}
  suzuki: {name: 鈴木, departments: marketing}
departments:
  marketing:
  inside_sales: {manager: tanaka}
  field_sales:
  back_office:
handoffs:
"""
MQL = """\
  - id: mql_to_sal
    from: marketing
    to: inside_sales
    when: {enters: mql}
    accept: {any: [{enters: sal}, {enters: sql}]}
    reject: {to_stage: recycled, reason_required: [bad_data, not_icp]}
    sla: {within: 8 business_hours, warn_at: 75%}
    on_breach: [{notify: owner}, {after: 4 business_hours, notify: manager}, {after: 8 business_hours, reassign: round_robin}]
"""
WON = """\
  - {id: won_to_invoiced, from: field_sales, to: back_office, when: {enters: won}, accept: {any: [{enters: invoiced}, {sent_by: invoice.salesforce-freee}]}, sla: {within: 1 business_day}}
"""


def around() -> Around:
    lists = {"free_mail_domains": ("gmail.com",)}
    table = builtin_functions(
        {}, lists, lambda: datetime(2025, 7, 1, tzinfo=UTC).date()
    )
    return Around(table, MAPPINGS, FACTS)


def model_of(folder: Path, text: str) -> SalesModel:
    path = folder / "mappings"
    path.mkdir(exist_ok=True)
    (path / "model.yaml").write_text(text, encoding="utf-8")
    return load_model([path], around())


def jst(text: str) -> datetime:
    """`2025-05-20 09:00` in Tokyo."""
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO).astimezone(UTC)


def told(text: str) -> list[StageEvent]:
    """Read lines of `when subject stage [key=value …]`, an event each."""
    found = []
    for number, line in enumerate(filter(None, map(str.strip, text.splitlines()))):
        day, hour, subject, stage, *more = line.split()
        given = dict(one.split("=") for one in more)
        at = jst(f"{day} {hour}")
        source = given.pop("source", "hubspot")
        event = given.pop("event", f"{subject}:{stage}:{day}T{hour}:{number}")
        found.append(StageEvent(subject, Stage(stage), at, at, source, event, **given))
    return found


def looked_at(
    model: SalesModel,
    events: Sequence[StageEvent],
    now: str,
    *,
    stored: Sequence[Handoff] = (),
    facts: Sequence[tuple[str, str, str]] = (),
    passages: dict[str, Passage] | None = None,
    began: str | None = None,
) -> Steps:
    by, alias = by_subject(events)
    known = Facts(facts, alias)
    first = None if began is None else jst(began)
    world = World(by, known, passages or {}, jst(now), began=first)
    return follow(model, world, stored)


def written(stored: Sequence[Handoff], steps: Steps) -> list[Handoff]:
    """Do to rows what the ledger would."""
    changed = {one.before.id: one.after for one in steps.changes}
    rows = [changed.get(row.id, row) for row in stored]
    return sorted([*rows, *steps.new], key=lambda row: (row.opened_at, row.id))
