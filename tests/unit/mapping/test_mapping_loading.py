"""Loading: all problems of all files, YAML 1.2, folders, policies, lists, lookups."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tasuki.formula import function
from tasuki.mapping import Payload, load_mappings
from tasuki.model.errors import ConfigError, MappingError
from tasuki.model.policy import RetryPolicy
from tests.unit.mapping.mapping_project import (
    FIELDS,
    HEAD,
    MATCH,
    compiled,
    load,
    problems,
    project,
    record,
)

LOOKUP = "  A: {lookup: area, by: {state: state}, take: owner}\n"


def test_all_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    mappings = project(
        tmp_path,
        one=HEAD + MATCH + "fields:\n  A: = lowr(a)\n  B: {from: b, max: 0}\n",
        two=HEAD + "fields:\n  A: a\nretry: mony\n",
        policies="standard: {attempts: many, tries: 5}\n",
    )

    told = [each.partition("\n")[0] for each in problems(mappings)]

    assert told == [
        "mappings/one.yaml:6:8: unknown function 'lowr'",
        "mappings/one.yaml:7:21: the number must be at least 1",
        "mappings/policies.yaml:1:22: a whole number is needed here, not text",
        "mappings/policies.yaml:1:28: unknown key 'tries'",
        "mappings/two.yaml:3:14: 'write: upsert' needs 'match': how is a counterpart found?",
        "mappings/two.yaml:6:8: unknown retry policy 'mony'",
    ]


def test_the_error_counts_its_problems_and_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(MappingError) as caught:
        load(project(tmp_path, lead="[]\n", other="[]\n"))

    assert isinstance(caught.value, ConfigError)
    assert caught.value.what == "2 problem(s)"
    assert str(caught.value) == "\n".join(caught.value.problems)


def test_two_mistakes_in_one_field_are_both_told(tmp_path: Path) -> None:
    mappings = project(
        tmp_path,
        lead=HEAD + MATCH + "fields:\n  A: {from: a, values: {x: y}, owner: newst}\n",
    )

    assert len(problems(mappings)) == 2


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("on", "on"),
        ("NO", "NO"),
        ("Yes", "Yes"),
        ("0123", "0123"),
        ("12:30", "12:30"),
        ("2026-05-20", "2026-05-20"),
        ("1e3", "1e3"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        (".5", ".5"),
        ('"5"', "5"),
        ("true", True),
        ("null", None),
        ("-12", -12),
        ("1.50", Decimal("1.50")),
    ],
)
def test_only_what_yaml_1_2_means_is_more_than_text(
    written: str, meant: object, tmp_path: Path
) -> None:
    mapping = compiled(tmp_path, f"fields:\n  A: {{const: {written}}}\n")

    made = mapping.evaluate(record())

    assert isinstance(made, Payload)
    assert made.fields == {"A": meant}
    assert type(made.fields["A"]) is type(meant)


def test_a_table_may_be_keyed_by_what_other_readers_take_for_truth(
    tmp_path: Path,
) -> None:
    text = "fields:\n  A: {from: a, values: {NO: ノルウェー, true: はい, 1: 一}, default: x}\n"
    mapping = compiled(tmp_path, text)

    def made(value: object) -> object:
        payload = mapping.evaluate(record(a=value))
        assert isinstance(payload, Payload)
        return payload.fields["A"]

    assert [made(v) for v in ("NO", True, 1, "1", "??", None)] == [
        "ノルウェー",
        "はい",
        "一",
        "一",
        "x",
        "x",
    ]


def test_a_file_of_an_earlier_folder_hides_that_of_a_later_one(tmp_path: Path) -> None:
    own = project(tmp_path / "own", lead=HEAD + MATCH + "fields:\n  A: own\n")
    shipped = project(
        tmp_path / "shipped",
        lead=HEAD + MATCH + "fields:\n  A: shipped\n",
        deal=HEAD + MATCH + "fields:\n  A: shipped\n",
        policies="standard: {attempts: 2}\nlate: {attempts: 9}\n",
    )

    loaded = load_mappings([own, shipped], today=lambda: date(2026, 5, 20))

    assert loaded["lead"].query().fields == ("email", "own")
    assert loaded["deal"].query().fields == ("email", "shipped")
    assert loaded.around.policies["late"].attempts == 9


def test_an_id_may_be_used_once(tmp_path: Path) -> None:
    text = HEAD + MATCH + FIELDS + "id: x\n"

    (told,) = problems(project(tmp_path, a=text, b=text))

    assert told.startswith(
        "mappings/b.yaml:7:5: the id 'x' is taken by mappings/a.yaml"
    )


def test_a_yml_file_is_not_overlooked(tmp_path: Path) -> None:
    (told,) = problems(project(tmp_path, **{"lead.yml": HEAD + MATCH + FIELDS}))

    assert told == "mappings/lead.yml:1:1: this file is not read\n  Name it .yaml."


def test_an_unknown_mapping_is_answered_with_the_nearest(tmp_path: Path) -> None:
    loaded = load(project(tmp_path, lead=HEAD + MATCH + FIELDS))

    with pytest.raises(ConfigError) as caught:
        loaded["laed"]

    assert caught.value.remedy == "Did you mean 'lead'? There is: lead."


def test_policies_come_from_their_file(tmp_path: Path) -> None:
    mapping = compiled(
        tmp_path,
        FIELDS + "retry: money\n",
        policies="money: {attempts: 3, first: 1, total: 90.5}\n",
    )

    assert mapping.policy == RetryPolicy(attempts=3, first=1.0, total=90.5)


def test_a_policy_of_the_wrong_form_is_told(tmp_path: Path) -> None:
    mappings = project(tmp_path, policies="money: 5\npatient: {factor: 0.5}\n")

    assert problems(mappings) == (
        (
            "mappings/policies.yaml:1:8: a policy holds keys and values\n"
            "  For example attempts: 5."
        ),
        "mappings/policies.yaml:2:19: the number must be at least 1",
    )


def test_a_secret_is_not_a_setting(tmp_path: Path) -> None:
    (told,) = problems(project(tmp_path, settings="hubspot_token: abc\n"))

    assert told.startswith(
        "mappings/settings.yaml:1:1: 'hubspot_token' looks like a secret"
    )
    assert "abc" not in told


def test_settings_of_the_caller_are_stronger(tmp_path: Path) -> None:
    mappings = project(
        tmp_path,
        lead=HEAD + MATCH + 'fields:\n  A: = setting("who")\n',
        settings="who: file\n",
    )

    made = load(mappings, who="caller")["lead"].evaluate(record())

    assert isinstance(made, Payload)
    assert made.fields == {"A": "caller"}


def test_a_projects_own_function_is_used(tmp_path: Path) -> None:
    def shout(text: object) -> str:
        """Say it louder."""
        return f"{text}!"

    mappings = project(
        tmp_path, lead=HEAD + MATCH + "fields:\n  A: {from: a, as: shout}\n"
    )
    loaded = load_mappings(
        [mappings], today=lambda: date(2026, 5, 20), functions=[function(shout)]
    )

    made = loaded["lead"].evaluate(record(a="ho"))

    assert isinstance(made, Payload)
    assert made.fields == {"A": "ho!"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_lookup_is_read_with_and_without_excels_mark(
    encoding: str, tmp_path: Path
) -> None:
    table = "state,owner\r\n東京都,佐藤\r\n".encode(encoding)
    mapping = compiled(tmp_path, "fields:\n" + LOOKUP, **{"lookups__area.csv": table})

    made = mapping.evaluate(record(state="東京都"))

    assert isinstance(made, Payload)
    assert made.fields == {"A": "佐藤"}


def test_a_lookup_in_shift_jis_is_refused_in_so_many_words(tmp_path: Path) -> None:
    table = "state,owner\n東京都,佐藤\n".encode("cp932")
    mappings = project(tmp_path, **{"lookups__area.csv": table})

    assert problems(mappings) == (
        (
            "mappings/lookups/area.csv:2:1: this is Shift_JIS (cp932), not UTF-8\n"
            "  Save it as UTF-8; in Excel: CSV UTF-8 (コンマ区切り)."
        ),
    )


def test_a_key_twice_in_a_lookup_is_refused(tmp_path: Path) -> None:
    table = "state,owner\n東京都,佐藤\n大阪府,鈴木\n東京都,田中\n"
    mappings = project(
        tmp_path,
        lead=HEAD + MATCH + "fields:\n" + LOOKUP,
        **{"lookups__area.csv": table},
    )

    assert problems(mappings) == (
        (
            "mappings/lookups/area.csv:4:1: the key state=東京都 is there already (line 2)\n"
            "  Keep one of the rows."
        ),
    )


def test_a_row_with_too_many_cells_is_refused(tmp_path: Path) -> None:
    mappings = project(tmp_path, **{"lookups__area.csv": "a,b\n1,2,3\n"})

    assert problems(mappings) == (
        "mappings/lookups/area.csv:2:1: 3 cells, but the table has 2 columns",
    )


def test_a_list_is_one_entry_a_line_without_comments(tmp_path: Path) -> None:
    mapping = compiled(
        tmp_path,
        FIELDS + 'qualify: {free: email not in list("free")}\n',
        **{"lists__free.txt": "# a comment\ngmail.com   # Google\n\nyahoo.co.jp\n"},
    )

    assert mapping.evaluate(record(email="gmail.com")) == mapping.evaluate(
        record(email="yahoo.co.jp")
    )
    assert isinstance(mapping.evaluate(record(email="sample.co.jp")), Payload)


def test_syncs_come_in_the_order_of_their_links(tmp_path: Path) -> None:
    child = HEAD + MATCH + "fields:\n  P: {link: parent, of: b}\n"
    last = HEAD + MATCH + FIELDS + "after: [child]\n"
    loaded = load(
        project(tmp_path, a_last=last, child=child, parent=HEAD + MATCH + FIELDS)
    )

    assert [each.id for each in loaded.in_order()] == ["parent", "child", "a_last"]
    assert loaded["child"].after == ("parent",)


def test_syncs_that_wait_for_each_other_are_refused(tmp_path: Path) -> None:
    one = HEAD + MATCH + "fields:\n  P: {link: two, of: b}\n"
    two = HEAD + MATCH + FIELDS + "after: [three]\n"
    three = HEAD + MATCH + FIELDS + "after: [one]\n"

    (told,) = problems(project(tmp_path, one=one, two=two, three=three))

    assert told == (
        "mappings/one.yaml:6:13: these wait for each other: one → two → three → one\n"
        "  Remove one 'after' or 'link' of the circle."
    )


def test_a_link_of_other_systems_is_refused(tmp_path: Path) -> None:
    other = "version: 1\nsource: stripe/customers\ndestination: freee/partner\n"
    mapping = HEAD + MATCH + "fields:\n  P: {link: other, of: b}\n"

    (told,) = problems(project(tmp_path, lead=mapping, other=other + MATCH + FIELDS))

    assert told.startswith(
        "mappings/lead.yaml:6:13: 'other' goes from stripe/customers to freee/partner"
    )


def test_a_field_that_goes_back_is_written_by_one_sync_only(tmp_path: Path) -> None:
    back = "version: 1\nsource: salesforce/Lead\ndestination: freee/partner\n"
    back += "match: [{code: Id}]\nfields:\n  name: Name\nwrite_back: {email: = receipt.id}\n"

    (told,) = problems(project(tmp_path, back=back, lead=HEAD + MATCH + FIELDS))

    assert told.startswith(
        "mappings/back.yaml:7:14: 'email' of salesforce/Lead is written by 'lead' too"
    )


_THERE = (
    "version: 1\nsource: x/a\ndestination: y/b\nmatch: [{Key: id}]\ntwo_way: back\n"
)
_BACK = (
    "version: 1\nsource: y/b\ndestination: x/a\nmatch: [{id: Key}]\ntwo_way: there\n"
)


@pytest.mark.parametrize(
    ("here", "there", "told"),
    [
        ("Name: name", "name: Name", "no rule says whose value wins where both change"),
        (
            "Name: {from: name, owner: newest}",
            "name: Name",
            "the rules differ: owner: source here, newest there",
        ),
        (
            "Name: {from: name, owner: destination}",
            "name: {from: Name, owner: destination_if_set}",
            "each way leaves it to the other",
        ),
        ("Name: name", "name: {from: Name, owner: destination}", None),
        ("Name: {from: name, on_conflict: hold}", "name: Name", None),
        ("Name: name", "other: Name", None),  # it does not come back
    ],
)
def test_a_field_that_both_ways_write_wants_a_rule(
    here: str, there: str, told: str | None, tmp_path: Path
) -> None:
    texts = {
        "there": f"{_THERE}fields:\n  {here}\n",
        "back": f"{_BACK}fields:\n  {there}\n",
    }
    found = load(project(tmp_path, **texts)).notices()

    assert [each.what for each in found] == (
        [f"both ways write 'name' ('Name' by 'there'), and {told}"] if told else []
    )
