"""Changing the key: several open, the first seals, and no step of it loses a token."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event

from tasuki.keys import KEY_VARIABLE, Keys, new_key
from tasuki.ledger import Ledger
from tasuki.model.errors import LedgerError
from tasuki.ports import Token
from tests.unit.ledger.material import KEY, ManualClock, Other

NEW = b"a newer key, that is long enough too"
NAMES = ("freee", "hubspot", "salesforce")
SECRETS = {name: Token(f"access-{name}", f"refresh-{name}") for name in NAMES}

Open = Callable[..., Ledger]


@pytest.fixture
def sealed(url: str, clock: ManualClock) -> Open:
    """A ledger with three tokens under the old key; opens it with other ones."""
    with Ledger.open(url, clock, secret_key=KEY) as ledger:
        for name, token in SECRETS.items():
            ledger.tokens(name).save(token)

    def open_with(*keys: bytes) -> Ledger:
        return Ledger.open(url, clock, secret_key=keys)

    return open_with


def stored(ledger: Ledger) -> dict[str, Token | None]:
    return {name: ledger.tokens(name).load() for name in NAMES}


def test_an_older_key_still_opens_and_the_first_seals(sealed: Open) -> None:
    with sealed(NEW, KEY) as ledger:
        assert stored(ledger) == SECRETS
        ledger.tokens("freee").save(Token("newer"))
    with sealed(NEW) as ledger:
        assert ledger.tokens("freee").load() == Token("newer")
        with pytest.raises(LedgerError, match="does not open"):
            ledger.tokens("hubspot").load()


def test_rotation_leaves_nothing_to_the_old_key(sealed: Open) -> None:
    with sealed(NEW, KEY) as ledger:
        assert ledger.rotate_keys() == 3
        assert ledger.rotate_keys() == 0
    with sealed(NEW) as ledger:
        assert stored(ledger) == SECRETS
    with sealed(KEY) as ledger, pytest.raises(LedgerError, match="does not open"):
        ledger.tokens("freee").load()


def test_a_token_that_no_key_opens_stops_the_rotation(sealed: Open) -> None:
    stranger = b"the key of somebody else entirely"
    with sealed(stranger) as ledger:
        ledger.tokens("salesforce").save(Token("strange"))
    with sealed(NEW, KEY) as ledger:
        with pytest.raises(LedgerError, match="token of 'salesforce'") as caught:
            ledger.rotate_keys()
        assert "tasuki login salesforce" in caught.value.remedy
    with sealed(KEY) as ledger:
        assert ledger.tokens("freee").load() == SECRETS["freee"]


class Died(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("step", range(1, 12))
def test_a_rotation_may_be_killed_at_any_statement(
    sealed: Open, clock: ManualClock, step: int
) -> None:
    left = step

    def die(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Died

    with sealed(NEW, KEY) as ledger:
        engine = ledger._database.engine
        event.listen(engine, "before_cursor_execute", die)
        with pytest.raises(Died):
            ledger.rotate_keys()
        event.remove(engine, "before_cursor_execute", die)
    clock.sleep(200)  # its locks have run out
    with sealed(NEW, KEY) as ledger:
        assert stored(ledger) == SECRETS
        ledger.rotate_keys()
    with sealed(NEW) as ledger:
        assert stored(ledger) == SECRETS


MINT = """
def mint(stored):
    say("minting")
    wait()
    return Token("minted", "r2")
say(ledger.tokens("freee").renew(Token("access-freee"), mint).access)
"""


def test_a_token_that_is_being_renewed_is_waited_for(sealed: Open, url: str) -> None:
    """The vendor gives a new pair once: sealing the old one anew may not lose it."""
    with sealed(NEW, KEY) as ledger, Other(url, MINT) as other:
        assert other.hear() == "minting"
        ledger._database.clock.sleep = lambda _: other.go_on()  # type: ignore[method-assign]
        ledger.rotate_keys()
        assert other.hear() == "minted"
        assert ledger.tokens("freee").load() == Token("minted", "r2")
    with sealed(NEW) as ledger:
        assert ledger.tokens("freee").load() == Token("minted", "r2")


def test_without_a_key_a_token_is_neither_read_nor_lost(sealed: Open) -> None:
    with sealed() as ledger:
        for asked in (lambda: ledger.tokens("freee").load(), ledger.rotate_keys):
            with pytest.raises(LedgerError, match="there is no key") as caught:
                asked()
            assert KEY_VARIABLE in caught.value.remedy
            assert "\n" not in str(caught.value)


def test_keys_come_from_the_environment_first(tmp_path: Path) -> None:
    Keys(tmp_path, {}).make()
    keys = Keys(tmp_path, {KEY_VARIABLE: "the newest key here, the one before it"})
    assert keys.read()[:2] == (b"the newest key here", b"the one before it")


def test_a_pass_phrase_with_a_comma_goes_on_opening(
    url: str, clock: ManualClock, tmp_path: Path
) -> None:
    phrase = "one long phrase, and another"
    with Ledger.open(url, clock, secret_key=phrase.encode()) as ledger:
        ledger.tokens("freee").save(SECRETS["freee"])
    keys = Keys(tmp_path, {KEY_VARIABLE: phrase}).read()
    with Ledger.open(url, clock, secret_key=keys) as ledger:
        assert ledger.tokens("freee").load() == SECRETS["freee"]


def test_a_machine_makes_one_key_and_keeps_it(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "new", {})
    made = keys.make()
    assert len(made) == 1
    assert keys.make() == made
    assert keys.path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in keys.path.parent.iterdir()] == ["secret.key"]
    keys.put((new_key().encode(), *made))
    assert keys.path.stat().st_mode & 0o777 == 0o600
    assert keys.read()[1:] == made
