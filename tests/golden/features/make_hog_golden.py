"""Writes hog.h: what scikit-image's hog() and, for the interpolated votes, NumPy compute.

    python make_hog_golden.py

Images are given by a formula, so that only results are stored.
"""
import platform

import numpy as np
import skimage
from skimage.feature import hog

NORMS = ["none", "L1", "L1-sqrt", "L2", "L2-Hys"]


def image(width, height, channels, kind):
    """The formula that test_hog_golden.c repeats."""
    x, y, c = np.meshgrid(np.arange(width), np.arange(height), np.arange(channels))
    if kind == 0:  # noise
        v = 3 * x * x + 5 * y * y + 7 * x * y + 61 * c + ((13 * x) ^ (29 * y))
    else:  # slopes with edges
        v = 5 * x + 3 * y + 20 * c + x * y // 4
    v = (v % 256).astype(np.uint8)
    return v[:, :, 0] if channels == 1 else v


def interpolated(img, orientations, size, block, stride, norm, signed):
    """Dalal & Triggs' votes, shared between 2 bins and 2 × 2 cells, in float64."""
    img = img.astype(float)
    if img.ndim == 2:
        img = img[:, :, None]
    padded = np.pad(img, ((1, 1), (1, 1), (0, 0)), mode="edge")
    dx = padded[1:-1, 2:] - padded[1:-1, :-2]
    dy = padded[2:, 1:-1] - padded[:-2, 1:-1]
    best = np.argmax(dx**2 + dy**2, axis=2)[:, :, None]
    dx = np.take_along_axis(dx, best, 2)[:, :, 0]
    dy = np.take_along_axis(dy, best, 2)[:, :, 0]
    ny, nx = img.shape[0] // size, img.shape[1] // size
    y, x = np.mgrid[: ny * size, : nx * size]
    dx, dy = dx[: ny * size, : nx * size], dy[: ny * size, : nx * size]
    m = np.hypot(dx, dy)
    t = np.degrees(np.arctan2(dy, dx)) % (360 if signed else 180)
    t = t / (360 if signed else 180) * orientations - 0.5
    u, v = (x + 0.5) / size - 0.5, (y + 0.5) / size - 0.5
    cells = np.zeros((ny + 2, nx + 2, orientations))
    for k in (0, 1):
        for i in (0, 1):
            for j in (0, 1):
                b = np.floor(t).astype(int) + k
                cx = np.floor(u).astype(int) + i
                cy = np.floor(v).astype(int) + j
                w = (1 - abs(t - b)) * (1 - abs(u - cx)) * (1 - abs(v - cy))
                np.add.at(cells, (cy + 1, cx + 1, b % orientations), w * m)
    cells = cells[1:-1, 1:-1] / size**2
    out = []
    for by in range(0, ny - block + 1, stride):
        for bx in range(0, nx - block + 1, stride):
            b = cells[by : by + block, bx : bx + block].ravel()
            out.append(b if norm == "none" else skimage.feature._hog._hog_normalize_block(b, norm))
    return np.concatenate(out)


# preset, width, height, channels, kind, orientations, cell, block, stride, norm, signed; gamma where
# there is one
CASES = [
    ("skimage", 32, 32, 1, 0, 9, 8, 2, 1, "L2-Hys", False),
    ("skimage", 32, 32, 3, 0, 9, 8, 2, 1, "L2-Hys", False),
    ("skimage", 33, 29, 3, 1, 8, 6, 3, 1, "L2-Hys", False),
    ("skimage", 27, 35, 1, 0, 8, 8, 1, 1, "L1", False),
    ("skimage", 27, 35, 3, 0, 9, 8, 1, 1, "L1-sqrt", False),
    ("skimage", 26, 31, 3, 0, 9, 6, 2, 1, "L2", False),
    ("skimage", 41, 19, 1, 1, 8, 6, 2, 1, "L1-sqrt", False),
    ("skimage", 25, 25, 3, 1, 9, 8, 3, 1, "L1", False),
    ("skimage", 19, 23, 3, 0, 12, 5, 2, 1, "L2", False),
    ("skimage", 9, 11, 3, 0, 6, 1, 3, 1, "L2-Hys", False),
    ("skimage", 29, 27, 1, 0, 9, 8, 3, 1, "L2-Hys", False, True),
    ("skimage", 30, 17, 1, 1, 8, 5, 2, 1, "L1", False, True),
    ("dalal-triggs", 32, 32, 3, 0, 9, 8, 2, 1, "L2-Hys", False),
    ("dalal-triggs", 35, 27, 1, 1, 9, 8, 2, 1, "L2", False),
    ("dalal-triggs", 31, 33, 3, 0, 18, 7, 2, 2, "L1-sqrt", True),
    ("dalal-triggs", 26, 21, 3, 1, 8, 5, 1, 3, "none", True),
]


def main():
    out = [
        "// Made by make_hog_golden.py. Python %s, NumPy %s, scikit-image %s."
        % (platform.python_version(), np.__version__, skimage.__version__),
        "// clang-format off",
        "static const hog_case CASES[] = {",
    ]
    numbers = []
    for preset, w, h, channels, kind, o, size, block, stride, norm, signed, *gamma in CASES:
        img = image(w, h, channels, kind)
        if preset == "skimage":
            assert not signed and stride == 1
            v = hog(
                img.astype(np.float64),
                orientations=o,
                pixels_per_cell=(size, size),
                cells_per_block=(block, block),
                block_norm=norm,
                transform_sqrt=bool(gamma),
                channel_axis=2 if channels == 3 else None,
            )
        else:
            v = interpolated(img, o, size, block, stride, norm, signed)
        out.append(
            "    {%d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d},"
            % (preset == "skimage", w, h, channels, kind, o, size, block, stride,
               NORMS.index(norm), signed, bool(gamma), preset != "skimage", len(numbers), len(v))
        )
        numbers += list(v)
    out += ["};", "static const float NUMBERS[] = {"]
    for i in range(0, len(numbers), 10):
        out.append("    " + " ".join("%.7gf," % v if v % 1 else "%d," % v for v in numbers[i : i + 10]))
    out.append("};")
    with open("hog.h", "w") as f:
        f.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
