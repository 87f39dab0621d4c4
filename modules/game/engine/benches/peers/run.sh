#!/bin/sh
# Games a second on one core: this engine beside the public packages that play whole games, in one run.
# Needs node with npm, and python3 with venv and pip. Installs into a temporary folder that is removed afterwards.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
(cd "$folder" && npm install --silent --ignore-scripts --no-audit --no-fund whot@1.0.6 >/dev/null)
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet whot==0.0.6
(cd "$here" && cargo bench --quiet -p game-engine --bench peers)
node "$here/npm.js" "$folder" 3000
"$folder/python/bin/python" "$here/pypi.py" 3000
