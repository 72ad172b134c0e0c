"""Writes kmeans.h: inertia of single runs of k-means by scikit-learn and Faiss, over many seeds.

    python3 make_kmeans_golden.py > kmeans.h

3000 samples of 8 in 30 overlapping blobs, integer noise that the tests make by the same function,
`noise`. 30 clusters have deep local optima, 300 hardly any. scikit-learn as it comes: greedy
k-means++; Faiss as it comes: random seeds.
"""

import faiss
import numpy as np
import sklearn
from sklearn.cluster import KMeans

ROUNDS = 300


def noise(seed, count):
    """uint32 noise: tests/support/noise.h."""
    x = np.arange(count, dtype=np.uint32) + np.uint32(seed * 0x9E3779B9 & 0xFFFFFFFF)
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return x ^ (x >> np.uint32(16))


def unit(seed, *shape):
    """float64 multiples of 2^-16 in [-1/2, 1/2)."""
    return (noise(seed, int(np.prod(shape))) >> np.uint32(16)).reshape(shape) / 65536.0 - 0.5


def by_scikit_learn(samples, clusters, seed):
    model = KMeans(clusters, n_init=1, max_iter=ROUNDS, tol=0, random_state=seed)
    return model.fit(samples).inertia_


def by_faiss(samples, clusters, seed):
    model = faiss.Kmeans(samples.shape[1], clusters, niter=ROUNDS, seed=seed,
                         min_points_per_centroid=1)
    model.train(samples)
    return float(model.index.search(samples, 1)[0].astype(np.float64).sum())


centers = 2 * unit(3, 30, 8)
blobs = (centers[np.arange(3000) % 30] + unit(4, 3000, 8)).astype(np.float32)
print(f"// Made by make_kmeans_golden.py with numpy {np.__version__}, "
      f"scikit-learn {sklearn.__version__}, faiss {faiss.__version__}.")
for clusters, seeds in ((30, 40), (300, 20)):
    for peer, run in (("sklearn", by_scikit_learn), ("faiss", by_faiss)):
        runs = [run(blobs, clusters, seed) for seed in range(seeds)]
        for name, value in (("mean", np.mean(runs)), ("deviation", np.std(runs, ddof=1)),
                            ("best", np.min(runs))):
            print(f"static const double golden_{peer}_{clusters}_{name} = {value:.9g};")
