"""Writes color.h: histograms by NumPy, of RGB and of scikit-image's rgb2hsv().

    python make_color_golden.py

The image is given by a formula, so that only results are stored. Where a value lies precisely on the
edge of two bins, rounding decides in floating point, and the upper bin takes it here. So NumPy gets
values that are exact: gray and RGB in units of 1/255, where the edges that a value can meet are
integers for the numbers of bins below, and hue and saturation as quotients of integers, with 2^k
bins or such that no quotient meets an edge that is not exact. (rgb2hsv() of an 8-bit image scales
to [0, 1] first and then subtracts: 0.1 % of all colors lie on an edge and end below it.) All counts
must then agree exactly.
"""
import platform

import numpy as np
import skimage
from skimage.color import rgb2hsv

WIDTH, HEIGHT = 61, 47


def image():
    """The formula that test_color_golden.c repeats: noise, with gray, black and pure colors."""
    x, y, c = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT), np.arange(3))
    v = (3 * x * x + 5 * y * y + 7 * x * y + 61 * c + ((13 * x) ^ (29 * y))) % 256
    v = np.where(x % 8 == 7, 85 * ((x // 8 + y * (c + 1)) % 4), v)  # multiples of 85
    v = np.where(y % 16 == 15, (4 * x) % 256, v)  # gray
    return v.astype(np.uint8)


def counts(values, bins, joint, top):
    values = values.reshape(-1, values.shape[-1])
    ranges = [(0, top)] * len(bins)
    if joint:
        return np.histogramdd(values, bins=bins, range=ranges)[0].ravel()
    return np.concatenate(
        [np.histogram(values[:, c], bins=b, range=(0, top))[0] for c, b in enumerate(bins)]
    )


def main():
    rgb = image()
    gray = (rgb.astype(int) @ [299, 587, 114] + 500) // 1000
    hsv = rgb2hsv(rgb.astype(float)) / [1, 1, 255]
    norms = ["none", "L1", "L2", "sqrt"]
    # space, joint, grid, norm, bins
    cases = [
        (1, True, 1, "none", [8, 8, 8]),
        (1, True, 1, "none", [3, 5, 4]),
        (1, False, 1, "none", [16, 17, 256]),
        (2, True, 1, "none", [8, 4, 4]),
        (2, True, 1, "none", [16, 8, 2]),
        (2, False, 1, "none", [32, 16, 15]),
        (0, True, 1, "none", [32]),
        (2, True, 2, "none", [8, 2, 2]),
        (2, True, 1, "L1", [8, 4, 4]),
        (2, True, 1, "L2", [8, 4, 4]),
        (2, True, 1, "sqrt", [8, 4, 4]),
        (1, False, 2, "sqrt", [4, 4, 4]),
    ]
    rows, numbers = [], []
    for space, joint, grid, norm, bins in cases:
        # RGB and gray in units of 1/255: edges k · 255 / bins, exact where they meet a value.
        values, top = [(gray[..., None], 255), (rgb, 255), (hsv, 1)][space]
        out = []
        for i in range(grid):
            for j in range(grid):
                cell = values[
                    i * HEIGHT // grid : (i + 1) * HEIGHT // grid,
                    j * WIDTH // grid : (j + 1) * WIDTH // grid,
                ]
                h = counts(cell, bins, joint, top).astype(float)
                for part in [h] if joint else np.split(h, np.cumsum(bins)[:-1]):
                    if norm in ("L1", "sqrt"):
                        part = part / part.sum()
                    if norm == "L2":
                        part = part / np.linalg.norm(part)
                    out += list(np.sqrt(part) if norm == "sqrt" else part)
        rows.append(
            "    {%d, %d, %d, %d, {%d, {%s}}, %d, %d},"
            % (space, joint, grid, norms.index(norm), len(bins), ", ".join(map(str, bins)),
               len(numbers), len(out))
        )
        numbers += out
    lines = [
        "// Made by make_color_golden.py. Python %s, NumPy %s, scikit-image %s."
        % (platform.python_version(), np.__version__, skimage.__version__),
        "// clang-format off",
        "static const color_case CASES[] = {",
        *rows,
        "};",
        "static const double NUMBERS[] = {",
    ]
    for i in range(0, len(numbers), 12):
        lines.append("    " + " ".join("%.9g," % v for v in numbers[i : i + 12]))
    lines.append("};")
    with open("color.h", "w") as f:
        f.write("\n".join(lines) + "\n")


main()
