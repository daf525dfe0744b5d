//! Values of scikit-learn and pandas, made by `tests/reference/features.py`.

use evenkeel_data::encode::{DropLevel, OneHot, Ordinal, Target, TargetMean, Unseen, UnseenOrdinal};
use evenkeel_data::feature::{Bins, DatePart, Dates, Extrapolation, Polynomial, Splines};
use evenkeel_data::impute::Impute;
use evenkeel_data::table::{Categorical, Column, Table};
use evenkeel_data::{FitBoxed, Seed, Tensor};
use serde_json::Value;

fn reference() -> Value {
    serde_json::from_str(include_str!("../reference/features.json")).unwrap()
}

fn array(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

fn matrix(rows: &Value) -> Tensor<f64> {
    let number = |x: &Value| x.as_f64().unwrap_or(f64::NAN);
    let rows: Vec<Vec<f64>> = array(rows).iter().map(|row| array(row).iter().map(number).collect()).collect();
    Tensor::try_from(rows).unwrap()
}

fn table(rows: &Value) -> Table {
    let column = |at: usize, name: &str| {
        Column::categorical(name, Categorical::from_values(array(rows).iter().map(|row| row[at].as_str())))
    };
    Table::new(vec![column(0, "a"), column(1, "b")]).unwrap()
}

fn step(name: &str) -> Option<Box<dyn FitBoxed<f64>>> {
    let splines = || Splines::default().with_knots(7);
    Some(match name {
        "impute_mean" | "impute_left_out" => Box::new(Impute::mean()),
        "impute_median" => Box::new(Impute::median()),
        "impute_most_frequent" => Box::new(Impute::most_frequent()),
        "impute_constant" => Box::new(Impute::constant(-7.5)),
        "impute_indicators" => Box::new(Impute::mean().with_indicators()),
        "impute_kept_empty" => Box::new(Impute::mean().keeping_empty(0.0)),
        "polynomial_2" => Box::new(Polynomial::degree(2)),
        "polynomial_3_bias" => Box::new(Polynomial::degree(3).with_bias()),
        "polynomial_3_interactions" => Box::new(Polynomial::degree(3).interactions_only()),
        "polynomial_4" => Box::new(Polynomial::degree(4)),
        "bins_uniform_ordinal" => Box::new(Bins::uniform(4)),
        "bins_uniform_onehot-dense" => Box::new(Bins::uniform(4).one_hot()),
        "bins_quantile_ordinal" => Box::new(Bins::quantile(4)),
        "bins_quantile_onehot-dense" => Box::new(Bins::quantile(4).one_hot()),
        "bins_kmeans_ordinal" => Box::new(Bins::k_means(4)),
        "bins_kmeans_onehot-dense" => Box::new(Bins::k_means(4).one_hot()),
        "splines_quantile" => {
            Box::new(Splines::default().by_quantiles().extrapolated(Extrapolation::Linear).without_bias())
        }
        "dates" => Box::new(Dates::of([
            DatePart::Year,
            DatePart::Month,
            DatePart::Day,
            DatePart::Weekday,
            DatePart::Hour,
            DatePart::DayOfYear,
        ])),
        name => {
            let (degree, extrapolation) = name.strip_prefix("splines_")?.split_once('_')?;
            let extrapolation = match extrapolation {
                "constant" => Extrapolation::Constant,
                "linear" => Extrapolation::Linear,
                _ => Extrapolation::Periodic,
            };
            Box::new(splines().with_degree(degree.parse().unwrap()).extrapolated(extrapolation))
        }
    })
}

fn encode(case: &Value, x: &Table, new: &Table) -> Tensor<f64> {
    let ignore = OneHot::default().unseen(Unseen::Ignore);
    let other = OneHot::default().unseen(Unseen::Other);
    let one_hot = |encoder: OneHot| encoder.fit(x).unwrap().transform(new).unwrap();
    let ordinal = Ordinal::default().unseen(UnseenOrdinal::Value(-1.0));
    match case["name"].as_str().unwrap() {
        "one_hot" => one_hot(ignore),
        "one_hot_first" => one_hot(ignore.drop_level(DropLevel::First)),
        "one_hot_binary" => one_hot(ignore.drop_level(DropLevel::IfBinary)),
        "one_hot_count" => one_hot(other.min_count(12)),
        "one_hot_share" => one_hot(other.min_share(0.15)),
        "ordinal" => ordinal.fit(x).unwrap().transform(new).unwrap(),
        "ordinal_order" => {
            let order = ordinal.with_order("a", ["ten", "seven", "violet", "red", "green", "blue"]);
            order.with_order("b", ["green", "red"]).fit(x).unwrap().transform(new).unwrap()
        }
        "target" => {
            let encoder = TargetMean::new(Seed(7));
            let encoder = case["smooth"].as_f64().map_or(encoder, |m| encoder.m_estimate(m));
            let values: Vec<f64> = array(&case["target"]).iter().map(|y| y.as_f64().unwrap()).collect();
            let labels: Vec<u32> = values.iter().map(|&y| y as u32).collect();
            let is_continuous = case["kind"] == "continuous";
            let target = if is_continuous { Target::Values(&values) } else { Target::Classes(&labels) };
            encoder.fit(x, target).unwrap().transform(new).unwrap()
        }
        other => panic!("{other}"),
    }
}

#[test]
fn values_are_those_of_scikit_learn() {
    let reference = reference();
    let cases = array(&reference["cases"]);
    assert_eq!(cases.len(), 46);
    let mut failures = Vec::new();
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let data = &reference["tables"][case["table"].as_str().unwrap()];
        let expected = matrix(&case["y"]);
        let got = match step(name) {
            Some(step) => {
                let fitted = step.fit_boxed(&matrix(&data["x"])).unwrap();
                if case["names"].is_array() {
                    let names: Vec<String> =
                        ["a", "b", "c"].map(String::from)[..matrix(&data["x"]).shape()[1]].to_vec();
                    let expected: Vec<&str> = array(&case["names"]).iter().map(|name| name.as_str().unwrap()).collect();
                    assert_eq!(fitted.names(&names).unwrap(), expected, "{name}");
                }
                fitted.transform(&matrix(&data["new"])).unwrap()
            }
            None => encode(case, &table(&data["x"]), &table(&data["new"])),
        };
        assert_eq!(got.shape(), expected.shape(), "{name}");
        for (at, (&a, &b)) in got.as_slice().iter().zip(expected.as_slice()).enumerate() {
            // Sums of at most 60 terms of one sign, and splines of at most 5 steps with values up to 1e2 beyond their ends.
            let is_close = (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-11 * b.abs().max(1.0);
            if !is_close {
                failures.push(format!("{name} of {}: element {at}: {a} for {b}", case["table"]));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
