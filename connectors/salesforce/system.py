"""One opened Salesforce connection."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from tasuki.connector import Wire
from tasuki.model.errors import TasukiError
from tasuki.model.record import FieldFacts, Schema
from tasuki.ports import Check, Destination, Source

from . import soql
from .client import Client
from .destination import SalesforceDestination
from .past import RememberingSource
from .sdk import sdk
from .settings import SalesforceSettings

_TYPES = {
    "boolean": "boolean",
    "combobox": "picklist",
    "currency": "number",
    "date": "date",
    "datetime": "datetime",
    "double": "number",
    "int": "number",
    "long": "number",
    "multipicklist": "picklist",
    "percent": "number",
    "picklist": "picklist",
    "reference": "reference",
    "address": "other",
    "anyType": "other",
    "base64": "other",
    "location": "other",
}
_CHANGED = "LastModifiedDate"
_NARROW = 0.1  # of a day's calls left


class SalesforceSystem:
    """Source, destination and description of one org."""

    def __init__(self, settings: SalesforceSettings, wire: Wire) -> None:
        self._settings = settings
        self.client = Client(settings, wire)
        self.source: Source = RememberingSource(self.client, settings.look_back)
        self.destination: Destination = SalesforceDestination(self.client, settings)

    def describe(self, stream: str) -> Schema:
        """Return the stream's fields as the integration user sees them."""
        soql.name(stream, self.client.where(stream))
        described = getattr(sdk(self.client, stream, kind="set-up"), stream).describe()
        return Schema(stream, {f["name"]: field_facts(f) for f in described["fields"]})

    def doctor(self) -> Iterator[Check]:
        """Check the login, the calls left today, and the external-id fields."""
        try:
            limits = self.client.look("limits", "", kind="set-up")
        except TasukiError as error:
            yield Check("login", False, str(error), error.remedy)
            return
        yield Check("login", True, f"API version {self.client.version}")
        yield _calls_left(limits)
        for stream, field in self._settings.external_ids.items():
            yield self._external_id(stream, field)

    def _external_id(self, stream: str, field: str) -> Check:
        name = f"{stream}.{field}"
        where = "Setup > Object Manager"
        try:
            described: Any = getattr(
                sdk(self.client, stream, kind="set-up"), stream
            ).describe()
        except TasukiError as error:
            remedy = f"Check the object's name in {where}."
            return Check(name, False, str(error), remedy)
        found = [f for f in described["fields"] if f["name"] == field]
        if not found:
            words = "there is no such field, or the integration user cannot see it"
            remedy = f"Create it in {where}: text, External ID, Unique."
            return Check(name, False, words, remedy)
        facts = found[0]
        if not (facts["externalId"] and facts["unique"]):
            words = "not both 'External ID' and 'Unique': upserts could make doubles"
            return Check(name, False, words, f"Tick both boxes in {where}.")
        if not facts["createable"]:
            remedy = "Give the integration user edit access (field-level security)."
            return Check(name, False, "the integration user cannot write it", remedy)
        return Check(name, True, "unique external id")

    def record_url(self, stream: str, record_id: str) -> str | None:
        """Return the record's page in Lightning."""
        host = self._settings.base_url.replace(
            ".my.salesforce.com", ".lightning.force.com"
        )
        return f"{host}/lightning/r/{stream}/{record_id}/view"

    def account(self) -> str:
        """Return the org's address: each has its own."""
        return self._settings.base_url.rstrip("/").casefold()

    def changed_at(
        self, stream: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, datetime]]:
        """Return when the records changed: Salesforce says it of no single field."""
        rows = self.destination.fetch(stream, ids, (_CHANGED,))
        return {
            one: dict.fromkeys(fields, soql.stamp(str(row[_CHANGED])))
            for one, row in rows.items()
            if row.get(_CHANGED)
        }

    def close(self) -> None:
        """Give the sockets back."""
        self.client.http.close()


def field_facts(described: Mapping[str, Any]) -> FieldFacts:
    """Translate one field of a describe answer."""
    options = [v["value"] for v in described["picklistValues"] if v["active"]]
    references = described["referenceTo"]
    writable = bool(described["createable"] or described["updateable"])
    by_key = described["externalId"] or described["idLookup"]
    return FieldFacts(
        name=described["name"],
        label=described["label"],
        type=_TYPES.get(described["type"], "text"),
        writable=writable,
        required=bool(
            described["createable"]
            and not described["nillable"]
            and not described["defaultedOnCreate"]
        ),
        unique=described["name"] == "Id" or bool(described["unique"] and by_key),
        length=described["length"] or None,
        options=tuple(options),
        references=references[0] if references else None,
        restricted=bool(described.get("restrictedPicklist", True)),
    )


def _calls_left(limits: object) -> Check:
    daily = limits.get("DailyApiRequests") if isinstance(limits, dict) else None
    if not isinstance(daily, dict):
        return Check("API calls", False, "the org does not say how many are left")
    left, allowed = int(daily["Remaining"]), int(daily["Max"])
    words = f"{left:,} of {allowed:,} calls left in 24 hours"
    if left < allowed * _NARROW:
        return Check("API calls", False, words, "Run less often, or raise the limit.")
    return Check("API calls", True, words)
