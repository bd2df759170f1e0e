"""PDFs as stand-ins hand them out: a plain page that says whose it is."""

from tasuki.paper.sheet import LEFT, TOP, Sheet


def page(system: str, title: str, *lines: str) -> bytes:
    """Return a PDF of one page; the same words give the same bytes."""
    sheet = Sheet(title, system, "")
    sheet.text(LEFT, TOP + 20, title, 18, strong=True)
    for number, line in enumerate(lines):
        sheet.text(LEFT, TOP + 50 + 16 * number, line, 10)
    sheet.text(LEFT, TOP + 70 + 16 * len(lines), f"({system}, stand-in)", 8)
    return sheet.done()
