"""The stand-in's invoices: numbered, summed once per rate, listed within the wall."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from tasuki.ports import Clock
from tasuki.sandbox.rules import problems
from tasuki.sandbox.server import Reply, Request

from ..amounts import line_amount, sums  # noqa: TID252 - it may live elsewhere
from ..settings import TOKYO  # noqa: TID252 - it may live elsewhere
from .partners import Partners
from .rules import INVOICE, INVOICE_LIST, INVOICE_REQUIRED, LINE, refusal

Row = dict[str, object]
Key = tuple[str, int]

_DEFAULT_LIMIT: Final = 20
_WALL: Final = 10_000
_REPORT: Final = "https://invoice.secure.freee.co.jp/reports/invoices/"
_COMPARED: Final = (
    "payment_status", "deal_status", "sending_status", "cancel_status",
)  # fmt: skip
_FILTERS: Final = frozenset(
    {*_COMPARED, "subject", "invoice_number", "start_payment_date", "end_payment_date"}
)
"""Filters that look at each row; the others are answered by an index."""
_LISTED: Final = (
    "id", "company_id", "invoice_number", "subject", "template_id", "billing_date",
    "issue_date", "payment_date", "payment_type", "memo", "sending_status",
    "payment_status", "cancel_status", "deal_status", "deal_id", "total_amount",
    "amount_withholding_tax", "amount_including_tax", "amount_excluding_tax",
    "amount_tax", "amount_brought_forward", "partner_id", "partner_code",
    "partner_name", "partner_display_name", "company_contact_name", "report_url",
    "sales_management_origin",
)  # fmt: skip
_EMPTY: Final = dict.fromkeys(
    (
        "subject", "invoice_note", "memo", "partner_address_zipcode",
        "partner_address_street_name1", "partner_address_street_name2",
        "partner_contact_department", "partner_contact_email_cc",
        "partner_contact_email_to", "partner_contact_name", "partner_bank_account",
        "company_contact_name", "company_name", "company_description",
        "bank_account_to_transfer",
    ),
    "",
)  # fmt: skip


class Invoices:
    """All invoices of the company, kept in order of billing date and id."""

    def __init__(
        self,
        clock: Clock,
        company_id: int,
        partners: Partners,
        *,
        auto: bool,
        index_lag: float = 0.0,
    ) -> None:
        self._clock = clock
        self._company_id = company_id
        self._partners = partners
        self.auto = auto
        self._lag = timedelta(seconds=index_lag)
        self._listed_from: dict[int, datetime] = {}
        self.rows: dict[int, Row] = {}
        self._days: list[Key] = []
        self._unpaid: list[Key] = []
        self._by_partner: dict[int, list[Key]] = {}
        self._numbers: set[str] = set()
        self._last = 1000
        self._counter = 0
        self.templates = [{"id": 11, "name": "標準（適格請求書）"}]

    def dump(self) -> object:
        """Return the state."""
        return {
            "rows": list(self.rows.values()),
            "last": self._last,
            "counter": self._counter,
            "auto": self.auto,
        }

    def load(self, state: Mapping[str, object]) -> None:
        """Take over a dumped state."""
        self._last, self._counter = int(str(state["last"])), int(str(state["counter"]))
        self.auto = bool(state["auto"])
        rows = state["rows"]
        self.rows, self._days, self._unpaid, self._by_partner = {}, [], [], {}
        self._numbers = set()
        for row in rows if isinstance(rows, list) else ():
            self.rows[row["id"]] = row
            self._enter(row)

    # Reading

    def index(self, request: Request) -> Reply:
        """List, newest billing date first; nothing is reached beyond row 10,000."""
        asked = {name: values[-1] for name, values in request.params.items()}
        if found := problems(asked, INVOICE_LIST, ("company_id",)):
            return refusal(found)
        limit = int(asked.get("limit", _DEFAULT_LIMIT))
        offset = int(asked.get("offset", 0))
        if limit + offset > _WALL:
            return refusal(["limitとoffsetの合計は10000以下で指定してください。"])
        keys, low, high = self._range(asked)
        served = {"payment_status"} if keys is self._unpaid else set[str]()
        if self._lag or set(asked) & _FILTERS - served:
            fitting = (
                row
                for place in range(high - 1, low - 1, -1)
                if _fits(row := self.rows[keys[place][1]], asked)
                and self._is_listed(row)
            )
            hits = islice(fitting, offset, offset + limit)
        else:
            some = range(high - 1 - offset, max(low - 1, high - 1 - offset - limit), -1)
            hits = islice((self.rows[keys[place][1]] for place in some), limit)
        rows = [{name: row[name] for name in _LISTED if name in row} for row in hits]
        return Reply(200, {"invoices": rows})

    def _is_listed(self, row: Row) -> bool:
        """Say whether the late index shows the row by now."""
        since = self._listed_from.get(int(str(row["id"])))
        return since is None or since <= self._clock.now()

    def show(self, request: Request) -> Reply:
        """Return one."""
        row = self.rows.get(int(request.args["id"]))
        return Reply(200, {"invoice": row}) if row else missing()

    def _range(self, asked: Mapping[str, str]) -> tuple[list[Key], int, int]:
        keys = self._keys(asked)
        first = asked.get("start_billing_date", "")
        last = asked.get("end_billing_date", "9999-12-31")
        return keys, bisect_left(keys, (first, 0)), bisect_right(keys, (last, 1 << 62))

    def _keys(self, asked: Mapping[str, str]) -> list[Key]:
        if "partner_ids" in asked:
            numbers = {int(number) for number in asked["partner_ids"].split(",")}
            parts = [self._by_partner.get(number, []) for number in numbers]
            return sorted(key for part in parts for key in part)
        return (
            self._unpaid if asked.get("payment_status") == "unsettled" else self._days
        )

    # Writing

    def create(self, request: Request) -> Reply:
        """POST."""
        return self.enter(_body(request))

    def enter(self, body: Row) -> Reply:
        """Check and file an invoice; also what somebody at the screen would do."""
        partner = self._partner_of(body)
        found = self._problems(body, partner)
        if found or partner is None:
            return refusal(found)
        self._last += 1
        row: Row = {
            "id": self._last,
            "sending_status": "unsent",
            "payment_status": "unsettled",
            "cancel_status": "uncanceled",
            "deal_status": "unregistered",
            "deal_id": None,
            "created_at": f"{self._clock.now().astimezone(TOKYO):%Y-%m-%d %H:%M:%S}",
        }
        if self.auto:
            self._counter += 1
            body = body | {"invoice_number": f"INV-{self._counter:010d}"}
        self._fill(row, body, partner)
        self.rows[self._last] = row
        if self._lag:
            self._listed_from[self._last] = self._clock.now() + self._lag
        self._enter(row)
        return Reply(201, {"invoice": row})

    def update(self, request: Request) -> Reply:
        """PUT: the whole invoice anew."""
        row = self.rows.get(int(request.args["id"]))
        if row is None:
            return missing()
        body = _body(request)
        partner = self._partner_of(body)
        if body.get("invoice_number") == row["invoice_number"]:
            self._numbers.discard(str(row["invoice_number"]))
        found = self._problems(body, partner)
        self._numbers.add(str(row["invoice_number"]))
        if found or partner is None:
            return refusal(found)
        self._leave(row)
        self._fill(row, {"invoice_number": row["invoice_number"]} | body, partner)
        self._enter(row)
        return Reply(200, {"invoice": row})

    def cancel(self, number: int) -> None:
        """Cancel an invoice (取消) at the screen: it stays, and does not count."""
        self.rows[number]["cancel_status"] = "canceled"

    def set_status(self, number: int, status: str) -> None:
        """Settle or unsettle an invoice, as a payment does."""
        row = self.rows[number]
        self._leave(row)
        row["payment_status"] = status
        self._enter(row)

    def delete(self, number: int) -> None:
        """Remove an invoice: only a person at the screen can."""
        self._leave(self.rows.pop(number))

    # State

    def _problems(self, body: Row, partner: Row | None) -> list[str]:
        found = problems(body, INVOICE, INVOICE_REQUIRED)
        lines = body.get("lines")
        if not isinstance(lines, list) or not lines:
            found.append("明細行を1行以上入力してください。")
        for line in lines if isinstance(lines, list) else ():
            found += _line_problems(line)
        if ("partner_id" in body) == ("partner_code" in body):
            found.append("取引先IDか取引先コードのどちらか一方を指定してください。")
        elif partner is None:
            found.append("取引先が存在しません。")
        given = body.get("invoice_number")
        if self.auto and given is not None:
            found.append("採番の設定が自動採番のため、請求書番号は指定できません。")
        if not self.auto and not given:
            found.append("請求書番号を入力してください。")
        if not self.auto and given in self._numbers:
            found.append("請求書番号が重複しています。")
        known = {template["id"] for template in self.templates}
        if "template_id" in body and body["template_id"] not in known:
            found.append("指定された帳票テンプレートが存在しません。")
        return found

    def _partner_of(self, body: Row) -> Row | None:
        number = body.get("partner_id")
        if number is None:
            number = self._partners.id_of(str(body.get("partner_code")))
        if not isinstance(number, int) or number in self._partners.archived:
            return None
        return self._partners.rows.get(number)

    def _fill(self, row: Row, body: Row, partner: Row) -> None:
        row.update(_EMPTY)
        row.update({k: v for k, v in body.items() if k != "lines"})
        title = str(body["partner_title"]).replace("（空白）", "(空白)")
        row.update(
            {
                "company_id": self._company_id,
                "template_id": body.get("template_id", self.templates[0]["id"]),
                "issue_date": body.get("issue_date", body["billing_date"]),
                "payment_date": body.get("payment_date"),
                "payment_type": body.get("payment_type", "transfer"),
                "line_amount_fraction": body.get("line_amount_fraction", "omit"),
                "partner_id": partner["id"],
                "partner_code": partner["code"],
                "partner_name": partner["name"],
                "partner_display_name": body.get("partner_display_name")
                or partner.get("long_name")
                or partner["name"],
                "partner_title": title,
                "amount_brought_forward": None,
                "amount_withholding_tax": None,
                "report_url": f"{_REPORT}{row['id']}",
                "sales_management_origin": False,
                **sums(body),
                "lines": list(self._shown_lines(body)),
            }
        )

    def _shown_lines(self, body: Row) -> Iterator[Row]:
        lines = body["lines"]
        mode = str(body.get("line_amount_fraction") or "omit")
        for place, line in enumerate(lines if isinstance(lines, list) else (), 1):
            is_item = line.get("type", "item") == "item"
            yield {
                "id": self._last * 1000 + place,
                "type": "item" if is_item else "text",
                "description": line.get("description", ""),
                "sales_date": line.get("sales_date"),
                "unit": line.get("unit", ""),
                "quantity": line.get("quantity"),
                "unit_price": line.get("unit_price"),
                "tax_rate": line.get("tax_rate"),
                "reduced_tax_rate": bool(line.get("reduced_tax_rate")),
                "withholding": bool(line.get("withholding")),
                "amount_excluding_tax": line_amount(line, mode) if is_item else None,
                "tax_code": line.get("tax_code"),
                "account_item_id": line.get("account_item_id"),
            }

    def _enter(self, row: Row) -> None:
        key = _key(row)
        insort(self._days, key)
        insort(self._by_partner.setdefault(int(str(row["partner_id"])), []), key)
        if row["payment_status"] == "unsettled":
            insort(self._unpaid, key)
        self._numbers.add(str(row["invoice_number"]))

    def _leave(self, row: Row) -> None:
        key = _key(row)
        partner = self._by_partner[int(str(row["partner_id"]))]
        for keys in (self._days, partner, self._unpaid):
            place = bisect_left(keys, key)
            if place < len(keys) and keys[place] == key:
                del keys[place]


def _key(row: Row) -> Key:
    return str(row["billing_date"]), int(str(row["id"]))


def _fits(row: Row, asked: Mapping[str, str]) -> bool:
    due = str(row["payment_date"] or "")
    return (
        all(row[name] == asked[name] for name in _COMPARED if name in asked)
        # Whether freee compares whole or in part is not documented: in part here.
        and asked.get("subject", "") in str(row["subject"])
        and asked.get("invoice_number", "") in str(row["invoice_number"])
        and ("start_payment_date" not in asked or due >= asked["start_payment_date"])
        and ("end_payment_date" not in asked or "" < due <= asked["end_payment_date"])
    )


def _line_problems(line: object) -> Iterable[str]:
    if not isinstance(line, dict):
        return ["明細行の形式が不正です。"]
    found = problems(line, LINE)
    if line.get("type", "item") == "text":
        if set(line) - {"type", "description"}:
            found.append("テキスト行には摘要のみ入力できます。")
        return found
    found += [
        f"{name}を入力してください。"
        for name in ("quantity", "tax_rate", "unit_price")
        if name not in line
    ]
    if line.get("reduced_tax_rate") and line.get("tax_rate") != 8:  # noqa: PLR2004
        found.append("軽減税率は税率8%の時のみ指定できます。")
    return found


def _body(request: Request) -> Row:
    asked = request.json()
    return dict(asked) if isinstance(asked, dict) else {}


def missing() -> Reply:
    """Return the answer about an invoice that is not there."""
    return refusal(["請求書が見つかりません。"], "not_found", 404)
