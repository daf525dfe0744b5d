//! What is refused, with which words, and what extreme values come to.

use evenkeel_data::augment::Augment;
use evenkeel_data::augment::image::*;
use evenkeel_data::{DataError, Shape, Tensor};

use super::{augmented, every};

const SHAPE: [usize; 3] = [1, 4, 4];

#[track_caller]
fn refused(augment: &dyn Augment<f32>) -> String {
    let error = augment.output_shape(SHAPE.into()).expect_err(&format!("{augment:?}"));
    error.to_string()
}

#[test]
fn what_is_no_image() {
    let shapes: [Shape; 8] = [
        Shape::SCALAR,
        [4].into(),
        [0, 4].into(),
        [1, 4, 0].into(),
        [0, 4, 4].into(),
        [5, 4, 4].into(),
        [1, 1, 4, 4].into(),
        [28, 28, 3].into(),
    ];
    for augment in every::<f32>() {
        for shape in shapes {
            assert!(matches!(augment.output_shape(shape), Err(DataError::Shape(_))), "{augment:?} of {shape}");
        }
    }
    assert!(matches!(flip(&Tensor::<f32>::zeros([5, 4, 4])), Err(DataError::Shape(_))));
    let error = Augment::<f32>::output_shape(&Flip, [28, 28, 3].into()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Flip: expected an image of shape [height, width], or [channels, height, width] with 1 to 4 channels, of at \
         least one pixel, got [28, 28, 3]; reshape the samples first, as `Dataset::reshape_samples` does"
    );
}

#[test]
#[should_panic(expected = "expected an image of shape")]
fn a_shape_that_was_refused_is_a_bug() {
    Augment::<f32>::apply(&Flip, &mut Tensor::zeros([5, 4, 4]), evenkeel_data::Seed(0));
}

#[test]
fn settings_that_are_none() {
    for bad in [f64::NAN, f64::INFINITY, -0.1, -1e300] {
        refused(&Rotate::new(bad));
        refused(&Scale::within(bad..=1.0));
        refused(&Shear::new(bad, 0.0));
        refused(&Shear::new(0.0, bad));
        refused(&Translate::pixels(bad, 0.0));
        refused(&Translate::shares(0.0, bad));
        refused(&Affine::new().rotate(Rotate::new(bad)));
        refused(&Affine::new().scale(Scale::within(1.0..=bad)));
        refused(&Elastic::new(bad, 4.0));
        refused(&Elastic::new(34.0, bad));
        refused(&WhiteNoise::new(bad));
        refused(&Brightness::new(bad));
        refused(&Contrast::within(bad..=bad));
        refused(&Sharpness::new(bad));
        refused(&RandAugment::new(2, bad));
        refused(&RandomResizedCrop::new(4, 4).area(bad..=1.0));
        refused(&RandomResizedCrop::new(4, 4).ratio(1.0..=bad));
        refused(&Invert::default().range(1.0..=bad));
        refused(&RandAugment::default().range(1.0..=bad));
    }
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        refused(&Pad::new(1).border(Border::Constant(bad)));
        refused(&Rotate::new(1.0).border(Border::Constant(bad)));
        refused(&Elastic::default().border(Border::Constant(bad)));
        refused(&Affine::new().border(Border::Constant(bad)));
        refused(&Warp::new(AffineMap::translation(bad, 0.0)));
    }
    for infinite_in_f32 in [1e300, -1e300] {
        refused(&Pad::new(1).border(Border::Constant(infinite_in_f32)));
        refused(&Rotate::new(1.0).border(Border::Constant(infinite_in_f32)));
        let in_f64 = Pad::new(1).border(Border::Constant(infinite_in_f32));
        assert!(Augment::<f64>::output_shape(&in_f64, SHAPE.into()).is_ok());
    }
    refused(&Rotate::within(10.0..=-10.0));
    refused(&Scale::new(1.0));
    refused(&Elastic::new(34.0, 0.0));
    refused(&WhiteNoise::new(1e300)); // infinite in f32
    refused(&Solarize::new(f64::NAN));
    refused(&Posterize::new(0));
    refused(&Posterize::new(33));
    refused(&RandAugment::default().operations([]));
    refused(&RandAugment::new(2, 10.5));
    refused(&Warp::new(AffineMap::scaling(0.0, 1.0)));
    assert_eq!(refused(&Rotate::new(f64::NAN)), "Rotate: expected angles from -360 to 360 degrees, got NaN");
    assert_eq!(refused(&Posterize::new(0)), "Posterize: expected 1 to 16 bits, got 0");
}

