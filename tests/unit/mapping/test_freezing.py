"""A live record becomes a test: masked, in the same form, with the same ending."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.mapping import MappingSet
from tasuki.mapping.freezing import Links, freeze, insert_test
from tasuki.mapping.inline_tests import run_tests
from tasuki.mapping.masking import masked
from tasuki.mapping.problem import Problems
from tasuki.mapping.record_lookup import Asked, Key
from tasuki.mapping.yaml_text import read_yaml
from tasuki.model.errors import ConfigError
from tasuki.model.record import Record
from tests.unit.mapping.mapping_project import HEAD, MATCH, load, project

LEAD = (
    HEAD
    + MATCH
    + """\
qualify:
  no_email: valid_email(email)
  free_mail: domain(email) not in list("free")
fields:
  Email: = email(email)
  LastName: {from: lastname, pii: true}
  Company: = company_name(company)
  Phone: {from: phone, as: phone_jp, on_error: blank}
  Title: {from: jobtitle}
pii: [nickname]
"""
)
PERSON = {
    "email": "taro.takahashi@hikari-seiki.co.jp",
    "lastname": "高橋様",
    "company": "（株）光精機",
    "phone": "０３－３２７１－９８７６",
    "jobtitle": "部長",
}
FREE = {"lists__free.txt": "gmail.com\n"}


def mappings_of(folder: Path, text: str = LEAD) -> MappingSet:
    return load(project(folder, lead=text, **FREE))


def frozen(mappings: MappingSet, links: Links | None = None, **fields: object):
    record = Record("7", "v1", {"hs_object_id": "7", **PERSON, **fields})
    return freeze(
        mappings["lead"], record, links or {}, labels={}, kept_domains=("gmail.com",)
    )


def test_a_frozen_record_is_masked_and_keeps_its_form(tmp_path: Path) -> None:
    made = frozen(mappings_of(tmp_path))
    assert made.ending == "create"
    assert made.masked == ("company", "email", "lastname", "phone")
    assert made.test["given"] == {
        "email": "samp.lesamples@sample-sampl.co.jp",
        "lastname": "見本様",
        "company": "（株）見本太",
        "phone": "０３－３２７１－７８９０",
        "jobtitle": "部長",
    }


def test_what_was_expected_of_the_masked_record_comes_of_it(tmp_path: Path) -> None:
    mappings = mappings_of(tmp_path)
    text = insert_test(mappings.file("lead"), frozen(mappings).test)
    for value in ("takahashi", "hikari", "高橋", "光精機", "９８７６"):
        assert value not in text
    results = run_tests(mappings_of(tmp_path, text))
    assert [(one.name, one.passed) for one in results] == [("hubspot/contacts 7", True)]


@pytest.mark.parametrize(
    ("email", "ending"),
    [("a@gmail.com", {"skip": "free_mail"}), ("nobody", {"skip": "no_email"})],
)
def test_a_record_that_is_skipped_is_skipped_for_the_same_reason(
    tmp_path: Path, email: str, ending: dict[str, str]
) -> None:
    assert frozen(mappings_of(tmp_path), email=email).test["expect"] == ending


def test_a_record_that_masking_would_change_is_refused(tmp_path: Path) -> None:
    rule = '  known: email == "taro.takahashi@hikari-seiki.co.jp"\nfields:'
    mappings = mappings_of(tmp_path, LEAD.replace("fields:", rule))
    with pytest.raises(ConfigError) as caught:
        frozen(mappings)
    assert str(caught.value) == (
        "hubspot/contacts/7: the record ends as create, with its personal data masked"
        " as skip known"
    )


def test_links_and_lines_come_along(tmp_path: Path) -> None:
    text = LEAD.replace(
        "fields:",
        "include: {lines: line_items}\nfields:\n  AccountId: {link: firm, of: firm_id}\n"
        '  Names__c: = join(map(lines, name), ",")',
    )
    firm = "version: 1\nsource: hubspot/companies\ndestination: salesforce/Account\nwrite: create_only\nfields: {e: f}\n"
    mappings = load(project(tmp_path, lead=text, firm=firm, **FREE))
    lines = [{"name": "保守"}, {"name": "設置"}]
    made = frozen(mappings, {"firm": {"11": "A1"}}, firm_id="11", lines=lines)
    assert made.test["links"] == {"firm": {"11": "A1"}}
    path = tmp_path / "mappings" / "lead.yaml"
    path.write_text(insert_test(mappings.file("lead"), made.test), encoding="utf-8")
    results = run_tests(load(tmp_path / "mappings"), ("lead",))
    assert [one.passed for one in results] == [True]


def test_what_a_lookup_found_comes_along_under_the_masked_key(tmp_path: Path) -> None:
    text = LEAD.replace(
        "fields:",
        "fields:\n  OwnerId: {lookup: user, by: {Email: email}, take: Id, default: nobody}",
    )
    user = "from: salesforce/User\nwhere: IsActive\n"
    made = project(tmp_path, lead=text, lookups__user=user, **FREE)
    rows = [{"id": "U7", "Id": "U7", "Email": PERSON["email"], "IsActive": True}]

    def rows_of(_asked: Asked, key: Key) -> list[dict[str, object]]:
        return rows if key == (PERSON["email"],) else []

    mappings = load(made)
    record = Record("7", "v1", {"hs_object_id": "7", **PERSON})
    test = freeze(mappings["lead"], record, {}, labels={}, rows_of=rows_of).test
    assert PERSON["email"] not in str(test)
    (row,) = test["lookups"]["user"]
    assert row == {"Id": "U7", "IsActive": True, "Email": test["given"]["email"]}
    path = tmp_path / "mappings" / "lead.yaml"
    path.write_text(insert_test(mappings.file("lead"), test), encoding="utf-8")
    (result,) = run_tests(load(tmp_path / "mappings"), ("lead",))
    assert result.passed
    assert test["expect"]["create"]["OwnerId"] == "U7"


@pytest.mark.parametrize(
    "tests",
    [
        "",
        "tests: []     # none yet\n",
        "tests:\n  - given: {email: x}\n    expect: {skip: no_email}\n",
        "tests:\n- given: {email: x}\n  expect: {skip: no_email}\n",
        "tests:\n  - {given: {email: x}, expect: {skip: no_email}}\n\n# the end\n",
        "tests:\n  - given: {email: x}\n    expect: {skip: no_email}\nretry: standard\n",
        "tests:\n  - given: {email: x}\n    expect: {skip: no_email}",
    ],
)
def test_a_test_goes_behind_those_that_are_there(tmp_path: Path, tests: str) -> None:
    mappings = mappings_of(tmp_path, LEAD + tests)
    there = len(mappings["lead"].model.tests)
    text = insert_test(mappings.file("lead"), frozen(mappings).test)
    for comment in ("# the end",):
        assert (comment in text) == (comment in tests)
    results = run_tests(mappings_of(tmp_path, text))
    assert [one.passed for one in results] == [True] * (there + 1)
    assert results[-1].name == "hubspot/contacts 7"


def test_tests_in_brackets_are_left_as_they_are(tmp_path: Path) -> None:
    text = LEAD + "tests: [{given: {email: x}, expect: {skip: no_email}}]\n"
    mappings = mappings_of(tmp_path, text)
    with pytest.raises(ConfigError, match="'tests' is written in brackets"):
        insert_test(mappings.file("lead"), frozen(mappings).test)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("高橋", "見本"),
        ("ﾀｶﾊｼ ﾀﾛｰ", "ﾐﾎﾝﾀ ﾛｳｰ"),
        ("たかはし　タロー", "みほんた　ロウー"),
        ("Ｔａｋａ", "Ｓａｍｐ"),
        ("090-1234-5678", "090-1237-8901"),
        ("㈱光", "㈱見"),
        ("a.b@GMAIL.com", "s.a@GMAIL.com"),
        ("taro＠hikari.jp", "samp＠sample.jp"),
        ("", ""),
        ("@", "@"),
    ],
)
def test_each_character_becomes_another_of_its_kind(text: str, told: str) -> None:
    assert masked(text, ("gmail.com",)) == told


@given(st.text(alphabet="高橋佐藤たかﾀｶタカabcXYZ", min_size=1, max_size=12))
def test_texts_of_one_form_cannot_be_told_apart(text: str) -> None:
    other = text.translate(
        str.maketrans("高橋佐藤たかﾀｶタカabcXYZ", "佐藤高橋かたｶﾀカタbcaYZX")
    )
    assert masked(text) == masked(other)


def test_masked_values_read_back_as_yaml(tmp_path: Path) -> None:
    made = frozen(mappings_of(tmp_path), jobtitle='a: "b" # c\n- d')
    text = insert_test(mappings_of(tmp_path).file("lead"), made.test)
    problems = Problems()
    document = read_yaml("lead.yaml", text, problems)
    assert document is not None
    assert not len(problems)
    assert document.value["tests"][0]["given"]["jobtitle"] == 'a: "b" # c\n- d'
