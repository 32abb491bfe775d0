#!/usr/bin/env bash
# Makes the baselines' entries of the quick suites, in a clone of the repository, and the page:
#   leaderboard/make_entries.sh [RESULTS]
# Each baseline has two entries: NAME, tuned, and NAME_defaults, with its default hyperparameters.
# What is finished is not run again. An entry that is refused is removed: so are those of methods that
# act where a task begins, which the quick suite does not tell them, and whose curves are Adam's.
# torch_optimizer cannot be recorded, hence not be verified, and has no entry.
set -euo pipefail
cd "$(dirname "$0")/.."
root=${1:-results}

submit() {
  local suite=$1 learner=$2 name=$3 folder
  folder=$(echo "$root/$suite-v1@"*)
  plasticity-bench submit "$folder" --learner "$learner" --name "$name" \
    --authors "The plasticity-bench authors" --output leaderboard/entries
  plasticity-bench validate "leaderboard/entries/$suite-v1/$name" >/dev/null ||
    rm -r "leaderboard/entries/$suite-v1/$name"
}

with_defaults() {
  local suite=$1 name=$2 step
  step=$(python -c "
from plasticity_bench.learners.lookup import find_learner
print(find_learner('$name')().step_size)")
  plasticity-bench run "$suite" --learner "$name" -H "step_size=$step" --results "$root"
  submit "$suite" "$name step_size=$step" "${name}_defaults"
}

for suite in quick quick-boundaries; do
  plasticity-bench run "$suite" --tuned "suites/tuning/$suite.yaml" --results "$root"
  submit "$suite" fresh fresh # first: the others are judged by it
  for name in $(sed -n '/^learners:/,/^environment:/s/^  \([a-z0-9_]*\):$/\1/p' "suites/tuning/$suite.yaml"); do
    if [ "$name" = fresh ]; then continue; fi
    submit "$suite" "$name" "$name"
    with_defaults "$suite" "$name"
  done
done
for file in baselines/[a-z]*.py; do
  name=$(basename "$file" .py)
  if [ "$name" = torch_optimizer ]; then continue; fi
  if grep -q "^  $name:" suites/tuning/quick.yaml suites/tuning/quick-boundaries.yaml; then continue; fi
  record=$root/tuning/$name.yaml
  held=() label="$name (tuned)"
  # Half of a stream. Where `start` is searched, the best is never, and that is Adam.
  if [ "$name" = plasticity_injection ]; then held=(-H start=3000) label="$name start=3000 (tuned)"; fi
  if [ ! -f "$record" ]; then
    plasticity-bench tune quick --learner "$name" "${held[@]}" --output "$record" --results "$root"
  fi
  plasticity-bench run quick --learner "$name" "${held[@]}" --tuned "$record" --results "$root"
  submit quick "$label" "$name"
  with_defaults quick "$name"
done
plasticity-bench leaderboard --format markdown > leaderboard/README.md
