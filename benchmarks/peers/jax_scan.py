"""The same updates in JAX: one jitted `scan` over updates of a `vmap` over replicas.

    XLA_FLAGS=--xla_cpu_multi_thread_eigen=false taskset -c 0 python benchmarks/peers/jax_scan.py

Needs only jax. Prints seed-updates per second of each learner, the median of five samples.
"""

import argparse
import itertools
import statistics
import time

import jax
import jax.numpy as jnp

WIDTHS, EXAMPLES, STEPS = (784, 128, 128, 10), 1024, 100


def initial(key):
    layers = []
    for inner, outer in itertools.pairwise(WIDTHS):
        key, weight, bias = jax.random.split(key, 3)
        bound = inner**-0.5
        layers.append(
            (
                jax.random.uniform(weight, (inner, outer), minval=-bound, maxval=bound),
                jax.random.uniform(bias, (outer,), minval=-bound, maxval=bound),
            )
        )
    return layers


def loss(params, start, inputs, targets, learner):
    hidden = inputs
    for weight, bias in params[:-1]:
        hidden = jax.nn.relu(hidden @ weight + bias)
    logits = hidden @ params[-1][0] + params[-1][1]
    data = -jnp.take_along_axis(jax.nn.log_softmax(logits), targets[:, None], 1).mean()
    pairs = list(zip(jax.tree.leaves(params), jax.tree.leaves(start), strict=True))
    if learner == "l2_init":
        return data + 1e-3 * sum(((p - s) ** 2).sum() for p, s in pairs)
    if learner == "wasserstein":
        return data + 1e-3 * sum(((jnp.sort(p.ravel()) - s) ** 2).sum() for p, s in pairs)
    return data


def update(state, batch, learner):
    params, start, first, second, step = state
    gradients = jax.grad(loss)(params, start, *batch, learner)
    step = step + 1
    if learner == "sgd":
        params = jax.tree.map(lambda p, g: p - 1e-3 * g, params, gradients)
        return (params, start, first, second, step), None
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)
    rate, root = 1e-3 / (1 - 0.9**step), jnp.sqrt(1 - 0.999**step)
    params = jax.tree.map(
        lambda p, m, v: p - rate * m / (jnp.sqrt(v) / root + 1e-8), params, first, second
    )
    return (params, start, first, second, step), None


def rate(learner, size, seconds):
    keys = jax.random.split(jax.random.key(0), size)
    params = jax.vmap(initial)(keys)
    start = params
    if learner == "wasserstein":
        start = jax.tree.map(lambda p: jnp.sort(p.reshape(size, -1)), params)
    zeros = jax.tree.map(jnp.zeros_like, params)
    state = (params, start, zeros, zeros, jnp.zeros(size))
    data = jax.random.normal(keys[0], (EXAMPLES, WIDTHS[0]))
    labels = jax.random.randint(keys[0], (size, EXAMPLES), 0, 10)

    @jax.jit
    def run(state, rows):
        def step(state, rows):  # rows: (size, batch)
            batch = data[rows], jnp.take_along_axis(labels, rows, 1)
            return jax.vmap(lambda s, b: update(s, b, learner))(state, batch)

        return jax.lax.scan(step, state, rows)[0]

    rows = jax.random.randint(keys[0], (STEPS, size, 32), 0, EXAMPLES)
    state = jax.block_until_ready(run(state, rows))
    samples = []
    for _ in range(5):
        done, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            state = jax.block_until_ready(run(state, rows))
            done += STEPS * size
        samples.append(done / (time.perf_counter() - began))
    return statistics.median(samples)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=4, help="replicas")
    parser.add_argument("--seconds", type=float, default=0.6, help="length of each sample")
    parser.add_argument("--learners", nargs="*", default=["sgd", "adam", "l2_init", "wasserstein"])
    options = parser.parse_args()
    for name in options.learners:
        print(f"{name}: {rate(name, options.size, options.seconds):,.0f}", flush=True)
