//! Methods without chance against imbalanced-learn and scikit-learn: tests/reference/balance.json, made by balance.py
//! beside it, holds the data, the results and the versions.

use evenkeel_data::balance::{
    Adasyn, Agreement, BorderlineSmote, ClassWeights, EditedNearestNeighbours, Neighbours, Resample, SmoteNc,
    TomekLinks,
};
use evenkeel_data::{Seed, Tensor};
use serde_json::Value;

struct Case {
    json: Value,
    x: Tensor<f64>,
    labels: Vec<u32>,
    classes: usize,
}

impl Case {
    fn new(json: Value) -> Self {
        let x: Vec<f64> = json["x"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
        let labels: Vec<u32> = integers(&json["labels"]).into_iter().map(|label| label as u32).collect();
        let columns = json["columns"].as_u64().unwrap() as usize;
        let classes = *labels.iter().max().unwrap() as usize + 1;
        Self { json, x: Tensor::from_vec([labels.len(), columns], x).unwrap(), labels, classes }
    }

    fn rows(&self, method: &impl Resample<f64>) -> Vec<usize> {
        let resampled = method.resample(&self.x, &self.labels, self.classes, Seed(0)).unwrap();
        assert!(resampled.made.is_empty());
        resampled.rows
    }
}

fn integers(json: &Value) -> Vec<usize> {
    json.as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect()
}

fn reference() -> Value {
    serde_json::from_str(include_str!("../../reference/balance.json")).unwrap()
}

fn cases() -> Vec<Case> {
    let cases: Vec<_> = reference()["cases"].as_array().unwrap().iter().cloned().map(Case::new).collect();
    assert_eq!(cases.len(), 4);
    cases
}

#[test]
fn class_weights() {
    for case in cases() {
        let mut counts = vec![0; case.classes];
        case.labels.iter().for_each(|&label| counts[label as usize] += 1);
        let weights = ClassWeights::balanced(&counts).unwrap();
        for (weight, expected) in weights.as_slice().iter().zip(case.json["weights"].as_array().unwrap()) {
            assert!((weight - expected.as_f64().unwrap()).abs() <= 4.0 * f64::EPSILON * weight);
        }
    }
}

#[test]
fn nearest_neighbours() {
    for case in cases() {
        let nearest = Neighbours::among(&case.x).unwrap().of_points(&Vec::from_iter(0..case.labels.len()), 5).unwrap();
        for (found, expected) in nearest.rows().zip(case.json["neighbours"].as_array().unwrap()) {
            assert_eq!(found, integers(expected));
        }
    }
}

#[test]
fn tomek_links() {
    for case in cases() {
        assert_eq!(case.rows(&TomekLinks::new()), integers(&case.json["tomek_auto"]));
        assert_eq!(case.rows(&TomekLinks::new().all_classes()), integers(&case.json["tomek_all"]));
    }
}

#[test]
fn edited_nearest_neighbours() {
    for case in cases() {
        for (kind, agreement) in [("all", Agreement::All), ("mode", Agreement::Mode)] {
            for k in [3, 4] {
                let method = EditedNearestNeighbours::new(k).agreement(agreement);
                assert_eq!(case.rows(&method), integers(&case.json[format!("enn_auto_{kind}_{k}")]));
                assert_eq!(case.rows(&method.all_classes()), integers(&case.json[format!("enn_all_{kind}_{k}")]));
            }
        }
    }
}

#[test]
fn danger_sets() {
    for case in cases() {
        for (class, rows) in case.json["danger"].as_object().unwrap() {
            let danger = BorderlineSmote::one().danger(&case.x, &case.labels, case.classes, class.parse().unwrap());
            assert_eq!(danger.unwrap(), integers(rows));
        }
    }
}

#[test]
fn adasyn_counts() {
    for case in cases() {
        let minority = case.json["minority"].as_u64().unwrap() as usize;
        let resampled = Adasyn::default().resample(&case.x, &case.labels, case.classes, Seed(0)).unwrap();
        let members = (0..case.labels.len()).filter(|&row| case.labels[row] as usize == minority);
        let counts: Vec<_> =
            members.map(|row| resampled.made.iter().filter(|parents| parents.row == row).count()).collect();
        assert_eq!(counts, integers(&case.json["adasyn"]));
        let mut totals = vec![0; case.classes];
        resampled.labels.iter().for_each(|&label| totals[label as usize] += 1);
        assert_eq!(totals, integers(&case.json["adasyn_totals"]));
    }
}

/// The neighbours that SMOTE-NC interpolates to are those of imbalanced-learn's penalty.
#[test]
fn mixed_columns() {
    let case = Case::new(reference()["mixed"].clone());
    let resampled = SmoteNc::new([1, 3]).resample(&case.x, &case.labels, 2, Seed(1)).unwrap();
    let (rows, neighbours) = (integers(&case.json["rows"]), case.json["neighbours"].as_array().unwrap());
    assert_eq!(resampled.made.len(), 44);
    for parents in &resampled.made {
        let member = rows.binary_search(&parents.row).unwrap();
        assert!(integers(&neighbours[member]).contains(&parents.neighbour));
    }
}
