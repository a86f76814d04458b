"""How benchmarks/peers finds, for each level, the smallest budget with which a contestant's weights reach it."""

import json
import os
import pathlib
import select
import subprocess
import sys
import tempfile
import time

import numpy
import peer_data
import tables
import workers

LEVELS = [1e-2, 1e-3, 1e-6]


def environment(threads):
    """As many threads for every library; which kernels they choose is left to them."""
    names = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]
    return dict(os.environ, **{name: str(threads) for name in names}, JAX_PLATFORMS="cpu", PYTHONWARNINGS="ignore")


class TooLong(Exception):
    """No answer within the time that a fit may take."""


def processor_seconds(process):
    """Of a running process, all its threads; none where the system does not tell (Linux does)."""
    try:
        fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Peer(workers.Worker):
    """A contestant of peer_contestants.py. `ask` gives what it answers, within `limit` seconds."""

    def __init__(self, spec, folder, about, threads, limit):
        self.spec, self.threads, self.limit = spec, threads, limit
        script = tables.FOLDER / "peer_contestants.py"
        super().__init__(threads, [sys.executable, script, folder, spec, about["l2"], threads], environment(threads))
        try:
            self.within(10 * limit)  # loads, converts, compiles and fits once
            self.about = json.loads(self.ask("describe"))
        except BaseException:
            self.process.kill()
            raise

    def read(self):
        return self.within(self.limit)

    def within(self, seconds):
        """An answer within so many seconds of processor time on each thread; where that is unknown, of wall time."""
        start, clock = processor_seconds(self.process.pid), time.monotonic()
        while not select.select([self.process.stdout], [], [], 1)[0]:
            now = processor_seconds(self.process.pid)
            spent = time.monotonic() - clock if now is None else (now - start) / self.threads
            if spent > seconds:
                raise TooLong(self.spec)
        return self.process.stdout.readline().strip()

    def fit(self, budget, judge):
        """What the worker tells, and the objective of the weights by the judge."""
        with tempfile.NamedTemporaryFile(suffix=".npz") as file:
            run = json.loads(self.ask("fit", budget, file.name))
            self.rest()
            return run | judged(judge, file.name)

    def trace(self, judge, level):
        plain, self.limit = self.limit, 20 * self.limit
        try:
            return json.loads(self.ask("trace", judge.optimum_value * (1 + level), plain * self.threads))
        finally:
            self.limit = plain

    def close(self):
        self.process.kill()
        self.process.wait()


def judged(judge, path):
    """Objective of saved weights, and its distance from f* relative to f*."""
    with numpy.load(path) as weights:
        value = judge.value(judge.pack(weights["weight"], weights["bias"]))
    return {"objective": value, "gap": value / judge.optimum_value - 1}


