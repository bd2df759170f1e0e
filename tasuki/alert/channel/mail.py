"""E-mail by SMTP. Servers know no idempotency key: mailers know the Message-ID."""

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from tasuki.alert.channel.letter import letter
from tasuki.alert.message import Message
from tasuki.model.errors import (
    AccessError,
    NotSentError,
    RejectedError,
    RemoteError,
    TransientError,
)

_SECONDS = 15.0
_PASSING = range(400, 500)
_CHECK = "Check the channel in mappings/alerts.yaml, then `tasuki alerts test`."

Security = Literal["starttls", "ssl", "none"]


def _nothing() -> SecretStr:
    return SecretStr("")


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in.

    Attributes:
        security: `starttls` and `ssl` check the server's certificate, and go no further
            without; `none` is for a server on this machine.
        ca_file: Who has signed the certificate, where that is nobody public.
    """

    host: str
    port: int
    security: Security
    user: str = ""
    password: SecretStr = field(default_factory=_nothing)
    ca_file: Path | None = None


class MailChannel:
    """Some addressees, told by one server."""

    def __init__(
        self, where: str, server: MailServer, sender: str, to: tuple[str, ...]
    ) -> None:
        self._where, self._server = where, server
        self._sender, self._to = sender, to

    def send(self, message: Message, _attempt: int) -> str:
        """Send a message; return what is to be noted though it was sent.

        Raises:
            RemoteError: it did not arrive, or nobody knows whether it did. Words of the
                server are not repeated: they quote addresses.
        """
        mail = letter(message, self._sender, self._to)
        try:
            server = self._opened()
            try:
                refused = server.send_message(mail, self._sender, list(self._to))
            finally:
                _hang_up(server)
        except (smtplib.SMTPException, OSError) as error:
            raise self._told(error) from None
        if refused:
            return f"{len(refused)} of {len(self._to)} addresses were refused"
        return ""

    def _opened(self) -> smtplib.SMTP:
        server, context = self._server, self._context()
        if server.security == "ssl":
            opened: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=_SECONDS, context=context
            )
        else:
            opened = smtplib.SMTP(server.host, server.port, timeout=_SECONDS)
        try:
            if server.security == "starttls":
                opened.starttls(context=context)
            if server.user:
                opened.login(server.user, server.password.get_secret_value())
        except BaseException:
            opened.close()
            raise
        return opened

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._server.ca_file)

    def _told(self, error: Exception) -> RemoteError:
        where = self._where
        match error:
            case smtplib.SMTPAuthenticationError():
                return AccessError(where, "user or password is refused", "", _CHECK)
            case smtplib.SMTPNotSupportedError():
                words = "the server offers no STARTTLS, or no login"
                return AccessError(where, words, "", _CHECK)
            case smtplib.SMTPRecipientsRefused():
                return RejectedError(where, "all addresses are refused", "", _CHECK)
            case smtplib.SMTPResponseException():
                words = f"the server answers {error.smtp_code}"
                kind = TransientError if error.smtp_code in _PASSING else RejectedError
                return kind(where, words)
            case ssl.SSLCertVerificationError():
                words = "the server's certificate is signed by nobody we know"
                return AccessError(where, words, "", _CHECK)
            case ConnectionRefusedError():
                return NotSentError(where, "nobody answers at its address")
            case _:
                return TransientError(where, f"no answer ({type(error).__name__})")


def _hang_up(server: smtplib.SMTP) -> None:
    """Take leave; the mail was taken or refused by then, whatever is answered."""
    with suppress(smtplib.SMTPException, OSError):
        server.quit()
    server.close()
