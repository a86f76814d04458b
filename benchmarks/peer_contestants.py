"""One contestant of benchmarks/peers in a process of its own; commands on standard input, answers of one line of JSON.

    peer_contestants.py FOLDER CONTESTANT L2 THREADS

    describe              versions and BLAS kernels; seconds of loading and of converting
    fit BUDGET FILE.npz   fits from zero with this many iterations or epochs; wall, cpu, passes; weight and bias saved
    trace VALUE SECONDS   one long run: [budget, CPU seconds, objective] of iterates until VALUE is reached, or SECONDS

A pass is a forward and a backward product with X: half a pass each, be it for a gradient or a Hessian product.
"""

import importlib
import itertools
import json
import pathlib
import sys
import time
import warnings

import numpy
import peer_data

MEMORY = 10  # pairs of L-BFGS: what scikit-learn, SciPy and optax take by default


class Enough(Exception):
    """The trace has reached its value or its time."""


class Contestant:
    """`fit(budget)` gives weight and bias; `passes` counts. `watch(weight, bias)` is called after iterations if set."""

    can_trace = False
    watch = None
    passes = 0.0

    def describe(self):
        return {}


class Sklearn(Contestant):
    def __init__(self, solver, x, y, l2, _):
        import sklearn.linear_model._linear_loss as losses

        self.solver, self.x, self.y, self.l2 = solver, x, y, l2
        self.can_trace = solver == "lbfgs"
        for name, price in {"loss": 0.5, "loss_gradient": 1, "gradient": 1, "gradient_hessian": 1}.items():
            self.count(losses.LinearModelLoss, name, price)
        plain = losses.LinearModelLoss.gradient_hessian_product

        def counted(loss, *arguments, **more):
            self.passes += 1
            gradient, product = plain(loss, *arguments, **more)

            def counted_product(vector):
                self.passes += 1
                return product(vector)

            return gradient, counted_product

        losses.LinearModelLoss.gradient_hessian_product = counted

    def count(self, owner, name, price):
        plain = getattr(owner, name)

        def counted(*arguments, **more):
            self.passes += price
            return plain(*arguments, **more)

        setattr(owner, name, counted)

    def fit(self, budget):
        import scipy.optimize
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(
            solver=self.solver, C=1 / (len(self.y) * self.l2), tol=1e-12, max_iter=budget, random_state=0)
        plain = scipy.optimize.minimize
        if self.watch:
            classes = int(self.y.max()) + 1

            def watch(flat):
                both = flat.reshape((classes, -1), order="F")
                self.watch(both[:, :-1], both[:, -1])

            scipy.optimize.minimize = lambda *a, **more: plain(*a, **(more | {"callback": watch}))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.fit(self.x, self.y)
        finally:
            scipy.optimize.minimize = plain
        if self.solver.startswith("sag"):
            self.passes += int(model.n_iter_.max())
        return model.coef_, model.intercept_

    def describe(self):
        import sklearn

        return {"scikit-learn": sklearn.__version__}


class Torch(Contestant):
    """What the torch contestants share: a linear layer from zero, cross_entropy, autograd."""

    def __init__(self, x, y, l2, threads):
        import torch

        torch.set_num_threads(threads)
        self.torch, self.l2, self.count = torch, l2, len(y)
        self.x, self.y = torch.from_numpy(x), torch.from_numpy(y)
        self.classes = int(y.max()) + 1

    def start(self):
        self.layer = self.torch.nn.Linear(self.x.shape[1], self.classes, dtype=self.x.dtype)
        for parameter in self.layer.parameters():
            self.torch.nn.init.zeros_(parameter)

    def backward(self, x, y):
        loss = self.torch.nn.functional.cross_entropy(self.layer(x), y)
        loss = loss + self.l2 / 2 * self.layer.weight.square().sum()
        loss.backward()
        return loss

    def weights(self):
        return self.layer.weight.detach().numpy(), self.layer.bias.detach().numpy()

    def describe(self):
        return {"torch": self.torch.__version__, "torch kernels": self.torch.backends.cpu.get_cpu_capability()}


