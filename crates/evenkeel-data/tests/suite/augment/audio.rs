//! Noise, shifts, gain, clipping and SpecAugment.

use evenkeel_data::augment::Augment;
use evenkeel_data::augment::audio::{Clip, Gain, Noise, Shift, SpecAugment};
use evenkeel_data::augment::check::{check_augment, check_random};
use evenkeel_data::{DataError, Dataset, Float, Seed, Shape, Tensor};
use proptest::prelude::*;

fn applied<F: Float>(augment: &dyn Augment<F>, sample: &Tensor<F>, seed: u64) -> Tensor<F> {
    let mut sample = sample.clone();
    augment.apply(&mut sample, Seed(seed));
    sample
}

/// One or two channels of a sound with a few bits of everything.
fn sound(channels: usize, samples: usize) -> Tensor<f64> {
    let value = |i: usize| (i as f64 * 0.37).sin() + 0.3 * (i as f64 * 1.91).cos();
    if channels == 1 { Tensor::from_fn([samples], value) } else { Tensor::from_fn([channels, samples], value) }
}

fn energy(x: &Tensor<f64>) -> f64 {
    x.as_slice().iter().map(|x| x * x).sum()
}

proptest! {
    /// The noise is scaled to the ratio, so what is left is rounding: of the signal plus the noise, an eps / noise in the noise.
    #[test]
    fn noise_has_the_ratio(channels in 1usize..3, samples in 1usize..300, db in -40.0f64..80.0, seed: u64) {
        let clean = sound(channels, samples);
        let noise = &applied(&Noise::snr_db(db..=db), &clean, seed) - &clean;
        let ratio = 10.0 * (energy(&clean) / energy(&noise)).log10();
        prop_assert!((ratio - db).abs() < 1e-9, "{} dB, not {}", ratio, db);
    }

    #[test]
    fn noise_has_a_ratio_of_its_range(db in -20.0f64..20.0, width in 0.0f64..20.0, seed: u64) {
        let clean = sound(1, 100);
        let noise = &applied(&Noise::snr_db(db..=db + width), &clean, seed) - &clean;
        let ratio = 10.0 * (energy(&clean) / energy(&noise)).log10();
        prop_assert!((db - 1e-9..=db + width + 1e-9).contains(&ratio));
    }

    #[test]
    fn a_gain_and_its_inverse_cancel(db in -100.0f64..100.0, seed: u64) {
        let clean = sound(2, 50);
        let back = applied(&Gain::db(db..=db).then(Gain::db(-db..=-db)), &clean, seed);
        for (a, b) in back.as_slice().iter().zip(clean.as_slice()) {
            prop_assert!((a - b).abs() <= 1e-13 * b.abs());
        }
    }

    #[test]
    fn a_shift_and_its_opposite_cancel(channels in 1usize..3, samples in 1usize..40, by in -100i64..100, seed: u64) {
        let clean = sound(channels, samples);
        let back = Shift::samples(by..=by).wrapping().then(Shift::samples(-by..=-by).wrapping());
        prop_assert_eq!(applied(&back, &clean, seed), clean);
    }

    /// A wrapping shift moves, and a plain one leaves silence where there is nothing to move in.
    #[test]
    fn a_shift_moves_every_channel(channels in 1usize..3, len in 1usize..40, by in -60i64..60, seed: u64) {
        let clean = sound(channels, len);
        let plain = applied(&Shift::samples(by..=by), &clean, seed);
        let wrapped = applied(&Shift::samples(by..=by).wrapping(), &clean, seed);
        for (i, (&plain, &wrapped)) in plain.as_slice().iter().zip(wrapped.as_slice()).enumerate() {
            let (channel, from) = (i / len * len, (i % len) as i64 - by);
            prop_assert_eq!(wrapped, clean.as_slice()[channel + from.rem_euclid(len as i64) as usize]);
            prop_assert_eq!(plain, if (0..len as i64).contains(&from) { wrapped } else { 0.0 });
        }
    }

    #[test]
    fn clipping_limits_and_is_done_once(limit in 0.1f64..2.0) {
        let clean = sound(1, 200);
        let clipped = applied(&Clip::new(limit), &clean, 0);
        prop_assert_eq!(&applied(&Clip::new(limit), &clipped, 0), &clipped);
        for (&after, &before) in clipped.as_slice().iter().zip(clean.as_slice()) {
            prop_assert_eq!(after, before.clamp(-limit, limit));
        }
    }

    /// At most m_F F rows and m_T min(T, p frames) columns are masked, in all channels alike; the rest is untouched.
    #[test]
    fn masks_are_as_large_as_told(
        channels in 1usize..3, rows in 1usize..20, columns in 1usize..30, masks in (0usize..4, 0usize..4),
        widest in 0usize..20, longest in 0usize..40, p in 0.0f64..=1.0, seed: u64,
    ) {
        let widest = widest.min(rows);
        let augment = SpecAugment::new().frequency_masks(masks.0, widest).time_masks(masks.1, longest, p).fill(-1.0);
        let before = Tensor::from_fn([channels, rows, columns], |i| 1.0 + i as f64);
        check_augment(&augment, &before);
        let after = applied(&augment, &before, seed);
        let masked = |row: usize, column: usize| after.as_slice()[row * columns + column] == -1.0;
        let whole_rows: Vec<_> = (0..rows).filter(|&r| (0..columns).all(|c| masked(r, c))).collect();
        let whole_columns: Vec<_> = (0..columns).filter(|&c| (0..rows).all(|r| masked(r, c))).collect();
        let longest = longest.min((p * columns as f64) as usize);
        prop_assert!(whole_rows.len() <= masks.0 * widest || whole_columns.len() == columns);
        prop_assert!(whole_columns.len() <= masks.1 * longest || whole_rows.len() == rows);
        for (i, (&after, &before)) in after.as_slice().iter().zip(before.as_slice()).enumerate() {
            let expected = whole_rows.contains(&(i / columns % rows)) || whole_columns.contains(&(i % columns));
            prop_assert_eq!(after, if expected { -1.0 } else { before });
        }
    }

    /// A row that rises still rises after a warp, over the same range; a constant one stays.
    #[test]
    fn a_warp_keeps_the_order_of_time(warp in 1usize..10, more in 0usize..20, seed: u64) {
        let columns = 2 * warp + 3 + more;
        let augment = SpecAugment::new().time_warp(warp);
        let before = Tensor::from_fn([3, columns], |i| if i < columns { 7.0 } else { (i % columns) as f64 });
        check_augment(&augment, &before);
        let after = applied(&augment, &before, seed);
        let rows: Vec<_> = after.as_slice().chunks(columns).collect();
        prop_assert!(rows[0].iter().all(|x| (x - 7.0f64).abs() < 1e-12));
        prop_assert!(rows[1].is_sorted());
        prop_assert_eq!((rows[1][0], rows[1][columns - 1]), (0.0, (columns - 1) as f64));
        prop_assert_eq!(rows[1], rows[2]);
        // A frame moves by at most W, and those beside it by less.
        prop_assert!(rows[1].iter().enumerate().all(|(i, x)| (x - i as f64).abs() <= warp as f64 + 1e-9));
    }
}

