"""Prints tests/reference/nn.json: values and gradients of PyTorch's activations, losses and special functions, in f64; where
PyTorch has fewer digits than f64, those of mpmath.

    pip install torch==2.15.0 mpmath
    python3 nn.py > ../reference/nn.json

Inputs are numbers of f32, so that both precisions can be compared. Infinities and NaN are strings.
"""
import json
import math
import struct

import mpmath
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)

POINTS = [-1e4, -100.0, -20.0, -3.0, -1.0, -0.5, -1e-3, 0.0, 1e-3, 0.5, 1.0, 3.0, 20.0, 100.0, 1e4]
EXTREME = [math.inf, -math.inf, math.nan]
POSITIVE = [1e-3, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 10.5, 100.0, 1e4]
PROBABILITIES = [1e-3, 0.25, 0.5, 0.75, 0.999]
PAIRS = [(0.0, 2.0), (2.0, 0.5), (-1.0, 3.0), (0.5, 1e4), (1e4, 1e-3)]
SUMS = [(0.0, 0.0), (1e4, -1e4), (-3.0, 2.0), (100.0, 100.5), (-40.0, 0.0)]
LISTS = [[0.1, -0.4, 2.0], [1e4, -1e4, 0.0], [0.0, 0.0, 0.0], [-1e4, -1e4, -1e4], [3.0, 2.5, -1.0]]
TARGETS = [1.0, 0.0, 0.25]

SCALAR = {
    "relu": (torch.relu, POINTS + EXTREME),
    "leaky_relu": (lambda x: F.leaky_relu(x, 0.25), POINTS + EXTREME),
    "elu": (lambda x: F.elu(x, 1.5), POINTS + EXTREME[:2]),
    "sigmoid": (torch.sigmoid, POINTS + EXTREME),
    "log_sigmoid": (F.logsigmoid, POINTS),
    "softplus": (lambda x: F.softplus(x, threshold=1e9) if x < 700 else x * 1.0, POINTS),
    "silu": (F.silu, POINTS),
    "erf": (torch.erf, POINTS + EXTREME),
    "erfc": (torch.erfc, POINTS + EXTREME),
    "ln_gamma": (torch.lgamma, POSITIVE + [-0.5, -1.5, -2.25]),
    "sinc": (lambda x: torch.sinc(x / math.pi), [-20.0, -3.0, -0.5, 0.0, 0.5, 0.75, 1.0, 3.0, 100.0]),
}
EXACT = {
    "gelu": (lambda x: x * mpmath.ncdf(x), lambda x: mpmath.ncdf(x) + x * mpmath.npdf(x), POINTS),
    "normal_cdf": (mpmath.ncdf, mpmath.npdf, POINTS),
    "digamma": (mpmath.digamma, lambda x: mpmath.polygamma(1, x), POSITIVE + [-0.5, -1.5, -2.25]),
    "trigamma": (lambda x: mpmath.polygamma(1, x), lambda x: mpmath.polygamma(2, x), POSITIVE),
    "logit": (lambda p: mpmath.log(p / (1 - p)), lambda p: 1 / (p * (1 - p)), PROBABILITIES),
}
WEIGHTS = torch.tensor([0.5, -1.0, 2.0])
LIST = {
    "softmax": lambda x: (torch.softmax(x, 0) * WEIGHTS).sum(),
    "log_softmax": lambda x: (torch.log_softmax(x, 0) * WEIGHTS).sum(),
    "log_sum_exp": lambda x: torch.logsumexp(x, 0),
    "mse_loss": lambda x: F.mse_loss(x, torch.tensor(TARGETS)),
    "mse_sum": lambda x: F.mse_loss(x, torch.tensor(TARGETS), reduction="sum"),
    "l1_loss": lambda x: F.l1_loss(x, torch.tensor(TARGETS)),
    "l1_sum": lambda x: F.l1_loss(x, torch.tensor(TARGETS), reduction="sum"),
    "huber_loss": lambda x: F.huber_loss(x, torch.tensor(TARGETS), delta=0.75),
    "binary_cross_entropy_with_logits": lambda x: F.binary_cross_entropy_with_logits(x, torch.tensor(TARGETS)),
    "cross_entropy": lambda x: F.cross_entropy(x, torch.tensor(2)),
    "nll_loss": lambda x: F.nll_loss(x, torch.tensor(1)),
    "variance": lambda x: torch.var(x),
    "mean": lambda x: torch.mean(x),
}


def plain(x):
    return x if math.isfinite(x) else str(x).replace("inf", "Infinity").replace("nan", "NaN")


def single(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def row(op, f, xs, split):
    x = torch.tensor([single(v) for v in xs], requires_grad=True)
    y = f(*x) if split else f(x)
    (grad,) = torch.autograd.grad(y, x)
    numbers = lambda vs: [plain(v) for v in vs]
    return {"op": op, "input": numbers(x.tolist()), "value": plain(y.item()), "grad": numbers(grad.tolist())}


def exact_row(op, f, slope, x):
    x = single(x)
    y, dy = (float(g(mpmath.mpf(x))) for g in (f, slope))
    return {"op": op, "input": [x], "value": y, "grad": [dy]}


def main():
    mpmath.mp.dps = 60
    rows = [row(op, f, [x], True) for op, (f, points) in SCALAR.items() for x in points]
    rows += [exact_row(op, f, d, x) for op, (f, d, points) in EXACT.items() for x in points]
    rows += [row("xlogy", torch.xlogy, pair, True) for pair in PAIRS]
    rows += [row("log_add_exp", torch.logaddexp, pair, True) for pair in SUMS]
    rows += [row(op, f, xs, False) for op, f in LIST.items() for xs in LISTS]
    rows += [row("binary_cross_entropy", lambda p: F.binary_cross_entropy(p, torch.tensor(TARGETS)), p, False)
             for p in ([0.5, 0.25, 0.75], [1e-3, 0.999, 0.5], [0.0, 0.5, 1.0])]
    rows += [row("cross_entropy_rows", lambda x: F.cross_entropy(x.reshape(2, 3), torch.tensor([2, 0])), xs, False)
             for xs in ([0.1, -0.4, 2.0, 1e4, -1e4, 0.0], [3.0, 2.5, -1.0, 0.0, 0.0, 0.0])]
    print('{"torch": "%s", "rows": [' % torch.__version__.split("+")[0])
    print(",\n".join(json.dumps(r) for r in rows))
    print("]}")


if __name__ == "__main__":
    main()
