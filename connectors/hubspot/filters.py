"""A mapping's `where`, as HubSpot's search filters."""

from collections.abc import Mapping, Sequence

from tasuki.model.errors import ConfigError

_BARE = {"HAS_PROPERTY", "NOT_HAS_PROPERTY"}
_SEVERAL = {"IN", "NOT_IN"}
_SINGLE = {
    "EQ",
    "NEQ",
    "GT",
    "GTE",
    "LT",
    "LTE",
    "CONTAINS_TOKEN",
    "NOT_CONTAINS_TOKEN",
}
_MOST = 8
"""HubSpot takes ten filters in a group; two are ours: the time and the last id."""

_LONGEST = 2_400

_SHAPE = (
    "Write a list of {property: …, operator: EQ, value: …}; IN takes `values`, "
    "BETWEEN `value` and `high_value`."
)

Filter = dict[str, object]


def since(time_property: str, floor: int) -> Filter:
    """Return the filter for records changed at or after a moment (epoch ms)."""
    return {"propertyName": time_property, "operator": "GTE", "value": str(floor)}


def above(record_id: str) -> Filter:
    """Return the filter for records after this id."""
    return {"propertyName": "hs_object_id", "operator": "GT", "value": record_id}


def up_to(record_id: str) -> Filter:
    """Return the filter for records up to and with this id."""
    return {"propertyName": "hs_object_id", "operator": "LTE", "value": record_id}


def one_of(name: str, values: Sequence[str]) -> Filter:
    """Return the filter for records with one of these values.

    HubSpot compares the values of IN in lower case only.
    """
    lower = [value.lower() for value in values]
    return {"propertyName": name, "operator": "IN", "values": lower}


def parse_where(where: str, asked: object) -> list[Filter]:
    """Return the filters that a mapping's `where` asks for.

    Args:
        where: `connection/stream`, for messages.
        asked: One filter or a list of filters that all must hold; None for none.

    Raises:
        ConfigError: it is no such thing.
    """
    if asked is None:
        return []
    items = [asked] if isinstance(asked, Mapping) else asked
    if not isinstance(items, list | tuple):
        raise ConfigError(where, "`where` is not a list of filters", _SHAPE)
    if len(items) > _MOST:
        words = f"`where` has {len(items)} filters, HubSpot leaves room for {_MOST}"
        raise ConfigError(where, words, "Move some of them to `qualify`.")
    made = [_filter(where, number, item) for number, item in enumerate(items, 1)]
    if len(str(made)) > _LONGEST:
        words = "`where` is too long: HubSpot's searches end at 3,000 characters"
        raise ConfigError(where, words, "Move some of it to `qualify`.")
    return made


def _filter(where: str, number: int, item: object) -> Filter:
    at = f"filter {number} of `where`"
    if not isinstance(item, Mapping) or not item.get("property"):
        raise ConfigError(where, f"{at} names no property", _SHAPE)
    operator = str(item.get("operator", "EQ")).upper()
    needs = _needs(operator)
    if needs is None:
        raise ConfigError(where, f"{at}: unknown operator '{operator}'", _SHAPE)
    given = set(item) - {"property", "operator"}
    if given != needs:
        wanted = " and ".join(f"`{name}`" for name in sorted(needs)) or "no value"
        raise ConfigError(where, f"{at}: {operator} takes {wanted}", _SHAPE)
    made: Filter = {"propertyName": str(item["property"]), "operator": operator}
    if "values" in needs:
        if not isinstance(item["values"], list | tuple):
            raise ConfigError(where, f"{at}: `values` is not a list", _SHAPE)
        made["values"] = [_text(value).lower() for value in item["values"]]
    if "value" in needs:
        made["value"] = _text(item["value"])
    if "high_value" in needs:
        made["highValue"] = _text(item["high_value"])
    return made


def _needs(operator: str) -> set[str] | None:
    if operator in _BARE:
        return set()
    if operator in _SEVERAL:
        return {"values"}
    if operator == "BETWEEN":
        return {"value", "high_value"}
    return {"value"} if operator in _SINGLE else None


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
