"""What the stand-in refuses, from facts of API v3 in our own words."""

from collections.abc import Mapping, Sequence
from typing import Final

from tasuki.sandbox.rules import (
    Rule,
    anything,
    day,
    flag,
    nullable,
    number,
    one_of,
    struct,
    text,
)
from tasuki.sandbox.server import Reply

from ..amounts import RATES  # noqa: TID252 - it may live elsewhere

_MONEY: Final = number(-10_000_000_000, 10_000_000_000, whole=False)
_TAG: Final = text(255, 1)
_MONTHS: Final = (
    "this_month", "next_month", "two_months_after", "three_months_after",
    "four_months_after", "five_months_after", "six_months_after",
)  # fmt: skip
_MOST_DEPARTMENTS: Final = 10


def _tags(value: object) -> bool:
    return isinstance(value, list) and all(_TAG(one) for one in value)


HEADER: Final[Mapping[str, Rule]] = {
    "department_id": text(40, 1),
    "title": text(200),
    "memo": text(450),
    "payment_condition": text(250),
    "billing_date": day,
    "due_date": day,
    "sales_date": day,
    "billing_number": text(30),
    "note": text(2000),
    "document_name": text(25),
    "tag_names": _tags,
}
"""What a change of an invoice may say."""

BILLING: Final[Mapping[str, Rule]] = {**HEADER, "items": anything}

LINE: Final[Mapping[str, Rule]] = {
    "item_id": text(40, 1),
    "name": text(450, 1),
    "delivery_number": text(30),
    "delivery_date": day,
    "detail": text(200),
    "unit": text(20),
    "price": _MONEY,
    "quantity": _MONEY,
    "is_deduct_withholding_tax": nullable(flag),
    "excise": one_of(*RATES),
}

DEPARTMENT: Final[Mapping[str, Rule]] = {
    **dict.fromkeys(
        (
            "zip", "tel", "prefecture", "address1", "address2", "person_name",
            "person_title", "person_dept", "office_member_name", "cc_emails",
        ),
        text(1000),
    ),
    "email": text(255),
    "peppol_id": text(40, 0, r"|(0088|0188):\d{13}|0221:T\d{13}"),
}  # fmt: skip


def _departments(value: object) -> bool:
    is_one = struct(DEPARTMENT)
    return (
        isinstance(value, list)
        and len(value) <= _MOST_DEPARTMENTS
        and all(is_one(one) for one in value)
    )


PARTNER: Final[Mapping[str, Rule]] = {
    "code": text(30),
    "name": text(100, 1),
    "name_kana": text(350),
    "name_suffix": text(40),
    "memo": text(450),
    "departments": _departments,
    "payment_deadline_setting": nullable(
        struct(
            {
                "due_month": one_of(*_MONTHS),
                "due_date": number(-1, 31),
                "contingency_day": one_of(
                    "move_to_earlier_day", "keep_as_is", "move_to_later_day"
                ),
            }
        )
    ),
}

ITEM: Final[Mapping[str, Rule]] = {
    "code": text(30),
    "name": text(450, 1),
    "detail": text(200),
    "unit": text(20),
    "price": _MONEY,
    "quantity": _MONEY,
    "is_deduct_withholding_tax": nullable(flag),
    "excise": one_of(*RATES),
}

_PAGES: Final[Mapping[str, Rule]] = {
    "page": text(9, 1, r"[1-9]\d*"),
    "per_page": text(3, 1, r"[1-9]\d?|100"),
}
BILLING_LIST: Final[Mapping[str, Rule]] = {
    **_PAGES,
    "range_key": one_of(
        "billing_date", "due_date", "sales_date", "created_at", "updated_at"
    ),
    "from": day,
    "to": day,
    "q": text(255),
    "partner_id": text(40, 1),
    "document_number": text(255, 1),
    "status": text(40, 1),
    "partner_name": text(255, 1),
    "tags": text(1000, 1),
}
PARTNER_LIST: Final[Mapping[str, Rule]] = {
    **_PAGES,
    **dict.fromkeys(
        ("name", "code", "name_kana", "partner_pic", "office_pic"), text(4000)
    ),
}
PLAIN_LIST: Final = _PAGES


def refusal(messages: Sequence[str], status: int = 400) -> Reply:
    """Return an error: its status, and a message for each fault."""
    errors = [{"message": message} for message in messages]
    return Reply(status, {"code": str(status), "errors": errors})


def not_found(what: str) -> Reply:
    """Return the error for a record that is not there."""
    return refusal([f"{what}が見つかりません。"], 404)


def page_of(rows: Sequence[object], asked: Mapping[str, str], total: int) -> Reply:
    """Return one page of a list with its pagination."""
    size = int(asked.get("per_page", 100))
    pages = {
        "total_count": total,
        "total_pages": -(-total // size),
        "per_page": size,
        "current_page": int(asked.get("page", 1)),
    }
    return Reply(200, {"data": list(rows), "pagination": pages})


def span_of(asked: Mapping[str, str]) -> tuple[int, int]:
    """Return where the page that is asked for begins and ends."""
    size = int(asked.get("per_page", 100))
    first = (int(asked.get("page", 1)) - 1) * size
    return first, first + size
