"""What the drivers share: building, pinning to processors, tables, and where results go."""

import os
import pathlib
import platform
import subprocess

FOLDER = pathlib.Path(__file__).resolve().parent


def binary(target):
    """Builds one executable of this package and gives its path."""
    command = ["swift", "build", "-c", "release", "--package-path", "..", "--scratch-path", ".build", "--product", target]
    environment = {**os.environ, "FGN_BENCHMARKS": "1"}
    subprocess.run(command, cwd=FOLDER, check=True, stdout=2, env=environment)
    return str(FOLDER / ".build" / "release" / target)


def pinned(count, command):
    """The command on the first `count` processors that this process may use, where the system can pin (Linux)."""
    if not hasattr(os, "sched_getaffinity"):
        return command
    available = sorted(os.sched_getaffinity(0))
    if len(available) < count:
        raise SystemExit(f"{count} processors wanted, {len(available)} available")
    return ["taskset", "-c", ",".join(map(str, available[:count])), *command]


def table(header, rows):
    """Markdown; the first column to the left, the others to the right."""
    marks = ["---"] + ["--:"] * (len(header) - 1)
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in [header, marks, *rows]) + "\n"


def save(name, text):
    """Prints and writes results/NAME."""
    path = FOLDER / "results" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    print(text)


def kernels():
    """The setting that decides which kernels every OpenBLAS uses."""
    setting = os.environ.get("OPENBLAS_CORETYPE")
    return f"OPENBLAS_CORETYPE={setting}" if setting else "OPENBLAS_CORETYPE not set"


def machine():
    """The processor, how many of them, and the system."""
    model = platform.processor() or platform.machine()
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{model}, {os.cpu_count()} processors, {platform.system()} {platform.machine()}."
