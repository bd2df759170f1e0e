"""What is told of leaks and late handoffs: each once, in bulk where they come in bulk."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tasuki.alert.notice import Notice
from tasuki.insight.handoff import Passage
from tasuki.insight.handoff_board import Looked, judge
from tasuki.insight.handoff_rule import SalesModel
from tasuki.insight.leak.rule import rules
from tasuki.ledger import Ledger
from tasuki.ledger.findings import Met
from tasuki.operation.handoff_notices import HandoffNotices, of_handoffs
from tasuki.operation.leak_notices import LeakNotices, of_leaks
from tasuki.testing import ManualClock
from tests.unit.insight.handoff_material import (
    HEAD,
    LEADS,
    MQL,
    jst,
    looked_at,
    model_of,
    told,
)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def ledger(tmp_path: Path, clock: ManualClock) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db", clock) as made:
        yield made


def sweep(ledger: Ledger, clock: ManualClock, *found: str) -> LeakNotices:
    """Meet these leaks, `L12/deal:yen`, and return what is told."""
    clock.sleep(60)
    met = []
    for one in found:
        key, _, yen = one.partition(":")
        rule, subject = key.split("/")
        severity, department = rules()[rule].severity, rules()[rule].department
        link = f"https://crm.example.com/{subject}"
        amount = int(yen) if yen else None
        met.append(Met(rule, subject, "", severity, department, amount, link))
    looked = dict.fromkeys(rules(), "")
    ledger.put_sweep(met, looked, {}, clock.now())
    return of_leaks(ledger, clock.now())


def keys(found: list[Notice]) -> list[str]:
    return sorted(one.key for one in found)


def test_a_critical_leak_is_told_by_itself_and_others_by_rule(
    ledger: Ledger, clock: ManualClock
) -> None:
    told = sweep(ledger, clock, "L12/d1:550000", "L12/d2", "L17/i1:100", "L17/i2:20")
    one = {each.key: each for each in told.found}
    assert keys(told.found) == ["leak/L12/d1", "leak/L12/d2", "leak/L17"]
    worst = one["leak/L12/d1"]
    assert (worst.severity.value, worst.yen) == ("critical", 550_000)
    assert worst.link.endswith("/d1")
    assert "tasuki leaks mend L12/d1" in worst.remedy_ja
    rest = one["leak/L17"]
    assert (rest.yen, rest.link, rest.department) == (120, "", "back_office")
    assert "2 件" in rest.title_ja
    assert "tasuki leaks list --rule L17" in rest.remedy_en


def test_a_first_sweep_does_not_tell_hundreds(
    ledger: Ledger, clock: ManualClock
) -> None:
    many = [f"L01/p{number}" for number in range(300)]
    first = sweep(ledger, clock, *many)
    assert len(first.found) == 1
    assert "300 件" in first.found[0].title_ja
    # What is met later is told by itself; the first ones keep their key to the last.
    second = sweep(ledger, clock, many[0], "L01/new")
    assert keys(second.found) == sorted([first.found[0].key, "leak/L01/new"])
    assert keys(sweep(ledger, clock).found) == []


def test_a_leak_that_rests_is_hushed_and_its_rule_goes_on(
    ledger: Ledger, clock: ManualClock
) -> None:
    found = ("L12/d1", "L17/i1", "L17/i2")
    sweep(ledger, clock, *found)
    later = clock.now() + timedelta(days=7)
    for rule, subject in (("L12", "d1"), ("L17", "i1")):
        assert ledger.snooze(rule, subject, later, "agreed", "keiri")
    told = sweep(ledger, clock, *found)
    assert (keys(told.found), told.hushed) == (["leak/L17"], {"leak/L12/d1"})
    clock.sleep(7 * 86_400)
    assert "leak/L12/d1" in keys(of_leaks(ledger, clock.now()).found)


def test_a_late_handoff_is_told_once_as_what_it_is(
    ledger: Ledger, clock: ManualClock
) -> None:
    sweep(ledger, clock, "L03/h1", "L03/of_our_own_table")
    told = of_leaks(ledger, clock.now(), {"h1"})
    assert keys(told.found) == ["leak/L03"]
    assert "1 件" in told.found[0].title_ja


# -- handoffs ----------------------------------------------------------------------


@pytest.fixture
def model(tmp_path: Path) -> SalesModel:
    return model_of(tmp_path, HEAD + MQL)


ENTERED = """
2025-05-19 09:00 person/1 mql
2025-05-20 09:00 person/2 mql
"""
SENT = jst("2025-05-19 09:00")


def notices(
    model: SalesModel,
    now: str,
    *,
    noted: str = "2025-05-19 09:00",
    is_sent: bool = True,
    resting: tuple[str, ...] = (),
) -> HandoffNotices:
    rows = looked_at(model, told(ENTERED), now).new
    passage = Passage({LEADS: SENT}) if is_sent else Passage()
    looked = Looked({row.subject: passage for row in rows})
    known = {row.id: jst(noted) for row in rows}
    rest = {row.id for row in rows if row.subject in resting}
    return of_handoffs(model, judge(model, rows, looked, jst(now)), known, rest)


def said(found: HandoffNotices) -> list[tuple[str, str, str]]:
    return [(one.key, one.severity.value, one.department) for one in found.found]


def test_near_is_told_first_and_gets_worse_under_the_same_key(
    model: SalesModel,
) -> None:
    late = "handoff/mql_to_sal/late/2025-05-19"
    assert said(notices(model, "2025-05-19 12:00")) == []
    (near,) = said(notices(model, "2025-05-19 16:30"))
    assert near == (late, "medium", "inside_sales")
    (over,) = said(notices(model, "2025-05-19 17:30"))
    assert over == (late, "high", "inside_sales")


def test_each_day_is_told_by_itself_and_the_past_at_once(model: SalesModel) -> None:
    days = [
        key.rpartition("/")[2] for key, *_ in said(notices(model, "2025-05-20 17:30"))
    ]
    assert set(days) == {"2025-05-19", "2025-05-20"}
    past = said(notices(model, "2025-06-20 10:00", noted="2025-06-20 09:00"))
    assert {key.rpartition("/")[2] for key, *_ in past} == {"2025-06-20"}


def test_what_the_hub_did_not_send_is_told_to_who_runs_it(model: SalesModel) -> None:
    (one,) = said(notices(model, "2025-05-19 17:30", is_sent=False))
    assert one == ("handoff/mql_to_sal/hub/2025-05-19", "high", "operations")


def test_a_step_that_is_due_is_told_to_the_department(model: SalesModel) -> None:
    found = notices(model, "2025-05-20 13:00")  # four hours of work behind the due time
    steps = [one for one in found.found if "/manager/" in one.key]
    assert [(x.department, x.severity.value) for x in steps] == [
        ("inside_sales", "high")
    ]
    assert "責任者に知らせる" in steps[0].title_ja


def test_a_handoff_that_rests_is_hushed(model: SalesModel) -> None:
    found = notices(model, "2025-05-19 17:30", resting=("person/1",))
    assert found == ([], {"handoff/mql_to_sal/late/2025-05-19"})


def test_neither_persons_nor_records_are_named(
    model: SalesModel, ledger: Ledger, clock: ManualClock
) -> None:
    found = notices(model, "2025-06-20 10:00").found
    found += sweep(ledger, clock, *(f"L12/d{number}" for number in range(12))).found
    words = repr(found)
    for secret in ("person/1", "田中", "tanaka", "佐藤", "L12/d1"):
        assert secret not in words
    for one in found:
        assert all((one.title_ja, one.body_ja, one.remedy_ja, one.opened_at.tzinfo))
        assert (one.title_en + one.remedy_en).isascii()
