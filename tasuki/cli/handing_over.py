"""The command that shows how handoffs between departments stand: handoffs."""

from __future__ import annotations

import csv
import io
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.cli.context import leave, of
from tasuki.cli.language import LanguageOption, spoken
from tasuki.model.errors import ConfigError
from tasuki.model.language import one_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tasuki.cli.screen import Screen
    from tasuki.insight.handoff_board import Judged
    from tasuki.insight.handoff_look import Board
    from tasuki.insight.handoff_rule import SalesModel
    from tasuki.insight.handoff_words import Words
    from tasuki.model.language import Language

_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MOST = 50
_NAMED = 5
_HEADS: tuple[Words, ...] = (
    ("状態", "standing"),
    ("受け渡し", "handoff"),
    ("誰の", "whose"),
    ("期限", "due"),
    ("超過", "late by"),
    ("担当", "whose turn"),
    ("原因", "cause"),
    ("理由", "why"),
    ("すること", "what to do"),
)
_SOURCES: tuple[Words, ...] = (
    ("受け渡し", "handoff"),
    ("獲得元", "source"),
    ("件数", "entered"),
    ("条件未達", "refused at gate"),
    ("未達の条件", "criteria"),
    ("受領", "accepted"),
    ("差戻し", "rejected"),
    ("差戻し理由", "reasons"),
    ("対応待ち", "waiting"),
    ("受領率", "acceptance"),
)


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("handoffs")(handoffs)


def handoffs(
    context: typer.Context,
    only: Annotated[
        str | None, typer.Argument(help="One handoff of model.yaml; all without any.")
    ] = None,
    is_open: Annotated[
        bool, typer.Option("--open", help="Only those that wait for an answer.")
    ] = False,
    breached: Annotated[
        bool, typer.Option("--breached", help="Only late ones, answered or not.")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(help='Leave out what was closed before: a day, "30 days".'),
    ] = None,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV that Excel reads, a row for each.")
    ] = False,
    language: LanguageOption = None,
) -> None:
    """Tell which handoffs are late, whose turn it is, and what was refused and why."""
    from tasuki.cli.moments import moment_of
    from tasuki.insight.handoff_report import board_to_json, judged_to_json

    own = of(context)
    model = own.project.model
    if only is not None:
        _check_name(model, only)
    tongue = spoken(own, language)
    now = own.project.clock.now()
    start = moment_of(since, now) if since else None
    with own.ledger() as ledger:
        board = own.project.handoffs(ledger, start)
    shown = [one for one in board.judged if _is_meant(one, only, is_open, breached)]
    if as_csv and not own.screen.as_json:
        rows = [judged_to_json(model, one) for one in shown]
        sys.stdout.write(csv_text(rows))
        sys.stdout.flush()
    else:
        value = board_to_json(model, board, shown)
        words = _Words(model, board, shown, tongue, only)
        own.screen.show(value, words.say)
    leave(1 if any(one.standing == "breached" for one in shown) else 0)


def _check_name(model: SalesModel, name: str) -> None:
    from tasuki.mapping.problem import nearest

    names = [rule.id for rule in model.rules]
    if name not in names:
        listed = f"There is: {', '.join(names)}." if names else "It has none."
        what = f"there is no handoff '{name}'"
        raise ConfigError("model.yaml", what, nearest(name, names, listed))


def _is_meant(one: Judged, only: str | None, is_open: bool, breached: bool) -> bool:
    return (
        only in {None, one.row.handoff}
        and (not is_open or one.row.state == "open")
        and (not breached or one.standing in {"breached", "late"})
    )


def csv_text(rows: Sequence[dict[str, object]]) -> str:
    """Return rows as CSV that Excel reads; times in Tokyo, lists joined."""
    if not rows:
        return _BOM
    names = [name for name in rows[0] if name not in {"next_step", "rule_hash"}]
    sink = io.StringIO(newline="")
    sink.write(_BOM)
    writer = csv.writer(sink)
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(name, row[name]) for name in names])
    return sink.getvalue()


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        words = [one["ja"] if isinstance(one, dict) else str(one) for one in value]
        return " / ".join(words)
    text = str(value)
    if name.endswith("_at"):
        return _tokyo(datetime.fromisoformat(text), "%Y-%m-%d %H:%M")
    # A spreadsheet would work a text out that begins like a formula.
    return f"'{text}" if text.startswith(_FORMULA) else text


def _tokyo(moment: datetime, form: str) -> str:
    from tasuki.clock import TOKYO

    return moment.astimezone(TOKYO).strftime(form)


