"""Reads `mappings/alerts.yaml`: every problem of it, each in its place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from tasuki.alert.channel_checks import check_channel
from tasuki.alert.file_model import (
    KINDS,
    AlertsModel,
    HookModel,
    MailModel,
    QuietModel,
    RouteModel,
    SlackModel,
)
from tasuki.alert.notice import Severity
from tasuki.alert.quiet import QuietHours
from tasuki.alert.terms import Route, Terms, Timing
from tasuki.mapping.files import optional_document
from tasuki.mapping.problem import Problems, nearest
from tasuki.mapping.references import References
from tasuki.mapping.validate import validate
from tasuki.mapping.yaml_text import Document, no_keys

FILE = "alerts.yaml"
ChannelModel = SlackModel | MailModel | HookModel
_PARTS = ("channels", "rules", "quiet")
_TIME = 'Write hours and minutes in Tokyo: "09:00".'


@dataclass(frozen=True, slots=True)
class Alerts:
    """What a project says about alerts.

    Attributes:
        enabled: Whether anybody is told anything.
        terms: Who is told what, and when.
        channels: How each channel is reached.
        file: Where it stands; "" for nowhere.
    """

    enabled: bool = False
    terms: Terms = field(default_factory=Terms)
    channels: Mapping[str, ChannelModel] = field(default_factory=dict)
    file: str = ""


def load_alerts(
    folders: Sequence[Path], root: Path, environment: Mapping[str, str]
) -> Alerts:
    """Read the alerts of the first of these folders that says something of them.

    Where they are switched off nothing is looked up in the environment.

    Raises:
        MappingError: all problems of the file.
    """
    problems = Problems()
    for folder in folders:
        if (folder / FILE).is_file():
            document = optional_document(folder, FILE, problems)
            alerts = _read(document, root, environment, problems) if document else None
            problems.raise_any()
            return alerts or Alerts()
    return Alerts()


def _read(
    document: Document, root: Path, environment: Mapping[str, str], problems: Problems
) -> Alerts:
    value = document.value
    if not isinstance(value, dict):
        problems.add(no_keys(document))
        return Alerts()
    whole = {key: one for key, one in value.items() if key not in _PARTS}
    model = validate(document, AlertsModel, problems, whole)
    enabled = model is not None and model.enabled
    channels = _channels(document, root, environment if enabled else None, problems)
    routes = _routes(document, channels, problems)
    quiet = _quiet(document, problems)
    timings = {
        name: _timing(document, name, one, problems) for name, one in channels.items()
    }
    if model is None:
        return Alerts()
    if enabled and not channels and not len(problems):
        what = "alerts are enabled, and there is no channel"
        remedy = "Add one under `channels:`, or write `enabled: false`."
        problems.add(document.problem(("enabled",), what, remedy))
    _known(document, ("otherwise",), model.otherwise or (), channels, problems)
    terms = Terms(
        timings,
        routes,
        None if model.otherwise is None else tuple(model.otherwise),
        quiet[0],
        quiet[1],
        timedelta(days=model.remind_days) if model.remind_days else None,
        model.dead_after,
        model.language,
    )
    return Alerts(enabled, terms, channels, document.file)


def _channels(
    document: Document,
    root: Path,
    environment: Mapping[str, str] | None,
    problems: Problems,
) -> dict[str, ChannelModel]:
    part = document.within("channels") if document.has(("channels",)) else None
    if part is None or part.value is None:
        return {}
    if not isinstance(part.value, dict):
        problems.add(
            document.problem(("channels",), "names and their channels belong here")
        )
        return {}
    found = {}
    for name, value in part.value.items():
        one = _channel(part, name, value, root, environment, problems)
        if one is not None:
            found[name] = one
    return found


def _channel(
    part: Document,
    name: str,
    value: object,
    root: Path,
    environment: Mapping[str, str] | None,
    problems: Problems,
) -> ChannelModel | None:
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        listed = f"Write `kind:` and one of: {', '.join(KINDS)}."
        remedy = nearest(str(kind or ""), KINDS, listed)
        has_kind = isinstance(value, dict) and "kind" in value
        what = f"'{kind}' is no kind of channel" if has_kind else "a channel has a kind"
        place = (name, "kind") if has_kind else (name,)
        problems.add(part.problem(place, what, remedy))
        return None
    references = References(part, environment or {}, root, problems)
    resolved = value if environment is None else references.resolve((name,), value)
    model = validate(part.within(name), KINDS[kind], problems, resolved)
    if model is None or environment is None:
        return model
    for key in _secrets(model):
        references.refuse_clear((name, key), f"{name}_{key}".upper().replace("-", "_"))
    if not references.lead_nowhere:
        check_channel(part, name, model, root, problems)
    return model


def _secrets(model: BaseModel) -> list[str]:
    values: dict[str, Any] = dict(model)
    return [
        name for name, value in values.items()
        if isinstance(value, SecretStr) and value.get_secret_value()
    ]  # fmt: skip


def _timing(
    document: Document, name: str, model: ChannelModel, problems: Problems
) -> Timing:
    place = ("channels", name, "digest")
    at = _time(document, place, model.digest, problems) if model.digest else None
    return Timing(at, Severity(model.at_once))


def _routes(
    document: Document, channels: Mapping[str, object], problems: Problems
) -> tuple[Route, ...]:
    part = document.within("rules") if document.has(("rules",)) else None
    if part is None or part.value is None:
        return ()
    if not isinstance(part.value, list):
        problems.add(document.problem(("rules",), "a list of rules belongs here"))
        return ()
    found = []
    for index in range(len(part.value)):
        model = validate(part.within(index), RouteModel, problems)
        if model is not None:
            place = ("rules", index, "channels")
            _known(document, place, model.channels, channels, problems)
            found.append(
                Route(
                    tuple(model.channels),
                    Severity(model.severity),
                    _names(model.department),
                    _names(model.finding),
                )
            )
    return tuple(found)


def _known(
    document: Document,
    place: tuple[str | int, ...],
    named: Sequence[str],
    channels: Mapping[str, object],
    problems: Problems,
) -> None:
    written = document.value
    there = written.get("channels") if isinstance(written, dict) else None
    all_of_them = set(channels) | set(there if isinstance(there, dict) else ())
    for index, name in enumerate(named):
        if name not in all_of_them:
            listed = f"There are: {', '.join(sorted(all_of_them))}."
            remedy = nearest(name, all_of_them, listed)
            what = f"there is no channel '{name}'"
            problems.add(document.problem((*place, index), what, remedy))


def _quiet(
    document: Document, problems: Problems
) -> tuple[QuietHours, Severity | None]:
    usual = QuietHours(), Severity.CRITICAL
    part = document.within("quiet") if document.has(("quiet",)) else None
    if part is None or part.value is None:
        return usual
    model = validate(part, QuietModel, problems)
    if model is None:
        return usual
    if (model.begin is None) != (model.end is None):
        what = "quiet hours have a beginning and an end"
        problems.add(document.problem(("quiet",), what, "Write both from: and to:."))
        return usual
    begin = _time(document, ("quiet", "from"), model.begin or "00:00", problems)
    end = _time(document, ("quiet", "to"), model.end or "00:00", problems)
    days = [
        _day(document, at, day, problems) for at, day in enumerate(model.extra_closed)
    ]
    closed = frozenset(day for day in days if day)
    passes = None if model.passes == "nothing" else Severity(model.passes)
    return QuietHours(begin, end, model.closed_days, closed), passes


def _time(
    document: Document, place: tuple[str, ...], text: str, problems: Problems
) -> time:
    try:
        hours, minutes = text.split(":")
        return time(int(hours), int(minutes))
    except ValueError:
        problems.add(document.problem(place, f"'{text}' is no time", _TIME))
        return time(0)


def _day(document: Document, at: int, text: str, problems: Problems) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        place = ("quiet", "extra_closed", at)
        problems.add(
            document.problem(place, f"'{text}' is no day", "Write 2026-08-13.")
        )
        return None


def _names(value: list[str] | str | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)
