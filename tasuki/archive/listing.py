"""What is handed to the tax office: a list, and files by its naming."""

import csv
import io
import re
from collections.abc import Iterable

from tasuki.archive.entry import Entry

HEADS = (
    ("seq", "通番"),
    ("transaction_date", "取引年月日"),
    ("counterparty", "取引先"),
    ("amount", "取引金額"),
    ("currency", "通貨"),
    ("doc_type", "書類の種類"),
    ("doc_no", "書類番号"),
    ("direction", "授受"),
    ("registration_number", "登録番号"),
    ("version", "版"),
    ("op", "処理"),
    ("reason", "理由"),
    ("recorded_at", "保存日時"),
    ("retain_until", "保存期限"),
    ("channel", "授受の経路"),
    ("content_sha256", "SHA-256"),
    ("hash", "連鎖ハッシュ"),
)
"""Columns of the list, and their heads in Japanese."""

_EXTENSIONS = {
    "application/json": "json",
    "application/pdf": "pdf",
    "application/xml": "xml",
    "image/jpeg": "jpg",
    "image/png": "png",
    "message/rfc822": "eml",
    "text/csv": "csv",
    "text/plain": "txt",
}
_WORDS = {
    "issued": "発行",
    "received": "受領",
    "create": "登録",
    "correct": "訂正",
    "void": "取消",
    "delete_request": "削除",
    "export": "出力",
}
_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MOST_BYTES = 60
_NUMBERS = frozenset({"amount", "seq", "version"})


def mime_of(name: str) -> str:
    """Return the type of a file by the end of its name."""
    end = name.rpartition(".")[2].casefold()
    end = {"jpeg": "jpg"}.get(end, end)
    found = [mime for mime, extension in _EXTENSIONS.items() if extension == end]
    return found[0] if found else "application/octet-stream"


def file_name(entry: Entry) -> str:
    """Return the name by which the tax office's example calls a document's file.

    Example:
        >>> file_name(Entry(2, "create", "invoice", "INV-2025-0002",
        ...     transaction_date="2025-06-30", amount="660000",
        ...     counterparty="有限会社田中工務店", mime="application/pdf"))
        '20250630_有限会社田中工務店_660000_INV-2025-0002.pdf'
    """
    day = (entry.transaction_date or "").replace("-", "") or "00000000"
    parts = [day, entry.counterparty or "", entry.amount or "", entry.doc_no]
    kind = entry.doc_type.rpartition("_")[2]
    if kind in {"answer", "xml", "preview"}:
        parts.append(kind)
    extension = _EXTENSIONS.get(entry.mime or "", "bin")
    return "_".join(_safe(part) for part in parts) + f".{extension}"


def file_names(entries: Iterable[Entry]) -> dict[int, str]:
    """Return a name for each entry with a content; alike ones also have their place."""
    named: dict[int, str] = {}
    taken: set[str] = set()
    for entry in entries:
        if not entry.content_path:
            continue
        name = file_name(entry)
        if name.casefold() in taken:
            stem, _, extension = name.rpartition(".")
            name = f"{stem}_{entry.seq}.{extension}"
        taken.add(name.casefold())
        named[entry.seq] = name
    return named


def csv_text(entries: Iterable[Entry], names: dict[int, str]) -> str:
    """Return the list as CSV that Excel reads: with a byte order mark, CRLF."""
    sink = io.StringIO(newline="")
    sink.write(_BOM)
    writer = csv.writer(sink)
    writer.writerow([*(head for _, head in HEADS), "ファイル名"])
    for entry in entries:
        row = entry._asdict()
        cells = [_cell(name, row[name]) for name, _ in HEADS]
        writer.writerow([*cells, _cell("file", names.get(entry.seq))])
    return sink.getvalue()


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    text = str(value)
    if name in {"direction", "op"}:
        return _WORDS.get(text, text)
    # A spreadsheet would work a text out that begins like a formula.
    if name not in _NUMBERS and text.startswith(_FORMULA):
        return f"'{text}"
    return text


def _safe(text: str) -> str:
    bare = _FORBIDDEN.sub("_", text).strip(" .")
    return bare.encode()[:_MOST_BYTES].decode(errors="ignore")
