"""Writes color.h: histograms by NumPy and OpenCV, Lab by scikit-image and OpenCV.

    python make_color_golden.py

The image is given by a formula, so that only results are stored. Where a value lies precisely on the
edge of two bins, rounding decides in floating point, and the upper bin takes it here. So NumPy gets
values that are exact: gray and RGB in units of 1/255, where the edges that a value can meet are
integers for the numbers of bins below, opponent channels as integers, and hue, saturation and rg as
quotients of integers, with 2^k bins or such that no quotient meets an edge that is not exact.
(rgb2hsv() of an 8-bit image scales to [0, 1] first and then subtracts: 0.1 % of all colors lie on an
edge and end below it.) Lab gets ranges of which no value comes near an edge. All counts must then
agree exactly. OpenCV's calcHist() leaves out the upper bound, so it gets 256, which no byte reaches.
"""
import platform

import cv2
import numpy as np
import skimage
from skimage.color import rgb2hsv, rgb2lab

WIDTH, HEIGHT = 61, 47
SPACES = ["gray", "rgb", "rg", "opponent", "hsv", "lab"]
NORMS = ["none", "L1", "L2", "sqrt"]
WHOLE = {
    "gray": [0, 255],
    "rgb": [0, 255] * 3,
    "rg": [0, 100] * 2,
    "opponent": [-255, 255, -510, 510, 0, 765],
    "hsv": [0, 360, 0, 100, 0, 100],
    "lab": [0, 100, -128, 127, -128, 127],
}


