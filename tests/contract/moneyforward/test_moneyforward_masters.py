"""Partners with their departments, and items: found by a code, never made twice."""

import pytest

from tasuki.model.sweep import SweepQuery
from tasuki.model.write import Confirmed, Gone, InDoubt, Operation, Rejected, Write
from tasuki.sandbox.faults import Fault, Kind
from tests.contract.moneyforward.office import create, opened


def partner(ref: str, **fields: object) -> Write:
    return create(ref, {"code": f"SF-{ref}", "name": f"株式会社{ref}", **fields})


def update(target_id: str, **fields: object) -> Write:
    return Write("u", Operation.UPDATE, fields, target_id=target_id)


def test_a_partner_is_made_with_a_department_that_holds_its_address() -> None:
    with opened() as o:
        (done,) = o.write(
            "partner", partner("1", tel="03-1234-5678", prefecture="東京都", zip=None)
        )
        assert isinstance(done, Confirmed)
        assert done.answer["tel"] == "03-1234-5678"
        row = o.sandbox.masters.partners[done.id]
        assert [d["prefecture"] for d in row["departments"]] == ["東京都"]  # type: ignore[union-attr]
        assert o.server.total() == 1


def test_an_update_writes_to_the_partner_and_to_its_first_department() -> None:
    with opened() as o:
        target = o.customer(departments=2)
        (done,) = o.write(
            "partner", update(target, name="改", address1="港区", email=None)
        )
        assert isinstance(done, Confirmed)
        assert (done.answer["name"], done.answer["address1"]) == ("改", "港区")
        row = o.sandbox.masters.partners[target]
        assert [d["address1"] for d in row["departments"]] == ["港区", ""]  # type: ignore[union-attr]
        (inside,) = o.write("partner", update(target, address1="品川区"))
        assert isinstance(inside, Confirmed)
        assert inside.answer["address1"] == "品川区"
        o.act("delete_partner", id=target)
        for fields in ({"name": "再"}, {"tel": "1"}):
            (gone,) = o.write("partner", update(target, **fields))
            assert isinstance(gone, Gone)


def test_a_partner_without_a_department_gets_one() -> None:
    with opened() as o:
        target = o.customer(departments=0)
        (done,) = o.write("partner", update(target, address1="港区"))
        assert isinstance(done, Confirmed)
        assert o.bill("1", partner_id=target)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"code": ""}, "missing"),
        ({"name": None}, "missing"),
        ({"name": "あ" * 101}, "name"),
        ({"code": "x" * 31}, "code"),
        ({"color": "red"}, "unknown_field"),
        ({"department_id": "x"}, "unknown_field"),
    ],
)
def test_what_it_would_refuse_is_refused_without_a_call(
    fields: dict[str, object], code: str
) -> None:
    with opened() as o:
        (refused,) = o.write("partner", partner("1", **fields))
        assert isinstance(refused, Rejected)
        assert refused.code == code
        assert o.server.total() == 0


@pytest.mark.parametrize("stream", ["partner", "item"])
def test_a_create_without_an_answer_is_looked_for_by_its_code(stream: str) -> None:
    with opened() as o:
        o.server.faults.plant(Fault(Kind.RESET_AFTER, "POST", f"/{stream}s$"))
        more = {} if stream == "partner" else {"tax": "standard"}
        writes = [
            create(str(n), {"code": f"C{n}", "name": f"名{n}", **more}) for n in (1, 2)
        ]
        lost, made = o.write(stream, *writes)
        assert isinstance(lost, InDoubt)
        assert isinstance(made, Confirmed)
        never = create("3", {"code": "C3", "name": "名3", **more})
        found = o.system.destination.probe(stream, [*writes, never])
        assert [len(one.found) for one in found] == [1, 1, 0]


def test_records_are_found_by_code_in_one_call_and_by_other_fields() -> None:
    with opened() as o:
        made = [o.customer(f"SF-{n}") for n in range(4)]
        destination = o.system.destination
        before = o.server.total()
        found = destination.find("partner", "code", ["sf-1", "SF-2", "SF-9"])
        assert {v: [c.id for c in some] for v, some in found.items()} == {
            "SF-2": [made[2]]
        }  # the office's own filter tells cases apart
        assert o.server.total() - before == 1
        named = destination.find("partner", "name", ["株式会社sf-3", "株式会社"])
        assert {v: [c.id for c in some] for v, some in named.items()} == {
            "株式会社sf-3": [made[3]]
        }
        rows = destination.fetch("partner", [*made, "gone"], ["name"])
        assert rows == {i: {"name": f"株式会社SF-{n}"} for n, i in enumerate(made)}
        query = SweepQuery(("code",))
        swept = [s for page in destination.sweep("partner", query) for s in page]  # type: ignore[attr-defined]
        assert {s.id for s in swept} == set(made)


def test_an_item_is_made_changed_and_used_on_a_line() -> None:
    with opened() as o:
        fields = {"code": "I1", "name": "保守", "tax": "reduced", "unit_price": 500}
        (made,) = o.write("item", create("1", fields))
        assert isinstance(made, Confirmed)
        (done,) = o.write("item", update(made.id, name="保守サービス", quantity=2))
        assert isinstance(done, Confirmed)
        assert (done.answer["name"], done.answer["tax"]) == ("保守サービス", "reduced")
        line = {
            "description": "別名",
            "quantity": 1,
            "unit_price": 500,
            "tax": "reduced",
            "item_id": made.id,
        }
        billed = o.bill("1", lines=[line])
        # The master's name wins: known, and told in the README.
        assert o.billings[billed.id]["items"][0]["name"] == "保守サービス"
