"""The board of handoffs as Markdown, for the Prefect UI."""

from collections.abc import Iterable, Sequence

from tasuki.clock import TOKYO
from tasuki.insight import handoff_words as words
from tasuki.insight.handoff_board import Judged, Standing
from tasuki.insight.handoff_look import Board
from tasuki.insight.handoff_rule import SalesModel
from tasuki.model.language import Language, one_of

KEY = "tasuki-handoffs"
_MOST = 30
_LATE = frozenset({Standing.BREACHED, Standing.NEAR})
_TITLE = ("部門間の受け渡し", "Handoffs between departments")
_BY_SOURCE = ("獲得元ごとの質", "Quality by source")
_HEADS = (
    ("状態", "standing"),
    ("受け渡し", "handoff"),
    ("誰の", "whose"),
    ("超過", "late by"),
    ("担当", "whose turn"),
    ("理由", "why"),
    ("すること", "what to do"),
)
_SOURCES = (
    ("受け渡し", "handoff"),
    ("獲得元", "source"),
    ("件数", "entered"),
    ("条件未達", "refused at gate"),
    ("未達の条件", "criteria"),
    ("受領", "accepted"),
    ("差戻し", "rejected"),
    ("差戻し理由", "reasons"),
)


def one_line(board: Board) -> str:
    """Return the board in one line, for logs."""
    late, near = board.count(Standing.BREACHED), board.count(Standing.NEAR)
    return f"handoffs: {late:,} overdue, {near:,} nearly so"


def markdown(model: SalesModel, board: Board, language: Language) -> str:
    """Return what is late and where bad customers come from, as Markdown."""
    counts = ", ".join(
        f"{one_of(names, language)} {board.count(standing):,}"
        for standing, names in words.STANDINGS.items()
        if board.count(standing)
    )
    lines = [f"## {one_of(_TITLE, language)}", "", counts or "-", ""]
    late = [one for one in board.judged if one.standing in _LATE]
    if late:
        rows = [_row(model, one, language) for one in late[:_MOST]]
        lines += _table(_HEADS, rows, language)
    if len(late) > _MOST:
        lines += [f"… {len(late) - _MOST:,} (`tasuki handoffs --csv`)", ""]
    if board.sources:
        lines += [f"### {one_of(_BY_SOURCE, language)}", ""]
        lines += _table(_SOURCES, _source_rows(board, language), language)
    return "\n".join(lines) + "\n"


def _row(model: SalesModel, one: Judged, language: Language) -> Sequence[str]:
    due = one.row.due_at.astimezone(TOKYO)
    late = words.late_by(one, model, language)
    return (
        words.how_it_stands(one, language),
        one.row.handoff,
        one.row.subject,
        late or f"{due:%m-%d %H:%M}",
        words.who(model, one, language),
        words.why(one, language),
        words.what_to_do(model, one, language),
    )


def _source_rows(board: Board, language: Language) -> Iterable[Sequence[str]]:
    for line in board.sources:
        yield (
            line.handoff,
            words.channel(line, language),
            f"{line.entered:,}",
            f"{line.at_gate:,}",
            words.reasons(dict(line.gate.most_common()), language),
            f"{line.accepted:,}",
            f"{line.rejected.total():,}",
            words.reasons(dict(line.rejected.most_common()), language),
        )


def _table(
    heads: Sequence[words.Words],
    rows: Iterable[Sequence[str]],
    language: Language,
) -> list[str]:
    named = [one_of(each, language) for each in heads]
    told = ["| " + " | ".join(map(_cell, row)) + " |" for row in rows]
    return ["| " + " | ".join(named) + " |", "|---" * len(named) + "|", *told, ""]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
