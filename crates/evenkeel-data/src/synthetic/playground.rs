//! The classification sets of the TensorFlow Playground (Smilkov et al. 2017, *Direct-Manipulation Visualization of Deep
//! Networks*, [arXiv 1708.03788](https://arxiv.org/abs/1708.03788); [playground.tensorflow.org](https://playground.tensorflow.org),
//! `dataset.ts`), where class 1 is the positive, blue one.

use std::f64::consts::PI;

use evenkeel_tensor::Seed;
use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::{generate, jitter};
use crate::{DataError, Dataset};

/// The playground's `circle`: class 1 within a distance of 2.5 of the origin, class 0 between 3.5 and 5, uniform in distance and
/// angle.
///
/// **Noise** (the playground's goes from 0 to 0.5) wrongs labels: a point gets the label of where it would be if a number uniform
/// in ± 5 `noise` were added to each coordinate, class 1 within 2.5. The point itself stays. Up to a noise of 0.14 that wrongs
/// points of the inner class alone, whose edge is the border; so noise unbalances the classes.
///
/// # Errors
/// If `samples` is 0, or the noise is negative or not finite.
///
/// ```
/// use evenkeel_data::{Seed, synthetic};
///
/// let (train, test) = synthetic::circle(500, 0.1, Seed(7))?.split_random(0.5, Seed(7))?;
/// assert_eq!((train.len(), test.classes()), (250, Some(2)));
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
pub fn circle(samples: usize, noise: f64, seed: Seed) -> Result<Dataset, DataError> {
    check("circle", noise)?;
    generate("circle", samples, seed, |i, rng| {
        let distance = if i % 2 == 1 { uniform(0.0, 2.5, rng) } else { uniform(3.5, 5.0, rng) };
        let angle = uniform(0.0, 2.0 * PI, rng);
        let point = [distance * angle.sin(), distance * angle.cos()];
        let [x, y] = shifted(point, 5.0 * noise, rng);
        (point, u32::from(x.hypot(y) < 2.5))
    })
}

/// The playground's `xor`: class 1 where both coordinates have the same sign, class 0 elsewhere; both are uniform between 0.3 and
/// 5.3 in magnitude, so that a gap of 0.6 parts the quadrants.
///
/// **Noise** (the playground's goes from 0 to 0.5) wrongs labels: a point gets the label of where it would be if a number uniform
/// in ± 5 `noise` were added to each coordinate. The point itself stays. For noises from 0.06 on that is wrong 2 p (1 - p) of the
/// time with p = (5 `noise` - 0.3)² / (100 `noise`): 17 % for 0.5.
///
/// Here the classes take turns; the playground draws quadrants at random.
///
/// # Errors
/// If `samples` is 0, or the noise is negative or not finite.
///
/// ```
/// use evenkeel_data::{Seed, synthetic};
///
/// let xor = synthetic::xor(500, 0.0, Seed(7))?;
/// assert_eq!(xor.class_counts(), Some(vec![250, 250]));
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
pub fn xor(samples: usize, noise: f64, seed: Seed) -> Result<Dataset, DataError> {
    check("xor", noise)?;
    generate("xor", samples, seed, |i, rng| {
        let magnitudes = [(); 2].map(|()| 0.3 + uniform(0.0, 5.0, rng));
        let sign = if rng.random::<f64>() < 0.5 { -1.0 } else { 1.0 };
        let point = [sign * magnitudes[0], if i % 2 == 1 { sign } else { -sign } * magnitudes[1]];
        let [x, y] = shifted(point, 5.0 * noise, rng);
        (point, u32::from(x * y >= 0.0))
    })
}

/// The playground's `gauss`: class 1 is Gaussian around (2, 2), class 0 around (-2, -2).
///
/// **Noise** (the playground's goes from 0 to 0.5) sets the variance of each coordinate, 0.5 + 7 `noise`: from 0.5 to 4. Labels stay
/// right. The best possible answer, the sign of the coordinates' sum, is wrong Φ(-√(8 / variance)) of the time with Φ the standard
/// normal distribution: 0.003 % for noise 0, 7.9 % for 0.5.
///
/// # Errors
/// If `samples` is 0, or the noise is negative or not finite.
///
/// ```
/// use evenkeel_data::{Seed, synthetic};
///
/// let gauss = synthetic::gauss(100, 0.0, Seed(7))?.batch::<f32>(&[1]);
/// assert_eq!(gauss.targets.classes(), Some(&[1][..]));
/// assert!(gauss.inputs.as_slice().iter().sum::<f32>() > 0.0);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
pub fn gauss(samples: usize, noise: f64, seed: Seed) -> Result<Dataset, DataError> {
    check("gauss", noise)?;
    let deviation = (0.5 + 7.0 * noise).sqrt();
    generate("gauss", samples, seed, |i, rng| {
        let centre = if i % 2 == 1 { 2.0 } else { -2.0 };
        (jitter([centre; 2], deviation, rng), (i % 2) as u32)
    })
}

