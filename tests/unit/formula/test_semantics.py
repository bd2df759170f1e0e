"""What formulas give: nothing flows, numbers are exact, text is not a number."""

from datetime import UTC, date, datetime
from decimal import ROUND_DOWN, Decimal, localcontext

import pytest

from tasuki.formula import FormulaError, builtin_functions, parse

TODAY = date(2026, 5, 31)
TABLE = builtin_functions(
    settings={"default_owner": "005A", "rate": 0.1},
    lists={"free_mail_domains": ["gmail.com", "yahoo.co.jp"]},
    today=lambda: TODAY,
)


def value(formula: str, **scope: object) -> object:
    return parse(formula, TABLE)(scope)


def refusal(formula: str, **scope: object) -> FormulaError:
    with pytest.raises(FormulaError) as caught:
        value(formula, **scope)
    return caught.value


@pytest.mark.parametrize(
    ("formula", "gives"),
    [
        ("0.1 + 0.2", Decimal("0.3")),
        ("0.1 + 0.2 == 0.3", True),
        ("1 + 2", 3),
        ("1 / 4", Decimal("0.25")),
        ("6 / 2", Decimal(3)),
        ("-7 // 2", -4),
        ("-7.0 // 2", Decimal(-4)),
        ("7.5 // -2", Decimal(-4)),
        ("-7 % 3", 2),
        ("-7.0 % 3", Decimal("2.0")),
        ("7.5 % -2", Decimal("-0.5")),
        ("2 ** 10", 1024),
        ("2 ** -1", Decimal("0.5")),
        ("1.1 ** 2", Decimal("1.21")),
        ("0 ** 0", 1),
        ("-(1 - 3)", 2),
        ("-2.5", Decimal("-2.5")),
        ("1_000 * 3", 3000),
        ("2 + 3 * 4", 14),
        ("(2 + 3) * 4", 20),
        ('"a" + "b"', "ab"),
        ('["a"] + ["b"]', ["a", "b"]),
        ("[1, 0.5, null]", [1, Decimal("0.5"), None]),
    ],
)
def test_arithmetic_is_exact(formula: str, gives: object) -> None:
    result = value(formula)
    assert result == gives
    assert type(result) is type(gives)


@pytest.mark.parametrize(
    "formula",
    [
        *("x + 1", "1 - x", "x * x", "x / 2", "2 // x", "x % 2", "x ** 2", "-x"),
        *('"a" + x', "x < 1", "1 <= x", "x > 1", "x >= 1", "0 < x < 3", "lower(x)"),
        *("left(x, 2)", "number(x)", "round(x)", 'replace("a", "b", x)', "date(x)"),
        *("add_days(x, 1)", "account.Name", "account.Owner.Email"),
        *("company_name(x)", "amount(x)", "x"),
    ],
)
def test_nothing_in_gives_nothing(formula: str) -> None:
    assert value(formula) is None
    assert value(formula, x=None, account=None) is None


@pytest.mark.parametrize(
    ("formula", "gives"),
    [
        ("x == null", True),
        ("null == x", True),
        ("null == null", True),
        ("1 == null", False),
        ('"a" != null', True),
        ("null != 0.5", True),
        ("x != null", False),
        ("x == 1", False),
        ("x != 1", True),
        ('x != "a"', True),
        ("x != true", True),
        ('x in ["a", "b"]', False),
        ('x not in ["a", "b"]', True),
        ('"a" in x', False),
        ('"a" not in x', True),
        ("not x", True),
        ("not (x > 1)", True),
        ("1 if x else 2", 2),
        ("x or 3", 3),
        ("x and 3", None),
        ("count(x)", 0),
        ("sum(x, y)", 0),
        ("any(x, y)", False),
        ("all(x, y)", True),
        ('concat("a", x)', "a"),
        ("min(2, x)", 2),
        ("valid_email(x)", False),
    ],
)
def test_nothing_is_a_value_for_equality_lists_and_conditions(
    formula: str, gives: object
) -> None:
    assert value(formula, x=None) == gives
    assert value(formula) == gives


