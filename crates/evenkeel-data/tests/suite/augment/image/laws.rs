//! What holds for every image.

use evenkeel_data::augment::check::{check_augment, check_random};
use evenkeel_data::augment::image::*;
use evenkeel_data::{Seed, Shape, Tensor};
use proptest::prelude::*;
use rand::RngExt;

use super::{affine, augmented, distance, every};

fn random(shape: impl Into<Shape>, seed: u64) -> Tensor<f64> {
    let mut rng = Seed(seed).rng();
    Tensor::from_fn(shape, |_| rng.random())
}

fn images() -> impl Strategy<Value = Tensor<f64>> {
    (1usize..=4, 1usize..9, 1usize..9, any::<bool>(), any::<u64>()).prop_map(|(channels, height, width, flat, seed)| {
        if flat { random([height, width], seed) } else { random([channels, height, width], seed) }
    })
}

fn squares() -> impl Strategy<Value = Tensor<f64>> {
    (1usize..=4, 1usize..9, any::<u64>()).prop_map(|(channels, side, seed)| random([channels, side, side], seed))
}

fn borders() -> impl Strategy<Value = Border> {
    prop_oneof![
        (-2.0f64..2.0).prop_map(Border::Constant),
        Just(Border::Edge),
        Just(Border::Reflect),
        Just(Border::Wrap)
    ]
}

/// The last two extents.
fn extents(image: &Tensor<f64>) -> [usize; 2] {
    *image.shape().last_chunk().unwrap()
}

/// Each channel as an image of its own.
fn channels(image: &Tensor<f64>) -> Vec<Tensor<f64>> {
    let [height, width] = extents(image);
    let planes = image.as_slice().chunks_exact(height * width);
    planes.map(|plane| Tensor::from_vec([height, width], plane.to_vec()).unwrap()).collect()
}

