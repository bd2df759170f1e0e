"""A mapping beside its systems' own fields: what would fail is found beforehand."""

from pathlib import Path

import pytest

from tasuki.mapping.live import Compared, compare
from tasuki.mapping.problem import Problem
from tasuki.model.record import FieldFacts, Schema, StreamRef
from tests.unit.mapping.mapping_project import load, project

STAGES = ("lead", "customer")

HUBSPOT = Schema(
    "contacts",
    {
        each.name: each
        for each in (
            FieldFacts("hs_object_id", type="number", writable=False, unique=True),
            FieldFacts("email", length=65536),
            FieldFacts("lastname", length=65536),
            FieldFacts("stage", type="picklist", options=STAGES),
            FieldFacts("optout", type="boolean"),
            FieldFacts("score", type="number"),
            FieldFacts("company", type="reference", references="companies"),
            FieldFacts("lead_id"),
            FieldFacts("hidden", readable=False),
        )
    },
)
COMPANIES = Schema("companies", {"name": FieldFacts("name")})
SALESFORCE = Schema(
    "Lead",
    {
        each.name: each
        for each in (
            FieldFacts("Id", writable=False, unique=True),
            FieldFacts("Key__c", unique=True),
            FieldFacts("Email", length=80),
            FieldFacts("LastName", required=True, length=80),
            FieldFacts("Rating", type="picklist", options=("Hot", "Warm")),
            FieldFacts("Score__c", type="number"),
            FieldFacts("Signed__c", type="date"),
        )
    },
)
SYSTEMS = {
    StreamRef("hubspot", "contacts"): HUBSPOT,
    StreamRef("hubspot", "companies"): COMPANIES,
    StreamRef("salesforce", "Lead"): SALESFORCE,
}

START = """\
version: 1
source: hubspot/contacts
destination: salesforce/Lead
match: [{Key__c: hs_object_id}]
fields:
  Key__c: hs_object_id
  LastName: {from: lastname, default: x, max: 80}
"""


def compared(folder: Path, text: str) -> Compared:
    mappings = load(project(folder, lead=text))
    document, rules = mappings.file("lead"), mappings.rules("lead")
    return compare(document, mappings["lead"], rules, SYSTEMS.__getitem__)


def said(problems: tuple[Problem, ...]) -> list[str]:
    return [str(each).partition("lead.yaml:")[2] for each in problems]


def test_a_mapping_that_fits_both_systems_has_nothing_to_say(tmp_path: Path) -> None:
    assert compared(tmp_path, START) == Compared((), ())


