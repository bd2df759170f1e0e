"""Writing HubSpot: one outcome per row, whatever the answer looks like."""

import json
from decimal import Decimal

import httpx
import pytest
import respx

from connectors.hubspot import CONNECTOR
from tasuki.model.errors import AccessError, LeaseLostError, TransientError
from tasuki.model.write import (
    Confirmed,
    Deferred,
    Gone,
    Operation,
    Rejected,
    Write,
    WriteClass,
)
from tasuki.sandbox.faults import Fault, Kind
from tests.contract.hubspot.opened import create, opened, update
from tests.contract.wire import make_wire

OLD = 1_700_000_000_000


@pytest.mark.parametrize("version", ["2026-09", "v3"])
@pytest.mark.parametrize("refusals", ["rows", "whole", "silent"])
def test_bad_rows_never_block_their_batch(version: str, refusals: str):
    with opened(refusals=refusals, settings={"api_version": version}) as it:
        writes = [
            create(f"r{n}", f"p{n}@sample.co.jp", state="東京") for n in range(100)
        ]
        writes[17] = create("r17", "not an address")
        writes[63] = create("r63", "p63@sample.co.jp", lifecyclestage="prospect")
        outcomes = it.write("contacts", *writes)
        assert len(it.account.stores["contacts"].ids) == 98
        assert outcomes["r17"].code == "INVALID_EMAIL"
        assert outcomes["r63"].code == "INVALID_OPTION"
        good = [o for o in outcomes.values() if isinstance(o, Confirmed)]
        assert len(good) == 98
        assert all(o.created for o in good)
        most = {"rows": 1, "whole": 2, "silent": 30}
        assert it.calls("batch") <= most[refusals]


def test_the_good_one_of_two_rows_is_not_blamed_for_the_other():
    with opened(refusals="whole") as it:
        rows = [create("good", "a@sample.co.jp"), create("bad", "nobody")]
        outcomes = it.write("contacts", *rows)
        assert isinstance(outcomes["good"], Confirmed)
        assert isinstance(outcomes["bad"], Rejected)


def test_words_and_remedy_name_the_property_and_not_the_value():
    with opened() as it:
        bad = it.write("contacts", create("r", "taro＠sample", lastname="山田"))["r"]
        assert isinstance(bad, Rejected)
        assert bad.words == "INVALID_EMAIL on email"
        assert "sample" not in bad.words + bad.remedy


def test_the_same_key_twice_is_one_record_and_the_later_row_wins():
    with opened() as it:
        outcomes = it.write(
            "contacts",
            create("a", "T@sample.co.jp", lastname="一"),
            create("b", "t@sample.co.jp", lastname="二"),
        )
        assert it.calls() == 2
        assert outcomes["a"].id == outcomes["b"].id
        assert (outcomes["a"].created, outcomes["b"].created) == (True, False)
        assert it.account.stores["contacts"].rows[1].values["lastname"] == "二"


def test_sending_again_after_a_lost_answer_makes_no_second_record():
    with opened() as it:
        it.server.faults.plant(Fault(Kind.RESET_AFTER, path="upsert"))
        outcome = it.write("deals", create("a", "K-1", "external_id", dealname="x"))
        assert isinstance(outcome["a"], Confirmed)
        assert len(it.account.stores["deals"].ids) == 1


def test_a_batch_of_which_nothing_is_known_raises():
    with opened() as it:
        it.server.faults.plant(Fault(Kind.ERROR_BEFORE, path="upsert", times=0))
        with pytest.raises(TransientError):
            it.write("contacts", create("a", "a@sample.co.jp"))


def test_rows_behind_a_failure_wait_when_others_are_done():
    with opened() as it:
        it.server.faults.plant(Fault(Kind.ERROR_BEFORE, path="upsert", skip=1, times=0))
        outcomes = it.write(
            "contacts", create("a", "a@sample.co.jp"), create("b", "a@sample.co.jp")
        )
        assert isinstance(outcomes["a"], Confirmed)
        assert isinstance(outcomes["b"], Deferred)


def test_rows_that_fail_in_passing_are_deferred():
    with opened() as it:
        it.server.faults.plant(Fault(Kind.PARTIAL, path="upsert"))
        rows = [create(f"r{n}", f"p{n}@sample.co.jp") for n in range(9)]
        outcomes = it.write("contacts", *rows)
        late = {ref for ref, o in outcomes.items() if isinstance(o, Deferred)}
        assert late == {"r2", "r5", "r8"}


