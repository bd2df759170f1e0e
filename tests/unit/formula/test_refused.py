"""What cannot be written: every problem at once, at its place, with a remedy."""

from datetime import date

import pytest

from tasuki.formula import FormulaProblem, FormulaSyntaxError, builtin_functions, parse

TABLE = builtin_functions({"owner": "1"}, {"free": ["a"]}, lambda: date(2026, 5, 31))


def problems(formula: str) -> list[FormulaProblem]:
    with pytest.raises(FormulaSyntaxError) as caught:
        parse(formula, TABLE)
    return caught.value.problems


@pytest.mark.parametrize(
    ("formula", "position", "told"),
    [
        ("lowr(email)", 0, "Did you mean 'lower'?"),
        ("1 + compny_name(x)", 4, "Did you mean 'company_name'?"),
        ('"山田" + lowr(x)', 7, "Did you mean 'lower'?"),
        ("email.lower()", 5, "Write lower(x)."),
        ('setting("ownr")', 8, "Did you mean 'owner'?"),
        ('list("fre")', 5, "Did you mean 'free'?"),
        ("left(x)", 0, "Write left(text, count)."),
        ("left(x, 1, 2)", 0, "Write left(text, count)."),
        ("left(x, size=1)", 0, "Write left(text, count)."),
        ("sum(list_=lines)", 0, "sum"),
        ("a = b", 2, "Write `==`."),
        ("a && b", 2, "Write `and`."),
        ("a || b", 2, "Write `or`."),
        ("!a", 0, "Write `not`."),
        ("a <> b", 2, "Write `!=`."),
        ("a is null", 2, "Write `==`"),
        ("lower（x）", 5, "Write `(`."),
        ("「a」", 0, 'Write ".'),
        ("a\u3000+ b", 1, "a normal space"),
        ("x[0]", 0, "first_of"),
        ("a, b", 0, "Write a list in [ ]."),
        ("007", 0, 'Write "007" if it is text.'),
        ("2nd_phone", 0, 'field("name")'),
        ("class", 0, 'field("class")'),
        ("_id", 0, 'field("_id")'),
        ("account._id", 0, 'field("_id")'),
        ("a if b", 0, "Write `x if y else null`."),
        ('["a" "b"]', 5, "A comma or + is missing."),
        ("a +", 3, "ends too early"),
        ("(a", 0, "'(' is not closed"),
        ("a)", 1, "')' closes nothing"),
        ('"a', 0, "the text is not closed"),
        ('number(x) == "60"', 10, "a number compared with a text"),
        ("lower(x) == 60", 9, "a text compared with a number"),
        ("field(x)", 6, "takes the name of a field as text"),
        ("lambda: 1", 0, "'lambda' cannot be used"),
        ("a annd b", 2, "Did you mean 'and'?"),
        ("", 0, "the formula is empty"),
    ],
)
def test_a_problem_has_a_place_and_a_remedy(
    formula: str, position: int, told: str
) -> None:
    first = problems(formula)[0]
    assert first.position == position
    assert told in f"{first.message} {first.remedy}"


def test_all_problems_are_told_at_once() -> None:
    found = problems("lowr(a) + uper(b) if c.d().e else x[0] + _y")
    assert [problem.position for problem in found] == [0, 10, 22, 26, 34, 41]


def test_positions_count_characters_over_lines() -> None:
    formula = '会社名 == "株式会社"\n  and lowr(担当) == "x"'
    assert formula[problems(formula)[0].position :].startswith("lowr")


def test_a_formula_may_span_lines() -> None:
    assert parse("\n  1 +\r\n\t2\n", TABLE)({}) == 3


def test_the_problem_list_stays_short() -> None:
    assert len(problems("$" * 500)) == 20
