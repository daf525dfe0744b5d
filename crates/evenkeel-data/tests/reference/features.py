"""Regenerates features.json: what scikit-learn's imputers, encoders and features, and pandas' dates, give for small tables.

    python tests/reference/features.py > tests/reference/features.json
"""

import json
import warnings

import numpy
import pandas
import sklearn
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import (
    KBinsDiscretizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    SplineTransformer,
    TargetEncoder,
)

warnings.simplefilter("ignore")
rng = numpy.random.default_rng(7)


def numbers(a):
    return [[None if numpy.isnan(v) else float(v) for v in row] for row in numpy.asarray(a, dtype=float)]


def strings(a):
    return [[v if isinstance(v, str) else None for v in row] for row in a]


tables, cases = {}, []


def matrix(name, transformer, table, x, new, names=None):
    tables[table] = {"x": numbers(x), "new": numbers(new)}
    case = {"name": name, "table": table, "y": numbers(transformer.fit(x).transform(new))}
    if names is not None:
        case["names"] = list(transformer.get_feature_names_out(names))
    cases.append(case)


# Numbers of different laws, the third of few values.
x = numpy.column_stack(
    [rng.normal(3.0, 2.0, 40), numpy.exp(rng.normal(0.0, 1.0, 40)) * 10, rng.integers(0, 4, 40).astype(float)]
)
new = x[:15] * 1.4 - 0.7
holes = x.copy()
holes[rng.random(holes.shape) < 0.2] = numpy.nan
new_holes = new.copy()
new_holes[rng.random(new_holes.shape) < 0.2] = numpy.nan
new_holes[0] = numpy.nan

for strategy in ["mean", "median", "most_frequent", "constant"]:
    fill = dict(fill_value=-7.5) if strategy == "constant" else {}
    matrix(f"impute_{strategy}", SimpleImputer(strategy=strategy, **fill), "holes", holes, new_holes)
some = holes.copy()
some[:, 1] = x[:, 1]
matrix("impute_indicators", SimpleImputer(add_indicator=True), "some", some, new_holes)
empty = holes.copy()
empty[:, 1] = numpy.nan
matrix("impute_left_out", SimpleImputer(), "empty", empty, new_holes)
matrix("impute_kept_empty", SimpleImputer(keep_empty_features=True), "empty", empty, new_holes)

abc = ["a", "b", "c"]
matrix("polynomial_2", PolynomialFeatures(2, include_bias=False), "full", x, new, abc)
matrix("polynomial_3_bias", PolynomialFeatures(3), "full", x, new, abc)
matrix("polynomial_3_interactions", PolynomialFeatures(3, interaction_only=True, include_bias=False), "full", x, new, abc)
matrix("polynomial_4", PolynomialFeatures(4, include_bias=False), "full", x, new, abc)

for strategy in ["uniform", "quantile", "kmeans"]:
    more = dict(quantile_method="linear") if strategy == "quantile" else {}
    for encode in ["ordinal", "onehot-dense"]:
        bins = KBinsDiscretizer(4, encode=encode, strategy=strategy, subsample=None, **more)
        matrix(f"bins_{strategy}_{encode}", bins, "full", x, new)

for degree in [1, 2, 3, 5]:  # of degree 0 it fails beyond the extremes
    for extrapolation in ["constant", "linear", "periodic"]:
        spline = SplineTransformer(7, degree, extrapolation=extrapolation)
        # Of degree 1 its linear extrapolation does not sum to 1, not even between the extremes.
        if (degree, extrapolation) != (1, "linear"):
            matrix(f"splines_{degree}_{extrapolation}", spline, "full", x, new, abc)
quantiles = SplineTransformer(5, 3, knots="quantile", extrapolation="linear", include_bias=False)
matrix("splines_quantile", quantiles, "two", x[:, :2], new[:, :2], abc[:2])

