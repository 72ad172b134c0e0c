"""Writes metrics.h: intervals and p-values by SciPy and statsmodels.

    python3 make.py > metrics.h
"""

import numpy as np
import scipy
import statsmodels
from scipy.stats import binomtest
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

print(f"// Made by make.py with scipy {scipy.__version__}, statsmodels {statsmodels.__version__}, "
      f"numpy {np.__version__}.")

print("\nstatic const struct {\n    size_t k, n;\n    double low, high;\n} golden_wilson[] = {")
for k, n in [(0, 1), (1, 1), (1, 2), (0, 10), (7, 10), (10, 10), (81, 263), (955, 1000),
             (8021, 10000), (999999, 1000000)]:
    interval = proportion_confint(k, n, 0.05, "wilson")
    print(f"    {{{k}, {n}, {interval[0]!r}, {interval[1]!r}}},".replace("np.float64(", "")
          .replace(")", ""))
print("};")

print("\nstatic const struct {\n    uint64_t only_a, only_b;\n    double p;\n} golden_mcnemar[] = {")
for a, b in [(0, 0), (0, 1), (1, 0), (1, 1), (0, 5), (5, 0), (3, 12), (12, 3), (6, 16), (40, 60),
             (100, 100), (121, 59), (1000, 900), (2000, 1500), (30000, 29500)]:
    p = float(mcnemar([[0, a], [b, 0]], exact=True).pvalue) if a + b else 1.0
    if a + b:  # two implementations, one answer
        # statsmodels doubles the tail and so exceeds 1 where a == b
        p = min(p, 1.0)
        assert abs(p - binomtest(min(a, b), a + b).pvalue) <= 1e-9 * p
    print(f"    {{{a}, {b}, {p!r}}},")
print("};")

print("\nenum { HOLM_COUNT = 6 };")
print("static const struct {\n    double raw[HOLM_COUNT], corrected[HOLM_COUNT];\n} golden_holm[] = {")
for raw in [[0.01, 0.04, 0.03, 0.005, 0.2, 0.5], [0.5, 0.6, 0.7, 0.8, 0.9, 1.0],
            [0.0, 0.0, 1e-12, 1e-3, 1e-3, 1e-3],
            [1e-300, 0.5, 3e-30, 1e-30, 2e-30, 0.0], [0.02, 0.01, 0.011, 0.012, 0.013, 0.9]]:
    corrected = [float(p) for p in multipletests(raw, method="holm")[1]]
    print("    {{" + ", ".join(map(repr, raw)) + "},\n     {" + ", ".join(map(repr, corrected))
          + "}},")
print("};")
