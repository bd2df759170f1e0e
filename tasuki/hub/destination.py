"""Writing billing plans: what changes nothing billed is written, the rest is asked."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from hashlib import blake2b
from typing import Final

from tasuki.billing.amendment import Difference, difference, proposal
from tasuki.billing.errors import BillingError
from tasuki.billing.instalment import (
    CREDIT,
    REGULAR,
    Instalment,
    instalments,
    next_bill_day,
)
from tasuki.billing.plan import WITHDRAWN, BillingPlan, Schedule, read_plan
from tasuki.billing.returning import balances
from tasuki.clock import TOKYO
from tasuki.hub.schema import PLAN_STREAM
from tasuki.ledger.billing import BillingBook, BillingTx
from tasuki.ledger.billing_questions import LOST
from tasuki.ledger.billing_rows import StoredPart, StoredPlan
from tasuki.model.errors import ConfigError
from tasuki.model.write import (
    Candidate,
    Confirmed,
    Deferred,
    Operation,
    Outcome,
    Rejected,
    Sighting,
    Write,
    WriteClass,
    WriteFacts,
)
from tasuki.ports import Clock, Question

BILLED: Final = "billed_already"
"""Why a deal is held that was amended after a part of it was billed."""
_BATCH: Final = 200


class PlanDestination:
    """The hub's writing half: `billing_plan`, by the deal's key."""

    def __init__(self, book: BillingBook, clock: Clock) -> None:
        self._book = book
        self._clock = clock
        self._seen: dict[str, str] = {}
        """What had been billed of each plan when it was reviewed."""

    def facts(self, stream: str) -> WriteFacts:  # noqa: ARG002 - all alike
        """Return that plans are written by their deal's key, many at once."""
        return WriteFacts(WriteClass.UPSERT, batch_size=_BATCH, in_flight=1)

    def withdrawal(self, stream: str) -> Mapping[str, object]:
        """Return what a plan is told whose deal is lost, reopened or gone."""
        _check_stream(stream)
        return {"state": WITHDRAWN}

    def review(
        self, stream: str, updates: Mapping[str, Mapping[str, object]]
    ) -> Mapping[str, Question]:
        """Return the updates that touch what was billed already, with a proposal."""
        _check_stream(stream)
        questions: dict[str, Question] = {}
        ids = list(updates)
        with self._book.reading() as tx:
            plans, parts = tx.plans(ids), tx.parts(ids)
        for plan_id, fields in updates.items():
            self._seen[plan_id] = _digest(parts[plan_id])
            if plan_id not in plans or not parts[plan_id]:
                continue
            try:
                plan = read_plan(plans[plan_id].fields | dict(fields))
                found = _owed(plan, parts[plan_id])
            except BillingError:
                continue  # refused when it is written, with its words
            if found.by_tax:
                reason = LOST if plan.state == WITHDRAWN else BILLED
                less = all(amount < 0 for _, amount in found.by_tax)
                questions[plan_id] = Question(reason, proposal(plan, found), less)
        return questions

    def write(
        self, stream: str, writes: Sequence[Write], fence: Callable[[], None]
    ) -> list[Outcome]:
        """Write plans, all in one transaction."""
        _check_stream(stream)
        fence()
        ids = [_id_of(write) for write in writes]
        with self._book.writing() as tx:
            plans, parts = tx.plans(ids), tx.parts(ids)
            direct = tx.billed_directly([one for one in ids if one not in plans])
            return [
                self._put(tx, write, plans.get(one), parts[one], direct.get(one, ""))
                for write, one in zip(writes, ids, strict=True)
            ]

    def _put(
        self,
        tx: BillingTx,
        write: Write,
        before: StoredPlan | None,
        parts: list[StoredPart],
        direct: str,
    ) -> Outcome:
        plan_id, today = _id_of(write), self._today()
        creating = write.operation is Operation.CREATE or before is None
        fields = {**({} if creating or not before else before.fields), **write.fields}
        fields["deal"] = plan_id
        fields = {name: value for name, value in fields.items() if value is not None}
        try:
            plan = read_plan(fields)
            planned = instalments(plan, plan.start)
            if direct:
                parts = _adopted(tx, plan, planned, direct)
            found = _difference(plan, parts)
        except BillingError as error:
            return Rejected(write.ref, "billing_plan", str(error), error.remedy)
        if found.by_tax:
            if self._seen.get(plan_id) != _digest(parts):
                words = "part of it was billed a moment ago; it is looked at again"
                return Deferred(write.ref, "billed_meanwhile", words)
            parts = _balance(tx, plan, parts, today)
        created = tx.put_plan(plan_id, fields, plan.state, _next(plan, parts, today))
        answer = {"id": plan_id, "schedule": plan.schedule.value}
        return Confirmed(write.ref, plan_id, created, answer)

    def find(
        self, stream: str, field: str, values: Sequence[str]
    ) -> Mapping[str, Sequence[Candidate]]:
        """Return plans by their deal's key."""
        _check_stream(stream)
        if field != "deal":
            what = f"plans are found by 'deal', not by '{field}'"
            raise ConfigError(f"hub/{stream}", what, "Match by deal.")
        with self._book.reading() as tx:
            found = tx.plans(list(values))
        return {one: [Candidate(one, stream, {"deal": one})] for one in found}

    def fetch(
        self, stream: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, object]]:
        """Return the present values of plans."""
        _check_stream(stream)
        with self._book.reading() as tx:
            found = tx.plans(list(ids))
        return {
            one: {name: plan.fields.get(name) for name in fields}
            for one, plan in found.items()
        }

    def probe(self, stream: str, writes: Sequence[Write]) -> list[Sighting]:
        """Plans carry no marks: they are written by their key."""
        what = f"its records carry no marks ({len(writes)} asked for)"
        raise ConfigError(f"hub/{stream}", what)

    def _today(self) -> date:
        return self._clock.now().astimezone(TOKYO).date()


