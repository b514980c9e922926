"""Parameters after some steps of PyTorch's optimizers: writes tests/reference/optimizers.json.

    pip install torch==2.15.0; python tests/peers/optimizers.py

The loss is Rosenbrock's function from (-1.2, 1) in f64, and in f32; gradient and loss by hand, so that only the update rule is
PyTorch's. Schedules are lists of learning rates; clipping is of one gradient.
"""

import json
import pathlib

import torch

STEPS = [1, 2, 3, 10, 100]

CASES = {
    "sgd_dampening_decay": ("SGD", dict(lr=1e-4, momentum=0.9, dampening=0.3, weight_decay=0.1)),
    "sgd_maximize": ("SGD", dict(lr=1e-6, momentum=0.5, maximize=True)),
    "sgd_decay": ("SGD", dict(lr=1e-4, weight_decay=0.5)),
    "rmsprop_momentum": ("RMSprop", dict(lr=1e-3, momentum=0.8, weight_decay=0.1)),
    "rmsprop_centered": ("RMSprop", dict(lr=1e-3, alpha=0.9, eps=1e-6, centered=True)),
    "rmsprop_centered_momentum": ("RMSprop", dict(lr=1e-4, alpha=0.95, centered=True, momentum=0.5)),
    "adam_decay": ("Adam", dict(lr=1e-2, betas=(0.8, 0.99), eps=1e-6, weight_decay=0.2)),
    "adam_amsgrad": ("Adam", dict(lr=1e-2, amsgrad=True)),
    "adam_slow": ("Adam", dict(lr=1e-2, betas=(0.3, 0.9), maximize=False)),
    "adamw": ("AdamW", dict(lr=1e-2)),
    "adamw_amsgrad": ("AdamW", dict(lr=1e-2, weight_decay=0.5, amsgrad=True)),
    "adagrad": ("Adagrad", dict(lr=0.1)),
    "adagrad_decay": (
        "Adagrad",
        dict(lr=0.1, lr_decay=0.01, weight_decay=0.1, initial_accumulator_value=0.5, eps=1e-6),
    ),
}


def gradient(p):
    x, y = p
    return torch.stack([-400 * x * (y - x * x) - 2 * (1 - x), 200 * (y - x * x)])


def run(name, options, dtype):
    p = torch.tensor([-1.2, 1.0], dtype=dtype)
    optimizer = getattr(torch.optim, name)([p], **options)
    after = {}
    for step in range(1, STEPS[-1] + 1):
        p.grad = gradient(p.detach())
        optimizer.step()
        if step in STEPS:
            after[str(step)] = p.tolist()
    return after


def schedules():
    made = {
        "step": lambda o: torch.optim.lr_scheduler.StepLR(o, step_size=3, gamma=0.5),
        "exponential": lambda o: torch.optim.lr_scheduler.ExponentialLR(o, gamma=0.9),
        "cosine": lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=8, eta_min=0.01),
    }
    rates = {}
    for name, make in made.items():
        p = torch.zeros(1)
        p.grad = torch.zeros(1)
        optimizer = torch.optim.SGD([p], lr=0.1)
        schedule = make(optimizer)
        rates[name] = []
        for _ in range(12):
            rates[name].append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step()
    return rates


def clipping():
    start = [[3.0, -4.0, 0.5], [12.0]]

    def clipped(clip):
        params = [torch.zeros(len(g), dtype=torch.float64) for g in start]
        for p, g in zip(params, start):
            p.grad = torch.tensor(g, dtype=torch.float64)
        norm = clip(params)
        return {"grad": [p.grad.tolist() for p in params], "norm": None if norm is None else norm.item()}

    return {
        "start": start,
        "norm_2": clipped(lambda ps: torch.nn.utils.clip_grad_norm_(ps, 2.0)),
        "norm_100": clipped(lambda ps: torch.nn.utils.clip_grad_norm_(ps, 100.0)),
        "value_1": clipped(lambda ps: torch.nn.utils.clip_grad_value_(ps, 1.0)),
    }


out = {
    "what": "PyTorch's optimizers on 100(y-x^2)^2+(1-x)^2 from (-1.2, 1); by tests/peers/optimizers.py",
    "torch": torch.__version__,
    "cases": {
        name: {
            "class": kind,
            "options": options,
            "f64": run(kind, options, torch.float64),
            "f32": run(kind, options, torch.float32),
        }
        for name, (kind, options) in CASES.items()
    },
    "schedules": schedules(),
    "clipping": clipping(),
}
path = pathlib.Path(__file__).parents[1] / "reference" / "optimizers.json"
path.write_text(json.dumps(out, indent=1) + "\n")
