"""What a person types to see, approve, reject and take back; on stand-ins."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.cli.rehearsing import LEADS, Desk, new_project, stand_ins

MAPPING = (
    "version: 1\nsource: hubspot/contacts\ndestination: salesforce/Lead\n"
    "match:\n  - HubSpot_Contact_Id__c: hs_object_id\n"
    "  - Company: concat('Tasuki ', 'KK')\n"
    "pii: [lastname]\n"
    "fields:\n  HubSpot_Contact_Id__c: hs_object_id\n"
    "  LastName: {from: lastname, default: x}\n  Company: {const: Tasuki KK}\n"
    "guards: {creates: GUARD}\n"
)
TWINS = "  - Company: concat('Tasuki ', 'KK')\n"
BY = ("--by", "sato", "--why", "asked the customer")


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    """A project whose stand-ins nobody else has changed."""
    with stand_ins(people=8) as rehearsal:
        new_project(tmp_path, rehearsal.connections_yaml())
        yield Desk(tmp_path, capsys)


@pytest.fixture
def people(desk: Desk) -> list[str]:
    """Contacts: the first has a lead, the second is its twin and held; two more."""
    desk.write(f"mappings/{LEADS}.yaml", MAPPING.replace("GUARD", "900"))
    planned = desk.tasuki("plan", LEADS, "--sample", "4", "--json").json()["changes"]
    ids = [one["ref"].rpartition("/")[2] for one in planned]
    assert len(ids) == 4
    for one in ids[:2]:
        run(desk, one)
    return ids


def run(desk: Desk, *ids: str) -> dict[str, object]:
    only = [part for one in ids for part in ("--only", one)]
    return desk.tasuki("run", LEADS, *only, "--json").json()


def test_held_says_what_is_asked_and_a_decision_is_carried_out_by_the_next_run(
    desk: Desk, people: list[str]
) -> None:
    (ref,) = [h["ref"] for h in desk.tasuki("held", "--json").json()["held"]]
    assert ref == f"hubspot/contacts/{people[1]}"
    listed = desk.tasuki("held")
    assert listed.code == 1
    assert "duplicate_record: 1" in listed.out
    assert "--own, --create" in listed.out
    looked = desk.tasuki("approve", ref, "--create", "--look")
    assert "a new salesforce/Lead is made of" in looked.out
    assert "stands" not in desk.tasuki("held", "--json").out
    said = desk.tasuki("approve", ref, "--create", *BY)
    assert said.code == 0, said.err
    assert said.out.startswith(f"a new salesforce/Lead is made of {ref}")
    assert "the next run carries it out" in desk.tasuki("held").out
    report = run(desk, people[1])
    assert (report["created"], report["ruled"]) == (1, {"carried_out": 1})
    assert desk.tasuki("held").code == 0
    told = desk.tasuki("explain", ref).out
    assert "create (duplicate_record) by sato: asked the customer" in told
    assert "carried_out" in told


def test_one_hold_is_shown_with_its_candidates_as_they_are_now(
    desk: Desk, people: list[str]
) -> None:
    desk.tasuki("approve", people[1], "--create", *BY)
    run(desk, people[1])
    run(desk, people[2])
    said = desk.tasuki("held", people[2], "--json")
    (hold,) = said.json()
    assert hold["reason"] == "ambiguous_match"
    refs = [one["ref"] for one in hold["question"]["candidates"]]
    assert len(refs) == 2
    for ref in refs:
        assert hold["present"][ref]["Company"] == "Tasuki KK"
        assert hold["present"][ref]["LastName"] == "***"
        assert hold["present"][ref]["page"].endswith(ref.rpartition("/")[2] + "/view")
    words = desk.tasuki("held", people[2]).out
    assert refs[0] in words
    assert "LastName: ***" in words
    assert "present" in desk.tasuki("held", people[2], "--offline", "--json").out
    wrong = desk.tasuki("approve", people[2], "--attach", "00Q0", *BY)
    assert wrong.code == 2
    assert "none of the candidates" in wrong.err
    taken = desk.tasuki("approve", people[2], "--attach", refs[1], *BY)
    assert taken.code == 2
    assert f"is the counterpart of {people[1]} already" in taken.err


def test_rejected_is_left_out_until_it_is_taken_back(
    desk: Desk, people: list[str]
) -> None:
    assert desk.tasuki("reject", people[1], "--for-good", *BY).code == 0
    report = run(desk, people[1])
    assert report["reasons"]["skipped"] == {"rejected_by_person": 1}
    assert (report["exit_code"], desk.tasuki("held").code) == (0, 0)
    assert desk.tasuki("withdraw", people[1], "--why", "a mistake").code == 0
    assert run(desk, people[1])["held"] == 1
    assert desk.tasuki("withdraw", people[1], "--why", "again").code == 2


def test_many_of_a_kind_are_settled_at_once(desk: Desk, people: list[str]) -> None:
    run(desk, *people)
    which = ("--reason", "duplicate_record", "--mapping", LEADS)
    assert len(desk.tasuki("held", *which, "--json").json()["held"]) == 3
    looked = desk.tasuki("reject", *which, "--look")
    assert "3 in all; nothing is recorded" in looked.out
    said = desk.tasuki("reject", *which, *BY, "--json").json()
    assert len(said["ruled"]) == 3
    assert run(desk, *people)["held"] == 0


def test_a_refused_run_is_approved_by_its_id(desk: Desk) -> None:
    text = MAPPING.replace("GUARD", "1").replace(TWINS, "")
    desk.write(f"mappings/{LEADS}.yaml", text)
    planned = desk.tasuki("plan", LEADS, "--sample", "3", "--json").json()["changes"]
    ids = [one["ref"].rpartition("/")[2] for one in planned]
    first = run(desk, *ids)
    assert first["state"] == "refused"
    assert run(desk, *ids)["state"] == "refused"
    (hold,) = desk.tasuki("held", "--reason", "guard", "--json").json()["held"]
    stale = desk.tasuki("approve", "--guard", str(first["run"]), *BY)
    assert stale.code == 2
    assert f"--guard {hold['ref']}" in stale.err
    said = desk.tasuki("approve", "--guard", hold["ref"], "--hours", "2", *BY)
    assert "may create 3, change 0 and let go of 0 records in all" in said.out
    assert "within 2 hours" in said.out
    report = run(desk, *ids)
    assert (report["created"], report["ruled"]) == (3, {})
    assert desk.tasuki("held").code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("approve", "RECORD", "--create", "--by", "x"), "there is no reason given"),
        (("approve", "RECORD", *BY), "not said what is approved"),
        (("approve", "RECORD", "--create", "--own", *BY), "exclude each other"),
        (("approve", "RECORD", "--accept", *BY), "does not settle"),
        (("approve", "--reason", "x", "--mapping", LEADS, *BY), "is held as x"),
        (("approve", "--attach", "x", *BY), "settles one record"),
        (("approve", *BY), "nothing is chosen"),
        (("reject", *BY), "nothing is chosen"),
        (("approve", "hubspot/contacts/1", *BY), "it is not held"),
        (("approve", "--guard", "01X", *BY), "no guard has refused a run of this id"),
        (("held", "hubspot/contacts/1"), "it is not held"),
        (("held", "--mapping", "nothing"), "there is no mapping"),
        (("withdraw", "RECORD", "--why", "x"), "no decision about it stands"),
    ],
)
def test_what_cannot_be_decided_is_one_clear_line(
    desk: Desk, people: list[str], arguments: tuple[str, ...], words: str
) -> None:
    given = [people[1] if one == "RECORD" else one for one in arguments]
    said = desk.tasuki(*given)
    assert said.code == 2
    assert words in said.err
    assert len(said.err.strip().splitlines()) == 2
    assert "Traceback" not in said.err


def test_who_decides_is_known_without_being_said(
    desk: Desk, people: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASUKI_USER", "suzuki")
    desk.tasuki("reject", people[1], "--why", "a test")
    (hold,) = desk.tasuki("held", "--json").json()["held"]
    assert [one["who"] for one in hold["rulings"]] == ["suzuki"]
    monkeypatch.delenv("TASUKI_USER")
    desk.tasuki("reject", people[1], "--why", "a test")
    (hold,) = desk.tasuki("held", "--json").json()["held"]
    assert hold["rulings"][-1]["who"]


def test_letters_are_chosen_by_cause_and_age_after_a_look(desk: Desk) -> None:
    desk.write(
        f"mappings/{LEADS}.yaml",
        MAPPING.replace("GUARD", "900")
        .replace(TWINS, "")
        .replace("{const: Tasuki KK}\n", "{const: x}\n  Rating: {const: none}\n"),
    )
    dead = desk.tasuki("run", LEADS, "--json").json()["dead"]
    assert dead == 8
    (cause,) = desk.tasuki("dead", "--json").json()["causes"]
    assert cause["times"] == dead
    listed = desk.tasuki("dead").out
    assert len(listed.splitlines()) == 5, "five lines however many letters"
    assert f"[{cause['group']}]" in listed
    looked = desk.tasuki("replay", "--cause", cause["group"], "--look")
    assert f"{dead} in all; nothing is changed" in looked.out
    assert desk.tasuki("replay", "--older-than", "2d", "--json").json()["replayed"] == 0
    assert desk.tasuki("dead", "--newer-than", "1h", "--json").json()["causes"]
    assert desk.tasuki("dead", "--cause", "OTHER").code == 0
    assert desk.tasuki("replay", "--older-than", "soon").code == 2
    said = desk.tasuki("replay", "--newer-than", "1h", "--mapping", LEADS, "--json")
    assert said.json()["replayed"] == dead
