//! Augmentation of images: its laws, values of known origin, statistics, and what it refuses.

mod hostile;
mod laws;
mod statistics;
mod values;

use evenkeel_data::augment::Augment;
use evenkeel_data::augment::image::*;
use evenkeel_data::{Float, Seed, Tensor};

/// What `augment` makes of `image`, which it must accept.
#[track_caller]
fn augmented<F: Float>(augment: &dyn Augment<F>, image: &Tensor<F>, seed: u64) -> Tensor<F> {
    let shape = augment.output_shape(image.shape()).unwrap();
    let mut image = image.clone();
    augment.apply(&mut image, Seed(seed));
    assert_eq!(image.shape(), shape, "{augment:?}");
    image
}

/// The largest difference between two images of the same shape.
#[track_caller]
fn distance(a: &Tensor<f64>, b: &Tensor<f64>) -> f64 {
    assert_eq!(a.shape(), b.shape());
    a.as_slice().iter().zip(b.as_slice()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// One of each augmentation, as strong as is usual; each takes images of at least one pixel.
fn every<F: Float>() -> Vec<Box<dyn Augment<F>>> {
    vec![
        Box::new(Flip),
        Box::new(Mirror),
        Box::new(QuarterTurns::new(2)),
        Box::new(Pad::new(1).border(Border::Wrap)),
        Box::new(Crop::new(1, 1)),
        Box::new(Resize::new(3, 8)),
        Box::new(RandomResizedCrop::new(4, 4)),
        Box::new(Rotate::new(30.0)),
        Box::new(Rotate::new(30.0).interpolation(Interpolation::Nearest).border(Border::Edge)),
        Box::new(Scale::new(0.5).each_axis()),
        Box::new(Shear::new(0.3, 0.3).border(Border::Reflect)),
        Box::new(Translate::shares(0.2, 0.2)),
        Box::new(Translate::pixels(2.0, 2.0).whole_pixels().border(Border::Wrap)),
        Box::new(affine()),
        Box::new(Elastic::default().border(Border::Edge)),
        Box::new(WhiteNoise::new(0.5)),
        Box::new(Brightness::new(0.5)),
        Box::new(Contrast::new(0.5)),
        Box::new(Sharpness::new(0.5)),
        Box::new(Solarize::new(0.5)),
        Box::new(Invert::default()),
        Box::new(Posterize::new(3)),
        Box::new(AutoContrast::default()),
        Box::new(RandAugment::default()),
    ]
}

fn affine() -> Affine {
    Affine::new()
        .scale(Scale::new(0.2))
        .shear(Shear::new(0.1, 0.1))
        .rotate(Rotate::new(15.0))
        .translate(Translate::pixels(2.0, 2.0))
}
