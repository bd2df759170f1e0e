"""Dates as Japanese documents write them, with eras (和暦)."""

import re
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tasuki.japan.text import folded_width


class _Era(NamedTuple):
    name: str
    short: str
    letter: str
    first_day: date
    last_day: date


# Until 1872 Japan reckoned by the moon, so an era date before 明治6年 is not read.
# The last day of 明治 and of 大正 is the first of the next era as well.
_ERAS = (
    _Era("令和", "令", "R", date(2019, 5, 1), date.max),
    _Era("平成", "平", "H", date(1989, 1, 8), date(2019, 4, 30)),
    _Era("昭和", "昭", "S", date(1926, 12, 25), date(1989, 1, 7)),
    _Era("大正", "大", "T", date(1912, 7, 30), date(1926, 12, 25)),
    _Era("明治", "明", "M", date(1868, 1, 25), date(1912, 7, 30)),
)
_FIRST_SOLAR_DAY = date(1873, 1, 1)
_BY_SIGN = {sign: era for era in _ERAS for sign in (era.name, era.short, era.letter)}

_WEEKDAY = r"(?:\s*\(?[月火水木金土日](?:曜日?)?\)|\s*[月火水木金土日]曜日?)?"
_TIME = r"(?:[T\s]\s*\d{1,2}[:時].{0,30})?"
_ERA_DATE = re.compile(
    r"(?P<era>令和|平成|昭和|大正|明治|[令平昭大明RHSTM])\s*(?P<year>元|\d{1,2})\s*[年./-]\s*"
    rf"(?P<month>\d{{1,2}})\s*[月./-]\s*(?P<day>\d{{1,2}})\s*日?{_WEEKDAY}{_TIME}"
)
_COMPACT_ERA_DATE = re.compile(
    r"(?P<era>[RHSTM])(?P<year>\d{2})(?P<month>\d{2})(?P<day>\d{2})"
)
_WESTERN_DATE = re.compile(
    r"(?:西暦\s*)?(?P<year>\d{4})\s*[年./-]\s*(?P<month>\d{1,2})\s*[月./-]\s*(?P<day>\d{1,2})\s*日?"
    rf"{_WEEKDAY}{_TIME}"
)
_COMPACT_DATE = re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*(?:Z|[+-]\d{2}:?\d{2})")
_KANJI_NUMBER = re.compile("[〇零一二三四五六七八九十]+(?=[年月日])")
_KANJI_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")
_DASHES = re.compile("[‐-―−ー]")


def parse_date(value: str | date | None) -> date | None:
    """Return the day that a text names, or None where it names none or several.

    A text with a time zone is cut in Tokyo. Two-digit years and months first are not
    guessed at, and an era's year beyond the era is no date.

    Example:
        >>> parse_date("令和元年5月1日"), parse_date("２０２４年４月１日（月）")
        (datetime.date(2019, 5, 1), datetime.date(2024, 4, 1))
        >>> parse_date("2024-03-31T15:00:00Z")
        datetime.date(2024, 4, 1)
        >>> parse_date("平成31年5月1日") is None
        True
    """
    if isinstance(value, datetime):
        return _day_in_tokyo(value)
    if value is None or isinstance(value, date):
        return value
    written = _DASHES.sub("-", folded_width(value)).strip()
    written = _KANJI_NUMBER.sub(_in_digits, written)
    if _INSTANT.fullmatch(written):
        return _instant(written)
    if found := _WESTERN_DATE.fullmatch(written) or _COMPACT_DATE.fullmatch(written):
        return _day(int(found["year"]), found)
    upper = written.upper()
    if found := _ERA_DATE.fullmatch(upper) or _COMPACT_ERA_DATE.fullmatch(upper):
        return _day_of_era(found)
    return None


def wareki(value: str | date | None) -> str | None:
    """Return a day in the era calendar: 令和7年4月1日; None before 明治6年.

    Example:
        >>> wareki(date(2025, 4, 1)), wareki("2019-05-01")
        ('令和7年4月1日', '令和元年5月1日')
    """
    day = parse_date(value)
    if day is None or day < _FIRST_SOLAR_DAY:
        return None
    era = next(each for each in _ERAS if day >= each.first_day)
    year = day.year - era.first_day.year + 1
    return f"{era.name}{'元' if year == 1 else year}年{day.month}月{day.day}日"


def wareki_year(value: str | date | None) -> str | None:
    """Return a day's year in the era calendar: 令和7年; None before 明治6年.

    Example:
        >>> wareki_year("2019-05-01"), wareki_year("2019-04-30")
        ('令和元年', '平成31年')
    """
    written = wareki(value)
    return written and written.partition("年")[0] + "年"


def wareki_short(value: str | date | None) -> str | None:
    """Return a day as forms have it: R7.4.1; None before 明治6年.

    Example:
        >>> wareki_short("2025-04-01"), wareki_short("1989-01-07")
        ('R7.4.1', 'S64.1.7')
    """
    day = parse_date(value)
    year = wareki_year(day)
    if day is None or year is None:
        return None
    era = _BY_SIGN[year[:2]]
    number = year[2:-1].replace("元", "1")
    return f"{era.letter}{number}.{day.month}.{day.day}"


def _in_digits(found: re.Match[str]) -> str:
    """Return a kanji number in digits: 「二〇二四」 by place, 「二十一」 by tens."""
    tens, ten, ones = found[0].translate(_KANJI_DIGITS).rpartition("十")
    return f"{tens or '1'}{ones or '0'}" if ten else ones


def _day(year: int, found: re.Match[str]) -> date | None:
    try:
        return date(year, int(found["month"]), int(found["day"]))
    except ValueError:
        return None


def _day_of_era(found: re.Match[str]) -> date | None:
    era = _BY_SIGN[found["era"]]
    year = 1 if found["year"] == "元" else int(found["year"])
    if not year:
        return None
    day = _day(era.first_day.year + year - 1, found)
    if day is None or not max(era.first_day, _FIRST_SOLAR_DAY) <= day <= era.last_day:
        return None
    return day


def _instant(written: str) -> date | None:
    try:
        return _day_in_tokyo(datetime.fromisoformat(written))
    except ValueError:
        return None


def _day_in_tokyo(moment: datetime) -> date | None:
    if moment.tzinfo is None:
        return moment.date()
    try:
        return moment.astimezone(ZoneInfo("Asia/Tokyo")).date()
    except OverflowError:
        return None
