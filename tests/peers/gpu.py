"""Times a step of the cubic fit with PyTorch and JAX on a GPU, as rows of the table of `device`, and a copy on the device.

    python3 gpu.py [--small] [--cpu]

A step is the loss, its four slopes, and a step of gradient descent, all on the device: what `device` calls a recorded step.
Its value, slopes and new parameters are compared with sums in double precision before it is timed. `--small` makes everything
small, `--cpu` takes the CPU, to see that it runs. Where a package or a GPU is missing, a row says so; wrong numbers are an error.
"""

import math
import os
import sys
import time

SMALL, ON_CPU = "--small" in sys.argv, "--cpu" in sys.argv
SIZES = [512, 2000] if SMALL else [2000, 1 << 20, 1 << 28]
STEPS = 20 if SMALL else 200
START = [0.5, -0.3, 0.2, 0.1]
RATE = 1e-6
# Elements whose sums are taken at once in double precision.
STRETCH = 1 << 24

# Both packages share one GPU here.
os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
if ON_CPU:
    os.environ["JAX_PLATFORMS"] = "cpu"


class Wrong(Exception):
    """A step has other numbers than it should."""


def row(who, what, n, seconds, use):
    rate = 8 * n / seconds / 1e9
    print(f"| {who}: {what}, n = {n} | {seconds * 1e6:.1f} us | {rate:.3g} GB/s {use} |", flush=True)


def failed(who, error):
    first = (str(error).splitlines() or [""])[0]
    print(f"| {who} | failed | {type(error).__name__}: {first} |", flush=True)


def best(step, wait):
    """Seconds a step: the shortest of five runs of many steps."""
    shortest = math.inf
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(STEPS):
            step()
        wait()
        shortest = min(shortest, (time.perf_counter() - start) / STEPS)
    return shortest


def sums(stretches):
    """The loss and its slopes at the start, by hand, from stretches of the points in double precision."""
    a, b, c, d = START
    total = [0.0] * 5
    for x, y in stretches:
        r = a + x * (b + x * (c + x * d)) - y
        for k, term in enumerate([r * r, 2 * r, 2 * r * x, 2 * r * x * x, 2 * r * x * x * x]):
            total[k] += float(term.sum())
    return total


def check(who, n, wanted, value, slopes, params):
    """That the first step had the right numbers."""
    largest = max(abs(w) for w in wanted)
    found = [float(v) for v in [value, *slopes]]
    if not all(abs(f - w) <= 1e-5 * largest for f, w in zip(found, wanted)):
        raise Wrong(f"{who}: n = {n}: {found}, not {wanted}")
    for p, start, slope in zip(params, START, wanted[1:]):
        # What single precision can tell.
        if abs(float(p) - (start - RATE / n * slope)) > 6e-8:
            raise Wrong(f"{who}: n = {n}: a parameter became {float(p)} from {start} by the slope {slope}")


def torch_points(torch, n, device):
    torch.manual_seed(1)
    x, y = torch.rand(n, device=device), torch.rand(n, device=device)
    stretches = ((x[k : k + STRETCH].double(), y[k : k + STRETCH].double()) for k in range(0, n, STRETCH))
    return x, y, sums(stretches)


def torch_step(torch, loss, x, y):
    """A step in place on parameters of its own."""
    params = [torch.tensor(p, device=x.device, requires_grad=True) for p in START]

    def step():
        value = loss(params, x, y)
        slopes = torch.autograd.grad(value, params)
        with torch.no_grad():
            for p, g in zip(params, slopes):
                p -= RATE / x.numel() * g
        return value.detach(), slopes

    return params, step


