"""./dev bench: ours and every peer that is installed, on the same images in the same run.

Each implementation is a process that does a repetition when it is told to (harness.h); they take
turns, so that what else the machine does hits all of them. A figure is the median over the
repetitions, with the smallest and the largest; a ratio is that of the repetitions' pairs.
"""
import argparse
import csv
import json
import os
import platform
import statistics
import subprocess
import sys
import time

import larger_than_memory
import programs

HERE = os.path.dirname(os.path.abspath(__file__))
SHORT = 2  # seconds: a repetition that is repeated for warmth
REST = 0.2  # seconds between turns: OpenBLAS's threads spin for 0.13 after their work
MACHINE = "matrix product"  # the peer of figures that are a share of the machine


class Case:
    def __init__(self, title, goals, flops=None, all_cores_only=False, repetitions=7, program=None):
        self.title = title
        self.goals = goals  # {peer: ratio that we want at least}
        self.flops = flops  # of one unit of work, where the share of the machine's rate is told
        self.all_cores_only = all_cores_only
        self.repetitions = repetitions
        self.program = program  # of programs.py: a case that is no ratio to a peer


def network_flops(sizes):
    """Of a sample: products forward, for the weights and, but for the first layer, the inputs."""
    weights = [i * o for i, o in zip(sizes, sizes[1:])]
    return 2 * (2 * sum(weights) + sum(weights[1:]))


CASES = {
    "hog-32": Case(
        "HoG, 32×32 RGB, 8×8 cells, 9 orientations, L2-Hys", {"OpenCV": 10}
    ),
    "hog-1024": Case(
        "HoG, 1024×768 RGB", {"OpenCV": 10, "VLFeat": 30, "scikit-image": 200}
    ),
    "color-1024": Case("joint 8×8×8 RGB histogram, 1024×768", {"OpenCV": 2}),
    "sift-1024": Case(
        "dense SIFT, 1024×768, cells of 4 pixels, every 4 pixels, flat window", {"VLFeat": 2}
    ),
    "encode": Case(
        "threshold encoding, 32×32 RGB, 6×6 patches, 1,600 words, 2×2 cells",
        {MACHINE: 0.9},
        flops=2 * 27 * 27 * 108 * 1600,
        all_cores_only=True,
    ),
    "kmeans": Case(
        "k-means, 400,000 × 108, K = 1,600, 10 rounds",
        {"Faiss": 1.5, "scikit-learn": 1.5},
        flops=10 * 2 * 400000 * 108 * 1600,
        all_cores_only=True,
        repetitions=3,
    ),
    "train-3072": Case(
        "training 3072–1024–512–10, batch 256, SGD with momentum",
        {"PyTorch": 1.25, "PyTorch compiled": 1.25, MACHINE: 0.9},
        flops=network_flops([3072, 1024, 512, 10]),
        all_cores_only=True,
    ),
    "train-1000": Case(
        "training 1000–100–10, batch 64, sigmoid",
        {"PyTorch": 2, "PyTorch compiled": 2, "NumPy": 2},
        flops=network_flops([1000, 100, 10]),
        all_cores_only=True,
    ),
    "train-324": Case(
        "training 324–512–10, batch 256, AdamW",
        {"PyTorch": 1.3, "PyTorch compiled": 1.3},
        flops=network_flops([324, 512, 10]),
        all_cores_only=True,
    ),
    "files": Case(
        "HoG of 10,000 JPEGs of 256×256", {}, all_cores_only=True, repetitions=3,
        program=programs.files,
    ),
    "memory": Case(
        "memory of featx", {}, all_cores_only=True, repetitions=1, program=programs.memory
    ),
    "memory-train": Case(
        "training on a descriptor file of five times the memory", {}, all_cores_only=True,
        repetitions=1, program=larger_than_memory.train,
    ),
    "predict": Case(
        "classify predict, one 32×32 PNG, HoG", {}, all_cores_only=True, program=programs.predict
    ),
}


