"""Loads a project's own formula functions from mappings/functions.py.

The text is looked at before any of it runs: a function says what it takes and gives,
has no default that calls share, and reads nothing but its arguments, so that a formula
gives the same result whenever it is run. That is a check against accidents, not against
malice: the file is the project's own code, reviewed like its mappings.
"""

import ast
import builtins
import doctest
import functools
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from types import ModuleType

from tasuki.formula import Example, Function, FunctionTable, function
from tasuki.mapping.files import read_bytes
from tasuki.mapping.function_text import FunctionText
from tasuki.mapping.problem import Problem, Problems
from tasuki.mapping.tables import decode

FILE = "functions.py"
_MOST = 500_000  # bytes
_MODULE = "tasuki_project_functions_"


@dataclass(frozen=True, slots=True)
class OwnFunctions:
    """The functions of a project's functions.py.

    Attributes:
        functions: In the order of the file.
        digest: Changes with the file; "" where there is none.
        places: `file:line` of each, by name.
    """

    functions: tuple[Function, ...] = ()
    digest: str = ""
    places: Mapping[str, str] = field(default_factory=dict)


def read_functions(
    folders: Sequence[Path], shipped: FunctionTable, problems: Problems
) -> OwnFunctions:
    """Load the functions of the first folder that has a functions.py.

    Args:
        folders: A project's `mappings`, then the shipped one.
        shipped: The functions every project has; their names are taken.
        problems: Takes what is wrong, each at its line and column.
    """
    path = next((f / FILE for f in folders if (f / FILE).is_file()), None)
    if path is None:
        return OwnFunctions()
    file = f"{path.parent.name}/{FILE}"
    content = read_bytes(file, path, problems, _MOST)
    text = None if content is None else decode(file, content, problems)
    if text is None:
        return OwnFunctions()
    before = len(problems)
    tree = _tree(file, text, problems)
    if tree is None:
        return OwnFunctions()
    read = FunctionText(file, tree)
    problems.extend(read.problems(shipped))
    if len(problems) > before:
        return OwnFunctions(_named_only(read, shipped))
    digest = blake2b(text.encode(), digest_size=16).hexdigest()
    module = _module(file, path, tree, digest, problems)
    if module is None:
        return OwnFunctions(_named_only(read, shipped))
    found = tuple(_described(module, node) for node in read.functions)
    places = {node.name: f"{file}:{node.lineno}" for node in read.functions}
    return OwnFunctions(found, digest, places)


def _named_only(read: FunctionText, shipped: FunctionTable) -> tuple[Function, ...]:
    """Stand in for functions that cannot be used: no formula is blamed for them."""

    def unusable(*_: object, **__: object) -> object:
        return None

    names = dict.fromkeys(node.name for node in read.functions)
    return tuple(function(unusable, name=n) for n in names if n not in shipped)


def _tree(file: str, text: str, problems: Problems) -> ast.Module | None:
    try:
        return ast.parse(text)
    except SyntaxError as error:
        line, column = error.lineno or 1, error.offset or 1
        problems.add(Problem(file, line, column, f"not Python ({error.msg})"))
    except (RecursionError, MemoryError, ValueError):
        problems.add(Problem(file, 1, 1, "not Python (nested too deeply)"))
    return None


def _module(
    file: str, path: Path, tree: ast.Module, digest: str, problems: Problems
) -> ModuleType | None:
    """Run the file under a name of its own, so that two projects never mix."""
    name = _MODULE + digest
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module  # dataclasses look their module up there
    try:
        exec(compile(tree, str(path), "exec"), module.__dict__)  # noqa: S102 - the project's own code, as its connectors are
    except Exception as error:  # noqa: BLE001 - it may raise anything
        del sys.modules[name]
        lines = [
            frame.lineno
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename == str(path)
        ]
        what = f"loading the file failed ({type(error).__name__}: {error})"
        problems.add(Problem(file, (lines[-1] or 1) if lines else 1, 1, what))
        return None
    return module


def _described(module: ModuleType, node: ast.FunctionDef) -> Function:
    call = getattr(module, node.name)
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    sees = {each.arg for each in arguments if _admits_nothing(each)}
    made = function(
        call if not sees else _flowing(call, sees),
        *_examples(call.__doc__ or "", module),
        nulls="see" if sees else "flow",
    )
    parts = [part for part in made.doc.split("\n\n") if ">>>" not in part]
    return replace(made, doc="\n\n".join(parts).strip())


def _admits_nothing(argument: ast.arg) -> bool:
    words = ast.unparse(argument.annotation) if argument.annotation else ""
    return "None" in words or "Optional" in words or words in {"object", "Any"}


def _flowing(call: Callable[..., object], sees: set[str]) -> Callable[..., object]:
    """Give nothing where an argument is missing that must not be."""
    signature = inspect.signature(call)
    strict = [name for name in signature.parameters if name not in sees]
    if not strict:
        return call

    @functools.wraps(call)
    def flowing(*values: object, **named: object) -> object:
        given = signature.bind(*values, **named).arguments
        if any(given.get(name, "") is None for name in strict):
            return None
        return call(*values, **named)

    return flowing


def _examples(doc: str, module: ModuleType) -> Iterator[Example]:
    """Read `>>> rank("A")` and the line below it: a formula and what it gives."""
    for each in doctest.DocTestParser().get_examples(doc):
        wanted = each.want.strip()
        names = {**vars(builtins), **vars(module)}
        try:
            gives = eval(wanted, names) if wanted else None  # noqa: S307 - as above
        except Exception:  # noqa: BLE001 - told as a test that fails
            gives = wanted
        yield Example(each.source.strip(), gives)