proptest! {
    #[test]
    fn turning_back_is_the_identity(image in images(), turns in -9i32..9) {
        prop_assert_eq!(&flip(&flip(&image)?)?, &image);
        prop_assert_eq!(&mirror(&mirror(&image)?)?, &image);
        prop_assert_eq!(&quarter_turns(&quarter_turns(&image, turns)?, -turns)?, &image);
        let mut turned = image.clone();
        for _ in 0..4 {
            turned = quarter_turns(&turned, 1)?;
        }
        prop_assert_eq!(&turned, &image);
        // The group of the square: a half turn is a flip and a mirror; a flip, turned, is a mirror.
        prop_assert_eq!(quarter_turns(&image, 2)?, mirror(&flip(&image)?)?);
        prop_assert_eq!(quarter_turns(&flip(&quarter_turns(&image, 1)?)?, -1)?, mirror(&image)?);
    }

    #[test]
    fn a_rotation_by_right_angles_is_exact(image in squares(), quarters in -4i32..=4, border in borders(), seed: u64) {
        let degrees = 90.0 * f64::from(quarters);
        for interpolation in [Interpolation::Bilinear, Interpolation::Nearest] {
            let rotate = Rotate::within(degrees..=degrees).border(border).interpolation(interpolation);
            prop_assert_eq!(augmented(&rotate, &image, seed), quarter_turns(&image, quarters)?);
        }
    }

    #[test]
    fn doing_nothing_is_exact(image in images(), seed: u64, border in borders()) {
        let [height, width] = extents(&image);
        let same = |result: Tensor<f64>| {
            prop_assert_eq!(&result, &image);
            Ok::<(), TestCaseError>(())
        };
        let nothing = [AffineMap::rotation(360.0), AffineMap::scaling(1.0, 1.0), AffineMap::shearing(0.0, 0.0)];
        for map in nothing {
            prop_assert_eq!(map, AffineMap::IDENTITY);
        }
        // Passes through the sampling kernel: a shift too small to change a value, and one by a whole turn of the image.
        same(warp(&image, &Warp::new(AffineMap::translation(1e-300, 0.0)).border(border))?)?;
        let around = AffineMap::translation(width as f64, -(height as f64));
        same(warp(&image, &Warp::new(around).border(Border::Wrap))?)?;
        same(augmented(&Rotate::new(0.0).border(border), &image, seed))?;
        same(augmented(&Scale::new(0.0), &image, seed))?;
        same(augmented(&Shear::new(0.0, 0.0), &image, seed))?;
        same(augmented(&Translate::pixels(0.0, 0.0), &image, seed))?;
        same(augmented(&Affine::new(), &image, seed))?;
        same(augmented(&Elastic::new(0.0, 4.0), &image, seed))?;
        same(augmented(&WhiteNoise::new(0.0), &image, seed))?;
        same(augmented(&Brightness::new(0.0).range(-3.0..=5.0), &image, seed))?;
        same(augmented(&Contrast::new(0.0).clamped(), &image, seed))?;
        same(augmented(&Sharpness::new(0.0), &image, seed))?;
        same(augmented(&Solarize::new(1.5), &image, seed))?;
        same(augmented(&RandAugment::new(0, 10.0), &image, seed))?;
        same(augmented(&RandAugment::new(5, 10.0).operations([Operation::Identity]), &image, seed))?;
        same(resize(&image, height, width)?)?;
        same(pad(&image, &Pad::new(0))?)?;
        same(augmented(&Crop::new(height, width), &image, seed))?;
    }

    #[test]
    fn a_crop_undoes_a_pad(image in images(), margins in prop::array::uniform4(0usize..12), border in borders()) {
        let [top, bottom, left, right] = margins;
        let [height, width] = extents(&image);
        let padded = pad(&image, &Pad::sides(top, bottom, left, right).border(border))?;
        prop_assert_eq!(extents(&padded), [height + top + bottom, width + left + right]);
        prop_assert_eq!(&crop(&padded, [top, left], [height, width])?, &image);
        let centre = augmented(&Crop::centre(height, width), &pad(&image, &Pad::new(top).border(border))?, 0);
        prop_assert_eq!(&centre, &image);
    }

    /// A shift by whole pixels is the part of the padded image that lies there.
    #[test]
    fn a_shift_by_whole_pixels_is_exact(image in images(), right in -9i32..9, down in -9i32..9, border in borders()) {
        let padded = pad(&image, &Pad::new(9).border(border))?;
        let [left, top] = [right, down].map(|shift| (9 - shift) as usize);
        let expected = crop(&padded, [top, left], extents(&image))?;
        for interpolation in [Interpolation::Bilinear, Interpolation::Nearest] {
            let map = AffineMap::translation(right.into(), down.into());
            let shift = Warp::new(map).border(border).interpolation(interpolation);
            prop_assert_eq!(&warp(&image, &shift)?, &expected);
        }
    }

    /// The nearest pixel is that of the rounded shift, and no value is new.
    #[test]
    fn the_nearest_pixel_is_at_the_rounded_place(
        image in images(), whole in -4i32..4, rest in -0.499f64..0.499, border in borders(),
    ) {
        let shift = |x: f64| {
            let map = AffineMap::translation(x, -x);
            warp(&image, &Warp::new(map).border(border).interpolation(Interpolation::Nearest))
        };
        prop_assert_eq!(shift(f64::from(whole) + rest)?, shift(whole.into())?);
    }

    #[test]
    fn whole_pixels_keep_the_values(image in images(), most in 0.0f64..9.0, seed: u64) {
        let translate = Translate::pixels(most, most).whole_pixels().border(Border::Wrap);
        let sorted = |image: &Tensor<f64>| {
            let mut values = image.as_slice().to_vec();
            values.sort_by(f64::total_cmp);
            values
        };
        prop_assert_eq!(sorted(&augmented(&translate, &image, seed)), sorted(&image));
    }

    /// One gray image: without black coming in from outside, it stays what it is but for the roundings of the three means of two.
    #[test]
    fn a_constant_stays_constant(value in -1e3f64..1e3, extents in prop::array::uniform2(1usize..9), seed: u64) {
        let image = Tensor::full([2, extents[0], extents[1]], value);
        for border in [Border::Edge, Border::Reflect, Border::Wrap, Border::Constant(value)] {
            let distorted = [
                augmented(&affine().border(border), &image, seed),
                augmented(&Elastic::new(50.0, 1.5).border(border), &image, seed),
                augmented(&Scale::within(0.1..=10.0).each_axis().border(border), &image, seed),
                augmented(&Contrast::new(0.9), &image, seed),
                augmented(&Sharpness::new(0.9), &image, seed),
                augmented(&AutoContrast::default(), &image, seed),
            ];
            for distorted in distorted {
                prop_assert!(distance(&distorted, &image) <= 8.0 * f64::EPSILON * value.abs());
            }
        }
    }

    /// Interpolated values lie between those they are made from.
    #[test]
    fn no_value_leaves_the_range(image in images(), seed: u64, border in borders()) {
        let outside = if let Border::Constant(value) = border { value } else { image.as_slice()[0] };
        let (low, high) = image.as_slice().iter().fold((outside, outside), |(l, h), &x| (l.min(x), h.max(x)));
        for distorted in [augmented(&affine().border(border), &image, seed), resize(&image, 7, 5)?] {
            prop_assert!(distorted.as_slice().iter().all(|x| (low - 1e-15..=high + 1e-15).contains(x)));
        }
    }

    /// All channels move alike: as each does alone, with the same seed. (Noise and means are the exceptions, and left out.)
    #[test]
    fn channels_move_alike(image in squares(), seed: u64, border in borders()) {
        let moves: [&dyn evenkeel_data::augment::Augment<f64>; 12] = [
            &Flip, &Mirror, &QuarterTurns::any(), &Crop::new(1, 1), &Pad::new(3).border(border),
            &affine().border(border), &Elastic::default().border(border), &RandomResizedCrop::new(3, 4),
            &Resize::new(2, 3), &Brightness::new(0.3), &AutoContrast::default(), &Sharpness::new(0.8),
        ];
        for augment in moves {
            let together = channels(&augmented(augment, &image, seed));
            let alone: Vec<_> = channels(&image).iter().map(|channel| augmented(augment, channel, seed)).collect();
            prop_assert_eq!(together, alone, "{:?}", augment);
        }
    }

    /// Parts alone and in an `Affine` draw the same numbers.
    #[test]
    fn a_part_of_an_affine_is_the_part_alone(image in images(), seed: u64, border in borders()) {
        let check = |whole: Affine, part: &dyn evenkeel_data::augment::Augment<f64>| {
            prop_assert_eq!(augmented(&whole.border(border), &image, seed), augmented(part, &image, seed));
            Ok(())
        };
        let (rotate, scale) = (Rotate::new(40.0).border(border), Scale::new(0.4).border(border));
        let (shear, translate) = (Shear::new(0.4, 0.2).border(border), Translate::shares(0.3, 0.3).border(border));
        check(Affine::new().rotate(rotate), &rotate)?;
        check(Affine::new().scale(scale), &scale)?;
        check(Affine::new().shear(shear), &shear)?;
        check(Affine::new().translate(translate), &translate)?;
    }

    #[test]
    fn tones_have_their_formulas(image in images(), factor in 0.0f64..3.0, low in -2.0f64..0.0, width in 0.5f64..4.0) {
        let range = low..=low + width;
        let close = |result: Tensor<f64>, expected: Tensor<f64>| {
            prop_assert!(distance(&result, &expected) < 1e-13);
            Ok(())
        };
        let mean = image.as_slice().iter().sum::<f64>() / image.shape().numel() as f64;
        let clamp = |x: f64| x.clamp(low, low + width);
        let brightness = Brightness::within(factor..=factor).range(range.clone());
        close(augmented(&brightness, &image, 0), image.map(|x| low + factor * (x - low)))?;
        close(augmented(&brightness.clamped(), &image, 0), image.map(|x| clamp(low + factor * (x - low))))?;
        let contrast = Contrast::within(factor..=factor);
        close(augmented(&contrast, &image, 0), image.map(|x| mean + factor * (x - mean)))?;
        let inverted = augmented(&Invert::default().range(range.clone()), &image, 0);
        close(inverted, image.map(|x| 2.0 * low + width - x))?;
        let solarize = Solarize::new(0.5).range(range.clone());
        close(augmented(&solarize, &image, 0), image.map(|x| if x < 0.5 { x } else { 2.0 * low + width - x }))?;
        let posterize = Posterize::new(2).range(range);
        let step = width / 3.0;
        let posterized = augmented(&posterize, &image, 0);
        close(posterized.clone(), image.map(|x| clamp(low + step * ((clamp(x) - low) / step).round())))?;
        close(augmented(&posterize, &posterized, 0), posterized)?;
    }

    #[test]
    fn stretched_channels_fill_the_range(image in images()) {
        for channel in channels(&augmented(&AutoContrast::default(), &image, 0)) {
            let (low, high) = channel.as_slice().iter().fold((1.0f64, 0.0f64), |(l, h), &x| (l.min(x), h.max(x)));
            prop_assert!(channel.as_slice().len() == 1 || (low, high) == (0.0, 1.0));
        }
    }

    /// Both floats compute the same, in the precision of each.
    #[test]
    fn both_floats_agree(image in squares(), seed: u64) {
        for (in_f32, in_f64) in every::<f32>().iter().zip(every::<f64>()) {
            // Noise is drawn for each float by itself; thresholds and roundings to tones may fall to either side.
            let name = format!("{in_f64:?}");
            if !["WhiteNoise", "Solarize", "Posterize", "RandAugment", "Nearest"].iter().any(|skip| name.contains(skip)) {
                let wide = augmented(&**in_f32, &image.cast::<f32>(), seed).cast::<f64>();
                let error = distance(&wide, &augmented(&*in_f64, &image, seed));
                // AutoContrast divides by a difference that may be small.
                prop_assert!(error < if name.contains("Auto") { 1e-2 } else { 2e-6 }, "{}: {}", name, error);
            }
        }
    }
}

