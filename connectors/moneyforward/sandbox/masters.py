"""The stand-in's partners with their departments, and its items."""

import base64
from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

from tasuki.ports import Clock
from tasuki.sandbox.rules import problems
from tasuki.sandbox.server import Reply, Request

from .rules import (
    DEPARTMENT,
    ITEM,
    PARTNER,
    PARTNER_LIST,
    PLAIN_LIST,
    not_found,
    page_of,
    refusal,
    span_of,
)

Row = dict[str, object]

_DEPARTMENT: Final = dict.fromkeys(DEPARTMENT, "")


def new_id(kind: str, number: int) -> str:
    """Return an id as Money Forward's are: 22 letters that say nothing."""
    digest = blake2b(f"{kind}{number}".encode(), digest_size=16).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def body_of(request: Request) -> Row:
    """Return the body of a request; raises ValueError when it is no object."""
    body = request.json()
    if not isinstance(body, dict):
        msg = "not an object"
        raise ValueError(msg)  # noqa: TRY004 - what the stand-in answers 400 to
    return body


class Masters:
    """Partners (取引先) and items (品目) of the office."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.partners: dict[str, Row] = {}
        self.items: dict[str, Row] = {}
        self._made = 0
        self._index()

    def _index(self) -> None:
        self._partner_ids = list(self.partners)
        self._by_code: dict[str, list[str]] = {}
        self.partner_of: dict[str, str] = {}
        for one, row in self.partners.items():
            self._note(one, row)

    def _note(self, partner_id: str, row: Row) -> None:
        self._by_code.setdefault(str(row["code"]), []).append(partner_id)
        for department in departments_of(row):
            self.partner_of[str(department["id"])] = partner_id

    def dump(self) -> object:
        """Return the state."""
        return {"partners": self.partners, "items": self.items, "made": self._made}

    def load(self, state: Mapping[str, object]) -> None:
        """Take over a dumped state."""
        self.partners = dict(state["partners"])  # type: ignore[call-overload]
        self.items = dict(state["items"])  # type: ignore[call-overload]
        self._made = int(str(state["made"]))
        self._index()

    # Partners

    def list_partners(self, request: Request) -> Reply:
        """List, oldest first; `code` takes several with commas, `name` parts."""
        asked = {name: values[-1] for name, values in request.params.items()}
        if found := problems(asked, PARTNER_LIST):
            return refusal(found)
        ids = self._partner_ids
        if asked.get("code"):
            codes = asked["code"].split(",")
            ids = [one for code in codes for one in self._by_code.get(code, [])]
        if asked.get("name"):
            parts = asked["name"].split(",")
            rows = self.partners
            ids = [i for i in ids if any(p in str(rows[i]["name"]) for p in parts)]
        first, last = span_of(asked)
        return page_of([self.partners[i] for i in ids[first:last]], asked, len(ids))

    def create_partner(self, request: Request) -> Reply:
        """POST: codes are not unique here, as nothing says that they are there."""
        return self.add(body_of(request))

    def add(self, body: Row) -> Reply:
        """Check and file a partner; also what somebody at the screen would do."""
        if found := problems(body, PARTNER, ("name",)):
            return refusal(found)
        given = body.get("departments")
        row: Row = {
            "id": self._next("partner"),
            "code": "",
            "name_kana": "",
            "name_suffix": "御中",
            "memo": "",
            "payment_deadline_setting": None,
            **body,
            **self._stamps(),
            "departments": [
                self._department(one)
                for one in (given if isinstance(given, list) else ())
            ],
        }
        self.partners[str(row["id"])] = row
        self._partner_ids.append(str(row["id"]))
        self._note(str(row["id"]), row)
        return Reply(201, row)

    def show_partner(self, request: Request) -> Reply:
        """GET one."""
        row = self.partners.get(request.args["id"])
        return Reply(200, row) if row else not_found("取引先")

    def update_partner(self, request: Request) -> Reply:
        """PUT: what is not said stays."""
        row = self.partners.get(request.args["id"])
        if row is None:
            return not_found("取引先")
        body = body_of(request)
        rules = {n: r for n, r in PARTNER.items() if n != "departments"}
        if found := problems(body, rules):
            return refusal(found)
        row.update(body, updated_at=self._now())
        self._index()
        return Reply(200, row)

    def delete_partner(self, partner_id: str) -> None:
        """Remove a partner, as a person does."""
        del self.partners[partner_id]
        self._index()

    # Departments

    def list_departments(self, request: Request) -> Reply:
        """List a partner's departments."""
        row = self.partners.get(request.args["id"])
        if row is None:
            return not_found("取引先")
        asked = {name: values[-1] for name, values in request.params.items()}
        if found := problems(asked, PLAIN_LIST):
            return refusal(found)
        rows = departments_of(row)
        first, last = span_of(asked)
        return page_of(rows[first:last], asked, len(rows))

    def create_department(self, request: Request) -> Reply:
        """POST."""
        row = self.partners.get(request.args["id"])
        if row is None:
            return not_found("取引先")
        body = body_of(request)
        if found := problems(body, DEPARTMENT):
            return refusal(found)
        made = self._department(body)
        row["departments"] = [*departments_of(row), made]
        row["updated_at"] = self._now()
        self._index()
        return Reply(201, made)

    def update_department(self, request: Request) -> Reply:
        """PUT: what is not said stays."""
        row = self.partners.get(request.args["id"])
        rows = departments_of(row) if row else []
        found = [one for one in rows if one["id"] == request.args["department"]]
        if row is None or not found:
            return not_found("部門")
        body = body_of(request)
        if wrong := problems(body, DEPARTMENT):
            return refusal(wrong)
        found[0].update(body, updated_at=self._now())
        row["updated_at"] = self._now()
        return Reply(200, found[0])

    def _department(self, body: Mapping[str, object]) -> Row:
        return {
            "id": self._next("department"),
            **_DEPARTMENT,
            **body,
            **self._stamps(),
        }

    # Items

    def list_items(self, request: Request) -> Reply:
        """List, oldest first."""
        asked = {name: values[-1] for name, values in request.params.items()}
        if found := problems(asked, PLAIN_LIST):
            return refusal(found)
        rows = list(self.items.values())
        first, last = span_of(asked)
        return page_of(rows[first:last], asked, len(rows))

    def create_item(self, request: Request) -> Reply:
        """POST."""
        body = body_of(request)
        if found := problems(body, ITEM, ("name", "excise")):
            return refusal(found)
        row: Row = {"id": self._next("item"), "code": "", "detail": "", "unit": ""}
        row |= {**_as_texts(body), **self._stamps()}
        self.items[str(row["id"])] = row
        return Reply(201, row)

    def show_item(self, request: Request) -> Reply:
        """GET one."""
        row = self.items.get(request.args["id"])
        return Reply(200, row) if row else not_found("品目")

    def update_item(self, request: Request) -> Reply:
        """PUT: what is not said stays."""
        row = self.items.get(request.args["id"])
        if row is None:
            return not_found("品目")
        body = body_of(request)
        if found := problems(body, ITEM):
            return refusal(found)
        row.update(_as_texts(body), updated_at=self._now())
        return Reply(200, row)

    def _next(self, kind: str) -> str:
        self._made += 1
        return new_id(kind, self._made)

    def _now(self) -> str:
        return f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ}"

    def _stamps(self) -> Row:
        return {"created_at": self._now(), "updated_at": self._now()}


def departments_of(row: Mapping[str, object]) -> list[Row]:
    """Return a partner's departments."""
    rows = row.get("departments")
    return rows if isinstance(rows, list) else []


def _as_texts(body: Row) -> Row:
    """Return an item with its amounts as the texts that come back."""
    names = ("price", "quantity")
    return body | {n: f"{float(str(body[n]))}" for n in names if n in body}
