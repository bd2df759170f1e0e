"""leaks.yaml: read strictly, a project's parts before the shipped ones."""

from datetime import date
from pathlib import Path

import pytest

from tasuki.formula import builtin_functions
from tasuki.insight.leak.rule import rules
from tasuki.insight.leak.setting import LeakSettings, load_leaks
from tasuki.model.errors import MappingError

SHIPPED = """\
version: 1
thresholds: {stale_days: 30, send_h: 48}
links:
  lead: {kind: person, system: salesforce}
board:
  deal:
    - from: sfa/Deal
      fields: {id: Id, amount_excl: Amount}
    - from: crm/deals
      fields: {id: id}
  payment:
    - from: books/invoice
      fields: {id: id}
"""


def load(folder: Path, own: str) -> LeakSettings:
    folders = []
    for name, text in (("own", own), ("shipped", SHIPPED)):
        (folder / name).mkdir()
        (folder / name / "leaks.yaml").write_text(text, encoding="utf-8")
        folders.append(folder / name)
    return load_leaks(folders, builtin_functions({}, {}, lambda: date(2026, 11, 20)))


def test_a_projects_parts_come_before_the_shipped_ones(tmp_path: Path) -> None:
    own = """\
version: 1
thresholds: {stale_days: 45}
rules: {L06: {severity: low, department: inside_sales}, L38: {on: false}}
links: {customer: {kind: company, system: "accounting:x"}}
board:
  deal:
    - from: kintone/12
      where: = 状態 == "受注"
      fields: {id: $id, amount_excl: 金額, is_won: = true}
"""
    settings = load(tmp_path, own)
    assert settings.thresholds["stale_days"] == 45
    assert settings.thresholds["send_h"] == 48
    assert settings.thresholds["renewal_days"] == 60
    assert settings.severity(rules()["L06"]) == "low"
    assert settings.department(rules()["L06"]) == "inside_sales"
    assert not settings.is_on(rules()["L38"])
    assert set(settings.links) == {"lead", "customer"}
    assert [(one.table, str(one.stream)) for one in settings.sources] == [
        ("deal", "kintone/12"),
        ("payment", "books/invoice"),
    ]
    assert settings.sources[0].names() == {"$id", "金額", "状態"}


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ("version: 1\nthreshold: {}\n", "leaks.yaml:2:1: unknown key 'threshold'"),
        (
            "version: 1\nrules: {L99: {on: false}}\n",
            "leaks.yaml:2:9: there is no rule 'L99'",
        ),
        ("version: 1\nthresholds: {stale_days: -1}\n", "the number must be at least 0"),
        ("version: 1\nrules: {L06: {severity: bad}}\n", "'bad' is none of: critical"),
        (
            "version: 1\nboard:\n  deals: []\n",
            "leaks.yaml:3:3: the board has no table 'deals'\n  Did you mean 'deal'?",
        ),
        (
            "version: 1\nboard:\n  deal:\n    - from: a/b\n      fields: {id: x, amount: y}\n",
            "leaks.yaml:5:23: deal has no column 'amount'\n  Did you mean 'amount_excl'?",
        ),
        (
            "version: 1\nboard:\n  deal:\n    - from: a/b\n      fields: {id: = upperr(x)}\n",
            "leaks.yaml:5:22:",
        ),
        (
            "version: 1\nboard:\n  deal:\n    - from: ab\n      fields: {id: x}\n",
            "'ab' is not of the form connection/stream",
        ),
        (
            "version: 1\nboard:\n  deal:\n    - from: a/b\n      fields: {id: x}\n      blind: {L40: why}\n",
            "there is no rule 'L40'",
        ),
    ],
)
def test_a_wrong_file_is_told_with_its_place(
    tmp_path: Path, own: str, said: str
) -> None:
    with pytest.raises(MappingError) as caught:
        load(tmp_path, own)
    assert said in str(caught.value)