class _Words:
    """Says a board to people."""

    def __init__(
        self,
        model: SalesModel,
        board: Board,
        shown: Sequence[Judged],
        language: Language,
        only: str | None,
    ) -> None:
        self._model, self._board, self._shown = model, board, shown
        self._language = language
        self._only = only

    def _one(self, words: Words) -> str:
        return one_of(words, self._language)

    def say(self, screen: Screen) -> None:
        """Say the counts, those to look at, the escalation, and the sources."""
        screen.line(self._summary())
        if not self._board.told:
            screen.line(self._one(_NOTHING_TOLD))
        listed = [one for one in self._shown if self._is_to_look_at(one)]
        if listed:
            screen.line()
            heads = [self._one(each) for each in _HEADS]
            screen.table(heads, [self._row(one) for one in listed[:_MOST]])
        if len(listed) > _MOST:
            screen.line(f"… {len(listed) - _MOST:,} (--csv, --json)")
        self._steps(screen)
        self._sources(screen)
        for row in self._board.orphans[:1]:
            count = len(self._board.orphans)
            words = self._one(_ORPHANS).format(count=count, name=row.handoff)
            screen.line()
            screen.line(words)

    def _summary(self) -> str:
        from tasuki.insight.handoff_words import STANDINGS

        at = _tokyo(self._board.now, "%Y-%m-%d %H:%M")
        counts: dict[str, int] = {}
        for one in self._shown:
            counts[one.standing] = counts.get(one.standing, 0) + 1
        listed = [
            f"{self._one(words)} {counts[standing]:,}"
            for standing, words in STANDINGS.items()
            if counts.get(standing)
        ]
        told = self._one(("、", ", ")).join(listed) or self._one(_NONE)
        return f"{self._one(('受け渡し', 'handoffs'))} ({at} JST): {told}"

    def _is_to_look_at(self, one: Judged) -> bool:
        return one.standing in {"near", "breached", "late"} or one.unexplained

    def _row(self, one: Judged) -> tuple[str, ...]:
        from tasuki.insight import handoff_words as words

        model, tongue = self._model, self._language
        row = one.row
        return (
            words.how_it_stands(one, tongue),
            row.handoff,
            row.subject,
            _tokyo(row.due_at, "%m-%d %H:%M"),
            words.late_by(one, model, tongue),
            words.who(model, one, tongue),
            self._one(words.CAUSES[one.cause]) if one.cause else "",
            words.why(one, tongue),
            words.what_to_do(model, one, tongue),
        )

    def _steps(self, screen: Screen) -> None:
        from tasuki.insight import handoff_words as words

        tongue = self._language
        due: dict[tuple[str, str], list[str]] = {}
        for one in self._shown:
            for each in one.steps[-1:]:
                said = words.step(self._model, each, one, tongue)
                due.setdefault((one.row.handoff, said), []).append(one.row.subject)
        if due:
            screen.line()
            screen.line(self._one(("いま行うエスカレーション", "escalation due now")))
        for (handoff, said), subjects in due.items():
            more = len(subjects) - _NAMED
            rest = f" … +{more:,}" if more > 0 else ""
            named = ", ".join(subjects[:_NAMED])
            screen.line(f"  {handoff}: {said}: {named}{rest}")

    def _sources(self, screen: Screen) -> None:
        from tasuki.insight import handoff_words as words

        tongue = self._language
        rows = [
            (
                line.handoff,
                words.channel(line, tongue),
                line.entered,
                line.at_gate,
                words.reasons(dict(line.gate.most_common()), tongue),
                line.accepted,
                line.rejected.total(),
                words.reasons(dict(line.rejected.most_common()), tongue),
                line.waiting,
                "-" if line.acceptance is None else f"{line.acceptance:.1%}",
            )
            for line in self._board.sources
            if self._only in {None, line.handoff}
        ]
        if rows:
            screen.line()
            screen.line(self._one(_BY_SOURCE))
            screen.table([self._one(each) for each in _SOURCES], rows)


_NONE: Words = ("該当なし", "none")
_NOTHING_TOLD: Words = (
    "台帳にステージの記録がまだありません。`tasuki collect` が集めます。",
    "The ledger has no stage events yet: `tasuki collect` reads them.",
)
_BY_SOURCE: Words = (
    "獲得元ごとの質（条件未達・差戻しの理由）",
    "quality by source (refused at the gate, given back)",
)
_ORPHANS: Words = (
    "model.yaml に無い受け渡しの対応待ちが {count} 件あります（{name} など）。",
    "{count} open ones of handoffs that model.yaml has no more ({name}).",
)
