//! Searches with a model: what they try, what they report, and what they refuse.

use std::collections::BTreeSet;

use evenkeel_data::select::{Elimination, L1Path, PermutationImportance, Sequential, Stability, TradeOff, lambdas};
use evenkeel_data::{DataError, Seed, TableError, Tensor};
use proptest::prelude::*;

type Folds = [(f64, f64); 3];
const FOLDS: Folds = [(0.0, -0.01), (0.0, 0.0), (0.0, 0.01)];

fn run(search: Sequential, columns: usize, score: impl Fn(&[usize]) -> f64) -> Result<TradeOff, DataError> {
    search.run(columns, &FOLDS, |columns, _, shift| Ok(score(columns) + shift))
}

proptest! {
    /// Where columns add up, every search finds the best set of each size.
    #[test]
    fn searches_find_the_best_where_columns_add_up(worth in prop::collection::vec(-1.0f64..1.0, 1..7)) {
        let mut order: Vec<usize> = (0..worth.len()).collect();
        order.sort_by(|&a, &b| worth[b].total_cmp(&worth[a]));
        let sum = |columns: &[usize]| columns.iter().map(|&column| worth[column]).sum::<f64>();
        let eliminated = Elimination::default().run(worth.len(), &FOLDS, |columns, _, shift| {
            Ok::<_, DataError>((sum(columns) + shift, columns.iter().map(|&column| worth[column]).collect()))
        });
        let (forward, backward) = (Sequential::forward(), Sequential::backward());
        let sequential = [forward, backward, forward.floating(), backward.floating()].map(|s| run(s, worth.len(), sum));
        for report in sequential.into_iter().chain([eliminated]) {
            let report = report.unwrap();
            prop_assert_eq!(report.trials().len(), worth.len());
            for (size, trial) in report.trials().iter().enumerate() {
                let mut expected = order[..=size].to_vec();
                expected.sort_unstable();
                prop_assert_eq!(&trial.columns, &expected);
                prop_assert!((trial.mean() - sum(&expected)).abs() < 1e-12);
                // Scores -0.01, 0 and 0.01: a standard deviation of 0.01, over the root of 3.
                prop_assert!((trial.standard_error() - 0.01 / 3f64.sqrt()).abs() < 1e-12);
            }
            let (best, chosen) = (report.best(), report.within_one_standard_error());
            prop_assert!(report.trials().iter().all(|trial| trial.mean() <= best.mean()));
            prop_assert!(chosen.columns.len() <= best.columns.len());
            prop_assert!(chosen.mean() >= best.mean() - best.standard_error());
            let smaller = report.trials().iter().filter(|trial| trial.columns.len() < chosen.columns.len());
            prop_assert!(smaller.into_iter().all(|t| t.mean() < best.mean() - best.standard_error()));
        }
    }
}

/// Column 0 is the best alone, and superfluous once 1 and 2 are in: a forward search keeps it, a floating one lets it go.
#[test]
fn floating_lets_go_what_others_made_superfluous() {
    let score = |columns: &[usize]| match columns {
        [0] => 0.5,
        [0, 1] => 0.6,
        [1, 2] => 0.9,
        [0, 1, 2] => 0.85,
        [_] => 0.3,
        [_, _] => 0.55,
        [1, 2, 3] => 0.95,
        _ => 0.8,
    };
    let of_size = |report: &TradeOff, size: usize| report.trials()[size - 1].columns.clone();
    let plain = run(Sequential::forward().up_to(3), 4, score).unwrap();
    assert_eq!((of_size(&plain, 2), of_size(&plain, 3)), (vec![0, 1], vec![0, 1, 2]));
    let floating = run(Sequential::forward().floating().up_to(3), 4, score).unwrap();
    assert_eq!((of_size(&floating, 2), of_size(&floating, 3)), (vec![1, 2], vec![1, 2, 3]));
    assert_eq!(floating.selection().unwrap().indices(), [1, 2, 3]);
}

