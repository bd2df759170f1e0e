"""The fence is asked again when the bytes are about to leave."""

import pytest

from connectors.freee.sandbox import FreeeSandbox
from tasuki.clock import SystemClock
from tasuki.model.errors import LeaseLostError
from tasuki.model.policy import RetryPolicy, Timeouts
from tasuki.sandbox.server import SandboxServer
from tasuki.transport.calls import Calls
from tasuki.transport.http import Http
from tests.contract.wire import CountingBudget


@pytest.mark.parametrize("holds", [1, 2, 3])
def test_a_lease_lost_before_the_body_leaves_nothing_at_the_vendor(holds: int) -> None:
    """It is asked before the attempt, before the head, and before the body."""
    asked = []

    def fence() -> None:
        asked.append(1)
        if len(asked) > holds:
            raise LeaseLostError("ledger", "taken over")

    with SandboxServer(FreeeSandbox()) as server:
        http = Http(
            "freee", server.url, clock=SystemClock(), budget=CountingBudget(),
            policy=RetryPolicy(), calls=Calls(), timeouts=Timeouts(),
            translate=lambda _, __: None,
        )  # fmt: skip
        headers = {"authorization": "Bearer sandbox-token"}
        given = {
            "kind": "write",
            "repeatable": False,
            "headers": headers,
            "expect": "none",
        }
        body = {"company_id": 123456, "name": "取引先", "code": "A1"}
        try:
            if holds < 3:
                with pytest.raises(LeaseLostError):
                    http.send(
                        "POST", "/api/1/partners", fence=fence, json=body, **given
                    )
            else:
                http.send("POST", "/api/1/partners", fence=fence, json=body, **given)
        finally:
            http.close()
        assert server.total("POST /api/1/partners") == (holds == 3)
