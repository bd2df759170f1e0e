"""One opened HubSpot account."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b

from tasuki.connector import Wire
from tasuki.model.errors import AccessError, RemoteError
from tasuki.model.record import Schema
from tasuki.ports import Check
from tasuki.ports import Destination as DestinationPort
from tasuki.ports import Source as SourcePort

from .client import Body, Client
from .destination import Destination
from .owners import STREAM as OWNERS
from .owners import Owners
from .paths import ACCOUNT
from .properties import Properties
from .settings import STREAMS, HubspotSettings
from .source import Source, time_property
from .times import changed_at

_PAGES = {"contacts": "0-1", "companies": "0-2", "deals": "0-3", "tickets": "0-5"}
"""Object types with a page of their own; line items are shown inside their deal."""

_NEW_KEY = (
    "In HubSpot: Settings > Integrations > Service keys (or the app's auth page), copy "
    "the token anew and put it into the connection's `auth.token`."
)
_SUNSET_WARNING = 180  # days


class HubspotSystem:
    """A connection to one account: its two halves and its set-up facts."""

    def __init__(self, settings: HubspotSettings, wire: Wire) -> None:
        self._client = Client(settings, wire)
        self._properties = Properties(self._client)
        self._portal = settings.portal_id
        token = settings.auth.token.get_secret_value().encode()
        self._digest = blake2b(token, digest_size=6, person=b"account").hexdigest()
        self._account: Body | None = None
        self._lock = threading.Lock()
        self.source: SourcePort = Source(self._client, settings.search_lag_seconds)
        self.destination: DestinationPort = Destination(
            self._client, self._properties, Owners(self._client)
        )

    def describe(self, stream: str) -> Schema:
        """Return the stream's properties; one call, the first time."""
        return Owners.schema if stream == OWNERS else self._properties.schema(stream)

    def doctor(self) -> Iterator[Check]:
        """Look at the token, the API version, and what each object type shows."""
        try:
            account = self._account_details()
        except RemoteError as error:
            yield Check("token", ok=False, words=str(error), remedy=_remedy(error))
            return
        portal = str(account.get("portalId") or "")
        yield Check("token", ok=True, words=f"account {portal}")
        if self._portal and portal and self._portal != portal:
            words = f"the token is of account {portal}, `portal_id` is {self._portal}"
            remedy = "Use the token of the account that is meant, or mend `portal_id`."
            yield Check("portal_id", ok=False, words=words, remedy=remedy)
        yield self._version()
        for stream in STREAMS:
            yield self._stream(stream)

    def record_url(self, stream: str, record_id: str) -> str | None:
        """Return the record's page, None for types without one."""
        page = _PAGES.get(stream) or (stream if stream.startswith("2-") else None)
        if page is None:
            return None
        try:
            account = {} if self._portal else self._account_details()
        except RemoteError:
            return None
        portal = self._portal or account.get("portalId")
        domain = (self._account or {}).get("uiDomain") or "app.hubspot.com"
        return f"https://{domain}/contacts/{portal}/record/{page}/{record_id}"

    def account(self) -> str:
        """Return the account's number; without one in the settings, a digest.

        Nothing else tells accounts apart without a call. A key that is renewed then
        costs one full reading.
        """
        return self._portal or self._digest

    def changed_at(
        self, stream: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, datetime]]:
        """Return when each property changed: HubSpot keeps a history of each."""
        return changed_at(self._client, stream, ids, fields)

    def close(self) -> None:
        """Give the sockets back."""
        self._properties.close()
        self._client.close()

    def _account_details(self) -> Body:
        with self._lock:
            if self._account is None:
                self._account, _ = self._client.get(ACCOUNT, kind="set-up")
            return self._account

    def _version(self) -> Check:
        paths = self._client.paths
        left = (paths.sunset - self._client.wire.clock.now().date()).days
        words = f"{paths.api_version}, supported until {paths.sunset}"
        remedy = "Set `api_version` to a newer one, and run the tests of the mappings."
        is_fresh = left > _SUNSET_WARNING
        return Check("API version", is_fresh, words, "" if is_fresh else remedy)

    def _stream(self, stream: str) -> Check:
        name = f"{stream} readable"
        try:
            fields = self.describe(stream).fields
        except RemoteError as error:
            return Check(name, ok=False, words=str(error), remedy=_remedy(error))
        changed = time_property(stream)
        if changed not in fields:
            words = f"no property '{changed}': changes cannot be told apart"
            remedy = "Give the service key the read scope of this object type."
            return Check(name, ok=False, words=words, remedy=remedy)
        unique = sorted(f.name for f in fields.values() if f.unique and f.writable)
        keys = ", ".join(unique) or "none: it can be read and updated, not created"
        return Check(name, ok=True, words=f"{len(fields)} properties; keys: {keys}")


def _remedy(error: RemoteError) -> str:
    if isinstance(error, AccessError) and error.remedy == AccessError.remedy:
        return _NEW_KEY
    return error.remedy
