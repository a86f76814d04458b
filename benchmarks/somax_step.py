"""The other side of benchmarks/full-batch-step: python-somax's sgn_ce, one step for each line that asks for one.

    somax_step.py FOLDER THREADS

The commands are those of Sources/FullBatchSteps (without `gram`); the only contestant is "sgn_ce".

What is timed is somax's own whole step (parameters and solver state in, parameters and state out), compiled as one
function by jax.jit, arrays on the device, until its results are there. sgn_ce solves the damped GGN system by conjugate
gradient in parameter space: maxiter=10, tol=0 so that all ten run, warm_start=False, constant damping lam0,
learning_rate=1, no preconditioner; stabilise_every=10 only acts below maxiter, so no residual is recomputed.
"""

import sys
import time

import jax
import jax.numpy as jnp
import numpy
import somax

ITERATIONS = 10


def predict(parameters, x):
    return x @ parameters["weight"] + parameters["bias"]


def unflatten(values, width):
    """Ours is weight [C, D], then bias [C]; JAX users have weight [D, C]."""
    classes = values.size // (width + 1)
    weight = values[: classes * width].reshape(classes, width)
    return {"weight": jnp.asarray(weight.T.copy()), "bias": jnp.asarray(values[classes * width :])}


def flatten(parameters):
    return numpy.concatenate([numpy.asarray(parameters["weight"]).T.ravel(), numpy.asarray(parameters["bias"])])


def main():
    folder, threads = sys.argv[1], sys.argv[2]
    features = numpy.load(folder + "/X.npy")
    batch = {"x": jnp.asarray(features), "y": jnp.asarray(numpy.load(folder + "/y.npy").astype(numpy.int32))}
    key = jax.random.PRNGKey(0)
    step = start = state = None

    def timed():
        wall, cpu = time.perf_counter(), time.process_time()
        end, new_state, info = step(start, batch, state, key)
        jax.block_until_ready((end, new_state, info))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        iterations = int(info["cg_iters"])
        assert iterations == ITERATIONS, f"{iterations} iterations"
        return end, f"{wall} {cpu} cg {iterations} {float(info['cg_resid'])}"

    for line in sys.stdin:
        words = line.split()
        if words[0] == "describe":
            answer = f"python-somax {somax.__version__}, JAX {jax.__version__}; threads {threads}"
        elif words[0] == "start":
            start = unflatten(numpy.load(words[1]), features.shape[1])
            method = somax.sgn_ce(
                predict_fn=predict, lam0=float(words[2]), tol=0.0, maxiter=ITERATIONS, warm_start=False, learning_rate=1.0
            )
            step, state = jax.jit(method.step), method.init(start)
            answer = "ready"
        elif words[0] == "step":
            _, answer = timed()
        elif words[0] == "direction":
            end, answer = timed()
            numpy.save(words[2], flatten(end) - flatten(start))
        else:
            raise SystemExit(f"unknown command: {line}")
        print(answer, flush=True)


if __name__ == "__main__":
    main()
