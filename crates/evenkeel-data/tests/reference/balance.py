"""Reference values for tests/suite/balance/reference.rs, from imbalanced-learn and scikit-learn.

Run `python balance.py > balance.json` with imbalanced-learn, scikit-learn and NumPy installed; the versions used are in the file.
"""

import json
import warnings

import imblearn
import numpy as np
import sklearn
from imblearn.over_sampling import ADASYN, SMOTENC, BorderlineSMOTE
from imblearn.under_sampling import EditedNearestNeighbours, TomekLinks
from sklearn.neighbors import NearestNeighbors
from sklearn.utils.class_weight import compute_class_weight

warnings.simplefilter("ignore")


def groups(rng, counts, columns, spread):
    """Groups that overlap, in random order, with few digits so that the file is small and exact."""
    x = np.concatenate([rng.normal(spread * c, 1.0, (n, columns)) for c, n in enumerate(counts)])
    y = np.repeat(np.arange(len(counts)), counts)
    order = rng.permutation(len(y))
    return np.round(x[order], 4), y[order]


def case(rng, counts, columns, spread):
    x, y = groups(rng, counts, columns, spread)
    minority = int(np.argmin(counts))
    nearest = NearestNeighbors(n_neighbors=6, algorithm="brute").fit(x)
    out = {
        "columns": columns,
        "x": x.ravel().tolist(),
        "labels": y.tolist(),
        "minority": minority,
        "weights": compute_class_weight("balanced", classes=np.arange(len(counts)), y=y).tolist(),
        "neighbours": nearest.kneighbors(x, return_distance=False)[:, 1:].tolist(),
    }
    for name in ("auto", "all"):
        tomek = TomekLinks(sampling_strategy=name)
        tomek.fit_resample(x, y)
        out[f"tomek_{name}"] = np.sort(tomek.sample_indices_).tolist()
        for kind in ("all", "mode"):
            for k in (3, 4):
                enn = EditedNearestNeighbours(sampling_strategy=name, kind_sel=kind, n_neighbors=k)
                enn.fit_resample(x, y)
                out[f"enn_{name}_{kind}_{k}"] = np.sort(enn.sample_indices_).tolist()
    smote = BorderlineSMOTE(random_state=0)
    smote.fit_resample(x, y)
    out["danger"] = {str(c): rows.tolist() for c, rows in smote.in_danger_indices.items()}
    out["adasyn"] = adasyn_counts(x, y, minority)
    out["adasyn_totals"] = np.bincount(ADASYN(random_state=0).fit_resample(x, y)[1]).tolist()
    return out


def adasyn_counts(x, y, minority):
    """The rows made from each member: at step 0, each made row is the member that it is made from."""

    class Zero(np.random.RandomState):
        def uniform(self, *args, size=None, **kwargs):
            return np.zeros(size)

    resampled, labels = ADASYN(random_state=Zero(0)).fit_resample(x, y)
    made = resampled[len(x) :][labels[len(x) :] == minority]
    return [int((made == row).all(axis=1).sum()) for row in x[y == minority]]


def mixed(rng):
    """SMOTE-NC: the median deviation, and the categories that each made row may have."""
    x, y = groups(rng, (60, 16), 3, 1.0)
    districts = rng.integers(0, 4, len(y))
    kinds = rng.integers(0, 2, len(y)) * 10
    x = np.column_stack([x[:, 0], districts, x[:, 1], kinds, x[:, 2]])
    smote = SMOTENC(categorical_features=[1, 3], random_state=0)
    smote.fit_resample(x, y)
    median = smote.median_std_[1]
    members = x[y == 1]
    numbers = members[:, [0, 2, 4]]
    distances = ((numbers[:, None] - numbers[None]) ** 2).sum(-1)
    for column in (1, 3):
        distances += median**2 * (members[:, None, column] != members[None, :, column])
    np.fill_diagonal(distances, np.inf)
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :5]
    # The neighbours that imbalanced-learn itself searches have to be these.
    found = smote.nn_k_.kneighbors(return_distance=False)[:, :5]
    assert (np.sort(found) == np.sort(nearest)).all()
    return {
        "columns": 5,
        "x": x.ravel().tolist(),
        "labels": y.tolist(),
        "median": median,
        "rows": np.flatnonzero(y == 1).tolist(),
        "neighbours": np.flatnonzero(y == 1)[nearest].tolist(),
    }


def main():
    rng = np.random.default_rng(5)
    cases = [
        case(rng, (90, 14), 2, 1.2),
        case(rng, (70, 20, 30), 3, 1.0),
        case(rng, (80, 15), 20, 0.4),
        case(rng, (12, 60), 4, 0.8),
    ]
    versions = {"imbalanced-learn": imblearn.__version__, "scikit-learn": sklearn.__version__, "numpy": np.__version__}
    print(json.dumps({"versions": versions, "cases": cases, "mixed": mixed(rng)}))


main()
