#!/usr/bin/env bash
# Makes entries from results that are complete, and checks them:
#   leaderboard/make_entries.sh RESULTS [LABEL ...]
# LABEL is a learner as the table has it; without any, all that are called like a file of baselines/.
# In a clone, for the quick suite's own learners, and then the page:
#   plasticity-bench run quick
#   leaderboard/make_entries.sh results/quick-v0@*
#   plasticity-bench leaderboard --format markdown > leaderboard/README.md
set -euo pipefail
results=${1:?give the folder with the results of a suite}
shift
if [ $# -eq 0 ]; then
  for folder in "$results"/cells/*/*/ "$results"/packs/*/*/; do
    name=$(basename "$folder")
    if [ -d "$folder" ] && [ -f "baselines/$name.py" ]; then set -- "$@" "$name"; fi
  done
  mapfile -t labels < <(printf '%s\n' "$@" | sort -u)
  set -- "${labels[@]}"
fi
suite=$(basename "$results")
entries=()
for label in "$@"; do
  name=${label//[^A-Za-z0-9_.+-]/_}
  plasticity-bench submit "$results" --name "$name" --learner "$label" \
    --authors "The plasticity-bench authors" --output leaderboard/entries
  entries+=("leaderboard/entries/${suite%@*}/$name")
done
plasticity-bench validate "${entries[@]}" >/dev/null
