"""`alerts.yaml`: what may stand there, and how what may not is told."""

from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from tasuki.alert.file_model import AlertsModel
from tasuki.alert.load import Alerts, load_alerts
from tasuki.alert.notice import Severity
from tasuki.alert.quiet import QuietHours
from tasuki.alert.terms import Route, Timing
from tasuki.mapping.schema_file import json_schema
from tasuki.model.errors import MappingError

ROOT = Path(__file__).parents[3]
FULL = """\
version: 1
enabled: true
language: en
remind_days: 3
dead_after: 5
quiet: {from: "19:00", to: 08:30, extra_closed: [2026-08-13], passes: high}
channels:
  sales: {kind: slack, url: "${SLACK}"}
  keiri:
    kind: email
    host: smtp.example.co.jp
    user: tasuki
    password: ${file:smtp.txt}
    from: tasuki@example.co.jp
    to: [keiri@example.co.jp]
    digest: "09:00"
    at_once: high
  on-call: {kind: webhook, url: "${HOOK}", secret: "${HOOK_SECRET}"}
rules:
  - {severity: critical, channels: [on-call, sales]}
  - {department: back_office, finding: [leak/*, hold/*], channels: [keiri]}
otherwise: [sales]
"""
ENVIRONMENT = {
    "SLACK": "https://hooks.slack.com/services/T0/B0/geheim",
    "HOOK": "https://example.com/hook",
    "HOOK_SECRET": "a secret of 23 letters.",
}


def read(folder: Path, text: str, **changed: str) -> Alerts:
    (folder / "mappings").mkdir(exist_ok=True)
    (folder / "mappings/alerts.yaml").write_text(text, encoding="utf-8")
    (folder / "smtp.txt").write_text("geheim\n", encoding="utf-8")
    return load_alerts([folder / "mappings"], folder, ENVIRONMENT | changed)


def problems(folder: Path, text: str, **changed: str) -> list[str]:
    with pytest.raises(MappingError) as raised:
        read(folder, text, **changed)
    told = str(raised.value)
    assert "geheim" not in told
    return told.splitlines()


def test_every_key_of_the_file_is_read(tmp_path: Path) -> None:
    alerts = read(tmp_path, FULL)
    terms = alerts.terms
    assert alerts.enabled
    assert terms.channels == {
        "sales": Timing(),
        "keiri": Timing(time(9), Severity.HIGH),
        "on-call": Timing(),
    }
    assert terms.routes == (
        Route(("on-call", "sales"), Severity.CRITICAL),
        Route(("keiri",), Severity.LOW, ("back_office",), ("leak/*", "hold/*")),
    )
    assert terms.otherwise == ("sales",)
    assert terms.quiet == QuietHours(
        time(19), time(8, 30), closed_days=True,
        extra_closed=frozenset({date(2026, 8, 13)}),
    )  # fmt: skip
    assert terms.passes is Severity.HIGH
    assert terms.remind_after == timedelta(days=3)
    assert (terms.dead_after, terms.language) == (5, "en")
    assert "geheim" not in repr(alerts)


def test_the_shipped_file_is_off_and_its_comments_are_an_example_that_works(
    tmp_path: Path,
) -> None:
    text = (ROOT / "mappings/alerts.yaml").read_text(encoding="utf-8")
    assert not read(tmp_path, text).enabled
    lines = [
        line[1:] if line.startswith(("#  ", "# otherwise:")) else line
        for line in text.splitlines()
    ]
    example = "\n".join(
        line.removeprefix(" ") if "otherwise" in line else line for line in lines
    )
    example = example.replace("channels: {}", "channels:").replace(
        "rules: []", "rules:"
    )
    example = example.replace("enabled: false", "enabled: true")
    given = {
        "SLACK_SALES_URL": ENVIRONMENT["SLACK"], "SMTP_PASSWORD": "geheim",
        "ON_CALL_URL": ENVIRONMENT["HOOK"], "ON_CALL_SECRET": ENVIRONMENT["HOOK_SECRET"],
    }  # fmt: skip
    alerts = read(tmp_path, example, **given)
    assert set(alerts.channels) == {"sales", "keiri", "on-call"}
    assert len(alerts.terms.routes) == 3
    assert alerts.terms.otherwise == ("sales",)


def test_a_project_without_the_file_tells_nobody(tmp_path: Path) -> None:
    assert load_alerts([tmp_path], tmp_path, {}) == Alerts()


