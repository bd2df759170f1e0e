"""A small SOQL reader: text to a tree, with Salesforce's own complaints."""

import re
from dataclasses import dataclass, field

from .checks import RequestError

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<text>'(?:[^'\\]|\\.)*')
  | (?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
  | (?P<day>\d{4}-\d\d-\d\d)
  | (?P<number>[+-]?\d+(?:\.\d+)?)
  | (?P<word>[A-Za-z_][\w.]*(?::\d+)?)
  | (?P<sign><=|>=|!=|<>|[=<>(),])
""",
    re.VERBOSE,
)
_UNESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_DEEPEST = 40


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a query, and where it stands."""

    kind: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Compare:
    """`path sign literal`; a literal is (kind, text), several for IN."""

    path: str
    sign: str
    literals: tuple[tuple[str, str], ...]
    at: int


@dataclass(frozen=True, slots=True)
class Logic:
    """AND, OR or NOT over conditions."""

    word: str
    parts: tuple["Condition", ...]


Condition = Compare | Logic


@dataclass(slots=True)
class Parsed:
    """One query or child query."""

    paths: list[tuple[str, int]] = field(default_factory=list)
    children: list["Parsed"] = field(default_factory=list)
    counts: bool = False
    name: str = ""
    name_at: int = 0
    where: Condition | None = None
    order: list[tuple[str, bool, bool, int]] = field(default_factory=list)
    """(path, descending, nulls last, position)."""
    limit: int | None = None


def parse(query: str) -> Parsed:
    """Read a query; raises RequestError with MALFORMED_QUERY."""
    reader = _Reader(query)
    parsed = reader.select()
    reader.end()
    return parsed


def complaint(query: str, at: int, words: str, code: str) -> RequestError:
    """Return a refusal that quotes the query around `at`, as Salesforce's do."""
    context = query[max(0, at - 40) : at + 40]
    pointer = f"{' ' * min(at, 40)}^\nERROR at Row:1:Column:{at + 1}"
    return RequestError(400, code, f"\n{context}\n{pointer}\n{words}")


class _Reader:
    def __init__(self, query: str) -> None:
        self._query = query
        self._tokens = list(self._scan())
        self._next = 0
        self._depth = 0

    def _scan(self) -> "list[Token]":
        tokens: list[Token] = []
        at = 0
        while at < len(self._query):
            found = _TOKEN.match(self._query, at)
            if not found:
                words = f"line 1:{at} no viable alternative at character"
                words = f"{words} '{self._query[at]}'"
                raise complaint(self._query, at, words, "MALFORMED_QUERY")
            if found.lastgroup != "space":
                tokens.append(Token(str(found.lastgroup), found[0], at))
            at = found.end()
        return tokens

    def _peek(self) -> Token:
        if self._next < len(self._tokens):
            return self._tokens[self._next]
        return Token("end", "<EOF>", len(self._query))

    def _take(self) -> Token:
        token = self._peek()
        self._next += 1
        return token

    def _is(self, *words: str) -> bool:
        return self._peek().text.upper() in words

    def _accept(self, word: str) -> bool:
        if self._is(word):
            self._next += 1
            return True
        return False

    def _expect(self, word: str) -> Token:
        if not self._is(word):
            raise self._unexpected()
        return self._take()

    def _unexpected(self) -> RequestError:
        token = self._peek()
        words = f"unexpected token: '{token.text}'"
        return complaint(self._query, token.at, words, "MALFORMED_QUERY")

    def end(self) -> None:
        if self._peek().kind != "end":
            raise self._unexpected()

    def _path(self) -> Token:
        if self._peek().kind != "word":
            raise self._unexpected()
        return self._take()

    def select(self, *, inner: bool = False) -> Parsed:
        self._expect("SELECT")
        parsed = Parsed()
        while True:
            self._selected(parsed, inner=inner)
            if not self._accept(","):
                break
        self._expect("FROM")
        name = self._path()
        parsed.name, parsed.name_at = name.text, name.at
        if self._accept("WHERE"):
            parsed.where = self._either()
        if self._accept("ORDER"):
            self._expect("BY")
            self._ordered(parsed)
        if self._accept("LIMIT"):
            parsed.limit = self._count()
        return parsed

    def _selected(self, parsed: Parsed, *, inner: bool) -> None:
        if self._is("(") and not inner:
            self._take()
            parsed.children.append(self.select(inner=True))
            self._expect(")")
            return
        path = self._path()
        if path.text.upper() == "COUNT" and self._is("("):
            self._take()
            self._expect(")")
            parsed.counts = True
            return
        if path.text.upper() == "FROM":
            self._next -= 1
            raise self._unexpected()
        parsed.paths.append((path.text, path.at))

    def _ordered(self, parsed: Parsed) -> None:
        while True:
            path = self._path()
            descending = self._accept("DESC")
            if not descending:
                self._accept("ASC")
            last = descending
            if self._accept("NULLS"):
                last = self._is("LAST")
                if not self._is("FIRST", "LAST"):
                    raise self._unexpected()
                self._take()
            parsed.order.append((path.text, descending, last, path.at))
            if not self._accept(","):
                return

    def _count(self) -> int:
        if self._peek().kind != "number":
            raise self._unexpected()
        return int(self._take().text)

    def _either(self) -> Condition:
        """Read conditions joined by AND, or by OR; SOQL mixes them in parentheses."""
        parts = [self._one()]
        word = self._peek().text.upper()
        if word not in {"AND", "OR"}:
            return parts[0]
        while self._accept(word):
            parts.append(self._one())
        if self._is("AND", "OR"):
            raise self._unexpected()
        return Logic(word, tuple(parts))

    def _one(self) -> Condition:
        if self._accept("NOT"):
            return Logic("NOT", (self._one(),))
        if self._accept("("):
            self._depth += 1
            if self._depth > _DEEPEST:
                raise self._unexpected()
            inside = self._either()
            self._depth -= 1
            self._expect(")")
            return inside
        path = self._path()
        sign = self._sign()
        if sign in {"IN", "NOT IN"}:
            self._expect("(")
            literals = [self._literal()]
            while self._accept(","):
                literals.append(self._literal())
            self._expect(")")
            return Compare(path.text, sign, tuple(literals), path.at)
        return Compare(path.text, sign, (self._literal(),), path.at)

    def _sign(self) -> str:
        if self._accept("NOT"):
            self._expect("IN")
            return "NOT IN"
        if self._is("IN", "LIKE") or self._peek().text in {
            "=",
            "!=",
            "<>",
            "<",
            ">",
            "<=",
            ">=",
        }:
            return self._take().text.upper().replace("<>", "!=")
        raise self._unexpected()

    def _literal(self) -> tuple[str, str]:
        token = self._take()
        if token.kind == "text":
            return "text", _unescape(token.text[1:-1])
        if token.kind in {"moment", "day", "number"}:
            return token.kind, token.text
        word = token.text.upper()
        if token.kind == "word" and word in {"TRUE", "FALSE", "NULL"}:
            return "word", word
        if token.kind == "word" and word.split(":")[0] in _DAYS:
            return "days", word
        self._next -= 1
        raise self._unexpected()


_DAYS = frozenset(
    {
        "TODAY",
        "YESTERDAY",
        "TOMORROW",
        "LAST_N_DAYS",
        "NEXT_N_DAYS",
        "THIS_MONTH",
    }
)


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", lambda m: _UNESCAPED.get(m[1], m[1]), text)