/// The playground's `spiral`: two arms of 1.75 turns, one the other turned by half a circle. Point k of the n of class 1 is at
/// distance r = 5 k / n in the direction (sin t, cos t) with t = 1.75 · 2π k / n; class 0 at t + π.
///
/// **Noise** (the playground's goes from 0 to 0.5) is added: to each coordinate a number uniform in ± `noise`. Labels stay right.
///
/// Of an odd number of points class 0 has one more. Points are evenly spaced along the arms, so that those of a small set are
/// spread over all of a large one; split at random.
///
/// # Errors
/// If `samples` is 0, or the noise is negative or not finite.
///
/// ```
/// use evenkeel_data::{Seed, synthetic};
///
/// let spiral = synthetic::spiral(8, 0.0, Seed(7))?.batch::<f32>(&[0, 1, 4, 5]);
/// // Both arms begin at the origin; half-way, at a distance of 2.5, they are opposite.
/// let half = 2.5 * (1.75 * std::f32::consts::PI).sin();
/// let expected = [0.0, 0.0, 0.0, 0.0, -half, half, half, -half];
/// assert!(spiral.inputs.as_slice().iter().zip(expected).all(|(got, expected)| (got - expected).abs() < 1e-6));
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
pub fn spiral(samples: usize, noise: f64, seed: Seed) -> Result<Dataset, DataError> {
    check("spiral", noise)?;
    generate("spiral", samples, seed, |i, rng| {
        let (class, members) = if i % 2 == 1 { (1, samples / 2) } else { (0, samples.div_ceil(2)) };
        let along = (i / 2) as f64 / members as f64;
        let angle = 1.75 * 2.0 * PI * along + if class == 1 { 0.0 } else { PI };
        (shifted([5.0 * along * angle.sin(), 5.0 * along * angle.cos()], noise, rng), class)
    })
}

fn check(operation: &'static str, noise: f64) -> Result<(), DataError> {
    if noise.is_finite() && noise >= 0.0 {
        return Ok(());
    }
    let expected = "a noise that is finite and not negative; the playground's goes from 0 to 0.5";
    Err(DataError::Setting { operation, expected, got: noise })
}

fn uniform(from: f64, to: f64, rng: &mut ChaCha8Rng) -> f64 {
    from + (to - from) * rng.random::<f64>()
}