class Search:
    """Budgets tried, what they gave, and for each level the smallest that reached it."""

    def __init__(self, open_peer, judge):
        self.open_peer, self.judge, self.peer = open_peer, judge, open_peer()
        self.about, self.runs, self.points, self.over = self.peer.about, {}, [], None

    def fit(self, budget):
        """The run, or none if it takes too long: the worker is then another."""
        if self.over and budget >= self.over:
            return None
        if budget not in self.runs:
            try:
                self.runs[budget] = self.peer.fit(budget, self.judge)
            except TooLong:
                self.over = budget
                self.peer.close()
                self.peer = self.open_peer()
                return None
        return self.runs[budget]

    def reaches(self, budget, level):
        run = self.fit(budget)
        return run is not None and run["gap"] <= level

    def around(self, level):
        """Budgets (failing, reaching), by a trace or by doubling; reaching is none where no budget does in time."""
        traced = [budget for budget, _, value in self.points if value / self.judge.optimum_value - 1 <= level]
        if traced:
            budget = traced[0]
            for _ in range(20):  # a trace may differ a little from a run
                if self.reaches(budget, level):
                    return budget - 1, budget
                budget += max(1, budget // 50)
        low, high, best = 0, 1, numpy.inf
        while not self.reaches(high, level):
            run = self.fit(high)
            if run is None:
                return self.below(low, high, level)
            if high > 64 and run["gap"] > 0.9 * best:  # stopped by itself
                return low, None
            low, high, best = high, 2 * high, min(best, run["gap"])
        return low, high

    def below(self, low, high, level):
        """`around` where `high` takes too long: a few budgets between."""
        for _ in range(4):
            middle = (low + high) // 2
            if middle == low:
                break
            if self.reaches(middle, level):
                return low, middle
            low, high = (low, middle) if self.fit(middle) is None else (middle, high)
        return low, None

    def smallest(self, level):
        low, high = self.around(level)
        while high and high - low > max(1, low // 50):
            middle = (low + high) // 2
            if self.reaches(middle, level):
                high = middle
            else:
                low = middle
        return high

    def levels(self):
        if self.about["canTrace"]:
            self.points = self.peer.trace(self.judge, LEVELS[-1] * 0.98)
        budgets = [self.smallest(level) for level in LEVELS]
        gaps = [run["gap"] for run in self.runs.values()]
        self.peer.close()
        return {
            "budgets": budgets, "best": min(gaps), "points": self.points, "about": self.about,
            "runs": {str(budget): run for budget, run in sorted(self.runs.items())}}


def judge_of(folder, about):
    judge = peer_data.Objective(folder, about["l2"])
    judge.optimum_value = about["optimum"]
    return judge


def contestants(about):
    """Names are kind:details:precision. newton-cholesky where its matrix of order C (D + 1) is of a bearable size."""
    solvers = ["lbfgs", "newton-cg", "sag", "saga"]
    if about["C"] * about["D"] <= 5000:
        solvers.insert(2, "newton-cholesky")
    names = [f"sklearn:{solver}:float{bits}" for solver in solvers for bits in (32, 64)]
    if "nonzeros" not in about:
        names += ["torch:lbfgs:float32", "torch:lbfgs:float64"]
        names += [f"torch:adam:512:{rate}:float32" for rate in ("0.001", "0.01", "0.1")]
        names += [f"torch:adam:full:{rate}:float32" for rate in ("0.01", "0.1", "1")]
        names += ["jax:optax_lbfgs:float32", "jax:optax_lbfgs:float64", "jax:scipy_lbfgs:float32"]
    return ["ours:float32", "ours:float64", *names]


class Ours:
    """OptimumRun, a process for each fit; answers as a Peer does."""

    def __init__(self, spec, folder, about, threads):
        precision = {"float32": "float", "float64": "double"}[spec.split(":")[-1]]
        self.command = tables.pinned(threads, [
            tables.binary("OptimumRun"), "--data", str(folder), "--precision", precision, "--l2", str(about["l2"]),
            "--threads", str(threads)])
        first, *_ = self.run("--iterations", 1)
        self.about = {"load": first.get("loadSeconds"), "convert": 0, "canTrace": True, "pools": [], "versions": first}

    def run(self, *more):
        command = [*self.command, *map(str, more)]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        return [json.loads(line) for line in output.splitlines()]

    def fit(self, budget, judge):
        with tempfile.NamedTemporaryFile(suffix=".npz") as file:
            last = self.run("--iterations", budget, "--weights", file.name)[-1]
            return judged(judge, file.name) | {
                "wall": last["seconds"], "cpu": last["cpuSeconds"], "passes": last["passes"]}

    def trace(self, judge, level):
        lines = [line for line in self.run("--gap", level / 2) if "iteration" in line]
        if all("objective" in line for line in lines):
            return [[line["iteration"], line["seconds"], line["objective"]] for line in lines]
        # Dual ascent does not know its objective: a fit for each number of epochs.
        runs = [self.fit(budget, judge) for budget in range(1, len(lines) + 1)]
        return [[budget, run["wall"], run["objective"]] for budget, run in enumerate(runs, start=1)]

    def close(self):
        pass


def matches(name, words):
    return any(word in name for word in words)


class Contest:
    """All contestants on one data set: budgets are searched once, then runs of them are timed in turn."""

    def __init__(self, folder, about, judge, options):
        self.folder, self.about, self.judge, self.options = folder, about, judge, options
        self.names = [name for name in contestants(about) if matches(name, options.only)]
        for name in self.names:
            if matches(name, options.again):
                for path in (search_path(folder, name, options.threads), times_path(folder, name, options.threads)):
                    path.unlink(missing_ok=True)

    def open(self, name):
        if name.startswith("ours"):
            return Ours(name, self.folder, self.about, self.options.threads)
        return Peer(name, self.folder, self.about, self.options.threads, self.options.seconds)

    def search(self):
        for name in self.names:
            path = search_path(self.folder, name, self.options.threads)
            if path.exists():
                continue
            try:
                result = Search(lambda: self.open(name), self.judge).levels()
            except TooLong:
                result = {"budgets": [None] * len(LEVELS), "best": None, "runs": {}, "points": [], "about": {}}
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(result) + "\n")
            print(self.about["name"], name, result["budgets"], result["best"], file=sys.stderr, flush=True)

    def take_times(self):
        """Rounds in turn. One run, the search's, is enough for whoever took ten times as long as the fastest there."""
        found = {name: load_search(self.folder, name, self.options.threads) for name in self.names}
        walls = [[result["runs"][str(budget)]["wall"] for result in found.values()
                  for budget in [result["budgets"][level]] if budget] for level in range(len(LEVELS))]
        for start in range(0, len(self.names), self.options.together):
            group = {}
            for name in self.names[start : start + self.options.together]:
                done = load_times(self.folder, name, self.options.threads)
                wanted = []
                for level, budget in enumerate(found[name]["budgets"]):
                    wall = found[name]["runs"][str(budget)]["wall"] if budget else None
                    if budget and wall <= 10 * min(walls[level]):
                        missing = (self.options.rounds if wall <= 20 else min(3, self.options.rounds))
                        missing -= sum(row["level"] == LEVELS[level] for row in done)
                        wanted += [(number, level, budget) for number in range(missing)]
                if wanted:
                    group[name] = sorted(wanted)
            self.rounds(group)

    def rounds(self, group):
        peers = {name: self.open(name) for name in group}
        try:
            while any(group.values()):
                for name, wanted in group.items():
                    if wanted:
                        _, level, budget = wanted.pop(0)
                        row = {"level": LEVELS[level], "budget": budget, **peers[name].fit(budget, self.judge)}
                        with times_path(self.folder, name, self.options.threads).open("a") as file:
                            file.write(json.dumps(row) + "\n")
        finally:
            for peer in peers.values():
                peer.close()


def search_path(folder, name, threads):
    return folder / "measured" / f"{name.replace(':', '-')}-{threads}.search.json"


def times_path(folder, name, threads):
    return folder / "measured" / f"{name.replace(':', '-')}-{threads}.times.jsonl"


def load_search(folder, name, threads):
    return json.loads(search_path(folder, name, threads).read_text())


def load_times(folder, name, threads):
    path = times_path(folder, name, threads)
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
