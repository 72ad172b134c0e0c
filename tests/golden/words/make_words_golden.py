"""Writes words.h: whitening, patches, SIFT, encodings by NumPy (float64).

    python3 make_words_golden.py > words.h

All input is integer noise that the tests make by the same function, `noise`.
"""

import numpy as np

from noise import image, show, unit

print(f"// Made by make_words_golden.py with numpy {np.__version__}.")

# Whitening: 300 correlated samples of 7.
mixing = unit(1, 7, 7)
samples = unit(2, 300, 7) @ mixing + 3
samples = samples.astype(np.float32).astype(np.float64)
for name, epsilon in (("small", 1e-3), ("large", 0.5)):
    mean = samples.mean(0)
    values, vectors = np.linalg.eigh(np.cov(samples.T, bias=True))
    matrix = vectors @ np.diag(1 / np.sqrt(values + epsilon)) @ vectors.T
    show(f"golden_whitening_{name}", matrix)
show("golden_whitening_mean", mean)

def patches(pixels, patch, stride, contrast):
    """[rows, columns, d]; the lattice is centered."""
    height, width, _ = pixels.shape
    ys = range((height - patch) % stride // 2, height - patch + 1, stride)
    xs = range((width - patch) % stride // 2, width - patch + 1, stride)
    out = np.array([[pixels[y:y + patch, x:x + patch].ravel() for x in xs] for y in ys])
    out = out - out.mean(-1, keepdims=True)
    return out / np.sqrt(out.var(-1, keepdims=True) + contrast)


pixels = image(5, 17, 20, 3)
show("golden_patch", patches(pixels, 5, 1, 10)[4, 7])


# Dense SIFT, straight from its definition in features/local_descriptors.c.
def gray(pixels):
    if pixels.shape[2] == 1:
        return pixels[:, :, 0]
    r, g, b = np.moveaxis(pixels, 2, 0)
    return (299 * r + 587 * g + 114 * b + 500) // 1000


def sift(pixels, x, y, patch):
    cell = patch // 4
    g = gray(pixels)
    dy, dx = np.gradient(g)
    angle = np.arctan2(dy, dx) / (np.pi / 4) % 8
    votes = np.zeros(g.shape + (8,))
    for b in range(8):
        apart = np.abs(angle - b)
        apart = np.minimum(apart, 8 - apart)
        votes[:, :, b] = np.maximum(0, 1 - apart) * np.hypot(dx, dy)
    out = np.zeros((4, 4, 8))
    for i in range(4):
        for j in range(4):
            cy, cx = y + cell // 2 + cell * i, x + cell // 2 + cell * j
            for v in range(1 - cell, cell):
                for u in range(1 - cell, cell):
                    weight = (1 - abs(v) / cell) * (1 - abs(u) / cell)
                    row = min(max(cy + v, 0), g.shape[0] - 1)
                    column = min(max(cx + u, 0), g.shape[1] - 1)
                    out[i, j] += weight * votes[row, column]
    out = out.ravel() / np.linalg.norm(out)
    out = np.minimum(out, 0.2)
    return out / np.linalg.norm(out)


scene = image(6, 23, 25, 3)
show("golden_sift_inner", sift(scene, 5, 3, 12))
show("golden_sift_corner", sift(scene, 13, 11, 12))
show("golden_sift_first", sift(scene, 0, 0, 8))

# Encodings: 21 words of 4 × 4 × 3 numbers, any mean and symmetric matrix, a grid of 3, both strides.
words = unit(7, 21, 48)
mean = 0.2 * unit(8, 48)
half = unit(9, 48, 48)
whitening = 0.25 * (half + half.T) + np.eye(48)


def pooled(codes, grid):
    rows, columns, _ = codes.shape
    out = np.zeros((grid, grid, codes.shape[2]))
    for i in range(rows):
        for j in range(columns):
            out[i * grid // rows, j * grid // columns] += codes[i, j]
    return out


for stride in (1, 3):
    x = (patches(pixels, 4, stride, 10) - mean) @ whitening
    z = x @ words.T
    show(f"golden_threshold_{stride}", pooled(
        np.concatenate([np.maximum(0, z - 0.3), np.maximum(0, -z - 0.3)], 2), 3))
    distance = np.linalg.norm(x[:, :, None] - words, axis=3)
    show(f"golden_triangle_{stride}", pooled(
        np.maximum(0, distance.mean(2, keepdims=True) - distance), 3))
    show(f"golden_hard_{stride}", pooled(np.eye(21)[distance.argmin(2)], 3))
    show(f"golden_hard_spherical_{stride}", pooled(np.eye(21)[np.abs(z).argmax(2)], 3))
