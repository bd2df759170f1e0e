"""References to secrets in YAML: `${NAME}` from the environment, `${file:path}`.

References are opaque text: `00123` stays `00123`. What they lead to is never shown.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from tasuki.mapping.problem import Problems
from tasuki.mapping.yaml_text import Document
from tasuki.mapping.yaml_text import Path as Place

_REFERENCE = re.compile(r"\$\{([^{}]*)\}")


class References:
    """Puts the environment's values in place of a document's references.

    Attributes:
        referenced: Where references stand.
        lead_nowhere: Whether one of them was noted as a problem.
    """

    def __init__(
        self,
        document: Document,
        environment: Mapping[str, str],
        root: Path,
        problems: Problems,
    ) -> None:
        self.referenced: set[Place] = set()
        self.lead_nowhere = False
        self._document, self._environment = document, environment
        self._root, self._problems = root, problems

    def resolve(self, place: Place, value: object) -> object:
        """Return a value with what its references lead to; note those that do not."""
        if isinstance(value, dict):
            return {k: self.resolve((*place, k), v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.resolve((*place, i), v) for i, v in enumerate(value)]
        if not isinstance(value, str) or "${" not in value:
            return value
        self.referenced.add(place)

        def put(found: "re.Match[str]") -> str:
            return self._look_up(place, found.group(1))

        return _REFERENCE.sub(put, value)

    def refuse_clear(self, place: Place, variable: str) -> None:
        """Note a secret that stands in the file itself."""
        if place not in self.referenced:
            remedy = f'Write "${{{variable}}}" and set that variable.'
            what = "a secret stands here in clear"
            self._problems.add(self._document.problem(place, what, remedy))

    def _look_up(self, place: Place, name: str) -> str:
        kind, colon, rest = name.partition(":")
        if colon and kind == "file":
            file = self._root / rest
            if file.is_file():
                return file.read_text(encoding="utf-8").strip()
            what = f"there is no file '{rest}'"
            remedy = "The path is relative to the project's folder."
        elif name in self._environment:
            return self._environment[name]
        else:
            what = f"the environment has no {name}"
            remedy = f"Set it, for example: export {name}=…"
        self._problems.add(self._document.problem(place, what, remedy))
        self.lead_nowhere = True
        return "-"
