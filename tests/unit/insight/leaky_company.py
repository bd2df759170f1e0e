"""A company with planted leaks, each rule many times, and what only looks like one.

Everything is a row of the board. `planted` says what a perfect search finds: no more,
no less. Noise stands just on the right side of every threshold.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, Final

NOW: Final = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
TODAY: Final = date(2026, 11, 20)
TERMS: Final[Mapping[str, int]] = {
    "mql_push_h": 1,
    "first_touch_h": 24,
    "stale_days": 30,
    "won_customer_h": 24,
    "send_h": 48,
    "onboard_h": 72,
    "renewal_days": 60,
    "outbox_h": 1,
}
HASH: Final = "ab" * 32


def instant(hours: float) -> str:
    """So many hours ago."""
    return (NOW - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(days: int) -> str:
    """So many days ago; ahead where below zero."""
    return (TODAY - timedelta(days=days)).isoformat()


class LeakyCompany:
    """Rows by table, and the planted subjects by rule."""

    def __init__(
        self, seed: int = 1, leads: int = 10_000, won: int = 1_000, each: int = 20
    ) -> None:
        self.rng = Random(seed)
        self.rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.planted: dict[str, set[str]] = defaultdict(set)
        self.each = each
        self._count = self._serial = 0
        self._people(leads)
        self._deals(won)
        self._invoices()
        self._service()
        self._companies()
        self._hub()

    def _id(self, kind: str) -> str:
        self._count += 1
        return f"{kind}{self._count:06d}"

    def _plant(self, rule: str, subject: str) -> None:
        self.planted[rule].add(subject)

    # -- marketing and inside sales -----------------------------------------------

    def person(self, *, linked: bool = True, **more: Any) -> str:
        one = self._id("p")
        row = {"id": one, "lifecycle": "mql", "created_at": instant(self._age(3, 900))}
        self.rows["person"].append(row | more)
        if linked:
            self.link("person", one, "salesforce")
        return one

    def link(self, kind: str, local: str, system: str, *, deleted: int = 0) -> str:
        remote = self._id("r")
        row = {"kind": kind, "local_id": local, "system": system, "remote_id": remote}
        self.rows["xref"].append(row | {"remote_deleted": deleted})
        return remote

    def lead(self, **more: Any) -> str:
        one = self._id("l")
        usual = {
            "id": one,
            "person_id": None,
            "status": self.rng.choice(("open", "working", "qualified")),
            "owner_id": "u1",
            "owner_active": 1,
            "created_at": instant(self._age(30, 900)),
            "first_activity_at": instant(self._age(1, 20)),
            "is_converted": 0,
            "converted_deal_id": None,
        }
        self.rows["sfa_lead"].append(usual | more)
        return one

    def _age(self, low: float, high: float) -> float:
        return round(self.rng.uniform(low, high), 3)

    def _people(self, count: int) -> None:
        for _ in range(self.each):
            self._plant("L01", self.person(linked=False, created_at=instant(1.01)))
            gone = self.person(linked=False)
            self.link("person", gone, "salesforce", deleted=1)
            self._plant("L01", gone)
            self._plant("L31", f"person:{gone}")
            self.person(linked=False, created_at=instant(0.99))  # noise from here on
            self.person(linked=False, lifecycle="left_out")
            self.person(linked=False, deleted=1)
            self.person(linked=False, merged_into="p000001")
            self._plant(
                "L02", self.lead(first_activity_at=None, created_at=instant(24.1))
            )
            self.lead(first_activity_at=None, created_at=instant(23.9))
            self.lead(first_activity_at=None, status="disqualified")
            self.lead(first_activity_at=None, is_converted=1, converted_deal_id="d0")
            self._plant("L04", self.lead(status="working", owner_id=None))
            self._plant("L04", self.lead(status="qualified", owner_active=0))
            self.lead(status="open", owner_id=None)
            self.lead(
                status="sal", is_converted=1, owner_active=0, converted_deal_id="d0"
            )
            back = self.person(lifecycle="salesqualifiedlead")
            self._plant("L08", self.lead(status="recycled", person_id=back))
            self.lead(status="recycled", person_id=self.person(lifecycle="nurture"))
            self.lead(status="recycled", person_id="nobody")
            self._plant("L09", self.lead(is_converted=1))
            self.lead(is_converted=1, converted_deal_id="d0")
        while len(self.rows["sfa_lead"]) < count:
            self.lead(person_id=self.person())

    # -- field sales ----------------------------------------------------------------

    def company(self, *, linked: bool = True, **more: Any) -> str:
        one = self._id("c")
        usual = {
            "id": one,
            "core_key": f"key {one}",
            "corporate_number": None,
            "domain": f"{one}.co.jp",
            "billing_contact": HASH,
        }
        self.rows["company"].append(usual | more)
        if linked:
            self.link("company", one, "accounting:freee")
        return one

    def deal(self, *, won: bool = True, **more: Any) -> dict[str, Any]:
        one = {
            "id": self._id("d"),
            "company_id": None,
            "is_closed": int(won),
            "is_won": int(won),
            "amount_excl": self.rng.randrange(10_000, 900_000, 1_000),
            "currency": "JPY",
            "owner_id": "u1",
            "owner_active": 1,
            "won_at": instant(self._age(200, 2000)) if won else None,
            "close_date": day(10) if won else day(-10),
            "stage_entered_at": instant(100),
            "last_activity_at": instant(90),
            "billing_mode": "one_time",
            "needs_onboarding": 1,
        } | more
        if one["company_id"] is None:
            one["company_id"] = self.company()
        self.rows["deal"].append(one)
        return one

    def plan(self, deal: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        one = {
            "id": self._id("n"),
            "deal_id": deal["id"],
            "seq": 1,
            "bill_on": day(8),
            "amount_excl": deal["amount_excl"],
            "cancelled": 0,
        } | more
        self.rows["invoice_plan"].append(one)
        return one

    def invoice(
        self, plan: Mapping[str, Any], deal: Mapping[str, Any], **more: Any
    ) -> dict[str, Any]:
        net = plan["amount_excl"]
        total = net + net // 10
        one = {
            "id": self._id("i"),
            "plan_id": plan["id"],
            "deal_id": deal["id"],
            "company_id": deal["company_id"],
            "system": "freee/invoice",
            "number": more.get("number") or self._number(),
            "doc_type": "invoice",
            "issue_date": day(8),
            "due_date": day(-20),
            "amount_excl": net,
            "amount_incl": total,
            "remote_amount_incl": total,
            "status": "sent",
            "sent_at": instant(100),
            "qualified": 1,
            "content_sha": HASH,
        } | more
        self.rows["invoice"].append(one)
        if one["sent_at"] and one["content_sha"]:
            self.archive(one)
        return one

    def _number(self) -> str:
        self._serial += 1
        return f"INV{self._serial:05d}"

    def archive(self, invoice: Mapping[str, Any], sha: str = HASH) -> None:
        seq = len(self.rows["archive"]) + 1
        row = {"seq": seq, "invoice_id": invoice["id"], "content_sha": sha}
        self.rows["archive"].append(row)

    def pay(self, invoice: Mapping[str, Any], amount: int | None = None) -> None:
        told = invoice["amount_incl"] if amount is None else amount
        row = {"id": self._id("y"), "invoice_id": invoice["id"], "amount": told}
        self.rows["payment"].append(row)

    def onboard(self, deal: Mapping[str, Any], **more: Any) -> str:
        usual = {"id": self._id("o"), "deal_id": deal["id"], "due_on": day(-5)}
        self.rows["onboarding"].append(usual | {"done_at": None} | more)
        return str(usual["id"])

    def served(self, **more: Any) -> dict[str, Any]:
        """A won deal with onboarding."""
        deal = self.deal(**more)
        self.onboard(deal)
        return deal

    def sold(self, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """A won deal with a plan."""
        deal = self.served(**more)
        return deal, self.plan(deal)

    def billed(self, **more: Any) -> dict[str, Any]:
        """A won deal whose invoice differs from the usual one as said."""
        deal, plan = self.sold()
        return self.invoice(plan, deal, **more)

    def _deals(self, won: int) -> None:
        for _ in range(self.each):
            self._open_deals()
            self._won_deals()
        while sum(one["is_won"] for one in self.rows["deal"]) < won:
            one = self.billed(due_date=self.rng.choice((day(5), day(-5))))
            self.pay(one)
        for _ in range(won):
            self.deal(won=False)
            self.deal(won=False, is_closed=1, close_date=day(50), owner_active=0)

    def _open_deals(self) -> None:
        self._plant("L05", self.deal(won=False, owner_id=None)["id"])
        self._plant("L05", self.deal(won=False, owner_active=0)["id"])
        old = instant(24 * 30 + 1)
        self._plant("L06", self.deal(won=False, last_activity_at=old)["id"])
        quiet = {"last_activity_at": None, "stage_entered_at": old}
        self._plant("L06", self.deal(won=False, **quiet)["id"])
        self.deal(
            won=False, last_activity_at=instant(24 * 30 - 1), stage_entered_at=old
        )
        self._plant("L07", self.deal(won=False, close_date=day(1))["id"])
        self.deal(won=False, close_date=day(0))

    def _won_deals(self) -> None:
        stranger, plan = self.sold(company_id=self.company(linked=False))
        self.invoice(plan, stranger)
        self._plant("L10", stranger["id"])
        fresh = {"company_id": self.company(linked=False), "won_at": instant(23.9)}
        self.plan(self.served(**fresh), bill_on=day(-3))
        self.served(company_id=self.company(linked=False), billing_mode="none")
        self._plant("L11", self.served()["id"])
        dropped = self.served()
        self.plan(dropped, cancelled=1)
        self._plant("L11", dropped["id"])
        self.served(won_at=instant(23.9))
        self._plant("L12", self.plan(self.served(), bill_on=day(1))["id"])
        deal, plan = self.sold()
        self.invoice(plan, deal, status="void", sent_at=None)
        self._plant("L12", plan["id"])
        self.plan(self.served(), bill_on=day(0))
        deal, plan = self.sold()
        self.invoice(plan, deal)
        self.plan(deal, seq=2, amount_excl=1, cancelled=1)
        odd = self.served()
        self.invoice(self.plan(odd, amount_excl=odd["amount_excl"] - 1), odd)
        self._plant("L13", odd["id"])
        halves = self.served(billing_mode="split", amount_excl=10_001)
        for seq, part in enumerate((5_000, 5_001), 1):
            self.invoice(self.plan(halves, seq=seq, amount_excl=part), halves)
        monthly = self.served(billing_mode="recurring")
        self.invoice(self.plan(monthly, amount_excl=10), monthly)

    # -- back office ----------------------------------------------------------------

    def _invoices(self) -> None:
        for number in range(self.each):
            self._wrong_sums()
            self._unsent()
            self._payments()
            self._evidence()
            self._numbers(number)

    def _wrong_sums(self) -> None:
        deal, plan = self.sold()
        more = plan["amount_excl"] + 10
        self._plant("L14", self.invoice(plan, deal, amount_excl=more)["id"])
        self.invoice(self.plan(deal, seq=2, amount_excl=0), deal, amount_excl=5,
                     doc_type="credit_note")  # fmt: skip
        one = self.billed()
        one["remote_amount_incl"] = one["amount_incl"] - 1
        self._plant("L15", one["id"])
        self.billed(remote_amount_incl=None)
        deal, plan = self.sold()
        self.invoice(plan, deal)
        self.invoice(plan, deal)
        self._plant("L16", plan["id"])
        deal, plan = self.sold()
        self.invoice(plan, deal, status="void", sent_at=None)
        self.invoice(plan, deal)
        self.invoice(plan, deal, doc_type="credit_note", amount_excl=0)

    def _unsent(self) -> None:
        unsent = {"status": "issued", "sent_at": None}
        self._plant("L17", self.billed(**unsent, issue_date=day(3))["id"])
        self.billed(**unsent, issue_date=day(1))
        draft = {"status": "draft", "sent_at": None}
        self._plant("L18", self.billed(**draft, issue_date=day(1))["id"])
        self.billed(**draft, issue_date=day(0))

    def _payments(self) -> None:
        late = {"due_date": day(1)}
        self._plant("L19", self.billed(**late)["id"])
        self.billed(due_date=day(0))
        self.pay(self.billed(**late))
        short = self.billed(**late)
        self.pay(short, short["amount_incl"] - 440)
        self._plant("L20", short["id"])
        early = self.billed(due_date=day(-1))
        self.pay(early, 1)
        twice = self.billed(**late)
        self.pay(twice)
        self.pay(twice, 1)
        self._plant("L21", twice["id"])
        parts = self.billed(**late)
        self.pay(parts, 100)
        self.pay(parts, parts["amount_incl"] - 100)
        for invoice in (None, "nothing we know"):
            lost = {"id": self._id("y"), "invoice_id": invoice, "amount": 1100}
            self.rows["payment"].append(lost)
            self._plant("L22", lost["id"])

    def _evidence(self) -> None:
        self._plant("L34", self.billed(content_sha=None)["id"])
        other = self.billed(content_sha=None)
        other["content_sha"] = "cd" * 32
        self.archive(other)
        self._plant("L34", other["id"])
        self._plant("L35", self.billed(issue_date=None)["id"])
        self.billed(issue_date=None, qualified=0)
        lost = self.deal(won=False, is_closed=1)
        nothing = {"id": None, "amount_excl": 10_000}
        self._plant("L36", self.invoice(nothing, lost)["id"])
        credited = self.deal(won=False, is_closed=1)
        self.invoice(nothing, credited)
        self.invoice(nothing, credited, doc_type="credit_note")
        self.invoice(nothing, self.deal(won=False, is_closed=1), status="void",
                     sent_at=None)  # fmt: skip
        nobody = self.company(billing_contact=None)
        self.billed_for(nobody)
        self._plant("L37", nobody)
        self.company(billing_contact=None)

    def billed_for(self, company: str) -> None:
        deal, plan = self.sold(company_id=company)
        self.invoice(plan, deal)

    def _numbers(self, series: int) -> None:
        self.billed(number=f"S{series:02d}-0001")
        self.billed(number=f"S{series:02d}-0003")
        self._plant("L38", f"S{series:02d}-0003")
        self.billed(number=f"T{series:02d}-0001")
        self.billed(number=f"T{series:02d}-0002")

    # -- customer success ------------------------------------------------------------

    def subscription(self, **more: Any) -> str:
        usual = {
            "id": self._id("s"),
            "status": "active",
            "start_on": day(200),
            "end_on": day(-165),
            "renewal_task_at": None,
            "mrr": 30_000,
            "billed_through": day(-10),
        }
        self.rows["subscription"].append(usual | more)
        return str(usual["id"])

    def _service(self) -> None:
        for _ in range(self.each):
            for rule, hours in (("L23", 72.1), ("", 71.9)):
                deal = self.deal(won_at=instant(hours))
                self.invoice(self.plan(deal), deal)
                if rule:
                    self._plant(rule, deal["id"])
            deal, plan = self.sold(needs_onboarding=0)
            self.invoice(plan, deal)
            self._plant("L24", self.onboard(deal, due_on=day(1)))
            self.onboard(deal, due_on=day(0))
            self.onboard(deal, due_on=day(9), done_at=instant(5))
            ended = {"status": "ended", "end_on": day(1)}
            self._plant("L25", self.subscription(**ended, billed_through=day(0)))
            self.subscription(**ended, billed_through=day(1))
            self._plant("L26", self.subscription(billed_through=day(1)))
            self._plant("L26", self.subscription(billed_through=None))
            self.subscription(billed_through=day(0))
            self.subscription(start_on=day(-1), billed_through=None)
            self._plant("L27", self.subscription(end_on=day(-60)))
            self.subscription(end_on=day(-61))
            self.subscription(end_on=day(-30), renewal_task_at=instant(3))
            self.subscription(end_on=None)

    # -- companies -------------------------------------------------------------------

    def _companies(self) -> None:
        for number in range(self.each):
            key, corporate = f"twin {number}", f"{number:013d}"
            for _ in range(2):
                self.company(core_key=key, domain="twin.co.jp")
            self._plant("L28", key)
            for place in range(2):  # two firms of one name, as their numbers say
                self.company(core_key=f"name {number}", domain="n.co.jp",
                             corporate_number=f"9{place}{number:011d}")  # fmt: skip
            self.company(core_key=f"place {number}", domain="a.co.jp")
            self.company(core_key=f"place {number}", domain="b.co.jp")
            self.company(core_key=f"left {number}", domain="l.co.jp")
            self.company(core_key=f"left {number}", domain="l.co.jp", deleted=1)
            for place in range(2):
                self.company(core_key=f"same {number} {place}",
                             corporate_number=corporate)  # fmt: skip
            self._plant("L29", corporate)
            self.company(corporate_number=f"1{number:012d}")
            nameless = self.company(core_key="")
            deal, plan = self.sold(company_id=nameless)
            self._plant("L35", self.invoice(plan, deal)["id"])

    # -- the hub ---------------------------------------------------------------------

    def _hub(self) -> None:
        for number in range(self.each):
            twofold = self.company()
            self.link("company", twofold, "accounting:freee")
            self._plant("L30", f"company:{twofold}")
            both = self.company()
            self.link("company", both, "accounting:stripe")
            self.link("company", both, "accounting:freee", deleted=1)
            gone = self.company(linked=False)
            self.link("company", gone, "accounting:freee", deleted=1)
            self._plant("L31", f"company:{gone}")
            self._stuck(number)
            for late, system in ((61, "late"), (59, "punctual")):
                row = {"system": system, "object": f"o{number}",
                       "last_success_at": instant(late / 60), "max_lag_minutes": 60}  # fmt: skip
                self.rows["sync_cursor"].append(row)
            self._plant("L33", f"late:o{number}")
            usual = {"subject_id": "x", "rule": "r", "opened_at": instant(50),
                     "due_at": instant(0.1), "closed_at": None, "cancelled_at": None}  # fmt: skip
            for rule, more in (("L03", {}), ("", {"due_at": instant(-0.1)}),
                               ("", {"closed_at": instant(1)}),
                               ("", {"cancelled_at": instant(1)})):  # fmt: skip
                self._numbered("handoff", rule, usual | more)

    def _stuck(self, number: int) -> None:
        states = ("pending", "in_flight", "dead")
        usual = {"op": "create", "subject_id": "x", "state": states[number % 3],
                 "created_at": instant(1.01), "attempts": 1}  # fmt: skip
        for rule, more in (("L32", {}), ("", {"created_at": instant(0.99)}),
                           ("", {"state": "confirmed"})):  # fmt: skip
            self._numbered("outbox", rule, usual | more)

    def _numbered(self, table: str, rule: str, row: Mapping[str, Any]) -> None:
        number = len(self.rows[table]) + 1
        self.rows[table].append({"id": number} | row)
        if rule:
            self._plant(rule, str(number))