#[test]
fn sizes_that_do_not_fit() {
    for size in [0, 5, usize::MAX] {
        refused(&Crop::new(size, 4));
        refused(&Crop::centre(4, size));
        refused(&Crop::at(1, 0, size, 1));
    }
    refused(&Crop::at(1, 0, 4, 4));
    refused(&Crop::at(usize::MAX, 0, 1, 1));
    for margin in [1 << 16, 1 << 40, usize::MAX] {
        refused(&Pad::new(margin));
        refused(&Resize::new(4, margin.saturating_add(1)));
        refused(&Resize::new(margin.saturating_add(1), 4));
    }
    refused(&Resize::new(0, 4));
    refused(&RandomResizedCrop::new(0, 4));
    assert!(matches!(Augment::<f32>::output_shape(&QuarterTurns::any(), [1, 4, 5].into()), Err(DataError::Shape(_))));
    assert_eq!(
        refused(&Crop::new(5, 3)),
        "Crop: expected a part of at least one pixel that lies inside of the image: 5 x 3 pixels from row 0 and column 0 on, \
         got images of 4 x 4 pixels; take a smaller part, or pad the images first"
    );
}

/// Functions on images leave theirs as it is, though tensors share their buffers.
#[test]
fn the_callers_image_stays() {
    let image = Tensor::<f32>::from_fn([3, 4], |i| i as f32);
    let copy = Tensor::from_fn([3, 4], |i| i as f32);
    flip(&image).unwrap();
    pad(&image, &Pad::new(2)).unwrap();
    warp(&image, &Warp::new(AffineMap::rotation(10.0))).unwrap();
    assert_eq!(image, copy);
}

#[test]
fn extreme_values_give_numbers() {
    for value in [1e30f32, f32::MAX, 1e-42, 0.0] {
        // The largest and its opposite side by side.
        let image = Tensor::from_fn([2, 6, 6], |i| if i % 2 == 0 { value } else { -value });
        for augment in every::<f32>() {
            for seed in 0..8 {
                let out = augmented(&*augment, &image, seed);
                assert!(out.as_slice().iter().all(|x| !x.is_nan()), "{augment:?} of {value}");
                assert!(out.is_finite() || value == f32::MAX, "{augment:?} of {value}");
            }
        }
    }
    let image = Tensor::from_fn([6, 6], |i| if i % 3 == 0 { f64::MAX } else { -f64::MAX });
    for augment in every::<f64>() {
        assert!(augmented(&*augment, &image, 1).as_slice().iter().all(|x| !x.is_nan()), "{augment:?}");
    }
}

/// Settings at the ends of their ranges, on the smallest images.
#[test]
fn extreme_settings_give_numbers() {
    let extreme: [&dyn Augment<f32>; 9] = [
        &Scale::within(0.001..=1000.0).each_axis().border(Border::Reflect),
        &Shear::new(10.0, 10.0).border(Border::Wrap),
        &Translate::pixels(65536.0, 65536.0).border(Border::Reflect),
        &Translate::shares(65536.0, 65536.0).border(Border::Wrap),
        &Elastic::new(1e6, 1e-300).border(Border::Reflect),
        &Elastic::new(1e6, 100.0).border(Border::Wrap),
        &RandomResizedCrop::new(3, 3).area(0.0..=0.0),
        &RandomResizedCrop::new(3, 3).ratio(0.01..=0.01),
        &Warp::new(AffineMap::scaling(1e-150, 1e-150)).border(Border::Edge),
    ];
    for shape in [[1, 1], [1, 5], [2, 2]] {
        let image = Tensor::from_fn(shape, |i| i as f32);
        for augment in extreme {
            for seed in 0..8 {
                let out = augmented(augment, &image, seed);
                assert!(out.as_slice().iter().all(|x| (0.0..=4.0).contains(x)), "{augment:?}: {out}");
            }
        }
    }
    // Its inverse has entries of ±1e307, which give infinity less infinity.
    let steep = AffineMap { matrix: [[1e-307, 1.0], [0.0, 1.0]], shift: [0.0, 0.0] };
    for border in [Border::Edge, Border::Reflect] {
        let image = Tensor::<f32>::ones([64, 64]);
        assert_eq!(warp(&image, &Warp::new(steep).border(border)).unwrap(), image);
    }
}
