"""Writes gmm.h: mixtures of Gaussians by scikit-learn.

    python3 make_gmm_golden.py > gmm.h

The samples are integer noise that the tests make by the same functions.
"""

import warnings

import numpy as np
import sklearn
from sklearn.mixture import GaussianMixture

from noise import show, unit

N, D, K, ROUNDS = 900, 6, 4, 12
warnings.simplefilter("ignore")  # it says that it did not converge in that many rounds

blobs = 3 * unit(42, 5, D)[np.arange(N) % 5] + unit(41, N, D)
start = blobs[: K * 7 : 7]
print(f"// Made by make_gmm_golden.py with numpy {np.__version__}, scikit-learn {sklearn.__version__}.")


def fit(samples, offset):
    mixture = GaussianMixture(
        K, covariance_type="diag", tol=0, reg_covar=0, max_iter=ROUNDS, means_init=start + offset,
        weights_init=np.full(K, 1 / K), precisions_init=np.full((K, D), 4.0))
    mixture.fit(samples)
    return mixture


mixture = fit(blobs, 0)
show("golden_gmm_likelihood", mixture.lower_bound_)
show("golden_gmm_means", mixture.means_)
show("golden_gmm_variances", mixture.covariances_)
show("golden_gmm_priors", mixture.weights_)
# Means that are large beside deviations.
show("golden_gmm_far_likelihood", fit(blobs + 100, 100).lower_bound_)

# From k-means, the best of some seeds.
runs = [GaussianMixture(K, covariance_type="diag", tol=1e-3, max_iter=100, random_state=seed)
        .fit(blobs).lower_bound_ for seed in range(20)]
show("golden_gmm_best", max(runs))
