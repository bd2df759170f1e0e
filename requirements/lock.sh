#!/bin/sh
# Renew the locks: hashes for every platform, no index addresses.
set -eu
cd "$(dirname "$0")/.."
lock() {
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 \
        --generate-hashes --no-header --no-emit-index-url --no-annotate "$@"
}
lock ${UPGRADE:+--upgrade} pyproject.toml -o requirements/runtime.txt
lock ${UPGRADE:+--upgrade} -c requirements/runtime.txt pyproject.toml --extra scale -o requirements/scale.txt
lock ${UPGRADE:+--upgrade} -c requirements/runtime.txt pyproject.toml --extra jp-pint -o requirements/jp-pint.txt
lock ${UPGRADE:+--upgrade} -c requirements/runtime.txt pyproject.toml --group dev -o requirements/dev.txt
lock ${UPGRADE:+--upgrade} -c requirements/dev.txt requirements/build.in -o requirements/build.txt
