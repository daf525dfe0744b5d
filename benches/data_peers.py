"""Times scikit-learn, imbalanced-learn and pandas on the work of `evenkeel-bench-data`, and prints the same JSON lines.

    python benches/data_peers.py [--only NAME] [--rounds N] [--rows N] [--threads N]
"""

import argparse
import json
import os
import resource
import tempfile
import time
import warnings

parser = argparse.ArgumentParser()
parser.add_argument("--only", default="")
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--rows", type=int, default=1_000_000)
parser.add_argument("--threads", type=int, default=2)
arguments = parser.parse_args()
for library in ["OMP", "OPENBLAS", "MKL"]:
    os.environ[f"{library}_NUM_THREADS"] = str(arguments.threads)

import imblearn
import numpy
import pandas
import sklearn
from imblearn.over_sampling import SMOTE
from sklearn.decomposition import PCA
from sklearn.feature_selection import chi2, f_classif, mutual_info_classif
from sklearn.model_selection import StratifiedShuffleSplit, train_test_split
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

# That the discrete columns hold fractions.
warnings.simplefilter("ignore")
COLUMNS = 30


def table(rows):
    """As the Rust side makes it: uniform numbers, their exponentials in every third column, an offset in every fifth."""
    x = numpy.random.default_rng(7).random((rows, COLUMNS))
    x *= 4.0
    x -= 2.0
    x[:, ::3] = numpy.exp(x[:, ::3])
    x[:, ::5] += 1000.0
    return x


def scaler(make, rows):
    x = table(rows)
    return x, lambda: make().fit(x).transform(x), lambda y: y.shape == x.shape


def csv(rows):
    x, file = table(rows), tempfile.NamedTemporaryFile("w", suffix=".csv")
    file.write(",".join(f"c{column}" for column in range(COLUMNS)) + "\n")
    for row in x:
        file.write(",".join(map(repr, row.tolist())) + "\n")
    file.flush()
    return x, lambda: pandas.read_csv(file.name), lambda y: y.shape == x.shape


def filter(score, x):
    y = (x[:, 1] + x[:, 2] > 0.5).astype(int) + (x[:, 1] > 1.0)
    return x, lambda: score(x, y), lambda scores: numpy.nanargmax(scores[0] if isinstance(scores, tuple) else scores) == 1


def smote(rows):
    x = table(rows // 10)
    y = (numpy.arange(len(x)) % 100 == 0).astype(int)
    return x, lambda: SMOTE(random_state=7).fit_resample(x, y), lambda made: len(made[1]) == 2 * (y == 0).sum()


def split(rows, copied):
    x, i = table(rows), numpy.arange(rows)
    y = (i % 7 < 2).astype(int) + (i % 50 == 0)
    if copied:
        parts = lambda: train_test_split(x, y, test_size=0.2, stratify=y, random_state=7)
    else:
        parts = lambda: next(StratifiedShuffleSplit(1, test_size=0.2, random_state=7).split(x, y))
    return x, parts, lambda parts: len(parts[0]) + len(parts[1]) == rows


def levels(rows):
    return numpy.floor(table(rows) * 4.0) / 4.0


def information(discrete):
    return lambda x, y: mutual_info_classif(x, y, discrete_features=discrete, random_state=7, n_jobs=arguments.threads)


WORKLOADS = {
    "read_csv": csv,
    "scale_min_max": lambda rows: scaler(MinMaxScaler, rows),
    "scale_standard": lambda rows: scaler(StandardScaler, rows),
    "scale_robust": lambda rows: scaler(RobustScaler, rows),
    "scale_max_abs": lambda rows: scaler(MaxAbsScaler, rows),
    "scale_row_norm": lambda rows: scaler(Normalizer, rows),
    "scale_quantile_uniform": lambda rows: scaler(lambda: QuantileTransformer(subsample=None), rows),
    "scale_quantile_normal": lambda rows: scaler(
        lambda: QuantileTransformer(subsample=None, output_distribution="normal"), rows
    ),
    "scale_whiten": lambda rows: scaler(lambda: PCA(whiten=True), rows),
    "scale_yeo_johnson": lambda rows: scaler(PowerTransformer, rows),
    "select_anova_f": lambda rows: filter(f_classif, table(rows)),
    "select_chi2": lambda rows: filter(chi2, abs(table(rows))),
    "select_mi_neighbours": lambda rows: filter(information(False), table(rows)),
    "select_mi_counts": lambda rows: filter(information(True), levels(rows)),
    "balance_smote": smote,
    "split_stratified": lambda rows: split(rows, False),
    "split_stratified_copied": lambda rows: split(rows, True),
}

for name, make in WORKLOADS.items():
    if arguments.only not in name:
        continue
    x, work, is_right = make(arguments.rows)
    times = []
    for _ in range(arguments.rounds):
        start = time.perf_counter()
        made = work()
        times.append(time.perf_counter() - start)
        assert is_right(made), name
        del made
    # Fractions of the data's size, the data included; of everything so far.
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / x.nbytes
    library = {"balance_smote": imblearn, "read_csv": pandas}.get(name, sklearn)
    line = {"peer": library.__name__, "version": library.__version__, "workload": name, "min_s": round(min(times), 4)}
    print(json.dumps(line | {"rounds": arguments.rounds, "peak": round(memory, 2)}), flush=True)
    del x, work, is_right
