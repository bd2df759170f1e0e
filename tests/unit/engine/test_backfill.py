"""A backfill's parts: beside each other, resumed, each record once, sums that agree."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tasuki.engine.backfill import plan_backfill, run_free_parts, run_part
from tasuki.engine.progress import Backfill, read_backfill
from tasuki.engine.run import run_sync
from tasuki.engine.sync import Options
from tasuki.ledger import LeaseHeldError
from tasuki.model.errors import ConfigError, GuardError
from tests.unit.engine.stage import TEXT, Small, small

OPTIONS = Options(lease_seconds=60)
GUARDED = TEXT + "guards: {creates: 5}\n"


@pytest.fixture
def stage() -> Iterator[Small]:
    with small() as found:
        for number in range(40):
            found.person(f"p{number:03d}")
        yield found


def planned(stage: Small, parts: int = 4, *, anew: bool = False) -> Backfill:
    return plan_backfill(stage.sync(), parts, 40, 60, anew=anew)


def leads(stage: Small) -> list[object]:
    return sorted(
        r.fields["Person_Id"] for r in stage.sfa.streams["Lead"].rows.values()
    )


def everybody() -> list[str]:
    return [f"p{number:03d}" for number in range(40)]


def test_parts_together_pass_every_record_once_and_the_sums_agree(stage: Small) -> None:
    backfill = planned(stage)
    assert [part.counted for part in backfill.parts] == [10, 10, 10, 10]
    reports = list(run_free_parts(stage.sync(), backfill, OPTIONS))
    assert [report.tally.read for report in reports] == [10, 10, 10, 10]
    assert leads(stage) == everybody()
    found = read_backfill(stage.ledger, "leads")
    assert found is not None
    assert found.is_done
    assert found.passed == found.counted == 40


def test_the_first_ordinary_run_afterwards_reads_all_again_or_only_what_changed(
    stage: Small,
) -> None:
    list(run_free_parts(stage.sync(), planned(stage), OPTIONS))
    stage.person("p003", name="Neu")
    report = run_sync(stage.sync())
    assert report.tally.sent() == 1
    assert leads(stage) == everybody()


def test_a_part_that_died_is_taken_up_where_it_stood(stage: Small) -> None:
    stage.text = TEXT.replace("write_back: {lead_id: = receipt.id}\n", "")
    stage.crm.streams["people"].page_size = 3
    stage.crm.streams["people"].look_back = 0  # else records come twice, and count so
    stage.sfa.streams["Lead"].batch_size = 2
    backfill = planned(stage)
    deaths = iter([0, 0, 0, 1])

    def die(where: str) -> None:
        if where == "after read crm/people" and next(deaths, None) == 1:
            raise KeyboardInterrupt

    stage.crm.on_step = die
    with pytest.raises(KeyboardInterrupt):
        run_part(stage.sync(), backfill, 2, OPTIONS)
    stage.crm.on_step = lambda _: None
    halfway = read_backfill(stage.ledger, "leads")
    assert halfway is not None
    assert 0 < halfway.parts[1].passed < 10
    assert not halfway.parts[1].is_done
    list(run_free_parts(stage.sync(), halfway, OPTIONS))
    done = read_backfill(stage.ledger, "leads")
    assert done is not None
    assert [part.passed for part in done.parts] == [10, 10, 10, 10]
    assert leads(stage) == everybody()


def test_two_workers_never_have_the_same_part_and_a_whole_run_waits(
    stage: Small,
) -> None:
    backfill = planned(stage)
    held = stage.ledger.acquire_lease("sync:leads#2", 60)
    with pytest.raises(LeaseHeldError):
        run_part(stage.sync(), backfill, 2, OPTIONS)
    with pytest.raises(LeaseHeldError):
        run_sync(stage.sync())
    list(run_free_parts(stage.sync(), backfill, OPTIONS))
    found = read_backfill(stage.ledger, "leads")
    assert found is not None
    assert [part.is_done for part in found.parts] == [True, False, True, True]
    stage.ledger.release_lease(held)
    whole = stage.ledger.acquire_lease("sync:leads", 60)
    with pytest.raises(LeaseHeldError):
        run_part(stage.sync(), found, 2, OPTIONS)
    stage.ledger.release_lease(whole)


def test_a_part_that_stood_still_may_not_write_after_a_whole_run(stage: Small) -> None:
    planned(stage)
    stale = stage.ledger.acquire_lease("sync:leads#1", 60)
    stage.clock.sleep(61)
    run_sync(stage.sync())
    with pytest.raises(Exception, match="taken over"):
        stale.renew()


def test_twins_in_two_parts_become_one_lead_and_a_question(stage: Small) -> None:
    backfill = planned(stage)
    stage.person("p000", email="same@x.jp")
    stage.person("p039", email="same@x.jp")
    sync = stage.sync()
    other = stage.sync()
    # The second part's process looked for twins before the first one wrote anything.
    blind = replace(other, ledger=stage.ledger)
    real = stage.ledger.match_keys
    stage.ledger.match_keys = lambda *_: {}  # type: ignore[method-assign]
    try:
        run_part(sync, backfill, 1, OPTIONS)
        report = run_part(blind, backfill, 4, OPTIONS)
    finally:
        stage.ledger.match_keys = real  # type: ignore[method-assign]
    assert report.tally.reasons_of("held") or report.left_over() == 1
    rows = stage.sfa.streams["Lead"].rows.values()
    assert sum(row.fields["Email"] == "same@x.jp" for row in rows) == 1


def test_a_guarded_mapping_wants_a_word_for_the_whole_backfill() -> None:
    with small(GUARDED) as stage:
        for number in range(12):
            stage.person(f"p{number:03d}")
        with pytest.raises(GuardError, match="would read 12 records"):
            plan_backfill(stage.sync(), 3, None, 60, anew=False)
        with pytest.raises(GuardError):
            plan_backfill(stage.sync(), 3, 11, 60, anew=False)
        backfill = plan_backfill(stage.sync(), 3, 12, 60, anew=False)
        list(run_free_parts(stage.sync(), backfill, OPTIONS))
        assert len(stage.sfa.streams["Lead"].rows) == 12


def test_a_plan_for_another_mapping_or_account_is_not_gone_on_with(
    stage: Small,
) -> None:
    backfill = planned(stage)
    stage.crm.account_name = "another"
    with pytest.raises(ConfigError, match="not that of the planned backfill"):
        run_part(stage.sync(), backfill, 1, OPTIONS)
    fresh = planned(stage, 2)
    assert len(fresh.parts) == 2
    assert planned(stage, 3) == fresh
    assert len(planned(stage, 3, anew=True).parts) == 3