#[test]
fn every_augmentation_keeps_the_contract() {
    let (wave, stereo) = (sound(1, 64).cast::<f32>(), sound(2, 64).cast::<f32>());
    let waveforms: [&dyn Augment<f32>; 5] = [
        &Noise::snr_db(0.0..=20.0),
        &Gain::db(-6.0..=6.0),
        &Shift::samples(-10..=10),
        &Shift::share(-0.5..=0.5).wrapping(),
        &Shift::samples(i64::MIN..=i64::MAX).wrapping(),
    ];
    for augment in waveforms {
        for sample in [&wave, &stereo] {
            check_augment(augment, sample);
            check_random(augment, sample);
        }
        for extreme in [0.0, 1e-40, 1e27] {
            check_augment(augment, &Tensor::full([5], extreme));
        }
        check_augment(augment, &Tensor::ones([1]));
    }
    check_augment(&Clip::new(0.5), &stereo);
    let policy = SpecAugment::default().time_warp(5).frequency_masks(2, 4).time_masks(2, 20, 0.2);
    for shape in [&[16, 40][..], &[2, 16, 40]] {
        let spectrogram = Tensor::<f32>::from_fn(shape, |i| i as f32);
        check_augment(&policy, &spectrogram);
        check_random(&policy, &spectrogram);
    }
    check_augment(
        &SpecAugment::new().frequency_masks(1, 1).time_masks(1, usize::MAX, 1.0),
        &Tensor::<f32>::ones([1, 1]),
    );
}

