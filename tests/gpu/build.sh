#!/usr/bin/env bash
# Builds what is carried to a machine with a GPU: test programs, the benchmark, and the script that runs them. No toolkit,
# driver or GPU is needed here, and no Rust there.
#
#     tests/gpu/build.sh FOLDER        # then copy FOLDER over and run FOLDER/run.sh
set -euo pipefail
folder=${1:?"where to put the programs"}
cd "$(dirname "$0")/../.."
mkdir -p "$folder"

cargo test --release -p pullback-tests --features cuda --no-run --message-format=json \
    --test cuda --test emitted --test language --test dense --test derivatives --test tensors --test placed --bench device |
    python3 -c '
import json, shutil, sys
folder = sys.argv[1]
for line in sys.stdin:
    made = json.loads(line)
    if made.get("executable") and made["target"]["kind"] != ["lib"]:
        shutil.copy2(made["executable"], folder + "/" + made["target"]["name"])
' "$folder"
cp tests/gpu/run.sh tests/peers/gpu.py "$folder"
# For --small on a machine without a GPU.
cp target/release/deps/libpullback_fakecuda.so "$folder"
ls -l "$folder"
