#!/usr/bin/env python3
"""Golden iterates of gradient methods: torch.optim in float64.

    python3 generate.py OUTPUT_DIRECTORY

writes gradient-methods.json: two problems (perceptrons with one hidden tanh layer; softmax cross-entropy, and half
the squared error summed over outputs, both means over the batch), and for each run the parameters after every step,
flattened in the order weight [out, in], bias [out] of each layer. Penalties are on weights only:
  l2      is in the gradient, as torch's weight_decay in SGD and Adam; with clipping it is in the loss instead, for
          torch adds weight_decay after clipping
  decay   is decoupled: torch.optim.AdamW's weight_decay; for SGD the weights shrink by hand before the step
and, for each of some functions of one variable, what torch's line search finds.
Schedules: constant; linear 1 - k / K; cosine (1 + cos(pi k / K)) / 2; step k of K, with a linear warm-up over the
first `warmUp` K steps.
"""
import json, math, os, sys
import torch
from torch.optim.lbfgs import _strong_wolfe as strong_wolfe

torch.set_default_dtype(torch.float64)
torch.manual_seed(20240)
STEPS = 50


def make_problem(loss, sizes, batch):
    shapes = []
    for a, b in zip(sizes, sizes[1:]):
        shapes += [(b, a), (b,)]
    start = [torch.randn(s) / math.sqrt(s[-1] if len(s) == 2 else 4) for s in shapes]
    features = torch.randn(batch, sizes[0])
    if loss == "cross-entropy":
        targets = torch.randint(0, sizes[-1], (batch,))
    else:
        targets = torch.randn(batch, sizes[-1])
    return {"loss": loss, "sizes": sizes, "features": features, "targets": targets, "start": start}


def objective(problem, parameters):
    h = torch.tanh(problem["features"] @ parameters[0].T + parameters[1])
    z = h @ parameters[2].T + parameters[3]
    if problem["loss"] == "cross-entropy":
        return torch.nn.functional.cross_entropy(z, problem["targets"])
    return 0.5 * ((z - problem["targets"]) ** 2).sum(1).mean()


def factor(schedule, warm_up, step):
    ramp = min(1.0, (step + 1) / (warm_up * STEPS)) if warm_up * STEPS > 1 else 1.0
    fraction = step / STEPS
    return ramp * {"constant": 1, "linear": 1 - fraction, "cosine": 0.5 * (1 + math.cos(math.pi * fraction))}[schedule]


def flat(parameters):
    return torch.cat([p.detach().reshape(-1) for p in parameters]).tolist()


def run(problem, method, rate, schedule="constant", warm_up=0.0, l2=0.0, decay=0.0, clipping=None, **options):
    parameters = [p.clone().requires_grad_() for p in problem["start"]]
    penalised = [p for p in parameters if p.dim() == 2]
    in_optimizer = l2 if clipping is None else 0.0
    if method == "AdamW":
        in_optimizer = decay
    groups = [{"params": penalised, "weight_decay": in_optimizer},
              {"params": [p for p in parameters if p.dim() == 1], "weight_decay": 0.0}]
    optimizer = getattr(torch.optim, method)(groups, lr=rate, **options)
    iterates = []
    for step in range(STEPS):
        current = rate * factor(schedule, warm_up, step)
        for group in optimizer.param_groups:
            group["lr"] = current
        optimizer.zero_grad()
        value = objective(problem, parameters)
        if clipping is not None:
            value = value + l2 / 2 * sum((p ** 2).sum() for p in penalised)
        value.backward()
        if clipping is not None:
            torch.nn.utils.clip_grad_norm_(parameters, clipping)
        if method == "SGD" and decay > 0:
            with torch.no_grad():
                for p in penalised:
                    p.mul_(1 - current * decay)
        optimizer.step()
        iterates += flat(parameters)
    return iterates


