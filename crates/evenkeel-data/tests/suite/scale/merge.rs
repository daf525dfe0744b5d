//! Fits in batches, and what does not depend on threads.

use evenkeel_data::scale::{MaxAbs, MinMax, Standard, Whiten};
use evenkeel_data::{Fit, FitBoxed, Float, PartialFit, Tensor, Transform};
use proptest::prelude::*;

use super::scalers;

/// Rows beside offsets of their own, one value in ten missing.
fn rows(n: usize, columns: usize) -> Tensor<f64> {
    Tensor::from_fn([n, columns], |at| {
        let (i, j) = (at / columns, at % columns);
        let wave = ((i * 31 + j * 17) as f64 * 0.7).sin() * (1.0 + ((i * 7 + j) as f64).cos());
        if (i * 13 + j * 5) % 10 == 0 { f64::NAN } else { wave * 10f64.powi(j as i32 % 5 - 2) + 1e5 * (j % 3) as f64 }
    })
}

fn part(x: &Tensor<f64>, rows: std::ops::Range<usize>) -> Tensor<f64> {
    x.view().slice(0, rows).to_tensor()
}

/// The fit of `x` cut at `cuts`: every second batch goes into a state of its own, and the two are merged.
fn in_batches<S: PartialFit<f64>>(settings: &S, x: &Tensor<f64>, cuts: &[usize]) -> S::Fitted {
    let mut states = [(); 2].map(|()| settings.start(x.shape()[1]).unwrap());
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (x.shape()[0] + 1)).collect();
    ends.extend([0, x.shape()[0]]);
    ends.sort_unstable();
    for (i, ends) in ends.windows(2).enumerate() {
        settings.observe(&mut states[i % 2], &part(x, ends[0]..ends[1])).unwrap();
    }
    let [mut first, second] = states;
    settings.merge(&mut first, &second).unwrap();
    settings.finish(&first).unwrap()
}

/// The largest distance between what the two make of `x`.
fn distance(a: &dyn Transform<f64>, b: &dyn Transform<f64>, x: &Tensor<f64>) -> f64 {
    let (a, b) = (a.transform(x).unwrap(), b.transform(x).unwrap());
    a.as_slice().iter().zip(b.as_slice()).fold(0.0, |m, (a, b)| {
        assert_eq!(a.is_nan(), b.is_nan());
        m.max(if a.is_nan() { 0.0 } else { (a - b).abs() })
    })
}

proptest! {
    #[test]
    fn any_split_into_batches_is_one_fit(n in 2usize..300, columns in 1usize..6, cuts in prop::collection::vec(0usize..300, 0..8)) {
        let x = rows(n, columns);
        prop_assert_eq!(in_batches(&MinMax::default(), &x, &cuts), MinMax::default().fit(&x).unwrap());
        prop_assert_eq!(in_batches(&MaxAbs, &x, &cuts), MaxAbs.fit(&x).unwrap());
        // Values of about 1e5 are known to 1e-11, and the smallest deviation is 1e-2.
        let standard = Standard::default();
        prop_assert!(distance(&in_batches(&standard, &x, &cuts), &standard.fit(&x).unwrap(), &x) < 1e-8);
        let whole = Tensor::from_fn([n, columns], |at| {
            let x = x.as_slice()[at] - 1e5 * (at % columns % 3) as f64;
            if x.is_nan() { 0.25 } else { x }
        });
        let zca = Whiten::zca().with_epsilon(0.1);
        prop_assert!(distance(&in_batches(&zca, &whole, &cuts), &zca.fit(&whole).unwrap(), &whole) < 1e-9);
    }
}

#[test]
fn states_refuse_what_does_not_fit_and_stay_as_they_were() {
    let settings = Standard::default();
    let mut state = PartialFit::<f64>::start(&settings, 2).unwrap();
    assert!(PartialFit::<f64>::finish(&settings, &state).is_err(), "no rows yet");
    settings.observe(&mut state, &Tensor::from([[1.0, 2.0], [3.0, 5.0]])).unwrap();
    let before = state.clone();
    let error = settings.observe(&mut state, &Tensor::from([[1.0, f64::INFINITY]])).unwrap_err();
    assert!(error.to_string().starts_with("Standard: row 0, column 1: expected a finite value"), "{error}");
    assert!(settings.observe(&mut state, &Tensor::<f64>::zeros([1, 3])).is_err());
    let other = PartialFit::<f64>::start(&settings, 3).unwrap();
    assert!(PartialFit::<f64>::merge(&settings, &mut state, &other).is_err());
    settings.observe(&mut state, &Tensor::<f64>::zeros([0, 2])).unwrap();
    assert_eq!(state, before);
}

/// Fit and transformation of more than one block, as bits.
fn bits<F: Float>(scaler: &dyn FitBoxed<F>, x: &Tensor<F>) -> (String, Vec<u64>) {
    let fitted = scaler.fit_boxed(x).unwrap();
    let y = fitted.transform(x).unwrap();
    (format!("{fitted:?}"), y.as_slice().iter().map(|y| y.to_bits_u64()).collect())
}

#[test]
fn the_same_bits_at_any_number_of_threads() {
    let x = rows(9000, 9);
    let single: Tensor<f32> = x.cast();
    let pool = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
    let pools = [1, 2, 3, 7].map(pool);
    for ((name, scaler), (_, in_single)) in scalers::<f64>().into_iter().zip(scalers::<f32>()) {
        let expected = (bits(&*scaler, &x), bits(&*in_single, &single));
        for pool in &pools {
            let got = pool.install(|| (bits(&*scaler, &x), bits(&*in_single, &single)));
            assert!(got == expected, "{name} on {} threads", pool.current_num_threads());
        }
    }
}

#[cfg(feature = "serde")]
#[test]
fn fitted_values_are_written_and_read_with_the_same_bits() {
    use evenkeel_data::scale::{Power, Quantile, Robust, RowNorm};
    fn round_trip<T>(fitted: &T, x: &Tensor<f64>)
    where
        T: Transform<f64> + PartialEq + serde::Serialize + serde::de::DeserializeOwned,
    {
        let text = serde_json::to_string(fitted).unwrap();
        let read: T = serde_json::from_str(&text).unwrap();
        assert_eq!(&read, fitted);
        let bits = |t: &T| t.transform(x).unwrap().as_slice().iter().map(|y| y.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&read), bits(fitted), "{text}");
    }
    let mut x = rows(50, 5);
    // A constant column and one without values.
    for row in x.as_mut_slice().chunks_mut(5) {
        (row[3], row[4]) = (0.1, f64::NAN);
    }
    round_trip(&MinMax::default().fit(&x).unwrap(), &x);
    round_trip(&Standard::default().fit(&x).unwrap(), &x);
    round_trip(&Robust::default().fit(&x).unwrap(), &x);
    round_trip(&MaxAbs.fit(&x).unwrap(), &x);
    round_trip(&Power::default().fit(&x).unwrap(), &x);
    round_trip(&Quantile::default().fit(&x).unwrap(), &x);
    round_trip(&RowNorm::L1, &x);
    let whole = x.map(|x| if x.is_nan() { 0.0 } else { x });
    round_trip(&Whiten::pca().with_components(2).fit(&whole).unwrap(), &whole);
}
