"""Deciding, case by case: values in, a change out."""

from decimal import Decimal

import pytest

from tasuki.mapping import Payload
from tasuki.plan import (
    Attach,
    Change,
    Counterpart,
    Create,
    Hold,
    Known,
    Mode,
    OnChange,
    Rules,
    Skip,
    Unchanged,
    Update,
    changed_fields,
    decide_linked,
    decide_unlinked,
)

HOME = "sfa/Lead"


def rules(mode: Mode = "upsert", on_change: OnChange = "update") -> Rules:
    return Rules(mode, on_change, HOME)


def known(
    stream: str = HOME, fingerprint: str = "old", doubtful: frozenset[str] = frozenset()
) -> Known:
    return Known(stream, "L1", {"Name": "A", "Size": "1.50"}, fingerprint, doubtful)


def payload(**fields: object) -> Payload:
    return Payload({"Name": "A", "Size": Decimal("1.50"), **fields})


@pytest.mark.parametrize(
    ("made", "link", "by", "expected"),
    [
        (payload(Name="B"), known(), rules(), Update("L1", {"Name": "B"})),
        (payload(Name=None), known(), rules(), Update("L1", {"Name": None})),
        (payload(Extra=None), known(), rules(), Unchanged()),
        (payload(), known(), rules(), Unchanged()),
        (payload(Name="B"), known(fingerprint="new"), rules(), Unchanged()),
        (payload(Name="B"), known(), rules("create_only"), Unchanged()),
        (payload(Name="B"), known("sfa/Contact"), rules(), Unchanged()),
        (
            payload(Name="B"),
            known(),
            rules(on_change="hold"),
            Hold("changed_after_sent", "Name", choices=("send", "accept")),
        ),
        (
            payload(),
            known(doubtful=frozenset({"Name"})),
            rules(),
            Update("L1", {"Name": "A"}),
        ),
        (
            payload(),
            known(fingerprint="new", doubtful=frozenset({"Name"})),
            rules(),
            Update("L1", {"Name": "A"}),
        ),
        (payload(), known(doubtful=frozenset({"Gone"})), rules(), Unchanged()),
    ],
)
def test_a_known_counterpart_gets_only_what_has_changed(
    made: Payload, link: Known, by: Rules, expected: Change
) -> None:
    assert decide_linked(made, "new", link, by) == expected


ONE = Counterpart(HOME, "L1", "Email")
TAKEN = Counterpart(HOME, "L1", "Email", taken_by="p9")
CUSTOMER = Counterpart("sfa/Contact", "C1", "Email", attach_only=True)
FIELDS = {"Name": "A", "Size": Decimal("1.50")}
OTHER = Counterpart(HOME, "L2", "Email")
BOTH = "Email: sfa/Lead/L1, sfa/Lead/L2"
THERE = Hold("exists_already", "sfa/Lead/L1", (ONE,), ("attach", "create"))


def twin(*choices: str) -> Hold:
    return Hold("duplicate_record", "sfa/Lead/L1 ← p9", (TAKEN,), choices)


@pytest.mark.parametrize(
    ("found", "by", "expected"),
    [
        ([], rules(), Create(FIELDS)),
        ([], rules("once"), Create(FIELDS)),
        ([], rules("update_only"), Skip("no_counterpart")),
        ([ONE], rules(), Update("L1", FIELDS, attaching=True)),
        ([ONE], rules("update_only"), Update("L1", FIELDS, attaching=True)),
        ([ONE], rules("once"), THERE),
        ([ONE], rules("create_only"), THERE),
        ([TAKEN], rules(), twin("own", "create")),
        ([TAKEN], rules("update_only"), twin("own")),
        ([TAKEN], rules("once"), twin("create")),
        ([CUSTOMER], rules(), Attach("sfa/Contact", "C1")),
        ([CUSTOMER], rules("once"), Attach("sfa/Contact", "C1")),
        (
            [ONE, OTHER],
            rules(),
            Hold("ambiguous_match", BOTH, (ONE, OTHER), ("attach", "create")),
        ),
        (
            [ONE, OTHER],
            rules("update_only"),
            Hold("ambiguous_match", BOTH, (ONE, OTHER), ("attach",)),
        ),
    ],
)
def test_an_unknown_record_is_created_attached_or_held(
    found: list[Counterpart], by: Rules, expected: Change
) -> None:
    assert decide_unlinked(payload(), found, by) == expected


def test_fields_of_a_create_are_not_updated() -> None:
    made = Payload({"Name": "B", "Status": "new"}, on_create_only=frozenset({"Status"}))
    assert changed_fields(made, {"Name": "A"}) == {"Name": "B"}


def test_nested_decimals_compare_as_the_ledger_gives_them_back() -> None:
    made = Payload({"lines": [{"price": Decimal("10.0"), "tags": ("a", "b")}]})
    assert not changed_fields(made, {"lines": [{"price": "10.0", "tags": ["a", "b"]}]})
    assert changed_fields(made, {"lines": [{"price": "10.1", "tags": ["a", "b"]}]})
