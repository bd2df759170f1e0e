"""The engine as `tasuki run` uses it: `python -m bench.ours PROJECT [--full]`.

With `--start` it opens the ledger and both systems and ends: what starting costs.
"""

import sys
from pathlib import Path

import orjson

from tasuki.engine.run import run_sync
from tasuki.engine.sync import Options
from tasuki.project import Project

SYNC = "bench.lead"


def main(root: str, *flags: str) -> None:
    """Run the sync once and print what it did."""
    project = Project(Path(root))
    mapping = project.mappings[SYNC]
    with project.open_ledger() as ledger:
        sync = project.open_sync(mapping, ledger)
        said: dict[str, object] = {}
        if "--start" not in flags:
            said = run_sync(sync, Options(full="--full" in flags)).as_json()
        sync.source.close()
        sync.destination.close()
    print(orjson.dumps(said).decode())


if __name__ == "__main__":
    main(*sys.argv[1:])