def test_where_alerts_are_off_no_secret_is_needed(tmp_path: Path) -> None:
    text = FULL.replace("enabled: true", "enabled: false").replace("${HOOK}", "${NONE}")
    assert not read(tmp_path, text).enabled


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("remind_days: 3", "remind_day: 3", "alerts.yaml:4:1: unknown key 'remind_day'"),
        ("remind_days: 3", "remind_days: 0", "alerts.yaml:4:14: the number must be at"),
        ("language: en", "language: de", "alerts.yaml:3:11: 'de' is none of: ja, en"),
        ("kind: slack", "kind: slak", "alerts.yaml:8:17: 'slak' is no kind of channel"),
        ("kind: slack, ", "", "alerts.yaml:8:10: a channel has a kind"),
        ("host: smtp", "hosst: smtp", "alerts.yaml:11:5: unknown key 'hosst'"),
        ('"${SLACK}"', "https://x.jp/geheim", "alerts.yaml:8:29: a secret stands here"),
        ("${HOOK}", "${NONE}", "alerts.yaml:18:33: the environment has no NONE"),
        ("smtp.txt", "no.txt", "alerts.yaml:13:15: there is no file 'no.txt'"),
        ('digest: "09:00"', "digest: 25:00", "alerts.yaml:16:13: '25:00' is no time"),
        ("to: 08:30", "to: spät", "alerts.yaml:6:28: 'spät' is no time"),
        (", to: 08:30", "", "alerts.yaml:6:8: quiet hours have a beginning and an end"),
        ("2026-08-13", "13/8", "alerts.yaml:6:50: '13/8' is no day"),
        ("passes: high", "pases: high", "alerts.yaml:6:63: unknown key 'pases'"),
        ("[on-call, sales]", "[on-call, seles]", "alerts.yaml:20:46: there is no channel 'seles'"),
        ("otherwise: [sales]", "otherwise: [sale]", "alerts.yaml:22:13: there is no channel 'sale'"),
        ("severity: critical", "severity: worst", "alerts.yaml:20:16: 'worst' is none of"),
        ("finding: [", "findings: [", "alerts.yaml:21:31: unknown key 'findings'"),
        ("[keiri@example.co.jp]", "[keiri]", "alerts.yaml:15:10: this is no e-mail address"),
        ("    user: tasuki\n", "", "alerts.yaml:10:5: user and password belong together"),
        ("    digest", "    security: none\n    digest", "alerts.yaml:16:15: the password would travel"),
        ("    digest", "    ca_file: ca.pem\n    digest", "alerts.yaml:16:14: there is no file"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_in_its_place(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    assert old in FULL
    found = problems(tmp_path, FULL.replace(old, new, 1))
    assert any(line.startswith(f"mappings/{told}") for line in found), found


def test_all_problems_are_told_at_once_with_the_nearest_word(tmp_path: Path) -> None:
    text = FULL.replace("remind_days", "remind_day").replace("at_once", "atonce")
    text = text.replace("[sales]", "[seles]")
    found = problems(tmp_path, text)
    assert sum(line.startswith("mappings/alerts.yaml:") for line in found) == 3
    words = ("remind_days", "at_once", "sales")
    assert all(any(f"Did you mean '{w}'?" in line for line in found) for w in words)


@pytest.mark.parametrize(
    "url", ["http://example.com/x", "hooks.slack.com", "https://[", ""]
)
def test_an_address_that_would_send_in_clear_is_refused(
    tmp_path: Path, url: str
) -> None:
    found = problems(tmp_path, FULL, SLACK=url)
    assert found[0].startswith("mappings/alerts.yaml:8:29: the address is none")
    assert read(tmp_path, FULL, SLACK="http://127.0.0.1:9/x").enabled


def test_a_short_secret_of_a_webhook_is_refused(tmp_path: Path) -> None:
    (what, _) = problems(tmp_path, FULL, HOOK_SECRET="short")
    assert what.endswith("the secret has 5 characters; 16 at least")


def test_alerts_without_a_channel_cannot_be_switched_on(tmp_path: Path) -> None:
    (what, _) = problems(tmp_path, "version: 1\nenabled: true\n")
    assert what.endswith("2:10: alerts are enabled, and there is no channel")


@pytest.mark.parametrize("text", ["", "- a\n", "version: 2\n", "channels: [a]\nversion: 1\n", "rules: {a: 1}\nversion: 1\n"])  # fmt: skip
def test_a_file_of_another_shape_is_told(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text)


def test_editors_get_a_schema_that_knows_every_kind_of_channel() -> None:
    schema: dict[str, Any] = orjson.loads(orjson.dumps(json_schema(AlertsModel)))
    assert schema["additionalProperties"] is False
    kinds = {
        one["properties"]["kind"]["const"]: one["properties"].keys()
        for one in schema["$defs"].values()
        if "kind" in one["properties"]
    }
    assert kinds.keys() == {"slack", "email", "webhook"}
    assert {"from", "to", "digest"} <= kinds["email"]