/// The point with a number uniform in ± `limit` added to each coordinate.
fn shifted(point: [f64; 2], limit: f64, rng: &mut ChaCha8Rng) -> [f64; 2] {
    point.map(|x| x + limit * uniform(-1.0, 1.0, rng))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::points;
    use super::*;

    type Generator = fn(usize, f64, Seed) -> Result<Dataset, DataError>;

    const ALL: [(&str, Generator); 4] = [("circle", circle), ("xor", xor), ("gauss", gauss), ("spiral", spiral)];

    fn labelled(data: &Dataset) -> impl Iterator<Item = ([f64; 2], u32)> {
        points(data).into_iter().zip((0..data.len()).filter_map(|i| data.label(i)).collect::<Vec<_>>())
    }

    /// Pins what a seed gives: a change here changes every user's results.
    #[test]
    fn value_stability() {
        let pinned: [([f64; 2], u64); 4] = [
            ([1.386710524559021, 1.7551250457763672], 7_613_888_387_319_284_795),
            ([5.049778461456299, 4.269549369812012], 13_156_363_731_374_466_152),
            ([2.870208740234375, 1.9074875116348267], 11_597_759_567_494_695_868),
            ([-0.10942289978265762, -0.22496673464775085], 15_720_773_713_658_438_142),
        ];
        let got = ALL.map(|(_, draw)| draw(1000, 0.25, Seed(7)).unwrap()).map(|d| (points(&d)[1], d.fingerprint()));
        assert_eq!(got, pinned);
    }

    proptest! {
        /// Sizes, balance, ranges; and without noise the labels are those of the geometry.
        #[test]
        fn points_are_where_they_belong(samples in 1usize..300, noise in 0.0..0.5, seed: u64) {
            for (name, draw) in ALL {
                let (clean, noisy) = (draw(samples, 0.0, Seed(seed)).unwrap(), draw(samples, noise, Seed(seed)).unwrap());
                prop_assert_eq!((clean.len(), noisy.len(), clean.sample_shape().to_vec()), (samples, samples, vec![2]));
                prop_assert_eq!(clean.class_counts(), Some(vec![samples.div_ceil(2), samples / 2]), "{}", name);
                prop_assert_eq!(noisy.fingerprint(), draw(samples, noise, Seed(seed)).unwrap().fingerprint());
                if name != "spiral" {
                    let half = draw(samples.div_ceil(2), noise, Seed(seed)).unwrap();
                    prop_assert_eq!(points(&half), &points(&noisy)[..half.len()], "{}", name);
                }
            }
            let rounding = 1e-6;
            for ([x, y], class) in labelled(&circle(samples, 0.0, Seed(seed)).unwrap()) {
                let distance = x.hypot(y);
                let ring = if class == 1 { 0.0..2.5 + rounding } else { 3.5 - rounding..5.0 + rounding };
                prop_assert!(ring.contains(&distance));
            }
            for ([x, y], class) in labelled(&xor(samples, 0.0, Seed(seed)).unwrap()) {
                prop_assert_eq!(class == 1, x * y > 0.0);
                prop_assert!([x, y].iter().all(|x| (0.3 - rounding..5.3 + rounding).contains(&x.abs())));
            }
            let (clean, noisy) = (spiral(samples, 0.0, Seed(seed)).unwrap(), spiral(samples, noise, Seed(seed)).unwrap());
            for ((clean, a), (noisy, b)) in labelled(&clean).zip(labelled(&noisy)) {
                prop_assert_eq!(a, b);
                prop_assert!((0..2).all(|axis| (clean[axis] - noisy[axis]).abs() <= noise + rounding));
            }
        }

        /// Noise moves no point of `circle` and `xor`, and wrongs no label that it cannot reach: a shift is at most 5 √2 noise.
        #[test]
        fn noise_wrongs_labels_near_the_border(samples in 1usize..300, noise in 0.0..0.14, seed: u64) {
            for (name, draw) in &ALL[..2] {
                let (clean, noisy) = (draw(samples, 0.0, Seed(seed)).unwrap(), draw(samples, noise, Seed(seed)).unwrap());
                for ((point, right), (same, given)) in labelled(&clean).zip(labelled(&noisy)) {
                    prop_assert_eq!(point, same);
                    let near = match *name {
                        "circle" => (point[0].hypot(point[1]) - 2.5).abs() <= 5.0 * 2f64.sqrt() * noise,
                        _ => point.iter().any(|x| x.abs() <= 5.0 * noise),
                    };
                    prop_assert!(right == given || near, "{}: {:?}", name, point);
                }
            }
        }

        /// Half a turn carries one arm into the other.
        #[test]
        fn the_spiral_is_symmetric(half in 1usize..200, seed: u64) {
            let arms = points(&spiral(2 * half, 0.0, Seed(seed)).unwrap());
            for (k, [a, b]) in arms.as_chunks().0.iter().enumerate() {
                prop_assert!((a[0] + b[0]).abs() < 1e-6 && (a[1] + b[1]).abs() < 1e-6);
                prop_assert!((b[0].hypot(b[1]) - 5.0 * k as f64 / half as f64).abs() < 1e-6);
            }
        }
    }

    /// A share q of 40 000 has the deviation sqrt(q (1 - q) / 40 000), 0.0019 for 0.175; a mean of 20 000 coordinates of variance
    /// v sqrt(v / 20 000), and their variance v sqrt(2 / 20 000) = 1 % of v. Five of each are allowed.
    #[test]
    fn noise_has_the_stated_size() {
        let (noisy, p) = (xor(40_000, 0.5, Seed(3)).unwrap(), (2.5f64 - 0.3).powi(2) / 50.0);
        let wrong = labelled(&noisy).filter(|([x, y], class)| (*class == 1) != (x * y > 0.0)).count() as f64 / 40_000.0;
        assert!((wrong - 2.0 * p * (1.0 - p)).abs() < 5.0 * 0.0019, "{wrong}");
        for (noise, variance) in [(0.0, 0.5), (0.5, 4.0)] {
            let groups = gauss(40_000, noise, Seed(4)).unwrap();
            for (class, centre) in [(0, -2.0), (1, 2.0)] {
                for axis in 0..2 {
                    let x: Vec<_> = labelled(&groups).filter(|p| p.1 == class).map(|p| p.0[axis] - centre).collect();
                    let mean = |f: &dyn Fn(f64) -> f64| x.iter().map(|&x| f(x)).sum::<f64>() / 20_000.0;
                    assert!(mean(&|x| x).abs() < 5.0 * (variance / 20_000f64).sqrt());
                    assert!((mean(&|x| x * x) / variance - 1.0).abs() < 0.05);
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        for (name, draw) in ALL {
            assert!(matches!(draw(0, 0.1, Seed(0)), Err(DataError::Empty { .. })));
            for noise in [-0.1, f64::NAN, f64::INFINITY] {
                let error = draw(10, noise, Seed(0)).unwrap_err();
                assert!(matches!(error, DataError::Setting { operation, .. } if operation == name), "{error}");
            }
            assert_eq!(draw(1, 0.0, Seed(0)).unwrap().class_counts(), Some(vec![1, 0]));
        }
    }
}
