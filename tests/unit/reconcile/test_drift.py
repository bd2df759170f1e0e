"""The drift report: what the systems changed, and which pending records will fail."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tasuki.engine.run import run_sync
from tasuki.model.record import FieldFacts, Schema
from tasuki.reconcile.drift import DriftReport, report_drift
from tasuki.reconcile.drift_words import drift_lines
from tasuki.reconcile.schema_drift import drifts, facts_of, kept
from tasuki.testing import FakeFault, Lie
from tests.unit.engine.stage import TEXT, Small, small

STAGED = TEXT.replace("write_back", "  Stage: {from: stage, pii: false}\nwrite_back")
BEFORE = FieldFacts("F", length=80, type="picklist", options=("a", "b"))


@pytest.fixture
def office() -> Iterator[Small]:
    with small(STAGED) as office:
        office.sfa.streams["Lead"].options["Stage"] = ("新規", "済")
        office.person("known", stage="新規")
        run_sync(office.sync())
        yield office


def pending(office: Small, count: int, stage: str) -> None:
    for number in range(count):
        office.person(f"{stage}{number}", stage=stage)


def said(report: DriftReport, language: str = "en") -> list[str]:
    return drift_lines(report.as_json(), language)


def test_the_first_look_only_remembers(office: Small) -> None:
    pending(office, 2, "新規")
    report = report_drift(office.sync())
    assert (report.exit_code, report.drifts, report.pending) == (0, [], 2)
    assert said(report) == [
        "leads: the schemas are remembered for the first time (2 pending)"
    ]
    assert said(report_drift(office.sync())) == [
        "leads: the schemas are as they were (2 pending)"
    ]


def test_a_removed_value_is_told_with_the_records_that_will_fail(
    office: Small,
) -> None:
    report_drift(office.sync())
    pending(office, 37, "済")
    pending(office, 3, "新規")
    office.sfa.streams["Lead"].options["Stage"] = ("新規",)
    report = report_drift(office.sync())
    assert (report.exit_code, report.failing, report.pending) == (1, 37, 40)
    assert said(report)[0] == (
        "sfa/Lead: picklist value '済' of Stage was removed; 37 pending records will fail"
    )
    assert said(report, "ja")[0] == (
        "sfa/Lead: Stage の選択肢「済」がなくなりました。"
        "待っているレコード 37 件が失敗します。"
    )


def test_what_may_fail_records_is_told_until_it_is_accepted(office: Small) -> None:
    report_drift(office.sync())
    office.sfa.streams["Lead"].options["Stage"] = ("新規",)
    assert [report_drift(office.sync()).exit_code for _ in range(2)] == [1, 1]
    accepted = report_drift(office.sync(), accept=True)
    assert (accepted.exit_code, len(accepted.drifts)) == (0, 1)
    assert report_drift(office.sync()).drifts == []


def test_what_is_harmless_is_told_once(office: Small) -> None:
    report_drift(office.sync())
    office.sfa.streams["Lead"].options["Stage"] = ("新規", "済", "失注")
    first = report_drift(office.sync())
    assert (first.exit_code, said(first)) == (
        0, ["sfa/Lead: picklist value '失注' of Stage is new"],
    )  # fmt: skip
    assert report_drift(office.sync()).drifts == []


def test_records_that_fail_without_any_change_are_told_too(office: Small) -> None:
    report_drift(office.sync())
    pending(office, 1, "旧")
    report = report_drift(office.sync())
    assert report.exit_code == 1
    assert said(report) == ["Stage has no value '旧'; 1 pending record will fail"]
    assert said(report, "ja") == [
        "Stage に選択肢「旧」がありません。待っているレコード 1 件が失敗します。"
    ]


def test_a_new_required_field_is_told(office: Small) -> None:
    report_drift(office.sync())
    pending(office, 2, "新規")
    stream = office.sfa.streams["Lead"]
    stream.required = (*stream.required, "Owner")
    assert said(report_drift(office.sync()))[0] == (
        "sfa/Lead: Owner is required now; 2 pending records will fail"
    )


def test_a_look_changes_nothing_but_what_was_seen(office: Small) -> None:
    pending(office, 2, "済")
    report_drift(office.sync())
    before, effects = office.dump(), len(office.sfa.effects)
    report_drift(office.sync())
    assert office.dump() == before
    assert len(office.sfa.effects) == effects


def test_a_system_that_cannot_be_asked_is_one_line(office: Small) -> None:
    office.sfa.plant(FakeFault(Lie.ACCESS, "describe"))
    report = report_drift(office.sync())
    assert report.exit_code == 3
    assert said(report)[0].startswith("leads: sfa")


@pytest.mark.parametrize(
    ("now", "kinds"),
    [
        (BEFORE, []),
        (None, ["gone"]),
        (replace(BEFORE, options=("a",)), ["value_gone"]),
        (replace(BEFORE, options=("a", "b", "c")), ["value_new"]),
        (replace(BEFORE, length=79), ["shorter"]),
        (replace(BEFORE, length=None), ["longer"]),
        (replace(BEFORE, required=True), ["required"]),
        (replace(BEFORE, writable=False), ["read_only"]),
        (replace(BEFORE, type="text"), ["type"]),
        (replace(BEFORE, options=("a",), restricted=False), []),
        (replace(BEFORE, readable=False), []),
    ],
)
def test_each_change_of_a_written_field_has_its_name(
    now: FieldFacts | None, kinds: list[str]
) -> None:
    before = facts_of(Schema("s", {"F": BEFORE}), {"F"}, written=True)
    schema = Schema("s", {"F": now} if now else {})
    after = facts_of(schema, {"F"}, written=True)
    found = drifts("x/s", before, after, schema.fields, written=True)
    assert [one.kind for one in found] == kinds
    again = drifts(
        "x/s", kept(before, after, found), after, schema.fields, written=True
    )
    assert [one.kind for one in again] == [
        one.kind for one in found if not one.is_harmless
    ]


def test_of_a_field_that_is_read_only_reading_counts() -> None:
    before = facts_of(Schema("s", {"F": BEFORE}), {"F"}, written=False)
    schema = Schema("s", {"F": replace(BEFORE, readable=False, length=1)})
    after = facts_of(schema, {"F"}, written=False)
    found = drifts("x/s", before, after, schema.fields, written=False)
    assert [one.kind for one in found] == ["unreadable"]
