"""A sheet of A4 that text and boxes are set on; lengths in points, from the top."""

import io
from typing import Final

from tasuki.paper import typeface

WIDTH: Final = 595.28
HEIGHT: Final = 841.89
LEFT: Final = 48.0
RIGHT: Final = WIDTH - 48.0
TOP: Final = 46.0
BOTTOM: Final = HEIGHT - 52.0

Colour = tuple[float, float, float]
INK: Final[Colour] = (0.11, 0.13, 0.17)
SOFT: Final[Colour] = (0.40, 0.43, 0.48)
NAVY: Final[Colour] = (0.13, 0.22, 0.36)
PALE: Final[Colour] = (0.945, 0.955, 0.97)
HAIR: Final[Colour] = (0.80, 0.83, 0.87)
RED: Final[Colour] = (0.72, 0.16, 0.16)
WHITE: Final[Colour] = (1.0, 1.0, 1.0)
_FAINT: Final[Colour] = (0.955, 0.955, 0.962)
_BOLD: Final = 0.024  # of the size: how thick a strong letter's outline is
_BOLD_SMALL: Final = 0.012
_SMALL: Final = 12.0


class Sheet:
    """Pages of one document, the present one open."""

    def __init__(self, title: str, author: str, subject: str) -> None:
        from reportlab.pdfgen.canvas import Canvas  # noqa: PLC0415 - loaded when printed

        typeface.load()
        self._bytes = io.BytesIO()
        # Invariant: no time, no random id; the same paper is the same bytes.
        self._canvas = Canvas(
            self._bytes, pagesize=(WIDTH, HEIGHT), invariant=1, pageCompression=1,
            lang="ja-JP",
        )  # fmt: skip
        self._canvas.setTitle(title)
        self._canvas.setAuthor(author)
        self._canvas.setSubject(subject)
        self._canvas.setCreator("Tasuki")

    def text(  # noqa: PLR0913 - a text has a place, a size and a look
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        *,
        colour: Colour = INK,
        align: str = "left",
        strong: bool = False,
        spacing: float = 0.0,
    ) -> None:
        """Set one line; `y` is its baseline."""
        shown = typeface.printable(text)
        long = typeface.width(shown, size) + spacing * max(0, len(shown) - 1)
        start = {"left": x, "right": x - long, "centre": x - long / 2}[align]
        canvas = self._canvas
        canvas.saveState()
        canvas.setFillColorRGB(*colour)
        canvas.setStrokeColorRGB(*colour)
        canvas.setLineWidth(size * (_BOLD if size >= _SMALL else _BOLD_SMALL))
        canvas.setFont(typeface.NAME, size)
        canvas.drawString(
            start, HEIGHT - y, shown, mode=2 if strong else 0, charSpace=spacing
        )
        canvas.restoreState()

    def rule(
        self, y: float, x: float = LEFT, to: float = RIGHT, *,
        thick: float = 0.5, colour: Colour = HAIR,
    ) -> None:  # fmt: skip
        """Draw a horizontal line."""
        self._canvas.setStrokeColorRGB(*colour)
        self._canvas.setLineWidth(thick)
        self._canvas.line(x, HEIGHT - y, to, HEIGHT - y)

    def box(
        self, x: float, y: float, wide: float, high: float, *,
        fill: Colour | None = None, line: Colour | None = None, thick: float = 0.7,
    ) -> None:  # fmt: skip
        """Draw a box; `y` is its upper edge."""
        canvas = self._canvas
        if fill:
            canvas.setFillColorRGB(*fill)
        if line:
            canvas.setStrokeColorRGB(*line)
            canvas.setLineWidth(thick)
        canvas.rect(
            x, HEIGHT - y - high, wide, high,
            stroke=int(bool(line)), fill=int(bool(fill)),
        )  # fmt: skip

    def watermark(self, word: str) -> None:
        """Set a faint word across the page, before anything else."""
        canvas = self._canvas
        canvas.saveState()
        canvas.translate(WIDTH / 2, HEIGHT / 2 - 40)
        canvas.rotate(35)
        canvas.setFillColorRGB(*_FAINT)
        canvas.setFont(typeface.NAME, 130)
        canvas.drawCentredString(0, -45, word)
        canvas.restoreState()

    def turn(self) -> None:
        """Begin the next page."""
        self._canvas.showPage()

    def done(self) -> bytes:
        """End the last page and return the document."""
        self._canvas.showPage()
        self._canvas.save()
        return self._bytes.getvalue()
