"""Python peers of ./dev bench: OpenCV, scikit-image, scikit-learn, Faiss, PyTorch, NumPy.

    peers.py list                        JSON: {"CASE": {"PEER": "VERSION"}} of what is installed here
    peers.py CASE PEER THREADS FOLDER    the protocol of harness.h

Each peer at its fastest setting known to us; where one call has no threads of its own, processes
work side by side. bench.py sets OMP_NUM_THREADS and its kin to THREADS.
"""
import functools
import importlib
import json
import multiprocessing
import sys
import time

REPETITION = 0.25  # seconds, as in harness.c
SIDE = 32


def read_pnm(folder, name):
    import numpy

    with open(f"{folder}/{name}", "rb") as file:
        magic, width, height, _ = file.readline().split()
        shape = (int(height), int(width)) + ((3,) if magic == b"P6" else ())
        return numpy.frombuffer(file.read(), numpy.uint8).reshape(shape)


def small_images(folder):
    return list(read_pnm(folder, "small.ppm").reshape(-1, SIDE, SIDE, 3))


def large_image(folder):
    return [read_pnm(folder, "large.ppm")]


class Case:
    """One implementation of a case. `run` gives the work done; `whole`: uses the threads itself."""

    def __init__(self, run, unit, whole=False, note=lambda: ""):
        self.run, self.unit, self.whole, self.note = run, unit, whole, note


def over_images(images, describe):
    """Small images count as such, a large one by its pixels."""

    def run():
        for image in images:
            describe(image)
        return len(images) if len(images) > 1 else images[0].shape[0] * images[0].shape[1]

    return Case(run, "images" if len(images) > 1 else "pixels")


# Descriptors


def opencv_hog(images):
    import cv2

    cv2.setNumThreads(1)
    height, width = images[0].shape[:2]
    return over_images(
        images, cv2.HOGDescriptor((width, height), (16, 16), (8, 8), (8, 8), 9).compute
    )


def opencv_histogram(images):
    import cv2

    cv2.setNumThreads(1)
    return over_images(
        images,
        lambda image: cv2.calcHist([image], [0, 1, 2], None, [8, 8, 8], [0, 256, 0, 256, 0, 256]),
    )


def skimage_hog(images):
    from skimage.feature import hog

    return over_images(
        images,
        functools.partial(
            hog,
            orientations=9,
            pixels_per_cell=(8, 8),
            cells_per_block=(2, 2),
            block_norm="L2-Hys",
            channel_axis=-1,
        ),
    )


# k-means: 10 rounds from random samples, the cheapest start that both offer


def faiss_kmeans(folder, _):
    import faiss
    import numpy

    samples = numpy.load(f"{folder}/samples.npy")
    result = {}

    def run():
        kmeans = faiss.Kmeans(
            samples.shape[1], 1600, niter=10, seed=1, max_points_per_centroid=len(samples)
        )
        kmeans.train(samples)
        result["inertia"] = kmeans.obj[-1]
        return 1

    return Case(run, "runs", True, lambda: f"inertia {result['inertia']:.6g}")


def sklearn_kmeans(folder, _):
    import numpy
    import sklearn.cluster

    samples = numpy.load(f"{folder}/samples.npy")
    result = {}

    def run():
        kmeans = sklearn.cluster.KMeans(
            1600, init="random", n_init=1, max_iter=10, tol=0, algorithm="lloyd", random_state=1
        )
        result["inertia"] = kmeans.fit(samples).inertia_
        return 1

    return Case(run, "runs", True, lambda: f"inertia {result['inertia']:.6g}")


# Training: an epoch a run, batches that need no gathering

NETWORKS = {
    "train-3072": dict(
        sizes=[3072, 1024, 512, 10], samples=16384, batch=256, unit="relu", optimizer="sgd"
    ),
    "train-1000": dict(
        sizes=[1000, 100, 10], samples=32768, batch=64, unit="sigmoid", optimizer="sgd"
    ),
    "train-324": dict(
        sizes=[324, 512, 10], samples=32768, batch=256, unit="relu", optimizer="adamw"
    ),
}


