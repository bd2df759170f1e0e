"""A company that lives at random: people, systems, time and deaths, in any order.

Hypothesis chooses what happens next. At each quiet point everything must agree on all
sides, and from then on nothing may be written any more.
"""

from collections.abc import Callable
from random import Random

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tasuki.engine.sync import Options
from tasuki.ledger import Ledger
from tasuki.ledger.lease import LeaseHeldError
from tasuki.testing import FakeFault, Lie, ManualClock
from tests.simulation.companies import (
    OTHER_RELAY,
    RELAY,
    Play,
    company,
    convert,
    deal,
    nothing,
    person,
)
from tests.simulation.convergence import check_both_sides_agree
from tests.simulation.dying import emptied
from tests.simulation.invariants import check_always, check_quiet
from tests.simulation.killing import LEASE, Kill, Killer
from tests.simulation.relay import Relay
from tests.simulation.workers import stop_and_wake, work_together

CHAIN = ("leads", "progress", "invoices", "customers", "invoices", "payments")
LATEST = 25.0  # seconds after which a lost write has landed
PEOPLE, DEALS = st.integers(1, 6), st.integers(1, 5)
NAMES = st.sampled_from(["佐藤", "鈴木", "高橋"])
STEPS = st.integers(0, 260)
WRITING = st.sampled_from([
    Lie.THROTTLED, Lie.LOST_BEFORE, Lie.LOST_AFTER, Lie.LATE, Lie.NOT_SENT, Lie.REJECTED,
    Lie.ROW_REJECTED, Lie.ROW_DEFERRED, Lie.ROW_UNTOLD, Lie.ACCESS,
])  # fmt: skip
READING = st.sampled_from([Lie.THROTTLED, Lie.LOST_BEFORE, Lie.ACCESS])
SYSTEMS = st.sampled_from(["crm", "sfa", "books"])


