//! Values of known origin.

use evenkeel_data::augment::Augment;
use evenkeel_data::augment::image::*;
use evenkeel_data::{Float, Tensor};

use super::{affine, augmented, distance};

fn image<F: Float>() -> Tensor<F> {
    Tensor::from_fn([4, 5], |i| F::from_usize((i * i * 7 + 3 * i) % 11))
}

#[track_caller]
fn assert_values(result: &Tensor<f64>, expected: &[f64]) {
    let expected = Tensor::from_vec(result.shape(), expected.to_vec()).unwrap();
    assert!(distance(result, &expected) < 1e-11, "{:?}", result.as_slice());
}

/// `torch.nn.functional.grid_sample(align_corners=True)`, PyTorch 2.15, with padding modes zeros, border and reflection.
#[test]
fn warp_agrees_with_pytorch() {
    let map = AffineMap::scaling(1.25, 1.25).then(AffineMap::rotation(30.0)).then(AffineMap::translation(0.5, -0.25));
    let cases = [
        (
            Border::Constant(0.0),
            [
                4.868602791856,
                5.779793808954,
                2.034565544991,
                8.055589098294,
                4.394417311962,
                3.818169195658,
                6.72256258422,
                2.90455173281,
                5.525846837101,
                2.202112466549,
                2.922834135209,
                3.461041066447,
                3.661473670975,
                8.744617092752,
                2.700618573137,
                2.108474781264,
                2.9617654444,
                1.627818472546,
                5.072754963085,
                2.959172526524,
            ],
        ),
        (
            Border::Edge,
            [
                7.679491924311,
                5.779793808954,
                2.034565544991,
                8.055589098294,
                4.394417311962,
                3.818169195658,
                6.72256258422,
                2.90455173281,
                5.525846837101,
                2.202112466549,
                3.019615242271,
                3.461041066447,
                3.661473670975,
                8.744617092752,
                2.700618573137,
                3.712435565298,
                2.9617654444,
                1.627818472546,
                5.072754963085,
                4.303847577293,
            ],
        ),
        (
            Border::Reflect,
            [
                6.809945742946,
                5.779793808954,
                2.034565544991,
                8.055589098294,
                4.394417311962,
                3.818169195658,
                6.72256258422,
                2.90455173281,
                5.525846837101,
                2.202112466549,
                3.111366874489,
                3.461041066447,
                3.661473670975,
                8.744617092752,
                2.700618573137,
                2.85392945871,
                2.9617654444,
                1.627818472546,
                5.072754963085,
                5.12963916567,
            ],
        ),
    ];
    for (border, expected) in cases {
        assert_values(&warp(&image(), &Warp::new(map).border(border)).unwrap(), &expected);
    }
}

/// `torch.nn.functional.interpolate(mode="bilinear", align_corners=False)`, PyTorch 2.15.
#[test]
fn resize_agrees_with_pytorch() {
    assert_values(
        &resize(&image(), 3, 7).unwrap(),
        &[
            0.5,
            5.547619047619,
            6.952380952381,
            1.0,
            5.047619047619,
            4.880952380952,
            2.5,
            3.5,
            3.214285714286,
            3.714285714286,
            5.5,
            5.5,
            4.428571428571,
            3.0,
            3.166666666667,
            2.785714285714,
            3.690476190476,
            6.666666666667,
            2.619047619048,
            4.571428571429,
            9.333333333333,
        ],
    );
    assert_values(
        &resize(&image(), 8, 2).unwrap(),
        &[7.5, 5.25, 6.9375, 5.8125, 5.8125, 6.9375, 4.1875, 6.1875, 2.0625, 3.5625, 1.5, 2.5, 2.5, 3.0, 3.0, 3.25],
    );
}

/// `torch.nn.functional.pad` with modes reflect, replicate and circular, PyTorch 2.15: rows 0 and 3.
#[test]
fn pad_agrees_with_pytorch() {
    let cases = [
        (Border::Reflect, [1, 6, 3, 6, 1, 10, 0, 10, 1, 6], [10, 0, 4, 0, 10, 1, 6, 1, 10, 0]),
        (Border::Edge, [0, 0, 0, 10, 1, 6, 3, 3, 3, 3], [4, 4, 4, 0, 10, 1, 6, 6, 6, 6]),
        (Border::Wrap, [1, 10, 3, 3, 6, 1, 10, 3, 3, 6], [1, 6, 4, 0, 10, 1, 6, 4, 0, 10]),
    ];
    for (border, first, fourth) in cases {
        let padded = pad(&image::<f64>(), &Pad::sides(1, 2, 2, 3).border(border)).unwrap();
        assert_eq!(padded.shape(), [7, 10].into());
        assert_eq!(padded.as_slice()[..10], first.map(f64::from));
        assert_eq!(padded.as_slice()[30..40], fourth.map(f64::from));
    }
}

/// By hand: the middle row 1 2 4 between rows of 0, smoothed, is (1 + 5 2 + 4) / 13 in its middle.
#[test]
fn sharpness_by_hand() {
    let image = Tensor::from_vec([3, 3], vec![0.0, 0.0, 0.0, 1.0, 2.0, 4.0, 0.0, 0.0, 0.0]).unwrap();
    let soft = augmented(&Sharpness::within(0.0..=0.0), &image, 0);
    assert_values(&soft, &[0.0, 0.0, 0.0, 1.0, 15.0 / 13.0, 4.0, 0.0, 0.0, 0.0]);
    let sharp = augmented(&Sharpness::within(2.0..=2.0), &image, 0);
    assert_values(&sharp, &[0.0, 0.0, 0.0, 1.0, 4.0 - 15.0 / 13.0, 4.0, 0.0, 0.0, 0.0]);
}

/// Pins what a seed gives: a change here changes every user's results.
#[test]
fn value_stability() {
    let first = |augment: &dyn Augment<f32>| {
        let result = augmented(augment, &image::<f32>(), 7);
        [result.as_slice()[6], result.as_slice()[7], result.as_slice()[12]]
    };
    assert_eq!(first(&Rotate::new(30.0)), [6.0979004, 1.6687647, 9.260132]);
    assert_eq!(first(&affine()), [0.95610476, 2.7520473, 0.0]);
    assert_eq!(first(&Elastic::new(20.0, 2.0)), [1.0215157, 5.535454, 5.8760095]);
    assert_eq!(first(&WhiteNoise::new(0.5)), [6.0682487, 1.5722662, 8.31851]);
    assert_eq!(first(&Contrast::new(0.5)), [6.0605893, 0.8922855, 10.195232]);
    assert_eq!(first(&RandAugment::default().range(0.0..=10.0)), [4.0, 9.0, 0.0]);
}