def image():
    """The formula that test_color_golden.c repeats: noise, with gray, black and pure colors."""
    x, y, c = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT), np.arange(3))
    v = (3 * x * x + 5 * y * y + 7 * x * y + 61 * c + ((13 * x) ^ (29 * y))) % 256
    v = np.where(x % 8 == 7, 85 * ((x // 8 + y * (c + 1)) % 4), v)  # multiples of 85
    v = np.where(y % 16 == 15, (4 * x) % 256, v)  # gray
    return v.astype(np.uint8)


def values(rgb):
    """Channels of each space, and what a unit of the range is in them."""
    r, g, b = (rgb[..., i].astype(float) for i in range(3))
    total = r + g + b
    rg = [np.where(total, c, 1) / np.where(total, total, 3) for c in (r, g)]
    gray = (rgb.astype(int) @ [299, 587, 114] + 500) // 1000
    return {
        "gray": (gray[..., None].astype(float), [1]),
        "rgb": (rgb.astype(float), [1, 1, 1]),
        "rg": (np.stack(rg, -1), [1 / 100] * 2),
        "opponent": (np.stack([r - g, r + g - 2 * b, total], -1), [1, 1, 1]),
        "hsv": (rgb2hsv(rgb.astype(float)) / [1, 1, 255], [1 / 360, 1 / 100, 1 / 100]),
        "lab": (rgb2lab(rgb), [1, 1, 1]),
    }


def hard(cell, bins, ranges, joint):
    if joint:
        return np.histogramdd(cell, bins=bins, range=ranges)[0].ravel()
    return np.concatenate(
        [np.histogram(cell[:, c], bins=b, range=ranges[c])[0] for c, b in enumerate(bins)]
    )


def linear(cell, bins, ranges, joint, circle):
    shares, inside = [], []
    for c, n in enumerate(bins):
        low, high = ranges[c]
        x = (cell[:, c] - low) / (high - low) * n
        inside.append((x >= 0) & (x <= n))
        distance = np.abs(x[:, None] - 0.5 - np.arange(-1, n + 1))
        weights = np.maximum(0, 1 - distance) * inside[-1][:, None]
        first, last = weights[:, 0].copy(), weights[:, -1].copy()
        weights = weights[:, 1:-1]
        weights[:, -1 if circle and c == 0 else 0] += first
        weights[:, 0 if circle and c == 0 else -1] += last
        shares.append(weights)
    if not joint:
        return np.concatenate([s.sum(0) for s in shares])
    letters = "abc"[: len(bins)]
    return np.einsum(",".join("i" + k for k in letters) + "->" + letters, *shares).ravel()


def histograms(spaces, space, bins, bounds, binning, joint, grid, levels, norm):
    channels, unit = spaces[space]
    bounds = bounds or WHOLE[space]
    bounds = bounds if len(bounds) > 2 else bounds * len(bins)
    ranges = [(bounds[2 * c] * unit[c], bounds[2 * c + 1] * unit[c]) for c in range(len(bins))]
    circle = space == "hsv" and bounds[:2] == [0, 360]
    out = []
    for level in range(levels):
        n = grid * 2**level
        for i in range(n):
            for j in range(n):
                cell = channels[
                    i * HEIGHT // n : (i + 1) * HEIGHT // n, j * WIDTH // n : (j + 1) * WIDTH // n
                ].reshape(-1, len(bins))
                h = (
                    linear(cell, bins, ranges, joint, circle)
                    if binning
                    else hard(cell, bins, ranges, joint).astype(float)
                )
                for part in [h] if joint else np.split(h, np.cumsum(bins)[:-1]):
                    if norm in ("L1", "sqrt"):
                        part = part / part.sum()
                    if norm == "L2":
                        part = part / np.linalg.norm(part)
                    out += list(np.sqrt(part) if norm == "sqrt" else part)
    return out


def lab_bounds(lab, bins):
    """A range that no value lies near an edge of: definitions of white differ by 0.01."""
    for low in range(-110, -60):
        bounds = [2, 99, low, low + 190, low + 3, low + 203]
        edges = [np.linspace(bounds[2 * c], bounds[2 * c + 1], bins[c] + 1) for c in range(3)]
        if all(np.abs(lab[..., c, None] - edges[c]).min() > 0.02 for c in range(3)):
            return bounds
    raise SystemExit("every range has values near an edge")


def row(case, begin, count):
    space, bins, bounds, binning, joint, grid, levels, norm = case
    braces = lambda v: "{%d, {%s}}" % (len(v), ", ".join(map(str, v)))
    return "    {{%d, %s, %s, %d, %d, %d, %d, %d}, %d, %d}," % (
        SPACES.index(space), braces(bins), braces(bounds) if bounds else "{0}", binning, joint,
        grid, levels, NORMS.index(norm), begin, count)


def main():
    rgb = image()
    spaces = values(rgb)
    lab_bins = [5, 9, 7]
    lab_range = lab_bounds(spaces["lab"][0], lab_bins)
    cases = [
        ("rgb", [8, 8, 8], [], 0, 1, 1, 1, "none"),
        ("rgb", [3, 5, 4], [], 0, 1, 1, 1, "none"),
        ("rgb", [16, 17, 256], [], 0, 0, 1, 1, "none"),
        ("hsv", [8, 4, 4], [], 0, 1, 1, 1, "none"),
        ("hsv", [16, 8, 2], [], 0, 1, 1, 1, "none"),
        ("hsv", [32, 16, 15], [], 0, 0, 1, 1, "none"),
        ("gray", [32], [], 0, 1, 1, 1, "none"),
        ("hsv", [8, 2, 2], [], 0, 1, 2, 1, "none"),
        ("hsv", [8, 4, 4], [], 0, 1, 1, 1, "L1"),
        ("hsv", [8, 4, 4], [], 0, 1, 1, 1, "L2"),
        ("hsv", [8, 4, 4], [], 0, 1, 1, 1, "sqrt"),
        ("rgb", [4, 4, 4], [], 0, 0, 2, 1, "sqrt"),
        ("gray", [6], [32, 224], 0, 1, 1, 1, "none"),
        ("rgb", [4, 4, 4], [85, 170], 0, 1, 1, 1, "none"),
        ("rgb", [6, 3, 8], [32, 224, 85, 255, 0, 128], 0, 0, 1, 1, "none"),
        ("rg", [16, 16], [], 0, 1, 1, 1, "none"),
        ("rg", [8, 4], [25, 75, 0, 50], 0, 1, 1, 1, "none"),
        ("rg", [8, 16], [], 0, 0, 1, 1, "none"),
        ("opponent", [8, 8, 8], [], 0, 1, 1, 1, "none"),
        ("opponent", [128, 85, 51], [-64, 64, -85, 340, 255, 765], 0, 0, 1, 1, "none"),
        ("opponent", [5, 17, 15], [], 0, 0, 1, 1, "none"),
        ("hsv", [4, 4, 4], [90, 270, 25, 75, 50, 100], 0, 1, 1, 1, "none"),
        ("lab", lab_bins, lab_range, 0, 1, 1, 1, "none"),
        ("lab", lab_bins, lab_range, 0, 0, 1, 1, "none"),
        ("rgb", [2, 2, 2], [], 0, 1, 1, 3, "none"),
        ("gray", [5], [], 0, 1, 2, 2, "L1"),
        ("gray", [8], [], 1, 1, 1, 1, "none"),
        ("rgb", [4, 5, 3], [], 1, 1, 1, 1, "none"),
        ("rgb", [4, 5, 3], [], 1, 0, 1, 1, "L1"),
        ("rgb", [4, 3, 2], [32, 224], 1, 1, 1, 1, "none"),
        ("rg", [4, 4], [], 1, 1, 1, 1, "none"),
        ("opponent", [4, 3, 4], [], 1, 1, 1, 1, "none"),
        ("hsv", [6, 3, 2], [], 1, 1, 1, 1, "none"),
        ("hsv", [6, 3, 2], [60, 240, 0, 100, 0, 100], 1, 0, 1, 1, "none"),
        ("lab", [4, 5, 5], [], 1, 1, 1, 1, "none"),
    ]
    numbers, rows = [], []
    for case in cases:
        space, bins, bounds, binning, joint, grid, levels, norm = case
        out = histograms(spaces, *case)
        rows.append(row(case, len(numbers), len(out)))
        numbers += out
    gray = spaces["gray"][0].astype(np.uint8)
    opencv = [
        ("rgb", rgb, [8, 8, 8], [0, 256], 1),
        ("rgb", rgb, [3, 7, 256], [0, 256], 0),
        ("rgb", rgb, [2, 6, 3], [128, 256, 0, 256, 128, 256], 1),
        ("gray", gray, [256], [0, 256], 1),
    ]
    for space, channels, bins, bounds, joint in opencv:
        ranges = bounds if len(bounds) > 2 else bounds * len(bins)
        if joint:
            out = cv2.calcHist([channels], list(range(len(bins))), None, bins, ranges).ravel()
        else:
            out = np.concatenate(
                [cv2.calcHist([channels], [c], None, [bins[c]], ranges[2 * c : 2 * c + 2]).ravel()
                 for c in range(len(bins))])
        rows.append(row((space, bins, bounds, 0, joint, 1, 1, "none"), len(numbers), len(out)))
        numbers += list(out)
    lines = [
        "// Made by make_color_golden.py. Python %s, NumPy %s, scikit-image %s, OpenCV %s."
        % (platform.python_version(), np.__version__, skimage.__version__, cv2.__version__),
        "// clang-format off",
        "static const color_case CASES[] = {",
        *rows,
        "};",
        "static const double NUMBERS[] = {",
    ]
    for i in range(0, len(numbers), 12):
        lines.append("    " + " ".join("%.9g," % v for v in numbers[i : i + 12]))
    lines += ["};", "// R, G, B; L*, a*, b* of scikit-image; of OpenCV.",
              "static const lab_case LAB[] = {"]
    colors = np.array([[r, g, b] for r in (0, 1, 11, 90, 200, 255) for g in (0, 10, 128, 255)
                       for b in (0, 64, 255)] + [[v, v, v] for v in (1, 50, 128, 254)], np.uint8)
    ours = rgb2lab(colors[None])[0]
    theirs = cv2.cvtColor((colors[None] / 255).astype(np.float32), cv2.COLOR_RGB2Lab)[0]
    for c, s, o in zip(colors, ours, theirs):
        lines.append("    {{%d, %d, %d}, {%.6f, %.6f, %.6f}, {%.6f, %.6f, %.6f}}," % (*c, *s, *o))
    lines.append("};")
    with open("color.h", "w") as f:
        f.write("\n".join(lines) + "\n")


main()