@pytest.mark.parametrize("refusals", ["rows", "whole", "silent"])
def test_an_update_of_a_record_that_is_gone_says_so(refusals: str):
    with opened(refusals=refusals) as it:
        it.fill(3, OLD)
        it.account.acts.archive("contacts", "2")
        outcomes = it.write(
            "contacts", *(update(f"r{n}", str(n), state="大阪") for n in (1, 2, 3))
        )
        assert isinstance(outcomes["r2"], Gone)
        assert isinstance(outcomes["r1"], Confirmed)
        assert isinstance(outcomes["r3"], Confirmed)


def test_an_update_of_a_merged_record_confirms_its_survivor():
    with opened() as it:
        it.fill(2, OLD)
        it.account.acts.merge("contacts", "1", "2")
        outcome = it.write("contacts", update("r", "2", state="大阪"))["r"]
        assert outcome.id == "1"
        assert it.account.stores["contacts"].rows[1].values["state"] == "大阪"


def test_a_lifecycle_stage_does_not_move_backward():
    with opened() as it:
        it.fill(1, OLD)
        it.write("contacts", update("a", "1", lifecyclestage="opportunity"))
        outcome = it.write("contacts", update("b", "1", lifecyclestage="lead"))["b"]
        assert outcome.code == "INVALID_LIFECYCLE_STAGE"
        assert "forward" in outcome.remedy


def test_an_address_that_another_contact_has_is_a_conflict():
    with opened() as it:
        it.fill(2, OLD)
        outcome = it.write("contacts", update("r", "1", email="p2@sample.co.jp"))["r"]
        assert outcome.code == "CONFLICT"


@pytest.mark.parametrize("refusals", ["rows", "whole", "silent"])
def test_an_unknown_property_is_refused_without_asking_row_by_row(refusals: str):
    with opened(refusals=refusals) as it:
        rows = [
            create(f"r{n}", f"p{n}@sample.co.jp", shoe_size="27") for n in range(40)
        ]
        outcomes = it.write("contacts", *rows)
        assert {o.code for o in outcomes.values()} == {"PROPERTY_DOESNT_EXIST"}
        assert it.calls("batch") <= 2


def test_a_key_that_is_not_unique_refuses_every_row_in_one_call():
    with opened() as it:
        rows = [create(f"r{n}", f"name {n}", "lastname") for n in range(40)]
        outcomes = it.write("contacts", *rows)
        assert all(isinstance(o, Rejected) for o in outcomes.values())
        assert it.calls("batch") == 1


def test_a_required_property_is_the_administrators_matter():
    with opened(required={"contacts": ("state",)}) as it:
        outcome = it.write("contacts", create("r", "a@sample.co.jp"))["r"]
        assert outcome.code == "REQUIRED_FIELD"
        assert "administrator" in outcome.remedy


def test_an_error_that_names_no_row_is_traced_by_halving():
    """Rows are answered by key only, errors by nothing, as older versions do."""

    def answer(request: httpx.Request) -> httpx.Response:
        inputs = json.loads(request.content)["inputs"]
        good = [row for row in inputs if row["id"] not in {"k3", "k8"}]
        results = [
            {"id": row["id"][1:], "properties": row["properties"]} for row in good
        ]
        error = {"status": "error", "category": "VALIDATION_ERROR", "message": "bad"}
        errors = [error] if len(good) < len(inputs) else []
        return httpx.Response(207, json={"results": results, "errors": errors})

    system = CONNECTOR.open(
        CONNECTOR.settings.model_validate(
            {"connector": "hubspot", "auth": {"token": "x"}}
        ),
        make_wire("hubspot"),
    )
    with respx.mock:
        route = respx.post(url__regex=".*/deals/batch/upsert").mock(side_effect=answer)
        rows = [create(f"r{n}", f"k{n}", "external_id") for n in range(1, 11)]
        outcomes = system.destination.write("deals", rows, lambda: None)
        assert route.call_count == 3
    bad = {o.ref for o in outcomes if isinstance(o, Rejected)}
    assert bad == {"r3", "r8"}
    assert len(outcomes) == 10
    system.close()


def test_a_create_without_a_key_is_never_sent():
    with opened() as it:
        keyless = Write("r", Operation.CREATE, {"lastname": "山田"})
        outcomes = it.write("contacts", keyless, create("s", "s@sample.co.jp"))
        assert outcomes["r"].code == "NO_KEY"
        assert isinstance(outcomes["s"], Confirmed)
        assert it.calls() == 1


