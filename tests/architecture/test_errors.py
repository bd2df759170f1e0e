"""Every error can cross a process and says what to do."""

import importlib
import inspect
import pickle
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import connectors
import tasuki
from tasuki.billing.problem import DocumentError, Problem
from tasuki.cli.app import EXIT_CODES
from tasuki.formula.errors import FormulaProblem, FormulaSyntaxError
from tasuki.model.errors import MappingError, TasukiError

_SAMPLES: dict[str, object] = {
    "where": "salesforce/Opportunity/006",
    "what": "rejected",
    "answer": "REQUIRED_FIELD_MISSING: AccountId",
    "code": "400",
    "remedy": "Fill it in at its source.",
    "count": 3,
    "retry_after": 2.5,
    "taken": {},
    "text": "number(Amount)",
    "position": 4,
    "reason": "not a number",
    "met": {"Amount": "text of 3 characters"},
    "body": {"status": "error"},
    "details": {"records[0].件名.value": "必須です。"},
    "cause": "signature",
    "status": 401,
}
_PROBLEMS: dict[type[TasukiError], object] = {
    MappingError: ("lead.yaml:1:1: unknown key",),
    DocumentError: (Problem("date_missing", "billing_date", "no date", "日付なし"),),
    FormulaSyntaxError: [FormulaProblem(0, "unknown name")],
}
_ASIDE = (
    "tasuki.stages",
    "tasuki.demo",
    "tasuki.ledger.migrations",
    "tasuki.cli.__main__",
)


def _everything_imported() -> None:
    for package in (tasuki, connectors):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.startswith(_ASIDE):
                importlib.import_module(module.name)


def _descendants(kind: type[TasukiError]) -> Iterator[type[TasukiError]]:
    for one in kind.__subclasses__():
        yield one
        yield from _descendants(one)


def _classes() -> list[type[TasukiError]]:
    _everything_imported()
    ours = [
        one
        for one in _descendants(TasukiError)
        if not one.__module__.startswith("tests")
    ]
    return sorted(set(ours), key=lambda one: one.__qualname__)


def _made(kind: type[TasukiError]) -> TasukiError:
    if kind.__init__ is Exception.__init__:
        return kind("read 3, ended 2")
    names = list(inspect.signature(kind.__init__).parameters)[1:]
    if names == ["args", "kwargs"]:
        return kind("read 3, ended 2")
    given = _SAMPLES | {"problems": _PROBLEMS.get(kind)}
    missing = [name for name in names if name not in given]
    assert not missing, f"{kind.__name__}: give a sample of {missing} above"
    return kind(*(given[name] for name in names))


CLASSES = _classes()


def test_the_errors_are_found() -> None:
    names = {kind.__name__ for kind in CLASSES}
    assert names >= {"ConfigError", "RejectedError", "InDoubtError", "DocumentError"}


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_an_error_survives_the_way_to_another_process(kind: type[TasukiError]) -> None:
    error = _made(kind)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (str(again), again.args, vars(again)) == (
        str(error),
        error.args,
        vars(error),
    )


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_an_error_passes_a_context_manager(kind: type[TasukiError]) -> None:
    @contextmanager
    def around() -> Iterator[None]:
        yield

    with pytest.raises(kind), around():
        raise _made(kind)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_an_error_says_what_happened_and_what_to_do(kind: type[TasukiError]) -> None:
    error = _made(kind)
    assert str(error)
    for remedy in (kind.remedy, error.remedy):
        assert remedy.endswith(".")
        assert "!" not in remedy
        assert "please" not in remedy.lower()
    assert kind.exit_code in EXIT_CODES
    assert kind.__name__.endswith("Error")
    assert kind.__doc__
