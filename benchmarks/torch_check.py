#!/usr/bin/env python3
"""Are the products of networks right? The same networks in torch, float64, at our parameters.

    torch_check.py [--limit 1e-9]

Needs benchmarks/setup. Sources/TorchCheck writes parameters and results; here torch loads the parameters into modules
of its own by name and computes everything again by other means: forward-mode and reverse-mode automatic differentiation,
explicit gradients of every row's margin, and dense matrices for the directions. Prints the largest relative
errors and fails beyond the limit.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile
import warnings

import tables
import workers

workers.use_environment()

import safetensors  # noqa: E402
import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.func import functional_call, grad, jacrev, jvp, vjp  # noqa: E402


class Residual(nn.Module):
    def __init__(self, body, shortcut=()):
        super().__init__()
        self.body = nn.Sequential(*body)
        self.shortcut = nn.Sequential(*shortcut)

    def forward(self, x):
        return self.shortcut(x) + self.body(x)


class SelfAttention(nn.MultiheadAttention):
    def __init__(self, width, heads, positions, causal):
        super().__init__(width, heads, batch_first=True)
        self.mask = torch.full((positions, positions), -torch.inf).triu(1) if causal else None

    def forward(self, x):
        mask = None if self.mask is None else self.mask.to(x.dtype)
        return super().forward(x, x, x, attn_mask=mask)[0]


class Positional(nn.Module):
    def __init__(self, positions, width):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(positions, width))

    def forward(self, x):
        return x + self.weight


class Mean(nn.Module):
    def __init__(self, dimensions):
        super().__init__()
        self.dimensions = dimensions

    def forward(self, x):
        return x.mean(self.dimensions)


class Tokens(nn.Embedding):
    def forward(self, x):
        return super().forward(x.long())


def block(causal):
    return [Residual([nn.LayerNorm(8), SelfAttention(8, 2, 6, causal)]),
            Residual([nn.LayerNorm(8), nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8)])]


NETWORKS = {
    "perceptron": lambda: nn.Sequential(
        nn.Linear(7, 12), nn.ReLU(), nn.Linear(12, 11), nn.Tanh(), nn.Linear(11, 10), nn.LayerNorm(10), nn.GELU(),
        nn.Linear(10, 9), nn.SiLU(), nn.Linear(9, 8, bias=False), nn.Sigmoid(), nn.Linear(8, 7), nn.Softplus(),
        nn.Linear(7, 6), nn.LeakyReLU(0.01), nn.Linear(6, 5)),
    "convolutional": lambda: nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.GroupNorm(2, 8), nn.ReLU(), nn.MaxPool2d(2),
        Residual([nn.Conv2d(8, 8, 3, padding=1), nn.GroupNorm(4, 8), nn.ReLU(),
                  nn.Conv2d(8, 8, 3, padding=1, groups=2)]),
        nn.ReLU(),
        Residual([nn.Conv2d(8, 12, 3, stride=2, padding=1), nn.GroupNorm(3, 12)],
                 [nn.Conv2d(8, 12, 1, stride=2, bias=False)]),
        nn.ReLU(), Mean((-2, -1)), nn.Linear(12, 5)),
    "attention": lambda: nn.Sequential(
        Tokens(11, 8), Positional(6, 8), *block(False), *block(True), Mean(-2), nn.Linear(8, 5)),
    "positions": lambda: nn.Sequential(
        Tokens(11, 8), Positional(6, 8), *block(True), nn.Flatten(0, 1), nn.Linear(8, 5)),
}
SHAPES = {"perceptron": (7,), "convolutional": (3, 9, 8), "attention": (6,), "positions": (6,)}


def margin(z, hot):
    """z_y - log of the sum of the competitors' exponentials, with a mask of y."""
    return torch.where(hot, z, 0.0).sum(-1) - torch.logsumexp(torch.where(hot, -torch.inf, z), -1)