def torch_graph(torch, step):
    """The step as a CUDA graph, as PyTorch's documentation records one."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        left = step()

    def replay():
        graph.replay()
        return left

    return replay


def torch_row(torch, who, loss, n, recorded):
    device = "cpu" if ON_CPU else "cuda"
    wait = (lambda: None) if ON_CPU else torch.cuda.synchronize
    x, y, wanted = torch_points(torch, n, device)
    params, step = torch_step(torch, loss, x, y)
    if recorded:
        step = torch_graph(torch, step)
        # Preparing it took steps.
        with torch.no_grad():
            for p, start in zip(params, START):
                p.fill_(start)
    value, slopes = step()
    check(who, n, wanted, value, slopes, [p.detach() for p in params])
    for _ in range(3):
        step()
    wait()
    row(who, "cubic, a step", n, best(step, wait), "read")


def torch_copy(torch, who):
    n = SIZES[-1]
    wait = (lambda: None) if ON_CPU else torch.cuda.synchronize
    x = torch.rand(n, device="cpu" if ON_CPU else "cuda")
    y = torch.empty_like(x)
    y.copy_(x)
    if not torch.equal(x, y):
        raise Wrong("a copy differs")
    row(who, "copy", n, best(lambda: y.copy_(x), wait), "read and written")


def with_torch():
    import torch

    who = f"PyTorch {torch.__version__}"
    if not (ON_CPU or torch.cuda.is_available()):
        print(f"| {who} | no GPU | |")
        return

    def loss(p, x, y):
        return (p[0] + p[1] * x + p[2] * x**2 + p[3] * x**3 - y).square().sum()

    if ON_CPU:
        torch.set_num_threads(1)
    torch_copy(torch, who)
    for compiled in [False, True]:
        for n in SIZES:
            for recorded in [False] if ON_CPU else [False, True]:
                name = who + (" compiled" if compiled else " eager") + (", a CUDA graph" if recorded else "")
                try:
                    # Code for this size alone.
                    torch.compiler.reset()
                    function = torch.compile(loss, dynamic=False) if compiled else loss
                    torch_row(torch, name, function, n, recorded)
                except Wrong:
                    raise
                except Exception as error:  # An old driver, no compiler, no memory left: the others are timed all the same.
                    failed(name, error)
                if not ON_CPU:
                    torch.cuda.empty_cache()


def jax_functions(jax, n):
    """A step, and many steps in one call."""
    jnp = jax.numpy

    def loss(p, x, y):
        return jnp.sum((p[0] + p[1] * x + p[2] * x**2 + p[3] * x**3 - y) ** 2)

    def step(p, x, y):
        value, slopes = jax.value_and_grad(loss)(p, x, y)
        return [a - RATE / n * g for a, g in zip(p, slopes)], value, slopes

    def steps(p, x, y):
        return jax.lax.fori_loop(0, STEPS, lambda _, p: step(p, x, y)[0], p)

    return jax.jit(step), jax.jit(steps)


def jax_rows(jax, who, n):
    import numpy

    first, second = jax.random.split(jax.random.key(1))
    x, y = jax.random.uniform(first, (n,)), jax.random.uniform(second, (n,))
    double = lambda a, k: numpy.asarray(a[k : k + STRETCH]).astype(numpy.float64)
    wanted = sums((double(x, k), double(y, k)) for k in range(0, n, STRETCH))
    step, steps = jax_functions(jax, n)
    start = [jax.numpy.float32(p) for p in START]
    params, value, slopes = step(start, x, y)
    check(who, n, wanted, value, slopes, params)
    state = {"p": params}

    def once():
        state["p"] = step(state["p"], x, y)[0]

    once()
    wait = lambda: jax.block_until_ready(state["p"])
    wait()
    row(who, "cubic, a step", n, best(once, wait), "read")

    # All steps of a run in one call.
    one_by_one = start
    for _ in range(STEPS):
        one_by_one = step(one_by_one, x, y)[0]
    for one, other in zip(one_by_one, steps(start, x, y)):
        if abs(float(one) - float(other)) > 1e-6:
            raise Wrong(f"{who}: n = {n}: {STEPS} steps in one call give {float(other)}, not {float(one)}")
    shortest = math.inf
    for _ in range(5):
        begin = time.perf_counter()
        jax.block_until_ready(steps(start, x, y))
        shortest = min(shortest, (time.perf_counter() - begin) / STEPS)
    row(who, f"cubic, a step of {STEPS} in one call", n, shortest, "read")


def with_jax():
    import jax

    who = f"JAX {jax.__version__}"
    if not ON_CPU and jax.default_backend() != "gpu":
        print(f"| {who} | no GPU | |")
        return
    for n in SIZES:
        try:
            jax_rows(jax, who, n)
        except Wrong:
            raise
        except Exception as error:
            failed(who, error)


def main():
    right = True
    for name, run in [("PyTorch", with_torch), ("JAX", with_jax)]:
        try:
            run()
        except ImportError as missing:
            print(f"| {name} | not installed | {missing} |")
        except Wrong as wrong:
            right = False
            print(f"| {name} | wrong | {wrong} |")
        except Exception as error:
            failed(name, error)
    sys.exit(not right)


if __name__ == "__main__":
    main()
