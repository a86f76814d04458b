"""The data sets of benchmarks/peers, made once and kept in .runs/peers, and the objective that judges every contestant.

    .venv/bin/python peer_data.py [--only NAME ...] [--letter FILE.csv] [--clinc150 FOLDER]

Each folder holds X.npy (float32) or, sparse, X.npz (SciPy's CSR, float32) and X.libsvm, y.npy (int64), test rows of the
same kind (X_test, y_test) and about.json. The same bytes on every run. The objective is the mean cross-entropy
+ l2/2 |weight|^2 in nats, the bias free; weight [C, D] and bias [C] as torch and scikit-learn store them.
"""

import argparse
import json
import pathlib

import numpy
import scipy.optimize
import scipy.sparse

import tables

RUNS = tables.FOLDER / ".runs" / "peers"
# Python packages whose source is the text of the sparse set: the versions that requirements.txt pins.
TEXT_PACKAGES = ["jax", "networkx", "numpy", "scipy", "sklearn", "sympy", "torch"]
SPARSE_SUBPACKAGES, SPARSE_TERMS, LINES = 18, 25_000, 40


def letter(options):
    """The customary split, standardised with the mean and standard deviation of the training rows."""
    rows = numpy.genfromtxt(options.letter, delimiter=",", skip_header=1, dtype=str)
    y = numpy.unique(rows[:, 0], return_inverse=True)[1]
    x = rows[:, 1:].astype(numpy.float64)
    x = (x - x[:16000].mean(axis=0)) / x[:16000].std(axis=0)
    return {"X": x[:16000], "y": y[:16000], "X_test": x[16000:], "y_test": y[16000:]}


def clinc150(options):
    names = {"X": "X_train", "y": "y_train", "X_test": "X_test", "y_test": "y_test"}
    return {name: numpy.load(options.clinc150 / f"{file}.npy") for name, file in names.items()}


def letter_rff1024(options):
    """sqrt(2/1024) cos(W x + b): the Gaussian kernel of bandwidth 4 on the standardised letter rows."""
    arrays, rng = letter(options), numpy.random.default_rng(1)
    projection, phase = rng.standard_normal((16, 1024)) / 4, rng.uniform(0, 2 * numpy.pi, 1024)
    for name in ("X", "X_test"):
        arrays[name] = numpy.sqrt(2 / 1024) * numpy.cos(arrays[name] @ projection + phase)
    return arrays


def synthetic(_):
    """Like embeddings of text: 1,000 overlapping clusters on the unit sphere of 256 dimensions, noisy labels.

    Feature j has standard deviation s_j = (j+1)^-1/2 in centres and noise alike. A row is its cluster's centre + noise,
    scaled to length one; its label is drawn from softmax(12 x.u_c), u_c being centre c scaled to length one.
    """
    rng, count = numpy.random.default_rng(2), {"": 50_000, "_test": 10_000}
    scale = numpy.arange(1, 257) ** -0.5
    centres = rng.standard_normal((1000, 256)) * scale
    directions = centres / numpy.linalg.norm(centres, axis=1, keepdims=True)
    arrays = {}
    for part, rows in count.items():
        x = centres[rng.integers(1000, size=rows)] + rng.standard_normal((rows, 256)) * scale
        x /= numpy.linalg.norm(x, axis=1, keepdims=True)
        arrays["X" + part] = x
        arrays["y" + part] = (12 * x @ directions.T + rng.gumbel(size=(rows, 1000))).argmax(axis=1)
    return arrays


def source_text():
    """Documents of 40 lines of the Python sources of TEXT_PACKAGES, and their classes: the 18 subpackages with most
    lines, and for each package the rest of it."""
    texts = {}
    for package in TEXT_PACKAGES:
        root = pathlib.Path(numpy.__file__).parents[1] / package
        for path in sorted(root.glob("*/**/*.py")):
            lines = path.read_text(errors="replace").splitlines()
            texts.setdefault(f"{package}.{path.relative_to(root).parts[0]}", []).append(lines)
    largest = sorted(texts, key=lambda name: -sum(map(len, texts[name])))[:SPARSE_SUBPACKAGES]
    documents, classes = [], []
    for name, files in texts.items():
        for lines in files:
            blocks = ["\n".join(lines[i : i + LINES]) for i in range(0, len(lines), LINES)]
            blocks = [block for block in blocks if len(block.split()) >= 60]
            documents += blocks
            classes += [name if name in largest else name.split(".")[0]] * len(blocks)
    names, y = numpy.unique(classes, return_inverse=True)
    return documents, y, names.tolist()


