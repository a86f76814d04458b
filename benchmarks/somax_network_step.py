"""somax's side of benchmarks/network-steps: sgn_ce steps of a multilayer perceptron with ReLU.

    somax_network_step.py FOLDER THREADS WIDTHS

The commands are those of Sources/NetworkSteps: `describe`, and `time sgn_ce SECONDS`. A step is somax's own, compiled
as one function by jax.jit as in somax_step.py, with ten conjugate gradient iterations (maxiter=10, tol=0, no warm
start, constant damping, learning_rate=1), and is over when its result is there.
"""

import sys

import jax
import jax.numpy as jnp
import numpy
import somax
import steps

ITERATIONS, DAMPING = 10, 1e-2


def predict(parameters, x):
    for weight, bias in parameters[:-1]:
        x = jax.nn.relu(x @ weight + bias)
    weight, bias = parameters[-1]
    return x @ weight + bias


def unflatten(values, widths):
    """Ours are weight [out, in] and bias [out], layer by layer; JAX users have weight [in, out]."""
    parameters, start = [], 0
    for width, following in zip(widths, widths[1:]):
        weight = values[start : start + width * following].reshape(following, width)
        start += weight.size
        parameters.append((jnp.asarray(weight.T.copy()), jnp.asarray(values[start : start + following])))
        start += following
    return parameters


class Stepper:
    def __init__(self, start, batch):
        method = somax.sgn_ce(
            predict_fn=predict, lam0=DAMPING, tol=0.0, maxiter=ITERATIONS, warm_start=False, learning_rate=1.0)
        self.function, self.batch, self.key = jax.jit(method.step), batch, jax.random.PRNGKey(0)
        self.first = start, method.init(start)
        self.restart()
        self.step()

    def restart(self):
        self.parameters, self.state = self.first

    def step(self):
        result = self.function(self.parameters, self.batch, self.state, self.key)
        self.parameters, self.state, info = jax.block_until_ready(result)
        assert int(info["cg_iters"]) == ITERATIONS, f"{info['cg_iters']} iterations"


def main():
    folder, threads, widths = sys.argv[1], sys.argv[2], [int(width) for width in sys.argv[3].split(",")]
    batch = {"x": jnp.asarray(numpy.load(folder + "/X.npy")),
             "y": jnp.asarray(numpy.load(folder + "/y.npy").astype(numpy.int32))}
    stepper = Stepper(unflatten(numpy.load(folder + "/start.npy"), widths), batch)
    for line in sys.stdin:
        words = line.split()
        if words[0] == "describe":
            answer = f"python-somax {somax.__version__}, JAX {jax.__version__}; threads {threads}"
        elif words[0] == "time":
            stepper.restart()
            answer = "%.9f %.9f" % steps.seconds_of_a_step(stepper.step, float(words[2]))
        else:
            raise SystemExit(f"unknown command: {line}")
        print(answer, flush=True)


if __name__ == "__main__":
    main()
