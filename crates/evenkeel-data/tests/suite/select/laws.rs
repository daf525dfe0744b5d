//! Laws of scores and of what is chosen by them.

use evenkeel_data::select::{
    Mrmr, MutualInformation, Scores, anova_f, chi2, f_regression, pearson, spearman, variance,
};
use evenkeel_data::{DataError, Seed, TableError, Tensor, Transform};
use proptest::prelude::*;
use rand::RngExt;

const ROWS: usize = 40;

/// Tables of 4 columns and labels of 2 or 3 classes, each with members.
fn labelled() -> impl Strategy<Value = (Tensor<f64>, Vec<u32>)> {
    (prop::collection::vec(-5f64..5.0, ROWS * 4), 2u32..4, any::<u64>()).prop_map(|(x, classes, seed)| {
        let mut rng = Seed(seed).rng();
        let labels = (0..ROWS as u32).map(|i| if i < 6 { i % classes } else { rng.random_range(0..classes) });
        (Tensor::from_vec([ROWS, 4], x).unwrap(), labels.collect())
    })
}

fn close(a: &[f64], b: &[f64], tolerance: f64) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance * b.abs().max(1.0))
}

fn column(x: &Tensor<f64>, column: usize) -> Vec<f64> {
    x.as_slice().iter().skip(column).step_by(x.shape()[1]).copied().collect()
}

fn every_filter(x: &Tensor<f64>, labels: &[u32]) -> Vec<Scores> {
    let y: Vec<f64> = labels.iter().map(|&label| f64::from(label)).collect();
    vec![
        variance(x).unwrap(),
        anova_f(x, labels).unwrap(),
        chi2(&x.map(f64::abs), labels).unwrap(),
        pearson(x, &y).unwrap(),
        spearman(x, &y).unwrap(),
        f_regression(x, &y).unwrap(),
        MutualInformation::default().scores(x, labels).unwrap(),
        MutualInformation::bins(4).scores(x, labels).unwrap(),
        MutualInformation::counts().scores(&x.map(f64::round), labels).unwrap(),
    ]
}

