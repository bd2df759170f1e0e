"""Wrong mapping files: each is told where, what, and what to write instead."""

from pathlib import Path

import pytest

from tests.unit.mapping.mapping_project import FIELDS, HEAD, MATCH, problems, project

TERRITORY = "prefecture,owner_id\n東京都,1\n"

WRONG: dict[str, tuple[str, str]] = {
    "a source is missing": (
        "version: 1\ndestination: a/b\nmatch: [{Email: email}]\nfields:\n  Email: email\n",
        ("@:1:1: 'source' is missing\n  `connection/stream` to read."),
    ),
    "a version of tomorrow": (
        "version: 2\nsource: a/b\ndestination: a/b\nmatch: [{Email: email}]\nfields:\n  Email: email\n",
        ("@:1:10: '2' is none of: 1"),
    ),
    "streams of another form": (
        "version: 1\nsource: hubspot\ndestination: a/b/c\nmatch: [{Email: email}]\nfields:\n  Email: email\n",
        (
            "@:2:9: 'hubspot' is not of the form connection/stream\n"
            "  For example hubspot/contacts.\n"
            "@:3:14: 'a/b/c' is not of the form connection/stream\n"
            "  For example hubspot/contacts."
        ),
    ),
    "a misspelt key": (
        HEAD + MATCH + FIELDS + "qualfy: {a: b}\n",
        (
            "@:7:1: unknown key 'qualfy'\n"
            "  Did you mean 'qualify'? Known here: version, id, description, source, destination, where, include, handoff, after, write, creates, key, qualify, match, document, fields, write_back, relates, on_change, retry, guards, pii, tests."
        ),
    ),
    "a key of another tool": (
        HEAD + MATCH + FIELDS + "depends_on: [x]\n",
        ("@:7:1: unknown key 'depends_on'\n  Did you mean 'after'?"),
    ),
    "a list": (
        "- a\n- b\n",
        ("@:1:1: the file holds keys and values"),
    ),
    "a text": (
        "hello\n",
        ("@:1:1: the file holds keys and values"),
    ),
    "nothing but a comment": (
        "# nothing\n",
        ("@:1:1: the file is empty"),
    ),
    "a tab": (
        "version: 1\nfields:\n\tEmail: x\n",
        ("@:3:1: a tab\n  YAML indents with spaces."),
    ),
    "a key twice": (
        HEAD + MATCH + FIELDS + "  Email: mail\n",
        ("@:7:3: 'Email' is written twice (first in line 6)\n  Keep one of them."),
    ),
    "one field in two spellings": (
        HEAD + MATCH + FIELDS + "  email: mail\n",
        ("@:7:3: 'email' and 'Email' are the same field\n  Keep one of them."),
    ),
    "a colon in an unquoted formula": (
        HEAD + MATCH + 'fields:\n  Email: = concat(a, ": ", b)\n',
        (
            "@:6:23: a second ': ' in one line\n"
            "  Put the value in quotes: field: '= concat(a, \": \", b)'."
        ),
    ),
    "a comma that cuts a formula": (
        HEAD
        + MATCH
        + "fields:\n  L: {each: lines, fields: {a: = first(x, y), b: c}}\n",
        (
            "@:6:32: a comma inside { } ends the formula here\n"
            "  Put the formula in quotes, or on a line of its own: a: …"
        ),
    ),
    "a comment sign that cuts a formula": (
        HEAD + MATCH + 'fields:\n  Email: = concat(a, " #", b)\n',
        (
            "@:6:18: '(' is not closed\n"
            "  YAML reads what stands behind ' #' as a comment: put the formula in quotes.\n"
            "@:6:22: the text is not closed\n"
            "  YAML reads what stands behind ' #' as a comment: put the formula in quotes."
        ),
    ),
    "an anchor": (
        HEAD + MATCH + "fields:\n  Email: &e email\n  B: *e\n",
        (
            "@:6:10: anchors and aliases (& and *) are not used here\n"
            "  Write the value out at each place."
        ),
    ),
    "a tag": (
        HEAD + MATCH + "fields:\n  Email: !!python/object:os.system x\n",
        ("@:6:10: the tag '!!python/object:os.system' is not used here\n  Remove it."),
    ),
    "a formula without its sign": (
        HEAD + MATCH + "fields:\n  Email: lower(email)\n",
        (
            "@:6:10: 'lower(email)' is no field name\n"
            "  If it is a formula, begin it with '='."
        ),
    ),
    "a number as a field": (
        HEAD + MATCH + "fields:\n  Email: 5\n",
        (
            "@:6:10: a field says where its value comes from\n"
            "  For a fixed value write {const: …}."
        ),
    ),
    "a field without a value": (
        HEAD + MATCH + "fields:\n  Email:\n",
        ("@:6:3: nothing is said here\n  Name a source field, or {const: …}."),
    ),
    "an unknown function": (
        HEAD + MATCH + "fields:\n  Email: = lowr(email)\n",
        (
            "@:6:12: unknown function 'lowr'\n"
            "  Did you mean 'lower'? `tasuki functions` lists them all."
        ),
    ),
    "an unknown function of as": (
        HEAD + MATCH + "fields:\n  Email: {from: email, as: [trim, phne_jp]}\n",
        (
            "@:6:35: unknown function 'phne_jp'\n"
            "  Did you mean 'phone_jp'? `tasuki functions` lists them all."
        ),
    ),
    "a function of two values in as": (
        HEAD + MATCH + "fields:\n  Email: {from: email, as: left}\n",
        (
            "@:6:28: 'left' takes more than one value\n"
            "  Write a formula: = left(text, count)."
        ),
    ),
    "an open bracket": (
        HEAD + MATCH + "fields:\n  Email: = lower(email\n",
        ("@:6:17: '(' is not closed"),
    ),
    "a formula in quotes": (
        HEAD + MATCH + 'fields:\n  Email: "= \\"x\\" + lowr(email)"\n',
        (
            "@:6:21: unknown function 'lowr'\n"
            "  Did you mean 'lower'? `tasuki functions` lists them all."
        ),
    ),
    "a formula over two lines": (
        HEAD + MATCH + "fields:\n  Email: >\n    = first(\n    lowr(email))\n",
        (
            "@:8:5: unknown function 'lowr'\n"
            "  Did you mean 'lower'? `tasuki functions` lists them all."
        ),
    ),
    "an operator that does not exist": (
        HEAD + MATCH + FIELDS + "qualify:\n  a: email is null\n",
        ("@:8:12: 'is' cannot be used in a formula\n  Write `==` or `!=`."),
    ),
    "a field without a verb": (
        HEAD + MATCH + "fields:\n  Email: {max: 5}\n",
        (
            "@:6:10: no verb says where the value comes from\n"
            "  Give one of: from, formula, const, lookup, link, each."
        ),
    ),
    "two verbs": (
        HEAD + MATCH + "fields:\n  Email: {from: a, const: b}\n",
        ("@:6:20: 'from' and 'const' both make the value\n  Keep one of them."),
    ),
    "a table without a default": (
        HEAD + MATCH + "fields:\n  Email: {from: a, values: {x: y}}\n",
        (
            "@:6:20: 'values' without 'default': a new value at the source would be lost\n"
            "  Say what any other value becomes: default: Other (or default: null)."
        ),
    ),
    "a lookup without take": (
        HEAD + MATCH + "fields:\n  Email: {lookup: territory, by: {a: b}}\n",
        ("@:6:11: 'lookup' needs 'take'"),
    ),
    "take without a lookup": (
        HEAD + MATCH + "fields:\n  Email: {from: a, take: b}\n",
        ("@:6:20: 'take' goes with 'lookup'"),
    ),
    "an unknown lookup": (
        HEAD + MATCH + "fields:\n  Email: {lookup: teritory, by: {a: b}, take: c}\n",
        (
            "@:6:19: there is no mappings/lookups/teritory.csv\n"
            "  Did you mean 'territory'? There is: territory."
        ),
    ),
    "unknown columns": (
        HEAD
        + MATCH
        + "fields:\n  Email: {lookup: territory, by: {prefectur: b}, take: owner}\n",
        (
            "@:6:35: lookup 'territory' has no column 'prefectur'\n"
            "  Did you mean 'prefecture'? mappings/lookups/territory.csv has: prefecture, owner_id.\n"
            "@:6:56: lookup 'territory' has no column 'owner'\n"
            "  Did you mean 'owner_id'? mappings/lookups/territory.csv has: prefecture, owner_id."
        ),
    ),
    "an owner for later": (
        HEAD + MATCH + "fields:\n  Email: {from: a, owner: newest}\n",
        (
            "@:6:20: 'owner: newest' is not supported yet\n"
            "  Use source, destination or destination_if_set."
        ),
    ),
    "an unknown owner": (
        HEAD + MATCH + "fields:\n  Email: {from: a, owner: destination_is_set}\n",
        (
            "@:6:27: 'destination_is_set' is none of: source, destination, destination_if_set\n"
            "  Did you mean 'destination_if_set'?"
        ),
    ),
    "a length of nothing": (
        HEAD + MATCH + "fields:\n  Email: {from: a, max: 0}\n",
        ("@:6:25: the number must be at least 1"),
    ),
    "a length in words": (
        HEAD + MATCH + "fields:\n  Email: {from: a, max: many}\n",
        ("@:6:25: a whole number is needed here, not text"),
    ),
    "a YAML 1.1 boolean": (
        HEAD + MATCH + "fields:\n  Email: {from: a, required: yes}\n",
        ("@:6:30: true or false is needed here, not text"),
    ),
    "a misspelt key of a field": (
        HEAD + MATCH + "fields:\n  Email: {from: a, requird: true}\n",
        (
            "@:6:20: unknown key 'requird'\n"
            "  Did you mean 'required'? Known here: from, formula, const, lookup, by, take, link, of, each, fields, as, values, default, max, required, on_error, write, owner, pii."
        ),
    ),
    "a verb of another tool": (
        HEAD + MATCH + "fields:\n  Email: {expr: a}\n",
        (
            "@:6:11: unknown key 'expr', and no verb says where the value comes from\n"
            "  Did you mean 'formula'?"
        ),
    ),
    "an upsert without match": (
        HEAD + FIELDS,
        (
            "@:3:14: 'write: upsert' needs 'match': how is a counterpart found?\n"
            "  For example match: [{Email: email}]; or write: create_only."
        ),
    ),
    "once without a key": (
        HEAD + FIELDS + "write: once\n",
        (
            "@:6:8: 'write: once' needs a 'key'\n"
            "  Name what makes it the same document for ever: key: Id."
        ),
    ),
    "a misspelt write": (
        HEAD + MATCH + FIELDS + "write: upsrt\n",
        (
            "@:7:8: 'upsrt' is none of: upsert, once, update_only, create_only\n"
            "  Did you mean 'upsert'?"
        ),
    ),
    "a document that is not written once": (
        HEAD + MATCH + FIELDS + "document: invoice\n",
        (
            "@:3:14: a document is written once, not 'upsert'\n"
            "  Write: write: once, and a key."
        ),
    ),
    "two fields in one step": (
        HEAD + FIELDS + "match: [{Email: email, Phone: phone}]\n",
        (
            "@:6:24: a match step names one field, not 2\n"
            "  Write one list entry for each field: they are tried in order."
        ),
    ),
    "another object that would be written": (
        HEAD + FIELDS + "match: [{object: Contact, Email: email}]\n",
        (
            "@:6:18: 'Contact' is not what this mapping writes (Lead)\n"
            "  Add then: attach (it is linked, and not written to)."
        ),
    ),
    "a link that is not reverse": (
        HEAD + FIELDS + "match: [{link: x}]\n",
        (
            "@:6:10: a match by link is 'reverse: true'\n"
            "  A record's own link always comes first: it needs no match step."
        ),
    ),
    "a step without a value": (
        HEAD + FIELDS + "match: [email]\n",
        ("@:6:9: a match step is `Field: formula`"),
    ),
    "an unknown policy": (
        HEAD + MATCH + FIELDS + "retry: standrd\n",
        (
            "@:7:8: unknown retry policy 'standrd'\n"
            "  Did you mean 'standard'? policies.yaml has: standard."
        ),
    ),
    "a share that is no percentage": (
        HEAD + MATCH + FIELDS + "guards: {change_share: 30}\n",
        ("@:7:24: a share is written as a percentage\n  For example 30%."),
    ),
    "a guard in words": (
        HEAD + MATCH + FIELDS + "guards: {creates: some}\n",
        ("@:7:19: a whole number is needed here, not text"),
    ),
    "an unknown sync": (
        HEAD + MATCH + FIELDS + "after: [leads]\n",
        ("@:7:9: unknown sync 'leads'\n  There is no other."),
    ),
    "after as text": (
        HEAD + MATCH + FIELDS + "after: leads\n",
        ("@:7:8: a list is needed here, not text"),
    ),
    "a sync after itself": (
        HEAD + MATCH + FIELDS + "after: [lead]\n",
        ("@:7:9: 'lead' names itself\n  Remove it."),
    ),
    "a link to nowhere": (
        HEAD + MATCH + "fields:\n  A: {link: custmer, of: b}\n",
        ("@:6:13: unknown sync 'custmer'\n  There is no other."),
    ),
    "an unknown setting": (
        HEAD + MATCH + 'fields:\n  A: = setting("default_ownr")\n',
        ("@:6:16: unknown setting 'default_ownr'\n  Did you mean 'default_owner'?"),
    ),
    "an unknown list": (
        HEAD + MATCH + FIELDS + 'qualify: {x: email not in list("free_mail")}\n',
        ("@:7:32: unknown list 'free_mail'\n  Did you mean 'free_mail_domains'?"),
    ),
    "a name with two meanings": (
        HEAD + MATCH + "fields:\n  email: = lower(email)\n  b: = email\n",
        (
            "@:7:6: 'email' is a field of the source and an earlier field of this mapping\n"
            "  Write source.email or result.email."
        ),
    ),
    "an unknown result": (
        HEAD + MATCH + "fields:\n  a: email\n  b: = result.aa\n",
        ("@:7:6: 'result.aa': no field above is called 'aa'\n  Did you mean 'a'?"),
    ),
    "a misspelt include": (
        HEAD + MATCH + "include: {account: AccountId}\nfields:\n  a: acount.Name\n",
        ("@:5:10: nothing is included as 'acount'\n  Did you mean 'account'?"),
    ),
    "an include named like a prefix": (
        HEAD + MATCH + "include: {source: AccountId}\nfields:\n  a: email\n",
        (
            "@:5:11: 'source' has a meaning of its own in formulas\n"
            "  Choose another name."
        ),
    ),
    "a test with an unknown reason": (
        HEAD
        + MATCH
        + FIELDS
        + "qualify: {no_email: email}\ntests:\n  - given: {}\n    expect: {skip: no_emial}\n",
        ("@:10:20: 'no_emial' is no reason of 'qualify'\n  Did you mean 'no_email'?"),
    ),
    "a test with an unknown field": (
        HEAD
        + MATCH
        + FIELDS
        + "tests:\n  - given: {}\n    expect: {create: {Emial: x}}\n",
        ("@:9:23: the mapping writes no field 'Emial'\n  Did you mean 'Email'?"),
    ),
    "a test with two endings": (
        HEAD
        + MATCH
        + FIELDS
        + "tests:\n  - given: {}\n    expect: {create: {}, skip: x}\n",
        ("@:9:26: 'create' and 'skip' exclude each other"),
    ),
    "a misspelt key of a test": (
        HEAD + MATCH + FIELDS + "tests:\n  - givn: {}\n    expect: {create: {}}\n",
        (
            "@:8:5: 'given' is missing\n"
            "@:8:5: unknown key 'givn'\n"
            "  Did you mean 'given'? Known here: name, given, before, links, receipt, today, expect."
        ),
    ),
    "a condition that is a number": (
        HEAD + MATCH + FIELDS + "where: 5\n",
        ("@:7:8: a condition is text in the source's own language"),
    ),
    "no fields": (
        HEAD + MATCH + "fields: {}\n",
        ("@:5:9: no field is written"),
    ),
    "fields as a list": (
        HEAD + MATCH + "fields: [a]\n",
        ("@:5:9: keys and values are needed here, not a list"),
    ),
    "pii as a number": (
        HEAD + MATCH + "fields:\n  A: {from: b, pii: 3}\n",
        ("@:6:21: 'pii' is true, or a word for the kind of personal data"),
    ),
    "a link with on_error": (
        HEAD + MATCH + "fields:\n  A: {link: x, of: y, on_error: blank}\n",
        (
            "@:6:13: unknown sync 'x'\n"
            "  There is no other.\n"
            "@:6:23: 'on_error' does not go with 'link'\n"
            "  Say it at the fields within."
        ),
    ),
    "a key that is a number": (
        HEAD + MATCH + FIELDS + "key: 5\n",
        ("@:7:6: a formula is text\n  Put it in quotes."),
    ),
    "a test on no day": (
        HEAD
        + MATCH
        + FIELDS
        + "tests:\n  - given: {}\n    today: tomorrow\n    expect: {create: {}}\n",
        ("@:9:12: this is no day\n  For example 2026-05-20."),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_told_where_and_what_and_a_remedy(
    name: str, tmp_path: Path
) -> None:
    text, expected = WRONG[name]
    mappings = project(
        tmp_path,
        lead=text,
        settings="default_owner: x\n",
        **{
            "lookups__territory.csv": TERRITORY,
            "lists__free_mail_domains.txt": "gmail.com\n",
        },
    )

    told = "\n".join(problems(mappings))

    assert told == expected.replace("@", "mappings/lead.yaml")
