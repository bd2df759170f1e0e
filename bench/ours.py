"""The engine as `tasuki run` uses it: `python -m bench.ours PROJECT [--full]`.

With `--imports` it ends before it opens anything: what starting costs by itself.
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
    if "--imports" in flags:
        for name in (mapping.source.connection, mapping.destination.connection):
            project.registry.get(name)
        import httpx  # noqa: F401, PLC0415 - a run needs it, too

        print("{}")
        return
    with project.open_ledger() as ledger:
        sync = project.open_sync(mapping, ledger)
        report = run_sync(sync, Options(full="--full" in flags))
        sync.source.close()
        sync.destination.close()
    print(orjson.dumps(report.as_json()).decode())


if __name__ == "__main__":
    main(*sys.argv[1:])
