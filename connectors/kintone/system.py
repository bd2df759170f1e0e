"""One opened kintone domain."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from tasuki.connector import Wire
from tasuki.model.errors import ConfigError, RemoteError
from tasuki.model.record import Schema
from tasuki.ports import Check
from tasuki.ports import Destination as DestinationPort
from tasuki.ports import Source as SourcePort

from .client import Client
from .destination import Destination
from .schema import Form, Forms
from .settings import KintoneSettings
from .source import Source

_NO_KEY = (
    "To let Tasuki create records, tick 値の重複を禁止する on the field that holds "
    "the key."
)
_PEOPLE = "Take them out of the app's `people` in connections.yaml."


class KintoneSystem:
    """A connection to one domain: its two halves and its apps' forms."""

    def __init__(self, settings: KintoneSettings, wire: Wire) -> None:
        self._settings = settings
        self._client = Client(settings, wire)
        self._forms = Forms(self._client)
        self._source = Source(self._client, self._forms)
        self.source: SourcePort = self._source
        self.destination: DestinationPort = Destination(self._client, self._forms)

    def describe(self, stream: str) -> Schema:
        """Return the fields of an app; one call, the first time."""
        return self._forms.schema(stream)

    def doctor(self) -> Iterator[Check]:
        """Look at each app: token, 更新日時, keys, and who is named in it."""
        for stream in self._settings.apps:
            yield from self._app(stream)

    def record_url(self, stream: str, record_id: str) -> str | None:
        """Return the record's page."""
        app = self._settings.apps.get(stream)
        return (
            f"{self._settings.url}{app.page}/show#record={record_id}" if app else None
        )

    def account(self) -> str:
        """Return the domain."""
        return self._settings.account

    def changed_at(
        self, stream: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, datetime]]:
        """Return when records changed, to the minute."""
        return self._source.changed_at(stream, ids, fields)

    def close(self) -> None:
        """Give the sockets back."""
        self._client.close()

    def _app(self, stream: str) -> Iterator[Check]:
        name = f"{stream} (app {self._settings.apps[stream].app})"
        try:
            form = self._forms.of(stream)
            changed = self._forms.changed(stream)
        except (RemoteError, ConfigError) as error:
            yield Check(name, ok=False, words=str(error), remedy=error.remedy)
            return
        unique = sorted(
            c for c, one in form.facts.items() if one.unique and one.writable
        )
        words = f"{len(form.facts)} fields; changes by '{changed}'"
        yield Check(name, ok=True, words=words)
        keys = ", ".join(unique) or "none: it can be read and updated, not created"
        remedy = "" if unique else _NO_KEY
        yield Check(f"{stream} keys", ok=True, words=keys, remedy=remedy)
        yield from self._people(stream, form)

    def _people(self, stream: str, form: Form) -> Iterator[Check]:
        """Compare `people` with the form: requests shown offline follow the former."""
        told = set(self._settings.apps[stream].people)
        wrong = sorted(told - form.people)
        if wrong:
            words = f"no fields of users, organizations or groups: {', '.join(wrong)}"
            yield Check(f"{stream} people", ok=False, words=words, remedy=_PEOPLE)
