"""Writes hog_opencv.h: what OpenCV's HOGDescriptor computes.

    python make_hog_opencv.py

Images are given by a formula, so that only results are stored. Channels go to OpenCV in the order
that we have them in: only that decides between channels of equal gradient.

Printed besides: the largest difference of the same computation in float64 (a) with the polynomial
that OpenCV has for the angle, (b) with the exact angle. (a) tells that nothing but the angle keeps
an exact computation from OpenCV's numbers.
"""
import platform

import cv2
import numpy as np

from make_hog_golden import image


def fast_angle(dy, dx):
    """OpenCV's fastAtan2: an odd polynomial of degree 7, in degrees."""
    p = np.array([0.9997878412794807, -0.3258083974640975, 0.1555786518463281,
                  -0.04432655554792128]) * (180 / np.pi)
    ax, ay = abs(dx), abs(dy)
    c = np.minimum(ax, ay) / (np.maximum(ax, ay) + 2.220446e-16)
    a = (((p[3] * c**2 + p[2]) * c**2 + p[1]) * c**2 + p[0]) * c
    a = np.where(ax >= ay, a, 90 - a)
    a = np.where(dx < 0, 180 - a, a)
    return np.radians(np.where(dy < 0, 360 - a, a))


def exact_angle(dy, dx):
    return np.arctan2(dy, dx) % (2 * np.pi)


def hog(img, bins, size, side, stride, signed, gamma, angle_of):
    """HOGDescriptor of one window as large as whole cells allow, in float64."""
    img = img.astype(float).reshape(img.shape[0], img.shape[1], -1)
    if gamma:
        img = np.sqrt(img.astype(np.float32)).astype(float)
    p = np.pad(img, ((1, 1), (1, 1), (0, 0)), mode="reflect")
    dx = p[1:-1, 2:] - p[1:-1, :-2]
    dy = p[2:, 1:-1] - p[:-2, 1:-1]
    best = np.argmax((dx**2 + dy**2).astype(np.float32), axis=2)[:, :, None]
    dx = np.take_along_axis(dx, best, 2)[:, :, 0]
    dy = np.take_along_axis(dy, best, 2)[:, :, 0]
    m = np.hypot(dx, dy)
    t = angle_of(dy, dx) * bins / (2 * np.pi if signed else np.pi) - 0.5
    lower = np.floor(t).astype(int)
    votes = np.zeros(m.shape + (bins,))
    y, x = np.indices(m.shape)
    np.add.at(votes, (y, x, lower % bins), m * (1 - (t - lower)))
    np.add.at(votes, (y, x, (lower + 1) % bins), m * (t - lower))
    width = side * size
    i = np.arange(width)
    window = np.exp(-((i - width / 2) ** 2) / (2 * (width / 4) ** 2))
    shares = np.maximum(0, 1 - abs((i + 0.5) / size - 0.5 - np.arange(side)[:, None])) * window
    out = []
    for bx in range(0, m.shape[1] // size - side + 1, stride):
        for by in range(0, m.shape[0] // size - side + 1, stride):
            v = votes[by * size : by * size + width, bx * size : bx * size + width]
            b = np.einsum("cx,dy,yxo->cdo", shares, shares, v).ravel()
            b = b / (np.sqrt((b**2).sum()) + 0.1 * b.size)
            b = np.minimum(b, 0.2)
            out.append(b / (np.sqrt((b**2).sum()) + 1e-3))
    return np.concatenate(out)


# width, height, channels, kind, orientations, cell, block, stride, signed, gamma
CASES = [
    (32, 32, 3, 0, 9, 8, 2, 1, False, True),
    (32, 32, 3, 0, 9, 8, 2, 1, False, False),
    (36, 27, 1, 1, 9, 8, 2, 1, False, True),
    (40, 35, 3, 0, 12, 6, 2, 2, True, False),
    (36, 40, 3, 1, 8, 8, 3, 1, False, True),
    (31, 21, 1, 0, 18, 5, 2, 1, True, True),
]


def main():
    out = [
        "// Made by make_hog_opencv.py. Python %s, NumPy %s, OpenCV %s."
        % (platform.python_version(), np.__version__, cv2.__version__),
        "// clang-format off",
        "static const hog_case OPENCV_CASES[] = {",
    ]
    numbers = []
    worst = [0, 0]
    cv2.setNumThreads(1)
    for w, h, channels, kind, o, size, side, stride, signed, gamma in CASES:
        img = image(w, h, channels, kind)
        window = [((n // size - side) // stride * stride + side) * size for n in (w, h)]
        block = (side * size, side * size)
        step = (stride * size, stride * size)
        d = cv2.HOGDescriptor(window, block, step, (size, size), o, 1, -1, 0, 0.2, gamma, 64, signed)
        v = d.compute(img, winStride=step, padding=(0, 0), locations=[(0, 0)]).ravel()
        for k, angle_of in enumerate((fast_angle, exact_angle)):
            same = hog(img, o, size, side, stride, signed, gamma, angle_of)
            assert same.shape == v.shape
            worst[k] = max(worst[k], abs(same - v).max())
        out.append(
            "    {2, %d, %d, %d, %d, %d, %d, %d, %d, 4, %d, %d, 1, %d, %d},"
            % (w, h, channels, kind, o, size, side, stride, signed, gamma, len(numbers), len(v))
        )
        numbers += list(v)
    print("largest difference: %.2g with OpenCV's angle, %.2g with the exact one" % tuple(worst))
    out += ["};", "static const float OPENCV_NUMBERS[] = {"]
    for i in range(0, len(numbers), 10):
        out.append("    " + " ".join("%.7gf," % v if v % 1 else "%d," % v for v in numbers[i : i + 10]))
    out.append("};")
    with open("hog_opencv.h", "w") as f:
        f.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