class RelayMachine(RuleBasedStateMachine):
    """The whole relay between three systems; `ledgers` are two ways into one ledger."""

    def __init__(
        self,
        ledgers: tuple[Ledger, Ledger],
        clock: ManualClock,
        told: Callable[[str], None],
    ) -> None:
        super().__init__()
        self.clock, self.other, self.told = clock, ledgers[1], told
        clock._due.clear()
        play = Play(nothing, nothing, CHAIN)
        self.relay: Relay = company(play, emptied(ledgers[0]), clock)
        for number in (1, 2):
            self.relay.systems["sfa"].put("Account", f"a{number}", name=f"A{number}")
        self.set_by_people: set[tuple[str, str]] = set()

    # -- people ------------------------------------------------------------------------

    @rule(number=PEOPLE, name=NAMES, score=st.sampled_from([10, 80, 80, 80]))
    def edit_a_person(self, number: int, name: str, score: int) -> None:
        if self._there("crm", "people", f"p{number}", new=True):
            person(self.relay, number, name=name, score=score)

    @rule(number=PEOPLE, phone=st.sampled_from(["03", "06", ""]), twin=PEOPLE)
    def give_a_person_a_phone(self, number: int, phone: str, twin: int) -> None:
        """Now and then with the address of another one."""
        if self._there("crm", "people", f"p{number}", new=True):
            person(self.relay, number, phone=phone, email=f"p{twin}@x.jp")

    @rule(place=st.integers(0, 5), status=st.sampled_from(["working", "open"]))
    def work_on_a_lead(self, place: int, status: str) -> None:
        lead = self._lead(place)
        if lead:
            self.relay.systems["sfa"].put("Lead", lead, Status=status)

    @rule(place=st.integers(0, 5), phone=st.sampled_from(["090", "080"]))
    def phone_a_lead(self, place: int, phone: str) -> None:
        lead = self._lead(place)
        if lead:
            self.relay.systems["sfa"].put("Lead", lead, Phone=phone)
            self.set_by_people.add((lead, phone))

    @rule(number=DEALS, won=st.booleans(), twin=st.booleans())
    def enter_a_deal(self, number: int, *, won: bool, twin: bool) -> None:
        sfa = self.relay.systems["sfa"]
        if f"d{number}" not in sfa.streams["Deal"].rows:
            deal(self.relay, number, won=won, number="no-1" if twin else f"no-{number}")

    @rule(number=DEALS)
    def win_a_deal(self, number: int) -> None:
        if self._there("sfa", "Deal", f"d{number}"):
            self.relay.systems["sfa"].put("Deal", f"d{number}", won=True)

    @rule(place=st.integers(0, 5))
    def pay_an_invoice(self, place: int) -> None:
        invoices = sorted(self.relay.systems["books"].records("invoice"))
        if invoices:
            one = invoices[place % len(invoices)]
            self.relay.systems["books"].put("invoice", one, paid=True)

    # -- upheavals ---------------------------------------------------------------------

    @rule(number=PEOPLE)
    def delete_a_person(self, number: int) -> None:
        if self._there("crm", "people", f"p{number}"):
            self.relay.systems["crm"].delete("people", f"p{number}")

    @rule(loser=PEOPLE, survivor=PEOPLE)
    def merge_people(self, loser: int, survivor: int) -> None:
        both = self._there("crm", "people", f"p{loser}") and self._there(
            "crm", "people", f"p{survivor}"
        )
        if both and loser != survivor:
            self.relay.systems["crm"].merge("people", f"p{loser}", f"p{survivor}")

    @rule(place=st.integers(0, 5))
    def delete_a_lead(self, place: int) -> None:
        lead = self._lead(place)
        if lead:
            self.relay.systems["sfa"].delete("Lead", lead)

    @rule(place=st.integers(0, 5))
    def convert_a_lead(self, place: int) -> None:
        lead = self._lead(place)
        if lead:
            convert(self.relay, lead)

    @rule(place=st.integers(0, 5), other=st.integers(0, 5))
    def merge_leads(self, place: int, other: int) -> None:
        loser, survivor = self._lead(place), self._lead(other)
        if loser and survivor and loser != survivor:
            self.relay.systems["sfa"].merge("Lead", loser, survivor)

    @rule()
    def change_the_mapping(self) -> None:
        now = OTHER_RELAY if self.relay.chain[0] is RELAY["leads"] else RELAY
        self.relay.chain = [now[name] for name in CHAIN]

    # -- time --------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1.0, 30.0, 61.0, 3700.0]))
    def let_time_pass(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(seconds=st.sampled_from([-3600.0, -30.0, 30.0]))
    def set_the_clock(self, seconds: float) -> None:
        """A jump forward cuts quiet times short: what was lost has landed before."""
        self.clock.advance(LATEST + 1)
        self.clock.jump(seconds)

    # -- runs --------------------------------------------------------------------------

    @rule(lie=WRITING, system=SYSTEMS, skip=st.integers(0, 3), nth=st.integers(1, 3))
    def plan_a_lie_about_writes(
        self, lie: Lie, system: str, skip: int, nth: int
    ) -> None:
        fault = FakeFault(lie, skip=skip, seconds=LATEST, nth=nth)
        self.relay.systems[system].plant(fault)

    @rule(
        lie=READING,
        system=SYSTEMS,
        call=st.sampled_from(["read", "find", "fetch", "probe"]),
    )
    def plan_a_lie_about_reads(self, lie: Lie, system: str, call: str) -> None:
        self.relay.systems[system].plant(FakeFault(lie, call))

    @rule(at=STEPS, late=st.booleans(), buried=st.booleans())
    def run(self, at: int, *, late: bool, buried: bool) -> None:
        """Run, dying at a step or not at all; what had left may still land."""
        self.relay.systems["books"].dies_late = {"invoice": LATEST} if late else {}
        self._run(Killer(at))
        self._after_death(buried=buried)

    @rule(first=st.integers(1, 150), second=st.integers(1, 150), buried=st.booleans())
    def die_twice(self, first: int, second: int, *, buried: bool) -> None:
        """Die early, and again while what was left is taken up."""
        self.run(first, late=False, buried=buried)
        self.run(second, late=True, buried=buried)

    @rule(numbers=st.lists(PEOPLE, min_size=1, max_size=4), at=STEPS)
    def hear_hints(self, numbers: list[int], at: int) -> None:
        """Runs for named records only, in any order, and some of them twice."""
        ids = tuple(f"p{number}" for number in numbers)
        chain = self.relay.chain
        self.relay.chain = chain[:1]
        self._run(Killer(at), Options(only=ids, lease_seconds=LEASE))
        self.relay.chain = chain
        self._after_death(buried=True)

    @rule(at=st.integers(1, 40))
    def wake_too_late(self, at: int) -> None:
        self._calm()
        stop_and_wake(self.relay, self.other, at)
        self._after_death(buried=True)

    @rule(seed=st.integers(0, 10_000))
    def work_in_turns(self, seed: int) -> None:
        self._calm()
        ledgers = [self.relay.ledger, self.other]
        work_together(self.relay, ledgers, Random(seed), kill=0.04)
        self._after_death(buried=True)

    @rule()
    def replay(self) -> None:
        letters = self.relay.ledger.dead_letters()
        self.relay.ledger.replay([letter.id for letter in letters])

    @rule()
    @precondition(lambda self: self.relay.commits)
    def come_to_rest(self) -> None:
        """Let all be quiet; then both sides agree and nothing is written any more."""
        self._calm()
        self.relay.until_quiet(12)
        self.replay()
        self.relay.until_quiet(12)
        check_quiet(self.relay)
        assert not self.relay.ledger.dead_letters(), "a dead letter that need not be"
        check_both_sides_agree(self.relay, self.set_by_people)
        self.relay.check_rerun_is_quiet()
        self.told("rest")

    @invariant()
    def nothing_is_done_twice_or_passed_over(self) -> None:
        check_always(self.relay)

    def teardown(self) -> None:
        self.come_to_rest()

    # -- for the rules -----------------------------------------------------------------

    def _run(self, killer: Killer, options: Options | None = None) -> None:
        try:
            self.relay.run(killer, options)
        except Kill:
            self.told("death")
        except LeaseHeldError:
            self.told("refused")

    def _after_death(self, *, buried: bool) -> None:
        """What was lost lands before anybody works again (class B has no quiet time)."""
        self.relay.systems["books"].dies_late = {}
        self.clock.advance(LATEST + 1)
        if buried:
            self.relay.bury()

    def _calm(self) -> None:
        """Nobody lies any more, and the leases of the dead are free."""
        self.relay.bury()
        for system in self.relay.systems.values():
            system.tell_the_truth()

    def _there(
        self, system: str, stream: str, record_id: str, *, new: bool = False
    ) -> bool:
        row = self.relay.systems[system].streams[stream].rows.get(record_id)
        return new if row is None else not row.deleted

    def _lead(self, place: int) -> str:
        alive = sorted(self.relay.systems["sfa"].records("Lead"))
        return alive[place % len(alive)] if alive else ""
