"""Golden augmentations, made with NumPy, SciPy and Pillow alone:

    python3 make_augmented.py > augmented.h

The random numbers are those of Philox4x32-10 as src/base/rng.c documents them, in pure Python;
warps are scipy.ndimage.map_coordinates, elastic fields scipy.ndimage.gaussian_filter, all in
float64; single changes of color are also compared here with Pillow's ImageEnhance.
"""
import math
import sys

import numpy as np
import PIL
import scipy
from PIL import Image, ImageEnhance
from scipy import ndimage

M0, M1, W0, W1 = 0xD2511F53, 0xCD9E8D57, 0x9E3779B9, 0xBB67AE85
MASK = 0xFFFFFFFF
FX_RNG_AUGMENT = 8


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = M0 * c[0], M1 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & MASK, (p0 >> 32) ^ c[3] ^ k[1], p0 & MASK]
        k = [(k[0] + W0) & MASK, (k[1] + W1) & MASK]
    return c


class Rng:
    def __init__(self, seed, epoch, sample):
        self.key = [seed & MASK, seed >> 32]
        self.counter = [0, sample & MASK, (sample >> 32) << 8 | FX_RNG_AUGMENT, epoch]
        self.left = []

    def uint32(self):
        if not self.left:
            self.left = philox(self.counter, self.key)
            self.counter[0] += 1
        return self.left.pop(0)

    def below(self, n):
        product = self.uint32() * n
        if product & MASK < n:
            threshold = (1 << 32) % n
            while product & MASK < threshold:
                product = self.uint32() * n
        return product >> 32

    def uniform(self):
        high, low = self.uint32() >> 5, self.uint32() >> 6
        return (high << 26 | low) * 2.0**-53

    def symmetric(self, most):
        return most * (2 * self.uniform() - 1)


def picture(width, height, channels):
    """Smooth waves, an edge and a little texture, in integers."""
    y, x, c = np.mgrid[0:height, 0:width, 0:channels]
    value = 128 + 60 * np.sin(0.7 * x + 0.9 * c) + 50 * np.cos(0.45 * y - 0.6 * c) * (1 - 0.3 * c)
    value += 20 * ((x + 2 * y + c) % 5 == 0) - 40 * (x > 0.6 * width)
    return np.clip(np.floor(value), 0, 255)


def field(rng, width, height, rms, sigma):
    out = []
    for _ in range(2):
        noise = np.array([(v - (1 << 32) if v >> 31 else v) * 2.0**-31
                          for v in (rng.uint32() for _ in range(width * height))])
        noise = noise.reshape(height, width)
        radius = math.ceil(3 * sigma)
        smooth = ndimage.gaussian_filter(noise, sigma, mode="wrap", truncate=radius / sigma + 1e-9)
        impulse = np.zeros((height, width))
        impulse[0, 0] = 1
        kernel = ndimage.gaussian_filter(impulse, sigma, mode="wrap",
                                         truncate=radius / sigma + 1e-9)
        out.append(smooth * rms / math.sqrt((kernel**2).sum() / 3))
    return out


LUMA = np.array([0.299, 0.587, 0.114])


def turn(image, angle):
    y = image @ LUMA
    u, v = 0.492111 * (image[..., 2] - y), 0.877283 * (image[..., 0] - y)
    u, v = (math.cos(angle) * u - math.sin(angle) * v, math.sin(angle) * u + math.cos(angle) * v)
    red, blue = y + v / 0.877283, y + u / 0.492111
    return np.stack([red, (y - 0.299 * red - 0.114 * blue) / 0.587, blue], axis=-1)


def luma_of(image):
    return image @ LUMA if image.shape[2] == 3 else image[..., 0]


def color(image, b, c, s, angle):
    image = image * b
    image = (image - luma_of(image).mean()) * c + luma_of(image).mean()
    if image.shape[2] == 3:
        gray = luma_of(image)[..., None]
        image = turn((image - gray) * s + gray, angle)
    return np.floor(np.clip(image, 0, 255) + 0.5)


PADDING = {"edge": "nearest", "reflect": "mirror", "zero": "grid-constant"}


