//! Values of scikit-learn and SciPy, made by `tests/reference/selection.py`.

use evenkeel_data::Tensor;
use evenkeel_data::select::{MutualInformation, Scores, anova_f, chi2, f_regression, pearson, spearman, variance};
use serde_json::Value;

fn reference() -> Value {
    serde_json::from_str(include_str!("../../reference/selection.json")).unwrap()
}

fn numbers(values: &Value) -> Vec<f64> {
    values.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn scores(name: &str, x: &Tensor<f64>, labels: &[u32], y: &[f64]) -> Scores {
    let scores = match name {
        "anova_f" => anova_f(x, labels),
        "chi2" => chi2(&x.map(f64::abs), labels),
        "variance" => variance(x),
        "f_regression" => f_regression(x, y),
        "pearson" => pearson(x, y),
        "spearman" => spearman(x, y),
        "counts" => MutualInformation::counts().scores(x, labels),
        other => {
            let k = other.strip_prefix("neighbours_").unwrap().parse().unwrap();
            MutualInformation::neighbours(k).scores(x, labels)
        }
    };
    scores.unwrap()
}

#[test]
fn scores_are_those_of_scikit_learn() {
    let reference = reference();
    let tables = reference["tables"].as_array().unwrap();
    assert_eq!(tables.len(), 3);
    let mut failures = Vec::new();
    for table in tables {
        let x: Vec<Vec<f64>> = table["x"].as_array().unwrap().iter().map(numbers).collect();
        let (x, y) = (Tensor::try_from(x).unwrap(), numbers(&table["y"]));
        let labels: Vec<u32> = numbers(&table["labels"]).into_iter().map(|label| label as u32).collect();
        let cases = table["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 10);
        for case in cases {
            let name = case["name"].as_str().unwrap();
            let columns: Vec<usize> = numbers(&case["columns"]).into_iter().map(|column| column as usize).collect();
            let got = scores(name, &x.index_select(1, &columns), &labels, &y);
            let mut compare = |what: &str, got: &[f64], expected: Vec<f64>| {
                assert_eq!(got.len(), columns.len(), "{name}");
                for ((column, a), b) in columns.iter().zip(got).zip(expected) {
                    // scikit-learn's F is of sums of squares, which beside the last column's offset of 1e6 leave 1e-16 (1e6)² = 1e-4
                    // of a variance of 1.
                    let is_rough = ["anova_f", "f_regression"].contains(&name) && *column == 6;
                    let allowed = if is_rough { 2e-2 * b.abs().max(1.0) } else { 1e-9 * b.abs().max(1e-3) };
                    if (a - b).abs() > allowed {
                        failures.push(format!("{name}: {what} of column {column}: {a} for {b}"));
                    }
                }
            };
            compare("score", got.score(), numbers(&case["score"]));
            if case["p_value"].is_array() {
                compare("p", got.p_value().unwrap(), numbers(&case["p_value"]));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn rules_keep_what_scikit_learn_keeps() {
    let reference = reference();
    for case in reference["kept"].as_array().unwrap() {
        let p = numbers(&case["p_value"]);
        let scores = Scores::new("p", p.iter().map(|p| 1.0 - p).collect(), Some(p)).unwrap();
        let rules = [
            ("p_below", scores.p_below(0.05)),
            ("false_discovery_rate", scores.false_discovery_rate(0.05)),
            ("family_wise", scores.family_wise(0.05)),
            ("top", scores.top(3)),
        ];
        for (rule, selection) in rules {
            let expected: Vec<usize> = numbers(&case[rule]).into_iter().map(|column| column as usize).collect();
            match selection {
                Ok(selection) => assert_eq!(selection.indices(), expected, "{rule}"),
                Err(error) => assert!(expected.is_empty(), "{rule}: {error}"),
            }
        }
    }
}
