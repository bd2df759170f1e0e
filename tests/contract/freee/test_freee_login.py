"""Logging in to freee, and staying logged in with refresh tokens that work once."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from connectors.freee import CONNECTOR
from connectors.freee.settings import login_flow
from tasuki.clock import SystemClock
from tasuki.model.errors import AccessError
from tasuki.ports import Token
from tasuki.sandbox.faults import Fault, Kind
from tasuki.transport.calls import Calls
from tasuki.transport.login import Receiver, log_in
from tasuki.transport.oauth import Pkce, TokenEndpoint, authorize_url, new_state
from tests.contract.freee.opened import Opened, opened, settings
from tests.contract.wire import MemoryTokens

OAUTH = {
    "flow": "oauth",
    "client_id": "sandbox-client",
    "client_secret": "sandbox-secret",
}


def endpoint(o: Opened, **changes: object) -> TokenEndpoint:
    flow = login_flow(settings(o.server.url, auth=OAUTH | changes))
    assert flow is not None
    return TokenEndpoint(flow, "freee", clock=o.clock, calls=Calls())


def first_token(o: Opened) -> Token:
    """Log in by the code that freee shows on screen."""
    flow = login_flow(settings(o.server.url, auth=OAUTH))
    assert flow is not None
    page = httpx.get(authorize_url(flow, flow.paste_redirect, new_state()))
    code = page.text.rsplit(" ", 1)[-1]
    point = endpoint(o)
    try:
        return point.exchange(code, flow.paste_redirect)
    finally:
        point.close()


def logged_in(o: Opened, tokens: MemoryTokens) -> object:
    wire = replace(o.wire, tokens=tokens)
    return CONNECTOR.open(settings(o.server.url, auth=OAUTH), wire)


def test_a_person_logs_in_through_the_browser() -> None:
    with opened() as o:
        seen: list[int] = []

        def browser(address: str) -> None:
            def visit() -> None:
                seen.append(httpx.get(address, follow_redirects=True).status_code)

            threading.Thread(target=visit).start()

        flow = login_flow(settings(o.server.url, auth=OAUTH))
        assert flow is not None
        point = endpoint(o)
        token = log_in(
            replace(flow, pkce=True), point, "freee", browser,
            clock=SystemClock(), port=0, seconds=10,
        )  # fmt: skip
        point.close()
        assert token.refresh
        assert token.expires_at == o.clock.now() + timedelta(hours=6)


def test_a_redirect_with_a_foreign_state_is_not_taken() -> None:
    receiver = Receiver("freee", "right", SystemClock())
    try:
        status, page = receiver.take("/callback?code=stolen&state=wrong")
        assert status == 400
        assert "この画面から" in page
        assert receiver.take("/favicon.ico")[0] == 404
        with pytest.raises(AccessError) as caught:
            receiver.wait(0.3)
        assert caught.value.code == "login_timeout"
    finally:
        receiver.close()


def test_a_refusal_of_the_person_ends_the_login() -> None:
    with Receiver("freee", "s", SystemClock()) as receiver:
        receiver.take("/callback?error=access_denied&state=s")
        with pytest.raises(AccessError) as caught:
            receiver.wait(1)
        assert caught.value.code == "access_denied"


def test_nobody_logged_in_says_what_to_do() -> None:
    with opened(wire={"tokens": MemoryTokens()}, auth=OAUTH) as o:
        with pytest.raises(AccessError) as caught:
            o.read("invoice")
        assert caught.value.remedy.startswith("Run `tasuki login freee`")
        assert o.calls() == 0


def test_a_token_is_renewed_shortly_before_it_ends() -> None:
    with opened() as o:
        tokens = MemoryTokens(first_token(o))
        system = logged_in(o, tokens)
        old = tokens.token
        assert old
        list(system.source.read(_all(), None))  # type: ignore[attr-defined]
        assert tokens.token == old
        o.clock.move(datetime(2026, 11, 22, 8, 58, tzinfo=UTC))
        list(system.source.read(_all(), None))  # type: ignore[attr-defined]
        assert tokens.token
        assert tokens.token.refresh != old.refresh
        system.close()  # type: ignore[attr-defined]


def test_a_refused_token_is_renewed_once_and_the_call_repeated() -> None:
    with opened() as o:
        tokens = MemoryTokens(first_token(o))
        system = logged_in(o, tokens)
        o.act("expire_access")
        before = o.calls("POST /public_api/token")
        list(system.source.read(_all(), None))  # type: ignore[attr-defined]
        assert o.calls("POST /public_api/token") - before == 1
        system.close()  # type: ignore[attr-defined]


def test_eight_threads_with_a_dead_token_renew_it_once() -> None:
    with opened() as o:
        tokens = MemoryTokens(first_token(o))
        system = logged_in(o, tokens)
        o.act("expire_access")
        before = o.calls("POST /public_api/token")
        failures: list[Exception] = []

        def work() -> None:
            try:
                list(system.source.read(_all(), None))  # type: ignore[attr-defined]
            except Exception as error:  # noqa: BLE001 - told below
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert o.calls("POST /public_api/token") - before == 1
        system.close()  # type: ignore[attr-defined]


def test_a_pair_that_another_process_renewed_is_used_without_a_call() -> None:
    with opened() as o:
        tokens = MemoryTokens(first_token(o))
        system = logged_in(o, tokens)
        list(system.source.read(_all(), None))  # type: ignore[attr-defined]
        assert tokens.token
        point = endpoint(o)
        o.act("expire_access")
        tokens.save(point.refresh(tokens.token))
        point.close()
        before = o.calls("POST /public_api/token")
        list(system.source.read(_all(), None))  # type: ignore[attr-defined]
        assert o.calls("POST /public_api/token") == before
        system.close()  # type: ignore[attr-defined]


def test_a_used_refresh_token_asks_for_a_new_login() -> None:
    with opened() as o:
        tokens = MemoryTokens(first_token(o))
        system = logged_in(o, tokens)
        o.act("expire_access")
        o.act("expire_refresh")
        with pytest.raises(AccessError) as caught:
            list(system.source.read(_all(), None))  # type: ignore[attr-defined]
        assert caught.value.code == "invalid_grant"
        assert "tasuki login freee" in caught.value.remedy
        system.close()  # type: ignore[attr-defined]


class ForgetfulTokens(MemoryTokens):
    """A store whose lock is not shared: somebody renews at the same moment."""

    def __init__(self, token: Token, other: Token) -> None:
        super().__init__(token)
        self._other = other

    def renew(self, stale, mint):  # type: ignore[no-untyped-def]
        self.token = self._other
        return mint(stale)


def test_after_invalid_grant_the_store_is_read_once_more() -> None:
    with opened() as o:
        old = first_token(o)
        point = endpoint(o)
        new = point.refresh(old)
        point.close()
        system = logged_in(o, ForgetfulTokens(replace(old, access="stale"), new))
        list(system.source.read(_all(), None))  # type: ignore[attr-defined]
        system.close()  # type: ignore[attr-defined]


def test_a_token_that_still_works_is_used_while_the_accounts_server_is_down() -> None:
    with opened() as o:
        tokens = MemoryTokens(first_token(o))
        system = logged_in(o, tokens)
        o.clock.move(datetime(2026, 11, 22, 8, 58, tzinfo=UTC))
        o.server.faults.plant(Fault(Kind.ERROR_BEFORE, "POST", "token", times=0))
        list(system.source.read(_all(), None))  # type: ignore[attr-defined]
        system.close()  # type: ignore[attr-defined]


def test_a_lost_answer_to_a_renewal_is_tried_again() -> None:
    with opened() as o:
        tokens = MemoryTokens(first_token(o))
        o.server.faults.plant(Fault(Kind.RESET_BEFORE, "POST", "token"))
        system = logged_in(o, tokens)
        o.act("expire_access")
        list(system.source.read(_all(), None))  # type: ignore[attr-defined]
        system.close()  # type: ignore[attr-defined]


def test_a_wrong_secret_names_the_settings() -> None:
    with opened() as o:
        point = endpoint(o, client_secret="wrong")
        with pytest.raises(AccessError) as caught:
            point.refresh(Token("a", "b"))
        assert "client_secret" in caught.value.remedy
        assert "wrong" not in str(caught.value)
        point.close()


def test_a_code_works_once() -> None:
    with opened() as o:
        flow = login_flow(settings(o.server.url, auth=OAUTH))
        assert flow is not None
        page = httpx.get(authorize_url(flow, flow.paste_redirect, "s"))
        code = page.text.rsplit(" ", 1)[-1]
        point = endpoint(o)
        point.exchange(code, flow.paste_redirect)
        with pytest.raises(AccessError):
            point.exchange(code, flow.paste_redirect)
        point.close()


def test_the_challenge_belongs_to_the_verifier() -> None:
    """RFC 7636 appendix B."""
    pkce = Pkce.new()
    assert len(pkce.verifier) >= 43
    assert pkce.challenge != Pkce.new().challenge
    assert "=" not in pkce.challenge


def _all():  # type: ignore[no-untyped-def]
    from tasuki.model.record import Query

    return Query("invoice", ())