/// A map and its inverse on a smooth image: what is lost is of the second order in the pixel's size. Bilinear interpolation is off
/// by at most 1/8 of the second derivative in each direction, here below 2 (2 pi / 32)^2 / 8 = 0.0097 each time.
#[test]
fn a_map_and_its_inverse_are_nearly_the_identity() {
    let wave = |x: f64| (x * std::f64::consts::TAU / 32.0).sin();
    let image = Tensor::from_fn([64, 64], |i| 0.5 * (wave((i % 64) as f64) + wave((i / 64) as f64)));
    let map = AffineMap::scaling(1.1, 0.9).then(AffineMap::shearing(0.1, 0.05)).then(AffineMap::rotation(20.0));
    let there = warp(&image, &Warp::new(map)).unwrap();
    let back = warp(&there, &Warp::new(map.inverse().unwrap())).unwrap();
    let inside = |image: &Tensor<f64>| crop(image, [20, 20], [24, 24]).unwrap();
    assert!(distance(&inside(&there), &inside(&image)) > 0.1, "the map does something");
    assert!(distance(&inside(&back), &inside(&image)) < 0.02);
}

#[test]
fn every_augmentation_keeps_the_contract() {
    for shape in [Shape::from([28, 28]), [1, 8, 8].into(), [3, 9, 9].into(), [4, 2, 2].into(), [1, 1].into()] {
        let image = random(shape, 1);
        for augment in every::<f64>() {
            check_augment(&*augment, &image);
        }
        for augment in every::<f32>() {
            check_augment(&*augment, &image.cast());
        }
    }
}

#[test]
fn seeds_differ() {
    let image = random([3, 9, 9], 1);
    let exact = [
        "Flip",
        "Mirror",
        "QuarterTurns { turns: Some",
        "Pad",
        "Resize",
        "Solarize",
        "Invert",
        "Posterize",
        "AutoContrast",
    ];
    for augment in every::<f64>() {
        if !exact.iter().any(|name| format!("{augment:?}").starts_with(name)) {
            check_random(&*augment, &image);
        }
    }
    check_random(&QuarterTurns::any(), &image);
}