#[test]
fn a_gain_of_six_decibels_doubles() {
    let clean = sound(1, 50);
    let louder = applied(&Gain::db(6.0206..=6.0206), &clean, 0);
    // 20 log10(2) is 6.0205999, which 6.0206 exceeds by 8.7e-8.
    assert!(louder.as_slice().iter().zip(clean.as_slice()).all(|(a, b)| (a - 2.0 * b).abs() <= 2.0 * 1.1e-8 * b.abs()));
}

/// 20 000 draws: their mean has a deviation of 0.0071, their mean square one of 0.01 and their mean fourth power, 3, one of
/// sqrt(96 / 20 000) = 0.07; bounds at 4.5 deviations. Neighbours have a correlation of deviation 0.0071.
#[test]
fn noise_is_gaussian_and_white() {
    let n = 20_000;
    let noise = &applied(&Noise::snr_db(0.0..=0.0), &Tensor::<f64>::ones([n]), 5) - 1.0;
    let mean = |f: &dyn Fn(f64) -> f64| noise.as_slice().iter().map(|&x| f(x)).sum::<f64>() / n as f64;
    assert!((mean(&|x| x * x) - 1.0).abs() < 1e-12);
    assert!(mean(&|x| x).abs() < 0.032);
    assert!((mean(&|x| x.powi(4)) - 3.0).abs() < 0.32);
    let neighbours = noise.as_slice().windows(2).map(|w| w[0] * w[1]).sum::<f64>() / n as f64;
    assert!(neighbours.abs() < 0.032, "{neighbours}");
}

#[test]
fn silence_stays_silent_and_extremes_stay_finite() {
    let silence = Tensor::<f64>::zeros([2, 30]);
    assert_eq!(applied(&Noise::snr_db(0.0..=0.0), &silence, 3), silence);
    for value in [1e-310, 1e-160, 1e160, 1e300] {
        let clean = sound(1, 30).map(|x| x * value);
        let noise = &applied(&Noise::snr_db(0.0..=0.0), &clean, 3) - &clean;
        assert!(noise.is_finite() && noise.as_slice().iter().any(|&x| x != 0.0), "{value}");
    }
}

/// f of U[0, 4] is each of 0 to 4 at equal odds: of 5 000 masks 1 000 with a deviation of 28.3; 4.5 of them are 128.
#[test]
fn mask_widths_are_uniform() {
    let augment = SpecAugment::new().frequency_masks(1, 4);
    let mut counts = [0u32; 5];
    for seed in 0..5000 {
        let masked = applied(&augment, &Tensor::<f64>::ones([8, 1]), seed);
        counts[masked.as_slice().iter().filter(|&&x| x == 0.0).count()] += 1;
    }
    assert!(counts.iter().all(|n| n.abs_diff(1000) < 128), "{counts:?}");
}

