"""YAML as Prefect reads it, anchors included, with the place of every value."""

from dataclasses import dataclass, field

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from tasuki.mapping.problem import Problem, Problems

Path = tuple[str | int, ...]
_MOST_DEPTH = 30


@dataclass(slots=True)
class Positioned:
    """A file's values and where they stand; an alias stands where it is written."""

    file: str
    value: object = None
    keys: dict[Path, Node] = field(default_factory=dict)
    values: dict[Path, Node] = field(default_factory=dict)

    def problem(self, path: Path, what: str, remedy: str = "") -> Problem:
        """Return a problem at the value of a path."""
        return self._at(self.values.get(self.longest_known(path)), what, remedy)

    def key_problem(self, path: Path, what: str, remedy: str = "") -> Problem:
        """Return a problem at the key of a path."""
        node = self.keys.get(path) or self.values.get(self.longest_known(path))
        return self._at(node, what, remedy)

    def longest_known(self, path: Path) -> Path:
        """Return the steps of a path that the file has, leaving out those it has not.

        A validator's location also names alternatives and types.
        """
        known: Path = ()
        for part in path:
            if (*known, part) in self.values:
                known = (*known, part)
        return known

    def _at(self, node: Node | None, what: str, remedy: str) -> Problem:
        if node is None:
            return Problem(self.file, 1, 1, what, remedy)
        mark = node.start_mark
        return Problem(self.file, mark.line + 1, mark.column + 1, what, remedy)


def read_positioned(file: str, text: str, problems: Problems) -> Positioned:
    """Read a file's text; what YAML cannot read becomes a problem."""
    found = Positioned(file)
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 1)  # PyYAML's, which Prefect uses: `on` is true there
    try:
        root = yaml.compose(text)
        if root is not None:
            found.value = _read(yaml, root, (), found)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        words = str(error.problem or error.context or "this is no YAML")
        problems.add(Problem(file, line, column, words))
    except RecursionError:
        problems.add(Problem(file, 1, 1, "an anchor contains itself"))
    return found


def _read(yaml: YAML, node: Node, path: Path, found: Positioned) -> object:
    if len(path) > _MOST_DEPTH:
        raise RecursionError
    found.values.setdefault(path, node)
    if isinstance(node, MappingNode):
        merged: dict[str, object] = {}
        own: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key == "<<":
                for one in _merged_nodes(value_node):
                    more = _read(yaml, one, path, found)
                    merged = {**more, **merged} if isinstance(more, dict) else merged
                continue
            found.keys[*path, key] = key_node
            found.values.pop((*path, key), None)
            own[key] = _read(yaml, value_node, (*path, key), found)
        return merged | own
    if isinstance(node, SequenceNode):
        return [_read(yaml, n, (*path, i), found) for i, n in enumerate(node.value)]
    return yaml.constructor.construct_object(node)


def _merged_nodes(node: Node) -> list[Node]:
    return list(node.value) if isinstance(node, SequenceNode) else [node]
