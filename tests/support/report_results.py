"""Results of a small suite as they lie on disk, whose numbers are known; nothing is trained."""

from plasticity_bench.results import Results, Row, Run, store_request

TUNING = """\
suite: lab/small-v0@01234567
tuning:
  {search: random, select: trainability, per_stream: false, settings: 4, seeds: [1000, 1001],
   rungs: [{tasks: 5, settings: 4}, {tasks: 10, settings: 3}], streams: [easy, hard]}
environment: {}
learners:
  fresh:
    {class_name: Own, fixed: {}, chosen: {step_size: 0.01}, scales: {step_size: log}, updates: 80,
     tried: [
       {setting: {step_size: 0.01}, tasks: 10, score: 0.7, interval: [0.6, 0.8],
        streams: {easy: 0.8, hard: 0.6}, diverged: 0}]}
  adam:
    {class_name: Own, fixed: {}, chosen: {step_size: 0.001, kind: b}, updates: 80,
     scales: {step_size: log, kind: choice},
     tried: [
       {setting: {step_size: 0.1, kind: a}, tasks: 10, score: 0.0, interval: [0.0, 0.0],
        streams: {easy: 0.0, hard: 0.0}, diverged: 4},
       {setting: {step_size: 0.001, kind: b}, tasks: 10, score: 0.5, interval: [0.4, 0.7],
        streams: {easy: 0.6, hard: 0.4}, diverged: 0},
       {setting: {step_size: 0.00001, kind: a}, tasks: 10, score: null, interval: null,
        streams: {easy: 0.1, hard: null}, diverged: 0},
       {setting: {step_size: 0.02, kind: b}, tasks: 5, score: 0.4, interval: [0.3, 0.5],
        streams: {easy: 0.4, hard: 0.4}, diverged: 0}]}
"""

EVIL = "</script><img src=x onerror=alert(1)>"
LEVELS = {"fresh": 0.9, "adam": 0.2, "l2": 0.6, EVIL: 0.5}
STREAMS = ("easy", "hard")
NUM_TASKS = 10
COMMAND = "plasticity-bench run small.yaml --seeds 3"


def runs(seeds=range(3)):
    for stream in STREAMS:
        for learner in LEVELS:
            for seed in seeds:
                identity = {
                    "seed": seed,
                    "stream": {"id": "lab/Own-v0", "parameters": {"num_tasks": NUM_TASKS}},
                    "network": {"name": "mlp", "hidden": [8]},
                    "learner": {
                        "class": "Own",
                        "source": "0" * 64,
                        "hyperparameters": {"label": learner, "step_size": 0.1},
                    },
                    "protocol": {"curvature_examples": 16},
                }
                yield Run(stream, learner, seed, identity)


def rows(run):
    """Accuracy falls from 0.9 to the learner's level; of "hard" streams, to a tenth less."""
    last = LEVELS[run.learner] + 0.01 * run.seed - 0.1 * (run.stream == "hard")
    for task in range(NUM_TASKS):
        done = task / (NUM_TASKS - 1)
        yield Row(task, "end", "accuracy", 0.9 + (last - 0.9) * done)
        yield Row(task, "start", "chance", 0.1)
        yield Row(task, "start", "dead_rank", 2.0)
        yield Row(task, "start", "fisher_srank99_n16", 2 + 10 * (1 + (last - 1) * done))
        yield Row(task, "start", "parameter_norm", 1.0 + task * (1 - last))
        yield Row(task, "start", "dormant_units/layer0", 0.0)


def write(folder):
    """A diverged run, a failed one, one that is missing; all others complete. And a search."""
    results = Results(folder / "small-v0@01234567")
    every = list(runs())
    store_request(results.folder, "small-v0", COMMAND, every)
    info = {"seconds": {"train": 1.0, "measure": 0.5}, "environment": {"python": "3.11.7"}}
    for run in every:
        place = run.stream, run.learner, run.seed
        if place == ("hard", "l2", 1):
            results.save_failure(
                run, 'Traceback:\n  File "a.py"\nValueError: no <b>luck</b>', {**info}
            )
        elif place != ("hard", "l2", 2):
            status = "diverged" if place == ("hard", "adam", 0) else "complete"
            results.save(run, rows(run), {**info, "status": status})
    (results.folder / "tuning.yaml").write_text(TUNING)
    return results
