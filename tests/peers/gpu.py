"""Times a step of the cubic fit with PyTorch (eager, and compiled) and JAX on a GPU, as rows of the table of `device`.

    python3 gpu.py [--small]

A step is the loss, its four slopes, and a step of gradient descent, all on the GPU. Where a package or a GPU is missing,
a row says so.
"""

import math
import sys
import time

SIZES = [512] if "--small" in sys.argv else [2000, 1 << 20, 1 << 28]
STEPS = 20 if "--small" in sys.argv else 200
START = [0.5, -0.3, 0.2, 0.1]
RATE = 1e-6


def row(who, n, seconds):
    rate = 8 * n / seconds / 1e9
    print(f"| {who}: cubic, a step, n = {n} | {seconds * 1e6:.1f} us | {rate:.0f} GB/s read |", flush=True)


def best(steps, wait):
    """Seconds a step: the shortest of five runs of many steps."""
    shortest = math.inf
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(STEPS):
            steps()
        wait()
        shortest = min(shortest, (time.perf_counter() - start) / STEPS)
    return shortest


def with_torch():
    import torch

    if not torch.cuda.is_available():
        print(f"| PyTorch {torch.__version__} | no GPU | |")
        return
    torch.manual_seed(1)

    def loss(p, x, y):
        return (p[0] + p[1] * x + p[2] * x**2 + p[3] * x**3 - y).square().sum()

    for name, function in [("eager", loss), ("compiled", torch.compile(loss))]:
        for n in SIZES:
            x, y = torch.rand(n, device="cuda"), torch.rand(n, device="cuda")
            params = [torch.tensor(a, device="cuda", requires_grad=True) for a in START]

            def step():
                slopes = torch.autograd.grad(function(params, x, y), params)
                with torch.no_grad():
                    for p, g in zip(params, slopes):
                        p -= RATE / n * g

            for _ in range(3):
                step()
            torch.cuda.synchronize()
            row(f"PyTorch {torch.__version__} {name}", n, best(step, torch.cuda.synchronize))


def with_jax():
    import jax
    import jax.numpy as jnp

    if jax.default_backend() != "gpu":
        print(f"| JAX {jax.__version__} | no GPU | |")
        return

    def loss(p, x, y):
        return jnp.sum((p[0] + p[1] * x + p[2] * x**2 + p[3] * x**3 - y) ** 2)

    @jax.jit
    def step(p, x, y):
        value, slopes = jax.value_and_grad(loss)(p, x, y)
        return [a - RATE / x.size * g for a, g in zip(p, slopes)], value

    for n in SIZES:
        first, second = jax.random.split(jax.random.key(1))
        x, y = jax.random.uniform(first, (n,)), jax.random.uniform(second, (n,))
        state = {"p": [jnp.float32(a) for a in START]}

        def once():
            state["p"], state["value"] = step(state["p"], x, y)

        once()
        jax.block_until_ready(state["value"])
        row(f"JAX {jax.__version__}", n, best(once, lambda: jax.block_until_ready(state["p"])))


def main():
    for name, run in [("PyTorch", with_torch), ("JAX", with_jax)]:
        try:
            run()
        except ImportError as missing:
            print(f"| {name} | not installed | {missing} |")
        except Exception as error:  # An old driver, no memory left: the other is timed all the same.
            print(f"| {name} | failed | {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''} |")


if __name__ == "__main__":
    main()
