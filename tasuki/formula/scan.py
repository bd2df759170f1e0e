"""Read the characters of a formula before Python's parser does.

It bounds what the parser meets, keeps Python's own syntax out of our messages, and
finds what Japanese keyboards add: full-width brackets, quotes and spaces.
"""

import keyword
import re
import unicodedata

from tasuki.formula.errors import FormulaProblem
from tasuki.formula.limits import MAX_BRACKETS, MAX_DIGITS, MAX_LENGTH

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r\n]+)
  | (?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
  | (?P<number>(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?)
  | (?P<word>[^\W\d]\w*)
  | (?P<wrong>&&|\|\||<>|:=|->|\?\?|=>|===)
  | (?P<sign>\*\*|//|==|!=|<=|>=|[-+*/%<>()\[\],.=])
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"""\\(?:[\\"'nt]|u[0-9a-fA-F]{4}|(?P<bad>.))""", re.DOTALL)
_LONG_EXPONENT = re.compile(r"[eE][+-]?[0-9]{4}")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_WORDS = frozenset({"and", "or", "not", "in", "if", "else", "True", "False", "None"})
_INSTEAD = {
    "&&": "Write `and`.",
    "||": "Write `or`.",
    "&": "Write `and`, or concat(a, b) to join text.",
    "|": "Write `or`.",
    "!": "Write `not`.",
    "<>": "Write `!=`.",
    "===": "Write `==`.",
    "?": "Write `x if condition else y`.",
    "??": "Write first(a, b).",
    "is": "Write `==` or `!=`.",
    "{": 'Write a list in [ ], or read a field by field("name").',
    "$": 'Read such a field by field("$name").',
}
_PAIRS = {")": "(", "]": "["}


class Scan:
    """The tokens of a formula: what is wrong with them, and a one-line form.

    Attributes:
        text: The formula as written.
        problems: What no later step needs to look at.
        line: The formula with every space and line break as one blank, so that
            character offsets stay and Python's parser sees a single line.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.problems: list[FormulaProblem] = []
        self._open: list[tuple[str, int]] = []
        self._pieces: list[str] = []
        self._before = ""
        self._solid = ""  # the last token that was no space
        if len(text) > MAX_LENGTH:
            self._refuse(
                MAX_LENGTH,
                f"the formula is longer than {MAX_LENGTH:,} characters",
                "Split it, or write a function in mappings/functions.py.",
            )
        elif not text.strip():
            self._refuse(0, "the formula is empty")
        else:
            self._read()
        self.line = "".join(self._pieces)

    def _read(self) -> None:
        for match in _TOKEN.finditer(self.text):
            name, piece, at = match.lastgroup or "", match.group(), match.start()
            getattr(self, f"_{name}")(piece, at)
            self._pieces.append(" " * len(piece) if name == "space" else piece)
            self._before = name
            self._solid = self._solid if name == "space" else name
        for sign, at in self._open:
            self._refuse(at, f"'{sign}' is not closed")

    def _space(self, piece: str, at: int) -> None:
        """Accept what separates and means nothing."""
        del piece, at

    def _text(self, piece: str, at: int) -> None:
        if self._before == "word" and self._pieces[-1] not in _WORDS:
            self._refuse(at, f"text written directly after '{self._pieces[-1]}'")
        elif self._solid == "text":
            self._refuse(at, "text after text", "A comma or + is missing.")
        for match in _ESCAPE.finditer(piece):
            if match["bad"]:
                self._refuse(
                    at + match.start(),
                    f"'{match.group()}' in text",
                    "A backslash is written twice: \\\\.",
                )
            elif _SURROGATE.fullmatch(match.group()):
                self._refuse(at + match.start(), f"'{match.group()}' is no character")
        self._check_characters(piece, at)

    def _number(self, piece: str, at: int) -> None:
        digits = re.sub(r"[eE].*|[._]", "", piece)
        following = self.text[at + len(piece) : at + len(piece) + 1]
        if following == "_" or following.isalnum():
            self._refuse(
                at,
                f"'{piece}{following}' is neither a number nor a name",
                'Read a field whose name starts with a digit by field("name").',
            )
        elif len(digits) > MAX_DIGITS or _LONG_EXPONENT.search(piece):
            self._refuse(at, f"a number of more than {MAX_DIGITS} digits")
        elif len(digits) > 1 and digits[0] == "0" and "." not in piece:
            self._refuse(
                at, f"'{piece}' starts with 0", f'Write "{piece}" if it is text.'
            )
        elif "__" in piece or re.search(r"_(\.|e|E|$)|\._", piece):
            self._refuse(at, f"'{piece}' is not a number")

    def _word(self, piece: str, at: int) -> None:
        if not piece.isidentifier():
            self._refuse(at, f"'{piece}' is not a name", f'Write field("{piece}").')
        elif keyword.iskeyword(piece) and piece not in _WORDS:
            remedy = _INSTEAD.get(
                piece, f'Read a field of this name by field("{piece}").'
            )
            self._refuse(at, f"'{piece}' cannot be used in a formula", remedy)
        self._check_characters(piece, at)

    def _wrong(self, piece: str, at: int) -> None:
        self._refuse(at, f"'{piece}' cannot be used in a formula", _INSTEAD.get(piece))

    def _sign(self, piece: str, at: int) -> None:
        if piece in {"(", "["}:
            self._open.append((piece, at))
            if len(self._open) == MAX_BRACKETS + 1:
                self._refuse(at, f"more than {MAX_BRACKETS} brackets within brackets")
        elif piece in _PAIRS:
            if not self._open or self._open.pop()[0] != _PAIRS[piece]:
                self._refuse(at, f"'{piece}' closes nothing")
        elif piece == "=" and not self._open:
            self._refuse(at, "'=' does not compare", "Write `==`.")

    def _other(self, piece: str, at: int) -> None:
        plain = unicodedata.normalize("NFKC", piece)
        if piece in {'"', "'"}:
            self._refuse(at, "the text is not closed", f"End it with {piece}.")
        elif plain in {"“", "”", "„", "‘", "’", "＂", "「", "」"} or piece in "＂＇":
            self._refuse(at, f"'{piece}' is not a quotation mark here", 'Write ".')
        elif plain != piece and plain.isascii():
            if plain == " ":
                told, instead = "a full-width space", "a normal space"
            else:
                told, instead = f"'{piece}' is a full-width character", f"`{plain}`"
            self._refuse(at, told, f"Write {instead}.")
        else:
            shown = f"'{piece}'" if piece.isprintable() else f"U+{ord(piece):04X}"
            remedy = _INSTEAD.get(piece)
            self._refuse(at, f"{shown} cannot be used in a formula", remedy)

    def _check_characters(self, piece: str, at: int) -> None:
        """Refuse what no text of a formula needs: controls and half characters."""
        for offset, character in enumerate(piece):
            if unicodedata.category(character) in {"Cc", "Cs"} and character != "\t":
                told = f"U+{ord(character):04X} cannot be used in a formula"
                self._refuse(at + offset, told)

    def _refuse(self, at: int, message: str, remedy: str | None = None) -> None:
        self.problems.append(FormulaProblem(at, message, remedy))