def sparse(_):
    """tf-idf of the 25,000 commonest words and pairs of words in `source_text`; a tenth of the documents for testing."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    documents, y, names = source_text()
    order = numpy.random.default_rng(3).permutation(len(y))
    cut = len(y) * 9 // 10
    parts = {"": order[:cut], "_test": order[cut:]}
    words = TfidfVectorizer(ngram_range=(1, 2), max_features=SPARSE_TERMS, sublinear_tf=True, dtype=numpy.float32)
    words.fit([documents[i] for i in parts[""]])
    arrays = {}
    for part, rows in parts.items():
        x = words.transform([documents[i] for i in rows]).tocsr()
        x.sort_indices()
        arrays["X" + part], arrays["y" + part] = x, y[rows]
    arrays["classes"] = names
    return arrays


MAKERS = {
    "letter": letter, "clinc150": clinc150, "letter-rff1024": letter_rff1024, "synthetic": synthetic, "sparse": sparse}
L2 = {name: 1e-4 for name in MAKERS} | {"sparse": 1e-5}


def load(folder, name):
    """The features as float32, dense or CSR."""
    archive = folder / f"{name}.npz"
    return scipy.sparse.load_npz(archive).tocsr() if archive.exists() else numpy.load(folder / f"{name}.npy")


class Objective:
    """The judge: objective, gradient and Hessian products in float64, whatever the contestant computes in."""

    def __init__(self, folder, l2):
        self.x, self.y, self.l2 = load(folder, "X").astype(numpy.float64), numpy.load(folder / "y.npy"), l2
        self.shape = int(self.y.max()) + 1, self.x.shape[1]
        self.size = self.shape[0] * (self.shape[1] + 1)

    def pack(self, weight, bias):
        """One vector of float64; the bias with mean zero, which changes no probability."""
        bias = numpy.asarray(bias, numpy.float64)
        return numpy.concatenate([numpy.asarray(weight, numpy.float64).ravel(), bias - bias.mean()])

    def split(self, flat):
        count = self.shape[0] * self.shape[1]
        return flat[:count].reshape(self.shape), flat[count:]

    def probabilities(self, flat):
        """Mean loss, and p in place of the logits."""
        weight, bias = self.split(flat)
        z = self.x @ weight.T
        z += bias
        own = z[numpy.arange(len(self.y)), self.y]
        top = z.max(axis=1)
        z -= top[:, None]
        numpy.exp(z, out=z)
        total = z.sum(axis=1)
        loss = numpy.mean(numpy.log(total) + top - own)
        z /= total[:, None]
        return float(loss), z

    def back(self, cotangents, weight):
        gradient = (self.x.T @ cotangents).T / len(self.y) + self.l2 * weight
        return numpy.concatenate([gradient.ravel(), cotangents.mean(axis=0)])

    def value(self, flat):
        weight, _ = self.split(flat)
        return self.probabilities(flat)[0] + self.l2 / 2 * float(numpy.sum(weight**2))

    def gradient(self, flat):
        """Objective, gradient and p."""
        weight, _ = self.split(flat)
        loss, p = self.probabilities(flat)
        cotangents = p.copy()
        cotangents[numpy.arange(len(self.y)), self.y] -= 1
        return loss + self.l2 / 2 * float(numpy.sum(weight**2)), self.back(cotangents, weight), p

    def product(self, p, flat):
        weight, bias = self.split(flat)
        z = self.x @ weight.T + bias
        z -= numpy.sum(p * z, axis=1, keepdims=True)
        z *= p
        return self.back(z, weight)

    def accuracy(self, flat, folder):
        """Of test rows."""
        weight, bias = self.split(flat)
        z = load(folder, "X_test") @ weight.T + bias
        return float(numpy.mean(z.argmax(axis=1) == numpy.load(folder / "y_test.npy")))

    def optimum(self, limit=1e-9):
        """Weights at which the gradient's norm is below the limit: L-BFGS, then Newton's method."""
        result = scipy.optimize.minimize(
            lambda flat: self.gradient(flat)[:2], numpy.zeros(self.size), jac=True, method="L-BFGS-B",
            options=dict(maxcor=30, maxiter=100_000, maxfun=100_000, ftol=1e-13, gtol=1e-8))
        flat = result.x
        for _ in range(50):
            value, gradient, p = self.gradient(flat)
            norm = numpy.linalg.norm(gradient)
            if norm < limit:
                break
            flat = flat - solve(lambda v: self.product(p, v), gradient, 0.05 * norm)
        return flat, value, float(norm)


def solve(product, right, residual):
    """Conjugate gradient from zero, until the residual's norm is below `residual`."""
    x, r = numpy.zeros_like(right), right.copy()
    d, square = r.copy(), right @ right
    while square > residual**2:
        q = product(d)
        step = square / (d @ q)
        x += step * d
        r -= step * q
        square, old = r @ r, square
        d = r + (square / old) * d
    return x


