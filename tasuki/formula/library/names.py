"""Names, numbers and addresses of Japan: taken apart, checked, and in other widths."""

from tasuki.billing.errors import BillingError
from tasuki.billing.tax import JAPAN_RATES, TaxClass
from tasuki.formula.errors import RefusedValueError
from tasuki.formula.functions import Example, Function, Kind, function
from tasuki.formula.library.of_text import of_text
from tasuki.formula.limits import MAX_READING, MAX_TEXT
from tasuki.formula.values import as_date, as_number, as_text
from tasuki.japan import address, company, dates, email, number, width
from tasuki.japan import phone as phones
from tasuki.japan.encoding import encode_cp932
from tasuki.japan.person_parts import person_parts

_MOST_CP932 = 20_000
_STYLES = ("¥", "円", "万")


def family_name(name: str) -> str | None:
    """Return the family name (姓), only where the writer parted the name.

    山田太郎 gives nothing: where it parts is a guess. name_doubt(name) says why.
    """
    parts = person_parts(name)
    return parts and parts.family


def given_name(name: str) -> str | None:
    """Return the given name (名), only where the writer parted the name."""
    parts = person_parts(name)
    return parts and parts.given


def name_doubt(name: str) -> str | None:
    """Say why a name is not taken apart; nothing where it is.

    no_space, many_parts, latin_order (which one comes first?) or middle_dot.
    """
    parts = person_parts(name)
    return parts and parts.doubt


def mobile_jp(value: str) -> str | None:
    """Return a mobile number (070, 080, 090) as Japan writes it; nothing for others."""
    written = phones.phone_jp(value)
    return written if written and written[:3] in {"070", "080", "090"} else None


def email_key(value: str) -> str | None:
    """Return what is compared of an address: no +tag, Gmail without dots."""
    return email.email_key(value)


def cp932_safe(text: str) -> str:
    """Put what a Shift_JIS file cannot hold into its nearest form; 〓 where none is."""
    if len(text) > _MOST_CP932:
        raise RefusedValueError(reason=f"text of more than {_MOST_CP932:,} characters")
    return encode_cp932(text).content.decode("cp932")


def company_match(one: object, other: object) -> str | None:
    """Compare two company names: same_name, review (another form) or different.

    same_name alone is no reason to merge: ask for a second thing, such as the domain.
    """
    return company.company_match(
        as_text(one)[:MAX_READING], as_text(other)[:MAX_READING]
    )


def valid_phone(value: object) -> bool:
    """Tell whether a text holds a number that can be dialled; a missing one is none."""
    return isinstance(value, str) and bool(phones.valid_phone(value[:MAX_READING]))


def valid_postcode(value: object) -> bool:
    """Tell whether it is a postcode of seven digits; a missing one is none."""
    text = None if value is None else as_text(value)[:MAX_READING]
    return address.postcode(text) is not None


def wareki_year(date: object) -> str | None:
    """Write the year of a date in the era calendar; nothing before 明治6年."""
    return dates.wareki_year(as_date(date))


def wareki_short(date: object) -> str | None:
    """Write a date as forms have it, R8.5.31; nothing before 明治6年."""
    return dates.wareki_short(as_date(date))


def yen(amount: object, style: object = "¥") -> str:
    """Write whole yen: ¥1,234; with "円" 1,234円; with "万" 1億2,500万円."""
    value, how = as_number(amount), as_text(style)
    if value != int(value):
        raise RefusedValueError(
            reason="a fraction of a yen", remedy="Use round(x) or floor(x)."
        )
    if how not in _STYLES:
        raise RefusedValueError(reason="yen is written in the style '¥', '円' or '万'")
    if how == "万":
        return number.yen_in_words(value)
    sign = "-" if value < 0 else ""
    digits = f"{abs(int(value)):,}"
    return f"{sign}¥{digits}" if how == "¥" else f"{sign}{digits}円"


def tax_percent(tax_class: object, date: object = None) -> object:
    """Return the rate of a tax class in percent, on a day or the newest."""
    try:
        found = JAPAN_RATES.percent(
            _class_of(tax_class), None if date is None else as_date(date)
        )
    except BillingError:
        raise RefusedValueError(
            reason="a tax class that did not exist that day"
        ) from None
    return int(found) if found == int(found) else found


def tax_name(tax_class: object) -> str:
    """Name a tax class for people: 課税（標準税率）."""
    return _class_of(tax_class).japanese


