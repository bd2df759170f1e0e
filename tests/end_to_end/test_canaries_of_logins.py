"""Credentials that are refused, and repeated by whoever refuses them, go nowhere."""

import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import unquote_plus

import orjson
import pytest

from tasuki.ports import Token
from tasuki.project import Project
from tasuki.sandbox.rehearsal import SYSTEMS, connections_yaml
from tests.end_to_end.canaries import (
    KEY,
    PASSWORD,
    WRONG,
    Company,
    files,
    leaks,
)
from tests.end_to_end.relay import CUSTOMERS, LEADS, PAYMENTS

pytestmark = [pytest.mark.slow, pytest.mark.soak]
SECRETS = re.compile(f"{WRONG}|{PASSWORD}|{KEY}")
SPOILT = f"{PASSWORD}/with-a-slash"
LEDGERS = (
    f"postgresql://tasuki:{PASSWORD}@127.0.0.1:1/ledger",
    f"postgresql://tasuki:{SPOILT}@127.0.0.1:1/ledger",
)
MORE_LEDGERS = (
    f"postgresql://127.0.0.1:1/ledger?user=tasuki&password={PASSWORD}",
    f"postgresql://127.0.0.1:1/ledger?nonsense={PASSWORD}",
    f"mysql://tasuki:{PASSWORD}@127.0.0.1:1/ledger",
    f"tasuki:{PASSWORD}",
)


class Echo(BaseHTTPRequestHandler):
    """Refuses everything, and repeats all that it was given."""

    seen: ClassVar[list[str]] = []

    def _refuse(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        form = self.rfile.read(length).decode("utf-8", "replace")
        words = f"{self.headers.get('authorization')} {form} {unquote_plus(form)}"
        self.seen.append(words)
        body = orjson.dumps(
            {
                "status": "error",
                "category": "INVALID_AUTHENTICATION",
                "error": "invalid_client",
                "message": words,
                "error_description": words,
            }
        )
        self.send_response(401)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = _refuse  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    made = Company(tmp_path_factory.mktemp("logins"))
    yield made
    made.stop()
    made.people.close()
    made.rehearsal.stop()


def restarted(company: Company, **environment: str) -> None:
    company.stop()
    company.start(**environment)


def said(company: Company) -> str:
    return (company.place / "said.log").read_text()


def found(company: Company) -> list[str]:
    return [leak for path in files(company.place) for leak in leaks(path, SECRETS)]


def test_a_system_that_repeats_what_it_refuses_is_not_repeated(
    company: Company, echo: str
) -> None:
    path = company.place / "connections.yaml"
    before = path.read_text()
    path.write_text(
        connections_yaml(dict.fromkeys(SYSTEMS, echo))
        + 'bursting: {connector: bursting, token: "${BURSTING_TOKEN}"}\n'
    )
    names = ("HUBSPOT_TOKEN", "SF_SECRET", "FREEE_SECRET", "FREEE_TOKEN")
    restarted(company, **dict.fromkeys(names, WRONG))
    project = Project(company.place, environment=company.environment)
    with project.open_ledger() as ledger:
        past = datetime(2020, 1, 1, tzinfo=UTC)
        ledger.tokens("freee").save(Token(WRONG, f"{WRONG}-refresh", past))
    for command in (
        ["doctor"], ["doctor", "--json"], ["check", "--live"], ["plan", LEADS],
        ["run", LEADS], ["run", CUSTOMERS, "--json"], ["run", PAYMENTS],
        ["reconcile", LEADS], ["status"], ["status", "--json"], ["doctor", "freee"],
    ):  # fmt: skip
        company.tasuki(*command, "--verbose")
    path.write_text(before)
    for form in ("Bearer " + WRONG, f"client_secret={WRONG}", f"refresh_token={WRONG}"):
        assert any(form in words for words in Echo.seen), form
    assert "***" in said(company)
    assert found(company) == []


@pytest.mark.parametrize(
    "token",
    [f"{WRONG}\n", pytest.param(f"{WRONG}金", marks=pytest.mark.soak)],
)
def test_a_token_that_no_header_may_hold_is_not_quoted(
    company: Company, token: str
) -> None:
    restarted(company, HUBSPOT_TOKEN=token)
    for command in (["doctor", "hubspot"], ["run", LEADS, "--json"]):
        assert company.tasuki(*command, "--verbose") == 3
    assert "the credentials hold what no header may" in said(company)
    assert found(company) == []


@pytest.mark.parametrize(
    "url",
    [*LEDGERS, *(pytest.param(url, marks=pytest.mark.soak) for url in MORE_LEDGERS)],
)
def test_the_password_of_a_ledger_is_not_told(company: Company, url: str) -> None:
    restarted(company, TASUKI_LEDGER_URL=url)
    for command in (["doctor"], ["status", "--json"], ["run", LEADS], ["held"]):
        assert company.tasuki(*command, "--verbose") != 0
    assert found(company) == []


def test_a_password_in_prefects_address_is_not_told(company: Company) -> None:
    for host in ("127.0.0.1:1", "127.0.0.1:no-port"):
        url = f"http://tasuki:{PASSWORD}@{host}/api"
        restarted(company, PREFECT_API_URL=url)
        company.tasuki("doctor", "hubspot", "--verbose")
    assert "http://***@127.0.0.1:1" in said(company)
    assert found(company) == []
