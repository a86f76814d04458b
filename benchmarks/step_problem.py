"""The problem of full-batch-step in NumPy, float64: data, and what a step does to the loss."""

import numpy


class Problem:
    """Labels from a noisy linear teacher; feature j has standard deviation ~ (j+1)^-1/2, mean square 1 over all."""

    def __init__(self, folder, examples, features, classes, seed=1):
        rng = numpy.random.default_rng(seed)
        scale = numpy.arange(1, features + 1) ** -0.5
        scale *= numpy.sqrt(features / (scale @ scale))
        x = (rng.standard_normal((examples, features)) * scale).astype(numpy.float32)
        teacher = rng.standard_normal((features, classes)) * (3 / numpy.sqrt(features))
        y = (x @ teacher + rng.gumbel(size=(examples, classes))).argmax(axis=1)
        y[:classes] = numpy.arange(classes)  # every class occurs
        zero = numpy.zeros(classes * (features + 1), numpy.float32)
        self.starts = {"zero": zero, "random": (0.01 * rng.standard_normal(zero.size)).astype(numpy.float32)}
        self.x, self.y, self.classes = x.astype(numpy.float64), y, classes
        numpy.save(folder / "X.npy", x)
        numpy.save(folder / "y.npy", y.astype(numpy.int64))
        for name, start in self.starts.items():
            numpy.save(folder / f"{name}.npy", start)

    def default_damping(self):
        """What GaussNewtonOptimizer would take at zero: 12 g / N, g = (mean |x|^2 + 1) / C the mean row curvature."""
        return 12 * (numpy.mean(numpy.sum(self.x**2, axis=1)) + 1) / self.classes / len(self.y)

    def logits(self, flat):
        weight = flat[: self.classes * self.x.shape[1]].reshape(self.classes, -1).astype(numpy.float64)
        return self.x @ weight.T + flat[weight.size :]

    def loss(self, z):
        z = z - z.max(axis=1, keepdims=True)
        return float(numpy.mean(numpy.log(numpy.exp(z).sum(axis=1)) - z[numpy.arange(len(self.y)), self.y]))

    def along(self, start, direction):
        """Loss after a unit step, and the least loss over step lengths 2^-6 ... 2^2 in half octaves."""
        z, change = self.logits(start), self.logits(direction)
        return self.loss(z + change), min(self.loss(z + 2 ** (k / 2) * change) for k in range(-12, 5))


def cosine(a, b):
    a, b = a.astype(numpy.float64), b.astype(numpy.float64)
    return float(a @ b / numpy.sqrt((a @ a) * (b @ b)))
