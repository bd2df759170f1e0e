"""SIGKILL at random moments of billing in Money Forward, and of credits at Stripe.

As for freee: every won deal has exactly one invoice, and every approved credit exactly
one credit note, however often the process dies; then a rerun writes nothing.
"""

from collections.abc import Iterator
from random import Random

import pytest

from tasuki.sandbox.faults import Fault, Kind
from tests.simulation.office import Tally
from tests.simulation.office_checks import check_a_rerun_writes_nothing
from tests.simulation.other_books import (
    MF_INVOICES,
    STRIPE_CREDITS,
    CreditOffice,
    MoneyForwardOffice,
)

SHORT, SHORT_WITH_LIES, LONG = 3, 3, 100

pytestmark = [pytest.mark.slow, pytest.mark.soak, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MoneyForwardOffice]:
    folder = tmp_path_factory.mktemp("office")
    with MoneyForwardOffice(folder, people=80, deals=50, won=36) as office:
        yield office


@pytest.fixture(scope="module")
def undisturbed(office: MoneyForwardOffice) -> list[tuple[str, ...]]:
    office.new_day()
    office.customers()
    told = office.run(MF_INVOICES)
    assert told["code"] in {0, 1}
    office.usual[MF_INVOICES] = told["seconds"]
    assert len(office.told()) > 5
    return office.told()


@pytest.fixture(scope="module")
def credits_due(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CreditOffice]:
    folder = tmp_path_factory.mktemp("credits")
    with CreditOffice(folder, people=20, deals=80, won=70) as office:
        office.prepare()
        yield office


def kill(
    office: MoneyForwardOffice,
    undisturbed: list[tuple[str, ...]],
    kills: int,
    lie: Kind | None = None,
) -> None:
    tally, seed, fired = Tally(), 0, 0
    while tally.kills < kills:
        seed += 1
        office.new_day()
        office.customers()
        if lie is not None:
            path = "template_billings$"
            fault = Fault(lie, "POST", path, times=0, one_in=6, seconds=0.2, seed=seed)
            office.plant("moneyforward", fault)
        office.until_done(MF_INVOICES, Random(seed), tally)
        if lie is not None:
            fired += fault.fired
            office.rehearsal.servers["moneyforward"].faults.clear()
            office.finish(MF_INVOICES)
        office.check(undisturbed)
    check_a_rerun_writes_nothing(office, MF_INVOICES)
    assert tally.mid_run
    assert fired or lie is None
    print(f"\n{lie or 'no lies'}, {seed} days: {tally}")


def kill_credits(office: CreditOffice, kills: int) -> None:
    office.new_day()
    told = office.run(STRIPE_CREDITS)
    assert told["code"] in {0, 1}
    office.usual[STRIPE_CREDITS] = told["seconds"]
    undisturbed = office.told()
    assert len(undisturbed) > 4
    tally, seed = Tally(), 0
    while tally.kills < kills:
        seed += 1
        office.new_day()
        office.until_done(STRIPE_CREDITS, Random(seed), tally)
        office.check(undisturbed)
    check_a_rerun_writes_nothing(office, STRIPE_CREDITS)
    assert tally.mid_run
    print(f"\ncredits, {seed} days: {tally}")


def test_money_forward_invoices_survive_kills(
    office: MoneyForwardOffice, undisturbed: list[tuple[str, ...]]
) -> None:
    kill(office, undisturbed, SHORT)


def test_money_forward_invoices_survive_kills_and_lost_answers(
    office: MoneyForwardOffice, undisturbed: list[tuple[str, ...]]
) -> None:
    kill(office, undisturbed, SHORT_WITH_LIES, Kind.RESET_AFTER)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_credit_notes_at_stripe_survive_kills(credits_due: CreditOffice) -> None:
    kill_credits(credits_due, LONG)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_hundreds_of_kills_while_money_forward_is_billed(
    office: MoneyForwardOffice, undisturbed: list[tuple[str, ...]]
) -> None:
    kill(office, undisturbed, LONG)
    for lie in (Kind.RESET_AFTER, Kind.LATE_COMMIT):
        kill(office, undisturbed, LONG // 2, lie)
