"""What systems tell becomes what is written: from the form to the lead, by webhook."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tasuki.clock import SystemClock
from tasuki.inbox.drain import Drain, Drained
from tasuki.model.hint import Hint
from tasuki.project import Project
from tests.end_to_end.wired import LEADS, Wired, changes, signed

SEED = 20261122


class Hasty(SystemClock):
    """Does not wait: it sets itself forward."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self._ahead)

    def monotonic(self) -> float:
        return super().monotonic() + self._ahead

    def sleep(self, seconds: float) -> None:
        self._ahead += seconds


@pytest.fixture
def wired(tmp_path: Path) -> Iterator[Wired]:
    with Wired(tmp_path) as made:
        yield made


def drained(wired: Wired, patience: float = 5.0) -> Drained:
    """Look at what waits, as `tasuki drain` does."""
    consumer = Drain(wired.project, wired.ledger)
    try:
        return consumer.once(patience)
    finally:
        consumer.close()


def hint(wired: Wired, *ids: str, stream: str = "contacts", event: str = "e") -> None:
    hints = [("hubspot", Hint(stream, one, event=event)) for one in ids]
    wired.ledger.put_hints(hints)


def test_a_form_that_is_filled_in_becomes_a_lead_though_deliveries_are_disturbed(
    wired: Wired,
) -> None:
    receiver, consumer = wired.receive(), wired.drain()
    wired.subscribe(twice=0.5, shuffled=True)
    people = [wired.person(number) for number in range(12)]
    for one in people[:6]:
        wired.act(
            "hubspot",
            "edit",
            stream="contacts",
            id=one,
            properties={"lastname": "佐藤"},
        )
    wired.wait(lambda: wired.leads().keys() >= set(people))
    wired.wait(
        lambda: [r["LastName"] for r in wired.leads().values()].count("佐藤") == 6
    )
    wired.wait(lambda: wired.waiting() == 0)
    assert wired.leads().keys() == set(people)
    # SIGTERM: what was taken is finished, and nobody calls it an error.
    assert (wired.end(receiver), wired.end(consumer)) == (0, 0)


def test_nothing_is_lost_though_receiver_and_consumer_are_killed(wired: Wired) -> None:
    chance = random.Random(SEED)
    print(f"seed {SEED}")
    receiver, consumer = wired.receive(), wired.drain()
    wired.subscribe(twice=0.2, shuffled=True)
    people = []
    for number in range(20):
        people.append(wired.person(number))
        wired.clock.sleep(chance.uniform(0, 0.15))
        if number == 6:
            wired.kill(receiver)
            receiver = wired.receive()
        if number == 14:
            wired.kill(consumer)
            consumer = wired.drain()
    wired.wait(lambda: wired.leads().keys() >= set(people))
    wired.wait(lambda: wired.waiting() == 0)
    assert wired.leads().keys() == set(people)
    hooks = wired.rehearsal.servers["hubspot"].sandbox.hooks.deliveries
    assert hooks.report()["given_up"] == 0


def test_a_record_is_read_once_for_all_that_is_told_of_it(wired: Wired) -> None:
    people = [wired.person(number) for number in range(3)]
    for number in range(40):
        hint(wired, *people, event=f"e{number}")
    told = drained(wired)
    assert (told.hints, told.records, told.done) == (120, 3, 120)
    assert wired.calls("hubspot", "batch/read") == 1
    assert wired.leads().keys() == set(people)


def test_what_is_told_again_after_it_was_done_starts_nothing(wired: Wired) -> None:
    hint(wired, wired.person(1))
    drained(wired)
    calls = wired.rehearsal.calls()
    hint(wired, "4")
    assert drained(wired).hints == 1
    assert wired.rehearsal.calls() > calls
    hint(wired, "4")
    calls = wired.rehearsal.calls()
    assert (drained(wired).hints, wired.rehearsal.calls()) == (0, calls)


def test_a_type_that_no_mapping_reads_is_counted_and_passed_over(wired: Wired) -> None:
    hint(wired, "5", stream="tickets")
    wired.ledger.put_hints([("hubspot", Hint("", ""))])
    told = drained(wired)
    assert (told.hints, told.ignored, told.outcomes) == (2, 2, {})
    assert wired.ledger.inbox_backlog().ignored == 2


def test_a_deletion_and_a_merge_take_the_way_of_what_is_gone(wired: Wired) -> None:
    kept, lost, gone = (wired.person(number) for number in range(3))
    hint(wired, kept, lost, gone, event="made")
    drained(wired)
    wired.act("hubspot", "merge", stream="contacts", primary=kept, other=lost)
    wired.act("hubspot", "archive", stream="contacts", id=gone)
    hint(wired, kept, lost, gone, event="gone")
    told = drained(wired)
    assert (told.hints, told.done) == (3, 3)
    reasons = [
        next(row.reason for row in wired.ledger.everything_about(one).decisions)
        for one in (lost, gone)
    ]
    assert reasons == ["merged_at_source", "source_deleted"]