def _class_of(value: object) -> TaxClass:
    try:
        return TaxClass(as_text(value))
    except ValueError:
        known = ", ".join(TaxClass)
        raise RefusedValueError(
            reason="no tax class", remedy=f"There are: {known}; use tax_class(rate)."
        ) from None


def names_functions() -> tuple[Function, ...]:
    """Return these functions."""
    return (*_names(), *_widths(), *_reach(), *_money())


def _names() -> tuple[Function, ...]:
    return (
        of_text(
            company.company_form,
            ('legal_form("（株）サンプル")', "株式会社"),
            ('legal_form("屋号サンプル")', None),
            name="legal_form",
        ),
        of_text(
            company.company_core,
            ('company_core("サンプル（有）")', "サンプル"),
        ),
        function(
            company_match,
            Example('company_match("㈱サンプル", "株式会社サンプル")', "same_name"),
            Example('company_match("サンプル㈱", "株式会社サンプル")', "review"),
            group="Japan",
            returns=Kind.TEXT,
        ),
        of_text(family_name, ('family_name("山田　太郎 様")', "山田")),
        of_text(
            given_name,
            ('given_name("山田 太郎")', "太郎"),
            ('given_name("山田太郎")', None),
        ),
        of_text(
            name_doubt,
            ('name_doubt("山田太郎")', "no_space"),
            ('name_doubt("Taro Yamada")', "latin_order"),
            ('name_doubt("山田 太郎")', None),
        ),
    )


def _widths() -> tuple[Function, ...]:
    return (
        of_text(
            width.halfwidth,
            ('halfwidth("ＡＢＣ－１")', "ABC-1"),
            longest=MAX_TEXT,
        ),
        of_text(
            width.fullwidth,
            ('fullwidth("ABC-1 ｶﾞ")', "ＡＢＣ－１　ガ"),
            longest=MAX_TEXT,
        ),
        of_text(
            width.halfwidth_kana,
            ('halfwidth_kana("カ）サンプル")', "ｶ)ｻﾝﾌﾟﾙ"),
            longest=MAX_TEXT,
        ),
        of_text(cp932_safe, ('cp932_safe("𠮷野家")', "吉野家"), longest=MAX_TEXT),
    )


def _reach() -> tuple[Function, ...]:
    return (
        of_text(address.prefecture_code, ('prefecture_code("北海道札幌市")', "JP-01")),
        of_text(
            address.after_prefecture,
            ('after_prefecture("〒105-0014 東京都港区芝1-1")', "港区芝1-1"),
        ),
        of_text(address.suggest_postcode, ('suggest_postcode("60-0001")', "060-0001")),
        of_text(mobile_jp, ('mobile_jp("+81 90-1234-5678")', "090-1234-5678")),
        of_text(
            email_key,
            ('email_key("Taro.Yamada+web@Gmail.com")', "taroyamada@gmail.com"),
        ),
        function(
            valid_phone,
            Example('valid_phone("03-1234-5678")', gives=True),
            Example("valid_phone(null)", gives=False),
            group="Japan",
            nulls="see",
            returns=Kind.TRUTH,
        ),
        function(
            valid_postcode,
            Example('valid_postcode("100-000")', gives=False),
            group="Japan",
            nulls="see",
            returns=Kind.TRUTH,
        ),
    )


def _money() -> tuple[Function, ...]:
    return (
        function(
            wareki_year,
            Example('wareki_year("2019-05-01")', "令和元年"),
            group="Japan",
            returns=Kind.TEXT,
        ),
        function(
            wareki_short,
            Example('wareki_short("2026-05-31")', "R8.5.31"),
            group="Japan",
            returns=Kind.TEXT,
        ),
        function(
            yen,
            Example("yen(1234567)", "¥1,234,567"),
            Example('yen(-500, "円")', "-500円"),
            Example('yen(125000000, "万")', "1億2,500万円"),
            group="Japan",
            returns=Kind.TEXT,
        ),
        function(
            tax_percent,
            Example('tax_percent("standard")', 10),
            Example('tax_percent("standard", "2019-09-30")', 8),
            group="Japan",
            nulls="see",
            returns=Kind.NUMBER,
        ),
        function(
            tax_name,
            Example('tax_name("reduced")', "課税（軽減税率）"),
            group="Japan",
            returns=Kind.TEXT,
        ),
    )