class Theirs:
    """Everything again, from the parameters."""

    def __init__(self, name, file):
        numbers = {key: file.get_tensor(key) for key in file.keys()}
        self.given = {key[6:]: value for key, value in numbers.items() if key.startswith("check.")}
        metadata = file.metadata()
        self.order = metadata["order"].split(",")
        self.damping, self.l2 = float(metadata["damping"]), float(metadata["l2"])
        self.model = NETWORKS[name]().double()
        state = {key: value for key, value in numbers.items() if not key.startswith("check.")}
        self.model.load_state_dict(state, strict=True)
        self.flat = torch.cat([state[key].ravel() for key in self.order])
        penalised = set(metadata["penalised"].split(","))
        self.penalised = torch.cat([torch.full((state[key].numel(),), float(key in penalised), dtype=torch.float64)
                                    for key in self.order])
        self.shapes = {key: state[key].shape for key in self.order}
        self.x = self.given["inputs"].reshape(-1, *SHAPES[name])
        self.rows = self.given["rows"].long()
        self.y = self.given["labels"].long()
        self.hot = nn.functional.one_hot(self.y, self.given["outputs"].shape[1]).bool()

    def outputs(self, flat):
        parameters, start = {}, 0
        for key, shape in self.shapes.items():
            parameters[key] = flat[start : start + shape.numel()].view(shape)
            start += shape.numel()
        return functional_call(self.model, parameters, (self.x,))[self.rows]

    def margins(self, flat):
        return margin(self.outputs(flat), self.hot)

    def results(self):
        z = self.outputs(self.flat).detach()
        tangent, weights = self.given["tangent"], self.given["row_weights"]
        gradient = grad(lambda flat: nn.functional.cross_entropy(self.outputs(flat), self.y))(self.flat)
        rows = jacrev(self.margins)(self.flat)
        p = torch.softmax(z, 1).gather(1, self.y[:, None])[:, 0]
        curvature = rows.T @ ((p * (1 - p) / len(p))[:, None] * rows)

        def direction(l2):
            regularised = curvature + torch.diag(self.damping + l2 * self.penalised)
            return torch.linalg.solve(regularised, -gradient - l2 * self.penalised * self.flat)

        return {
            "outputs": z, "gradient": gradient,
            "pushforward": jvp(lambda flat: self.outputs(flat), (self.flat,), (tangent,))[1],
            "row_products": jvp(self.margins, (self.flat,), (tangent,))[1],
            "row_pullback": vjp(self.margins, self.flat)[1](weights)[0],
            "row_norms": (rows**2).sum(1), "direction": direction(0), "direction_l2": direction(self.l2),
            "direction_cg": direction(0),
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=float, default=1e-9)
    options = parser.parse_args()
    command = tables.binary("TorchCheck")
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", category=FutureWarning)  # torch's own, about itself
    rows, worst = [], 0.0
    for name in NETWORKS:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "check.safetensors"
            subprocess.run([command, name, str(path)], check=True)
            with safetensors.safe_open(path, "pt") as file:
                theirs = Theirs(name, file)
        results = theirs.results()
        row = [f"{name}, P = {len(theirs.flat)}"]
        for key, value in results.items():
            error = ((theirs.given[key] - value).abs().max() / value.abs().max()).item()
            row.append(f"{error:.0e}")
            worst = max(worst, error if error == error else float("inf"))
        rows.append(row)
    header = ["network", *[key.replace("_", " ") for key in results]]
    tables.save("torch-check.md", f"""# Products of networks against torch

Largest error over the largest element, double against float64. torch {torch.__version__}: forward-mode and reverse-mode
automatic differentiation, explicit margin gradients, dense solves. Worst {worst:.0e}, limit {options.limit:.0e}.

{tables.table(header, rows)}""")
    if not worst <= options.limit:
        sys.exit("they differ")


if __name__ == "__main__":
    main()
