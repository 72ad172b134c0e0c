"""Cases of ./dev bench that run the programs as a user does: files in, files out."""
import os
import shutil
import statistics
import struct
import subprocess
import time
import zlib

SIDE = 32
MOSAIC = 256  # pixels of a JPEG's side: 8 × 8 small images
DISTINCT = 500  # JPEGs; the other names are links to them
JPEGS = 10000

JPEG_SCRIPT = """
import sys
try:
    import cv2
    write = lambda path, image: cv2.imwrite(path, image, [cv2.IMWRITE_JPEG_QUALITY, 90])
except ImportError:
    from PIL import Image
    write = lambda path, image: Image.fromarray(image).save(path, quality=90)
import numpy
folder, stack, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
with open(stack, "rb") as file:
    file.readline()
    small = numpy.frombuffer(file.read(), numpy.uint8).reshape(-1, 32, 32, 3)
rng = numpy.random.default_rng(1)
for i in range(count):
    tiles = small[rng.integers(0, len(small), 64)].reshape(8, 8, 32, 32, 3)
    write(f"{folder}/{i:05d}.jpg", tiles.swapaxes(1, 2).reshape(256, 256, 3))
"""


def small_images(folder, count):
    with open(os.path.join(folder, "small.ppm"), "rb") as file:
        file.readline()
        size = 3 * SIDE * SIDE
        return [file.read(size) for _ in range(count)]


def add_links(folder, distinct, count, suffix):
    for i in range(distinct, count):
        os.link(f"{folder}/{i % distinct:05d}{suffix}", f"{folder}/{i:05d}{suffix}")


def fresh(folder, name):
    path = os.path.join(folder, name)
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path


def make_jpegs(bench):
    """The folder, or None where no Python here can write JPEGs."""
    folder = os.path.join(bench.folder, "jpegs")
    if os.path.exists(f"{folder}/{JPEGS - 1:05d}.jpg"):
        return folder
    fresh(bench.folder, "jpegs")
    stack = os.path.join(bench.folder, "small.ppm")
    for python in bench.interpreters:
        command = [python, "-c", JPEG_SCRIPT, folder, stack, str(DISTINCT)]
        if subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0:
            add_links(folder, DISTINCT, JPEGS, ".jpg")
            return folder
    return None


def remove_outputs(stem):
    for extension in (".npy", ".json", ".paths.txt", ".labels.npy"):
        if os.path.exists(stem + extension):
            os.remove(stem + extension)


def timed(command):
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begin


def files(bench, threads, repetitions, rows):
    """featx over JPEGs against nothing but decoding them, as many at once."""
    folder = make_jpegs(bench)
    if not folder:
        print("  skipped: no Python with cv2 or PIL to write JPEGs (./dev bench --peers)")
        return True
    stem = os.path.join(bench.folder, "jpegs-out")
    extract = [bench.program("featx"), "--features", "hog", "--set", "hog.pixels_per_cell=16",
               "--threads", str(threads), "--quiet", folder]  # fmt: skip
    decoding = bench.ours("decode", threads)
    runs = {"decoding": [], "extraction": [], "extraction and writing": []}
    timed(extract)
    for _ in range(repetitions):
        decoding.repeat()
        runs["decoding"].append(decoding.samples[-1][0] * JPEGS / decoding.samples[-1][1])
        runs["extraction"].append(timed(extract))
        remove_outputs(stem)
        runs["extraction and writing"].append(timed(extract + ["-o", stem + ".npy"]))
    decoding.close()
    size = os.path.getsize(stem + ".npy")
    remove_outputs(stem)
    for name, seconds in runs.items():
        line = f"  {name:32} {statistics.median(seconds):.2f} s"
        line += f" ({min(seconds):.2f} … {max(seconds):.2f})"
        if name != "decoding":
            shares = [1 - d / s for d, s in zip(runs["decoding"], seconds)]
            share = statistics.median(shares)
            line += f": {share:.1%} ({min(shares):.1%} … {max(shares):.1%}) outside decoding"
            line += f", wanted under 15 % {'✓' if share < 0.15 else '✗'}"
            if name.endswith("writing"):
                line += f"; {size / 1e6:.0f} MB, synced"
        print(line, flush=True)
        for i, value in enumerate(seconds):
            rows.append(["files", threads, name, "", threads, i, value, JPEGS, "images", ""])
    return True


def peak_bytes(command):
    """Read while it runs: what wait4() tells is at least the size of this Python before exec()."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        try:
            with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
                for line in file:
                    if line.startswith("VmHWM:"):
                        peak = max(peak, int(line.split()[1]) * 1024)
        except OSError:
            pass
        time.sleep(0.001)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return peak


def memory(bench, threads, repetitions, rows):
    """The largest resident set of featx over 1,000 and 60,000 files."""
    peaks = {}
    images = small_images(bench.folder, 1000)
    stem = os.path.join(bench.folder, "memory-out")
    for count in (1000, 60000):
        folder = fresh(bench.folder, "many")
        for i, image in enumerate(images):
            with open(f"{folder}/{i:05d}.ppm", "wb") as file:
                file.write(b"P6 32 32 255\n" + image)
        add_links(folder, len(images), count, ".ppm")
        command = [bench.program("featx"), "--features", "hog", "--threads", str(threads),
                   "--quiet", folder, "-o", stem + ".npy"]  # fmt: skip
        peaks[count] = [peak_bytes(command) for _ in range(min(repetitions, 3))]
        remove_outputs(stem)
        print(f"  {count:,} images{'':18} {statistics.median(peaks[count]) / 1e6:.1f} MB", flush=True)
        for i, value in enumerate(peaks[count]):
            rows.append(["memory", threads, "featx", "", threads, i, "", value, "bytes", f"{count}"])
    shutil.rmtree(folder)
    more = statistics.median(peaks[60000]) - statistics.median(peaks[1000])
    print(f"  difference {more / 1e6:.1f} MB, wanted at most 10 MB {'✓' if more <= 10e6 else '✗'}")
    return True


def png(path, pixels):
    """A PNG of 32 × 32 RGB."""

    def chunk(kind, data):
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    lines = b"".join(b"\0" + pixels[i : i + 96] for i in range(0, len(pixels), 96))
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.write(chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)))
        file.write(chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))


def predict(bench, threads, repetitions, rows):
    """classify predict on one PNG: the whole process."""
    model, image = (os.path.join(bench.folder, name) for name in ("model", "one.png"))
    png(image, small_images(bench.folder, 1)[0])
    classify = bench.program("classify")
    if not os.path.exists(model):
        timed([classify, "--features", "hog", "shapes", "--set", "train.epochs=1", "-o", model])
    command = [classify, "predict", model, image, "--threads", str(threads)]
    seconds = [timed(command) for _ in range(5 * repetitions)]
    middle = statistics.median(seconds)
    print(
        f"  one process {middle * 1e3:.1f} ms ({min(seconds) * 1e3:.1f} … {max(seconds) * 1e3:.1f}),"
        f" wanted under 20 ms {'✓' if middle < 0.02 else '✗'}"
    )
    for i, value in enumerate(seconds):
        rows.append(["predict", threads, "featx", "", threads, i, value, 1, "images", ""])
    return True
