"""Japan: names, addresses, phones and numbers brought into one form.

What cannot be read becomes nothing, so that first(phone_jp(phone), phone) works.
"""

from decimal import Decimal

from tasuki.billing.errors import BillingError
from tasuki.billing.tax import tax_class as tax_class_of
from tasuki.formula.errors import RefusedValueError
from tasuki.formula.functions import Example, Function, Kind, function
from tasuki.formula.library.of_text import of_text
from tasuki.formula.limits import MAX_READING, MAX_TEXT
from tasuki.formula.values import as_date, as_text, exact, kind
from tasuki.japan import address, company, corporate, dates, email, number, person
from tasuki.japan import phone as phones
from tasuki.japan import text as texts

_HIRAGANA = {code: code - 0x60 for code in range(ord("ァ"), ord("ヶ") + 1)}


def clean(text: str) -> str:
    """Bring a text into its common form: NFKC, nothing invisible, trimmed."""
    return texts.clean(text)


def hiragana(text: str) -> str | None:
    """Return a reading in hiragana, without spaces and middle dots."""
    katakana = texts.kana(text)
    return katakana and katakana.translate(_HIRAGANA)


def valid_email(value: object) -> bool:
    """Tell whether a text holds one e-mail address; a missing one is none."""
    is_short = isinstance(value, str) and len(value) <= MAX_READING
    return is_short and email.valid_email(value) is True  # type: ignore[arg-type]  # it is text


def valid_corporate_number(value: object) -> bool:
    """Tell whether it is a corporate number (法人番号) with the right check digit."""
    written = None if value is None else as_text(value)[:MAX_READING]
    return corporate.corporate_number(written) is not None


def valid_registration_number(value: object) -> bool:
    """Tell whether it is a registration number (登録番号): T and a corporate number."""
    written = None if value is None else as_text(value)[:MAX_READING]
    return corporate.registration_number(written) is not None


def amount(value: object) -> Decimal | None:
    """Return an amount in yen: ￥1,234, △1,000, 1億2,500万円; nothing for other."""
    exact_value = exact(value)
    if isinstance(exact_value, bool) or not isinstance(
        exact_value, str | int | Decimal
    ):
        raise RefusedValueError(reason=f"{kind(value)} where an amount is needed")
    return number.amount(exact_value)


def wareki(date: object) -> str | None:
    """Write a date in the era calendar; nothing before 明治6年."""
    return dates.wareki(as_date(date))


def tax_class(rate: object, reduced: object = None) -> str | None:
    """Name the tax class of a line: standard, reduced, legacy8, exempt and so on.

    8 % alone is two classes in Japan: say by the second value whether the reduced rate
    applies.
    """
    for each in (rate, reduced):
        if isinstance(each, str) and len(each) > MAX_READING:
            raise RefusedValueError(reason="text too long to be a tax rate")
    try:
        return tax_class_of(exact(rate), exact(reduced))
    except BillingError as error:
        reason = "a tax rate that is none, or that means two classes"
        raise RefusedValueError(reason, error.remedy) from None


def japan_functions() -> tuple[Function, ...]:
    """Return the functions for Japanese names, addresses and numbers."""
    return (*_names(), *_reach(), *_numbers())


def _names() -> tuple[Function, ...]:
    return (
        of_text(clean, ('clean("ＡＢＣ　１２３")', "ABC 123"), longest=MAX_TEXT),
        of_text(
            company.company_name,
            ('company_name("（株）サンプル")', "株式会社サンプル"),
        ),
        of_text(
            company.company_key,
            ('company_key("㈱サンプル") == company_key("サンプル株式会社")', True),
        ),
        of_text(person.person_name, ('person_name("山田　太郎 様")', "山田 太郎")),
        of_text(
            person.person_key,
            ('person_key("髙橋 一郎") == person_key("高橋　一郎")', True),
        ),
        of_text(texts.kana, ('kana("ﾔﾏﾀﾞ ﾀﾛｳ")', "ヤマダタロウ")),
        of_text(hiragana, ('hiragana("ヤマダ")', "やまだ")),
    )


def _reach() -> tuple[Function, ...]:
    return (
        of_text(
            email.email_address,
            ('email("ｔａｒｏ＠ｅｘａｍｐｌｅ．ｃｏ．ｊｐ")', "taro@example.co.jp"),
            name="email",
        ),
        function(
            valid_email,
            Example('valid_email("taro.example.jp")', gives=False),
            Example("valid_email(null)", gives=False),
            group="Japan",
            nulls="see",
            returns=Kind.TRUTH,
        ),
        of_text(
            email.domain, ('domain("Taro@Mail.Example.co.jp")', "mail.example.co.jp")
        ),
        of_text(
            email.company_domain,
            ('company_domain("taro@mail.example.co.jp")', "example.co.jp"),
            ('company_domain("taro@gmail.com")', None),
        ),
        of_text(phones.phone_jp, ('phone_jp("+81-3-1234-5678")', "03-1234-5678")),
        of_text(phones.phone_e164, ('phone_e164("(03)1234-5678")', "+81312345678")),
        of_text(address.prefecture, ('prefecture("東京都港区芝1-1")', "東京都")),
        of_text(address.postcode, ('postcode("〒１００ー０００１")', "100-0001")),
    )


def _numbers() -> tuple[Function, ...]:
    return (
        of_text(
            corporate.corporate_number,
            ('corporate_number("7000-0120-5000-2")', "7000012050002"),
        ),
        of_text(
            corporate.registration_number,
            ('registration_number("Ｔ-7000012050002")', "T7000012050002"),
        ),
        *(
            function(
                call,
                Example(f'{call.__name__}("{good}")', gives=True),
                group="Japan",
                nulls="see",
                returns=Kind.TRUTH,
            )
            for call, good in (
                (valid_corporate_number, "7000012050002"),
                (valid_registration_number, "T7000012050002"),
            )
        ),
        function(
            wareki,
            Example('wareki("2026-05-31")', "令和8年5月31日"),
            group="Japan",
            returns=Kind.TEXT,
        ),
        function(
            amount,
            Example('amount("1億2,500万円")', Decimal(125000000)),
            group="Japan",
            returns=Kind.NUMBER,
        ),
        function(
            tax_class,
            Example("tax_class(10)", "standard"),
            Example('tax_class("8%", true)', "reduced"),
            group="Japan",
            nulls="see",
            returns=Kind.TEXT,
        ),
    )
