#!/usr/bin/env bash
# Proves and measures the GPU path in at most ten minutes, installing included:
#
#   benchmarks/gpu_all.sh OUT              # figures to the folder OUT, one file for each part
#   benchmarks/gpu_all.sh --dry-run        # print the parts and their time limits
#   benchmarks/gpu_all.sh OUT --tiny       # every part on the CPU in tiny sizes, for tests
#
# A part that exceeds its limit is stopped, and the next one begins; what it has printed stays. Wheels
# are looked for in $WHEELS, or in wheels/ beside the checkout: there may be no network. PyTorch is the
# machine's own. The suite `paper` needs its data sets: prepared, or in $PLASTICITY_BENCH_DATA.
set -uo pipefail
cd "$(dirname "$0")/.."

PARTS="install:60 tests:90 rates:150 loops:60 spectra:20 memory:30 agreement:60 suite:110"

install() {
    local wheels=${WHEELS:-$(dirname "$PWD")/wheels} found=(--no-index)
    if [ -d "$wheels" ]; then
        echo "Wheels: $wheels"
        found+=(--find-links "$wheels")
    else
        echo "No wheels in $wheels: what is missing on this machine stays missing."
    fi
    if [ -z "${TINY:-}" ]; then
        python -m pip install --quiet "${found[@]}" --no-deps --no-build-isolation -e . || return
        python -m pip install --quiet "${found[@]}" -e ".[dev]" || python -m pip check
    fi
    python -c "import torch, plasticity_bench; print('torch', torch.__version__)"
}

tests() {
    local chosen=(-k "")
    if [ -n "${TINY:-}" ]; then chosen=(-k is_not_there); fi
    python -m pytest -o addopts="--import-mode=importlib" -q -m "" -p no:cacheprovider \
        tests/programs/test_device.py "${chosen[@]}"
}

part() {
    local options=()
    if [ -n "${TINY:-}" ]; then
        options=(--device cpu --tiny --seconds 0.05)
    elif [ "$1" = suite ]; then
        python -m plasticity_bench.cli prepare paper --no-download || return
        options=(--seconds 90)
    fi
    if [ "$1" = suite ] && [ -n "${TINY:-}" ]; then options+=(--seconds 100); fi
    python -m benchmarks.gpu "$1" "${options[@]}"
}

case ${1:-} in
    --part)
        case $2 in install | tests) "$2" ;; *) part "$2" ;; esac
        exit
        ;;
    --dry-run)
        total=0
        for item in $PARTS; do
            printf '%-10s at most %4d s\n' "${item%%:*}" "${item##*:}"
            total=$((total + ${item##*:}))
        done
        printf '%-10s at most %4d s\n' all "$total"
        exit
        ;;
    "" | --*)
        echo "usage: benchmarks/gpu_all.sh OUT [--tiny] | --dry-run" >&2
        exit 2
        ;;
esac
out=$1
mkdir -p "$out" || exit
if [ "${2:-}" = --tiny ]; then export TINY=yes; fi
failed=0
for item in $PARTS; do
    name=${item%%:*} began=$SECONDS
    timeout --signal=INT --kill-after=5 "${item##*:}" bash benchmarks/gpu_all.sh --part "$name" \
        >"$out/$name.md" 2>"$out/$name.log"
    code=$?
    case $code in
        0) said=finished ;;
        124 | 137) said="stopped at its limit" ;;
        *) said="exit $code: see $out/$name.log" ;;
    esac
    printf '%-10s %4d s  %s\n' "$name" $((SECONDS - began)) "$said"
    [ $code = 0 ] || failed=1
done
exit $failed