def augment(image, p, rng):
    height, width, channels = image.shape
    mirrored = p.get("flip", False) and rng.below(2) == 1
    dx = dy = 0
    if p.get("shift", 0):
        dx = rng.below(2 * p["shift"] + 1) - p["shift"]
        dy = rng.below(2 * p["shift"] + 1) - p["shift"]
    degrees = math.pi / 180
    theta = rng.symmetric(p["rotate"] * degrees) if p.get("rotate") else 0
    size = math.exp(rng.symmetric(math.log(1 + p["scale"]))) if p.get("scale") else 1
    phi = rng.symmetric(p["shear"] * degrees) if p.get("shear") else 0
    forward = (np.array([[math.cos(theta), -math.sin(theta)], [math.sin(theta), math.cos(theta)]])
               @ np.array([[1, math.tan(phi)], [0, 1]]) * size)
    inverse = np.linalg.inv(forward)
    y, x = np.mgrid[0:height, 0:width].astype(float)
    center = np.array([(width - 1) / 2, (height - 1) / 2])
    m = width - 1 - x if mirrored else x
    u = np.stack([m - center[0] - dx, y - center[1] - dy], axis=-1) @ inverse.T + center
    if p.get("elastic"):
        ex, ey = field(rng, width, height, p["elastic"], p["elastic_sigma"])
        u = u + np.stack([ex, ey], axis=-1)
    mode = PADDING[p.get("padding", "edge")]
    image = np.stack([ndimage.map_coordinates(image[..., k], [u[..., 1], u[..., 0]], order=1,
                                              mode=mode, cval=0) for k in range(channels)], axis=-1)
    image = np.floor(image + 0.5)
    if p.get("color") or p.get("hue"):
        b, c, s = [1 + rng.symmetric(p["color"]) for _ in range(3)] if p.get("color") else (1, 1, 1)
        angle = rng.symmetric(p["hue"] * degrees) if p.get("hue") else 0
        image = color(image, b, c, s, angle)
    if p.get("cutout"):
        left, top = rng.below(width) - p["cutout"] // 2, rng.below(height) - p["cutout"] // 2
        mean = np.floor(image.reshape(-1, channels).mean(axis=0) + 0.5)
        image = image.copy()
        image[max(top, 0):max(top + p["cutout"], 0), max(left, 0):max(left + p["cutout"], 0)] = mean
    return image


def check_color():
    """Each step alone is Pillow's, to the rounding of its integer arithmetic."""
    image = picture(40, 30, 3)
    pil = Image.fromarray(image.astype(np.uint8))
    for name, factors in (("Brightness", (0.7, 1, 1)), ("Contrast", (1, 1.4, 1)),
                          ("Color", (1, 1, 0.5))):
        theirs = np.array(getattr(ImageEnhance, name)(pil).enhance(max(factors, key=lambda f: abs(f - 1))))
        worst = np.abs(color(image, *factors, 0) - theirs).max()
        assert worst <= 1, (name, worst)


CASES = [
    ((9, 7, 3), {"rotate": 30}),
    ((8, 8, 1), {"rotate": 180, "padding": "zero"}),
    ((13, 10, 3), {"scale": 0.6, "padding": "reflect"}),
    ((12, 9, 3), {"shear": 25, "padding": "zero"}),
    ((16, 12, 1), {"elastic": 1.5, "elastic_sigma": 2}),
    ((10, 14, 3), {"elastic": 3, "elastic_sigma": 4, "padding": "reflect"}),
    ((11, 9, 3), {"color": 0.5}),
    ((9, 9, 1), {"color": 0.8}),
    ((10, 8, 3), {"hue": 120}),
    ((14, 11, 3), {"cutout": 6}),
    ((12, 12, 1), {"shift": 3, "padding": "reflect", "cutout": 5}),
    ((9, 8, 3), {"shift": 4, "padding": "zero"}),
    ((16, 16, 3), {"flip": True, "shift": 2, "rotate": 15, "scale": 0.2, "shear": 10, "elastic": 1,
                   "elastic_sigma": 3, "color": 0.3, "hue": 20, "cutout": 5}),
    ((17, 13, 3), {"flip": True, "shift": 3, "rotate": 45, "scale": 1, "shear": 30, "elastic": 2,
                   "elastic_sigma": 1.5, "color": 0.6, "hue": 90, "cutout": 3,
                   "padding": "reflect"}),
]


def main():
    check_color()
    print("// Made by make_augmented.py with Python %d.%d, NumPy %s, SciPy %s, Pillow %s. Do not edit."
          % (*sys.version_info[:2], np.__version__, scipy.__version__, PIL.__version__))
    print("static const struct {\n    int width, height, channels, sample;\n"
          "    fx_augmentation_params params;\n    const uint8_t *in, *out;\n} augmented[] = {")
    lists = []
    for i, ((w, h, c), p) in enumerate(CASES):
        for sample in (i,) if len(p) < 5 else (i, 100 + i):
            image = picture(w, h, c)
            out = augment(image, p, Rng(42, 3, sample))
            lists.append((f"in_{len(lists)}", image, out))
            fields = ", ".join(
                f".{k} = {'FX_PADDING_' + v.upper() if k == 'padding' else str(v).lower()}"
                for k, v in p.items())
            n = len(lists) - 1
            print(f"    {{{w}, {h}, {c}, {sample}, {{{fields}}}, in_{n}, out_{n}}},")
    print("};")
    arrays = []
    for n, (_, image, out) in enumerate(lists):
        for name, values in (("in", image), ("out", out)):
            text = ", ".join(str(int(v)) for v in values.ravel())
            arrays.append(f"static const uint8_t {name}_{n}[] = {{{text}}};")
    return arrays


if __name__ == "__main__":
    import io
    from contextlib import redirect_stdout
    buffer = io.StringIO()
    with redirect_stdout(buffer):
        arrays = main()
    head, _, table = buffer.getvalue().partition("\n")
    print(head, *arrays, table, sep="\n", end="")
