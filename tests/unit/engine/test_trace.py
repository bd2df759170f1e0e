"""Logs and spans name the run, never a record; without a provider nothing is made."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tasuki.engine.run import run_sync
from tasuki.model.errors import ConfigError
from tasuki.operation.logs import JsonLines, set_up_logs
from tests.unit.engine.stage import small

SECRET = "taro.secret@x.jp"


def test_a_json_log_names_run_mapping_and_stage_and_no_persons(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lines: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(JsonLines().format(record))

    logger = logging.getLogger("tasuki")
    kept = Kept()
    logger.addHandler(kept)
    try:
        with caplog.at_level(logging.INFO, "tasuki"), small() as stage:
            stage.person("p1", email=SECRET)
            report = run_sync(stage.sync())
    finally:
        logger.removeHandler(kept)
    told = [json.loads(line) for line in lines]
    mine = [one for one in told if one.get("run") == report.run_id]
    assert [one["message"].partition(":")[0] for one in mine] == [
        "run begins", "run ends",
    ]  # fmt: skip
    assert {(one["mapping"], one["stage"]) for one in mine} == {("leads", "run")}
    assert SECRET not in "".join(lines)


def test_an_error_in_a_log_is_told_by_its_kind_only() -> None:
    try:
        int(SECRET)
    except ValueError:
        record = logging.LogRecord(
            "tasuki", logging.ERROR, "x", 1, "went wrong", None, sys.exc_info()
        )
    told = JsonLines().format(record)
    assert json.loads(told)["exception"] == "ValueError"
    assert SECRET not in told


def test_an_unknown_format_is_refused_in_words() -> None:
    with pytest.raises(ConfigError, match="'xml' is no format"):
        set_up_logs({"TASUKI_LOG_FORMAT": "xml"}, verbose=False)


def test_a_configured_provider_gets_a_span_for_run_page_and_batch() -> None:
    from opentelemetry import trace

    made: list[tuple[str, dict[str, Any]]] = []

    class Tracer(trace.NoOpTracer):
        @contextmanager
        def start_as_current_span(
            self, name: str, *_: Any, **more: Any
        ) -> Iterator[Any]:
            made.append((name, dict(more["attributes"])))
            yield trace.INVALID_SPAN

    class Provider(trace.NoOpTracerProvider):
        def get_tracer(self, *_: Any, **__: Any) -> trace.Tracer:
            return Tracer()

    before = trace._TRACER_PROVIDER
    trace._TRACER_PROVIDER = Provider()
    try:
        with small() as stage:
            stage.person("p1", email=SECRET)
            run_sync(stage.sync())
    finally:
        trace._TRACER_PROVIDER = before
    assert [name for name, _ in made][:3] == [
        "tasuki run",
        "tasuki page",
        "tasuki send",
    ]
    assert made[0][1]["tasuki.mapping"] == "leads"
    assert SECRET not in str(made)
