"""The reference page of the functions, written from the table itself."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from tasuki.formula.functions import Function, FunctionTable
from tasuki.formula.values import as_number, plain_number

_INTRODUCTION = """# Formulas

A value that starts with `=` is a formula, as in a spreadsheet: `= lower(email)`.
Rules under `qualify:` are formulas too.

| written | meaning |
|---|---|
| `email`, `account.Name` | a field; a field of a related record |
| `field("担当者（営業）")` | a field whose name is no word |
| `12`, `0.1`, `"text"`, `["a", "b"]` | constants: `0.1 + 0.2 == 0.3` |
| `true`, `false`, `null` | constants too; `null` is nothing |
| `+ - * / // % **` | arithmetic; `+` also joins text to text |
| `== != < <= > >=`, `in`, `not in` | comparisons; `1 <= x < 10` |
| `and`, `or`, `not`, `x if condition else y` | decisions |

Rules that keep surprises out:

* **Nothing flows through.** A field that is missing is nothing. Arithmetic, order and
  most functions then give nothing. `==` and `!=` compare with nothing as with any
  value: `x != 5` holds where x is missing. As a condition, nothing is false.
* **Text is not a number.** HubSpot delivers every property as text: write
  `number(hubspotscore) >= 60`. Text compared or calculated with a number is an error,
  never silently false.
* **Truth as text.** The text `true` or `false` (in any case) equals the boolean, and
  the text `false` is false as a condition, because HubSpot delivers booleans as text:
  `hs_email_optout != true`.
* **False as conditions** are nothing, `false`, `0`, empty text and empty lists.
* **Lists.** In `sum(lines, Quantity * UnitPrice)` the second value is evaluated for
  each item and reads the item's own fields only. In a list of plain values the item
  is called `item`. A list that is missing is empty.
* **Dates** are calendar days in Japan. Every date function reads ISO text; to compare,
  write `date(x)`.
* **Bounds.** A formula has 2,000 characters, 250 values and 40 levels at most. A text
  that it builds has 200,000 characters. Of lists it visits 10,000 items, makes
  4,000,000 characters and works 2 seconds of CPU. Numbers have 34 digits. Beyond that
  the record is a dead letter; nothing hangs.
* **Division by zero** is an error: `a / b if b else null`.
"""


def markdown(table: FunctionTable) -> str:
    """Write the reference page: the language, then every function by group."""
    groups: dict[str, list[Function]] = {}
    for function in table:
        groups.setdefault(function.group, []).append(function)
    parts = [_INTRODUCTION]
    for group, functions in groups.items():
        parts.append(f"## {group[:1].upper()}{group[1:]}\n")
        parts.extend(map(_section, functions))
    return "\n".join(parts)


def _section(function: Function) -> str:
    lines = [f"### `{function.signature}`", "", _description(function), ""]
    if function.examples:
        lines += ["```text", *_examples(function), "```", ""]
    return "\n".join(lines)


def _description(function: Function) -> str:
    """Return the paragraphs for people; those for programmers start with a section."""
    paragraphs = []
    for paragraph in function.doc.split("\n\n"):
        if paragraph.partition("\n")[0] in {"Args:", "Returns:", "Raises:", "Example:"}:
            break
        paragraphs.append(paragraph)
    return "\n\n".join(paragraphs) or "A function of this project."


def _examples(function: Function) -> Iterable[str]:
    for example in function.examples:
        yield f"{example.formula}  →  {shown(example.gives)}"
        used = {n: v for n, v in example.given.items() if n in example.formula}
        if used:
            yield f"    where {shown(used)[1:-1]}"


def shown(value: object) -> str:
    """Write a value as formulas do."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float | Decimal):
        return plain_number(as_number(value))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        fields = (f"{name}: {shown(each)}" for name, each in value.items())
        return f"{{{', '.join(fields)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(shown, value))}]"
    return f'"{value}"'
