#!/usr/bin/env bash
# Runs on a machine with a GPU what tests/gpu/build.sh built: all checks against the CPU, then the timings as tables, those of
# PyTorch and JAX among them where Python has these. What each check printed is in FOLDER/logs.
#
#     FOLDER/run.sh                  # everything
#     FOLDER/run.sh CHECK..          # these checks, then the timings
#     FOLDER/run.sh --only CHECK..   # these checks
#     FOLDER/run.sh --small ..       # timings of small problems, to see that they run
#     FOLDER/run.sh --without-gpu .. # all of it on the driver for tests; small, and PyTorch and JAX on the CPU
set -uo pipefail
cd "$(dirname "$0")"
# Tests take the machine's own driver instead of the one for tests.
export PULLBACK_GPU=1
small=() cpu=() only=0 checks=()
for arg in "$@"; do
    case $arg in
        --small) small=(--small) ;;
        --without-gpu)
            small=(--small) cpu=(--cpu)
            # The driver for tests and its cuBLAS, under the names of the machine's.
            mkdir -p driver
            ln -sf ../libpullback_fakecuda.so driver/libcuda.so.1
            ln -sf ../libpullback_fakecuda.so driver/libcublas.so.13
            export LD_LIBRARY_PATH=$PWD/driver
            ;;
        --only) only=1 ;;
        *) checks+=("$arg") ;;
    esac
done
if [ ${#checks[@]} = 0 ]; then
    mapfile -t checks < checks
fi
# What only the driver for tests does: its errors, its name, a small memory, its own cuBLAS.
fake=(errors_of_the_driver_and_its_name kept_memory cublas::it_is_)
skip=()
for name in "${fake[@]}"; do
    skip+=(--skip "$name")
done
command -v nvidia-smi > /dev/null && nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
failed=()
mkdir -p logs
for check in "${checks[@]}"; do
    start=$SECONDS
    # A kernel that never ends must not keep the others from running.
    timeout 300 "./$check" --test-threads=1 ${skip[@]+"${skip[@]}"} > "logs/$check.txt" 2>&1
    code=$?
    echo "== $check: $(grep '^test result' "logs/$check.txt" || echo "ended with $code"), $((SECONDS - start)) s"
    if [ $code != 0 ]; then
        failed+=("$check")
        grep -E '^test .*FAILED' "logs/$check.txt"
        tail -n 40 "logs/$check.txt"
    elif grep -q '^running 0 tests' "logs/$check.txt"; then
        failed+=("$check (no test)")
    fi
done
if [ $only = 0 ]; then
    echo "== timings"
    ./device ${small[@]+"${small[@]}"} 2>&1 | tee timings.txt || failed+=(timings)
    echo "== of others, in the same run"
    printf '\n| what | time | rate |\n| --- | --- | --- |\n' | tee -a timings.txt
    if command -v python3 > /dev/null; then
        python3 gpu.py ${small[@]+"${small[@]}"} ${cpu[@]+"${cpu[@]}"} | tee -a timings.txt || failed+=("PyTorch, JAX")
    else
        echo "| PyTorch, JAX | there is no Python | |"
    fi
fi
if [ ${#failed[@]} != 0 ]; then
    echo "== failed: ${failed[*]}"
    exit 1
fi
echo "== everything passed"
