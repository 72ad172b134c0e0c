"""Losses of the lecture's two-layer network (L15) in NumPy, for tools/lecture/l15_twenty_lines.c.

Written with Python 3.11 and NumPy (float64); the numbers stand in the claim's table. Inputs, targets
and weights are normal numbers, by Box and Muller from SplitMix64, so that C has the same ones.
"""
import sys

import numpy as np

N, D, H, OUT, STEPS, RATE = 64, 1000, 100, 10, 10000, 1e-4
SHOWN = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)


def uniform(first, count):
    """Numbers first … first + count - 1 of SplitMix64, in (0, 1)."""
    with np.errstate(over="ignore"):
        z = (np.arange(first, first + count, dtype=np.uint64) + np.uint64(1)) * np.uint64(
            0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return ((z >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def normal(first, *shape):
    """Rounded to float32, which is what the library is given."""
    u = uniform(2 * first, 2 * int(np.prod(shape))).reshape(-1, 2)
    values = np.sqrt(-2 * np.log(u[:, 0])) * np.cos(2 * np.pi * u[:, 1])
    return values.astype(np.float32).astype(np.float64).reshape(shape)


x = normal(0, N, D)
y = normal(100000, N, OUT)
w1 = normal(200000, D, H)
w2 = normal(400000, H, OUT)
for step in range(1, STEPS + 1):
    h = 1 / (1 + np.exp(-(x @ w1)))
    predicted = h @ w2
    loss = np.square(predicted - y).sum()
    if step in SHOWN:
        print(f"    {{{step}, {loss!r}}},")
    d_predicted = 2 * (predicted - y)
    d_w2 = h.T @ d_predicted
    d_h = d_predicted @ w2.T
    d_w1 = x.T @ (d_h * h * (1 - h))
    w1 -= RATE * d_w1
    w2 -= RATE * d_w2
print("NumPy", np.__version__, file=sys.stderr)
