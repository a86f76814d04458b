"""The rest of benchmarks/peers: solvers of other objectives, prediction, and peak memory on the sparse set."""

import json
import statistics
import subprocess
import sys

import peer_data
import peer_search
import tables

ROWS = {10: 50_000, 150: 50_000, 10_000: 5_000}
FEATURES, TURNS = 384, 3


def answer(threads, *command, **more):
    """The last line of a command, which is JSON."""
    output = subprocess.run(
        tables.pinned(threads, list(map(str, command))), env=peer_search.environment(threads), stdout=subprocess.PIPE,
        text=True, check=True, **more).stdout
    return json.loads(output.splitlines()[-1])


def other_objectives(folder, about, options):
    """LIBLINEAR and Vowpal Wabbit: one class against the rest, timed apart. Many classes are beyond their patience."""
    for kind in ("liblinear", "vw"):
        path = peer_search.search_path(folder, kind, options.threads).with_suffix(".other")
        is_new = not path.exists() or peer_search.matches(kind, options.again)
        if not (is_new and peer_search.matches(kind, options.only)):
            continue
        if about["C"] * about["D"] * about["N"] > 1e9 and "nonzeros" not in about:
            continue
        script = tables.FOLDER / "peer_one_vs_rest.py"
        try:
            row = answer(1, sys.executable, script, folder, kind, about["l2"], 1, timeout=600)
        except subprocess.TimeoutExpired:
            row = {"wall": None}
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(row) + "\n")


def prediction(options):
    """Rows a second of predicted classes: ours, scikit-learn, torch and onnxruntime in turn."""
    ours, script, rows = tables.binary("PredictionRun"), tables.FOLDER / "peer_prediction.py", []
    for classes, count in ROWS.items():
        shape = ["--classes", classes, "--rows", count, "--features", FEATURES]
        commands = {"ours": [ours, *shape, "--threads", options.threads]}
        for kind in ("sklearn", "torch", "onnxruntime"):
            commands[kind] = [sys.executable, script, kind, classes, count, FEATURES, options.threads]
        runs = {name: [] for name in commands}
        for _ in range(TURNS):
            for name, command in commands.items():
                runs[name].append(answer(options.threads, *command))
        rates = {name: statistics.median(run["rowsPerSecond"] for run in found) for name, found in runs.items()}
        cpu = {name: statistics.median(run["cpuSeconds"] for run in found) for name, found in runs.items()}
        best = max((name for name in rates if name != "ours"), key=rates.get)
        rows.append([
            f"{classes:,}", f"{count:,}", *(f"{rates[name]:,.0f} ({cpu[name] * 1e3:.1f})" for name in rates), best,
            f"{rates['ours'] / rates[best]:.2f}"])
    header = ["C", "rows", "ours", "scikit-learn", "torch", "onnxruntime", "best peer", "ours / best peer"]
    tables.save("peers-prediction.md", f"""# Predicted classes a second

{tables.machine()} {tables.kernels()}; {options.threads} threads. float32, {FEATURES} features in memory, a bias, the
class of the largest logit. Rows a second, in brackets milliseconds of processor time for all rows; each number is the
median of {TURNS} processes that took turns, each the median of at least five runs. Peers predict all rows at once and in
blocks of 1,024 rows; the faster counts.

{tables.table(header, rows)}""")


# A process counts the memory of the one it was forked from, so a small one starts it: what `peak` gives is at least 10 MB.
STARTER = """import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"""


def peak(command, threads, lines=""):
    """Bytes of memory at the worst moment of a process. Linux counts kilobytes, macOS bytes."""
    size = answer(threads, sys.executable, "-S", "-c", STARTER, *command, input=lines)
    return size * (1 if sys.platform == "darwin" else 1024)


def memory(options):
    """Peak memory of training on the sparse set to 1e-3: at most 1.5 times the CSR arrays and the weights."""
    folder, about = peer_data.with_optimum("sparse", options)
    arrays, weights = about["csrBytes"], 4 * about["C"] * (about["D"] + 1)
    limit, threads = 1.5 * arrays + weights, options.threads
    own = peak([tables.binary("OptimumRun"), "--data", folder, "--precision", "float", "--l2", about["l2"],
                "--threads", threads, "--gap", 1e-3], threads)
    peer = peak([sys.executable, tables.FOLDER / "peer_contestants.py", folder, "sklearn:lbfgs:float32", about["l2"],
                 threads], threads, "fit 10 /dev/null\n")
    rows = [["CSR arrays (values, columns, row starts)", arrays], ["weights and bias, float32", weights],
            ["limit: 1.5 x arrays + weights", limit], ["our process, all of it", own],
            ["scikit-learn's, Python included", peer]]
    tables.save("peers-memory.md", f"""# Peak memory of training on the sparse set

N = {about["N"]:,}, D = {about["D"]:,}, C = {about["C"]}, {about["nonzeros"]:,} non-zeros; to a relative gap of 1e-3
(the peer: ten iterations). What the system counted for the whole process, program and libraries included.

{tables.table(["", "MB"], [[name, f"{size / 1e6:.1f}"] for name, size in rows])}
{"Within" if own <= limit else "OVER"} the limit: {(own - weights) / arrays:.2f} times the arrays.
""")
