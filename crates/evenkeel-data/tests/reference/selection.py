"""Regenerates selection.json: what scikit-learn's filters and SciPy's tails give.

    python tests/reference/selection.py > tests/reference/selection.json
"""

import json
import warnings

import numpy
import scipy
import sklearn
from scipy import special, stats
from sklearn import feature_selection

warnings.simplefilter("ignore")
rng = numpy.random.default_rng(7)


def numbers(values):
    return [float(value) for value in values]


def tail_values():
    """Arguments, then the value; values below 1e-290 have lost digits."""
    beta = [
        [a, b, x, special.betainc(a, b, x)]
        for a in [0.5, 1.0, 2.5, 20.0, 150.0]
        for b in [0.5, 3.0, 40.0]
        for x in [0.01, 0.25, 0.6, 0.97]
    ]
    gamma = [
        [a, x, special.gammaincc(a, x)]
        for a in [0.5, 1.0, 4.5, 50.0, 1000.0]
        for x in [a * 0.1, a * 0.9, a, a + 2.0 * a**0.5, 3.0 * a]
    ]
    f = [
        [x, above, below, special.fdtrc(above, below, x)]
        for above in [1.0, 2.0, 9.0]
        for below in [3.0, 38.0, 1e3, 999_998.0]
        for x in [0.01, 0.9, 1.0, 4.0, 30.0]
    ]
    chi2 = [
        [x, freedom, special.chdtrc(freedom, x)]
        for freedom in [1.0, 2.0, 5.0, 30.0, 999.0]
        for x in [0.01, 0.5, 1.0, 7.0, 40.0, 300.0, 1200.0]
    ]
    digamma = [[n, special.digamma(n)] for n in [1, 2, 3, 7, 15, 16, 100, 1023, 1024, 1_000_000]]
    values = {"beta": beta, "gamma_upper": gamma, "f": f, "chi2": chi2, "digamma": digamma}
    return {name: [numbers(case) for case in cases if case[-1] > 1e-290 or name == "digamma"] for name, cases in values.items()}


def table(rows, classes):
    """Columns of which the first ones tell of the class, in several units, and the last one lies beside a large offset."""
    labels = rng.permutation(numpy.arange(rows) ** 2 // (rows // 2) % classes)
    x = numpy.column_stack(
        [
            rng.normal(labels, 1.0),
            rng.normal(0.0, 1.0, rows) * (1.0 + labels),
            numpy.exp(rng.normal(0.4 * labels, 1.0)) * 1e3,
            rng.normal(0.0, 1e-3, rows),
            rng.poisson(1.0 + labels).astype(float),
            rng.integers(0, 3, rows).astype(float),
            1e6 + rng.normal(0.2 * labels, 1.0),
        ]
    )
    return x, labels


def case(name, columns, scores, p_values=None):
    line = {"name": name, "columns": list(columns), "score": numbers(scores)}
    return line | ({} if p_values is None else {"p_value": numbers(p_values)})


def cases(x, labels, y):
    every = range(x.shape[1])
    yield case("anova_f", every, *feature_selection.f_classif(x, labels))
    yield case("chi2", every, *feature_selection.chi2(numpy.abs(x), labels))
    # At a threshold of 0 it gives the lesser of variance and range.
    yield case("variance", every, feature_selection.VarianceThreshold(1e-12).fit(x).variances_)
    yield case("f_regression", every, *feature_selection.f_regression(x, y))
    for name, correlation in [("pearson", stats.pearsonr), ("spearman", stats.spearmanr)]:
        results = [correlation(column, y) for column in x.T]
        yield case(name, every, [r.statistic for r in results], [r.pvalue for r in results])
    # Columns without equal values or a large offset, since scikit-learn adds noise of 1e-10 of the mean magnitude; and classes in which it
    # does not take the k-th distance from dot products, whose rounding puts the k-th neighbour on either side.
    continuous = [0, 1, 2, 3]
    for k in [1, 3, 7]:
        assert numpy.bincount(labels).min() // 2 > k
        information = feature_selection.mutual_info_classif(x[:, continuous], labels, n_neighbors=k, random_state=0)
        yield case(f"neighbours_{k}", continuous, information)
    discrete = [4, 5]
    information = feature_selection.mutual_info_classif(x[:, discrete], labels, discrete_features=True)
    yield case("counts", discrete, information)


def tables():
    for rows, classes in [(60, 2), (90, 3), (120, 5)]:
        x, labels = table(rows, classes)
        y = x[:, 0] + 0.5 * x[:, 3] * 1e3 + rng.normal(0.0, 1.0, rows)
        line = {"x": [numbers(row) for row in x], "labels": labels.tolist(), "y": numbers(y)}
        yield line | {"cases": list(cases(x, labels, y))}


def kept():
    """The columns that scikit-learn's rules keep by given p-values."""
    for p_values in [
        [0.001, 0.2, 0.03, 0.012, 0.9, 0.0001, 0.04],
        [0.01, 0.02, 0.03, 0.04, 0.05],
        numbers(rng.uniform(0.0, 1.0, 30) ** 3),
    ]:
        p_values = numpy.array(p_values)
        x = numpy.zeros((2, len(p_values)))
        score = lambda x, y: (1.0 - p_values, p_values)
        rules = {
            "p_below": feature_selection.SelectFpr(score, alpha=0.05),
            "false_discovery_rate": feature_selection.SelectFdr(score, alpha=0.05),
            "family_wise": feature_selection.SelectFwe(score, alpha=0.05),
            "top": feature_selection.SelectKBest(score, k=3),
        }
        columns = {name: rule.fit(x, [0, 1]).get_support(indices=True).tolist() for name, rule in rules.items()}
        yield {"p_value": numbers(p_values)} | columns


versions = {"scikit-learn": sklearn.__version__, "scipy": scipy.__version__, "numpy": numpy.__version__}
values = {"versions": versions, "special": tail_values(), "tables": list(tables()), "kept": list(kept())}
print(json.dumps(values))
