"""HubSpot's owners: a table for look-ups, read in one call."""

import pytest

from tasuki.model.errors import ConfigError
from tasuki.model.record import Query
from tests.contract.hubspot.opened import create, opened


def test_owners_are_found_by_address_without_case_in_one_call() -> None:
    with opened() as account:
        destination = account.system.destination
        found = destination.find(
            "owners", "email", ["CS@example.co.jp", "nobody@example.co.jp"]
        )
        assert {key: [c.id for c in some] for key, some in found.items()} == {
            "CS@example.co.jp": ["70000003"]
        }
        told = destination.fetch("owners", ["70000003", "1"], ["lastName"])
        assert told == {"70000003": {"lastName": "導入担当"}}
        assert destination.count("owners") == 3  # type: ignore[attr-defined]
        names = [c.fields for c in destination.keys("owners", ["email"])]  # type: ignore[attr-defined]
        assert names[0] == {"email": "sales1@example.co.jp"}
        assert account.calls("owners") == 1
        assert account.calls() == 1


def test_owners_are_described_and_never_written_or_synced() -> None:
    with opened() as account:
        fields = account.system.describe("owners").fields
        assert not any(one.writable for one in fields.values())
        with pytest.raises(ConfigError, match="looked up, no more"):
            account.write("owners", create("a", "x@example.co.jp"))
        with pytest.raises(ConfigError, match="looked up, no more"):
            account.read(Query("owners", ("email",)))


def test_a_list_of_several_pages_is_read_whole() -> None:
    with opened() as account:
        for number in range(247):
            account.account.owners.hire(f"p{number}@example.co.jp", "社員")
        assert account.system.destination.count("owners") == 250  # type: ignore[attr-defined]
        assert account.calls("owners") == 3
