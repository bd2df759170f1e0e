"""The form of messages: Slack's limits and escapes, subjects and texts of e-mail."""

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.alert.channel.letter import html_of, letter, text_of
from tasuki.alert.channel.slack import blocks
from tasuki.alert.message import Message, frozen, thawed
from tasuki.alert.notice import Language, Notice
from tasuki.alert.route import About, Telling
from tests.unit.alert.found import NOW, notice


def message(
    *notices: Notice, about: str = "opened", language: Language = "ja"
) -> Message:
    tellings = tuple(Telling(About(about), one) for one in notices)
    return Message("m1", NOW, language, tellings)


def texts(value: Any) -> list[dict[str, Any]]:
    """Return every text object in a Slack message."""
    if isinstance(value, list):
        return [one for item in value for one in texts(item)]
    if not isinstance(value, dict):
        return []
    mine = [value] if value.get("type") in {"mrkdwn", "plain_text"} else []
    return mine + [one for item in value.values() for one in texts(item)]


@pytest.mark.parametrize("count", [1, 15, 400])
def test_a_slack_message_keeps_slacks_limits(count: int) -> None:
    long = [notice(str(n), title="長" * 500, body="&<" * 4_000, link="https://x/" + "&" * 900)
            for n in range(count)]  # fmt: skip
    made = blocks(message(*long))
    assert len(made["blocks"]) <= 50
    assert len(made["text"]) <= 4_000
    for block in made["blocks"]:
        if block["type"] == "header":
            assert len(block["text"]["text"]) <= 150
        for one in texts(block):
            assert 0 < len(one["text"]) <= 3_000
    if count > 15:
        assert "ほか 385 件" in made["blocks"][-1]["elements"][0]["text"]


@given(
    st.text(max_size=60), st.sampled_from(["<!channel>", "<@U012>", "<https://x|y>"])
)
def test_nothing_in_a_text_is_a_mention_or_a_link_to_slack(
    text: str, evil: str
) -> None:
    bad = notice(title=text + evil, body=evil + text, department=evil)
    made = blocks(message(bad))
    for one in [*texts(made["blocks"]), {"type": "text", "text": made["text"]}]:
        if one["type"] == "plain_text":
            continue
        links = re.findall(r"<([^>]*)>", one["text"])
        assert links in ([], ["https://example.com/deal/1|画面を開く"])
        assert one.get("verbatim", True)
    assert made["parse"] == "none"
    assert made["link_names"] is False


def test_a_link_that_is_no_page_is_left_out() -> None:
    bad = message(notice(link="javascript:alert(1)"))
    assert "javascript" not in str(blocks(bad)) + html_of(bad) + text_of(bad)


def test_a_finding_is_told_with_whom_when_how_much_and_what_to_do() -> None:
    text = text_of(message(notice()))
    assert text.splitlines()[:6] == [
        "重要 1件",
        "",
        "■ 【重要】請求書がありません",
        "  バックオフィス ｜ 2026/4/1 10:00から ｜ 金額 ¥550,000",
        "  受注から 7 営業日が過ぎました。",
        "  対応: 請求書を作成する",
    ]


def test_texts_are_english_where_that_is_set() -> None:
    english = message(notice(), language="en")
    assert english.subject() == "[Tasuki] [high] no invoice"
    text = text_of(english)
    assert "back office ｜ since 2026/4/1 10:00 (Tokyo) ｜ at risk ¥550,000" in text
    assert text.isascii() is False  # only for the signs between the facts
    assert not re.search(r"[ぁ-んァ-ヶ一-龠]", text)


def test_a_subject_names_the_first_and_counts_the_rest() -> None:
    some = [notice(str(n)) for n in range(3)]
    assert message(*some).subject() == "【Tasuki】【重要】請求書がありません（ほか2件）"
    over = message(notice(), about="recovered")
    assert over.subject() == "【Tasuki】【解消】請求書がありません"
    assert over.summary() == "解消 1件"
    assert (
        message(notice(), about="reminder")
        .subject()
        .startswith("【Tasuki】【重要・未解決】")
    )


@given(st.text(min_size=1, max_size=120))
def test_a_subject_is_one_line_that_comes_back_as_it_was(title: str) -> None:
    made = message(notice(title=title + "\r\nBcc: everybody@example.com"))
    mail = letter(made, "tasuki@example.co.jp", ("keiri@example.co.jp",))
    sent = mail.as_bytes()
    assert sent.isascii()
    assert all(len(line) <= 78 for line in sent.splitlines())
    assert b"\nBcc:" not in sent
    back = message_from_bytes(sent, policy=policy.default)
    assert back["Subject"] == " ".join(made.subject().split())
    assert back["Bcc"] is None


def test_the_html_escapes_every_text() -> None:
    bad = notice(title="<script>", body="a & b\n<b>", link='https://x/"onclick="y')
    html = html_of(message(bad))
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert '"onclick' not in html


def test_a_message_is_sent_as_it_was_written_down() -> None:
    made = message(notice(), notice("b", yen=None, severity="critical"), about="worse")
    assert thawed("m1", frozen(made), NOW) == made


def test_a_test_message_says_that_nothing_is_to_be_done() -> None:
    test = Message("t", datetime(2026, 4, 1, tzinfo=UTC), "ja", (), is_test=True)
    assert test.subject() == "【Tasuki】通知テスト"
    assert "対応は不要です" in text_of(test)
    assert len(blocks(test)["blocks"]) == 2
