"""Partners to freee会計: upserts by code."""

import pytest

from tasuki.model.errors import AccessError
from tasuki.model.write import (
    Confirmed,
    Gone,
    Operation,
    Rejected,
    Write,
    WriteClass,
)
from tasuki.sandbox.faults import Fault, Kind
from tests.contract.freee.opened import opened, partner


def test_the_same_code_twice_is_one_partner() -> None:
    with opened() as o:
        first, second = o.write(
            "partner", partner("1", "C1"), partner("2", "C1", name="改名後")
        )
        assert isinstance(first, Confirmed)
        assert isinstance(second, Confirmed)
        assert (first.created, second.created) == (True, False)
        assert first.id == second.id
        assert o.company.partners.rows[int(first.id)]["name"] == "改名後"
        assert o.calls() == 2


@pytest.mark.parametrize("kind", [Kind.RESET_AFTER, Kind.ERROR_AFTER, Kind.NOT_JSON])
def test_an_upsert_is_repeated_when_its_answer_is_lost(kind: Kind) -> None:
    with opened() as o:
        o.server.faults.plant(Fault(kind, "PUT"))
        (done,) = o.write("partner", partner("1", "C1"))
        assert isinstance(done, Confirmed)
        assert len(o.company.partners.rows) == 1


def test_an_address_and_a_prefectures_name_reach_freee() -> None:
    with opened() as o:
        (done,) = o.write(
            "partner",
            partner("1", "C1", zipcode="530-0001", prefecture="大阪府",
                    street_name1="大阪市北区", sending_method="email",
                    default_title="御中", email="keiri@sample.example", phone=None),
        )  # fmt: skip
        assert isinstance(done, Confirmed)
        row = o.company.partners.rows[int(done.id)]
        assert row["address_attributes"] == {
            "zipcode": "530-0001",
            "prefecture_code": 26,
            "street_name1": "大阪市北区",
        }
        assert row["phone"] == ""
        seen = o.system.destination.fetch("partner", [done.id], ["prefecture"])
        assert seen == {done.id: {"prefecture": "大阪府"}}


def test_mixed_rows_get_an_outcome_each() -> None:
    with opened() as o:
        o.company.partners.add("株式会社先約", "X1")
        outcomes = o.write(
            "partner",
            partner("1", "C1"),
            partner("2", "C2", name="株式会社先約"),
            partner("3", "C3", prefecture="江戸"),
            partner("4", "C4", name=None),
            partner("5", "C5"),
        )
        kinds = [type(outcome) for outcome in outcomes]
        assert kinds == [Confirmed, Rejected, Rejected, Rejected, Confirmed]
        taken = outcomes[1]
        assert isinstance(taken, Rejected)
        assert "先約" not in taken.words
        assert "取引先コード" in taken.remedy


def test_codes_switched_off_stop_the_connection() -> None:
    with opened({"use_partner_code": False}) as o:
        with pytest.raises(AccessError) as caught:
            o.write("partner", partner("1", "C1"))
        assert "設定" in caught.value.remedy


def test_an_update_by_id_fetches_the_name_only_when_it_must() -> None:
    with opened() as o:
        number = o.company.partners.add("サンプル", "C1")
        change = Write("1", Operation.UPDATE, {"phone": "03-0000-0000"}, str(number))
        (done,) = o.write("partner", change)
        assert isinstance(done, Confirmed)
        assert o.company.partners.rows[number]["phone"] == "03-0000-0000"
        assert o.company.partners.rows[number]["name"] == "サンプル"
        assert o.calls() == 2
        o.write("partner", change)
        assert o.calls() == 3


def test_updates_of_missing_and_archived_partners() -> None:
    with opened() as o:
        number = o.company.partners.add("サンプル", "C1")
        o.act("archive_partner", id=number)
        gone, named, archived = o.write(
            "partner",
            Write("1", Operation.UPDATE, {"phone": "1"}, "9999"),
            Write("2", Operation.UPDATE, {"name": "x"}, "9999"),
            Write("3", Operation.UPDATE, {"phone": "1"}, str(number)),
        )
        assert isinstance(gone, Gone)
        assert isinstance(named, Gone)
        assert isinstance(archived, Rejected)
        assert "archive" in archived.remedy


def test_partners_are_found_by_code_and_name_from_one_listing() -> None:
    with opened() as o:
        for n in range(30):
            o.company.partners.add(f"ABC{n}商店", f"C{n}")
        target = o.system.destination
        by_code = target.find("partner", "code", ["c3", "C4", "none"])
        assert {v: [c.fields["name"] for c in hits] for v, hits in by_code.items()} == {
            "c3": ["ABC3商店"],
            "C4": ["ABC4商店"],
        }
        by_name = target.find("partner", "name", ["abc5商店", "ABC"])
        assert list(by_name) == ["abc5商店"]
        assert o.calls() == 1


def test_a_partner_just_written_is_found_without_a_new_listing() -> None:
    with opened() as o:
        o.system.destination.find("partner", "code", ["C1"])
        o.write("partner", partner("1", "C1"))
        assert "C1" in o.system.destination.find("partner", "code", ["C1"])
        assert o.calls("GET") == 1


def test_many_partners_are_fetched_by_one_listing() -> None:
    with opened() as o:
        numbers = [o.company.partners.add(f"会社{n}", f"C{n}") for n in range(20)]
        o.act("archive_partner", id=numbers[0])
        asked = [*map(str, numbers), "77777"]
        seen = o.system.destination.fetch("partner", asked, ["name", "code"])
        assert len(seen) == 20
        assert seen[str(numbers[3])] == {"name": "会社3", "code": "C3"}
        # The list leaves the archived one out; that and the unknown one are asked for.
        assert o.calls() == 3


def test_partners_are_written_as_class_b_by_their_code() -> None:
    with opened() as o:
        facts = o.system.destination.facts("partner")
        assert (facts.create_class, facts.batch_size) == (WriteClass.UPSERT, 1)


def test_rows_after_a_lost_connection_are_deferred_not_forgotten() -> None:
    with opened() as o:
        o.server.faults.plant(Fault(Kind.RESET_BEFORE, "PUT", skip=1, times=0))
        first, second, third = o.write(
            "partner", partner("1", "C1"), partner("2", "C2"), partner("3", "C3")
        )
        assert isinstance(first, Confirmed)
        assert {type(second).__name__, type(third).__name__} == {"Deferred"}
