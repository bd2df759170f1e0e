"""Payment terms as people write them in a CRM, read into the structure of terms."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from tasuki.billing.errors import BillingError

ACCEPTED_PHRASES: Final = (
    "月末締め翌月末払い",
    "20日締め翌月10日払い",
    "末締翌々月10日払",
    "翌月末",
    "月末締め30日後",
    "30日以内",
    "請求書発行後30日",
    "即日",
    "Net 30",
    "Net 30 EOM",
    "EOM",
    "…（休日の場合は翌営業日）",
)

# Different spellings of one word, brought to one; in this order.
_SPELLINGS: Final = (
    (r"[\s、,・。.()「」『』\[\]【】:;+_-]", ""),
    (r"〆切|〆|締め切り|締切り|締切|しめ|締め|締日", "締"),
    (r"お支払い?|御支払い?|支払い?|払い", "払"),
    (r"振り込み|振込み|振込", "振込"),
    (r"末日", "末"),
    (r"翌翌", "翌々"),
    (r"次月|来月", "翌月"),
    (r"同月", "当月"),
    (r"[ヶケヵカか箇]月", "ヶ月"),
    (r"(?:毎月|各月)", ""),
)

_BANK_HOLIDAY: Final = re.compile(
    r"(?:但し|ただし|金融機関|銀行|土日祝|土日|祝祭日|祝日|休業日|非営業日|休日|期日|払日"
    r"|が|の|場合|とき|時|は|に)*(?P<side>前|翌)営業日(?:に|払)*"
)
_HOLIDAY_RULES: Final[Mapping[str, str]] = {"前": "previous", "翌": "next"}

_MONTH: Final = r"(?P<month>当月|翌々月|翌月|(?P<later>\d{1,2})ヶ月後)"
_DAY: Final = r"(?P<pay>末|\d{1,2}日)"
_CLOSING: Final = r"(?:当月|月)?(?P<closing>末|\d{1,2}日)締"
_PAID: Final = r"(?:まで)?(?:に)?(?:現金|銀行|口座)?(?:振込|振替|払)*"
_ORIGIN: Final = r"(?:納品|検収|請求|発行)"
_EVENT: Final = (
    r"(?:(?:御?請求書?)?(?:発行|発送|送付|受領|受取|到着|納品|検収|締結|請求)(?:日)?"
    r"(?:後|から|より))"
)

_MONTHLY: Final = re.compile(rf"{_CLOSING}(?:の)?{_MONTH}(?:の)?{_DAY}{_PAID}")
_IN_MONTH: Final = re.compile(
    rf"(?:当月締|月締|{_ORIGIN}月の?)?{_MONTH}(?:の)?{_DAY}{_PAID}"
)
_AFTER_CLOSING: Final = re.compile(
    rf"{_CLOSING}(?:後(?P<days>\d{{1,3}})日(?:後|以内)?|(?P<days2>\d{{1,3}})日(?:後|以内)){_PAID}"
)
_AFTER_EVENT: Final = re.compile(
    rf"(?:{_EVENT}(?P<days>\d{{1,3}})日(?:後|以内)?|(?P<days2>\d{{1,3}})日(?:後|以内)){_PAID}"
)
_AT_ONCE: Final = re.compile(
    rf"(?:即日|即時|即金|当日){_PAID}|dueonreceipt|(?:due)?uponreceipt|immediate"
)
_ENGLISH_NET: Final = re.compile(
    r"(?:net(?P<days>\d{1,3})|n(?P<days2>\d{1,3})|(?P<days3>\d{1,3})days)"
    r"(?:days?)?(?P<eom>eom)?|(?P<days4>\d{1,3})eom|eom(?P<days5>\d{1,3})(?:days?)?"
)
_ENGLISH_MONTH_END: Final[Mapping[str, int]] = {
    "eom": 0,
    "neteom": 0,
    "endofmonth": 0,
    "endofthismonth": 0,
    "endofnextmonth": 1,
    "endoffollowingmonth": 1,
}
_LAST_DAY: Final = 31
_LONGEST: Final = 80
_OFFSETS: Final[Mapping[str, int]] = {"当月": 0, "翌月": 1, "翌々月": 2}


def phrase_fields(phrase: str) -> dict[str, object]:
    """Read a phrase into the fields of terms.

    Raises:
        BillingError: The phrase is not understood as a whole; a part that is left over
            is never ignored, for it may be the part that matters.
    """
    text = unicodedata.normalize("NFKC", phrase[:_LONGEST]).casefold()
    for spelling, word in _SPELLINGS:
        text = re.sub(spelling, word, text)
    rule = "none"
    if holiday := _BANK_HOLIDAY.search(text):
        rule = _HOLIDAY_RULES[holiday["side"]]
        text = text[: holiday.start()] + text[holiday.end() :]
    fields = _monthly(text) or _net(text) or _english(text)
    if fields is None or len(phrase) > _LONGEST or not _is_possible(fields):
        raise BillingError(
            where="payment terms",
            what=f'unknown phrase "{phrase[:_LONGEST]}"',
            remedy="Accepted, with other numbers too: "
            + ", ".join(ACCEPTED_PHRASES)
            + ".",
        )
    return fields | {"holiday_rule": rule}


def _monthly(text: str) -> dict[str, object] | None:
    match = _MONTHLY.fullmatch(text)
    closing = _day(match["closing"]) if match else _LAST_DAY
    match = match or _IN_MONTH.fullmatch(text)
    if not match:
        return None
    later = match["later"]
    return {
        "type": "closing",
        "closing_day": closing,
        "pay_month_offset": int(later) if later else _OFFSETS[match["month"]],
        "pay_day": _day(match["pay"]),
    }


def _net(text: str) -> dict[str, object] | None:
    if _AT_ONCE.fullmatch(text):
        return _net_days(0)
    if match := _AFTER_CLOSING.fullmatch(text):
        closing_day = _day(match["closing"])
        return _net_days(int(match["days"] or match["days2"]), closing_day)
    if match := _AFTER_EVENT.fullmatch(text):
        return _net_days(int(match["days"] or match["days2"]))
    return None


def _english(text: str) -> dict[str, object] | None:
    if text in _ENGLISH_MONTH_END:
        return {
            "type": "closing",
            "closing_day": 31,
            "pay_month_offset": _ENGLISH_MONTH_END[text],
            "pay_day": 31,
        }
    match = _ENGLISH_NET.fullmatch(text)
    if not match:
        return None
    after_month_end = match["eom"] or match["days4"] or match["days5"]
    days = next(
        digits
        for name, digits in match.groupdict().items()
        if name.startswith("days") and digits
    )
    return _net_days(int(days), _LAST_DAY if after_month_end else None)


def _net_days(days: int, closing_day: int | None = None) -> dict[str, object]:
    if closing_day is None:
        return {"type": "net_days", "days": days, "from": "delivered"}
    return {
        "type": "net_days",
        "days": days,
        "from": "closing",
        "closing_day": closing_day,
    }


def _day(word: str) -> int:
    return _LAST_DAY if word == "末" else int(word.removesuffix("日"))


def _is_possible(fields: Mapping[str, object]) -> bool:
    """Tell whether the days exist, and payment does not precede closing."""
    closing, pay = (
        fields.get("closing_day", _LAST_DAY),
        fields.get("pay_day", _LAST_DAY),
    )
    if not isinstance(closing, int) or not isinstance(pay, int):
        return False
    exists = 1 <= closing <= _LAST_DAY and 1 <= pay <= _LAST_DAY
    return exists and (fields.get("pay_month_offset") != 0 or closing <= pay)