class Worker:
    """One implementation of one case, ready to run."""

    def __init__(self, name, version, threads, command):
        self.name, self.version, self.threads = name, version, threads
        self.label = name if not version else f"{name} {version}"
        self.samples = []  # (seconds, work, note)
        environment = dict(os.environ, PYTHONWARNINGS="ignore")
        for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            environment[variable] = str(threads)
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env=environment,
        )  # fmt: skip

    def wait_until_ready(self):
        words = self.process.stdout.readline().split()
        if words[:1] != ["ready"]:
            lines = self.process.communicate()[1].strip().splitlines() or ["no answer"]
            return lines[-1]
        self.unit = words[1]
        return None

    def repeat(self):
        self.process.stdin.write("run\n")
        self.process.stdin.flush()
        seconds, work, *note = self.process.stdout.readline().split(maxsplit=2)
        self.samples.append((float(seconds), float(work), note[0].strip() if note else ""))

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()

    def rates(self):
        return [work / seconds for seconds, work, _ in self.samples]


def number(value):
    for scale, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M")):
        if value >= scale:
            return f"{value / scale:.4g} {letter}"
    return f"{value:,.0f} " if value >= 1000 else f"{value:.4g} "


def spread(values, show):
    return f"{show(statistics.median(values))} ({show(min(values))} … {show(max(values))})"


class Bench:
    def __init__(self, arguments):
        self.build = arguments.build
        self.folder = os.path.join(self.build, "bench")
        self.pythons = {}  # peer of a case: (interpreter, version)
        self.arguments = arguments
        self.cores = len(os.sched_getaffinity(0))
        self.find_peers()

    def program(self, name):
        path = os.path.join(self.build, name)
        return path if os.access(path, os.X_OK) else None

    def find_peers(self):
        """The interpreter that has a peer: the virtual environment before the system's."""
        pythons = (os.path.join(self.build, "peers", "bin", "python"), "/usr/bin/python3")
        self.interpreters = [python for python in pythons if os.access(python, os.X_OK)]
        for python in self.interpreters:
            listed = subprocess.run(
                [python, os.path.join(HERE, "peers.py"), "list"], capture_output=True, text=True
            )
            for case, peers in json.loads(listed.stdout or "{}").items():
                for peer, version in peers.items():
                    version = version.split("+")[0]
                    self.pythons.setdefault((case, peer), (python, version))

    def prepare(self):
        if os.path.exists(os.path.join(self.folder, "words.safetensors")):
            return
        root = os.environ.get("FEATX_DATA") or os.path.join(
            os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share"), "featx"
        )
        cifar = os.path.join(root, "cifar10")
        dataset = cifar if os.path.isdir(cifar) else "shapes"
        print(f"preparing {self.folder} from {dataset}", file=sys.stderr)
        subprocess.run([self.program("bench_ours"), "prepare", self.folder, dataset], check=True)

    def ours(self, name, threads):
        worker = Worker(
            "featx", "", threads, [self.program("bench_ours"), name, str(threads), self.folder]
        )
        reason = worker.wait_until_ready()
        if reason:
            raise SystemExit(reason)
        return worker

    def workers(self, name, threads):
        """Ours first; then the peers, those that thread by themselves with one thread as well."""
        ours = self.program("bench_ours")
        arguments = [name, str(threads), self.folder]
        yield Worker("featx", "", threads, [ours] + arguments)
        if MACHINE in CASES[name].goals:
            yield Worker(MACHINE, "", threads, [ours, "gemm"] + arguments[1:])
        vlfeat = self.program("bench_vlfeat")
        if vlfeat and name in listing(vlfeat):
            yield Worker(*self.vlfeat_version(vlfeat), threads, [vlfeat] + arguments)
        for (case, peer), (python, version) in self.pythons.items():
            if case != name:
                continue
            both = threads > 1 and name.startswith("train-")
            for count in {1, threads} if both else {threads}:
                command = [python, os.path.join(HERE, "peers.py"), name, peer]
                yield Worker(peer, version, count, command + [str(count), self.folder])

    @staticmethod
    def vlfeat_version(program):
        text = subprocess.run([program, "version"], capture_output=True, text=True).stdout
        return text.split(maxsplit=1)[0], text.split(maxsplit=1)[1].strip()

    def run(self, name, threads, rows):
        case = CASES[name]
        cores = "1 thread" if threads == 1 else f"{threads} threads"
        print(f"\n{name}: {case.title}; {cores}", flush=True)
        repetitions = self.arguments.repetitions or case.repetitions
        if case.program:
            return case.program(self, threads, repetitions, rows)
        workers, ready = [], []
        for worker in self.workers(name, threads):  # one by one: each finds out how much it can do
            workers.append(worker)
            reason = worker.wait_until_ready()
            if reason:
                print(f"  {worker.label:28} skipped: {reason}")
                worker.close()
                if worker is workers[0]:
                    return False
            else:
                ready.append(worker)
        for worker in ready:  # what the others' start has pushed out of the caches comes back
            time.sleep(REST)
            worker.repeat()
            if worker.samples[0][0] < SHORT:
                worker.samples.clear()
        for i in range(repetitions):
            first = i % len(ready)
            for worker in ready[first:] + ready[:first]:
                if len(worker.samples) > i:
                    continue
                time.sleep(REST)
                worker.repeat()
        for worker in ready:
            worker.close()
            for i, (seconds, work, note) in enumerate(worker.samples):
                rows.append(
                    [name, threads, worker.name, worker.version, worker.threads, i, seconds, work,
                     worker.unit, note]
                )  # fmt: skip
        self.show(name, threads, ready)
        for peer in case.goals:
            if not any(worker.name == peer for worker in ready) and not any(
                worker.name == peer for worker in workers
            ):
                print(f"  {peer:28} skipped: not installed (./dev bench --peers)")
        return True

    def show(self, name, threads, workers):
        case, ours = CASES[name], workers[0]
        best = {}  # of a peer's thread settings: what a wanted ratio refers to
        for worker in workers:
            rate = statistics.median(worker.rates())
            if rate > best.get(worker.name, (0,))[0]:
                best[worker.name] = (rate, worker)
        for worker in workers:
            label = worker.label
            if worker.threads != threads:
                label += f", {worker.threads} thread"
            rates = worker.rates()
            line = f"  {label:32} {spread(rates, lambda v: number(v).rstrip())} {worker.unit}/s"
            if case.flops and worker.unit != "FLOP":
                line += f", {statistics.median(rates) * case.flops / 1e9:.1f} GFLOP/s"
            if worker.samples[-1][2]:
                line += f", {worker.samples[-1][2]}"
            if worker is not ours:
                scale = case.flops if worker.unit == "FLOP" else 1
                pairs = [scale * a / b for a, b in zip(ours.rates(), rates)]
                line += f": ours {spread(pairs, lambda v: f'{v:.3g}')}×"
                goal = case.goals.get(worker.name)
                if goal and worker is best[worker.name][1]:
                    met = statistics.median(pairs) >= goal
                    line += f", wanted {goal:g}× {'✓' if met else '✗'}"
            print(line, flush=True)