proptest! {
    /// F = t² for two classes, and F of the regression on the class, (n - 2) r² / (1 - r²).
    #[test]
    fn two_classes_are_a_t_test_and_a_regression((x, labels) in labelled()) {
        let labels: Vec<u32> = labels.into_iter().map(|label| label.min(1)).collect();
        let f = anova_f(&x, &labels).unwrap();
        for j in 0..4 {
            let values = column(&x, j);
            let of = |class: u32| -> Vec<f64> {
                values.iter().zip(&labels).filter(|(_, label)| **label == class).map(|(x, _)| *x).collect()
            };
            let moments = |x: &[f64]| {
                let mean = x.iter().sum::<f64>() / x.len() as f64;
                (x.len() as f64, mean, x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>())
            };
            let ((n, a, s), (m, b, r)) = (moments(&of(0)), moments(&of(1)));
            let t = (a - b) / ((s + r) / (n + m - 2.0) * (1.0 / n + 1.0 / m)).sqrt();
            prop_assert!(close(&f.score()[j..=j], &[t * t], 1e-10));
        }
        let y: Vec<f64> = labels.iter().map(|&label| f64::from(label)).collect();
        let regression = f_regression(&x, &y).unwrap();
        let of_r: Vec<f64> =
            pearson(&x, &y).unwrap().score().iter().map(|r| r * r * (ROWS - 2) as f64 / (1.0 - r * r)).collect();
        prop_assert!(close(f.score(), regression.score(), 1e-9) && close(&of_r, regression.score(), 1e-9));
        prop_assert!(close(f.p_value().unwrap(), regression.p_value().unwrap(), 1e-10));
    }

    /// Another unit or origin changes no F, correlation or mutual information; a power of two and no shift, not a bit of the latter.
    #[test]
    fn units_and_origins_do_not_matter((x, labels) in labelled(), scale in 0.1f64..10.0, shift in -100f64..100.0) {
        let moved = x.map(|x| x * scale + shift);
        let y: Vec<f64> = labels.iter().map(|&label| f64::from(label)).collect();
        prop_assert!(close(anova_f(&moved, &labels).unwrap().score(), anova_f(&x, &labels).unwrap().score(), 1e-8));
        prop_assert!(close(pearson(&moved, &y).unwrap().score(), pearson(&x, &y).unwrap().score(), 1e-9));
        prop_assert!(close(spearman(&moved, &y).unwrap().score(), spearman(&x, &y).unwrap().score(), 1e-12));
        let information = |x: &Tensor<f64>| MutualInformation::default().scores(x, &labels).unwrap();
        prop_assert_eq!(information(&x.map(|x| x * 4.0)), information(&x));
        // A correlation with the opposite has the other sign.
        let turned: Vec<f64> = pearson(&x.map(|x| -x), &y).unwrap().score().iter().map(|r| -r).collect();
        prop_assert_eq!(turned, pearson(&x, &y).unwrap().score().to_vec());
    }

    /// Against the table of observed and expected counts.
    #[test]
    fn chi2_is_that_of_the_contingency_table((x, labels) in labelled()) {
        let counts = x.map(|x| x.abs().round());
        let got = chi2(&counts, &labels).unwrap();
        for j in 0..4 {
            let values = column(&counts, j);
            let total: f64 = values.iter().sum();
            let mut expected = 0.0;
            for class in 0..=*labels.iter().max().unwrap() {
                let members: Vec<usize> = (0..ROWS).filter(|&i| labels[i] == class).collect();
                let observed: f64 = members.iter().map(|&i| values[i]).sum();
                let share = members.len() as f64 / ROWS as f64 * total;
                expected += (observed - share).powi(2) / share;
            }
            prop_assert!(close(&got.score()[j..=j], &[expected], 1e-12));
        }
    }

    /// Each column is scored by itself: in another order the same bits, and so for names of classes.
    #[test]
    fn orders_of_columns_and_names_of_classes_do_not_matter((x, labels) in labelled()) {
        let order = [2, 0, 3, 1];
        let renamed: Vec<u32> = labels.iter().map(|label| 10 + 7 * label).collect();
        for (scores, turned) in every_filter(&x, &labels).iter().zip(every_filter(&x.index_select(1, &order), &labels)) {
            for (place, &from) in order.iter().enumerate() {
                prop_assert_eq!(turned.score()[place].to_bits(), scores.score()[from].to_bits());
            }
        }
        prop_assert_eq!(anova_f(&x, &renamed).unwrap(), anova_f(&x, &labels).unwrap());
        prop_assert_eq!(
            MutualInformation::default().scores(&x, &renamed).unwrap(),
            MutualInformation::default().scores(&x, &labels).unwrap()
        );
    }

    /// 0 <= I <= the entropy of the classes (by counts), and constants tell nothing.
    #[test]
    fn information_is_between_nothing_and_the_entropy((x, labels) in labelled(), constant in -3f64..3.0) {
        let shares = (0..3).map(|class| labels.iter().filter(|&&l| l == class).count() as f64 / ROWS as f64);
        let entropy: f64 = shares.filter(|&p| p > 0.0).map(|p| -p * p.ln()).sum();
        let itself = Tensor::from_fn([ROWS, 2], |i| if i % 2 == 0 { f64::from(labels[i / 2]) } else { constant });
        for information in [MutualInformation::default(), MutualInformation::bins(5), MutualInformation::counts()] {
            let scores = information.scores(&x, &labels).unwrap();
            prop_assert!(scores.score().iter().all(|&i| i >= 0.0));
            if information != MutualInformation::default() {
                prop_assert!(scores.score().iter().all(|&i| i <= entropy + 1e-12));
            }
            let scores = information.scores(&itself, &labels).unwrap();
            prop_assert_eq!(scores.score()[1], 0.0);
            prop_assert_eq!(scores.ranking(), [0, 1]);
        }
        let exact = MutualInformation::counts().scores(&itself, &labels).unwrap();
        prop_assert!((exact.score()[0] - entropy).abs() < 1e-12);
    }

    /// Whatever the filter, the column that is the class comes first.
    #[test]
    fn the_target_itself_is_chosen_first((x, labels) in labelled()) {
        let with_target = Tensor::from_fn([ROWS, 5], |i| {
            if i % 5 == 4 { f64::from(labels[i / 5]) } else { x.as_slice()[i / 5 * 4 + i % 5] }
        });
        let y: Vec<f64> = labels.iter().map(|&label| f64::from(label)).collect();
        let scores = [
            anova_f(&with_target, &labels),
            pearson(&with_target, &y),
            spearman(&with_target, &y),
            f_regression(&with_target, &y),
        ];
        for scores in scores {
            prop_assert_eq!(scores.unwrap().ranking()[0], 4);
        }
    }

    /// Rules nest: Bonferroni in Holm in Benjamini-Hochberg in each test by itself.
    #[test]
    fn stricter_rules_keep_less(p in prop::collection::vec(0.0f64..0.1, 1..40), alpha in 0.01f64..0.5) {
        let scores = Scores::new("test", p.iter().map(|p| -p).collect(), Some(p)).unwrap();
        let kept = |selection: Result<evenkeel_data::select::Selection, DataError>| match selection {
            Ok(selection) => selection.indices().to_vec(),
            Err(error) => {
                assert!(matches!(error, DataError::Table(TableError::NoColumnsLeft { .. })));
                vec![]
            }
        };
        let rules =
            [scores.family_wise(alpha), scores.holm(alpha), scores.false_discovery_rate(alpha), scores.p_below(alpha)];
        for pair in rules.map(kept).windows(2) {
            prop_assert!(pair[0].iter().all(|column| pair[1].contains(column)));
        }
    }

    /// mRMR begins with the most relevant column, and takes a copy of it after all that tell something else.
    #[test]
    fn mrmr_takes_the_most_relevant_first_and_copies_last((x, labels) in labelled()) {
        let relevance = anova_f(&x, &labels).unwrap();
        let best = relevance.ranking()[0];
        let copied = Tensor::from_fn([ROWS, 5], |i| x.as_slice()[i / 5 * 4 + if i % 5 == 4 { best } else { i % 5 }]);
        // Equal relevance: redundancy alone decides.
        let flat = Scores::new("flat", (0..5).map(|j| if j == best { 2.0 } else { 1.0 }).collect(), None).unwrap();
        for mrmr in [Mrmr::difference(5), Mrmr::quotient(5)] {
            for mrmr in [mrmr, mrmr.by_correlation(), mrmr.by_bins(4)] {
                let order = mrmr.select(&copied, &flat).unwrap();
                prop_assert_eq!(order.ranking()[0], best);
                prop_assert!(order.ranking()[1] != 4, "{}", order);
            }
        }
        prop_assert_eq!(Mrmr::quotient(1).select(&x, &relevance).unwrap().ranking()[0], best);
    }

    #[test]
    fn a_selection_keeps_columns_and_their_names(
        (x, labels) in labelled(), k in 1usize..=4, missing in 0usize..ROWS * 4,
    ) {
        let selection = anova_f(&x, &labels).unwrap().top(k).unwrap();
        prop_assert!(selection.indices().is_sorted() && selection.indices().len() == k);
        let mut x = x;
        x.as_mut_slice()[missing] = f64::NAN;
        let kept = selection.transform(&x).unwrap();
        for (place, &from) in selection.indices().iter().enumerate() {
            let bits = |values: Vec<f64>| values.into_iter().map(f64::to_bits).collect::<Vec<_>>();
            prop_assert_eq!(bits(column(&kept, place)), bits(column(&x, from)));
        }
        let names = ["a", "b", "c", "d"].map(String::from);
        let expected: Vec<String> = selection.indices().iter().map(|&j| names[j].clone()).collect();
        prop_assert_eq!(&Transform::<f64>::names(&selection, &names).unwrap(), &expected);
        let named = selection.with_names(&names).unwrap();
        prop_assert_eq!(named.kept_names(), expected);
    }
}

