"""Writes distance.h: distances of color-histogram-like rows by SciPy, scikit-learn and OpenCV.

    python make_distance_golden.py

OpenCV's compareHist() gives Σ min for intersection and the correlation itself; its chi-square of
this kind (HISTCMP_CHISQR_ALT) is twice ours, scikit-learn's additive_chi2_kernel minus ours.
"""
import platform

import cv2
import numpy as np
import scipy
import sklearn
from scipy.spatial import distance
from sklearn.metrics.pairwise import additive_chi2_kernel

LENGTH = 21


def main():
    i = np.arange(LENGTH)
    rows = np.array([(i * 37 % 11) * (i % 3), (i * i * 13) % 29, 5 + (i % 2), np.where(i == 4, 9, 0)],
                    np.float32)
    pairs = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    lines = [
        "// Made by make_distance_golden.py. Python %s, NumPy %s, SciPy %s, scikit-learn %s, "
        "OpenCV %s." % (platform.python_version(), np.__version__, scipy.__version__,
                        sklearn.__version__, cv2.__version__),
        "// clang-format off",
        "static const float ROWS[4][%d] = {" % LENGTH,
        *("    {%s}," % ", ".join("%g" % v for v in row) for row in rows),
        "};",
        "static const distance_case CASES[] = {",
    ]
    for a, b in pairs:
        x, y = rows[a], rows[b]
        p, q = x.astype(float), y.astype(float)
        values = [
            distance.cityblock(p, q),
            distance.euclidean(p, q),
            -additive_chi2_kernel(p[None], q[None])[0, 0],
            1 - cv2.compareHist(x, y, cv2.HISTCMP_INTERSECT) / max(p.sum(), q.sum()),
            cv2.compareHist(x, y, cv2.HISTCMP_HELLINGER),
            distance.cosine(p, q),
            1 - cv2.compareHist(x, y, cv2.HISTCMP_CORREL),
        ]
        assert abs(values[2] - cv2.compareHist(x, y, cv2.HISTCMP_CHISQR_ALT) / 2) < 1e-6
        assert abs(values[6] - distance.correlation(p, q)) < 1e-6
        lines.append("    {%d, %d, {%s}}," % (a, b, ", ".join("%.12g" % v for v in values)))
    lines.append("};")
    with open("distance.h", "w") as f:
        f.write("\n".join(lines) + "\n")


main()