@pytest.mark.parametrize(
    ("held", "formula", "gives"),
    [
        ("true", "flag != true", False),
        ("false", "flag != true", True),
        ("TRUE", "flag == true", True),
        ("", "flag != true", True),
        (True, "flag == true", True),
        (True, 'flag == "true"', True),
        (False, 'flag != "true"', True),
        ("Active", "flag == true", False),
        ("true", "true == flag", True),
        (1, "flag == true", True),
        ("false", "1 if flag else 2", 2),
        ("False", "not flag", True),
        ("true", "1 if flag else 2", 1),
        ("false", "flag or 5", 5),
        ("no", "1 if flag else 2", 1),
        ("true", "flag in [true]", True),
    ],
)
def test_booleans_delivered_as_text_compare_as_booleans(
    held: object, formula: str, gives: object
) -> None:
    assert value(formula, flag=held) == gives


def test_a_float_of_a_json_answer_becomes_the_number_it_was_written_as() -> None:
    for formula in ("x", "x if true else 1", "first(x)", "x or 1", "min(x)"):
        result = value(formula, x=0.1)
        assert (result, type(result)) == (Decimal("0.1"), Decimal)
    assert value("x + 0.2", x=0.1) == Decimal("0.3")
    assert value("account.Amount * 3", account={"Amount": 0.1}) == Decimal("0.3")
    assert value("x > 0.05", x=0.1) is True
    assert value('x == 0.1 and x in [0.1] and text(x) == "0.1"', x=0.1) is True
    assert value('setting("rate")') == Decimal("0.1")


def test_the_ambient_decimal_context_changes_nothing() -> None:
    with localcontext() as context:
        context.prec = 3
        context.rounding = ROUND_DOWN
        assert value("1234567.89 + 0.01") == Decimal("1234567.90")
        assert value("round(2.675, 2)") == Decimal("2.68")


@pytest.mark.parametrize(
    ("formula", "remedy"),
    [
        ('"5" + 1', "number(x)"),
        ("score >= 60", "number(x)"),
        ("score == 60", "number(x)"),
        ("score != 60", "number(x)"),
        ("score in [60, 80]", "number(x)"),
        ("score * 2", "number(x)"),
        ("sum([score])", "number(x)"),
        ("round(score)", "number(x)"),
        ('score >= "60"', "number(x)"),
        ("closed > today()", "date(x)"),
        ("closed == today()", "date(x)"),
        ("today() + 1", "add_days"),
        ("1 / 0", "if b else null"),
    ],
)
def test_values_of_different_kinds_are_an_error_with_a_remedy(
    formula: str, remedy: str
) -> None:
    assert remedy in refusal(formula, score="70", closed="2026-05-31").remedy


def test_text_as_number_is_read_on_request() -> None:
    assert value("number(score) >= 60", score="70") is True
    assert value("number(score) >= 60", score="") is None
    assert value("number(score)", score=" １，２００ ") == 1200
    assert value("number(score)", score="1.50") == Decimal("1.50")
    assert refusal("number(score)", score="abc").reason == "the text is not a number"


def test_decisions_do_not_look_at_what_they_do_not_need() -> None:
    assert value("x == 0 or 1 / x > 0", x=0) is True
    assert value("x != 0 and 1 / x > 0", x=0) is False
    assert value("null if x == 0 else 1 / x", x=0) is None
    assert value("first(1, 1 / 0)") == 1
    assert value("coalesce(x, 1 / 0)", x="") == ""


def test_and_and_or_give_the_value_that_decided() -> None:
    assert value('company or "不明"', company="") == "不明"
    assert value('company and "ある"', company="A") == "ある"
    assert value("a or b or c", c=0.5) == Decimal("0.5")


def test_chained_comparisons_look_at_each_value_once() -> None:
    assert value("1 <= x < 10", x=1) is True
    assert value("1 < x < 10", x=1) is False
    assert value("1 < 2 < 3 < 3") is False
    assert value('"a" == x == "a"', x="a") is True


def test_dotted_paths_walk_related_records() -> None:
    scope = {"account": {"Name": "サンプル", "Owner": {"Email": "a@b.jp"}}}
    assert value("account.Name", **scope) == "サンプル"
    assert value("account.Owner.Email", **scope) == "a@b.jp"
    assert value("account.Missing.Email", **scope) is None
    assert value("account.Name.Length", **scope) is None


