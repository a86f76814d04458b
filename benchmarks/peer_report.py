"""Writes results/peers.md and results/peers.svg from what .runs/peers holds."""

import json
import re
import statistics
import subprocess

import peer_data
import peer_search
import tables

LEVELS = peer_search.LEVELS
NAMES = {
    "torch:lbfgs": "torch L-BFGS", "torch:adam:512": "torch Adam, batches of 512",
    "torch:adam:full": "torch Adam, all rows", "jax:optax_lbfgs": "jax, optax L-BFGS",
    "jax:scipy_lbfgs": "jax, SciPy L-BFGS-B"}
ABOUT = {
    "letter": "UCI letters, 16 standardised features.",
    "clinc150": "Sentence embeddings of unit length, 150 intents.",
    "letter-rff1024": "The letters through 1,024 random Fourier features (bandwidth 4).",
    "synthetic": "1,000 overlapping clusters on the unit sphere, labels drawn from a softmax of the centres: noisy.",
    "sparse": "tf-idf of words and pairs of words in 40 lines of Python source a row; the class is the package or, for the "
              "18 largest, the subpackage.",
}


def label(name):
    """The contestant without its learning rate."""
    kind, bits = re.match(r"(.*?)(?::[0-9.]+)?:float(32|64)$", name).groups()
    kind = NAMES.get(kind) or kind.replace("sklearn:", "scikit-learn ")
    return f"{kind}, f{bits}"


class Entry:
    """One contestant at each level: its runs there, of the best learning rate."""

    def __init__(self, name):
        self.name, self.levels, self.gap, self.about = name, [None] * len(LEVELS), None, {}

    def add(self, found, times):
        self.about = self.about or found["about"]
        if found["best"] is not None and (self.gap is None or found["best"] < self.gap):
            self.gap = found["best"]
        for number, (level, budget) in enumerate(zip(LEVELS, found["budgets"])):
            if not budget:
                continue
            runs = [run for run in times if run["level"] == level] or [found["runs"][str(budget)]]
            new = {part: statistics.median(run[part] for run in runs) for part in ("wall", "cpu", "passes")}
            new |= {"runs": len(runs), "budget": budget}
            if self.levels[number] is None or new["wall"] < self.levels[number]["wall"]:
                self.levels[number] = new

    def cell(self, number, ours):
        found = self.levels[number]
        if not found:
            return ["-"] * 4
        ratio = f"{found['wall'] / ours['wall']:.1f}" if ours else ""
        mark = "" if found["runs"] > 1 else "*"
        return [f"{digits(found['wall'])}{mark}", digits(found["cpu"]), f"{found['passes']:.0f}", ratio]


def digits(seconds):
    return f"{seconds:.4f}" if seconds < 0.1 else f"{seconds:.3g}"


def entries(folder, about, threads):
    result = {}
    for name in peer_search.contestants(about):
        if peer_search.search_path(folder, name, threads).exists():
            entry = result.setdefault(label(name), Entry(label(name)))
            entry.add(peer_search.load_search(folder, name, threads), peer_search.load_times(folder, name, threads))
    return list(result.values())


def fastest(found, number):
    reached = [entry for entry in found if entry.levels[number]]
    return min(reached, key=lambda entry: entry.levels[number]["wall"], default=None)


def verdicts(name, found):
    ours, peers = ([e for e in found if e.name.startswith("ours") == own] for own in (True, False))
    if name == "sparse":
        peers = [entry for entry in peers if entry.name.startswith("scikit")]
    rows = []
    for number, level in enumerate(LEVELS):
        own, best = fastest(ours, number), fastest(peers, number)
        if best:
            row, there = [name, f"{level:g}"], best.levels[number]
            if own:
                here = own.levels[number]
                row += [f"{digits(here['wall'])} ({own.name.split()[-1]})", f"{here['passes']:.0f}"]
            else:
                row += ["-", "-"]
            row += [f"{digits(there['wall'])} ({best.name})", f"{there['passes']:.0f}"]
            row += [f"{there[part] / here[part]:.2f}" if own else "" for part in ("wall", "cpu", "passes")]
            rows.append(row)
    return rows


def section(name, folder, about, found, threads):
    ours = [entry for entry in found if entry.name.startswith("ours")]
    best = [fastest(ours, number) for number in range(len(LEVELS))]
    own = [entry and entry.levels[number] for number, entry in enumerate(best)]
    header = ["contestant"] + [text for level in LEVELS for text in (f"{level:g}: s", "CPU s", "passes", "x ours")]
    header += ["best gap", "load s", "convert s"]
    rows = []
    for entry in found:
        row = [entry.name] + [text for number in range(len(LEVELS)) for text in entry.cell(number, own[number])]
        load = [f"{entry.about[key]:.2f}" if key in entry.about else "" for key in ("load", "convert")]
        rows.append(row + [f"{entry.gap:.1e}" if entry.gap is not None else "-", *load])
    size = f"N = {about['N']:,}, D = {about['D']:,}, C = {about['C']:,}, l2 = {about['l2']:g}"
    size += f", {about['nonzeros']:,} non-zeros" if "nonzeros" in about else ""
    return f"""## {name}

{ABOUT[name]} {size}. f* = {about['optimum']:.12g} (norm of the gradient there {about['gradientNorm']:.0e}); accuracy there
{about['trainAccuracy']:.1%} on training rows, {about['testAccuracy']:.1%} on test rows.

{tables.table(header, rows)}
{others(folder, about, threads)}"""


