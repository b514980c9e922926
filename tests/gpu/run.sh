#!/usr/bin/env bash
# Runs on a machine with a GPU what tests/gpu/build.sh built: all checks against the CPU, then the timings as a table.
set -uo pipefail
cd "$(dirname "$0")"
# Tests take the machine's own driver instead of the one for tests.
export PULLBACK_GPU=1
failed=0
for checks in cuda emitted language dense derivatives tensors; do
    case $checks in
        # What only the driver for tests does: pretended errors.
        cuda) only=(models a_kernel graphs_replay) ;;
        emitted) only=(functions_on_a_gpu) ;;
        *) only=() ;;
    esac
    echo "== $checks"
    ./$checks --test-threads=1 ${only[@]+"${only[@]}"} 2>&1 | grep -E '^test |panicked|runs on the CPU|test result' || failed=1
    [ "${PIPESTATUS[0]}" = 0 ] || failed=1
done
echo "== timings"
./device "$@" || failed=1
exit $failed