#[test]
fn no_set_is_tried_twice() {
    let mut tried = BTreeSet::new();
    let report = Sequential::forward().floating().run(5, &FOLDS[..2], |columns, _, shift| {
        tried.insert((columns.to_vec(), shift.to_bits()));
        Ok::<_, DataError>(((columns.len() * 7 + columns[0] * 5) as f64).sin())
    });
    let report = report.unwrap();
    assert_eq!(tried.len(), 2 * report.evaluations());
    let table = report.to_string();
    assert_eq!(table.lines().count(), 1 + 5 + 1, "{table}");
    assert!(table.contains("best") && table.contains("chosen") && report.seconds() >= 0.0);
}

#[test]
fn elimination_by_shares_skips_sizes() {
    let fit = |columns: &[usize], _: &f64, shift: &f64| {
        Ok::<_, DataError>((columns.len() as f64 + shift, columns.iter().map(|&column| column as f64).collect()))
    };
    let report = Elimination::default().with_share(0.5).down_to(2).run(20, &FOLDS, fit).unwrap();
    assert_eq!(report.trials().iter().map(|trial| trial.columns.len()).collect::<Vec<_>>(), [2, 3, 5, 10, 20]);
    assert_eq!(report.trials()[1].columns, [17, 18, 19]);
}

/// The share of a linear model's variance that a column makes: shuffled, its squared error is 2 w² var(x) on average, for a score of
/// minus the mean square.
#[test]
fn permutation_importance_is_twice_the_variance() {
    let x = Tensor::from_fn([4000, 3], |i| ((i * i) as f64 * 0.31).sin());
    let predict = |x: &Tensor<f64>| x.as_slice().chunks(3).map(|row| row[0] - 2.0 * row[1]).collect::<Vec<_>>();
    let y = predict(&x);
    let score = |x: &Tensor<f64>| {
        let squares: f64 = predict(x).iter().zip(&y).map(|(a, b)| (a - b) * (a - b)).sum();
        Ok::<_, DataError>(-squares / 4000.0)
    };
    let importance = PermutationImportance::default().with_repeats(8);
    let importances = importance.run(&x, Seed(3), score).unwrap();
    let variance = |column: usize| {
        let values: Vec<f64> = x.as_slice().iter().skip(column).step_by(3).copied().collect();
        let mean = values.iter().sum::<f64>() / 4000.0;
        values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 4000.0
    };
    for (column, weight) in [(0, 1.0), (1, -2.0)] {
        let expected = 2.0 * weight * weight * variance(column);
        // Of 8 shuffles of 4000 rows the mean has a relative error of about sqrt(2 / 32 000).
        assert!((importances.mean(column) / expected - 1.0).abs() < 0.05, "{} {expected}", importances.mean(column));
        assert!(importances.spread(column) > 0.0 && importances.spread(column) < 0.1 * expected);
    }
    assert_eq!((importances.mean(2), importances.spread(2)), (0.0, 0.0));
    assert_eq!(importance.run(&x, Seed(3), score).unwrap(), importances);
    assert_ne!(importance.run(&x, Seed(4), score).unwrap(), importances);
    // Together they are moved alike.
    let grouped = importance.groups([vec![0, 1], vec![2]]).run(&x, Seed(3), score).unwrap();
    assert_eq!((grouped.drops().len(), grouped.mean(1)), (2, 0.0));
    assert!(grouped.mean(0) > importances.mean(1));
}

