"""Contestants in processes of their own, which answer one line for each line; and the Python they need."""

import os
import pathlib
import subprocess
import sys
import time

import tables


def use_environment():
    """Starts again with the Python of .venv, which has the packages."""
    if pathlib.Path(sys.prefix) != tables.FOLDER / ".venv":
        python = tables.FOLDER / ".venv" / "bin" / "python"
        if not python.exists():
            raise SystemExit("run benchmarks/setup first")
        os.execv(python, [str(python), *sys.argv])


class Worker:
    """A process that answers one line for each line."""

    def __init__(self, threads, command, environment=None):
        self.process = subprocess.Popen(
            tables.pinned(threads, list(map(str, command))), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=environment)

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        answer = self.read()
        if not answer:
            raise SystemExit(f"no answer to {words}")
        return answer

    def read(self):
        return self.process.stdout.readline().strip()

    def rest(self):
        """Lets worker threads go to sleep before the other side's turn."""
        time.sleep(0.02)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
