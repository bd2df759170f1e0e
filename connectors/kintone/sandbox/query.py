"""kintone's query language, for the stand-in: conditions, order, limit, offset."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

Test = Callable[[Callable[[str], object]], bool]
"""Says of a record, given as a function from field code to value, whether it fits."""

_TOKEN: Final = re.compile(
    r'\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<sign><=|>=|!=|=|<|>|\(|\)|,)'
    r"|(?P<word>[^\s\"()<>=!,]+))"
)
_MOST: Final = 500
_FARTHEST: Final = 10_000


class QueryError(ValueError):
    """The query is none, or asks for too much: kintone's code and words."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(code, words)
        self.code = code
        self.words = words


@dataclass(slots=True)
class Parsed:
    """A query, ready to be asked."""

    test: Test
    above: int = 0
    """`$id > N` that holds in any case: where to begin."""
    among: dict[str, list[str]] = field(default_factory=dict)
    """`code in (…)` that holds in any case: a way to few records."""
    since: dict[str, str] = field(default_factory=dict)
    """`code >= "…"` that holds in any case."""
    order: list[tuple[str, bool]] = field(default_factory=list)
    limit: int = 100
    offset: int = 0


def parse(text: str, codes: frozenset[str]) -> Parsed:
    """Read a query on an app with these field codes.

    Raises:
        QueryError: as kintone would refuse it.
    """
    reader = _Reader(list(_tokens(text)), codes)
    parsed = reader.query()
    if parsed.limit > _MOST:
        raise QueryError(
            "GAIA_QU01", f"limit には {_MOST} 以下の値を指定してください。"
        )
    if parsed.offset > _FARTHEST:
        raise QueryError(
            "GAIA_QU02", f"offset には {_FARTHEST} 以下の値を指定してください。"
        )
    return parsed


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    place, stripped = 0, text.rstrip()
    while place < len(stripped):
        found = _TOKEN.match(stripped, place)
        if found is None:
            raise QueryError("CB_VA01", "クエリの記法が間違っています。")
        kind = str(found.lastgroup)
        value = found[kind]
        if kind == "text":
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        yield kind, value
        place = found.end()


class _Reader:
    """Recursive descent over the tokens."""

    def __init__(self, tokens: list[tuple[str, str]], codes: frozenset[str]) -> None:
        self._tokens = tokens
        self._codes = codes
        self._place = 0
        self._sure = True
        self._parsed = Parsed(lambda _: True)

    def query(self) -> Parsed:
        if self._word() not in {"order", "limit", "offset", ""}:
            self._parsed.test = self._either()
        if self._take("order"):
            self._need("by")
            self._orders()
        while self._word() in {"limit", "offset"}:
            name = self._next()
            setattr(self._parsed, name, self._number())
        if self._place < len(self._tokens):
            raise self._wrong()
        return self._parsed

    def _either(self) -> Test:
        start, kept = self._place, self._kept()
        tests = [self._all()]
        while self._take("or"):
            tests.append(self._all())
        if len(tests) == 1:
            return tests[0]
        # Read again: under an "or" nothing holds in any case.
        self._place, sure = start, self._sure
        self._parsed.above, self._parsed.among, self._parsed.since = kept
        self._sure = False
        tests = [self._all()]
        while self._take("or"):
            tests.append(self._all())
        self._sure = sure
        return lambda of: any(test(of) for test in tests)

    def _kept(self) -> tuple[int, dict[str, list[str]], dict[str, str]]:
        return self._parsed.above, dict(self._parsed.among), dict(self._parsed.since)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._take("and"):
            tests.append(self._one())
        if len(tests) == 1:
            return tests[0]
        return lambda of: all(test(of) for test in tests)

    def _one(self) -> Test:
        if self._take("("):
            inner = self._either()
            self._need(")")
            return inner
        code = self._next()
        if code not in self._codes:
            raise QueryError(
                "GAIA_IQ11", f"指定されたフィールド（code: {code}）が見つかりません。"
            )
        sign = self._next().lower()
        if sign == "not":
            sign = f"not {self._next().lower()}"
        return self._comparison(code, sign)

    def _comparison(self, code: str, sign: str) -> Test:
        if sign in {"in", "not in"}:
            values = self._list()
            if self._sure and sign == "in":
                self._parsed.among[code] = values
            wanted = frozenset(values)
            if sign == "in":
                return lambda of: bool(_words(of(code)) & wanted)
            return lambda of: not _words(of(code)) & wanted
        value = self._next()
        if self._sure and code == "$id" and sign == ">" and value.isdecimal():
            self._parsed.above = max(self._parsed.above, int(value))
        if self._sure and sign == ">=":
            self._parsed.since[code] = value
        if sign in {"like", "not like"}:
            wanted_in = sign == "like"
            return lambda of: any(value in w for w in _words(of(code))) is wanted_in
        return self._order_test(code, sign, value)

    def _order_test(self, code: str, sign: str, value: str) -> Test:
        match sign:
            case "=":
                return lambda of: _key(of(code)) == _key(value)
            case "!=":
                return lambda of: _key(of(code)) != _key(value)
            case ">":
                return lambda of: _key(of(code)) > _key(value)
            case "<":
                return lambda of: _key(of(code)) < _key(value)
            case ">=":
                return lambda of: _key(of(code)) >= _key(value)
            case "<=":
                return lambda of: _key(of(code)) <= _key(value)
            case _:
                raise self._wrong()

    def _list(self) -> list[str]:
        self._need("(")
        values = [self._next()]
        while self._take(","):
            values.append(self._next())
        self._need(")")
        return values

    def _orders(self) -> None:
        while True:
            code = self._next()
            if code not in self._codes:
                raise self._wrong()
            down = self._take("desc")
            if not down:
                self._take("asc")
            self._parsed.order.append((code, down))
            if not self._take(","):
                return

    def _number(self) -> int:
        text = self._next()
        if not text.isdecimal():
            raise self._wrong()
        return int(text)

    def _word(self) -> str:
        if self._place >= len(self._tokens):
            return ""
        kind, value = self._tokens[self._place]
        return value.lower() if kind == "word" else f"{kind}:"

    def _take(self, wanted: str) -> bool:
        if self._place < len(self._tokens):
            kind, value = self._tokens[self._place]
            if kind != "text" and value.lower() == wanted:
                self._place += 1
                return True
        return False

    def _need(self, wanted: str) -> None:
        if not self._take(wanted):
            raise self._wrong()

    def _next(self) -> str:
        if self._place >= len(self._tokens):
            raise self._wrong()
        self._place += 1
        return self._tokens[self._place - 1][1]

    def _wrong(self) -> QueryError:
        return QueryError("CB_VA01", "クエリの記法が間違っています。")


def _words(value: object) -> frozenset[str]:
    if isinstance(value, list):
        return frozenset(
            str(one.get("code") if isinstance(one, dict) else one) for one in value
        )
    return frozenset([str(value if value is not None else "")])


def _key(value: object) -> tuple[int, float, str]:
    text = str(value if value is not None else "")
    try:
        return 0, float(text), ""
    except ValueError:
        return 1, 0.0, text