def test_values_are_sent_as_hubspot_takes_them():
    with opened() as it:
        fields = {
            "hubspotscore": Decimal("12.50"),
            "hs_email_optout": True,
            "phone": None,
        }
        it.write("contacts", create("r", "a@sample.co.jp", **fields))
        values = it.account.stores["contacts"].rows[1].values
        assert values["hubspotscore"] == "12.50"
        assert values["hs_email_optout"] == "true"
        assert values["phone"] == ""


def test_more_rows_than_a_batch_holds_go_in_the_fewest_calls():
    with opened() as it:
        rows = [create(f"r{n}", f"p{n}@sample.co.jp") for n in range(250)]
        assert len(it.write("contacts", *rows)) == 250
        assert it.calls() == 3


def test_nothing_is_sent_when_this_run_may_not_write():
    with opened() as it:

        def fence() -> None:
            words = "taken over"
            raise LeaseLostError(words, words)

        rows = [create("r", "a@sample.co.jp")]
        with pytest.raises(LeaseLostError):
            it.system.destination.write("contacts", rows, fence)
        assert it.calls() == 0


def test_a_contact_is_found_by_any_of_its_addresses_without_a_search():
    with opened(index_lag=3_600.0) as it:
        it.fill(3, OLD)
        it.account.acts.merge("contacts", "1", "2")
        asked = ["P1@Sample.co.jp", "p2@sample.co.jp", "nobody@sample.co.jp"]
        found = it.system.destination.find("contacts", "email", asked)
        assert {value: [c.id for c in near] for value, near in found.items()} == {
            "P1@Sample.co.jp": ["1"],
            "p2@sample.co.jp": ["1"],
        }
        assert it.calls() == 1


def test_records_are_found_by_a_unique_property():
    with opened() as it:
        it.write("deals", create("r", "K-1", "external_id"))
        found = it.system.destination.find("deals", "external_id", ["k-1", "K-2"])
        assert [c.id for c in found["k-1"]] == ["1"]
        assert it.calls("search") == 0


def test_every_record_with_a_value_is_found():
    with opened() as it:
        it.fill(450, OLD)
        for number in range(1, 451):
            name = "ACME" if number % 2 else "other"
            it.account.acts.edit("contacts", str(number), {"company": name})
        found = it.system.destination.find("contacts", "company", ["Acme", "none"])
        assert len(found["Acme"]) == 225
        assert "none" not in found


def test_long_lists_of_values_fit_into_the_searches():
    with opened() as it:
        names = [f"{'寿限無' * 20}{n}" for n in range(260)]
        for name in names:
            it.account.acts.create("contacts", {"lastname": name})
        found = it.system.destination.find("contacts", "lastname", names)
        assert set(found) == set(names)


def test_present_values_are_fetched_by_the_ids_one_has():
    with opened() as it:
        it.fill(3, OLD)
        it.account.acts.merge("contacts", "1", "2")
        found = it.system.destination.fetch("contacts", ["2", "3", "9"], ["email"])
        assert found == {
            "2": {"email": "p1@sample.co.jp"},
            "3": {"email": "p3@sample.co.jp"},
        }


def test_records_are_counted_in_one_call_and_listed_in_large_pages():
    with opened() as it:
        it.fill(230, OLD)
        assert it.system.destination.count("contacts") == 230
        listed = list(it.system.destination.keys("contacts", ["email"]))
        assert len({candidate.id for candidate in listed}) == 230
        assert it.calls() == 1 + 3


def test_a_doubtful_create_is_seen_by_its_key():
    with opened() as it:
        rows = [create("a", "a@sample.co.jp"), create("b", "b@sample.co.jp")]
        it.write("contacts", rows[0])
        seen = {s.ref: s.found for s in it.system.destination.probe("contacts", rows)}
        assert [one.id for one in seen["a"]] == ["1"]
        assert seen["b"] == ()


def test_creating_is_an_upsert():
    with opened() as it:
        facts = it.system.destination.facts("contacts")
        assert (facts.create_class, facts.batch_size) == (WriteClass.UPSERT, 100)


def test_a_wrong_token_blames_no_record():
    with opened(settings={"auth": {"token": "wrong"}}) as it:
        with pytest.raises(AccessError) as caught:
            it.write("contacts", create("a", "a@sample.co.jp"))
        assert "wrong" not in str(caught.value)
