"""Runs `evenkeel-bench-data` and `data_peers.py` in turn, each workload in processes of its own, and prints their ratios.

    cargo build --release -p evenkeel-bench
    python benches/data_table.py [--only NAME] [--turns N] [further options of both]
"""

import argparse
import json
import pathlib
import subprocess
import sys

here = pathlib.Path(__file__).resolve().parent
parser = argparse.ArgumentParser()
parser.add_argument("--only", default="")
parser.add_argument("--turns", type=int, default=3)
parser.add_argument("--program", default=here.parent / "target/release/evenkeel-bench-data")
arguments, options = parser.parse_known_args()


def run(command, name):
    """The line of the workload with exactly this name; of others that contain it too."""
    command = [*map(str, command), "--only", name, *options]
    lines = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    return next(line for line in map(json.loads, lines) if line["workload"] == name)


names = subprocess.run([arguments.program, "--list"], stdout=subprocess.PIPE, check=True, text=True).stdout.split()
print("| workload | evenkeel, s | peer, s | ratio | peak memory, times the data | peer's |\n|---|---|---|---|---|---|")
for name in names:
    if arguments.only not in name:
        continue
    ours, theirs = [], []
    for _ in range(arguments.turns):
        ours.append(run([arguments.program], name))
        theirs.append(run([sys.executable, here / "data_peers.py"], name))
    (a, b), (peak, other) = (
        [min(line["min_s"] for line in lines) for lines in (ours, theirs)],
        [max(line["peak"] for line in lines) for lines in (ours, theirs)],
    )
    print(f"| {name} | {a:.3f} | {b:.3f} | {a / b:.2f} | {peak:.2f} | {other:.2f} |", flush=True)
