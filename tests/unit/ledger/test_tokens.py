"""Rotating tokens: sealed at rest, minted once however many want one."""

import signal
from datetime import timedelta
from pathlib import Path

import pytest

from tasuki.clock import SystemClock
from tasuki.ledger import Ledger
from tasuki.ledger.sealing import Seal, WrongKeyError
from tasuki.model.errors import AccessError, LedgerError
from tasuki.ports import Token
from tests.unit.ledger.material import KEY, ManualClock, Other

CANARY = "canary-access-8f1f"
REFRESH = "canary-refresh-77aa"

MINT = """
import uuid
say("ready")
def mint(stored):
    say("minting")
    wait()
    return Token("new-" + uuid.uuid4().hex, "r2")
token = ledger.tokens("freee").renew(Token("old", "r1"), mint)
say(token.access)
"""


def no_mint(stored: Token | None) -> Token:
    raise AssertionError(stored)


def test_a_saved_token_comes_back(ledger: Ledger, clock: ManualClock) -> None:
    tokens = ledger.tokens("freee")
    assert tokens.load() is None
    saved = Token(CANARY, REFRESH, clock.now() + timedelta(hours=6))
    tokens.save(saved)
    assert tokens.load() == saved
    assert ledger.tokens("other").load() is None


def test_no_token_text_is_in_the_files(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with Ledger.open(url, ManualClock(), secret_key=KEY) as ledger:
        tokens = ledger.tokens("freee")
        tokens.save(Token("first", "r0"))
        tokens.renew(Token("first", "r0"), lambda _: Token(CANARY, REFRESH))
        written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    written += b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"freee" in written
    assert CANARY.encode() not in written
    assert REFRESH.encode() not in written


def test_another_key_does_not_open_it(url: str, clock: ManualClock) -> None:
    with Ledger.open(url, clock, secret_key=KEY) as ledger:
        ledger.tokens("freee").save(Token(CANARY, REFRESH))
    with (
        Ledger.open(url, clock, secret_key=b"x" * 32) as ledger,
        pytest.raises(LedgerError, match="does not open the stored token") as caught,
    ):
        ledger.tokens("freee").load()
    assert "tasuki login freee" in caught.value.remedy
    assert CANARY not in str(caught.value)


def test_a_token_moved_to_another_connection_does_not_open() -> None:
    seal = Seal(KEY)
    sealed = seal.close("secret", "freee")
    assert seal.open(sealed, "freee") == "secret"
    with pytest.raises(WrongKeyError):
        seal.open(sealed, "xero")
    with pytest.raises(WrongKeyError):
        seal.open("v1.AAAA", "freee")
    assert sealed != seal.close("secret", "freee")


def test_without_a_key_there_are_no_tokens(url: str, clock: ManualClock) -> None:
    with (
        Ledger.open(url, clock) as ledger,
        pytest.raises(LedgerError, match="no key for the tokens of 'freee'"),
    ):
        ledger.tokens("freee")
    with pytest.raises(LedgerError, match="shorter than 16 bytes"):
        Ledger.open(url, clock, secret_key=b"short")


def test_a_first_token_is_minted_and_kept(ledger: Ledger) -> None:
    tokens = ledger.tokens("crm")
    assert tokens.renew(None, lambda _: Token("a1")).access == "a1"
    assert tokens.renew(None, no_mint).access == "a1"


def test_a_token_that_others_renewed_is_used(ledger: Ledger) -> None:
    tokens = ledger.tokens("freee")
    tokens.save(Token("a2", "r2"))
    assert tokens.renew(Token("a1", "r1"), no_mint) == Token("a2", "r2")


def test_the_newest_refresh_token_is_given_to_the_mint(ledger: Ledger) -> None:
    tokens = ledger.tokens("freee")
    tokens.save(Token("a1", "r1"))
    tokens.renew(Token("a1", "r0"), lambda stored: Token("a2", f"{stored.refresh}+"))
    assert tokens.load() == Token("a2", "r1+")


def test_an_expired_token_is_renewed_before_its_first_use(
    ledger: Ledger, clock: ManualClock
) -> None:
    tokens = ledger.tokens("freee")
    tokens.save(Token("a1", "r1", clock.now() + timedelta(hours=1)))
    assert tokens.renew(None, no_mint).access == "a1"
    clock.sleep(3601)
    assert tokens.renew(None, lambda _: Token("a2", "r2")).access == "a2"


def test_a_mint_that_fails_leaves_the_token_and_the_lock(ledger: Ledger) -> None:
    tokens = ledger.tokens("freee")
    tokens.save(Token("a1", "r1"))

    def refused(_: Token | None) -> Token:
        where = "freee"
        raise AccessError(where, "invalid_grant")

    with pytest.raises(AccessError):
        tokens.renew(Token("a1", "r1"), refused)
    assert tokens.load() == Token("a1", "r1")
    assert tokens.renew(Token("a1"), lambda _: Token("a2", "r2")).access == "a2"


def test_a_token_stored_while_we_stood_still_wins(ledger: Ledger) -> None:
    tokens = ledger.tokens("freee")
    tokens.save(Token("a1", "r1"))

    def overtaken(_: Token | None) -> Token:
        tokens.save(Token("theirs", "r2"))
        return Token("ours", "r2")

    assert tokens.renew(Token("a1", "r1"), overtaken).access == "theirs"
    assert tokens.load() == Token("theirs", "r2")


def test_two_processes_mint_once(url: str) -> None:
    with Ledger.open(url, SystemClock(), secret_key=KEY) as ledger:
        ledger.tokens("freee").save(Token("old", "r1"))
        with Other(url, MINT) as minter:
            assert [minter.hear(), minter.hear()] == ["ready", "minting"]
            with Other(url, MINT) as waiting:
                assert waiting.hear() == "ready"
                # It finds the lock held now; "minting" is never to be heard from it.
                SystemClock().sleep(0.5)
                minter.go_on()
                said = [minter.hear(), waiting.hear()]
        stored = ledger.tokens("freee").load()
    assert stored is not None
    assert said == [stored.access] * 2


def test_a_killed_minter_does_not_block_the_next(url: str) -> None:
    with Ledger.open(url, SystemClock(), secret_key=KEY) as ledger:
        tokens = ledger.tokens("freee")
        tokens.save(Token("old", "r1"))
        with Other(url, MINT) as other:
            assert [other.hear(), other.hear()] == ["ready", "minting"]
            other.process.send_signal(signal.SIGKILL)
            other.process.wait()
            assert tokens.renew(Token("old"), lambda _: Token("new")).access == "new"
