#!/usr/bin/env bash
# Builds what is carried to a machine with a GPU: test programs, the benchmark, and the script that runs them. No toolkit,
# driver or GPU is needed here, and no Rust there.
#
#     tests/gpu/build.sh FOLDER            # then copy FOLDER over and run FOLDER/run.sh
#     tests/gpu/build.sh FOLDER --debug    # as `cargo test` builds, to try the scripts
set -euo pipefail
mkdir -p "${1:?"where to put the programs"}"
folder=$(cd "$1" && pwd)
profile=(--release)
[ "${2:-}" != --debug ] || profile=()
cd "$(dirname "$0")/../.."

# Every test that asks for a GPU.
checks=$(grep -rlE 'fake::device|agrees(_on_gpu)?!' tests/tests | cut -d / -f 3 | sed 's/\.rs$//' | sort -u)
wanted=()
for check in $checks; do
    wanted+=(--test "$check")
done
# The whole workspace, so that what `cargo test --workspace --features cuda` built serves here.
cargo test ${profile[@]+"${profile[@]}"} --workspace --features cuda --no-run --message-format=json-render-diagnostics \
    "${wanted[@]}" --bench device |
    python3 -c '
import json, os, shutil, sys
folder, libraries = sys.argv[1], set()
for line in sys.stdin:
    made = json.loads(line)
    if made.get("executable") and {"test", "bench"} & set(made["target"]["kind"]):
        shutil.copy2(made["executable"], os.path.join(folder, made["target"]["name"]))
        libraries.add(os.path.join(os.path.dirname(made["executable"]), "libpullback_fakecuda.so"))
# For machines without a GPU.
for library in libraries:
    shutil.copy2(library, folder)
' "$folder"
printf '%s\n' $checks > "$folder/checks"
cp tests/gpu/run.sh tests/peers/gpu.py "$folder"
# Names of functions are not worth their weight on the way.
for program in $checks device; do
    strip "$folder/$program" 2> /dev/null || true
done
du -ch "$folder"/* | tail -n 1
