"""Figures of tutorials that have no others: writes tests/reference/{sine_rmsprop,gradient_descent,mini_batch,dynamic_net}.json.

    pip install numpy torch==2.15.0; python tests/peers/tutorials.py

All in f64. Random choices come from SplitMix64, so that another program can make the same.
"""

import json
import pathlib

import numpy as np
import torch

REFERENCE = pathlib.Path(__file__).parents[1] / "reference"
X = np.linspace(-np.pi, np.pi, 2000)


class SplitMix64:
    def __init__(self, seed):
        self.state = seed

    def bits(self):
        mask = (1 << 64) - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return z ^ (z >> 31)

    def below(self, n):
        return (self.bits() * n) >> 64


def write(name, what, figures):
    text = json.dumps({"what": what, "by": "tests/peers/tutorials.py", **figures}, indent=1)
    (REFERENCE / f"{name}.json").write_text(text + "\n")


def descend(params, optimizer, loss, steps, marked, every):
    """Losses are those before the update of a step, counted from 0."""
    after, log = {}, []
    for step in range(steps):
        # a parameter that a step does not use has slope zero there, and keeps its momentum
        optimizer.zero_grad(set_to_none=False)
        value = loss(step)
        value.backward()
        optimizer.step()
        if step % every == every - 1:
            log.append([step, value.item()])
        if step + 1 in marked:
            after[str(step + 1)] = [x for p in params for x in p.detach().flatten().tolist()]
    return {"params_after_step": after, "loss_log": log}


def sine_rmsprop():
    x = torch.tensor(X)
    features = torch.stack([x, x**2, x**3], dim=1)
    y = torch.sin(x)
    w = torch.tensor([0.1, -0.2, 0.05], dtype=torch.float64, requires_grad=True)
    b = torch.tensor([0.3], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.RMSprop([w, b], lr=1e-3)
    figures = descend(
        [w, b], optimizer, lambda _: ((features @ w + b - y) ** 2).sum(), 2000, [1, 2, 3, 10, 100, 500, 2000], 100
    )
    write(
        "sine_rmsprop",
        "w . (x, x^2, x^3) + b fitted to sin x at 2,000 points, sum of squares, RMSprop 1e-3, from (0.1, -0.2, 0.05), 0.3",
        figures,
    )


def regression_data():
    data = json.loads((REFERENCE / "t8_linear_regression.json").read_text())
    return np.array(data["X_row_major"]).reshape(-1, 3), np.array(data["y"])


def gradient_descent():
    x, y = regression_data()
    x = np.hstack([x, np.ones((len(y), 1))])
    w, after, log = np.zeros(4), {}, []
    for step in range(100):
        e = x @ w - y
        log.append([step, float(e @ e / len(y))])
        w = w - 0.1 * (2 / len(y)) * (x.T @ e)
        if step + 1 in (1, 2, 3, 10, 100):
            after[str(step + 1)] = w.tolist()
    write(
        "gradient_descent",
        "w -= 0.1 (2/n) X^T (X w - y) on the data of t8 with a column of ones, from zeros; loss: mean of squares",
        {"params_after_step": after, "loss_log": log},
    )


def mini_batch():
    x, y = regression_data()
    figures = {}
    for rule in ("cyclic", "random"):
        w, b, after, random = np.zeros(3), 0.0, {}, SplitMix64(7)
        for step in range(2000):
            rows = [(32 * step + j) % 1000 if rule == "cyclic" else random.below(1000) for j in range(32)]
            e = x[rows] @ w + b - y[rows]
            w, b = w - 0.01 * (2 / 32) * (x[rows].T @ e), b - 0.01 * (2 / 32) * e.sum()
            if step + 1 in (1, 2, 3, 10, 100, 1000, 2000):
                after[str(step + 1)] = [*w.tolist(), float(b)]
        figures[rule] = {"params_after_step": after}
    write(
        "mini_batch",
        "data of t8, batches of 32, mean of squares, SGD 0.01 from zeros; cyclic: rows (32 t + j) mod 1000; random: seed 7",
        figures,
    )


def dynamic_net():
    x = torch.tensor(X)
    y = torch.sin(x)
    params = [torch.tensor([v], dtype=torch.float64, requires_grad=True) for v in (0.5, -0.3, 0.2, 0.1, 0.05)]
    optimizer = torch.optim.SGD(params, lr=1e-8, momentum=0.9)
    random = SplitMix64(1)
    for p in params:
        p.grad = torch.zeros_like(p)

    def loss(_):
        a, b, c, d, e = params
        y_pred = a + b * x + c * x**2 + d * x**3
        for power in range(4, 4 + random.below(3)):
            y_pred = y_pred + e * x**power
        return ((y_pred - y) ** 2).sum()

    figures = descend(params, optimizer, loss, 30000, [1, 2, 3, 10, 100, 1000, 30000], 2000)
    write(
        "dynamic_net",
        "a + b x + c x^2 + d x^3 + e x^4 ? + e x^5 ?, 0 to 2 such terms each step by SplitMix64 with seed 1; sum of squares, "
        "SGD 1e-8, momentum 0.9, from (0.5, -0.3, 0.2, 0.1, 0.05)",
        figures,
    )


sine_rmsprop()
gradient_descent()
mini_batch()
dynamic_net()
