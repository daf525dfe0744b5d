"""Regenerates metrics.json: what scikit-learn gives on small fixed arrays. Run it as `python metrics.py > metrics.json`.

It needs scikit-learn 1.9, NumPy and SciPy. Arrays come from a linear congruential generator written out here, so that they do not
change with NumPy's.
"""

import json
import warnings

import numpy as np
import scipy
import sklearn
from scipy.stats import norm
from sklearn import metrics
from sklearn.calibration import calibration_curve

warnings.simplefilter("ignore")


def uniform(n, seed):
    """n numbers from 0 to 1, multiples of 2**-20: exact in float32 and in text."""
    state, values = seed, []
    for _ in range(n):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        values.append((state >> 44) / 2**20)
    return np.array(values)


def binary_case(n, seed, positive_share, decimals):
    """Labels that depend on scores; scores rounded so that there are ties."""
    scores = np.round(uniform(n, seed), decimals)
    labels = (uniform(n, seed + 1) < 2 * positive_share * scores).astype(int)
    return labels, scores, np.round(uniform(n, seed + 2), 3) + 0.125


def counts_of(labels, predictions, weights):
    common = {"sample_weight": weights}
    return {
        "matrix": metrics.confusion_matrix(labels, predictions, **common).tolist(),
        "accuracy": metrics.accuracy_score(labels, predictions, **common),
        "precision": metrics.precision_score(labels, predictions, zero_division=0, **common),
        "recall": metrics.recall_score(labels, predictions, zero_division=0, **common),
        "specificity": metrics.recall_score(labels, predictions, pos_label=0, zero_division=0, **common),
        "f1": metrics.f1_score(labels, predictions, zero_division=0, **common),
        "f2": metrics.fbeta_score(labels, predictions, beta=2, zero_division=0, **common),
        "balanced_accuracy": metrics.balanced_accuracy_score(labels, predictions, **common),
        "mcc": metrics.matthews_corrcoef(labels, predictions, **common),
        "kappa": metrics.cohen_kappa_score(labels, predictions, **common),
    }


def ranking_of(labels, scores, weights):
    common = {"sample_weight": weights}
    false_positive, true_positive, thresholds = metrics.roc_curve(labels, scores, drop_intermediate=False, **common)
    precision, recall, levels = metrics.precision_recall_curve(labels, scores, **common)
    result = {
        "roc_auc": metrics.roc_auc_score(labels, scores, **common),
        "partial_roc_auc_0.3": metrics.roc_auc_score(labels, scores, max_fpr=0.3, **common),
        "average_precision": metrics.average_precision_score(labels, scores, **common),
        # The first threshold is infinity, which JSON does not have.
        "roc": np.stack([thresholds, false_positive, true_positive], axis=1)[1:].tolist(),
    }
    # Ascending thresholds and a last point of precision 1 here; ours start with that point. Of the points after full recall,
    # which scikit-learn keeps too, all are compared.
    result["precision_recall"] = np.stack([levels, recall[:-1], precision[:-1]], axis=1)[::-1].tolist()
    return result


def expected_error(labels, probabilities, bins):
    edges = np.linspace(0, 1, bins + 1)
    index = np.searchsorted(edges[1:-1], probabilities)
    gaps = [abs((labels - probabilities)[index == b].mean()) * (index == b).sum() for b in np.unique(index)]
    return sum(gaps) / len(labels)


def calibration_of(labels, probabilities):
    result = {
        "brier": metrics.brier_score_loss(labels, probabilities),
        "log_loss": metrics.log_loss(labels, probabilities),
        "expected_error_10": expected_error(labels, probabilities, 10),
    }
    for strategy in ["uniform", "quantile"]:
        share, mean = calibration_curve(labels, probabilities, n_bins=10, strategy=strategy)
        result[strategy] = np.stack([mean, share], axis=1).tolist()
    return result


def binary():
    cases = []
    for n, seed, positive_share, decimals in [(40, 1, 0.5, 1), (120, 2, 0.08, 2), (60, 3, 0.9, 6)]:
        labels, scores, weights = binary_case(n, seed, positive_share, decimals)
        predictions = (scores >= 0.5).astype(int)
        cases.append({
            "labels": labels.tolist(),
            "scores": scores.tolist(),
            "weights": weights.tolist(),
            "at_half": counts_of(labels, predictions, None),
            "at_half_weighted": counts_of(labels, predictions, weights),
            "ranking": ranking_of(labels, scores, None),
            "ranking_weighted": ranking_of(labels, scores, weights),
            "calibration": calibration_of(labels, scores),
        })
    return cases


