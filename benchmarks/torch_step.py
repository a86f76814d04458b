"""torch's side of benchmarks/network-steps: plain SGD steps of a multilayer perceptron with ReLU, on the CPU.

    torch_step.py FOLDER THREADS WIDTHS

The commands are those of Sources/NetworkSteps: `describe`, `time NAME SECONDS` and `loss NAME COUNT`, with a NAME of

    sgd      model, cross_entropy, backward, torch.optim.SGD.step, zero_grad(set_to_none=True)
    fused    the same with torch.optim.SGD(fused=True)
    hand     no autograd and no gradient: the products and addmm_ straight into the parameters
"""

import sys

import numpy
import steps
import torch
import torch.nn.functional as F

RATE = 1e-2


def load(model, flat):
    with torch.no_grad():
        start = 0
        for parameter in model.parameters():
            parameter.copy_(torch.from_numpy(flat[start : start + parameter.numel()]).view_as(parameter))
            start += parameter.numel()


def perceptron(widths):
    layers = []
    for width, following in zip(widths, widths[1:]):
        layers += [torch.nn.ReLU()] * bool(layers) + [torch.nn.Linear(width, following)]
    return torch.nn.Sequential(*layers)


class Normal:
    def __init__(self, widths, x, y, **options):
        self.model, self.x, self.y = perceptron(widths), x, y
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=RATE, **options)

    def step(self):
        loss = F.cross_entropy(self.model(self.x), self.y)
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss


class ByHand:
    def __init__(self, widths, x, y):
        self.model, self.x, self.y = perceptron(widths), x, y
        self.layers = [layer for layer in self.model if isinstance(layer, torch.nn.Linear)]
        self.hot = F.one_hot(y, widths[-1]).to(x.dtype)

    @torch.no_grad()
    def step(self):
        inputs = [self.x]
        for layer in self.layers[:-1]:
            inputs.append(torch.addmm(layer.bias, inputs[-1], layer.weight.t()).relu_())
        z = torch.addmm(self.layers[-1].bias, inputs[-1], self.layers[-1].weight.t())
        log = torch.log_softmax(z, 1)
        loss = -log.gather(1, self.y[:, None]).mean()
        delta = log.exp_().sub_(self.hot)
        for layer, x in zip(reversed(self.layers), reversed(inputs)):
            below = torch.mm(delta, layer.weight) if x is not self.x else None
            layer.weight.addmm_(delta.t(), x, alpha=-RATE / len(self.x))
            layer.bias.add_(delta.sum(0), alpha=-RATE / len(self.x))
            if below is not None:
                delta = torch.ops.aten.threshold_backward(below, x, 0)
        return loss


def main():
    folder, threads, widths = sys.argv[1], int(sys.argv[2]), [int(width) for width in sys.argv[3].split(",")]
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    x = torch.from_numpy(numpy.load(folder + "/X.npy"))
    y = torch.from_numpy(numpy.load(folder + "/y.npy"))
    start = numpy.load(folder + "/start.npy")
    makers = {"sgd": lambda: Normal(widths, x, y), "fused": lambda: Normal(widths, x, y, fused=True),
              "hand": lambda: ByHand(widths, x, y)}
    contestants = {name: make() for name, make in makers.items()}
    for line in sys.stdin:
        words = line.split()
        if words[0] == "describe":
            blas = "MKL" if torch.backends.mkl.is_available() else "no MKL"
            answer = f"torch {torch.__version__} ({blas}, {torch.backends.cpu.get_cpu_capability()}); threads {threads}"
        elif words[0] in ("time", "loss"):
            contestant = contestants[words[1]]
            for _ in range(2):
                contestant.step()
            load(contestant.model, start)
            if words[0] == "time":
                answer = "%.9f %.9f" % steps.seconds_of_a_step(contestant.step, float(words[2]))
            else:
                answer = f"{[contestant.step() for _ in range(int(words[2]))][-1].item()}"
        else:
            raise SystemExit(f"unknown command: {line}")
        print(answer, flush=True)


if __name__ == "__main__":
    main()