FAULTS = {
    "an unknown field to write": (
        START + "  Ratin: stage\n",
        (
            "8:3: unknown field 'Ratin' on salesforce/Lead\n  Did you mean 'Rating'?"
            " `tasuki fields salesforce Lead` lists them all."
        ),
    ),
    "a field that nobody may write": (
        START + "  Id: email\n",
        "8:3: salesforce/Lead lets nobody write 'Id'",
    ),
    "an unknown field to read": (
        START + "  Email: {from: emial, max: 80}\n",
        (
            "2:9: unknown field 'emial' on hubspot/contacts\n  Did you mean 'email'?"
            " `tasuki fields hubspot contacts` lists them all."
        ),
    ),
    "a field that nobody is shown": (
        START + "  Email: {from: hidden, max: 80}\n",
        "2:9: hubspot/contacts shows nobody 'hidden'",
    ),
    "an unknown field of an include": (
        START.replace("match:", "include: {firm: company}\nmatch:")
        + "  Email: {from: firm.nam, max: 80}\n",
        (
            "4:17: unknown field 'nam' on hubspot/companies\n  Did you mean 'name'?"
            " `tasuki fields hubspot companies` lists them all."
        ),
    ),
    "more text than the field takes": (
        START + "  Email: {from: email, max: 81}\n",
        "8:29: max: 81 is more than 80, all that 'Email' takes\n  Write max: 80.",
    ),
    "a fixed text that is too long": (
        START + f"  Email: {{const: {'a' * 81}}}\n",
        "8:18: this text has 81 characters, 'Email' takes 80",
    ),
    "a fixed value that the picklist lacks": (
        START + "  Rating: {const: Hott}\n",
        "8:19: 'Rating' has no value 'Hott'\n  Did you mean 'Hot'?",
    ),
    "a value of a table that the picklist lacks": (
        START + "  Rating: {from: stage, values: {lead: Cold}, default: Warm}\n",
        "8:40: 'Rating' has no value 'Cold'\n  It has 'Hot', 'Warm'.",
    ),
    "a default that the picklist lacks": (
        START + "  Rating: {from: stage, values: {lead: Hot}, default: Worm}\n",
        "8:55: 'Rating' has no value 'Worm'\n  Did you mean 'Warm'?",
    ),
    "a branch of a formula that the picklist lacks": (
        START + '  Rating: = first("Warm" if score > 3 else "Colt", "Hot")\n',
        "8:44: 'Rating' has no value 'Colt'\n  It has 'Hot', 'Warm'.",
    ),
    "a required field that is not written": (
        START.replace("  LastName: {from: lastname, default: x, max: 80}\n", ""),
        (
            "5:1: salesforce/Lead wants 'LastName' for every new record\n"
            "  Add LastName: …."
        ),
    ),
    "a required field for updates only": (
        START.replace("max: 80}", "max: 80, write: on_update}"),
        (
            "5:1: salesforce/Lead wants 'LastName' for every new record\n"
            "  Add LastName: …."
        ),
    ),
    "an unknown field to match by": (
        START.replace("[{Key__c: hs", "[{Kee__c: hs"),
        (
            "4:10: unknown field 'Kee__c' on salesforce/Lead\n  Did you mean 'Key__c'?"
            " `tasuki fields salesforce Lead` lists them all."
        ),
    ),
    "an unknown field to write back": (
        START + "write_back: {lead_idd: = receipt.id}\n",
        (
            "8:14: unknown field 'lead_idd' on hubspot/contacts\n"
            "  Did you mean 'lead_id'? `tasuki fields hubspot contacts` lists them all."
        ),
    ),
    "a field nobody may write back to": (
        START + "write_back: {hs_object_id: = receipt.id}\n",
        "8:14: hubspot/contacts lets nobody write 'hs_object_id'",
    ),
    "a condition that nothing can meet": (
        START + 'qualify:\n  stage: optout != true and stage == "custmer"\n',
        (
            "9:10: no hubspot/contacts can meet 'stage': nothing would qualify\n"
            "  'stage' has no value 'custmer'. Did you mean 'customer'?"
        ),
    ),
    "two conditions that nothing can meet at once": (
        START + 'qualify:\n  a: stage == "lead"\n  b: stage in ["customer"]\n',
        (
            "10:6: 'b' and 'a' want different values of 'stage': nothing would qualify"
            "\n  Put all its values into one rule: in [...]."
        ),
    ),
    "one condition at odds with two before it": (
        START
        + 'qualify:\n  a: lastname in ["x", "y"]\n  b: lastname in ["y", "z"]\n'
        + '  c: score > 3 and lastname == "x"\n',
        (
            "11:6: 'c' and 'b' want different values of 'lastname': nothing would "
            "qualify\n  Put all its values into one rule: in [...]."
        ),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_would_fail_is_a_fault(tmp_path: Path, name: str) -> None:
    text, told = FAULTS[name]
    assert said(compared(tmp_path, text).faults) == [told]


NOTICES = {
    "a longer text than the field takes": (
        START + "  Email: email\n",
        (
            "8:10: 'email' may be longer than the 80 that 'Email' takes\n"
            "  Add max: 80 (the text is cut), or let such records fail."
        ),
    ),
    "text for a number": (
        START + "  Score__c: email\n",
        (
            "8:13: 'email' is text, 'Score__c' there is number\n"
            "  Make it one: Score__c: = number(…)."
        ),
    ),
    "text for a day": (
        START + "  Signed__c: email\n",
        (
            "8:14: 'email' is text, 'Signed__c' there is date\n"
            "  Make it one: Signed__c: = date(…)."
        ),
    ),
    "a picklist copied to another": (
        START + "  Rating: stage\n",
        (
            "8:11: 'Rating' has no value for 'lead', 'customer' of 'stage'\n"
            "  Add a `values` table, with a `default`."
        ),
    ),
    "an entry that never applies": (
        START + "  Rating: {from: stage, values: {laed: Hot}, default: Warm}\n",
        (
            "8:34: 'stage' has no value 'laed': this entry never applies\n"
            "  Did you mean 'lead'?"
        ),
    ),
    "one of several values that nobody has": (
        START + 'qualify:\n  stage: stage in ["lead", "custmer"]\n',
        "9:28: 'stage' has no value 'custmer'\n  Did you mean 'customer'?",
    ),
    "the same question twice": (
        START + "qualify:\n  a: score > 3\n  b: score > 3\n",
        "10:3: 'b' asks what 'a' asked: it is never the reason\n  Remove one.",
    ),
    "a part of an earlier question": (
        START + "qualify:\n  a: score > 3 and optout != true\n  b: score  >  3\n",
        "10:3: 'b' holds whenever 'a' does: it is never the reason\n  Remove one.",
    ),
    "a wider question than one before it": (
        START + 'qualify:\n  a: stage == "lead"\n  b: stage in ["lead", "customer"]\n',
        "10:3: 'b' holds whenever 'a' does: it is never the reason\n  Remove one.",
    ),
    "a condition that always holds": (
        START + "qualify:\n  a: score > 3\n  b: 'true'\n",
        "10:3: 'b' always holds: it is never the reason\n  Remove it.",
    ),
    "a required field that may be blank": (
        START.replace("default: x, ", ""),
        (
            "7:13: 'LastName' must not be blank there, and 'lastname' may be\n"
            "  Add `default`, or required: true (such a record then waits)."
        ),
    ),
    "no unique field to match by": (
        START.replace("[{Key__c: hs_object_id}]", "[{Email: email}]"),
        (
            "4:1: no match field is unique on salesforce/Lead\n"
            "  Put a unique field first: then the system itself refuses a twin."
        ),
    ),
}


@pytest.mark.parametrize("name", NOTICES)
def test_what_may_be_meant_is_a_notice(tmp_path: Path, name: str) -> None:
    text, told = NOTICES[name]
    made = compared(tmp_path, text)
    assert (made.faults, said(made.notices)) == ((), [told])


@pytest.mark.parametrize(
    "condition",
    [
        'stage == "custmer" or score > 3',
        'stage != "custmer"',
        'not stage == "custmer"',
        'lower(stage) == "custmer"',
        'stage in list("stages")',
        "stage == null",
        "stage in [lastname]",
        'lastname == "custmer"',
    ],
)
def test_a_condition_that_may_hold_is_never_called_impossible(
    tmp_path: Path, condition: str
) -> None:
    text = START + f"qualify:\n  one: {condition}\n"
    project(tmp_path, **{"lists__stages.txt": "lead\n"})
    assert compared(tmp_path, text).faults == ()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('stage == "lead"', 'stage != "customer"'),
        ('stage == "lead" or score > 3', 'stage == "customer"'),
        ('stage in ["lead", "customer"]', 'stage == "lead"'),
        ('stage == "lead"', 'lower(stage) == "LEAD"'),
        ("score > 3", "score > 5"),
        ("lastname == email", "lastname == company"),
    ],
)
def test_rules_that_may_each_be_the_reason_are_left_in_peace(
    tmp_path: Path, first: str, second: str
) -> None:
    text = START + f"qualify:\n  a: {first}\n  b: {second}\n"
    made = compared(tmp_path, text)
    assert (made.faults, made.notices) == ((), ())


@pytest.mark.parametrize("condition", ["false", "score > 3 and false", "null"])
def test_a_condition_that_is_false_is_a_fault(tmp_path: Path, condition: str) -> None:
    made = compared(tmp_path, START + f"qualify:\n  one: '{condition}'\n")
    assert len(made.faults) == 1
