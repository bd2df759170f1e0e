"""`new mapping`, `freeze` and `check --live` on a project beside its stand-ins."""

import pytest

from tests.unit.cli.rehearsing import LEADS, Desk

FILE = f"mappings/{LEADS}.yaml"
PERSON = "hubspot/contacts/40001"


@pytest.fixture
def own_mappings(desk: Desk) -> Desk:
    (desk.folder / "mappings" / "policies.yaml").unlink()
    assert desk.tasuki("init", str(desk.folder), "--copy-mappings").code == 0
    return desk


def test_a_proposed_mapping_is_ready_to_be_planned(desk: Desk) -> None:
    said = desk.tasuki("new", "mapping", "hubspot/contacts", "salesforce/Lead")
    assert said.code == 0
    assert FILE in said.out
    assert desk.tasuki("check", "--live").code == 0
    plan = desk.tasuki("plan", LEADS, "--json").json()
    assert plan["counts"]["create"] > 0


def test_a_file_that_is_there_is_never_written_over(desk: Desk) -> None:
    before = desk.write(FILE, "mine")
    said = desk.tasuki("new", "mapping", "hubspot/contacts", "salesforce/Lead")
    assert (said.code, before.read_text()) == (2, "mine")
    assert f"{FILE}: is there already" in said.err


def test_a_proposal_can_be_only_printed(desk: Desk) -> None:
    arguments = ("new", "mapping", "salesforce/Account", "freee/partner", "--name", "x")
    said = desk.tasuki(*arguments, "--print")
    assert said.code == 0
    assert "destination: freee/partner" in said.out
    value = desk.tasuki(*arguments, "--print", "--json").json()
    assert value["fields"]["name"] == "Name"
    assert not (desk.folder / "mappings" / "x.yaml").exists()


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("hubspot", "'hubspot' is not of the form connection/stream"),
        ("hubspt/contacts", "Did you mean 'hubspot'?"),
        ("hubspot/contats", "hubspot/contats"),
    ],
)
def test_a_proposal_of_nothing_known_is_refused(
    desk: Desk, source: str, told: str
) -> None:
    said = desk.tasuki("new", "mapping", source, "salesforce/Lead")
    assert said.code != 0
    assert told in said.err
    assert not (desk.folder / FILE).exists()


def test_a_live_record_becomes_a_masked_test_that_passes(own_mappings: Desk) -> None:
    desk = own_mappings
    before = desk.tasuki("test", LEADS, "--json").json()
    said = desk.tasuki("freeze", PERSON, "--into", LEADS, "--json").json()
    assert said["ending"] == "create"
    assert {"email", "lastname"} <= set(said["masked"])
    after = desk.tasuki("test", LEADS, "--json").json()
    assert len(after) == len(before) + 1
    assert all(one["passed"] for one in after)


def test_a_test_can_be_only_printed_of_a_shipped_mapping(desk: Desk) -> None:
    printed = desk.tasuki("freeze", PERSON, "--into", LEADS, "--print")
    assert printed.code == 0
    assert printed.out.startswith("tests:\n")
    said = desk.tasuki("freeze", PERSON, "--into", LEADS)
    assert said.code == 2
    assert "Copy it first: tasuki init --copy-mappings." in said.err


@pytest.mark.parametrize(
    ("ref", "told"),
    [
        ("hubspot/contacts/1", "there is no such record"),
        ("hubspot/companies/1", "reads hubspot/contacts, not 'hubspot/companies'"),
        ("40001", "reads hubspot/contacts, not '40001'"),
    ],
)
def test_a_record_that_cannot_be_frozen_leaves_the_file_alone(
    own_mappings: Desk, ref: str, told: str
) -> None:
    before = (own_mappings.folder / FILE).read_bytes()
    said = own_mappings.tasuki("freeze", ref, "--into", LEADS)
    assert said.code == 2
    assert told in said.err
    assert (own_mappings.folder / FILE).read_bytes() == before


def test_notices_pass_unless_asked_to_be_strict(own_mappings: Desk) -> None:
    own_mappings.edit(FILE, "{from: jobtitle, max: 128}", "jobtitle")
    said = own_mappings.tasuki("check", "--live")
    assert said.code == 0
    assert "'jobtitle' may be longer than the 128 that 'Title' takes" in said.out
    assert "1 to look at" in said.out
    strict = own_mappings.tasuki("check", "--live", "--strict")
    assert strict.code == 2
    assert "may be longer" in strict.err
