"""Is our Adam Adam? The same run in NumPy, float64, written from the paper: 30 full-batch steps on clinc150.

    check_adam.py FOLDER        run with the Python of benchmarks/.venv

One batch holds the whole data set, so that the order of the examples does not matter. Fails beyond 1e-4, relative.
"""

import subprocess
import sys

import numpy
import tables

STEPS, RATE, L2 = 30, 1e-2, 1e-4


def numpy_adam(x, y):
    classes = int(y.max()) + 1
    x = numpy.hstack([x.astype(numpy.float64), numpy.ones((len(x), 1))])
    weight = numpy.zeros((classes, x.shape[1]))
    penalty = numpy.ones_like(weight)
    penalty[:, -1] = 0
    first, second = numpy.zeros_like(weight), numpy.zeros_like(weight)
    best = numpy.inf
    for t in range(STEPS + 1):
        z = x @ weight.T
        z -= z.max(axis=1, keepdims=True)
        p = numpy.exp(z)
        total = p.sum(axis=1)
        loss = numpy.mean(numpy.log(total) - z[numpy.arange(len(y)), y]) + L2 / 2 * numpy.sum((penalty * weight) ** 2)
        if t > 0:
            best = min(best, loss)
        if t == STEPS:
            return best
        p /= total[:, None]
        p[numpy.arange(len(y)), y] -= 1
        gradient = p.T @ x / len(y) + L2 * penalty * weight
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        mean = first / (1 - 0.9 ** (t + 1))
        variance = second / (1 - 0.999 ** (t + 1))
        weight -= RATE * (1 - t / STEPS) * mean / (numpy.sqrt(variance) + 1e-8)


def main():
    folder = sys.argv[1]
    x, y = numpy.load(folder + "/X_train.npy"), numpy.load(folder + "/y_train.npy")
    command = [tables.binary("HeadTraining"), "clinc150", folder, "--batch-size", len(y), "--epochs", STEPS]
    command += ["--seeds", 1, "--rates", RATE, "--l2", L2]
    lines = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout.splitlines()
    ours = float(next(line for line in lines if line.startswith("Adam")).split("\t")[2])
    theirs = numpy_adam(x, y)
    print(f"objective after {STEPS} steps: ours {ours:.7f} (Float), NumPy {theirs:.7f} (float64)")
    if abs(ours / theirs - 1) > 1e-4:
        raise SystemExit("they differ")


if __name__ == "__main__":
    main()
