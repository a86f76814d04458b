"""LIBLINEAR and Vowpal Wabbit, which minimise another objective (each class against the rest), apart.

    peer_one_vs_rest.py FOLDER liblinear|vw L2 THREADS

Prints one line of JSON: seconds of loading, converting and training, and the test accuracy. Both use one thread.
"""

import json
import pathlib
import sys
import tempfile

import numpy
import peer_contestants
import peer_data


def liblinear(x, y, l2):
    """Solver 0: primal logistic regression by a trust-region Newton method, its default tolerance, a bias feature."""
    from liblinear import liblinearutil

    cost = 1 / (len(y) * l2)
    clock = peer_contestants.Clock()
    problem = liblinearutil.problem(y.astype(numpy.float64), x, bias=1)
    convert = clock.seconds()[0]
    clock = peer_contestants.Clock()
    model = liblinearutil.train(problem, liblinearutil.parameter(f"-s 0 -c {cost} -B 1 -q"))

    def predict(rows):
        return liblinearutil.predict([], rows, model, "-q")[0]

    return clock.seconds(), predict, convert, "liblinear-official"


def text(path, x, y=None):
    """Vowpal Wabbit's format: label | index:value ..."""
    with open(path, "w") as file:
        for number in range(x.shape[0]):
            row = x[number]
            pairs = zip(row.indices, row.data) if hasattr(row, "indices") else enumerate(row)
            label = "" if y is None else str(y[number] + 1)
            file.write(f"{label} | " + " ".join(f"{index}:{value:.7g}" for index, value in pairs) + "\n")


def vw(x, y, l2):
    """--oaa with logistic loss, ten passes from a cache, otherwise as it comes."""
    import vowpalwabbit

    folder = tempfile.mkdtemp()
    clock = peer_contestants.Clock()
    text(f"{folder}/train", x, y)
    convert = clock.seconds()[0]
    clock = peer_contestants.Clock()
    bits = int(numpy.ceil(numpy.log2((x.shape[1] + 1) * (y.max() + 1)))) + 1
    model = vowpalwabbit.Workspace(
        f"--oaa {y.max() + 1} --loss_function logistic -b {max(bits, 18)} --passes 10 -d {folder}/train -c -k "
        f"--holdout_off --quiet -f {folder}/model")
    model.finish()
    seconds = clock.seconds()

    def predict(rows):
        text(f"{folder}/test", rows)
        tester = vowpalwabbit.Workspace(f"-t -i {folder}/model -d {folder}/test -p {folder}/out --quiet")
        tester.finish()
        return numpy.loadtxt(f"{folder}/out") - 1

    return seconds, predict, convert, "vowpalwabbit"


def main():
    import importlib.metadata

    folder, kind, l2 = pathlib.Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    clock = peer_contestants.Clock()
    x, y = peer_data.load(folder, "X"), numpy.load(folder / "y.npy")
    load = clock.seconds()[0]
    (wall, cpu), predict, convert, package = globals()[kind](x, y, l2)
    predicted = numpy.asarray(predict(peer_data.load(folder, "X_test")))
    accuracy = float(numpy.mean(predicted == numpy.load(folder / "y_test.npy")))
    print(json.dumps({
        "load": load, "convert": convert, "wall": wall, "cpu": cpu, "testAccuracy": accuracy,
        "version": f"{package} {importlib.metadata.version(package)}"}))


if __name__ == "__main__":
    main()
