"""Reads policies.yaml: how calls are repeated, by name."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tasuki.mapping.files import POLICIES, keys_of, optional_document
from tasuki.mapping.policy_model import PolicyModel
from tasuki.mapping.problem import Problems
from tasuki.mapping.validate import validate
from tasuki.mapping.yaml_text import Document
from tasuki.model.policy import RetryPolicy


def read_policies(
    folders: Sequence[Path], problems: Problems
) -> tuple[Mapping[str, RetryPolicy], Mapping[str, str]]:
    """Return the policies of these folders, and the `file:line` of each.

    One of an earlier folder is stronger; `standard` is always there.
    """
    policies: dict[str, RetryPolicy] = {"standard": RetryPolicy()}
    places: dict[str, str] = {}
    for folder in reversed(folders):
        document = optional_document(folder, POLICIES, problems)
        if document is None:
            continue
        for name, value in keys_of(document, problems).items():
            model = _policy(document, name, value, problems)
            if model is not None:
                policies[name] = _made(model)
                place = document.key_problem((name,), "")
                places[name] = f"{place.file}:{place.line}"
    return policies, places


def standard_policy(folders: Sequence[Path]) -> RetryPolicy:
    """Return how calls are repeated where no mapping says so."""
    return read_policies(folders, Problems())[0]["standard"]


def _made(model: PolicyModel) -> RetryPolicy:
    return RetryPolicy(
        attempts=model.attempts,
        first=float(model.first),
        factor=float(model.factor),
        ceiling=float(model.ceiling),
        total=float(model.total),
        throttled_attempts=model.throttled_attempts,
        settle=float(model.settle),
    )


def _policy(
    document: Document, name: str, value: object, problems: Problems
) -> PolicyModel | None:
    if not isinstance(value, dict):
        what = "a policy holds keys and values"
        problems.add(document.problem((name,), what, "For example attempts: 5."))
        return None
    return validate(document.within(name), PolicyModel, problems)
