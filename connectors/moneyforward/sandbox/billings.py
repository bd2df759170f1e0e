"""The stand-in's invoices: computed by the office's settings, listed by days."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from tasuki.ports import Clock
from tasuki.sandbox.printing import page
from tasuki.sandbox.rules import problems
from tasuki.sandbox.server import Reply, Request

from ..amounts import RATES, Config, line_amount, sums  # noqa: TID252 - see rules
from ..settings import TOKYO  # noqa: TID252 - it may live elsewhere
from .masters import Masters, Row, body_of, new_id
from .rules import (
    BILLING,
    BILLING_LIST,
    HEADER,
    LINE,
    not_found,
    page_of,
    refusal,
    span_of,
)

Key = tuple[str, int]

PAYMENT: Final = ("未設定", "未入金", "入金済み", "未払い", "振込済み")
_SETTABLE: Final = {"0": "未設定", "1": "未入金", "2": "入金済み"}
_FULL: Final = "ご利用中のプランでは、今月の帳票作成数の上限に達しています。"
_KEYS: Final = ("created_at", "updated_at", "billing_date")
_TEXTS: Final = ("title", "memo", "payment_condition", "sales_date", "note")
_FILTERS: Final = ("q", "document_number", "partner_name", "tags", "status")


class Billings:
    """All invoices of the office, kept in order of their days."""

    def __init__(self, clock: Clock, masters: Masters, config: Config) -> None:
        self._clock = clock
        self._masters = masters
        self.config = config
        self.tax_per_line = False
        self.tax_off = 0
        self.monthly_documents: int | None = None
        self.lag = timedelta()
        self.rows: dict[str, Row] = {}
        self._made = 0
        self._reset()

    def _reset(self) -> None:
        self._orders: dict[str, list[Key]] = {name: [] for name in _KEYS}
        self._by_number: dict[int, str] = {}
        self._numbers: dict[str, int] = {}
        self._by_partner: dict[str, list[Key]] = {}
        self._listed_from: dict[str, datetime] = {}
        self._months: dict[str, int] = {}

    def dump(self) -> object:
        """Return the state."""
        return {
            "rows": self.rows,
            "made": self._made,
            "numbers": self._numbers,
            "months": self._months,
            "config": asdict(self.config),
            "tax_per_line": self.tax_per_line,
            "tax_off": self.tax_off,
            "monthly_documents": self.monthly_documents,
        }

    def load(self, state: Mapping[str, object]) -> None:
        """Take over a dumped state."""
        self._reset()
        self._made = int(str(state["made"]))
        self.config = Config(**state["config"])  # type: ignore[arg-type]
        self.tax_per_line = bool(state["tax_per_line"])
        self.tax_off = int(str(state["tax_off"]))
        self.monthly_documents = state["monthly_documents"]  # type: ignore[assignment]
        self.rows = dict(state["rows"])  # type: ignore[call-overload]
        self._numbers = dict(state["numbers"])  # type: ignore[call-overload]
        for row in self.rows.values():
            self._enter(row)
        self._months = dict(state["months"])  # type: ignore[call-overload]

    # Reading

    def index(self, request: Request) -> Reply:
        """List, newest first by the day that is asked for."""
        asked = {name: values[-1] for name, values in request.params.items()}
        if found := problems(asked, BILLING_LIST):
            return refusal(found)
        if "q" in asked:  # it switches the others off
            asked = {n: v for n, v in asked.items() if n not in _FILTERS or n == "q"}
        first, last = span_of(asked)
        keys = self._keys(asked)
        if not self.lag and not any(name in asked for name in _FILTERS):
            some = keys[max(len(keys) - last, 0) : max(len(keys) - first, 0)]
            rows = [self.rows[self._by_number[n]] for _, n in reversed(some)]
            return page_of(rows, asked, len(keys))
        newest = (self.rows[self._by_number[n]] for _, n in reversed(keys))
        fitting = [r for r in newest if self._is_listed(r) and _fits(r, asked)]
        return page_of(list(islice(fitting, first, last)), asked, len(fitting))

    def show(self, request: Request) -> Reply:
        """GET one."""
        row = self.rows.get(request.args["id"])
        return Reply(200, row) if row else not_found("請求書")

    def printed(self, request: Request) -> Reply:
        """GET one as PDF."""
        row = self.rows.get(request.args["id"])
        if row is None:
            return not_found("請求書")
        words = (str(row["billing_number"]), str(row["partner_name"]))
        total = f"合計 {row['total_price']}円"
        return Reply(200, page("クラウド請求書", "請求書", *words, total))

    def _keys(self, asked: Mapping[str, str]) -> Sequence[Key]:
        name = asked.get("range_key", "")
        partner = asked.get("partner_id")
        low, high = asked.get("from", ""), asked.get("to", "9999-12-31")
        if partner is None and (name in _KEYS or not name):
            keys = self._orders[name or "created_at"]
        else:
            known = self._orders["created_at"]
            if partner is not None:
                known = self._by_partner.get(partner, [])
            rows = [(n, self.rows[self._by_number[n]]) for _, n in known]
            keys = sorted((_day(row, name or "created_at"), n) for n, row in rows)
        if not name:
            return keys
        return keys[bisect_left(keys, (low, 0)) : bisect_right(keys, (high, 1 << 62))]

    def _is_listed(self, row: Row) -> bool:
        since = self._listed_from.get(str(row["id"]))
        return since is None or since <= self._clock.now()

    # Writing

    def create(self, request: Request) -> Reply:
        """POST /invoice_template_billings."""
        return self.enter(body_of(request))

    def enter(self, body: Row) -> Reply:
        """Check and file an invoice; also what somebody at the screen would do."""
        partner = self._masters.partner_of.get(str(body.get("department_id")))
        found = problems(body, BILLING, ("department_id", "billing_date"))
        found += self._line_problems(body.get("items", []))
        if not found and partner is None:
            return not_found("部門")
        if partner and not body.get("due_date") and not self._deadline(partner):
            found.append("お支払期限を入力してください。")
        if found or partner is None:
            return refusal(found)
        month = f"{self._clock.now().astimezone(TOKYO):%Y-%m}"
        used = self._months.get(month, 0)
        if self.monthly_documents is not None and used >= self.monthly_documents:
            return refusal([_FULL], 403)
        self._months[month] = used + 1
        return Reply(201, self._file(body, partner))

    def _deadline(self, partner: str) -> object:
        return self._masters.partners[partner]["payment_deadline_setting"]

    def _file(self, body: Row, partner_id: str) -> Row:
        self._made += 1
        number, one = self._made, new_id("billing", self._made)
        partner = self._masters.partners[partner_id]
        row: Row = {
            **dict.fromkeys(_TEXTS, ""),
            "id": one,
            "pdf_url": f"https://invoice.moneyforward.com/api/v3/billings/{one}.pdf",
            "operator_id": new_id("operator", 1),
            "member_id": new_id("member", 1),
            "member_name": "経理 花子",
            "partner_id": partner_id,
            "partner_name": partner["name"],
            "office_id": new_id("office", 1),
            "office_name": "株式会社たすき商会",
            "office_detail": "",
            "billing_number": f"{number:04d}",
            "document_name": "請求書",
            "payment_status": PAYMENT[0],
            "email_status": "未送信",
            "posting_status": "未郵送",
            "is_downloaded": False,
            "is_locked": False,
            "tag_names": [],
            "use_invoice_template": True,
            "registration_code": "T7000012050002",
            "created_at": self._now(),
            **{name: value for name, value in body.items() if name != "items"},
        }
        row["due_date"] = body.get("due_date") or body["billing_date"]
        items = body.get("items", [])
        row["items"] = list(
            self._shown(number, items if isinstance(items, list) else ())
        )
        self.rows[one] = row
        self._numbers[one] = number
        if self.lag:
            self._listed_from[one] = self._clock.now() + self.lag
        self.recompute(row)
        self._enter(row)
        return row

    def _shown(self, number: int, items: Iterable[Row]) -> Iterator[Row]:
        for place, item in enumerate(items, 1):
            master = self._masters.items.get(str(item.get("item_id")), {})
            yield {
                "id": new_id("line", number * 1000 + place),
                "code": "",
                "detail": "",
                "unit": "",
                "is_deduct_withholding_tax": None,
                **{n: master[n] for n in ("code", "excise") if n in master},
                **{n: v for n, v in item.items() if n != "item_id"},
                **({"name": master["name"]} if master else {}),
                "price": f"{float(str(item.get('price', 0)))}",
                "quantity": f"{float(str(item.get('quantity', 1)))}",
                "created_at": self._now(),
                "updated_at": self._now(),
            }

    def recompute(self, row: Row) -> None:
        """Compute an invoice's sums anew, by the office's settings as they are now."""
        items = row["items"]
        lines = items if isinstance(items, list) else []
        found = sums(lines, self.config)
        if self.tax_per_line:  # as accountants may not: once for each line
            found |= _by_line(lines, self.config)
        for name in ("excise_price", "excise_price_of_ten_percent", "total_price"):
            found[name] += self.tax_off
        row |= {name: f"{amount}.0" for name, amount in found.items()}
        row["config"] = asdict(self.config)
        row["updated_at"] = self._now()

    def update(self, request: Request) -> Reply:
        """PUT: what stands around the lines; what is not said stays."""
        row = self.rows.get(request.args["id"])
        if row is None:
            return not_found("請求書")
        body = body_of(request)
        if found := problems(body, HEADER):
            return refusal(found)
        if row["is_locked"]:
            return refusal(["ロックされている請求書は更新できません。"])
        self.change(row, body)
        return Reply(200, row)

    def set_payment(self, request: Request) -> Reply:
        """PUT …/payment_status: three of its five values can be set."""
        row = self.rows.get(request.args["id"])
        if row is None:
            return not_found("請求書")
        status = body_of(request).get("payment_status")
        if status not in _SETTABLE:
            return refusal(["入金ステータスの形式が不正です。"])
        self.change(row, {"payment_status": _SETTABLE[str(status)]})
        return Reply(200, row)

    def remove(self, request: Request) -> Reply:
        """DELETE."""
        if request.args["id"] not in self.rows:
            return not_found("請求書")
        self.delete(request.args["id"])
        return Reply(204)

    def change(self, row: Row, fields: Mapping[str, object]) -> None:
        """Change an invoice, and its day of update."""
        self._leave(row)
        row.update(fields, updated_at=self._now())
        self._enter(row)

    def replace_lines(self, row: Row, items: Sequence[Row]) -> None:
        """Give an invoice other lines, as a person does."""
        self._leave(row)
        row["items"] = list(self._shown(self._numbers[str(row["id"])], items))
        self.recompute(row)
        self._enter(row)

    def renew(self, row: Row) -> None:
        """Save an invoice as it is: its sums follow the office's present settings."""
        self._leave(row)
        self.recompute(row)
        self._enter(row)

    def delete(self, billing_id: str) -> None:
        """Remove an invoice."""
        self._leave(self.rows.pop(billing_id))

    def _line_problems(self, items: object) -> list[str]:
        if not isinstance(items, list):
            return ["itemsの形式が不正です。"]
        found = []
        for item in items:
            if not isinstance(item, dict):
                return ["itemsの形式が不正です。"]
            found += problems(item, LINE)
            known = str(item.get("item_id")) in self._masters.items
            if item.get("item_id") and not known:
                found.append("品目が見つかりません。")
            if not known and not (item.get("name") and item.get("excise")):
                found.append("品名と税区分を入力してください。")
        return found

    def _enter(self, row: Row) -> None:
        number = self._numbers[str(row["id"])]
        self._by_number[number] = str(row["id"])
        for name, keys in self._orders.items():
            insort(keys, (_day(row, name), number))
        mine = self._by_partner.setdefault(str(row["partner_id"]), [])
        insort(mine, (_day(row, "created_at"), number))

    def _leave(self, row: Row) -> None:
        number = self._numbers[str(row["id"])]
        mine = self._by_partner[str(row["partner_id"])]
        for name, keys in (*self._orders.items(), ("created_at", mine)):
            place = bisect_left(keys, (_day(row, name), number))
            if place < len(keys) and keys[place][1] == number:
                del keys[place]

    def _now(self) -> str:
        return f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ}"


