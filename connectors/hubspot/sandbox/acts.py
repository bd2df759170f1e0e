"""What people do in HubSpot's screens, and visitors on the company's site."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tasuki.sandbox.server import Reply, Request

from .store import Row, iso

if TYPE_CHECKING:
    from .api import HubspotSandbox

_KEEPS_ITS_ID = {"contacts"}
"""Merging two of the other types makes a third id."""


class Acts:
    """Acts on one account, also under `POST /__act/{name}` with a JSON body."""

    def __init__(self, account: "HubspotSandbox") -> None:
        self._account = account

    def answer(self, request: Request) -> Reply:
        """Carry out the act that the path names."""
        act = request.args["act"]
        body = request.json()
        functions: dict[str, Callable[..., str]] = {
            "create": self.create,
            "edit": self.edit,
            "merge": self.merge,
            "archive": self.archive,
            "submit_form": self.submit_form,
            "subscribe": self._account.hooks.subscribe,
        }
        if act not in functions or not isinstance(body, dict):
            return Reply(404, {"message": f"no such act: {act}"})
        try:
            made = functions[act](**body)
        except (KeyError, TypeError, ValueError) as error:
            return Reply(400, {"message": f"{act}: {error}"})
        return Reply(200, {"id": made})

    def create(
        self,
        stream: str,
        properties: Mapping[str, str],
        links: Sequence[Sequence[Any]] = (),
    ) -> str:
        """Create a record; `links` are (type, id) or (type, id, is_primary)."""
        row = self._account.writer(stream).commit(None, properties)
        near = self._account.store(stream).name, row.id
        for far, far_id, *primary in links:
            other = self._account.store(far).name, int(far_id)
            self._account.links.join(near, other, primary=bool(primary and primary[0]))
        return str(row.id)

    def edit(self, stream: str, id: str, properties: Mapping[str, str]) -> str:  # noqa: A002
        """Change a record."""
        row = self._row(stream, id)
        return str(self._account.writer(stream).commit(row, properties).id)

    def archive(self, stream: str, id: str) -> str:  # noqa: A002 - the vendor's word
        """Put a record away; it can no longer be read, found or updated."""
        store = self._account.store(stream)
        row = store.rows.get(int(id))
        if row is not None and not row.archived:
            store.put(Row(row.id, row.values, row.created, row.updated, archived=True))
        return str(id)

    def merge(self, stream: str, primary: str, other: str) -> str:
        """Merge two records and return the survivor's id.

        A contact survives under its own id; other types get a new one. Empty values
        are filled from the other record.
        """
        store = self._account.store(stream)
        kept, lost = self._row(stream, primary), self._row(stream, other)
        if kept.id == lost.id:
            raise ValueError(primary)
        gone = [lost] if store.name in _KEEPS_ITS_ID else [kept, lost]
        values = {**lost.values, **{k: v for k, v in kept.values.items() if v}}
        merged = [kept.values.get("hs_merged_object_ids") or ""]
        merged += [lost.values.get("hs_merged_object_ids") or ""]
        merged += [str(row.id) for row in gone]
        values["hs_merged_object_ids"] = ";".join(filter(None, merged))
        if store.name == "contacts" and lost.values.get("email"):
            values["hs_additional_emails"] = lost.values["email"]
        for row in gone:
            self.archive(stream, str(row.id))
        survivor = kept if store.name in _KEEPS_ITS_ID else None
        made = self._account.writer(stream).commit(survivor, values)
        for row in gone:
            store.merged[row.id] = made.id
            self._account.links.move(store.name, row.id, made.id)
        self._account.hooks.merged(store.name, made.id, [row.id for row in gone])
        return str(made.id)

    def submit_form(self, email: str, **properties: str) -> str:
        """Fill in a form on the site: a known address is updated, another created."""
        store = self._account.store("contacts")
        writer = self._account.writer("contacts")
        row = store.by_key("email", email)
        values: dict[str, str | None] = {**properties, "email": email.strip().lower()}
        values["recent_conversion_date"] = iso(int(self._account.clock() * 1000))
        if row is None:
            values.setdefault("lifecyclestage", "lead")
            values.setdefault("hs_analytics_source", "ORGANIC_SEARCH")
            values.setdefault("hs_email_optout", "false")
        return str(writer.commit(row, values).id)

    def _row(self, stream: str, record_id: str) -> Row:
        row = self._account.store(stream).live(int(record_id))
        if row is None:
            raise KeyError(record_id)
        return row
