"""Several stand-ins together, with one company's world, kept between two starts."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import orjson

from tasuki.registry import Registry
from tasuki.sandbox.server import SandboxServer
from tasuki.sandbox.world import World

SYSTEMS = ("hubspot", "salesforce", "freee")
"""The chain that is rehearsed unless others are chosen."""

ALL_SYSTEMS = (*SYSTEMS, "moneyforward", "stripe", "kintone")
"""Every system that has a stand-in."""

ENVIRONMENT = {
    "HUBSPOT_TOKEN": "pat-sandbox",
    "SF_ID": "sandbox",
    "SF_SECRET": "sandbox",
    "FREEE_ID": "sandbox-client",
    "FREEE_SECRET": "sandbox-secret",
    "FREEE_TOKEN": "sandbox-token",
    "HUBSPOT_WEBHOOK_SECRET": "sandbox-hubspot-hook",
    "SF_WEBHOOK_SECRET": "sandbox-salesforce-hook",
    "MF_ID": "sandbox-client",
    "MF_SECRET": "sandbox-secret",
    "STRIPE_KEY": "rk_test_sandbox",
    "KINTONE_ONBOARDING_TOKEN": "sandboxonboarding",
    "KINTONE_SUBSCRIPTION_TOKEN": "sandboxsubscription",
}
"""What a project's connections.yaml refers to when it rehearses."""


@dataclass(slots=True)
class Rehearsal:
    """Stand-ins by system name; use as a context, or `start` and `stop`."""

    registry: Registry
    ports: Mapping[str, int] = field(default_factory=dict)
    systems: Sequence[str] = SYSTEMS
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Keyword arguments for a system's stand-in."""
    servers: dict[str, SandboxServer] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)

    def start(self, world: World | None = None) -> Self:
        """Serve every system; `world` fills them."""
        for name in self.systems:
            sandbox = self.registry.sandbox(name)(**self.options.get(name, {}))
            if world is not None:
                sandbox.seed(world)
            server = SandboxServer(sandbox, self.ports.get(name, 0))
            self.servers[name] = self._stack.enter_context(server)
        return self

    def stop(self) -> None:
        """Stop serving."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self if self.servers else self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def save(self, path: Path) -> None:
        """Write the state of every stand-in, replacing the file in one step."""
        state = {}
        for name, server in self.servers.items():
            with server.lock:
                state[name] = server.sandbox.dump()
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(orjson.dumps(state, default=str))
        part.replace(path)

    def load(self, path: Path) -> None:
        """Take over a saved state."""
        for name, state in orjson.loads(path.read_bytes()).items():
            if name in self.servers:
                with self.servers[name].lock:
                    self.servers[name].sandbox.load(state)

    def calls(self) -> int:
        """Return all calls that reached the stand-ins."""
        return sum(server.total() for server in self.servers.values())

    def writes(self) -> int:
        """Return the calls that change something (tokens and searches apart)."""
        pattern = r"^(POST|PUT|PATCH|DELETE) (?!.*(token|search|batch.?/read|__))"
        return sum(server.total(pattern) for server in self.servers.values())

    def connections_yaml(self) -> str:
        """Return a connections.yaml for these stand-ins."""
        urls = {name: server.url for name, server in self.servers.items()}
        return connections_yaml(urls)


def connections_yaml(urls: Mapping[str, str]) -> str:
    """Return a connections.yaml for stand-ins at these addresses."""
    texts = {
        "hubspot": """\
hubspot:
  connector: hubspot
  base_url: {url}
  portal_id: "20261122"
  auth: {{token: "${{HUBSPOT_TOKEN}}"}}
  webhook: {{secret: "${{HUBSPOT_WEBHOOK_SECRET}}"}}
""",
        "salesforce": """\
salesforce:
  connector: salesforce
  base_url: {url}
  auth:
    flow: client_credentials
    client_id: "${{SF_ID}}"
    client_secret: "${{SF_SECRET}}"
  webhook: {{secret: "${{SF_WEBHOOK_SECRET}}", org_id: 00D5h0000000001EAA}}
""",
        "freee": """\
freee:
  connector: freee
  company_id: 123456
  base_url: {url}
  accounts_url: {url}
  quiet_seconds: 5          # a real connection keeps the default of 60
  limits: {{per_minute: 3000, per_hour: 100000, per_day: 100000}}
  auth: {{flow: oauth, client_id: "${{FREEE_ID}}", client_secret: "${{FREEE_SECRET}}"}}
""",
        "moneyforward": """\
moneyforward:
  connector: moneyforward
  base_url: {url}
  accounts_url: {url}
  quiet_seconds: 5          # a real connection keeps the default of 60
  limits: {{per_second: 100}}
  auth: {{flow: oauth, client_id: "${{MF_ID}}", client_secret: "${{MF_SECRET}}"}}
""",
        "stripe": """\
stripe:
  connector: stripe
  base_url: {url}
  api_key: "${{STRIPE_KEY}}"
  tax_rates: {{standard: txr_standard, reduced: txr_reduced}}
  limits: {{per_second: 100}}
""",
        "kintone": """\
kintone:
  connector: kintone
  base_url: {url}
  apps:
    onboarding: {{app: 5, token: "${{KINTONE_ONBOARDING_TOKEN}}", people: [担当者]}}
    subscription: {{app: 6, token: "${{KINTONE_SUBSCRIPTION_TOKEN}}"}}
""",
    }
    return "".join(texts[name].format(url=url) for name, url in urls.items())