def multiclass():
    cases = []
    for n, classes, seed in [(40, 3, 11), (60, 5, 12)]:
        labels = (uniform(n, seed) * classes).astype(int)
        logits = uniform(n * classes, seed + 1).reshape(n, classes) + 0.3 * np.eye(classes)[labels]
        probabilities = np.exp(4 * logits)
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        predictions = probabilities.argmax(axis=1)
        averages = {}
        for average in ["macro", "micro", "weighted"]:
            common = {"average": average, "zero_division": 0}
            averages[average] = {
                "precision": metrics.precision_score(labels, predictions, **common),
                "recall": metrics.recall_score(labels, predictions, **common),
                "f1": metrics.f1_score(labels, predictions, **common),
                "f0.5": metrics.fbeta_score(labels, predictions, beta=0.5, **common),
            }
        top = (predictions == labels).astype(int)
        cases.append({
            "classes": classes,
            "labels": labels.tolist(),
            "probabilities": probabilities.ravel().tolist(),
            "accuracy": metrics.accuracy_score(labels, predictions),
            "balanced_accuracy": metrics.balanced_accuracy_score(labels, predictions),
            "mcc": metrics.matthews_corrcoef(labels, predictions),
            "kappa": metrics.cohen_kappa_score(labels, predictions),
            "averages": averages,
            "roc_auc_macro": metrics.roc_auc_score(labels, probabilities, multi_class="ovr", average="macro"),
            "average_precision_macro": metrics.average_precision_score(np.eye(classes)[labels], probabilities),
            "log_loss": metrics.log_loss(labels, probabilities),
            "brier": metrics.brier_score_loss(labels, probabilities, scale_by_half=False),
            "expected_error_15": expected_error(top, probabilities.max(axis=1), 15),
        })
    return cases


def regression():
    cases = []
    for n, seed in [(30, 21), (31, 22)]:
        targets = 10 * uniform(n, seed) - 3
        predictions = targets + uniform(n, seed + 1) - 0.4
        cases.append({
            "targets": targets.tolist(),
            "predictions": predictions.tolist(),
            "mean_squared": metrics.mean_squared_error(targets, predictions),
            "root_mean_squared": metrics.root_mean_squared_error(targets, predictions),
            "mean_absolute": metrics.mean_absolute_error(targets, predictions),
            "median_absolute": metrics.median_absolute_error(targets, predictions),
            "largest": metrics.max_error(targets, predictions),
            "r_squared": metrics.r2_score(targets, predictions),
        })
    return cases


def bias_corrected():
    """The mean of a skewed sample, resampled with the rows that are given: the interval of Efron (1987), written out."""
    values = -np.log1p(-0.999 * uniform(12, 31))
    rows = (uniform(12 * 200, 32) * 12).astype(int).reshape(200, 12)
    means = values[rows].mean(axis=1)
    without = np.array([np.delete(values, i).mean() for i in range(12)])
    z0 = norm.ppf(((means < values.mean()).mean() + (means <= values.mean()).mean()) / 2)
    gaps = without.mean() - without
    a = (gaps**3).sum() / (6 * (gaps**2).sum() ** 1.5)
    z = z0 + norm.ppf([0.025, 0.975])
    shares = norm.cdf(z0 + z / (1 - a * z))
    # Against SciPy's own, whose resamples are drawn by its generator: 10 000 of them know an end to a few hundredths.
    theirs = scipy.stats.bootstrap((values,), np.mean, n_resamples=10_000, random_state=0).confidence_interval
    return {"values": values.tolist(), "shares": shares.tolist(), "z0": z0, "a": a, "means": means.tolist(),
            "without": without.tolist(), "scipy": [theirs.low, theirs.high]}


print(json.dumps({
    "made_with": f"scikit-learn {sklearn.__version__}, NumPy {np.__version__}, SciPy {scipy.__version__}",
    "binary": binary(),
    "multiclass": multiclass(),
    "regression": regression(),
    "bias_corrected": bias_corrected(),
}))