def _adopted(
    tx: BillingTx, plan: BillingPlan, planned: Sequence[Instalment], direct: str
) -> list[StoredPart]:
    """Take over a deal that was billed before it had a plan.

    Raises:
        BillingError: It is not billed at once, so nobody can say what was billed of it.
    """
    if plan.schedule is not Schedule.ONCE:
        what = f"the deal was billed as {direct} before it had a plan"
        remedy = "Make it a deal that is billed once, or bill the rest as another deal."
        raise BillingError(where="billing plan: schedule", what=what, remedy=remedy)
    for one in planned:
        tx.put_part(one, direct)
    return [StoredPart(one, direct) for one in planned]


def _check_stream(stream: str) -> None:
    if stream != PLAN_STREAM:
        what = f"only {PLAN_STREAM} can be written"
        raise ConfigError(f"hub/{stream}", what, f"Write to hub/{PLAN_STREAM}.")


def _id_of(write: Write) -> str:
    if write.target_id is not None:
        return write.target_id
    return write.key[1] if write.key else str(write.fields.get("deal"))


def _difference(plan: BillingPlan, parts: Sequence[StoredPart]) -> Difference:
    return difference(plan, [one.part for one in parts])


def _without_pending(parts: Sequence[StoredPart]) -> list[StoredPart]:
    return [one for one in parts if one.invoice_id or _is_settled(one)]


def _owed(plan: BillingPlan, parts: Sequence[StoredPart]) -> Difference:
    """Return the difference to what was billed; none where it is under way already."""
    found = _difference(plan, parts)
    return _difference(plan, _without_pending(parts)) if found.by_tax else found


def _balance(
    tx: BillingTx, plan: BillingPlan, parts: Sequence[StoredPart], today: date
) -> list[StoredPart]:
    """Store what makes up for a difference, in the place of what was to before."""
    tx.drop_pending(plan.deal)
    kept = _without_pending(parts)
    rest = _difference(plan, kept)
    if rest.by_tax:
        billed = [(one.part, one.invoice_id) for one in kept]
        for part in balances(plan, rest, billed, _balances(kept), today):
            tx.put_part(part, None)
            kept.append(StoredPart(part, None))
    return kept


def _is_settled(one: StoredPart) -> bool:
    """Say whether a part counts though no invoice bills it: what is to be returned."""
    return one.part.kind == CREDIT


def _balances(parts: Sequence[StoredPart]) -> int:
    return sum(one.part.kind != REGULAR for one in parts)


def _digest(parts: Sequence[StoredPart]) -> str:
    told = "\n".join(
        sorted(f"{one.part.id} {one.part.amount:f} {one.invoice_id}" for one in parts)
    )
    return blake2b(told.encode(), digest_size=8).hexdigest()


def _next(plan: BillingPlan, parts: Sequence[StoredPart], today: date) -> date | None:
    """Return when there is something to bill next."""
    taken = frozenset(one.part.id for one in parts)
    pending = [
        one.part.bill_on
        for one in parts
        if one.invoice_id is None and not _is_settled(one)
    ]
    following = next_bill_day(plan, taken, max(today, plan.start))
    return min([*pending, *([following] if following else [])], default=None)
