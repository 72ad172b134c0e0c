"""Writes lecture.h: losses of the lecture's two-layer network, in NumPy float64.

    python make_lecture_golden.py

N=64 samples, D=1000 inputs, H=100 sigmoid units, 10 outputs, no bias, sum of squared errors, plain
gradient descent at 1e-4 over all samples, 10,000 steps. Inputs, targets and weights are rounded
normal numbers from a formula that the test repeats: the sum of twelve uniform ones.
"""
import platform

import numpy as np

N, D, H, OUT, STEPS, RATE = 64, 1000, 100, 10, 10000, 1e-4
MASK = (1 << 64) - 1


def numbers(stream, shape):
    """SplitMix64 of (stream, index): Irwin-Hall normals, exact in integers, rounded to float32."""
    count = int(np.prod(shape))
    index = np.arange(count * 12, dtype=np.uint64) + np.uint64(stream << 32)
    z = (index + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    total = (z >> np.uint64(40)).astype(np.int64).reshape(count, 12).sum(axis=1) - 6 * 2**24
    return (total * 2.0**-24).astype(np.float32).astype(np.float64).reshape(shape)


def main():
    x, y = numbers(1, (N, D)), numbers(2, (N, OUT))
    w1, w2 = numbers(3, (D, H)), numbers(4, (H, OUT))
    losses = []
    for _ in range(STEPS):
        h = 1 / (1 + np.exp(-x @ w1))
        difference = h @ w2 - y
        losses.append(np.square(difference).sum())
        by_output = 2 * difference
        by_h = by_output @ w2.T
        w2 -= RATE * (h.T @ by_output)
        w1 -= RATE * (x.T @ (by_h * h * (1 - h)))
    with open("lecture.h", "w") as out:
        out.write("// Written by make_lecture_golden.py: NumPy %s, Python %s.\n"
                  % (np.__version__, platform.python_version()))
        out.write("// clang-format off\n")
        out.write("// The loss before each of the first 1,000 steps, and before the last one.\n")
        out.write("static const double golden_lecture[1001] = {\n")
        for i, loss in enumerate(losses[:1000] + losses[-1:]):
            out.write("%s%.17g,%s" % ("    " if i % 4 == 0 else " ", loss,
                                      "\n" if i % 4 == 3 or i == 1000 else ""))
        out.write("};\n")
    print(losses[0], losses[999], losses[-1])


main()