#[test]
fn hostile_settings_are_refused() {
    let wave = |augment: &dyn Augment<f32>| augment.output_shape([100].into());
    #[expect(clippy::reversed_empty_ranges, reason = "that is what is refused")]
    let bad: [&dyn Augment<f32>; 16] = [
        &Noise::snr_db(f64::NAN..=1.0),
        &Noise::snr_db(1.0..=f64::INFINITY),
        &Noise::snr_db(20.0..=10.0),
        &Noise::snr_db(-1e9..=0.0),
        &Gain::db(f64::NEG_INFINITY..=0.0),
        &Gain::db(0.0..=f64::NAN),
        &Gain::db(3.0..=-3.0),
        &Gain::db(0.0..=1000.0),
        &Shift::samples(1..=0),
        &Shift::share(0.5..=0.1),
        &Shift::share(-1.5..=0.1),
        &Shift::share(0.0..=f64::NAN),
        &Clip::new(0.0),
        &Clip::new(-1.0),
        &Clip::new(f64::NAN),
        &Clip::new(f64::INFINITY),
    ];
    for augment in bad {
        assert!(matches!(wave(augment), Err(DataError::Setting { .. })), "{augment:?}");
    }
    // An iterator's end is a range too, and an empty one.
    let mut used_up = -3..=3;
    assert_eq!(used_up.by_ref().count(), 7);
    assert!(matches!(wave(&Shift::samples(used_up)), Err(DataError::Setting { .. })));
    let spectrogram = |augment: SpecAugment| Augment::<f32>::output_shape(&augment, [8, 20].into());
    let new = SpecAugment::new;
    for augment in [
        new().frequency_masks(1, 9),
        new().time_masks(1, 5, -0.1),
        new().time_masks(1, 5, 1.1),
        new().time_masks(1, 5, f64::NAN),
        new().time_warp(9),
        new().time_warp(usize::MAX),
        new().fill(f64::NAN),
        new().fill(1e300), // infinite in f32
    ] {
        assert!(matches!(spectrogram(augment), Err(DataError::Setting { .. })), "{augment:?}");
    }
    assert!(spectrogram(new().frequency_masks(1, 8).time_warp(8)).is_ok());

    let waveforms: [&dyn Augment<f32>; 4] =
        [&Noise::snr_db(0.0..=0.0), &Gain::db(0.0..=0.0), &Shift::samples(0..=0), &Clip::new(1.0)];
    for augment in waveforms {
        for shape in [Shape::SCALAR, [0].into(), [2, 0].into(), [0, 5].into(), [1, 2, 3].into()] {
            assert!(matches!(augment.output_shape(shape), Err(DataError::Shape(_))), "{augment:?} of {shape}");
        }
    }
    for shape in [Shape::SCALAR, [5].into(), [0, 5].into(), [1, 2, 3, 4].into()] {
        assert!(matches!(Augment::<f32>::output_shape(&new(), shape), Err(DataError::Shape(_))), "{shape}");
    }
}

#[test]
fn values_that_are_not_finite_show() {
    let bad = Tensor::from_vec([3], vec![1.0, f64::NAN, 5.0]).unwrap();
    let clipped = applied(&Clip::new(2.0), &bad, 0);
    assert!(clipped.as_slice()[1].is_nan() && clipped.as_slice()[2] == 2.0);
    assert!(applied(&Gain::db(6.0..=6.0), &bad, 0).as_slice()[1].is_nan());
    assert!(applied(&Noise::snr_db(6.0..=6.0), &bad, 0).as_slice()[1].is_nan());
}

#[test]
fn batches_are_the_same_at_any_number_of_threads() {
    let sounds = Tensor::from_fn([30, 2, 2000], |i| (i as f64 * 0.1).sin());
    let sounds = Dataset::classification(sounds, vec![0; 30], 1).unwrap();
    let augment = Shift::share(-0.2..=0.2).then(Noise::snr_db(5.0..=20.0)).then(Gain::db(-3.0..=3.0));
    let batches = sounds.batches::<f32>(16).augmented(augment, Seed(2)).unwrap();
    let expected: Vec<_> = batches.epoch(4).collect();
    for threads in [1, 2, 3, 7] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| batches.epoch(4).collect::<Vec<_>>()), expected, "{threads} threads");
    }
}

/// Pins what a seed gives: a change here changes every user's results.
#[test]
fn value_stability() {
    let ramp = Tensor::<f64>::from_fn([6], |i| i as f64);
    let pin = |augment: &dyn Augment<f64>| applied(augment, &ramp, 7).into_vec();
    assert_eq!(pin(&Shift::samples(-3..=3)), [2.0, 3.0, 4.0, 5.0, 0.0, 0.0]);
    assert_eq!(pin(&Shift::share(-0.5..=0.5).wrapping()), [2.0, 3.0, 4.0, 5.0, 0.0, 1.0]);
    let near = |a: &[f64], b: &[f64]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9);
    let noisy = pin(&Noise::snr_db(10.0..=20.0));
    assert!(near(&noisy[..3], &[-1.258324313986679, 1.8092597562716048, 2.327245647679122]), "{noisy:?}");
    let louder = pin(&Gain::db(-6.0..=6.0));
    assert!(near(&louder[..2], &[0.0, 0.6232720591521896]), "{louder:?}");
    let policy = SpecAugment::new().time_warp(1).frequency_masks(1, 1).time_masks(1, 2, 1.0);
    let warped = applied(&policy, &Tensor::from_fn([2, 6], |i| 1.0 + i as f64), 10).into_vec();
    assert!(near(&warped, &[1.0, 1.75, 2.5, 0.0, 4.0, 6.0, 7.0, 7.75, 8.5, 0.0, 10.0, 12.0]), "{warped:?}");
}
