"""What really leaves: to an HTTP server and an SMTP server on this machine."""

import hashlib
import hmac
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tasuki.alert.channel.hook import HookChannel
from tasuki.alert.channel.mail import MailChannel, MailServer, Security
from tasuki.alert.channel.slack import SlackChannel
from tasuki.alert.message import Message
from tasuki.alert.route import About, Telling
from tasuki.model.errors import (
    AccessError,
    NotSentError,
    RejectedError,
    RemoteError,
    ThrottledError,
    TransientError,
)
from tasuki.testing import ManualClock
from tests.unit.alert.found import NOW, notice
from tests.unit.alert.offices import MailOffice, certificate, http_server, mail_server

SECRET = "a secret of the test"
MESSAGE = Message("m1", NOW, "ja", (Telling(About.OPENED, notice()),))


def slack(url: str) -> SlackChannel:
    return SlackChannel("alerts/sales", SecretStr(url))


def test_slack_is_told_in_blocks_and_after_refusals_in_plain_words() -> None:
    with http_server() as post:
        slack(post.url).send(MESSAGE, 0)
        slack(post.url).send(MESSAGE, 3)
    (headers, first), (_, later) = post.came
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert json.loads(first)["blocks"][0]["type"] == "header"
    assert json.loads(later).keys() == {"text", "mrkdwn", "link_names", "parse"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RejectedError), (403, AccessError), (404, AccessError), (410, AccessError),
        (302, AccessError), (429, ThrottledError), (500, TransientError),
        (503, TransientError),
    ],
)  # fmt: skip
def test_a_refusal_says_who_acts_next_and_not_where(
    status: int, kind: type[RemoteError], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with http_server() as post:
        post.answers = [(status, {"retry-after": "7", "location": "http://x.invalid"})]
        with pytest.raises(kind) as raised:
            slack(post.url).send(MESSAGE, 0)
    assert str(raised.value) == f"alerts/sales: it answers {status}"
    assert "geheim" not in caplog.text + raised.value.remedy
    if isinstance(raised.value, ThrottledError):
        assert raised.value.retry_after == 7
    assert len(post.came) == 1


def test_an_address_is_in_no_log_when_all_is_well(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    with http_server() as post:
        slack(post.url).send(MESSAGE, 0)
    assert "geheim" not in caplog.text


def test_where_nobody_answers_nothing_was_sent() -> None:
    with http_server() as post:
        url = post.url
    with pytest.raises(NotSentError, match="nobody answers") as raised:
        slack(url).send(MESSAGE, 0)
    assert "geheim" not in str(raised.value)


def test_a_webhook_is_signed_and_has_the_same_id_on_every_attempt() -> None:
    clock = ManualClock()
    with http_server() as post:
        channel = HookChannel(
            "alerts/hook", SecretStr(post.url), SecretStr(SECRET), clock
        )
        channel.send(MESSAGE, 0)
        clock.sleep(60)
        channel.send(MESSAGE, 1)
    for attempt, (headers, body) in enumerate(post.came):
        at, given = (
            p.partition("=")[2] for p in headers["tasuki-signature"].split(",")
        )
        wanted = hmac.new(SECRET.encode(), at.encode() + b"." + body, hashlib.sha256)
        assert given == wanted.hexdigest()
        assert int(at) == 1_775_001_600 + 60 * attempt
        assert headers["idempotency-key"] == headers["tasuki-delivery"] == "m1"
        assert headers["tasuki-attempt"] == str(attempt + 1)
    value = json.loads(post.came[0][1])
    assert value["findings"][0] == {"about": "opened"} | notice().to_json()
    assert post.came[0][1] == post.came[1][1]


def mail(office: MailOffice, folder: Path, **changed: Any) -> MailChannel:
    given: dict[str, Any] = {
        "host": "localhost", "port": office.port, "security": "starttls",
        "user": office.user, "password": SecretStr(office.password),
        "ca_file": folder / "ca.pem",
    }  # fmt: skip
    server = MailServer(**given | changed)
    to = ("keiri@example.co.jp", "bucho@example.co.jp")
    return MailChannel("alerts/keiri", server, "tasuki@example.co.jp", to)


@pytest.mark.parametrize("security", ["starttls", "ssl"])
def test_mail_is_handed_in_over_tls(tmp_path: Path, security: Security) -> None:
    with mail_server(tmp_path, wrapped=security == "ssl") as office:
        words = mail(office, tmp_path, security=security).send(MESSAGE, 0)
    assert words == ""
    assert office.encrypted == [True]
    sender, to = office.envelopes[0]
    assert (sender, to) == (
        "tasuki@example.co.jp",
        ["keiri@example.co.jp", "bucho@example.co.jp"],
    )
    (came,) = office.mails
    assert came["Subject"] == "【Tasuki】【重要】請求書がありません"
    assert came["Message-ID"] == "<m1@example.co.jp>"
    assert came["Auto-Submitted"] == "auto-generated"
    assert came["Date"].datetime == NOW
    text = came.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "受注から 7 営業日が過ぎました。" in text
    assert "¥550,000" in text
    html = came.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert '<a href="https://example.com/deal/1">画面を開く</a>' in html


def test_a_password_goes_to_no_server_without_tls_or_with_a_strangers_certificate(
    tmp_path: Path,
) -> None:
    (tmp_path / "other").mkdir()
    other, _ = certificate(tmp_path / "other")
    with mail_server(tmp_path) as office:
        with pytest.raises(AccessError, match="certificate"):
            mail(office, tmp_path, ca_file=other).send(MESSAGE, 0)
        office.offers_tls = False
        with pytest.raises(AccessError, match="no STARTTLS"):
            mail(office, tmp_path).send(MESSAGE, 0)
    assert office.mails == []


def test_the_words_of_a_mail_server_are_not_repeated(tmp_path: Path) -> None:
    with mail_server(tmp_path) as office:
        office.refuses = "@"
        with pytest.raises(RejectedError) as raised:
            mail(office, tmp_path).send(MESSAGE, 0)
        assert str(raised.value) == "alerts/keiri: all addresses are refused"
        wrong = mail(office, tmp_path, password=SecretStr("falsch"))
        with pytest.raises(AccessError) as refused:
            wrong.send(MESSAGE, 0)
        assert str(refused.value) == "alerts/keiri: user or password is refused"


def test_an_address_that_is_refused_keeps_no_other_from_being_told(
    tmp_path: Path,
) -> None:
    with mail_server(tmp_path) as office:
        office.refuses = "bucho"
        words = mail(office, tmp_path).send(MESSAGE, 0)
    assert words == "1 of 2 addresses were refused"
    assert office.envelopes[0][1] == ["keiri@example.co.jp"]


@pytest.mark.parametrize(
    ("last_word", "kind"),
    [("451 later", TransientError), ("554 it is spam", RejectedError)],
)
def test_a_mail_that_is_not_taken_has_failed(
    tmp_path: Path, last_word: str, kind: type[RemoteError]
) -> None:
    with mail_server(tmp_path) as office:
        office.last_word = last_word
        with pytest.raises(kind, match=f"answers {last_word[:3]}"):
            mail(office, tmp_path).send(MESSAGE, 0)


def test_a_mail_whose_answer_was_lost_may_be_sent_again(tmp_path: Path) -> None:
    with mail_server(tmp_path) as office:
        office.hangs_up = True
        with pytest.raises(TransientError, match="no answer"):
            mail(office, tmp_path).send(MESSAGE, 0)
    assert len(office.mails) == 1
