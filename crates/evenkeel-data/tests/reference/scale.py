"""Regenerates scale.json: what scikit-learn's scalers give for small tables.

    python tests/reference/scale.py > tests/reference/scale.json
"""

import json
import warnings

import numpy
import scipy
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

warnings.simplefilter("ignore")
rng = numpy.random.default_rng(7)


def table(rows, missing):
    """Columns of different laws and units, the last one constant."""
    x = numpy.column_stack(
        [
            rng.normal(3.0, 2.0, rows),
            numpy.exp(rng.normal(0.0, 1.0, rows)) * 1e3,
            rng.integers(0, 5, rows).astype(float),
            rng.normal(1e6, 1e-2, rows),
            -rng.exponential(0.1, rows),
            numpy.full(rows, 4.25),
        ]
    )
    if missing:
        x[:, :5][rng.random((rows, 5)) < 0.15] = numpy.nan
    return x


def case(name, scaler, x, new):
    y = scaler.fit(x).transform(new)
    numbers = lambda a: [[None if numpy.isnan(v) else float(v) for v in row] for row in a]
    return {"name": name, "x": numbers(x), "new": numbers(new), "y": numbers(y)}


cases = []
for size, missing in [(25, False), (40, True)]:
    x = table(size, missing)
    new = x[:12].copy()
    new[:5, :5] = new[:5, :5] * 1.5 + 0.1
    add = lambda name, scaler, x=x, new=new: cases.append(case(name, scaler, x, new))
    add("min_max", MinMaxScaler())
    add("min_max_clip", MinMaxScaler((-2.0, 3.0), clip=True))
    add("standard", StandardScaler())
    add("robust", RobustScaler())
    add("robust_10_60", RobustScaler(quantile_range=(10.0, 60.0)))
    add("max_abs", MaxAbsScaler())
    ordinary = [0, 1, 2, 4]
    add("yeo_johnson", PowerTransformer(), x[:, ordinary], new[:, ordinary])
    positive = numpy.abs(x[:, ordinary]) + 0.5
    add("box_cox", PowerTransformer("box-cox"), positive, numpy.abs(new[:, ordinary]) + 0.5)
    add("box_cox_plain", PowerTransformer("box-cox", standardize=False), positive, numpy.abs(new[:, ordinary]) + 0.5)
    # Without the constant column, which has other conventions here.
    quantiles = dict(n_quantiles=size, subsample=None)
    add("uniform", QuantileTransformer(**quantiles), x[:, :5], new[:, :5])
    add("normal", QuantileTransformer(output_distribution="normal", **quantiles), x[:, :5], new[:, :5])
    add("uniform_7", QuantileTransformer(**dict(quantiles, n_quantiles=7)), x[:, :5], new[:, :5])
    if not missing:
        for norm in ["l1", "l2", "max"]:
            add(f"row_{norm}", Normalizer(norm), x[:, :3], new[:, :3])
        mixed = x[:, [0, 2, 4]] @ numpy.array([[1.0, 0.5, 0.0], [0.2, 1.0, -1.0], [3.0, 0.0, 1.0]])
        full = dict(svd_solver="full")
        add("pca", PCA(whiten=True, **full), mixed, mixed[:10] * 1.1)
        add("pca_2", PCA(2, whiten=False, **full), mixed, mixed[:10] * 1.1)

versions = {"sklearn": sklearn.__version__, "numpy": numpy.__version__, "scipy": scipy.__version__}
print(json.dumps({"versions": versions, "cases": cases}))
