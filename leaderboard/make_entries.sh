#!/usr/bin/env bash
# Makes the entries of a suite's own learners, or of all baselines, from results that are complete:
#   plasticity-bench run quick $(for name in baselines/[a-z]*.py; do
#     echo "--learner $(basename "$name" .py)"; done)
#   leaderboard/make_entries.sh results/quick-v0@*
# and then the page:
#   plasticity-bench leaderboard --format markdown > leaderboard/README.md
set -euo pipefail
results=${1:?give the folder with a suite\'s results}
shift
[ $# -gt 0 ] || set -- $(ls "$results/cells" | head -1 | xargs -I{} ls "$results/cells/{}")
suite=$(basename "$results")
suite=${suite%@*}
for label in "$@"; do
  plasticity-bench submit "$results" --name "$label" --learner "$label" \
    --authors "The plasticity-bench authors" --licence MIT --output leaderboard/entries
  plasticity-bench validate "leaderboard/entries/$suite/$label" >/dev/null
done
