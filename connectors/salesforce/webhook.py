"""Receiving Salesforce's outbound messages: SOAP, acknowledged in SOAP.

Salesforce signs nothing. What proves a message is a secret in the address that only the
org and we know, the org's id inside, and TLS; a client certificate is the proxy's to
check. The fields inside may be older than the record: only its id is taken.
"""

from collections.abc import Sequence
from datetime import datetime
from xml.parsers import expat

from tasuki.model.errors import DeliveryError
from tasuki.model.hint import Hint
from tasuki.webhook import Acknowledgement, Delivery, TokenScheme, is_same

from .settings import SalesforceSettings

_OUTBOUND = "http://soap.sforce.com/2005/09/outbound"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_SPACE = " "
_DEEPEST = 12
_ID_LENGTH = 18
_SHORT = 15  # of an id: the rest only tells capitals
_ACK = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">'
    f'<soapenv:Body><notificationsResponse xmlns="{_OUTBOUND}">'
    "<Ack>true</Ack></notificationsResponse></soapenv:Body></soapenv:Envelope>"
)


class SalesforceWebhook:
    """Outbound messages of one org to one connection."""

    content_types = frozenset({"text/xml", "application/xml", "application/soap+xml"})
    acknowledgement = Acknowledgement(_ACK.encode(), "text/xml; charset=UTF-8")

    def __init__(self, settings: SalesforceSettings) -> None:
        assert settings.webhook is not None  # noqa: S101 - the receiver has looked
        self._scheme = TokenScheme(settings.webhook.secrets())
        self._org = settings.webhook.org_id[:_SHORT]

    def verify(self, delivery: Delivery, now: datetime) -> None:
        """Raise DeliveryError unless the secret was given; the org is checked later.

        Nothing is parsed for a sender that does not know the secret.
        """
        self._scheme.verify(delivery, now)

    def parse(self, delivery: Delivery) -> Sequence[Hint]:
        """Return a hint for each notification, of this org only."""
        message = _Message()
        message.read(delivery.body)
        if not is_same(message.org[:_SHORT], self._org):
            raise DeliveryError("org", "it is of another org than `webhook.org_id`")
        if not message.hints:
            raise DeliveryError("body", "it holds no notification", 400)
        return message.hints


class _Message:
    """Reads one envelope; entities and document types are refused, as is depth."""

    def __init__(self) -> None:
        self.org = ""
        self.hints: list[Hint] = []
        self._path: list[str] = []
        self._text = ""
        self._event = self._stream = self._id = ""

    def read(self, body: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=_SPACE)
        parser.StartDoctypeDeclHandler = _refuse
        parser.EntityDeclHandler = _refuse
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._add
        parser.buffer_text = True
        try:
            parser.Parse(body, True)
        except (expat.ExpatError, ValueError, LookupError):
            raise DeliveryError("body", "its body is no XML", 400) from None

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name.rpartition(_SPACE)[2])
        self._text = ""
        if len(self._path) > _DEEPEST:
            raise DeliveryError("body", "its XML is deeper than a message is", 400)
        match self._path[2:]:
            case ["notifications", "Notification"]:
                self._event = self._stream = self._id = ""
            case ["notifications", "Notification", "sObject"]:
                kind = attributes.get(f"{_INSTANCE}{_SPACE}type", "")
                self._stream = kind.rpartition(":")[2]
            case _:
                pass

    def _add(self, text: str) -> None:
        self._text += text

    def _end(self, _: str) -> None:
        text = self._text.strip()
        match self._path[2:]:
            case ["notifications", "OrganizationId"]:
                self.org = text
            case ["notifications", "Notification", "Id"]:
                self._event = text
            case ["notifications", "Notification", "sObject", "Id"]:
                self._id = text
            case ["notifications", "Notification"]:
                self.hints.append(self._hint())
            case _:
                pass
        self._path.pop()
        self._text = ""

    def _hint(self) -> Hint:
        is_id = self._id.isalnum() and len(self._id) == _ID_LENGTH
        if not (self._stream and is_id):
            return Hint("", "")
        return Hint(self._stream, self._id, event=self._event)


def _refuse(*_: object) -> None:
    raise DeliveryError("body", "its XML declares a document type or entities", 400)
