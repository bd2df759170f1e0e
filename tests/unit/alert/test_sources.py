"""What the hub finds by itself: from rows and reports, without a system's words."""

from datetime import timedelta
from typing import Any

import pytest

from tasuki.alert.notice import Notice, Severity
from tasuki.alert.source import archive, dead_letter, drift, hold, login, run
from tasuki.alert.source.concern import Concern, concern_of
from tasuki.ledger import CauseCount, HoldRow, LoginRow, RunRow
from tasuki.ledger.rows import time_text
from tests.unit.alert.found import DAY, NOW

CANARY = "山田太郎 taro@sample.co.jp 03-1234-5678"
AT = time_text(NOW)
MONEY = "invoice.salesforce-freee"
LEADS = "lead.hubspot-salesforce"
AGREED = {"mql_to_sal": "sdr", "won_to_invoiced": "keiri"}


def concerns(sync: str) -> Concern:
    return Concern("back_office", True) if sync == MONEY else Concern("inside_sales")


def held(sync: str, reason: str, since: str = AT) -> HoldRow:
    return HoldRow(
        "c1", sync, "crm/people", reason, CANARY, "{}", "", "", "", "", "open", "r1",
        since, since,
    )  # fmt: skip


def ran(sync: str, state: str) -> RunRow:
    given: dict[str, Any] = dict.fromkeys(RunRow._fields, "") | {
        "id": "r1", "sync": sync, "state": state, "error": CANARY,
        "started_at": AT, "finished_at": AT,
    }  # fmt: skip
    return RunRow(**given)


def drifted(**changed: object) -> dict[str, Any]:
    change = {
        "stream": "salesforce/Lead", "field": "Rating", "kind": "value_gone",
        "before": CANARY, "after": CANARY, "harmless": False, "pending": 3,
    }  # fmt: skip
    return {"sync": LEADS, "changes": [change | changed], "error": ""}


def causes(
    cause: str = "REQUIRED_FIELD_MISSING", sync: str = MONEY
) -> list[CauseCount]:
    return [CauseCount(sync, cause, 12, CANARY, CANARY, AT, AT, "a1b2")]


def logged(refused_at: str | None = AT) -> list[LoginRow]:
    return [LoginRow("freee", AT, None, "", refused_at, CANARY)]


def everything() -> list[Notice]:
    return [
        *dead_letter.notices(causes(), concerns),
        *hold.notices([held(LEADS, "ambiguous"), held(MONEY, "guard")], concerns, NOW),
        *login.notices(logged(), ["freee"]),
        *run.notices([ran(LEADS, "stopped")], [LEADS], concerns),
        *drift.notices(drifted(), concerns, NOW),
        *archive.notices(2, NOW),
    ]


def test_every_source_finds_what_is_wrong_under_a_key_of_its_own() -> None:
    assert [(one.key, one.severity.value, one.department) for one in everything()] == [
        (f"dead_letter/{MONEY}/a1b2", "high", "back_office"),
        (f"hold/{LEADS}/ambiguous", "medium", "inside_sales"),
        (f"hold/{MONEY}/guard", "high", "back_office"),
        ("login/freee", "critical", "operations"),
        (f"run/{LEADS}", "medium", "inside_sales"),
        (f"drift/{LEADS}/salesforce/Lead/Rating", "high", "inside_sales"),
        ("archive/altered", "critical", "back_office"),
    ]


def test_no_words_of_a_system_and_no_value_of_a_record_are_told() -> None:
    told = repr([*everything(), *dead_letter.notices(causes(cause=CANARY), concerns)])
    for secret in (CANARY, *CANARY.split()):
        assert secret not in told


def test_every_finding_is_told_in_both_languages_with_what_to_do() -> None:
    for one in everything():
        for words in (one.title_en, one.body_en, one.remedy_en):
            assert words.isascii(), words
        for words in (one.title_ja, one.body_ja, one.remedy_ja):
            assert words
            assert not words.isascii(), words


def test_a_decision_that_waits_for_three_days_is_worse() -> None:
    (one,) = hold.notices([held(LEADS, "ambiguous")], concerns, NOW + 3 * DAY)
    assert one.severity is Severity.HIGH
    younger = NOW + 3 * DAY - timedelta(seconds=1)
    (one,) = hold.notices([held(LEADS, "ambiguous")], concerns, younger)
    assert one.severity is Severity.MEDIUM


def test_a_group_of_decisions_is_as_old_as_its_oldest() -> None:
    rows = [held(LEADS, "ambiguous", time_text(NOW + DAY)), held(LEADS, "ambiguous")]
    (one,) = hold.notices(rows, concerns, NOW + DAY)
    assert one.opened_at == NOW
    assert "2 件" in one.title_ja


@pytest.mark.parametrize("state", ["done", "running", "refused"])
def test_a_run_that_ended_well_or_was_refused_by_a_guard_is_no_finding(
    state: str,
) -> None:
    assert run.notices([ran(LEADS, state)], [LEADS], concerns) == []
    assert run.notices([ran(LEADS, "crashed")], [], concerns) == []


def test_a_login_that_holds_or_is_of_no_connection_is_no_finding() -> None:
    assert login.notices(logged(refused_at=None), ["freee"]) == []
    assert login.notices(logged(), ["hubspot"]) == []


def test_a_harmless_change_of_a_field_is_no_finding() -> None:
    assert drift.notices(drifted(harmless=True), concerns, NOW) == []
    (one,) = drift.notices(drifted(pending=0), concerns, NOW)
    assert one.severity is Severity.MEDIUM


def test_an_archive_as_it_was_recorded_is_no_finding() -> None:
    assert archive.notices(0, NOW) == []


def test_a_handoff_concerns_the_department_that_waits_for_it() -> None:
    assert concern_of("mql_to_sal", AGREED, is_money=False) == Concern("sdr")
    assert concern_of("won_to_planned", AGREED, is_money=True) == Concern(
        "back_office", True
    )
    assert concern_of("of_our_own", AGREED, is_money=False) == Concern()