def run_lbfgs(problem, iterations, history, l2=0.0):
    parameters = [p.clone().requires_grad_() for p in problem["start"]]
    optimizer = torch.optim.LBFGS(
        parameters, lr=1, max_iter=1, max_eval=26, tolerance_grad=0, history_size=history,
        line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        value = objective(problem, parameters)
        value = value + l2 / 2 * sum((p ** 2).sum() for p in parameters if p.dim() == 2)
        value.backward()
        return value

    iterates = []
    for _ in range(iterations):
        optimizer.step(closure)
        iterates += flat(parameters)
    return iterates, optimizer.state[optimizer._params[0]]["func_evals"]


FUNCTIONS = {  # f(t), More & Thuente 1994, (5.1) and (5.2), and one with many minima
    "rational": lambda t: -t / (t * t + 2),
    "quintic": lambda t: (t + 0.004) ** 5 - 2 * (t + 0.004) ** 4,
    "wave": lambda t: 0.5 * (t - 2) ** 2 + 0.5 * torch.sin(3 * t),
}


def search(function, first):
    def evaluate(_, t, d):
        x = torch.tensor([float(t)], requires_grad=True)
        value = FUNCTIONS[function](x).sum()
        value.backward()
        return float(value.detach()), x.grad

    value, gradient = evaluate(None, 0.0, None)
    direction = torch.ones(1)
    best, _, length, count = strong_wolfe(
        evaluate, None, first, direction, value, gradient, gradient.dot(direction))
    return {"function": function, "first": first, "length": float(length), "value": best, "trials": count}


def main(directory):
    problems = {
        "softmax": make_problem("cross-entropy", [4, 5, 3], 12),
        "squared": make_problem("squared", [4, 5, 2], 12),
        "far": make_problem("cross-entropy", [4, 5, 3], 12),
    }
    problems["far"]["start"] = [12 * p for p in problems["far"]["start"]]
    cases = [
        ("sgd", "softmax", "SGD", 0.3, {}),
        ("sgd-l2", "softmax", "SGD", 0.3, dict(l2=0.05)),
        ("sgd-decay", "softmax", "SGD", 0.3, dict(decay=0.05, schedule="linear")),
        ("momentum", "softmax", "SGD", 0.1, dict(momentum=0.9, schedule="cosine", warm_up=0.1)),
        ("momentum-squared", "squared", "SGD", 0.05, dict(momentum=0.9, clipping=0.3, l2=0.02)),
        ("nesterov", "softmax", "SGD", 0.1, dict(momentum=0.9, nesterov=True, l2=0.01)),
        ("nesterov-decay", "squared", "SGD", 0.05, dict(momentum=0.8, nesterov=True, decay=0.1)),
        ("adam", "softmax", "Adam", 0.02, {}),
        ("adam-l2", "squared", "Adam", 0.02, dict(l2=0.03, betas=(0.8, 0.99), eps=1e-3)),
        ("adamw", "softmax", "AdamW", 0.02, dict(decay=0.3, schedule="linear", warm_up=0.2)),
    ]
    runs = []
    for name, problem, method, rate, options in cases:
        iterates = run(problems[problem], method, rate, **options)
        betas = options.get("betas", (0.9, 0.999))
        runs.append({
            "name": name, "problem": problem, "method": "SGD" if method == "SGD" else "Adam", "rate": rate,
            "schedule": options.get("schedule", "constant"), "warmUp": options.get("warm_up", 0.0),
            "l2": options.get("l2", 0.0), "decay": options.get("decay", 0.0), "clipping": options.get("clipping"),
            "momentum": options.get("momentum", 0.0), "nesterov": options.get("nesterov", False),
            "beta1": betas[0], "beta2": betas[1], "epsilon": options.get("eps", 1e-8), "history": 10,
            "evaluations": None,
            "iterates": iterates})
    for name, problem, history, l2 in [
            ("lbfgs", "softmax", 10, 0.01), ("lbfgs-squared", "squared", 10, 0.0), ("lbfgs-far", "far", 3, 0.01)]:
        iterates, evaluations = run_lbfgs(problems[problem], 20, history, l2)
        runs.append({
            "name": name, "problem": problem, "method": "LBFGS", "rate": 1.0, "schedule": "constant", "warmUp": 0.0,
            "l2": l2, "decay": 0.0, "clipping": None, "momentum": 0.0, "nesterov": False, "beta1": 0.0, "beta2": 0.0,
            "epsilon": 0.0, "history": history, "evaluations": evaluations, "iterates": iterates})
    out = {
        "problems": {
            name: {"loss": p["loss"], "sizes": p["sizes"], "features": p["features"].reshape(-1).tolist(),
                   "targets": p["targets"].reshape(-1).tolist(), "start": flat(p["start"])}
            for name, p in problems.items()},
        "runs": runs,
        "searches": [search(f, t) for f in FUNCTIONS for t in [1e-3, 0.1, 1.0, 1.5, 10.0, 1000.0]],
    }
    with open(os.path.join(directory, "gradient-methods.json"), "w") as file:
        json.dump(out, file, separators=(",", ":"))
    for s in out["searches"]:
        print(s)
    for r in runs:
        print(r["name"], len(r["iterates"]), r["evaluations"])


if __name__ == "__main__":
    main(sys.argv[1])