#[test]
fn stability_counts_choices_on_halves() {
    let mut halves = Vec::new();
    let frequencies = Stability::default().with_subsamples(400).run(11, 3, Seed(1), |rows| {
        assert!(rows.len() == 5 && rows.is_sorted() && rows.iter().all(|&row| row < 11));
        halves.push(rows.to_vec());
        // Column 0 always, column 2 if row 0 is in; twice is once.
        Ok::<_, DataError>(if rows[0] == 0 { vec![2, 0, 0] } else { vec![0] })
    });
    let frequencies = frequencies.unwrap();
    let with_first = halves.iter().filter(|rows| rows[0] == 0).count() as f64 / 400.0;
    assert_eq!(frequencies.frequency(), [1.0, 0.0, with_first]);
    // 5 of 11 of the halves, with a standard deviation of sqrt(0.25 / 400) = 0.025; and of 462 possible halves most of 400 differ.
    assert!((with_first - 5.0 / 11.0).abs() < 0.1 && halves.iter().collect::<BTreeSet<_>>().len() > 200);
    assert!((frequencies.mean_chosen() - 1.0 - with_first).abs() < 1e-12);
    assert_eq!(frequencies.selection().unwrap().indices(), [0]);
}

/// An orthogonal design: the lasso shrinks each weight by lambda, so a column enters where lambda is below its weight.
#[test]
fn a_path_lists_columns_as_they_enter() {
    let truth = [0.5f64, 0.0, -2.0, 1.0];
    let grid = lambdas(4.0, 0.01, 50).unwrap();
    assert_eq!((grid[0], grid[49]), (4.0, 0.01));
    let path = L1Path::default().run(4, &grid, &FOLDS, |lambda, _, shift| {
        let weights: Vec<f64> = truth.iter().map(|w| w.signum() * (w.abs() - lambda).max(0.0)).collect();
        // The least loss where lambda is 0.1, below the smallest weight.
        Ok::<_, DataError>((shift - (lambda - 0.1).abs(), weights))
    });
    let path = path.unwrap();
    assert_eq!(path.order_of_entry(), [2, 3, 0]);
    assert_eq!(path.points()[0].trial.columns, Vec::<usize>::new());
    assert_eq!(path.selection().unwrap().ranking(), [2, 3, 0]);
    let (best, chosen) = (path.best(), path.within_one_standard_error());
    assert!((best.lambda - 0.1).abs() < 0.02 && chosen.lambda >= best.lambda);
    assert_eq!(path.trade_off().trials().len(), 50);
    // The other way about, fits come in the order of rising penalties, and the points are the same.
    let mut seen = Vec::new();
    let upward = L1Path::default().from_weakest().run(4, &grid, &FOLDS, |lambda, _, _| {
        seen.push(lambda);
        Ok::<_, DataError>((0.0, truth.iter().map(|w| (w.abs() - lambda).max(0.0)).collect()))
    });
    assert!(seen.is_sorted() && (seen[0], seen.len()) == (0.01, 50 * FOLDS.len()));
    assert_eq!(upward.unwrap().order_of_entry(), path.order_of_entry());
    // No weight is above 3.
    let later = L1Path::default().with_tolerance(3.0).run(4, &grid, &FOLDS, |lambda, _, _| {
        Ok::<_, DataError>((0.0, truth.iter().map(|w| (w.abs() - lambda).max(0.0)).collect()))
    });
    assert!(later.as_ref().unwrap().order_of_entry().is_empty());
    assert!(matches!(later.unwrap().selection(), Err(DataError::Table(TableError::NoColumnsLeft { .. }))));
}

