//! Intervals of error rates: laws, tables of others, and exact coverage.

use evenkeel_train::diagnosis::ErrorRate;
use proptest::prelude::*;

fn rate(share: f64, examples: u64) -> ErrorRate {
    ErrorRate::from_share(share, examples).unwrap()
}

proptest! {
    #[test]
    fn intervals_hold_their_share_and_shrink(s in 0.0..=1.0, o in 0.0..=1.0, n in 1u64..100_000, c in 0.01..0.999) {
        let (few, many) = (rate(s, n).interval(c).unwrap(), rate(s, 2 * n).interval(c).unwrap());
        prop_assert!(0.0 <= few.lower && few.lower <= s && s <= few.upper && few.upper <= 1.0);
        prop_assert!(few.lower <= many.lower + 1e-15 && many.upper <= few.upper + 1e-15);
        // Rates of the other outcome are mirrored.
        let other = rate(1.0 - s, n).interval(c).unwrap();
        prop_assert!((few.lower + other.upper - 1.0).abs() < 1e-12 && (few.upper + other.lower - 1.0).abs() < 1e-12);
        let difference = rate(s, n).minus(&rate(o, n), c).unwrap();
        let mirrored = rate(o, n).minus(&rate(s, n), c).unwrap();
        prop_assert!(-1.0 - 1e-12 <= difference.lower && difference.lower <= s - o);
        prop_assert!(s - o <= difference.upper && difference.upper <= 1.0 + 1e-12);
        prop_assert!((difference.lower + mirrored.upper).abs() < 1e-12);
        // Its ends satisfy the equation that defines them: (s - p)² = z² p (1 - p) / n with the same z.
        let z2 = |p: f64| (s - p).powi(2) * n as f64 / (p * (1.0 - p));
        if few.lower > 1e-6 && few.upper < 1.0 - 1e-6 && (0.01..0.99).contains(&s) {
            prop_assert!((z2(few.lower) / z2(few.upper) - 1.0).abs() < 1e-6);
        }
    }
}

/// SciPy 1.17.1: `binomtest(k, n).proportion_ci(confidence, method='wilson')`.
#[test]
fn wilson_agrees_with_scipy() {
    let cases = [
        (0, 10, 0.95, 0.0, 0.27753279986288926),
        (1, 10, 0.95, 0.017876213095072896, 0.4041500267952385),
        (5, 10, 0.9, 0.26927182113826725, 0.7307281788617328),
        (10, 10, 0.95, 0.7224672001371109, 1.0),
        (16, 100, 0.95, 0.10095288488804782, 0.24420269389270244),
        (130, 1000, 0.99, 0.10502690583724564, 0.15985055619127544),
        (3, 29, 0.95, 0.03581489135067706, 0.263850810907738),
    ];
    for (wrong, examples, confidence, lower, upper) in cases {
        let interval = ErrorRate::new(wrong, examples).unwrap().interval(confidence).unwrap();
        assert!((interval.lower - lower).abs() < 1e-14 && (interval.upper - upper).abs() < 1e-14, "{interval:?}");
    }
}

/// Newcombe (1998), table II, method 10, to its four digits.
#[test]
fn newcombe_agrees_with_his_table() {
    let cases = [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 10), 0.6075, 1.0000),
    ];
    for ((a, m), (b, n), lower, upper) in cases {
        let (a, b) = (ErrorRate::new(a, m).unwrap(), ErrorRate::new(b, n).unwrap());
        let interval = a.minus(&b, 0.95).unwrap();
        assert!((interval.lower - lower).abs() < 6e-5 && (interval.upper - upper).abs() < 6e-5, "{interval:?}");
    }
}

/// The probability of each number of wrong ones among n.
fn binomial(n: u64, p: f64) -> Vec<f64> {
    let mut mass = vec![(1.0 - p).powi(n as i32)];
    for k in 0..n {
        mass.push(mass[k as usize] * (n - k) as f64 / (k + 1) as f64 * p / (1.0 - p));
    }
    mass
}

/// The exact coverage of the 95 % intervals, summed over all outcomes. Brown, Cai and DasGupta (2001) find Wilson's to oscillate
/// around the confidence with dips near 0 and 1 (to 0.83 at worst); averaged over p it is within a percent of it.
#[test]
fn coverage_is_near_the_confidence() {
    for n in [10, 30, 100] {
        let intervals: Vec<_> = (0..=n).map(|k| ErrorRate::new(k, n).unwrap().interval(0.95).unwrap()).collect();
        let coverage = |p: f64| -> f64 {
            let covers = |i: usize| intervals[i].lower <= p && p <= intervals[i].upper;
            binomial(n, p).iter().enumerate().filter(|(k, _)| covers(*k)).map(|(_, mass)| mass).sum()
        };
        let all: Vec<f64> = (1..200).map(|i| coverage(f64::from(i) / 200.0)).collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        assert!((mean - 0.95).abs() < 0.01, "{n}: {mean}");
        assert!(all.iter().all(|c| *c > 0.83), "{n}: {all:?}");
    }
    // The difference, over a grid of both rates.
    let n = 20;
    let rates: Vec<_> = (0..=n).map(|k| ErrorRate::new(k, n).unwrap()).collect();
    let mut coverages = Vec::new();
    for (p, q) in (1..10).flat_map(|i| (1..10).map(move |j| (f64::from(i) / 10.0, f64::from(j) / 10.0))) {
        let (of_p, of_q) = (binomial(n, p), binomial(n, q));
        let mut covered = 0.0;
        for (i, j) in (0..rates.len()).flat_map(|i| (0..rates.len()).map(move |j| (i, j))) {
            let interval = rates[i].minus(&rates[j], 0.95).unwrap();
            if interval.lower <= p - q && p - q <= interval.upper {
                covered += of_p[i] * of_q[j];
            }
        }
        coverages.push(covered);
    }
    let mean = coverages.iter().sum::<f64>() / coverages.len() as f64;
    assert!((mean - 0.95).abs() < 0.015 && coverages.iter().all(|c| *c > 0.9), "{mean}: {coverages:?}");
}
