"""model.yaml: read strictly, every problem at its place with a remedy."""

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tasuki.insight.business_hours import Unit
from tasuki.insight.handoff_model import ModelModel
from tasuki.mapping.schema_file import json_schema
from tasuki.model.errors import MappingError
from tasuki.project import Project
from tests.unit.insight.handoff_material import HEAD, MQL, WON, model_of

ROOT = Path(__file__).parents[3]
SPEC = """\
version: 1
calendar: {tz: Asia/Tokyo, workdays: [mon,tue,wed,thu,fri], hours: ["09:00","18:00"], holidays: jp, extra_closed: ["2025-12-29","2025-12-30"]}
departments: {marketing: {}, inside_sales: {}, field_sales: {}, customer_success: {}, back_office: {}}
handoffs:
  - id: mql_to_sal
    from: marketing
    to: inside_sales
    when: {enters: mql}
    entry_criteria: {all: [{field: email, is: present}, {field: company_name, is: present}, {field: score, gte: 60}]}
    accept: {any: [{enters: sal}]}
    reject: {to_stage: recycled, reason_required: [bad_data, not_icp, no_timing, duplicate]}
    sla: {within: 8 business_hours, warn_at: 75%}
    on_breach: [{notify: owner}, {after: 4 business_hours, notify: manager}, {after: 8 business_hours, reassign: round_robin}]
  - {id: sal_to_sql, from: inside_sales, to: field_sales, when: {enters: sal}, accept: {enters: sql}, sla: {within: 14 days}}
  - {id: won_to_invoice_plan, from: field_sales, to: back_office, when: {enters: won}, accept: {sent_by: won_to_planned}, sla: {within: 1 business_day}}
  - {id: won_to_onboarding, from: field_sales, to: customer_success, when: {enters: won}, accept: {enters: onboarded}, sla: {within: 3 business_days}}
"""


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(MappingError) as caught:
        model_of(folder, text)
    return list(caught.value.problems)


def test_the_handoffs_of_the_model_are_read(tmp_path: Path) -> None:
    model = model_of(tmp_path, SPEC)
    first, _, planned, onboarding = model.rules
    assert [one.reason for one in first.all] == [
        "email_absent", "company_name_absent", "score_not_gte_60",
    ]  # fmt: skip
    assert first.carriers == ("lead.hubspot-salesforce",)
    assert planned.accept[0].sent_by == ("plan.salesforce-hub",)
    assert (onboarding.within.amount, onboarding.within.unit) == (3, Unit.BUSINESS_DAYS)
    assert model.department("inside_sales").name == "インサイドセールス"


def test_the_shipped_model_can_be_read() -> None:
    model = Project(ROOT).model
    assert [one.id for one in model.rules] == [
        "mql_to_sal",
        "sal_to_sql",
        "won_to_invoiced",
    ]
    assert model.rule("sal_to_sql").carriers == ()


def test_the_schema_says_what_the_file_may_hold() -> None:
    from ruamel.yaml import YAML

    schema = json_schema(ModelModel)
    Draft202012Validator.check_schema(schema)
    for text in (SPEC, HEAD + MQL + WON, (ROOT / "mappings/model.yaml").read_text()):
        value = YAML(typ="safe", pure=True).load(text)
        errors = Draft202012Validator(schema).iter_errors(value)
        assert [each.message for each in errors] == []
    wrong = YAML(typ="safe", pure=True).load(SPEC.replace("8 business_hours,", "8 h,"))
    assert list(Draft202012Validator(schema).iter_errors(wrong))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("to: inside_sales", "to: insde_sales", "15:9: there is no department 'insde_sales'\n  Did you mean 'inside_sales'?"),
        ("enters: mql", "enters: mgl", "16:20: 'mgl' is none of: lead, mql"),
        ("within: 8 business_hours", "within: 8 hrs", "19:19: a span is a number and a unit\n  For example 8 business_hours"),
        ("warn_at: 75%", "warn: 75%", "19:37: unknown key 'warn'\n  Did you mean 'warn_at'?"),
        ("warn_at: 75%", "warn_at: 0.75", "19:46: when to warn is a share of the time\n  For example 75%."),
        ("enters: sal", "activity: first_call", "activities are no stages\n  Let stages.yaml"),
        ("enters: sal", "exists: invoice_plan", "what exists is known by who sent it\n  For example {sent_by:"),
        ("enters: sal", "sent_by: mql_to_sl", "no mapping is 'mql_to_sl', and none names it as its handoff\n  Did you mean 'mql_to_sal'?"),
        ("{any: [{enters: sal}, {enters: sql}]}", "{enters: mql}", "'mql' both opens and accepts it"),
        ("to_stage: recycled", "to_stage: mql", "'mql' both opens it and gives it back"),
        ("notify: manager", "notify: manger", "there is no person or role 'manger'\n  Did you mean 'manager'?"),
        ("reassign: round_robin", "notify: owner, reassign: round_robin", "a step tells somebody, or proposes somebody"),
        ("departments: inside_sales,", "departments: [inside],", "there is no department 'inside'"),
        ("manager: tanaka", "manager: tanak", "there is no person 'tanak'\n  Did you mean 'tanaka'?"),
        ("    accept:", "    entry_criteria: {all: [{field: scor, gte: 60}]}\n    accept:", "no fact 'scor' is read of customers\n  Did you mean 'score'?"),
        ("    accept:", "    entry_criteria: {all: [{field: score, gte: 60, lte: 70}]}\n    accept:", "'score' is compared in 2 ways"),
        ("    accept:", "    entry_criteria: {all: [{formula: score > 6}]}\n    accept:", "a formula needs a reason"),
        ("    accept:", "    entry_criteria: {all: [{reason: x, formula: scoree + }]}\n    accept:", "the formula ends too early"),
        ("    accept:", "    scope: {tem: [a]}\n    accept:", "no fact 'tem' is read of customers\n  Did you mean 'team'?"),
        ("    accept:", "    carried_by: lead.hubspot-salesfroce\n    accept:", "there is no mapping 'lead.hubspot-salesfroce'\n  Did you mean 'lead.hubspot-salesforce'?"),
        ("calendar: {", 'calendar: {hours: ["18:00", "09:00"], ', "the day closes before it opens"),
        ("calendar: {", "calendar: {tz: Asia/Tokio, ", "there is no time zone 'Asia/Tokio'"),
        ('"2025-12-29"', '"2025-02-30"', "'2025-02-30' is no day"),
        ("people:", "peple:", "unknown key 'peple'\n  Did you mean 'people'?"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_its_place(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    text = HEAD + MQL
    assert old in text
    found = problems(tmp_path, text.replace(old, new, 1))
    assert any(told in one for one in found), found
    assert all(one.startswith("mappings/model.yaml:") for one in found)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = (HEAD + MQL + MQL + WON).replace("warn_at: 75%", "warn_at: 75", 1)
    text = text.replace("extra_closed", "extra_close").replace(
        "to: back_office", "to: bo"
    )
    found = "\n".join(problems(tmp_path, text))
    for told in ("extra_close", "is a share of the time", "written twice", "'bo'"):
        assert told in found


def test_without_a_file_there_are_no_handoffs(tmp_path: Path) -> None:
    from tasuki.insight.handoff_file import load_model
    from tests.unit.insight.handoff_material import around

    assert load_model([tmp_path], around()).rules == ()