def training_data(network):
    import numpy

    rng = numpy.random.default_rng(1)
    x = rng.standard_normal((network["samples"], network["sizes"][0]), numpy.float32)
    return x, rng.integers(0, 10, network["samples"])


def torch_training(name, compiled, threads):
    import torch

    network = NETWORKS[name]
    torch.manual_seed(1)
    torch.set_num_threads(threads)
    x, y = map(torch.from_numpy, training_data(network))
    layers, sizes = [], network["sizes"]
    for i, o in zip(sizes, sizes[1:]):
        layers += [
            torch.nn.Linear(i, o),
            torch.nn.ReLU() if network["unit"] == "relu" else torch.nn.Sigmoid(),
        ]
    model = torch.nn.Sequential(*layers[:-1])
    loss_of = torch.nn.CrossEntropyLoss()
    make = functools.partial(torch.optim.SGD, momentum=0.9)
    if network["optimizer"] == "adamw":
        make = functools.partial(torch.optim.AdamW, weight_decay=0.01)
    try:
        optimizer = make(model.parameters(), lr=1e-3, fused=True)
    except (RuntimeError, TypeError):  # older releases have no fused step on a CPU
        optimizer = make(model.parameters(), lr=1e-3)
    forward = lambda a, b: loss_of(model(a), b)
    if compiled:
        forward = torch.compile(forward)

    def run():
        for a, b in zip(x.split(network["batch"]), y.split(network["batch"])):
            optimizer.zero_grad(set_to_none=True)
            forward(a, b).backward()
            optimizer.step()
        return len(x)

    return Case(run, "samples", True)


def sklearn_training(name):
    import sklearn.neural_network

    network = NETWORKS[name]
    x, y = training_data(network)
    model = sklearn.neural_network.MLPClassifier(
        network["sizes"][1:-1],
        activation="logistic" if network["unit"] == "sigmoid" else "relu",
        solver="adam" if network["optimizer"] == "adamw" else "sgd",
        batch_size=network["batch"],
        learning_rate_init=1e-3,
        alpha=0,
        shuffle=False,
        nesterovs_momentum=False,
    )

    def run():
        model.partial_fit(x, y, classes=range(10))
        return len(x)

    return Case(run, "samples", True)


def numpy_training(name):
    import numpy as np

    network = NETWORKS[name]
    x, y = training_data(network)
    onehot = np.eye(10, dtype=np.float32)[y]
    rng = np.random.default_rng(2)
    sizes, adam = network["sizes"], network["optimizer"] == "adamw"
    w = [
        (rng.standard_normal((i, o), np.float32) / np.float32(i) ** 0.5).astype(np.float32)
        for i, o in zip(sizes, sizes[1:])
    ]
    b = [np.zeros(o, np.float32) for o in sizes[1:]]
    first = [np.zeros_like(p) for p in w + b]
    second = [np.zeros_like(p) for p in w + b]
    sigmoid = network["unit"] == "sigmoid"
    state = {"step": 0}

    def update(i, p, g):
        rate = np.float32(1e-3)
        if not adam:
            first[i] *= np.float32(0.9)
            first[i] += g
            p -= rate * first[i]
            return
        m, v, t = first[i], second[i], state["step"]
        m += np.float32(0.1) * (g - m)
        v += np.float32(0.001) * (g * g - v)
        p *= 1 - rate * np.float32(0.01)
        p -= rate / np.float32(1 - 0.9**t) * m / (np.sqrt(v / np.float32(1 - 0.999**t)) + 1e-8)

    def step(a, t):
        state["step"] += 1
        seen = [a]
        for i in range(len(w) - 1):
            z = seen[-1] @ w[i]
            z += b[i]
            if sigmoid:
                np.negative(z, z)
                np.exp(z, z)
                z += 1
                np.reciprocal(z, z)
            else:
                np.maximum(z, 0, z)
            seen.append(z)
        d = seen[-1] @ w[-1] + b[-1]
        d -= d.max(1, keepdims=True)
        np.exp(d, d)
        d /= d.sum(1, keepdims=True)
        d -= t
        d /= np.float32(len(a))
        for i in reversed(range(len(w))):
            gw, gb = seen[i].T @ d, d.sum(0)
            if i > 0:
                d = d @ w[i].T
                d *= seen[i] * (1 - seen[i]) if sigmoid else seen[i] > 0
            update(i, w[i], gw)
            update(len(w) + i, b[i], gb)

    def run():
        batch = network["batch"]
        for i in range(0, len(x), batch):
            step(x[i : i + batch], onehot[i : i + batch])
        return len(x)

    return Case(run, "samples", True)


