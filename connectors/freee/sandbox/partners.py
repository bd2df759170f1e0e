"""The stand-in's partners (取引先): names and codes are unique, archived hidden."""

from bisect import bisect_left
from collections.abc import Mapping
from typing import Final

from tasuki.ports import Clock
from tasuki.sandbox.rules import problems
from tasuki.sandbox.server import Reply, Request

from ..settings import TOKYO  # noqa: TID252 - it may live elsewhere
from .rules import PARTNER, PARTNER_LIST, validation

Row = dict[str, object]

_DEFAULT_LIMIT: Final = 50
_TEXTS: Final = (
    "shortcut1", "shortcut2", "long_name", "name_kana", "default_title", "phone",
    "contact_name", "email", "invoice_registration_number",
)  # fmt: skip
_MERGED: Final = (
    "address_attributes",
    "partner_doc_setting_attributes",
    "partner_bank_account_attributes",
)


class Partners:
    """All partners of the company."""

    def __init__(self, clock: Clock, company_id: int, *, use_code: bool) -> None:
        self._clock = clock
        self._company_id = company_id
        self.use_code = use_code
        self.rows: dict[int, Row] = {}
        self._ids: list[int] = []
        self._by_name: dict[str, int] = {}
        self._by_code: dict[str, int] = {}
        self.archived: set[int] = set()
        self._last = 100

    def dump(self) -> object:
        """Return the state."""
        rows = list(self.rows.values())
        return {"rows": rows, "archived": sorted(self.archived), "last": self._last}

    def load(self, state: Mapping[str, object]) -> None:
        """Take over a dumped state."""
        rows, archived, last = (state[name] for name in ("rows", "archived", "last"))
        self.rows = {row["id"]: row for row in rows}  # type: ignore[attr-defined]
        self._ids = sorted(self.rows)
        self._by_name = {str(row["name"]): i for i, row in self.rows.items()}
        self._by_code = {
            str(row["code"]): i for i, row in self.rows.items() if row["code"]
        }
        self.archived = set(archived)  # type: ignore[call-overload]
        self._last = int(str(last))

    def index(self, request: Request) -> Reply:
        """List in order of id; archived ones are left out."""
        asked = {name: values[-1] for name, values in request.params.items()}
        if found := problems(asked, PARTNER_LIST, ("company_id",)):
            return validation(found)
        first, last = (
            asked.get("start_update_date", ""),
            asked.get("end_update_date", ""),
        )
        words = asked.get("keyword", "").split()
        offset = int(asked.get("offset", 0))
        limit = int(asked.get("limit", _DEFAULT_LIMIT))
        if not (first or last or words or self.archived):
            ids = self._ids[offset : offset + limit]
            return Reply(200, {"partners": [self._shown(i, brief=True) for i in ids]})
        hits = [
            i
            for i in self._ids
            if i not in self.archived
            and (not first or str(self.rows[i]["update_date"]) >= first)
            and (not last or str(self.rows[i]["update_date"]) <= last)
            and all(_has(self.rows[i], word) for word in words)
        ]
        some = hits[offset : offset + limit]
        return Reply(200, {"partners": [self._shown(i, brief=True) for i in some]})

    def show(self, request: Request) -> Reply:
        """Return one; archived ones can still be read."""
        number = int(request.args["id"])
        if number not in self.rows:
            return validation(["取引先が見つかりません。"], 404)
        return Reply(200, {"partner": self._shown(number)})

    def create(self, request: Request) -> Reply:
        """POST: a code is needed when codes are in use, and forbidden otherwise."""
        body = _body(request)
        code = body.pop("code", None)
        if self.use_code and not (isinstance(code, str) and code):
            return validation(["取引先コードを入力してください。"])
        if not self.use_code and code is not None:
            return validation(["取引先コードの利用が無効のため、指定できません。"])
        if code in self._by_code:
            return validation(["取引先コードが重複しています。"])
        return self._write(None, body, str(code) if code else None)

    def update(self, request: Request) -> Reply:
        """PUT by id; keeps what is not said."""
        number = int(request.args["id"])
        if number not in self.rows:
            return validation(["取引先が見つかりません。"], 404)
        if number in self.archived:
            return validation(["アーカイブ済みの取引先は更新できません。"])
        return self._write(number, _body(request), None)

    def upsert(self, request: Request) -> Reply:
        """PUT by code: 200 for an update, 201 for a new one."""
        asked = request.json()
        if not self.use_code:
            words = "取引先コードの利用が無効です。事業所の設定で有効にしてください。"
            return validation([words])
        if not isinstance(asked, dict) or set(asked) != {
            "company_id",
            "code",
            "partner",
        }:
            return validation(["company_id, code, partnerを指定してください。"])
        code, body = asked["code"], asked["partner"]
        if not isinstance(code, str) or not 0 < len(code) <= 255:  # noqa: PLR2004
            return validation(["codeの形式が不正です。"])
        number = self._by_code.get(code)
        if number in self.archived:
            return validation(["アーカイブ済みの取引先は更新できません。"])
        return self._write(number, dict(body), code)

    def add(self, name: str, code: str | None = None, **fields: object) -> int:
        """Put a partner in, as somebody at the screen would; return its id."""
        self._write(None, {"name": name, **fields}, code)
        return self._by_name[name]

    def id_of(self, code: str) -> int | None:
        """Return the id that a code belongs to."""
        return self._by_code.get(code)

    def archive(self, number: int) -> None:
        """Hide a partner."""
        self.archived.add(number)

    def _write(self, number: int | None, body: Row, code: str | None) -> Reply:
        if found := problems(body, PARTNER, ("name",)):
            return validation(found)
        holder = self._by_name.get(str(body["name"]))
        if holder is not None and holder != number:
            return validation([f"取引先名「{body['name']}」は重複しています。"])
        created = number is None
        if number is None:
            self._last += 1
            number = self._last
            self._ids.insert(bisect_left(self._ids, number), number)
            self.rows[number] = self._blank(number, code)
            body.pop("available", None)
            if code:
                self._by_code[code] = number
        row = self.rows[number]
        self._by_name.pop(str(row["name"]), None)
        self._by_name[str(body["name"])] = number
        for name, value in body.items():
            if name in _MERGED:
                kept = row.get(name)
                value = {**(kept if isinstance(kept, dict) else {}), **value}  # type: ignore[dict-item]  # noqa: PLW2901
            row[name] = value
        row["update_date"] = f"{self._clock.now().astimezone(TOKYO):%Y-%m-%d}"
        return Reply(201 if created else 200, {"partner": self._shown(number)})

    def _blank(self, number: int, code: str | None) -> Row:
        return {
            "id": number,
            "code": code,
            "company_id": self._company_id,
            "name": "",
            "update_date": "",
            "available": True,
            **dict.fromkeys(_TEXTS),
            "org_code": None,
            "country_code": "JP",
            "payer_walletable_id": None,
            "transfer_fee_handling_side": "payer",
            "qualified_invoice_issuer": False,
        }

    def _shown(self, number: int, *, brief: bool = False) -> Row:
        row = self.rows[number]
        hidden = {"code"} if not self.use_code else set()
        terms = {"payment_term_attributes", "invoice_payment_term_attributes"}
        return {
            name: None if name in hidden else value
            for name, value in row.items()
            if not (name in terms and (brief or value is None))
        }


def _has(row: Row, word: str) -> bool:
    names = ("code", "name", "long_name", "name_kana", "shortcut1", "shortcut2")
    return any(word in str(row.get(name) or "") for name in names)


def _body(request: Request) -> Row:
    asked = request.json()
    body = dict(asked) if isinstance(asked, dict) else {}
    body.pop("company_id", None)
    return body
