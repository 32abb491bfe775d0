#!/usr/bin/env bash
# Makes the entries of the quick suite, in a clone of the repository, and the page:
#   leaderboard/make_entries.sh                       # tunes, runs and submits every baseline
#   leaderboard/make_entries.sh RESULTS [LABEL ...]   # submits what is complete in a results folder
# LABEL is a learner as the table has it; without any, all that are called like a file of baselines/.
# What is finished is not run again.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -eq 0 ]; then
  plasticity-bench run quick --tuned suites/tuning/quick.yaml
  for file in baselines/[a-z]*.py; do
    name=$(basename "$file" .py) record=results/tuning/$(basename "$file" .py).yaml
    if grep -q "^  $name:" suites/tuning/quick.yaml; then continue; fi
    if [ ! -f "$record" ]; then plasticity-bench tune quick --learner "$name" --output "$record"; fi
    plasticity-bench run quick --learner "$name" --tuned "$record"
  done
  set -- results/quick-v0@*
fi

results=$1
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
plasticity-bench leaderboard --format markdown > leaderboard/README.md