# CASE: {PEER: (module that must have, attribute, how to open)}
CASES = {
    "hog-32": {
        "OpenCV": ("cv2", "HOGDescriptor", lambda f, t: opencv_hog(small_images(f))),
        "scikit-image": ("skimage", "__version__", lambda f, t: skimage_hog(small_images(f)[:64])),
    },
    "hog-1024": {
        "OpenCV": ("cv2", "HOGDescriptor", lambda f, t: opencv_hog(large_image(f))),
        "scikit-image": ("skimage", "__version__", lambda f, t: skimage_hog(large_image(f))),
    },
    "color-1024": {
        "OpenCV": ("cv2", "calcHist", lambda f, t: opencv_histogram(large_image(f))),
    },
    "kmeans": {
        "Faiss": ("faiss", "Kmeans", faiss_kmeans),
        "scikit-learn": ("sklearn", "__version__", sklearn_kmeans),
    },
}
for case_name in NETWORKS:
    CASES[case_name] = {
        "PyTorch": ("torch", "nn", lambda f, t, n=case_name: torch_training(n, False, t)),
        "PyTorch compiled": ("torch", "compile", lambda f, t, n=case_name: torch_training(n, True, t)),
        "scikit-learn": ("sklearn", "__version__", lambda f, t, n=case_name: sklearn_training(n)),
        "NumPy": ("numpy", "__version__", lambda f, t, n=case_name: numpy_training(n)),
    }


def version_of(module, attribute):
    try:
        found = importlib.import_module(module)
        return found.__version__ if hasattr(found, attribute) else None
    except Exception:  # a package that is broken here is one that is not here
        return None


def installed():
    versions = functools.lru_cache(version_of)
    found = {
        case: {peer: versions(module, attribute) for peer, (module, attribute, _) in peers.items()}
        for case, peers in CASES.items()
    }
    return {case: {p: v for p, v in peers.items() if v} for case, peers in found.items()}


def repeat(runs):
    return sum(current.run() for _ in range(runs))


def timed(runs, pool, processes):
    begin = time.perf_counter()
    work = sum(pool.map(repeat, [runs] * processes, 1)) if pool else repeat(runs)
    return time.perf_counter() - begin, work


def main():
    global current
    if sys.argv[1:] == ["list"]:
        print(json.dumps(installed()))
        return
    name, peer, threads, folder = sys.argv[1:]
    threads = int(threads)
    current = CASES[name][peer][2](folder, threads)
    pool = None
    if threads > 1 and not current.whole:
        pool = multiprocessing.get_context("fork").Pool(threads)
    seconds, _ = timed(1, pool, threads)
    runs = 1
    while seconds < REPETITION / 4:
        runs *= 2
        seconds, _ = timed(runs, pool, threads)
    if runs > 1:
        runs = max(1, round(runs * REPETITION / seconds))
    print("ready", current.unit, flush=True)
    for _ in sys.stdin:
        seconds, work = timed(runs, pool, threads)
        print(seconds, work, current.note(), flush=True)
    if pool:
        pool.terminate()


if __name__ == "__main__":
    main()
