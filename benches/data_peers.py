"""Times scikit-learn on the work of `evenkeel-bench-data`, and prints the same JSON lines.

    python benches/data_peers.py [--only NAME] [--rounds N] [--rows N]
"""

import argparse
import json
import os
import resource
import time

parser = argparse.ArgumentParser()
parser.add_argument("--only", default="")
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--rows", type=int, default=1_000_000)
parser.add_argument("--threads", type=int, default=2)
arguments = parser.parse_args()
for library in ["OMP", "OPENBLAS", "MKL"]:
    os.environ[f"{library}_NUM_THREADS"] = str(arguments.threads)

import numpy
import sklearn
from sklearn.decomposition import PCA
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

rows, columns = arguments.rows, 30
# As the Rust side makes it: uniform numbers, their exponentials in every third column, an offset in every fifth.
rng = numpy.random.default_rng(7)
x = rng.random((rows, columns)) * 4.0 - 2.0
x[:, ::3] = numpy.exp(x[:, ::3])
x[:, ::5] += 1000.0

SCALERS = {
    "scale_min_max": lambda: MinMaxScaler(),
    "scale_standard": lambda: StandardScaler(),
    "scale_robust": lambda: RobustScaler(),
    "scale_max_abs": lambda: MaxAbsScaler(),
    "scale_row_norm": lambda: Normalizer(),
    "scale_quantile": lambda: QuantileTransformer(subsample=None),
    "scale_quantile_normal": lambda: QuantileTransformer(subsample=None, output_distribution="normal"),
    "scale_whiten": lambda: PCA(whiten=True),
    "scale_yeo_johnson": lambda: PowerTransformer(),
}

for name, scaler in SCALERS.items():
    if arguments.only not in name:
        continue
    times = []
    for _ in range(arguments.rounds):
        start = time.perf_counter()
        y = scaler().fit(x).transform(x)
        times.append(time.perf_counter() - start)
        assert y.shape == x.shape
        del y
    # Fractions of the data's size, the data included; of everything so far.
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / x.nbytes
    line = {"peer": "scikit-learn", "version": sklearn.__version__, "workload": name, "min_s": min(times)}
    print(json.dumps(line | {"rounds": arguments.rounds, "rows": rows, "peak": round(memory, 2)}), flush=True)
