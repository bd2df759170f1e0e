"""The receiver answers 2xx after the commit, and says no in words without secrets."""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tasuki.clock import SystemClock
from tasuki.inbox.counters import Counters
from tasuki.inbox.endpoints import webhooks_of
from tasuki.inbox.intake import Intake
from tasuki.inbox.receiver import Receiver
from tasuki.ledger import Ledger
from tasuki.model.errors import ConfigError
from tasuki.project import Project

SECRET = "a-long-enough-secret"
URL = "http://receiver/hooks/hubspot"
CONNECTIONS = """\
hubspot:
  connector: hubspot
  auth: {token: "${TOKEN}"}
  webhook: {secret: "${HOOK}"}
quiet:
  connector: hubspot
  auth: {token: "${TOKEN}"}
"""
ENVIRONMENT = {"TOKEN": "pat", "HOOK": SECRET}


def project(place: Path, text: str = CONNECTIONS, hook: str = SECRET) -> Project:
    (place / "connections.yaml").write_text(text, encoding="utf-8")
    return Project(place, environment=ENVIRONMENT | {"HOOK": hook})


class House:
    """A receiver with its ledger; requests come without a network."""

    def __init__(self, place: Path, url: str = "", **options: Any) -> None:
        self.project = project(place)
        self.counters = Counters()
        self.url = url or self.project.ledger_url
        busy = 10.0 if url else 0.1
        self.ledger = Ledger.open(self.url, SystemClock(), busy_seconds=busy)
        self.options = options

    @asynccontextmanager
    async def client(self) -> Any:
        intake = Intake(self.ledger, self.counters)
        webhooks = webhooks_of(self.project)
        clock = self.project.clock
        receiver = Receiver(webhooks, intake, clock, self.counters, **self.options)
        intake.start()
        transport = httpx.ASGITransport(receiver.app())
        async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
            yield client
        await asyncio.to_thread(intake.stop)

    def send(self, *requests: dict[str, Any]) -> list[httpx.Response]:
        async def all_of_them() -> list[httpx.Response]:
            async with self.client() as client:
                sent = [client.request(**one) for one in requests]
                return list(await asyncio.gather(*sent))

        return asyncio.run(all_of_them())

    def stored(self) -> list[tuple[str, str, str]]:
        rows = self.ledger.due_hints(SystemClock().now(), 100_000)
        return [(row.connection, row.stream, row.record_id) for row in rows]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.ledger.close()


def events(*ids: int, kind: str = "contact.propertyChange") -> list[dict[str, Any]]:
    return [
        {"subscriptionType": kind, "objectId": one, "occurredAt": one} for one in ids
    ]


def request(body: object, secret: str = SECRET, **changed: Any) -> dict[str, Any]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    stamp = str(int(SystemClock().now().timestamp() * 1000))
    signed = changed.pop("signed", URL)
    message = f"POST{signed}".encode() + raw + stamp.encode()
    digest = hmac.new(secret.encode(), message, hashlib.sha256).digest()
    headers = {
        "content-type": "application/json",
        "x-hubspot-request-timestamp": stamp,
        "x-hubspot-signature-v3": base64.b64encode(digest).decode(),
    }
    headers |= changed.pop("headers", {})
    made = {"method": "POST", "url": URL, "content": raw, "headers": headers}
    return made | changed


def test_what_is_answered_well_is_stored(house: House) -> None:
    (answer,) = house.send(request(events(1, 2)))
    assert answer.status_code == 200
    assert house.stored() == [
        ("hubspot", "contacts", "1"),
        ("hubspot", "contacts", "2"),
    ]


def test_many_deliveries_share_commits_and_none_is_lost(house: House) -> None:
    answers = house.send(*(request(events(number)) for number in range(300)))
    assert {one.status_code for one in answers} == {200}
    assert len(house.stored()) == 300
    assert house.counters.total("commits") < 150


def test_an_event_that_is_delivered_again_is_stored_once(house: House) -> None:
    again = request(events(1))
    assert [one.status_code for one in house.send(again, again)] == [200, 200]
    house.send(again)
    assert len(house.stored()) == 1
    assert house.counters.counts()["hints", "", "known"] == 2


def test_a_type_that_nobody_reads_is_stored(house: House) -> None:
    house.send(request(events(5, kind="conversation.creation")))
    assert house.stored() == [("hubspot", "conversation", "5")]


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"secret": "another-long-secret"}, 401),
        ({"headers": {"x-hubspot-signature-v3": ""}}, 401),
        ({"headers": {"x-hubspot-request-timestamp": "1"}}, 401),
        ({"signed": "http://elsewhere/hooks/hubspot"}, 401),
        ({"url": "http://receiver/hooks/salesforce"}, 404),
        ({"url": "http://receiver/hooks/quiet"}, 404),
        ({"url": "http://receiver/hooks/"}, 404),
        ({"body": b"no json"}, 400),
        ({"body": b"{}"}, 400),
        ({"headers": {"content-type": "text/plain"}}, 415),
        ({"headers": {"content-encoding": "gzip"}}, 415),
        ({"method": "GET"}, 405),
    ],
)
def test_what_is_not_right_is_refused_and_not_stored(
    house: House, changed: dict[str, Any], status: int
) -> None:
    changed = dict(changed)
    (answer,) = house.send(request(changed.pop("body", events(1)), **changed))
    assert answer.status_code == status
    assert house.stored() == []