/// Of 40 columns 10 tell of the class. The false discovery proportion has a mean of at most alpha 30/40 = 0.15 (columns are
/// independent), and lies in 0 to 1; the mean of 200 tables exceeds that by more than 0.1 with probability at most
/// exp(-2 200 0.1²) = 0.018 (Hoeffding), for one seed that is fixed. The relevant columns' means differ by 1.5 standard deviations of 1
/// in halves of 50: t is about 7.5, and most are found.
#[test]
fn benjamini_hochberg_controls_false_discoveries() {
    let labels: Vec<u32> = (0..100).map(|i| i % 2).collect();
    let (mut proportions, mut found, mut false_by_p) = (0.0, 0, 0);
    for table in 0..200 {
        let mut rng = Seed(11).at(table).rng();
        let x = Tensor::from_fn([100, 40], |i| {
            // Variance 1: the sum of 12 uniform numbers less 6.
            let noise = (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
            noise + if i % 40 < 10 { 1.5 * f64::from(labels[i / 40]) } else { 0.0 }
        });
        let scores = anova_f(&x, &labels).unwrap();
        let kept = scores.false_discovery_rate(0.2).unwrap();
        let wrong = kept.indices().iter().filter(|&&j| j >= 10).count();
        proportions += wrong as f64 / kept.indices().len() as f64;
        found += kept.indices().len() - wrong;
        false_by_p += scores.p_below(0.2).unwrap().indices().iter().filter(|&&j| j >= 10).count();
    }
    assert!(proportions / 200.0 < 0.25, "{}", proportions / 200.0);
    assert!(found > 1990, "{found}");
    // The test can fail: without regard to the many, 0.2 of 30 false ones are kept of 16, 0.37.
    assert!((false_by_p as f64 / 200.0 - 6.0).abs() < 0.5, "{false_by_p}");
}

/// Independent of the classes, the p-values of F are uniform: of 2 000 the share below 0.1 has a standard error of 0.0067.
#[test]
fn p_values_are_uniform_where_there_is_nothing() {
    let mut rng = Seed(5).rng();
    let x = Tensor::from_fn([60, 2000], |_| (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0);
    let labels: Vec<u32> = (0..60).map(|i| i % 3).collect();
    let p = anova_f(&x, &labels).unwrap();
    for limit in [0.1, 0.5] {
        let share = p.p_value().unwrap().iter().filter(|&&p| p < limit).count() as f64 / 2000.0;
        assert!((share - limit).abs() < 4.0 * (limit * (1.0 - limit) / 2000.0).sqrt(), "{limit}: {share}");
    }
}

/// Gaussian classes 2 a apart: I = ln 2 - E ln(1 + e^(-2a(a + z))) for standard normal z. For a = 1 that is 0.3368 nats
/// (by quadrature). The estimate from 20 000 rows has an error of about 1 / sqrt(20 000) = 0.007; by bins it is lower by what bins blur.
#[test]
fn information_of_two_gaussians_is_found() {
    let mut rng = Seed(3).rng();
    let labels: Vec<u32> = (0..20_000).map(|i| i % 2).collect();
    let x = Tensor::from_fn([20_000, 1], |i| {
        (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0 + if labels[i] == 1 { 1.0 } else { -1.0 }
    });
    let step = 1e-3;
    let density = |z: f64| (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt() * step;
    let loss: f64 =
        (-8000..8000).map(|i| f64::from(i) * step).map(|z| density(z) * (-2.0 * (1.0 + z)).exp().ln_1p()).sum();
    let truth = std::f64::consts::LN_2 - loss;
    for (information, allowed) in [(MutualInformation::default(), 0.02), (MutualInformation::bins(20), 0.02)] {
        let got = information.scores(&x, &labels).unwrap().score()[0];
        assert!((got - truth).abs() < allowed, "{information:?}: {got} for {truth}");
    }
}

#[test]
fn the_same_bits_at_any_number_of_threads() {
    let x = Tensor::from_fn([5000, 7], |i| ((i * i) as f64 * 0.37).sin() * 10f64.powi((i % 7) as i32 - 3));
    let labels: Vec<u32> = (0..5000).map(|i| (i * 7919 % 3) as u32).collect();
    let in_pool = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mrmr = Mrmr::difference(4).select(&x, &anova_f(&x, &labels).unwrap()).unwrap();
            (every_filter(&x, &labels), mrmr)
        })
    };
    let one = in_pool(1);
    assert_eq!(in_pool(2), one);
    assert_eq!(in_pool(7), one);
}

/// An offset of 1e6 leaves about 10 digits of a spread of 1; E[x²] - E[x]² would leave 4.
#[test]
fn offsets_cost_no_more_than_their_digits() {
    let plain = Tensor::from_fn([300, 1], |i| (i as f64 * 1.3).sin());
    let labels: Vec<u32> = (0..300).map(|i| i % 4).collect();
    let moved = plain.map(|x| x + 1e6);
    let (a, b) = (anova_f(&plain, &labels).unwrap(), anova_f(&moved, &labels).unwrap());
    assert!(close(b.score(), a.score(), 1e-8), "{a:?} {b:?}");
    let single = Tensor::from_fn([4, 1], |i| [1e4f32, 1e4 + 1.0, 1e4 + 2.0, 1e4 + 3.0][i]);
    assert_eq!(anova_f(&single, &[0, 0, 1, 1]).unwrap().score(), [8.0]);
    assert_eq!(variance(&single).unwrap().score(), [1.25]);
}

#[test]
fn extremes_have_their_values() {
    let labels = [0, 0, 1, 1];
    let x = Tensor::from([[0.0, 7.0], [0.0, 7.0], [1.0, 7.0], [1.0, 7.0]]);
    for scores in [anova_f(&x, &labels).unwrap(), f_regression(&x, &[0.0, 0.0, 1.0, 1.0]).unwrap()] {
        assert_eq!((scores.score(), scores.p_value().unwrap()), (&[f64::MAX, 0.0][..], &[0.0, 1.0][..]));
    }
    let zeros = chi2(&Tensor::<f64>::zeros([4, 2]), &labels).unwrap();
    assert_eq!((zeros.score(), zeros.p_value().unwrap()), (&[0.0, 0.0][..], &[1.0, 1.0][..]));
    let constant = pearson(&x, &[2.0; 4]).unwrap();
    assert_eq!((constant.score(), constant.p_value().unwrap()), (&[0.0, 0.0][..], &[1.0, 1.0][..]));
    assert_eq!(anova_f(&Tensor::from([[1e30], [-1e30], [1e30], [-1e30]]), &labels).unwrap().score(), [0.0]);
    assert_eq!(anova_f(&x.map(|x| x * 1e-310), &labels).unwrap().score()[1], 0.0);
    // A class of one member has no neighbours, and the others are as without it.
    let alone = MutualInformation::neighbours(1);
    let x = Tensor::from([[0.0], [1.0], [5.0], [6.0], [3.0]]);
    let without = alone.scores(&x.index_select(0, &[0, 1, 2, 3]), &labels).unwrap();
    assert_eq!(alone.scores(&x, &[0, 0, 1, 1, 2]).unwrap(), without);
}

/// 3 * 0.1 is not 0.3: a mean that is rounded would leave a spread within the classes.
#[test]
fn what_is_constant_within_each_class_parts_them() {
    let labels = [0, 0, 0, 1, 1, 1];
    for low in [0.0, 0.7, -1e6] {
        let x = Tensor::from_fn([6, 1], |i| if i < 3 { low } else { 0.1 });
        let scores = anova_f(&x, &labels).unwrap();
        assert_eq!((scores.score(), scores.p_value().unwrap()), (&[f64::MAX][..], &[0.0][..]));
    }
}
