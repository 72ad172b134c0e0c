"""The case of ./dev bench that trains on a descriptor file in a memory control group it exceeds."""
import array
import json
import os
import random
import resource
import struct
import subprocess
import time

LENGTH, CLASSES, RUN = 1000, 10, 512  # numbers a row; rows of one class that follow one another
BYTES = int(os.environ.get("FX_BENCH_TRAIN_BYTES", 4 << 30))  # of the file
LIMIT = BYTES // 5  # of the group
PASSES = 3  # standardization, one epoch, the training accuracy
GROUPS = "/sys/fs/cgroup"


def make_rows(bench, stem):
    """Writes STEM.npy, float32, and what stands beside it. Only a row's class and its place in a
    run of its class tell it from others, so one run a class is drawn."""
    rng = random.Random(1)
    runs = []
    for label in range(CLASSES):
        mean = [rng.gauss(0, 0.12) for _ in range(LENGTH)]
        run = array.array("f", (m + rng.gauss(0, 1) for _ in range(RUN) for m in mean))
        runs.append(run.tobytes())
    rows = BYTES // (4 * LENGTH * RUN) * RUN
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {LENGTH}), }}"
    with open(stem + ".npy", "wb") as file:
        file.write(b"\x93NUMPY\x01\x00\x76\x00" + header.ljust(117).encode() + b"\n")
        for i in range(rows // RUN):
            file.write(runs[i % CLASSES])
        file.flush()
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # nothing is cached yet
    header = f"{{'descr': '<i8', 'fortran_order': False, 'shape': ({rows},), }}"
    with open(stem + ".labels.npy", "wb") as file:
        file.write(b"\x93NUMPY\x01\x00\x76\x00" + header.ljust(117).encode() + b"\n")
        for i in range(rows // RUN):
            file.write(struct.pack("<q", i % CLASSES) * RUN)
    description = {
        "format": "featx-descriptors", "version": 1, "descriptor": {"features": ["hog"]},
        "descriptor_sha256": 64 * "0", "count": rows, "length": LENGTH, "classes": None,
        "splits": {"train": [0, rows - rows // 50], "test": [rows - rows // 50, rows]},
    }  # fmt: skip
    with open(stem + ".json", "w", encoding="ascii") as file:
        json.dump(description, file)


def make_group():
    """A control group with its limit and the file that tells its peak; None where none can be had."""
    for parent, limit, peak in (
        (GROUPS + "/memory", "memory.limit_in_bytes", "memory.max_usage_in_bytes"),
        (GROUPS, "memory.max", "memory.peak"),
    ):
        group = f"{parent}/featx-bench-{os.getpid()}"
        try:
            os.mkdir(group)
            with open(f"{group}/{limit}", "w", encoding="ascii") as file:
                file.write(str(LIMIT))
            return group, f"{group}/{peak}"
        except OSError:
            if os.path.isdir(group):
                os.rmdir(group)
    return None


def train(bench, threads, repetitions, rows):
    """classify on rows that are five times the memory of its group, page cache included."""
    found = make_group()
    if not found:
        print("  skipped: no memory control group can be made here (needs root)")
        return True
    group, peak_path = found
    stem = os.path.join(bench.folder, "larger-than-memory")
    try:
        make_rows(bench, stem)
        command = [bench.program("classify"), stem + ".npy", "--json", "--quiet",
                   "--threads", str(threads)]  # fmt: skip
        for key in ("mlp.hidden=[64]", "mlp.dropout=0", "train.epochs=1", "train.batch_size=256",
                    "train.validation=0", f"train.window={LIMIT >> 21}"):  # fmt: skip
            command += ["--set", key]

        def enter():
            with open(f"{group}/cgroup.procs", "w", encoding="ascii") as file:
                file.write(str(os.getpid()))

        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_inblock
        begin = time.perf_counter()
        done = subprocess.run(command, check=True, capture_output=True, preexec_fn=enter)
        seconds = time.perf_counter() - begin
        read = (resource.getrusage(resource.RUSAGE_CHILDREN).ru_inblock - before) * 512
        with open(peak_path, encoding="ascii") as file:
            peak = int(file.read())
        result = json.loads(done.stdout)
    finally:
        for extension in (".npy", ".json", ".labels.npy"):
            if os.path.exists(stem + extension):
                os.remove(stem + extension)
        os.rmdir(group)
    times = read / BYTES
    print(
        f"  {BYTES / 1e9:.1f} GB in a group of {LIMIT / 1e9:.2f} GB: {seconds:.1f} s, peak"
        f" {peak / 1e9:.2f} GB, of the process {result['peak_rss_bytes'] / 1e9:.2f} GB; test accuracy"
        f" {result['test_accuracy']:.3f}\n  read {times:.2f} times in {PASSES} passes, wanted at most"
        f" {1.2 * PASSES:.1f} {'✓' if times <= 1.2 * PASSES else '✗'}"
    )
    rows.append(["memory-train", threads, "featx", "", threads, 0, seconds, BYTES, "bytes", f"{read}"])
    return True