def test_an_empty_list_is_taken(house: House) -> None:
    (answer,) = house.send(request([]))
    assert (answer.status_code, house.stored()) == (200, [])


def test_a_refusal_is_one_line_without_what_was_given(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    told = request(events(1), headers={"x-hubspot-signature-v3": "s3cr3t-given"})
    told["url"] = URL + "/pa55word"
    with caplog.at_level(logging.DEBUG, "tasuki"):
        house.send(told)
    (line,) = [
        one.getMessage() for one in caplog.records if one.name == "tasuki.receiver"
    ]
    assert line.startswith("hook=hubspot status=401 cause=signature ")
    for secret in (SECRET, "s3cr3t-given", "pa55word"):
        assert secret not in caplog.text


def test_a_body_that_is_too_large_is_refused_before_it_is_read(
    tmp_path: Path,
) -> None:
    house = House(tmp_path, largest_body=1000)

    async def endless() -> Any:
        for _ in range(100):
            yield b"x" * 100

    told = request(b"x" * 1001)
    chunked = told | {"content": endless()}
    answers = house.send(told, chunked)
    house.ledger.close()
    assert [one.status_code for one in answers] == [413, 413]


def test_a_proxy_is_believed_only_when_that_was_asked_for(tmp_path: Path) -> None:
    forwarded = {"x-forwarded-proto": "https", "x-forwarded-host": "hooks.example.jp"}
    told = request(
        events(1), signed="https://hooks.example.jp/hooks/hubspot", headers=forwarded
    )
    statuses = []
    for trusts in (False, True):
        house = House(tmp_path, trusts_proxy=trusts)
        statuses += [one.status_code for one in house.send(told)]
        house.ledger.close()
    assert statuses == [401, 200]


@contextmanager
def held(path: str) -> Iterator[None]:
    """Hold the ledger as another program would."""
    stranger = sqlite3.connect(path.removeprefix("sqlite:///"), isolation_level=None)
    stranger.execute("BEGIN IMMEDIATE")
    yield
    stranger.close()


def test_a_ledger_that_another_holds_makes_the_sender_come_again(house: House) -> None:
    told = request(events(1))
    ready = {"method": "GET", "url": "http://receiver/health/ready"}
    with held(house.url):
        answer, health = house.send(told, ready)
    assert (answer.status_code, health.status_code) == (503, 503)
    assert answer.headers["retry-after"] == "30"
    assert house.stored() == []
    answer, health = house.send(told, ready)
    assert (answer.status_code, health.status_code) == (200, 200)
    assert len(house.stored()) == 1


def test_the_health_of_a_process_is_told_without_its_ledger(house: House) -> None:
    with held(house.url):
        (answer,) = house.send({"method": "GET", "url": "http://receiver/health/live"})
    assert answer.status_code == 200


def test_readiness_leaves_nothing_in_the_inbox(house: House) -> None:
    house.send({"method": "GET", "url": "http://receiver/health/ready"})
    backlog = house.ledger.inbox_backlog()
    assert (backlog.waiting, backlog.done) == (0, 0)


def test_too_many_waiting_deliveries_are_told_to_come_again(house: House) -> None:
    async def crowd() -> list[int]:
        intake = Intake(house.ledger, house.counters, most_waiting=0)
        receiver = Receiver(
            webhooks_of(house.project), intake, SystemClock(), house.counters
        )
        transport = httpx.ASGITransport(receiver.app())
        async with httpx.AsyncClient(transport=transport) as client:
            return [(await client.request(**request(events(1)))).status_code]

    assert asyncio.run(crowd()) == [503]


@pytest.mark.postgres
def test_deliveries_are_stored_in_postgresql(tmp_path: Path, postgres_url: str) -> None:
    house = House(tmp_path, postgres_url)
    told = request(events(*range(200)))
    assert [one.status_code for one in house.send(told, told)] == [200, 200]
    assert len(house.stored()) == 200
    assert house.counters.counts()["hints", "", "new"] == 200
    house.ledger.close()


def test_a_secret_that_was_forgotten_is_told_before_anything_is_served(
    tmp_path: Path,
) -> None:
    with pytest.raises(ConfigError, match=r"hubspot\.webhook\.secret"):
        webhooks_of(project(tmp_path, hook=""))


def test_times_and_statuses_are_counted(house: House) -> None:
    house.send(request(events(1)), request(events(2), secret="another-one"))
    counts = house.counters.counts()
    assert counts["deliveries", "hubspot", "200"] == 1
    assert counts["deliveries", "hubspot", "401"] == 1
    slots, seconds = house.counters.times()
    assert (sum(slots), seconds > 0) == (2, True)
