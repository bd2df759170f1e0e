"""The stand-in's outbound messages: flow rules that tell of every create and edit."""

from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

import httpx

from tasuki.sandbox.deliveries import Deliveries, Habits, Parcel

ORG_ID = "00D5h0000000001EAA"
_HABITS = Habits(attempts=20)  # an org goes on for 24 hours, whatever it is answered
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
    '<notifications xmlns="http://soap.sforce.com/2005/09/outbound">'
    "<OrganizationId>{org}</OrganizationId><ActionId>04k5h0000000001AAA</ActionId>"
    '<SessionId xsi:nil="true"/><EnterpriseUrl/><PartnerUrl/>'
)
_ONE = (
    '<Notification><Id>{event}</Id><sObject xsi:type="sf:{stream}" '
    'xmlns:sf="urn:sobject.enterprise.soap.sforce.com"><sf:Id>{id}</sf:Id>'
    "</sObject></Notification>"
)
_TAIL = "</notifications></soapenv:Body></soapenv:Envelope>"


def envelope(notifications: Sequence[tuple[str, str, str]], org: str = ORG_ID) -> str:
    """Return one message of (event, object, id), as the org sends it."""
    ones = "".join(
        _ONE.format(event=escape(event), stream=escape(stream), id=escape(record))
        for event, stream, record in notifications
    )
    return _HEAD.format(org=escape(org)) + ones + _TAIL


class Hooks:
    """Tells one address what has changed, once it is told where."""

    def __init__(self) -> None:
        self.deliveries: Deliveries | None = None
        self._count = 0

    def subscribe(
        self, url: str, *, twice: float = 0.0, shuffled: bool = False
    ) -> dict[str, object]:
        """Send everything from now on to an address, which holds the secret."""
        self.stop()

        def pack(events: Sequence[Any]) -> Parcel:
            headers = {"content-type": "text/xml; charset=utf-8", "soapaction": '""'}
            return Parcel(url, envelope(events).encode(), headers)

        self.deliveries = Deliveries(
            pack, _is_taken, _HABITS, twice=twice, shuffled=shuffled
        )
        return {}

    def stop(self) -> None:
        """Send nothing more."""
        if self.deliveries is not None:
            self.deliveries.stop()
            self.deliveries = None

    def changed(self, stream: str, record_id: str) -> None:
        """Note that a record was created or edited."""
        if self.deliveries is not None:
            self._count += 1
            event = f"04l5h{self._count:010d}AAA"
            self.deliveries.add((event, stream, record_id))


def _is_taken(answer: httpx.Response) -> bool:
    return answer.is_success and "<Ack>true</Ack>" in answer.text
