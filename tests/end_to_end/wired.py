"""A company whose tools tell us what changes: receiver and consumer as processes."""

import base64
import hashlib
import hmac
import json
import os
import signal
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self

import httpx

from tasuki.clock import SystemClock
from tasuki.inbox import endpoints
from tasuki.inbox.counters import Counters
from tasuki.ledger import Ledger
from tasuki.project import Project
from tasuki.registry import Registry
from tasuki.sandbox.demo_world import demo_world
from tasuki.sandbox.rehearsal import ENVIRONMENT, Rehearsal
from tasuki.stack import Child, Stack, answers, free_port

LEADS = "lead.hubspot-salesforce"
SECRET = ENVIRONMENT["HUBSPOT_WEBHOOK_SECRET"]
SECONDS = 60.0
_POLICY = "{attempts: 3, first: 0.02, factor: 2, ceiling: 0.1, total: 30, settle: 20}"
_POLICIES = "".join(
    f"{name}: {_POLICY}\n" for name in ("standard", "money", "patient", "hasty")
)


class Wired:
    """Stand-ins in this process; `receive` and `drain --follow` in their own."""

    def __init__(self, place: Path, ledger_url: str = "") -> None:
        self.clock = SystemClock()
        world = demo_world(people=3, deals=3, won=1, today=self.clock.now())
        systems = ("hubspot", "salesforce")
        self.rehearsal = Rehearsal(Registry(place), systems=systems).start(world)
        text = self.rehearsal.connections_yaml() + _FREEE
        (place / "connections.yaml").write_text(text, encoding="utf-8")
        (place / "mappings").mkdir(exist_ok=True)
        (place / "mappings/policies.yaml").write_text(_POLICIES, encoding="utf-8")
        environment = ENVIRONMENT | {"TASUKI_PROJECT": str(place)}
        if ledger_url:
            environment["TASUKI_LEDGER_URL"] = ledger_url
        self.project = Project(place, environment=environment)
        self.ledger: Ledger = self.project.open_ledger()
        given = {**os.environ, **environment}
        self.stack = Stack(place, place / "logs", given, self.clock)
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.client = httpx.Client(timeout=30)
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for server in self.rehearsal.servers.values():
            server.sandbox.hooks.stop()
        self.stop_here()
        self.stack.stop()
        self.client.close()
        self.ledger.close()
        self.rehearsal.stop()

    # -- processes ---------------------------------------------------------------------

    def receive(self) -> Child:
        """Start the receiver; return once it can store."""
        arguments = ["tasuki.cli", "receive", "--port", str(self.port)]
        child = self.stack.start("receive", arguments)
        ready = f"{self.base}/health/ready"
        self.stack.wait_for(child, lambda: answers(ready), SECONDS)
        return child

    def receive_here(self) -> None:
        """Let the receiver serve from a thread of this process."""
        webhooks = endpoints.webhooks_of(self.project)
        made = endpoints.make_receiver(self.project, self.ledger, Counters(), webhooks)
        self._server = endpoints.server(made, endpoints.Address("127.0.0.1", self.port))
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        self.wait(lambda: answers(f"{self.base}/health/ready"))

    def stop_here(self) -> None:
        """End that receiver, with all that it took."""
        if self._thread is not None:
            self._server.should_exit = True
            self._thread.join()
            self._thread = None

    def drain(self) -> Child:
        """Start the consumer."""
        return self.stack.start("drain", ["tasuki.cli", "drain", "--follow"])

    def kill(self, child: Child) -> None:
        """End a process in the middle of whatever it does."""
        child.program.send_signal(signal.SIGKILL)
        child.program.wait()
        self.stack.children.remove(child)

    def end(self, child: Child) -> int:
        """End a process as a service manager does; return its exit code."""
        child.program.send_signal(signal.SIGTERM)
        code = child.program.wait(30)
        self.stack.children.remove(child)
        return code

    # -- the systems -------------------------------------------------------------------

    def subscribe(self, **habits: Any) -> None:
        """Let both stand-ins tell what changes from now on."""
        secret = ENVIRONMENT["SF_WEBHOOK_SECRET"]
        hubspot, salesforce = (
            self.rehearsal.servers[name].sandbox for name in ("hubspot", "salesforce")
        )
        hubspot.hooks.subscribe(f"{self.base}/hooks/hubspot", SECRET, **habits)
        url = f"{self.base}/hooks/salesforce/{secret}"
        salesforce.hooks.subscribe(url, **habits)

    def act(self, system: str, name: str, **body: object) -> Any:
        """Do what a person does in a system's screens."""
        url = f"{self.rehearsal.servers[system].url}/__act/{name}"
        answer = self.client.post(url, json=body)
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()

    def person(self, number: int) -> str:
        """Let somebody who qualifies fill in the form; return the contact's id."""
        made = self.act(
            "hubspot",
            "submit_form",
            email=f"taro{number}@firm{number}.example.co.jp",
            lastname="山田",
            company=f"株式会社試験{number}",
            hubspotscore="80",
            lifecyclestage="marketingqualifiedlead",
        )
        return str(made["id"])

    def leads(self) -> dict[str, dict[str, Any]]:
        """Return living leads by the contact they were made of; each once."""
        server = self.rehearsal.servers["salesforce"]
        with server.lock:
            rows = [dict(r) for r in server.sandbox.store.tables["Lead"].rows.values()]
        living = [one for one in rows if not one.get("IsDeleted")]
        found = {str(one["HubSpot_Contact_Id__c"]): one for one in living}
        assert len(found) == len(living), "two leads of one contact"
        return found

    def calls(self, system: str, pattern: str) -> int:
        """Return how many calls reached a system."""
        return self.rehearsal.servers[system].total(pattern)

    def wait(self, done: Callable[[], object], seconds: float = SECONDS) -> None:
        """Wait until something holds, and fail with the logs when it never does."""
        end = self.clock.monotonic() + seconds
        while not done():
            if self.clock.monotonic() > end:
                logs = [path.read_text() for path in (self.stack.logs).glob("*.log")]
                raise AssertionError("\n".join(["time is up", *logs]))
            self.clock.sleep(0.02)

    def waiting(self) -> int:
        """Return how many hints wait."""
        return self.ledger.inbox_backlog().waiting


def signed(url: str, body: object, clock: SystemClock) -> dict[str, Any]:
    """Return a delivery of HubSpot as arguments of `client.post`."""
    raw = json.dumps(body).encode()
    stamp = str(int(clock.now().timestamp() * 1000))
    message = f"POST{url}".encode() + raw + stamp.encode()
    digest = hmac.new(SECRET.encode(), message, hashlib.sha256).digest()
    headers = {
        "content-type": "application/json",
        "x-hubspot-request-timestamp": stamp,
        "x-hubspot-signature-v3": base64.b64encode(digest).decode(),
    }
    return {"url": url, "content": raw, "headers": headers}


def changes(ids: Iterable[str | int], occurred: int) -> list[dict[str, Any]]:
    """Return events of contacts that changed."""
    kind = "contact.propertyChange"
    return [
        {"subscriptionType": kind, "objectId": int(one), "occurredAt": occurred}
        for one in ids
    ]


_FREEE = """\
freee:
  connector: freee
  company_id: 123456
  base_url: http://127.0.0.1:9
  auth: {flow: token, token: "${FREEE_TOKEN}"}
"""