def test_names_of_kintone_fields_are_read_as_written() -> None:
    half_width = "ｶﾅ"
    assert value("会社名", 会社名="サンプル") == "サンプル"
    assert parse(half_width, TABLE)({half_width: "ヤマダ"}) == "ヤマダ"
    assert parse('field("担当者（営業）")', TABLE)({"担当者（営業）": 1.5}) == Decimal(
        "1.5"
    )
    assert parse('lower(field("$id"))', TABLE)({"$id": "A"}) == "a"


def test_a_formula_names_what_it_reads_and_calls() -> None:
    formula = parse(
        'sum(lines, Qty * Price) == Amount and lower(account.Name) in ["a"]'
        ' and any(where(account.cases, Open), count(notes, item == "x") > 0)'
        ' and any(split(tags, ";"), item == field("y z"))',
        TABLE,
    )
    assert formula.names == {"lines", "Amount", "account.Name", "account.cases", "tags"}
    assert formula.inner_names == {
        ("lines", "Qty"),
        ("lines", "Price"),
        ("account.cases", "Open"),
        ("account.cases", "notes"),
        ("account.cases.notes", "item"),
        ("", "item"),
        ("", "y z"),
    }
    assert formula.functions == {
        *("sum", "lower", "any", "where", "count", "split", "field")
    }


def test_items_of_a_list_have_their_own_scope() -> None:
    lines = [{"Price": 2, "Parts": [{"Price": 5}]}, {"Price": 3.5}]
    assert value("sum(lines, Price)", lines=lines, Price=100) == Decimal("5.5")
    assert value("sum(lines, sum(Parts, Price))", lines=lines) == 5
    assert value("sum(lines, Price) - count(lines) + x", lines=lines, x=1) == 4.5
    assert value("sum(lines, Other)", lines=lines, Other=100) == 0
    assert value("count(lines, Price > 2)", lines=lines) == 1
    assert value("map(lines, Price)", lines=lines) == [2, Decimal("3.5")]
    assert value("max(map(lines, Price))", lines=lines) == Decimal("3.5")
    assert refusal("sum(lines, Price)", lines={"Price": 1}).position == 0


def test_named_lists_and_settings_belong_to_the_project() -> None:
    assert value('domain(m) in list("free_mail_domains")', m="a@gmail.com") is True
    assert value('domain(m) not in list("free_mail_domains")', m="a@b.jp") is True
    assert value('null in list("free_mail_domains")') is False
    assert value('setting("default_owner")') == "005A"
    assert value("setting(x)", x="default_owner") == "005A"


def test_today_is_the_day_the_table_says() -> None:
    assert value("today()") == TODAY
    assert value("date(x) < today()", x="2026-05-30") is True


def test_times_are_cut_in_japan() -> None:
    assert value("date(x)", x="2026-05-31T15:00:00Z") == date(2026, 6, 1)
    assert value("date(x)", x=datetime(2026, 5, 31, 15, tzinfo=UTC)) == date(2026, 6, 1)
    assert value("date(x)", x="1780185600000") == date(2026, 5, 31)
    assert value("date(x)", x="2026/5/1") == date(2026, 5, 1)


def test_an_error_names_the_place_and_no_value() -> None:
    formula = '会社 == "A" and\n  number(hubspotscore) + 1 > 2'
    error = refusal(formula, 会社="A", hubspotscore="taro@example.jp")
    assert formula[error.position :].startswith("number(")
    assert "taro" not in str(error)
    assert "taro" not in repr(error.__context__)
    inner = refusal("sum(lines, Price / Count)", lines=[{"Price": 1, "Count": 0}])
    assert (inner.position, inner.reason) == (17, "division by zero")
    twice = refusal("count(lines) + sum(lines, 1 / Count)", lines=[{"Count": 0}])
    assert twice.position == 28
    assert refusal("a + (b - c)", a=1, b="x", c=2).position == 7
    assert refusal("1 < a < b", a=2, b="x").position == 6


def test_an_error_of_a_billing_function_is_told_without_its_text() -> None:
    error = refusal('due_date("2026-05-01", terms)', terms="山田太郎 様と相談")
    assert "山田" not in f"{error} {error.remedy}"
    assert "月末締め翌月末払い" in error.remedy


def test_one_formula_serves_many_records() -> None:
    formula = parse("lower(email)", TABLE)
    assert [formula({"email": mail}) for mail in ("A", None, "b")] == ["a", None, "b"]