def others(folder, about, threads):
    rows = []
    for kind, shown in (("liblinear", "LIBLINEAR (primal, one-vs-rest)"), ("vw", "Vowpal Wabbit (--oaa, 10 passes)")):
        path = peer_search.search_path(folder, kind, threads).with_suffix(".other")
        if path.exists():
            row = json.loads(path.read_text())
            if row["wall"] is None:
                rows.append([shown, "more than 600", "", "", ""])
            else:
                rows.append([f"{shown}; {row['version']}", digits(row["wall"]), digits(row["cpu"]),
                             f"{row['testAccuracy']:.1%}", digits(row["convert"])])
    if not rows:
        return ""
    return f"""Other objectives, one thread, no level to reach (the optimum above: {about['testAccuracy']:.1%}):

{tables.table(["program", "s", "CPU s", "test accuracy", "convert s"], rows)}"""


def versions(found):
    known, kernels = {}, []
    for entry in found:
        known |= {name: text for name, text in entry.about.get("versions", {}).items() if isinstance(text, str)}
        for pool in entry.about.get("pools", []):
            if pool["internal_api"] in ("openblas", "mkl", "blis"):
                text = "{internal_api} {version} ({architecture}, {num_threads} threads)".format(**pool)
                kernels += [text] if text not in kernels else []
    return ", ".join(f"{name} {text}" for name, text in sorted(known.items())), "; ".join(kernels)


def draw(all_found):
    """A panel for each set: the relative gap against seconds, a line for each peer that is the best of its family."""
    families = {
        "ours": "ours", "scikit-learn lbfgs": "scikit-learn lbfgs", "scikit-learn newton": "scikit-learn Newton",
        "scikit-learn sag": "scikit-learn sag or saga", "torch L-BFGS": "torch L-BFGS", "torch Adam": "torch Adam",
        "jax": "jax L-BFGS"}
    lines = []
    for name, found in all_found.items():
        for start, shown in families.items():
            for number, level in enumerate(LEVELS):
                best = fastest([entry for entry in found if entry.name.startswith(start)], number)
                if best:
                    point = [best.levels[number]["wall"], level, 0]
                    lines.append("\t".join(map(str, [name, "Seconds", "Relative gap", "log", shown, *point])))
    path = tables.FOLDER / "results" / "peers.svg"
    subprocess.run(
        [tables.binary("CurveFigures"), "--log-x", str(path), "Time to the optimum of softmax regression"],
        input="\n".join(lines) + "\n", text=True, check=True)


def write(options):
    sections, rows, all_found = [], [], {}
    for name in peer_data.MAKERS:
        folder = peer_data.RUNS / name
        if not (folder / "measured").exists():
            continue
        about = json.loads((folder / "about.json").read_text())
        found = entries(folder, about, options.threads)
        all_found[name] = found
        rows += verdicts(name, found)
        sections.append(section(name, folder, about, found, options.threads))
    known, kernels = versions([entry for found in all_found.values() for entry in found])
    draw(all_found)
    header = ["set", "gap", "ours, s", "passes", "best peer, s", "passes", "peer / ours: wall", "CPU", "passes"]
    tables.save("peers.md", f"""# Time to the optimum of softmax regression

{tables.machine()} {tables.kernels()}; {options.threads} threads for everyone. {known}.
BLAS of the Python side: {kernels}.

Mean cross-entropy + l2/2 |weight|^2, bias free, from zero. Seconds of the fit alone, data in memory in the contestant's
precision, compiled and warmed up (ours: a new process each time, after a fit of one step), until the returned weights are within the relative gap
(f - f*) / f* by one function in float64: with the smallest number of iterations (Adam: epochs) that gets there. Medians
of {options.rounds} runs in turn, of three where a run takes more than 20 s; * one run, where it took ten times as long as
the fastest. "-" is not reached: within {options.seconds:g} s of processor time a thread, or because it stopped by itself. A pass
is a product with X and one with X^T: a gradient or a Hessian product costs one. (newton-cholesky also forms the Hessian,
which costs D C / 2 times as many flops.) Adam is shown at the best of three learning rates at each level, constant for
the first half and then falling to zero along a cosine.

![Relative gap against seconds](peers.svg)

{tables.table(header, rows)}
{"".join(sections)}""")
