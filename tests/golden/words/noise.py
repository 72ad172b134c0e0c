"""Integer noise as the tests make it, and arrays as C."""

import numpy as np


def noise(seed, count):
    """uint32 noise: tests/support/noise.h."""
    x = np.arange(count, dtype=np.uint32) + np.uint32(seed * 0x9E3779B9 & 0xFFFFFFFF)
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return x ^ (x >> np.uint32(16))


def unit(seed, *shape):
    """float64 multiples of 2^-16 in [-1/2, 1/2)."""
    return (noise(seed, int(np.prod(shape))) >> np.uint32(16)).reshape(shape) / 65536.0 - 0.5


def image(seed, height, width, channels):
    """8-bit noise, smoothed along x so that there is something to see."""
    p = (noise(seed, height * width * channels) >> np.uint32(24)).astype(np.int64)
    p = p.reshape(height, width, channels)
    p[:, 1:] = (p[:, 1:] + 3 * p[:, :-1] + 2) // 4
    return p.astype(np.float64)


def show(name, values):
    values = np.ravel(values)
    print(f"\nstatic const double {name}[{len(values)}] = {{")
    for i in range(0, len(values), 6):
        print("    " + " ".join(f"{v:.9g}," for v in values[i:i + 6]))
    print("};")
