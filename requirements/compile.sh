#!/bin/sh
# Compile the *.in files into pinned *.txt files, without any index address in them.
set -eu
cd "$(dirname "$0")"
compile() {
    ../.venv/bootstrap/bin/uv pip compile --quiet --python-version 3.11 \
        --no-header --no-annotate --no-emit-index-url "$@"
}
compile pipeline.in -o pipeline.txt
compile sandbox.in -c pipeline.txt -o sandbox.txt
compile dev.in -c pipeline.txt -c sandbox.txt -o dev.txt
compile superset.in -o superset.txt