def save(folder, arrays):
    for name, array in arrays.items():
        if scipy.sparse.issparse(array):
            from sklearn.datasets import dump_svmlight_file

            scipy.sparse.save_npz(folder / f"{name}.npz", array, compressed=False)
            dump_svmlight_file(array, arrays["y" + name[1:]], str(folder / f"{name}.libsvm"), zero_based=False)
        elif name.startswith("X"):
            numpy.save(folder / f"{name}.npy", numpy.ascontiguousarray(array, numpy.float32))
        elif name.startswith("y"):
            numpy.save(folder / f"{name}.npy", array.astype(numpy.int64))


def describe(name, folder, arrays):
    x, y = load(folder, "X"), numpy.load(folder / "y.npy")
    about = {"name": name, "N": len(y), "D": x.shape[1], "C": int(y.max()) + 1, "l2": L2[name]}
    if scipy.sparse.issparse(x):
        about |= {"nonzeros": x.nnz, "csrBytes": x.data.nbytes + x.indices.nbytes + x.indptr.nbytes,
                  "classes": arrays["classes"]}
    return about


def prepare(name, options):
    """The folder and about.json of a data set, made where they are missing; its optimum is found by `with_optimum`."""
    folder = RUNS / name
    path = folder / "about.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        arrays = MAKERS[name](options)
        save(folder, arrays)
        path.write_text(json.dumps(describe(name, folder, arrays), indent=1) + "\n")
    return folder, json.loads(path.read_text())


def with_optimum(name, options):
    """`prepare`, and the optimum, found once: f*, the gradient's norm there, accuracy, weights in optimum.npz."""
    folder, about = prepare(name, options)
    if "optimum" not in about:
        objective = Objective(folder, about["l2"])
        flat, value, norm = objective.optimum()
        weight, bias = objective.split(flat)
        numpy.savez(folder / "optimum.npz", weight=weight, bias=bias)
        train = objective.probabilities(flat)[1].argmax(axis=1) == objective.y
        about |= {"optimum": value, "gradientNorm": norm, "trainAccuracy": float(train.mean()),
                  "testAccuracy": objective.accuracy(flat, folder)}
        (folder / "about.json").write_text(json.dumps(about, indent=1) + "\n")
    return folder, about


def add_places(parser):
    root = tables.FOLDER.parent
    parser.add_argument("--letter", type=pathlib.Path, default=root / "Examples" / "letter-recognition.csv")
    parser.add_argument("--clinc150", type=pathlib.Path, default=root.parent / "shared" / "data" / "clinc150")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=MAKERS, default=list(MAKERS))
    parser.add_argument("--no-optimum", action="store_true")
    add_places(parser)
    options = parser.parse_args()
    for name in options.only:
        _, about = (prepare if options.no_optimum else with_optimum)(name, options)
        print(json.dumps(about), flush=True)


if __name__ == "__main__":
    main()
