#!/usr/bin/env bash
# Runs on a machine with a GPU what tests/gpu/build.sh built: all checks against the CPU, then the timings as tables, those of
# PyTorch and JAX among them where Python has these.
#
#     FOLDER/run.sh            # everything
#     FOLDER/run.sh --small    # timings of small problems, to see that they run; without a GPU on the driver for tests
set -uo pipefail
cd "$(dirname "$0")"
failed=0
if [ "${1:-}" != --small ]; then
    # Tests take the machine's own driver instead of the one for tests.
    export PULLBACK_GPU=1
    nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader || true
    for checks in cuda emitted language dense derivatives tensors placed; do
        case $checks in
            # What only the driver for tests does: pretended errors, a small memory.
            cuda) only=(models a_kernel graphs_replay recordings uploads_may changes_in_place) ;;
            emitted) only=(functions_on_a_gpu) ;;
            *) only=() ;;
        esac
        echo "== $checks"
        ./$checks --test-threads=1 ${only[@]+"${only[@]}"} 2>&1 |
            grep -E '^test |panicked|runs on the CPU|test result' || failed=1
        [ "${PIPESTATUS[0]}" = 0 ] || failed=1
    done
fi
echo "== timings"
./device "$@" | tee timings.txt || failed=1
echo "== of others, in the same run"
echo
echo "| what | time | rate |"
echo "| --- | --- | --- |"
if command -v python3 > /dev/null; then
    python3 gpu.py "$@" | tee -a timings.txt || failed=1
else
    echo "| PyTorch, JAX | there is no Python | |"
fi
exit $failed