class TorchLBFGS(Torch):
    can_trace = True

    def fit(self, budget):
        self.start()
        options = dict(history_size=MEMORY, line_search_fn="strong_wolfe", tolerance_grad=0, tolerance_change=0)
        at_a_time = 1 if self.watch else budget
        optimizer = self.torch.optim.LBFGS(
            self.layer.parameters(), max_iter=at_a_time, max_eval=100 * at_a_time, **options)

        def closure():
            self.passes += 1
            optimizer.zero_grad()
            return self.backward(self.x, self.y)

        for _ in range(budget // at_a_time):
            optimizer.step(closure)
            if self.watch:
                self.watch(*self.weights())
        return self.weights()


class TorchAdam(Torch):
    """Budgets are epochs; the rate is constant for the first half, then falls to zero along a cosine."""

    def __init__(self, kind, rate, *arguments):
        super().__init__(*arguments)
        self.rate, self.batch = rate, self.count if kind == "full" else 512

    def fit(self, budget):
        self.start()
        generator = self.torch.Generator().manual_seed(0)
        optimizer = self.torch.optim.Adam(self.layer.parameters(), lr=self.rate, fused=True)
        steps = budget * -(-self.count // self.batch)
        schedule = self.torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: 0.5 + 0.5 * numpy.cos(numpy.pi * max(0.0, 2 * step / steps - 1)))
        for _ in range(budget):
            if self.batch == self.count:
                batches = [(self.x, self.y)]
            else:
                order = self.torch.randperm(self.count, generator=generator).split(self.batch)
                batches = ((self.x[rows], self.y[rows]) for rows in order)
            for x, y in batches:
                optimizer.zero_grad()
                self.backward(x, y)
                optimizer.step()
                schedule.step()
            self.passes += 1
        return self.weights()


class Jax(Contestant):
    """value_and_grad compiled; L-BFGS of optax (its zoom line search), all compiled, or SciPy's L-BFGS-B around it."""

    can_trace = True

    def __init__(self, kind, x, y, l2, _):
        import jax
        import optax

        if x.dtype == numpy.float64:
            jax.config.update("jax_enable_x64", True)
        self.jax, self.optax, self.kind = jax, optax, kind
        self.shape, self.dtype = (int(y.max()) + 1, x.shape[1]), x.dtype
        self.x, self.y = jax.numpy.asarray(x), jax.numpy.asarray(y)

        def objective(both, x, y):
            weight, bias = both
            z = x @ weight.T + bias
            loss = optax.losses.softmax_cross_entropy_with_integer_labels(z, y).mean()
            return loss + l2 / 2 * (weight**2).sum()

        self.gradient = jax.jit(jax.value_and_grad(objective))
        solver = optax.lbfgs(memory_size=MEMORY)

        def step(both, state, x, y):
            def value(both):
                return objective(both, x, y)

            loss, gradient = optax.value_and_grad_from_state(value)(both, state=state)
            updates, state = solver.update(gradient, state, both, value=loss, grad=gradient, value_fn=value)
            return optax.apply_updates(both, updates), state, state[-1].info.num_linesearch_steps

        def run(both, x, y, budget):
            def body(_, carry):
                both, state, evaluations = carry
                both, state, more = step(both, state, x, y)
                return both, state, evaluations + more

            return jax.lax.fori_loop(0, budget, body, (both, solver.init(both), 1))

        self.init, self.step, self.run = solver.init, jax.jit(step), jax.jit(run)

    def zeros(self):
        return self.jax.numpy.zeros(self.shape, self.dtype), self.jax.numpy.zeros(self.shape[0], self.dtype)

    def fit(self, budget):
        return getattr(self, self.kind)(budget)

    def optax_lbfgs(self, budget):
        both = self.zeros()
        if not self.watch:
            both, _, evaluations = self.run(both, self.x, self.y, budget)
            self.passes += int(evaluations)
            return numpy.asarray(both[0]), numpy.asarray(both[1])
        state = self.init(both)
        for _ in range(budget):
            both, state, _ = self.step(both, state, self.x, self.y)
            self.watch(*map(numpy.asarray, both))
        return both

    def scipy_lbfgs(self, budget):
        import scipy.optimize

        count = self.shape[0] * self.shape[1]

        def split(flat):
            return flat[:count].reshape(self.shape), flat[count:]

        def evaluate(flat):
            self.passes += 1
            value, gradient = self.gradient(split(flat.astype(self.dtype)), self.x, self.y)
            return float(value), numpy.concatenate([numpy.asarray(part, numpy.float64).ravel() for part in gradient])

        result = scipy.optimize.minimize(
            evaluate, numpy.zeros(count + self.shape[0]), jac=True, method="L-BFGS-B",
            callback=(lambda flat: self.watch(*split(flat))) if self.watch else None,
            options=dict(maxcor=MEMORY, maxiter=budget, maxfun=100 * budget, ftol=64 * 2.3e-16, gtol=1e-12))
        return split(result.x)

    def describe(self):
        return {"jax": self.jax.__version__, "optax": self.optax.__version__}


def make(spec, *arguments):
    kind, *rest = spec.split(":")[:-1]
    if kind == "sklearn":
        return Sklearn(rest[0], *arguments)
    if kind == "jax":
        return Jax(rest[0], *arguments)
    return TorchLBFGS(*arguments) if rest[0] == "lbfgs" else TorchAdam(rest[1], float(rest[2]), *arguments)


class Clock:
    def __init__(self):
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def seconds(self):
        return time.perf_counter() - self.wall, time.process_time() - self.cpu


class Session:
    def __init__(self, folder, spec, l2, threads):
        self.folder, self.l2 = pathlib.Path(folder), l2
        clock = Clock()
        x, y = peer_data.load(self.folder, "X"), numpy.load(self.folder / "y.npy")
        self.load = clock.seconds()[0]
        importlib.import_module({"sklearn": "sklearn.linear_model", "torch": "torch", "jax": "optax"}[spec.split(":")[0]])
        clock = Clock()
        self.contestant = make(spec, x.astype(spec.split(":")[-1], copy=False), y, l2, threads)
        self.convert = clock.seconds()[0]
        clock = Clock()
        self.contestant.fit(1)
        self.warm_up = clock.seconds()[0]

    def describe(self):
        import threadpoolctl

        pools = [
            {key: pool.get(key) for key in ("internal_api", "version", "architecture", "num_threads")}
            for pool in threadpoolctl.threadpool_info()]
        return {"load": self.load, "convert": self.convert, "warmUp": self.warm_up, "pools": pools,
                "canTrace": self.contestant.can_trace, "versions": self.contestant.describe()}

    def fit(self, budget, path):
        self.contestant.passes = 0.0
        clock = Clock()
        weight, bias = self.contestant.fit(int(budget))
        wall, cpu = clock.seconds()
        numpy.savez(path, weight=weight, bias=bias)
        return {"wall": wall, "cpu": cpu, "passes": self.contestant.passes}

    def trace(self, value, limit):
        """Judging is not counted; where it dwarfs the iterations, they are judged at growing distances."""
        judge, points, counter = peer_data.Objective(self.folder, self.l2), [], itertools.count(1)
        spent, last = 0.0, time.process_time()

        def watch(weight, bias):
            nonlocal spent, last
            spent += time.process_time() - last
            budget = next(counter)
            if budget < 100 or budget % (budget // 50) == 0:
                points.append([budget, spent, judge.value(judge.pack(weight, bias))])
                if points[-1][2] <= float(value) or spent > float(limit):
                    raise Enough
            last = time.process_time()

        self.contestant.watch = watch
        try:
            self.contestant.fit(1_000_000)
        except Enough:
            pass
        self.contestant.watch = None
        return points


def main():
    session = Session(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))
    print("ready", flush=True)
    for line in sys.stdin:
        command, *arguments = line.split()
        print(json.dumps(getattr(session, command)(*arguments)), flush=True)


if __name__ == "__main__":
    main()
