"""Logs for programs: one JSON object a line, which names the run that speaks."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime

import orjson

from tasuki.model.errors import ConfigError
from tasuki.trace import speaking

VARIABLE = "TASUKI_LOG_FORMAT"
_TEXT = "%(levelname)s %(name)s %(message)s"
_FORMATS = ("text", "json")


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object.

    An error's words may quote a record: of an exception only its kind is told.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        told: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(
                timespec="milliseconds"
            ),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        named = {k: v for k, v in speaking()._asdict().items() if v}
        if record.exc_info and record.exc_info[0]:
            told["exception"] = record.exc_info[0].__name__
        return orjson.dumps(told | named).decode()


def set_up_logs(environment: Mapping[str, str], *, verbose: bool) -> None:
    """Send logs to standard error, as people or programs read them.

    Raises:
        ConfigError: the format is none of ours.
    """
    asked = environment.get(VARIABLE, "text")
    if asked not in _FORMATS:
        what = f"'{asked}' is no format of logs"
        raise ConfigError(VARIABLE, what, "Write text or json.")
    writer = logging.StreamHandler()
    is_json = asked == "json"
    writer.setFormatter(JsonLines() if is_json else logging.Formatter(_TEXT))
    logging.basicConfig(level=logging.WARNING, handlers=[writer])
    usual = logging.INFO if is_json else logging.WARNING
    logging.getLogger("tasuki").setLevel(logging.DEBUG if verbose else usual)
