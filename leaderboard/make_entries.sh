#!/usr/bin/env bash
# Makes the entries of the quick suites, in a clone of the repository, and the page:
#   leaderboard/make_entries.sh                       # tunes, runs and submits every baseline
#   leaderboard/make_entries.sh RESULTS [LABEL ...]   # submits what is complete in a results folder
# LABEL is a learner as the table has it; without any, all that are called like a file of baselines/.
# What is finished is not run again. An entry that is refused is removed: so are those of methods that
# act where a task begins, which the quick suite does not tell them, and whose curves are Adam's.
set -euo pipefail
cd "$(dirname "$0")/.."

submit() {
  local results=$1 suite label name entry
  suite=$(basename "$results")
  shift
  for label in "$@"; do
    name=${label%% *}
    entry=leaderboard/entries/${suite%@*}/$name
    plasticity-bench submit "$results" --name "$name" --learner "$label" \
      --authors "The plasticity-bench authors" --output leaderboard/entries
    plasticity-bench validate "$entry" >/dev/null || rm -r "$entry"
  done
}

labels_in() {
  for folder in "$1"/cells/*/*/ "$1"/packs/*/*/; do
    name=$(basename "$folder")
    name=${name/_start=/ start=}
    name=${name/_tuned_/ (tuned)}
    if [ -d "$folder" ] && [ -f "baselines/${name%% *}.py" ]; then printf '%s\n' "$name"; fi
  # The reference first: the others are judged by it.
  done | sort -u | awk '/^fresh/ { print; next } { rest = rest $0 "\n" } END { printf "%s", rest }'
}

if [ $# -eq 0 ]; then
  records=(suites/tuning/quick.yaml suites/tuning/quick-boundaries.yaml)
  for record in "${records[@]}"; do
    plasticity-bench run "$(basename "$record" .yaml)" --tuned "$record"
  done
  for file in baselines/[a-z]*.py; do
    name=$(basename "$file" .py)
    record=results/tuning/$name.yaml
    if grep -q "^  $name:" "${records[@]}"; then continue; fi
    held=()
    # Half of a stream. Where `start` is searched, the best is never, and that is Adam.
    if [ "$name" = plasticity_injection ]; then held=(-H start=3000); fi
    if [ ! -f "$record" ]; then
      plasticity-bench tune quick --learner "$name" "${held[@]}" --output "$record"
    fi
    plasticity-bench run quick --learner "$name" "${held[@]}" --tuned "$record"
  done
  set -- results/quick-v1@* results/quick-boundaries-v1@*
  for results in "$@"; do mapfile -t labels < <(labels_in "$results"); submit "$results" "${labels[@]}"; done
elif [ $# -eq 1 ]; then
  mapfile -t labels < <(labels_in "$1")
  submit "$1" "${labels[@]}"
else
  submit "$@"
fi
plasticity-bench leaderboard --format markdown > leaderboard/README.md