def _day(row: Mapping[str, object], name: str) -> str:
    """Return one of an invoice's days, those of its stamps as days in Japan."""
    text = str(row.get(name) or "")
    if not name.endswith("_at"):
        return text
    return f"{datetime.fromisoformat(text).astimezone(TOKYO):%Y-%m-%d}"


def _by_line(lines: Sequence[Row], config: Config) -> dict[str, int]:
    taxes = dict.fromkeys(RATES, 0)
    for line in lines:
        name = str(line["excise"])
        taxes[name] += sums([line], config)[f"excise_price_of_{name}"]
    base = sum(line_amount(line, config.rounding) for line in lines)
    found = {f"excise_price_of_{name}": tax for name, tax in taxes.items()}
    total = sum(taxes.values())
    return found | {"excise_price": total, "total_price": base + total}


def _fits(row: Row, asked: Mapping[str, str]) -> bool:
    tags = row["tag_names"]
    wanted = asked["tags"].split(",") if asked.get("tags") else []
    return (
        # Whether the vendor compares whole or in part is not documented: in part here.
        asked.get("document_number", "") in str(row["billing_number"])
        and asked.get("partner_name", "") in str(row["partner_name"])
        and asked.get("q", "") in f"{row['title']} {row['partner_name']}"
        and asked.get("status", str(row["payment_status"])) == row["payment_status"]
        and all(tag in (tags if isinstance(tags, list) else ()) for tag in wanted)
    )
