"""Makes images.* and tokens.*: networks of PyTorch, saved by safetensors, with inputs and probabilities.

    pip install torch safetensors numpy
    python make_networks.py
"""

import json

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn


class Residual(nn.Module):
    def __init__(self, body, shortcut=None):
        super().__init__()
        self.body = body
        if shortcut is not None:
            self.shortcut = shortcut

    def forward(self, x):
        return (self.shortcut(x) if hasattr(self, "shortcut") else x) + self.body(x)


class Attention(nn.MultiheadAttention):
    def forward(self, x):
        mask = torch.triu(torch.ones(x.shape[1], x.shape[1], dtype=torch.bool), 1)
        return super().forward(x, x, x, need_weights=False, attn_mask=mask)[0]


class PositionalEmbedding(nn.Module):
    def __init__(self, positions, width):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(positions, width))

    def forward(self, x):
        return x + self.weight


def save(name, network, x, layers):
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    network.eval()
    save_file(network.state_dict(), name + ".safetensors")
    with open(name + ".json", "w") as file:
        json.dump({"schema_version": 1, "input": list(x.shape[1:]), "layers": layers}, file, indent=1)
    probabilities = network(x).softmax(-1).detach().numpy()
    np.savez(name + ".npz", X=x.reshape(len(x), -1).numpy(), p=probabilities.reshape(len(x), -1))


def images():
    layers = [
        {"type": "conv2d", "channels": 4, "kernel": 3, "padding": 1},
        {"type": "batch_norm"},
        {"type": "relu"},
        {"type": "max_pool2d", "kernel": 2},
        {
            "type": "residual",
            "body": [
                {"type": "conv2d", "channels": 6, "kernel": [3, 1], "padding": [1, 0], "groups": 2, "bias": False},
                {"type": "group_norm", "groups": 3},
                {"type": "silu"},
            ],
            "shortcut": [{"type": "conv2d", "channels": 6, "kernel": 1}],
        },
        {"type": "dropout", "rate": 0.3},
        {"type": "avg_pool2d", "kernel": 2, "stride": 1},
        {"type": "flatten"},
        {"type": "layer_norm"},
        {"type": "dense", "width": 8},
        {"type": "gelu"},
        {"type": "dense", "width": 3},
    ]
    body = nn.Sequential(
        nn.Conv2d(4, 6, (3, 1), padding=(1, 0), groups=2, bias=False), nn.GroupNorm(3, 6), nn.SiLU()
    )
    network = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        Residual(body, nn.Sequential(nn.Conv2d(4, 6, 1))),
        nn.Dropout(0.3),
        nn.AvgPool2d(2, stride=1),
        nn.Flatten(),
        nn.LayerNorm(24),
        nn.Linear(24, 8),
        nn.GELU(),
        nn.Linear(8, 3),
    )
    network(2 * torch.randn(20, 2, 6, 6) + 1)  # moves the running statistics
    save("images", network, torch.randn(4, 2, 6, 6), layers)


def tokens():
    layers = [
        {"type": "embedding", "vocabulary": 11, "width": 8, "padding": 0},
        {"type": "positional_embedding"},
        {
            "type": "residual",
            "body": [{"type": "layer_norm"}, {"type": "self_attention", "heads": 2, "causal": True}],
        },
        {
            "type": "residual",
            "body": [
                {"type": "layer_norm"},
                {"type": "dense", "width": 16},
                {"type": "softplus"},
                {"type": "dense", "width": 8},
            ],
        },
        {"type": "leaky_relu"},
        {"type": "positions"},
        {"type": "dense", "width": 4},
    ]
    network = nn.Sequential(
        nn.Embedding(11, 8, padding_idx=0),
        PositionalEmbedding(5, 8),
        Residual(nn.Sequential(nn.LayerNorm(8), Attention(8, 2, batch_first=True))),
        Residual(nn.Sequential(nn.LayerNorm(8), nn.Linear(8, 16), nn.Softplus(), nn.Linear(16, 8))),
        nn.LeakyReLU(0.01),
        nn.Identity(),
        nn.Linear(8, 4),
    )
    save("tokens", network, torch.randint(0, 11, (4, 5)), layers)


torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
images()
tokens()