#[test]
fn what_cannot_be_searched_is_refused() {
    let fine = |columns: &[usize]| columns.len() as f64;
    assert!(matches!(run(Sequential::forward(), 0, fine), Err(DataError::Empty { .. })));
    for limit in [0, 4] {
        assert!(matches!(run(Sequential::backward().up_to(limit), 3, fine), Err(DataError::Setting { .. })));
    }
    let bad = run(Sequential::forward(), 3, |columns| if columns == [1] { f64::NAN } else { 0.0 });
    assert_eq!(
        bad.unwrap_err().to_string(),
        "Sequential: score of columns [1] in fold 0: expected a finite number, got NaN; remove or impute such values first"
    );
    let one_fold = Sequential::forward().run(3, &FOLDS[..1], |_, _, _| Ok::<_, DataError>(0.0));
    assert!(matches!(one_fold, Err(DataError::Setting { .. })));

    let eliminate = |elimination: Elimination, weights: &[f64]| {
        elimination.run(3, &FOLDS, |_, _, _| Ok::<_, DataError>((0.0, weights.to_vec())))
    };
    assert!(matches!(eliminate(Elimination::default(), &[1.0]), Err(DataError::Table(TableError::Columns { .. }))));
    assert!(matches!(eliminate(Elimination::default(), &[1.0, f64::NAN, 1.0]), Err(DataError::NotFinite { .. })));
    for wrong in [Elimination::default().with_share(1.0), Elimination::default().down_to(4)] {
        assert!(matches!(eliminate(wrong, &[1.0; 3]), Err(DataError::Setting { .. })));
    }

    let path =
        |path: L1Path, lambdas: &[f64]| path.run(2, lambdas, &FOLDS, |_, _, _| Ok::<_, DataError>((0.0, vec![0.0; 2])));
    for grid in [&[][..], &[1.0, 2.0], &[1.0, -1.0], &[f64::NAN], &[f64::INFINITY, 1.0]] {
        assert!(matches!(path(L1Path::default(), grid), Err(DataError::Setting { .. })), "{grid:?}");
    }
    assert!(matches!(path(L1Path::default().with_tolerance(f64::NAN), &[1.0]), Err(DataError::Setting { .. })));
    assert!(lambdas(1.0, 0.0, 5).is_err() && lambdas(1.0, 2.0, 5).is_err() && lambdas(1.0, 0.1, 1).is_err());

    let stability = |stability: Stability, chosen: usize| {
        stability.run(10, 2, Seed(1), |_| Ok::<_, DataError>(vec![chosen])).map(|f| f.selection())
    };
    assert!(
        stability(Stability::default(), 2).is_err() && stability(Stability::default().with_subsamples(0), 0).is_err()
    );
    for threshold in [0.5, 1.1, f64::NAN] {
        assert!(stability(Stability::default().with_threshold(threshold), 0).is_err());
    }

    let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    let permute = |importance: PermutationImportance| importance.run(&x, Seed(1), |_| Ok::<_, DataError>(0.0));
    let importance = PermutationImportance::default();
    for wrong in [importance.clone().with_repeats(0), importance.clone().groups([vec![2]]), importance.groups([vec![]])]
    {
        assert!(matches!(permute(wrong), Err(DataError::Setting { .. })));
    }
}

/// Pins what a seed gives: a change here changes every user's results.
#[test]
fn value_stability() {
    let mut halves = Vec::new();
    let choose = |rows: &[usize]| {
        halves.push(rows.to_vec());
        Ok::<_, DataError>(vec![0])
    };
    Stability::default().with_subsamples(2).run(8, 1, Seed(7), choose).unwrap();
    assert_eq!(halves, [[0, 1, 2, 5], [1, 2, 3, 7]]);
    let x = Tensor::from_fn([5, 2], |i| i as f64);
    let mut shuffled = Vec::new();
    let score = |x: &Tensor<f64>| {
        let column = shuffled.len().saturating_sub(1);
        shuffled.push(x.as_slice().iter().skip(column).step_by(2).map(|&x| x as u32).collect::<Vec<_>>());
        Ok::<_, DataError>(0.0)
    };
    PermutationImportance::default().with_repeats(1).run(&x, Seed(7), score).unwrap();
    // As they are; the first column; the second.
    assert_eq!(shuffled, [[0, 2, 4, 6, 8], [2, 6, 4, 8, 0], [7, 5, 1, 3, 9]]);
}

/// An error of one's own comes through.
#[test]
fn a_model_may_fail_in_its_own_way() {
    let result =
        Sequential::forward().run(2, &FOLDS, |_, _, _| Err::<f64, Box<dyn std::error::Error>>("out of memory".into()));
    assert_eq!(result.unwrap_err().to_string(), "out of memory");
}

