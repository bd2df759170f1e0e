"""Sessions: two ways to log in, renewal once for all threads, no secret shown."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import ValidationError

from connectors.salesforce.settings import SalesforceSettings
from tasuki.model.errors import AccessError, ConfigError
from tests.contract.salesforce.org import LOGIN, an_org

USER = "integration@example.co.jp"


def pair() -> tuple[str, str]:
    key = rsa.generate_private_key(65_537, 2_048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


PRIVATE, PUBLIC = pair()


def jwt(**more: Any) -> dict[str, Any]:
    given = {
        "flow": "jwt",
        "client_id": "sandbox",
        "username": USER,
        "private_key": PRIVATE,
    }
    return {"auth": given | more}


def test_one_login_serves_many_calls():
    with an_org() as org:
        for _ in range(3):
            org.system.destination.count("Lead")
        assert org.calls("token") == 1


@pytest.mark.parametrize("change", [{"client_secret": "wrong"}, {"client_id": "wrong"}])
def test_wrong_credentials_stop_the_connection_and_show_no_secret(
    change: dict[str, str],
):
    with an_org(settings={"auth": LOGIN | change}) as org:
        with pytest.raises(AccessError) as caught:
            org.system.destination.count("Lead")
        assert caught.value.code == "invalid_client"
        assert "External Client App" in caught.value.remedy
        assert "wrong" not in str(caught.value)


def test_a_signed_assertion_logs_in():
    with an_org(settings=jwt(), public_key=PUBLIC) as org:
        assert org.system.destination.count("Lead") == 0


def test_the_key_may_stand_in_a_file(tmp_path):
    file = tmp_path / "key.pem"
    file.write_text(PRIVATE)
    with an_org(settings=jwt(private_key=str(file)), public_key=PUBLIC) as org:
        assert org.system.destination.count("Lead") == 0


@pytest.mark.parametrize(
    "change",
    [
        {"private_key": pair()[0]},
        {"username": "other@example.co.jp"},
        {"client_id": "other"},
        {"audience": "https://other.example"},
    ],
)
def test_a_wrong_assertion_is_refused(change: dict[str, str]):
    with an_org(settings=jwt(**change), public_key=PUBLIC) as org:
        with pytest.raises(AccessError) as caught:
            org.system.destination.count("Lead")
        assert caught.value.code == "invalid_grant"


@pytest.mark.parametrize("key", ["no such file.pem", "-----BEGIN nonsense"])
def test_an_unreadable_key_is_the_operators_matter(key: str):
    with an_org(settings=jwt(private_key=key)) as org, pytest.raises(ConfigError):
        org.system.destination.count("Lead")


def test_an_ended_session_is_renewed_once_by_all_threads():
    with an_org() as org:
        org.system.destination.count("Lead")
        org.sandbox.login.sessions.clear()
        with ThreadPoolExecutor(8) as pool:
            counts = list(pool.map(org.system.destination.count, ["Lead"] * 24))
        assert counts == [0] * 24
        assert org.calls("token") == 2


def test_a_session_of_another_process_is_used_before_logging_in():
    with an_org() as org:
        org.system.destination.count("Lead")
        token = org.wire.tokens.load()
        with an_org() as other:
            assert token is not None
            other.wire.tokens.save(token)
            other.sandbox.login.sessions.update(org.sandbox.login.sessions)
            other.system.destination.count("Lead")
            assert other.calls("token") == 0


def test_an_org_that_refuses_even_a_new_session_stops_the_connection():
    with an_org() as org:
        org.fault("unauthorised", path="/query", times=0)
        with pytest.raises(AccessError):
            org.system.destination.count("Lead")
        assert org.calls("token") == 2


def test_the_orgs_own_count_of_calls_is_kept():
    with an_org(daily_limit=15_000) as org:
        org.system.destination.count("Lead")
        org.system.destination.count("Lead")
        usage = org.system.client.usage
        assert usage is not None
        assert (usage.used, usage.allowed) == (2, 15_000)


def test_settings_print_no_secret_and_refuse_what_they_do_not_know():
    given: dict[str, Any] = {
        "connector": "salesforce",
        "base_url": "https://x.my.salesforce.com",
    }
    for auth in (LOGIN, jwt()["auth"]):
        shown = repr(SalesforceSettings(**given, auth=auth))
        assert "sandbox'" not in shown.replace("client_id='sandbox'", "")
        assert "PRIVATE KEY" not in shown
    for wrong in (
        {"limits": {"per_second": 3}},
        {"api_version": "67"},
        {"base_url": "x.my"},
    ):
        with pytest.raises(ValidationError):
            SalesforceSettings(**{**given, "auth": LOGIN, **wrong})


@pytest.mark.parametrize(
    ("host", "audience"),
    [
        ("https://x.my.salesforce.com", "https://login.salesforce.com"),
        ("https://x--uat.sandbox.my.salesforce.com", "https://test.salesforce.com"),
    ],
)
def test_the_audience_follows_the_kind_of_org(host: str, audience: str):
    settings = SalesforceSettings(connector="salesforce", base_url=host, **jwt())
    assert settings.audience() == audience