def test_hints_wait_while_a_scheduled_run_has_the_lease(wired: Wired) -> None:
    hint(wired, wired.person(1))
    lease = wired.ledger.acquire_lease(f"sync:{LEADS}")
    told = drained(wired, patience=0.0)
    assert (told.waiting, wired.leads()) == (1, {})
    wired.ledger.release_lease(lease)
    assert drained(wired).waiting == 0
    assert len(wired.leads()) == 1


def test_two_consumers_do_not_look_at_the_same_time(wired: Wired) -> None:
    hint(wired, wired.person(1))
    lease = wired.ledger.acquire_lease("inbox")
    assert drained(wired, patience=0.0).waiting == 1
    wired.ledger.release_lease(lease)
    assert drained(wired).waiting == 0


def test_a_system_that_is_away_delays_hints_and_blames_no_record(wired: Wired) -> None:
    hint(wired, wired.person(1))
    wired.rehearsal.servers["salesforce"].stop()
    told = drained(wired, patience=0.0)
    backlog = wired.ledger.inbox_backlog()
    assert (told.delayed, backlog.waiting, backlog.dead) == (1, 1, 0)
    assert "salesforce" in backlog.words
    rows = wired.ledger.due_hints(wired.clock.now().replace(year=2099), 10)
    assert (rows[0].attempts, rows[0].syncs) == (1, {LEADS})


def test_a_hint_that_spoils_every_run_is_given_up_alone_with_a_remedy(
    wired: Wired,
) -> None:
    good = wired.person(1)
    bad = "no-number"  # HubSpot refuses the whole call for such an id
    hint(wired, good, bad)
    project = Project(
        wired.project.root, clock=Hasty(), environment=wired.project.environment
    )
    with project.open_ledger() as ledger:
        consumer = Drain(project, ledger)
        told = consumer.once(patience=100.0)
        consumer.close()
    backlog = wired.ledger.inbox_backlog()
    assert (backlog.waiting, backlog.dead, backlog.done) == (0, 1, 1)
    assert backlog.words
    assert backlog.remedy
    assert told.dead == 1
    assert wired.leads().keys() == {good}
    assert wired.ledger.revive_hints() == 1


def test_a_mapping_that_changes_is_used_from_then_on(wired: Wired) -> None:
    consumer = Drain(wired.project, wired.ledger)
    hint(wired, wired.person(1))
    consumer.once()
    own = wired.project.root / "mappings" / f"{LEADS}.yaml"
    shipped = (Path(__file__).parents[2] / "mappings" / f"{LEADS}.yaml").read_text()
    own.write_text(shipped.replace("（姓未入力）", "様"), encoding="utf-8")
    made = wired.act("hubspot", "submit_form", email="x@firm9.example.co.jp",
                     company="株式会社無名", hubspotscore="80",
                     lifecyclestage="marketingqualifiedlead")  # fmt: skip
    hint(wired, made["id"])
    consumer.once()
    consumer.close()
    assert wired.leads()[made["id"]]["LastName"] == "様"


def test_hints_wait_while_the_files_are_wrong(wired: Wired) -> None:
    consumer = Drain(wired.project, wired.ledger)
    hint(wired, wired.person(1))
    own = wired.project.root / "mappings" / "broken.yaml"
    own.write_text("version: nonsense\n", encoding="utf-8")
    rounds: list[Drained] = []
    asked = iter([False, True, True, True, True])
    consumer.follow(lambda: next(asked, True), rounds.append)
    assert (rounds, wired.waiting()) == ([], 1)
    own.unlink()
    assert consumer.once().waiting == 0
    consumer.close()


def test_an_outbound_message_is_acknowledged_once_it_is_stored(wired: Wired) -> None:
    wired.receive_here()
    wired.subscribe()
    lead = {"LastName": "山田", "Company": "株式会社試験"}
    made = wired.act("salesforce", "create", object="Lead", fields=lead)
    wired.wait(lambda: wired.waiting() == 1)
    hooks = wired.rehearsal.servers["salesforce"].sandbox.hooks.deliveries
    wired.wait(lambda: hooks.report()["delivered"] == 1)
    rows = wired.ledger.due_hints(wired.clock.now(), 10)
    assert [(r.connection, r.stream) for r in rows] == [("salesforce", "Lead")]
    assert made


def test_garbage_from_anybody_changes_nothing(
    wired: Wired, caplog: pytest.LogCaptureFixture
) -> None:
    wired.receive_here()
    url = f"{wired.base}/hooks/hubspot"
    good = signed(url, changes(["7"], 1), wired.clock)
    forged = good | {"headers": good["headers"] | {"x-hubspot-signature-v3": "x"}}
    chance = random.Random(SEED)
    noise = {"url": url, "content": chance.randbytes(5_000)}
    statuses = [wired.client.post(**one).status_code for one in (forged, noise, good)]
    assert statuses == [401, 401, httpx.codes.OK]
    wired.stop_here()
    assert caplog.text.count("status=401") == 2
    assert "Traceback" not in caplog.text
    assert wired.waiting() == 1