def listing(program):
    return subprocess.run([program, "list"], capture_output=True, text=True).stdout.split()


def cpu_name():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or "unknown CPU"


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CASES))
    parser.add_argument("--threads", help="such as 1,2; the default is one and all cores")
    parser.add_argument("--repetitions", type=int, help="the default is 7, of slow cases 3")
    parser.add_argument("--build", default="build", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in CASES:
            parser.error(f"{name}: no such case, expected {', '.join(CASES)}")
    bench = Bench(arguments)
    version = subprocess.run(
        [bench.program("bench_ours"), "version"], capture_output=True, text=True
    ).stdout.strip()
    machine = f"{cpu_name()}, {bench.cores} cores, {platform.system()} {platform.release()}"
    date = time.strftime("%Y-%m-%d %H:%M")
    print(f"{date}, {machine}\n{version}; load average {os.getloadavg()[0]:.2f}")
    bench.prepare()
    rows, complete = [], True
    for name in arguments.names or CASES:
        counts = [bench.cores] if CASES[name].all_cores_only else sorted({1, bench.cores})
        if arguments.threads:
            counts = [int(count) for count in arguments.threads.split(",")]
        for threads in counts:
            complete &= bench.run(name, threads, rows)
    path = os.path.join(bench.folder, "results.csv")
    with open(path, "w", newline="", encoding="utf-8") as file:
        file.write(f"# {date}, {machine}, {version}\n")
        writer = csv.writer(file)
        writer.writerow(
            ["case", "threads", "implementation", "version", "own_threads", "repetition",
             "seconds", "work", "unit", "note"]
        )  # fmt: skip
        writer.writerows(rows)
    print(f"\nraw numbers: {path}")
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main())