#[cfg(feature = "serde")]
#[test]
fn selections_are_written_and_read() {
    use evenkeel_data::{Transform, select::anova_f};

    let x = Tensor::from([[1.0, 5.0], [2.0, 6.0], [4.0, 6.0], [5.0, 5.0]]);
    let selection = anova_f(&x, &[0, 0, 1, 1]).unwrap().top(1).unwrap();
    let read: evenkeel_data::select::Selection =
        serde_json::from_str(&serde_json::to_string(&selection).unwrap()).unwrap();
    assert_eq!(read, selection);
    assert_eq!(read.transform(&x).unwrap(), selection.transform(&x).unwrap());
}

/// What is read is checked as what is made: nothing that is read panics later.
#[cfg(feature = "serde")]
#[test]
fn damaged_results_are_errors() {
    use evenkeel_data::select::{Importances, Path, Selection};

    let verdict = r#"{"score":null,"p_value":null,"reason":""}"#;
    let selection = |indices: &str, ranking: &str, names: &str| {
        let text =
            format!(r#"{{"indices":{indices},"ranking":{ranking},"verdicts":[{verdict},{verdict}],"names":{names}}}"#);
        serde_json::from_str::<Selection>(&text)
    };
    assert!(selection("[0,1]", "[1,0]", "[]").is_ok() && selection("[1]", "[1]", r#"["a","b"]"#).is_ok());
    for (indices, ranking, names) in [
        ("[2]", "[2]", "[]"),
        ("[0]", "[1]", "[]"),
        ("[1,0]", "[1,0]", "[]"),
        ("[1,1]", "[1,1]", "[]"),
        ("[]", "[]", "[]"),
        ("[0]", "[0]", r#"["a"]"#),
    ] {
        assert!(selection(indices, ranking, names).is_err(), "{indices} {ranking} {names}");
    }
    let trade_off = |trials: &str| {
        let text = format!(r#"{{"columns":2,"trials":{trials},"evaluations":1,"seconds":0.0}}"#);
        serde_json::from_str::<TradeOff>(&text)
    };
    let path = |trial: &str, weights: &str| {
        let point = format!(r#"{{"lambda":1.0,"trial":{trial},"weights":{weights}}}"#);
        serde_json::from_str::<Path>(&format!(r#"{{"columns":2,"points":[{point}]}}"#))
    };
    let trial = |columns: &str, scores: &str| format!(r#"{{"columns":{columns},"scores":{scores},"seconds":0.0}}"#);
    for scores in ["[0.5,0.6]", "[0.5]", "[1e308,1e308,1e308]"] {
        let good = trial("[0,1]", scores);
        let read = trade_off(&format!("[{good}]")).unwrap();
        assert_eq!((read.selection().unwrap().indices(), read.to_string().lines().count()), (&[0, 1][..], 3));
        assert_eq!(path(&good, "[1.0,2.0]").unwrap().selection().unwrap().ranking(), [1, 0]);
        assert!(path(&good, "[1.0]").is_err());
    }
    for bad in [trial("[0,2]", "[0.5]"), trial("[1,0]", "[0.5]"), trial("[0]", "[]")] {
        assert!(trade_off(&format!("[{bad}]")).is_err() && path(&bad, "[1.0,2.0]").is_err(), "{bad}");
    }
    assert!(trade_off("[]").is_err() && serde_json::from_str::<Path>(r#"{"columns":2,"points":[]}"#).is_err());
    let importances =
        |drops: &str| serde_json::from_str::<Importances>(&format!(r#"{{"baseline":1.0,"drops":{drops}}}"#));
    assert_eq!(importances("[[1.0,2.0],[0.0,0.0]]").unwrap().mean(0), 1.5);
    assert!(importances("[]").is_err() && importances("[[]]").is_err() && importances("[[1.0],[]]").is_err());
}
