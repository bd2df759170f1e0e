"""What a preview foretells: refusals, what a changed mapping resends, cost and time."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tasuki import plan
from tasuki.engine.cost import Share
from tasuki.engine.forecast import Forecast
from tasuki.engine.preview import REMAPPED, preview_sync
from tasuki.engine.run import run_sync
from tasuki.engine.sync import Options
from tasuki.engine.tally import Ending
from tasuki.model.policy import Limit
from tasuki.model.record import FieldFacts, Schema
from tasuki.testing import FakeFault, Lie
from tests.unit.engine.stage import TEXT, Small, small

SCHEMA = Schema(
    "Lead",
    {
        one.name: one
        for one in (
            FieldFacts("Name", required=True, length=4),
            FieldFacts("Stage", type="picklist", options=("新規", "済")),
            FieldFacts("Free", type="picklist", options=("a",), restricted=False),
            FieldFacts("Made", writable=False),
            FieldFacts("Note"),
        )
    },
)


@pytest.fixture
def office() -> Iterator[Small]:
    with small() as office:
        yield office


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"Name": "四文字だ"}, []),
        ({"Name": "五文字以上"}, ["'Name' takes 4 characters, this has 5"]),
        ({"Name": "a", "Stage": "済"}, []),
        ({"Name": "a", "Stage": "旧"}, ["'Stage' lacks this value"]),
        ({"Name": "a", "Free": "z"}, []),
        ({"Name": "a", "Made": "x"}, ["nobody may write 'Made'"]),
        ({"Name": ""}, ["'Name' must not be blank"]),
        ({"Note": "x"}, ["'Name' must not be blank"]),
        ({"Name": "a", "Lost": 1}, ["there is no 'Lost' any more"]),
        ({"Name": "a", "Unknown": 1}, []),
    ],
)
def test_a_create_that_the_schema_refuses_is_foretold(
    fields: dict[str, object], words: list[str]
) -> None:
    found = Forecast(SCHEMA, frozenset({"Lost"})).refusals(plan.Create(fields))
    assert [one.words for one in found] == words


def test_an_update_needs_only_what_it_sends() -> None:
    forecast = Forecast(SCHEMA)
    assert forecast.refusals(plan.Update("1", {"Note": "x"})) == []
    (blanked,) = forecast.refusals(plan.Update("1", {"Name": None}))
    assert blanked.cause == "required_empty"
    assert forecast.refusals(plan.Skip("why")) == []


def test_a_preview_counts_what_would_be_refused(office: Small) -> None:
    office.person("one", name="Cold")
    office.person("two", name="Colder")
    office.person("three", name="Cold")
    office.sfa.streams["Lead"].options["Name"] = ("Colder",)
    shown = preview_sync(office.sync())
    assert shown.refused == 2
    assert shown.refusals == {("no_such_value", "Name", "Cold"): 2}
    assert shown.counts["create"] == 3, "a run would try them"
    refused = {one.ref for one in shown.changes if one.refusals}
    assert refused == {"crm/people/one", "crm/people/three"}


def test_a_refused_value_that_is_personal_is_not_told(office: Small) -> None:
    office.person("one")
    office.person("two", name="two@x.jp")  # a mail address where nobody expects it
    office.sfa.streams["Lead"].options["Email"] = ("nobody@x.jp",)
    office.sfa.streams["Lead"].options["Name"] = ("ONE",)
    told = str(preview_sync(office.sync()).as_json())
    assert "no_such_value" in told
    assert "one@x.jp" not in told
    assert "two@x.jp" not in told


def test_what_only_the_changed_mapping_resends_is_told_apart(office: Small) -> None:
    for name in ("same", "edited", "blank"):
        office.person(name, note="" if name == "blank" else "hello")
    run_sync(office.sync())
    run_sync(office.sync())  # what was written back is known now
    office.text = TEXT.replace(
        "write_back", "  Note: {from: note, pii: false}\nwrite_back"
    )
    office.crm.put("people", "edited", name="OTHER")
    shown = preview_sync(office.sync())
    changes = {one.ref.rpartition("/")[2]: one for one in shown.changes}
    assert (shown.resent, dict(shown.resent_fields)) == (1, {"Note": 1})
    assert changes["same"].reason == REMAPPED
    assert changes["edited"].reason == ""
    assert "blank" not in changes, "its payload is what it was"
    before = len(office.sfa.effects)
    tally = run_sync(office.sync()).tally
    assert tally.ended[Ending.UPDATED] == 2
    sent = {effect.id: dict(effect.fields) for effect in office.sfa.effects[before:]}
    assert sorted(map(sorted, sent.values())) == [["Name", "Note"], ["Note"]]


def test_a_mapping_that_says_the_same_otherwise_resends_nothing(office: Small) -> None:
    office.person("one")
    run_sync(office.sync())
    run_sync(office.sync())
    office.text = TEXT.replace("Name: {from: name,", "Name: {from: name, max: 80,")
    assert preview_sync(office.sync()).counts == {"unchanged": 1}
    before = len(office.sfa.effects)
    run_sync(office.sync())
    assert len(office.sfa.effects) == before


def test_a_preview_says_which_guard_will_stop_the_run(office: Small) -> None:
    office.text = TEXT + "guards: {creates: 1}\n"
    office.person("one")
    assert preview_sync(office.sync()).guard == ""
    office.person("two")
    assert preview_sync(office.sync()).guard == "would create 2 records (guard: 1)"
    assert run_sync(office.sync()).state == "refused"


def test_the_time_is_what_the_limits_of_the_slower_side_need(office: Small) -> None:
    for number in range(100):
        office.person(f"p{number:03}")
    sync = office.sync()
    sync.limits = {"sfa": (Limit(10, 10.0), Limit(1_000, 86_400.0)), "crm": ()}
    shown = preview_sync(sync)
    sfa = next(one for one in shown.costs if one.connection == "sfa")
    calls = sum(sfa.calls.values())
    assert calls - 1 <= shown.seconds <= (calls - 1) * 1.1
    assert sfa.quotas == (Share(calls, 1_000, 86_400.0),)
    assert sfa.quotas[0].percent == pytest.approx(calls / 10)


def test_a_preview_that_may_not_ask_for_the_schema_says_so(office: Small) -> None:
    office.person("one")
    office.sfa.plant(FakeFault(Lie.ACCESS, "describe"))
    shown = preview_sync(office.sync())
    assert "sfa" in shown.forecast
    assert shown.counts == {"create": 1}


def test_a_run_since_a_moment_takes_those_only_and_leaves_the_cursor(
    office: Small,
) -> None:
    office.person("old")
    office.clock.advance(3 * 86_400)
    office.person("young")
    options = Options(since=office.clock.now() - timedelta(days=1))
    assert preview_sync(office.sync(), options).counts == {"create": 1}
    report = run_sync(office.sync(), options)
    assert (report.tally.read, report.tally.ended[Ending.CREATED]) == (1, 1)
    assert office.ledger.cursor("leads") is None
    assert run_sync(office.sync()).tally.ended[Ending.CREATED] == 1
