//! What random augmentations do on average. Seeds are fixed; bounds are five standard deviations, which chance leaves once in
//! two million.

use evenkeel_data::Tensor;
use evenkeel_data::augment::image::*;

use super::augmented;

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0.0), |(sum, n), x| (sum + x, n + 1.0));
    sum / n
}

#[test]
fn noise_has_its_deviation() {
    let (n, std) = (3 * 100 * 100, 0.3);
    let image = Tensor::<f64>::full([3, 100, 100], 0.5);
    let noise: Vec<f64> = augmented(&WhiteNoise::new(std), &image, 7).as_slice().iter().map(|x| x - 0.5).collect();
    // A mean of n has deviation std / sqrt(n); a mean of squares std^2 sqrt(2 / n); of products of neighbours std^2 / sqrt(n).
    let root = f64::from(n).sqrt();
    assert!(mean(noise.iter().copied()).abs() < 5.0 * std / root);
    let variance = mean(noise.iter().map(|x| x * x));
    assert!((variance / (std * std) - 1.0).abs() < 5.0 * 2f64.sqrt() / root);
    assert!(mean(noise.windows(2).map(|x| x[0] * x[1])).abs() < 5.0 * std * std / root);
    // Channels are independent too.
    assert!(mean((0..10_000).map(|i| noise[i] * noise[i + 10_000])).abs() < 5.0 * std * std / 100.0);
}

/// The shift of a ramp of slope 1 is the shift of the pixels: uniform in ±d, of variance d^2 / 3.
#[test]
fn shifts_are_uniform() {
    let image = Tensor::<f64>::from_fn([21, 21], |i| (i % 21) as f64);
    let (n, most) = (4000, 4.0);
    let translate = Translate::pixels(most, 0.0);
    let shifts: Vec<f64> = (0..n).map(|seed| 10.0 - augmented(&translate, &image, seed).get(&[10, 10])).collect();
    assert!(shifts.iter().all(|x| x.abs() <= most));
    // Of a uniform share u in ±1: u has variance 1/3, u^2 has variance 1/5 - 1/9 = 4/45.
    let root = (n as f64).sqrt();
    assert!(mean(shifts.iter().map(|x| x / most)).abs() < 5.0 * (1f64 / 3.0).sqrt() / root);
    let second = mean(shifts.iter().map(|x| (x / most).powi(2)));
    assert!((second - 1.0 / 3.0).abs() < 5.0 * (4f64 / 45.0).sqrt() / root);
}

/// The displacement of the middle of a ramp has the documented deviation alpha / (sigma sqrt(12 pi)), nearly normal, so that its
/// square has a relative deviation of sqrt(2). Cutting the Gaussian off at 3 sigma and summing over whole pixels changes the
/// variance by less than 0.5 %.
#[test]
fn elastic_displacements_have_their_deviation() {
    let image = Tensor::<f64>::from_fn([31, 31], |i| (i % 31) as f64);
    let (n, alpha, sigma) = (3000, 10.0, 3.0);
    let elastic = Elastic::new(alpha, sigma).border(Border::Edge);
    let moved: Vec<f64> = (0..n).map(|seed| augmented(&elastic, &image, seed).get(&[15, 15]) - 15.0).collect();
    let std = alpha / (sigma * (12.0 * std::f64::consts::PI).sqrt());
    let root = (n as f64).sqrt();
    assert!(mean(moved.iter().copied()).abs() < 5.0 * std / root);
    let variance = mean(moved.iter().map(|x| x * x)) / (std * std);
    assert!((variance - 1.0).abs() < 5.0 * 2f64.sqrt() / root + 0.005, "{variance}");
}

/// Every place of a crop has the same chance: over 9000 of 9 places, chi-squared with 8 degrees of freedom is beyond 32 with
/// probability 1e-4.
#[test]
fn crops_are_uniform() {
    let image = Tensor::<f64>::from_fn([5, 6], |i| i as f64);
    let mut counts = [0.0f64; 30];
    for seed in 0..9000 {
        counts[augmented(&Crop::new(3, 4), &image, seed).as_slice()[0] as usize] += 1.0;
    }
    let places: Vec<f64> = counts.into_iter().filter(|&count| count > 0.0).collect();
    assert_eq!(places.len(), 9);
    let chi2: f64 = places.iter().map(|count| (count - 1000.0).powi(2) / 1000.0).sum();
    assert!(chi2 < 32.0, "{chi2}");
}

/// The corners of a part are told by the ramps of the two axes.
#[test]
fn parts_have_their_area_and_proportions() {
    let image = Tensor::<f64>::from_fn([60, 60], |i| (i % 60) as f64);
    let part = RandomResizedCrop::new(60, 60).area(0.25..=0.5).ratio(0.5..=2.0);
    let mut spans = Vec::new();
    for seed in 0..500 {
        let cut = augmented(&part, &image, seed);
        // Bilinear samples half a pixel of the result inside of the part's ends, from pixel to pixel.
        spans.push(cut.get(&[0, 59]) - cut.get(&[0, 0]) + 1.0);
    }
    // Widths: sqrt(area ratio) from 60 sqrt(0.25 0.5) to 60 sqrt(0.5 2), each rounded.
    assert!(spans.iter().all(|span| (20.0..=61.0).contains(span)));
    assert!(spans.iter().any(|span| *span < 28.0) && spans.iter().any(|span| *span > 48.0));
}

/// Each operation of a policy is chosen at equal odds, and signs are as often plus as minus.
#[test]
fn policies_choose_evenly() {
    let image = Tensor::<f64>::from_fn([9, 9], |i| (i % 9) as f64 / 8.0);
    let policy = RandAugment::new(1, 5.0).operations([Operation::TranslateX, Operation::Invert, Operation::Identity]);
    let mut counts = [0.0f64; 4];
    let n = 6000.0;
    for seed in 0..n as u64 {
        let middle = augmented(&policy, &image, seed);
        let (left, right) = (middle.get(&[4, 0]), middle.get(&[4, 8]));
        // Inverted; as it was; moved to the right, where 0 comes in; or to the left.
        let which = match (left, right) {
            (1.0, 0.0) => 0,
            (0.0, 1.0) => 1,
            (0.0, _) => 2,
            _ => 3,
        };
        counts[which] += 1.0 / n;
    }
    for (share, odds) in counts.into_iter().zip([1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0, 1.0 / 6.0]) {
        assert!((share - odds).abs() < 5.0 * f64::sqrt(odds * (1.0 - odds) / n), "{counts:?}");
    }
}