# Levels, some missing, and one that only new data have.
levels = numpy.array(["red", "green", "blue", "7", "10"], dtype=object)
train = numpy.column_stack([levels[rng.integers(0, 5, 60)], levels[rng.integers(0, 2, 60)]])
train[:3, 0] = "violet"
train[5:9, 0] = None
fresh = train[:25].copy()
fresh[1, 0] = "orange"
fresh[2, 1] = "blue"
fresh[7, 1] = None


def encoded(name, encoder, table, new=fresh, x=train, y=None, rest=None):
    encoder.fit(x, y)
    tables[table] = {"x": strings(x), "new": strings(new)}
    cases.append({"name": name, "table": table, "y": numbers(encoder.transform(new)), **(rest or {})})


# Beside each other, numbers come first here, and in ascending order; scikit-learn orders letters. So without numbers.
letters = train.copy()
letters[letters == "7"] = "seven"
letters[letters == "10"] = "ten"
new_letters = fresh.copy()
new_letters[new_letters == "7"] = "seven"
new_letters[new_letters == "10"] = "ten"
one_hot = dict(sparse_output=False)
encoded("one_hot", OneHotEncoder(handle_unknown="ignore", **one_hot), "letters", new_letters, letters)
encoded("one_hot_first", OneHotEncoder(handle_unknown="ignore", drop="first", **one_hot), "letters", new_letters, letters)
encoded("one_hot_binary", OneHotEncoder(handle_unknown="ignore", drop="if_binary", **one_hot), "letters", new_letters, letters)
rare = dict(handle_unknown="infrequent_if_exist", **one_hot)
encoded("one_hot_count", OneHotEncoder(min_frequency=12, **rare), "letters", new_letters, letters)
encoded("one_hot_share", OneHotEncoder(min_frequency=0.15, **rare), "letters", new_letters, letters)
# Here a missing level stays missing; there it is unknown where the training data had none.
new_letters = new_letters.copy()
new_letters[7, 1] = "red"
# It takes None for a level.
letters[letters == None] = numpy.nan  # noqa: E711
new_letters[new_letters == None] = numpy.nan  # noqa: E711
unknown = dict(handle_unknown="use_encoded_value", unknown_value=-1)
encoded("ordinal", OrdinalEncoder(**unknown), "ordinal", new_letters, letters)
order = [["ten", "seven", "violet", "red", "green", "blue"], ["green", "red"]]
with_none = [order[0] + [numpy.nan], order[1]]
encoded("ordinal_order", OrdinalEncoder(categories=with_none, **unknown), "ordinal", new_letters, letters)

values = rng.normal(5.0, 3.0, 60) + (train[:, 0] == "red") * 4
binary = (rng.random(60) < 0.3).astype(int)
three = rng.integers(0, 3, 60)
for smooth in ["auto", 0.0, 2.5]:
    for kind, target in [("continuous", values), ("binary", binary), ("multiclass", three)]:
        encoder = TargetEncoder(smooth=smooth, target_type=kind)
        rest = {"kind": kind, "smooth": smooth, "target": [float(v) for v in target]}
        encoded("target", encoder, "levels", fresh, train, target, rest)

moments = pandas.to_datetime(
    [
        "1970-01-01",
        "2024-02-29T23:59:59",
        "2023-03-01T06:00",
        "1969-12-31T23:59:59.5",
        "1900-02-28",
        "2000-12-31T12:34:56",
        "0001-01-01",
        "9999-12-31",
    ],
    format="ISO8601",
).as_unit("ms")
parts = ["year", "month", "day", "weekday", "hour", "dayofyear"]
seconds = numbers((moments.astype("int64").to_numpy() / 1000.0).reshape(-1, 1))
tables["dates"] = {"x": seconds, "new": seconds}
cases.append(
    {
        "name": "dates",
        "table": "dates",
        "y": numbers(numpy.column_stack([getattr(moments, part) for part in parts])),
    }
)

versions = {"sklearn": sklearn.__version__, "numpy": numpy.__version__, "pandas": pandas.__version__}
print(json.dumps({"versions": versions, "tables": tables, "cases": cases}))
