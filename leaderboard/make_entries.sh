#!/usr/bin/env bash
# Makes the baselines' entries, in a clone of the repository, and the page:
#   leaderboard/make_entries.sh [RESULTS [SUITE ...]]
# Each baseline has two entries: NAME, tuned, and NAME_defaults, with its default hyperparameters.
# What is finished is not run again. An entry that is refused is removed: so are those of methods that
# act where a task begins, of which only quick-boundaries tells them, and whose curves are Adam's.
# torch_optimizer cannot be recorded, hence not be verified, and has no entry.
set -euo pipefail
cd "$(dirname "$0")/.."
root=${1:-results}
suites=("${@:2}")
if [ ${#suites[@]} = 0 ]; then suites=(standard quick quick-boundaries); fi

submit() {
  local suite=$1 learner=$2 name=$3 folder
  folder=$(echo "$root/$suite-v"[0-9]*@*)
  plasticity-bench submit "$folder" --learner "$learner" --name "$name" \
    --authors "The plasticity-bench authors" --output leaderboard/entries
  folder=leaderboard/entries/$(basename "${folder%@*}")/$name
  plasticity-bench validate "$folder" >/dev/null || rm -r "$folder"
}

with_defaults() {
  local suite=$1 name=$2 step
  step=$(python -c "
from plasticity_bench.learners.lookup import find_learner
print(find_learner('$name')().step_size)")
  plasticity-bench run "$suite" --learner "$name" -H "step_size=$step" --results "$root"
  submit "$suite" "$name step_size=$step" "${name}_defaults"
}

learners_of() { sed -n '/^learners:/,/^environment:/s/^  \([a-z0-9_]*\):$/\1/p' "suites/tuning/$1.yaml"; }

for suite in "${suites[@]}"; do
  plasticity-bench run "$suite" --tuned "suites/tuning/$suite.yaml" --results "$root"
  submit "$suite" fresh fresh # first: the others are judged by it
  for name in $(learners_of "$suite"); do
    if [ "$name" = fresh ]; then continue; fi
    submit "$suite" "$name" "$name"
    with_defaults "$suite" "$name"
  done
  if [ "$suite" = quick-boundaries ]; then continue; fi
  for file in baselines/[a-z]*.py; do
    name=$(basename "$file" .py)
    if [ "$name" = torch_optimizer ]; then continue; fi
    if { learners_of "$suite"; learners_of quick-boundaries; } | grep -qx "$name"; then continue; fi
    record=$root/tuning/$suite/$name.yaml
    held=() label="$name (tuned)"
    if [ "$name" = plasticity_injection ]; then
      # Half of a stream. Where `start` is searched, the best is never, and that is Adam.
      start=$([ "$suite" = quick ] && echo 3000 || echo 4500)
      held=(-H "start=$start") label="$name start=$start (tuned)"
    fi
    if [ ! -f "$record" ]; then
      mkdir -p "$(dirname "$record")"
      plasticity-bench tune "$suite" --learner "$name" "${held[@]}" --output "$record" --results "$root"
    fi
    plasticity-bench run "$suite" --learner "$name" "${held[@]}" --tuned "$record" --results "$root"
    submit "$suite" "$label" "$name"
    with_defaults "$suite" "$name"
  done
done
plasticity-bench leaderboard --format markdown > leaderboard/README.md
