//! Pooling against its definition, finite differences, and laws.

use evenkeel_autograd::{Tape, gradcheck};
use evenkeel_module::{Forward, Mode, Pass, Workspace, check_network};
use evenkeel_nn::{AvgPool1d, AvgPool2d, GlobalAvgPool, GlobalMaxPool, MaxPool1d, MaxPool2d};
use evenkeel_tensor::{Float, Seed, Tensor};
use proptest::prelude::*;

use crate::common::{apply, close, differentiate, in_every_pool, values};

/// The result of `layer` at `x`.
fn run<F: Float>(layer: &impl Forward<F>, x: &Tensor<F>) -> Tensor<F> {
    let mut workspace = Workspace::new();
    let pass = workspace.begin(Mode::Evaluation, Seed(0));
    layer.forward(&pass, pass.constant(x.clone())).to_tensor()
}

/// The gradient of x for the gradient 1, 2, 3 ... of the result of `layer`.
fn gradient<F: Float>(layer: &impl Forward<F>, x: &Tensor<F>) -> Tensor<F> {
    let mut workspace = Workspace::new();
    let pass: Pass<'_, F> = workspace.begin(Mode::Training, Seed(0));
    let x = pass.tape().variable(x.clone());
    let y = layer.forward(&pass, x);
    pass.tape().backward_from(y, Tensor::from_fn(y.shape(), |i| F::from_usize(i + 1)).as_slice());
    x.gradient().unwrap()
}

#[derive(Clone, Copy, Debug)]
struct Case {
    planes: [usize; 2],
    input: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
}

impl Case {
    fn x(&self) -> Tensor<f64> {
        values([self.planes[0], self.planes[1], self.input[0], self.input[1]], 1)
    }

    fn max(&self) -> MaxPool2d {
        MaxPool2d::new(self.kernel).with_stride(self.stride).with_padding(self.padding)
    }

    fn avg(&self, count_padding: bool) -> AvgPool2d {
        let pool = AvgPool2d::new(self.kernel).with_stride(self.stride).with_padding(self.padding);
        pool.with_count_include_pad(count_padding)
    }

    /// `f` of the inputs under each window.
    fn windows(&self, f: impl Fn(&[f64]) -> f64) -> Tensor<f64> {
        let x = self.x();
        let [h, w] = self.input;
        let [oh, ow] = [0, 1].map(|a| (self.input[a] + 2 * self.padding[a] - self.kernel[a]) / self.stride[a] + 1);
        let inside = |a: usize, p: usize, t: usize| {
            (p * self.stride[a] + t).checked_sub(self.padding[a]).filter(|&at| at < self.input[a])
        };
        Tensor::from_fn([self.planes[0], self.planes[1], oh, ow], |at| {
            let (plane, p) = (at / (oh * ow), at % (oh * ow));
            let mut under = Vec::new();
            for t in 0..self.kernel[0] * self.kernel[1] {
                let (i, j) = (inside(0, p / ow, t / self.kernel[1]), inside(1, p % ow, t % self.kernel[1]));
                if let (Some(i), Some(j)) = (i, j) {
                    under.push(x.as_slice()[(plane * h + i) * w + j]);
                }
            }
            f(&under)
        })
    }
}

fn case() -> impl Strategy<Value = Case> {
    let pair = |range: std::ops::Range<usize>| [range.clone(), range];
    (pair(1..4), [1usize..9, 1..40], pair(1..6), pair(1..5), pair(0..4)).prop_map(
        |(planes, input, kernel, stride, padding)| {
            let padding = [0, 1].map(|a: usize| padding[a].min(kernel[a] / 2));
            // Enlarged so that the kernel fits.
            let input = [0, 1].map(|a: usize| input[a].max(kernel[a] - 2 * padding[a]).max(1));
            Case { planes, input, kernel, stride, padding }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn as_the_definition(case in case()) {
        let max = case.windows(|x| x.iter().fold(f64::NEG_INFINITY, |m: f64, &x| if x > m { x } else { m }));
        prop_assert_eq!(&run(&case.max(), &case.x()), &max);
        let taps = (case.kernel[0] * case.kernel[1]) as f64;
        let with_padding = case.windows(|x| x.iter().sum::<f64>() / taps);
        prop_assert!(close(&run(&case.avg(true), &case.x()), &with_padding, 1e-14));
        let without = case.windows(|x| x.iter().sum::<f64>() / x.len() as f64);
        prop_assert!(close(&run(&case.avg(false), &case.x()), &without, 1e-14));
        // The mean of no more than it counts is below the maximum.
        prop_assert!(max.as_slice().iter().zip(without.as_slice()).all(|(max, mean)| *max >= mean - 1e-15));
    }

    /// In f32 too, where vectors are wider, and on many planes.
    #[test]
    fn one_precision_as_the_other(case in case()) {
        let x: Tensor<f32> = case.x().cast();
        let exact: Tensor<f64> = x.cast();
        prop_assert_eq!(run(&case.max(), &x).cast::<f64>(), run(&case.max(), &exact));
        prop_assert_eq!(gradient(&case.max(), &x).cast::<f64>(), gradient(&case.max(), &exact));
    }

    #[test]
    fn the_mean_of_a_constant_is_the_constant(case in case(), c in -5.0f64..5.0) {
        let y = run(&case.avg(false), &Tensor::full(case.x().shape(), c));
        prop_assert!(y.as_slice().iter().all(|y| (y - c).abs() <= 1e-14));
        let y = run(&case.max(), &Tensor::full(case.x().shape(), c));
        prop_assert!(y.as_slice().iter().all(|y| *y == c));
    }

    /// Windows side by side: pooling twice is pooling once with the product of the kernels.
    #[test]
    fn pooling_what_was_pooled(a in 1usize..4, b in 1usize..4, n in 1usize..4) {
        let x = values([2, 3, a * b * n, 2 * a * b], 3);
        let twice = run(&MaxPool2d::new(b), &run(&MaxPool2d::new(a), &x));
        prop_assert_eq!(&twice, &run(&MaxPool2d::new(a * b), &x));
        let twice = run(&AvgPool2d::new(b), &run(&AvgPool2d::new(a), &x));
        prop_assert!(close(&twice, &run(&AvgPool2d::new(a * b), &x), 1e-14));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn gradients(case in case()) {
        // Distinct values, far enough apart for differences not to change the order.
        let n = case.x().shape().numel();
        let x = Tensor::from_fn(case.x().shape(), |i| (i * 7919 % n) as f64 / n as f64 + (i / 7919) as f64);
        let x = &x * (1.0 / 8.0);
        gradcheck(std::slice::from_ref(&x), |v| case.max().pool(v[0]))?;
        gradcheck(std::slice::from_ref(&x), |v| case.avg(true).pool(v[0]))?;
        gradcheck(&[x], |v| case.avg(false).pool(v[0]))?;
    }
}

#[test]
fn of_equal_values_the_first_counts() {
    let of = |x: &[f64]| gradient(&MaxPool2d::new(2), &Tensor::from_vec([1, 1, 2, 2], x.to_vec()).unwrap()).into_vec();
    assert_eq!(of(&[3.0; 4]), [1.0, 0.0, 0.0, 0.0]);
    assert_eq!(of(&[1.0, 3.0, 3.0, 3.0]), [0.0, 1.0, 0.0, 0.0]);
    assert_eq!(of(&[1.0, 2.0, 3.0, 3.0]), [0.0, 0.0, 1.0, 0.0]);
    assert_eq!(of(&[f64::NEG_INFINITY; 4]), [1.0, 0.0, 0.0, 0.0]);
    // Under the padding there is nothing, not even -infinity.
    let x = Tensor::full([1, 1, 2, 2], f64::NEG_INFINITY);
    let pool = MaxPool2d::new(3).with_stride(1).with_padding(1);
    assert_eq!(run(&pool, &x), x);
    assert_eq!(gradient(&pool, &x).into_vec(), [1.0 + 2.0 + 3.0 + 4.0, 0.0, 0.0, 0.0]);
}

#[test]
fn nan_and_infinity_pass() {
    let x = Tensor::from_vec([1, 1, 8], vec![1.0, f32::NAN, f32::NAN, 9.0, f32::INFINITY, 2.0, 1e30, -1e30]).unwrap();
    let y = run(&MaxPool1d::new(2), &x);
    assert!(y.as_slice()[0].is_nan() && y.as_slice()[1].is_nan());
    assert_eq!(&y.as_slice()[2..], [f32::INFINITY, 1e30]);
    assert_eq!(gradient(&MaxPool1d::new(2), &x).into_vec(), [0.0, 1.0, 2.0, 0.0, 3.0, 0.0, 4.0, 0.0]);
    let y = run(&AvgPool1d::new(2), &x);
    assert!(y.as_slice()[0].is_nan() && y.as_slice()[2] == f32::INFINITY && y.as_slice()[3] == 0.0);
    let offset = Tensor::from_vec([1, 1, 3], vec![1e6f32, 1e6 + 1.0, 1e6 + 2.0]).unwrap();
    assert_eq!(run(&AvgPool1d::new(3), &offset).item(), 1e6 + 1.0);
}

#[test]
fn a_sequence_is_an_image_of_height_one() {
    let x = values([2, 3, 11], 1);
    let image = x.clone().reshape([2, 3, 1, 11]);
    let line = MaxPool1d::new(3).with_stride(2).with_padding(1);
    let plane = MaxPool2d::new((1, 3)).with_stride((1, 2)).with_padding((0, 1));
    assert_eq!(run(&line, &x).into_vec(), run(&plane, &image).into_vec());
    let line = AvgPool1d::new(3).with_stride(2).with_padding(1).with_count_include_pad(false);
    let plane = AvgPool2d::new((1, 3)).with_stride((1, 2)).with_padding((0, 1)).with_count_include_pad(false);
    assert_eq!(run(&line, &x).into_vec(), run(&plane, &image).into_vec());
}

#[test]
fn the_mean_of_each_channel() {
    for shape in [&[2, 3, 5][..], &[2, 3, 4, 5], &[1, 1, 1], &[2, 3, 2, 2, 2]] {
        let x = values(shape, 1);
        let n: usize = shape[2..].iter().product();
        let composed = apply(&x, |x| x.reshape([shape[0], shape[1], n]).mean_axis(2));
        assert!(close(&run(&GlobalAvgPool, &x), &composed, 1e-15));
        gradcheck(&[x], |v| GlobalAvgPool.pool(v[0])).unwrap();
    }
    assert_eq!(check_network::<f32>(&GlobalAvgPool, Mode::Training, [0, 3, 4, 4]), Ok([0, 3].into()));
}

/// As a window over the whole plane, ties and NaN included.
#[test]
fn the_largest_of_each_channel() {
    let mut tied = values([2, 3, 4, 5], 1);
    tied.as_mut_slice()[7] = 3.0;
    tied.as_mut_slice()[11] = 3.0;
    let mut hostile = tied.clone();
    hostile.as_mut_slice()[25] = f64::NAN;
    hostile.as_mut_slice()[33] = f64::NAN;
    hostile.as_mut_slice()[40..60].fill(f64::NEG_INFINITY);
    hostile.as_mut_slice()[70] = f64::INFINITY;
    for x in [values([2, 3, 4, 5], 2), tied, hostile] {
        let bits = |x: Tensor<f64>| x.into_vec().into_iter().map(f64::to_bits).collect::<Vec<_>>();
        let window = MaxPool2d::new((4, 5));
        assert_eq!(bits(run(&GlobalMaxPool, &x)), bits(run(&window, &x)));
        assert_eq!(gradient(&GlobalMaxPool, &x), gradient(&window, &x));
    }
    for shape in [&[2, 3, 5][..], &[1, 1, 1], &[2, 3, 2, 2, 2]] {
        gradcheck(&[values(shape, 1)], |v| GlobalMaxPool.pool(v[0])).unwrap();
    }
    assert_eq!(check_network::<f32>(&GlobalMaxPool, Mode::Training, [0, 3, 4, 4]), Ok([0, 3].into()));
    let error = check_network::<f32>(&GlobalMaxPool, Mode::Training, [4, 5]).unwrap_err().to_string();
    assert!(error.contains("global_max_pool"), "{error}");
}

#[test]
fn the_same_bits_by_any_number_of_threads() {
    let case = Case { planes: [40, 9], input: [15, 17], kernel: [3, 3], stride: [2, 1], padding: [1, 1] };
    in_every_pool(|| {
        let x: Tensor<f32> = case.x().cast();
        let dy = |shape| values(shape, 5).cast::<f32>();
        [0, 1, 2].map(|kind| {
            let (y, dx) = differentiate(&x, dy, |x| match kind {
                0 => case.max().pool(x),
                1 => case.avg(false).pool(x),
                _ => GlobalAvgPool.pool(x),
            });
            [y, dx].map(|t| t.as_slice().iter().map(|v| v.to_bits()).collect::<Vec<_>>())
        })
    });
}

/// A stride beyond the input leaves one window, however long it is.
#[test]
fn strides_beyond_the_input() {
    let x = values([2, 3, 5, 7], 1);
    for padding in [0, 1] {
        let max = |stride: usize| MaxPool2d::new(3).with_stride(stride).with_padding(padding);
        let avg = |stride: usize| AvgPool2d::new((2, 3)).with_stride(stride).with_padding(padding);
        for stride in [usize::MAX, usize::MAX / 2] {
            assert_eq!(run(&max(stride), &x), run(&max(9), &x));
            assert_eq!(gradient(&max(stride), &x), gradient(&max(9), &x));
            assert_eq!(run(&avg(stride), &x), run(&avg(9), &x));
            assert_eq!(gradient(&avg(stride), &x), gradient(&avg(9), &x));
        }
    }
}

#[test]
fn misfits_are_errors() {
    let refused = |layer: &dyn Fn(&[usize]) -> Result<evenkeel_tensor::Shape, evenkeel_module::NetworkError>,
                   input: &[usize],
                   what: &str| {
        let error = layer(input).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    };
    let max = |pool: MaxPool2d| move |input: &[usize]| check_network::<f32>(&pool, Mode::Training, input);
    refused(&max(MaxPool2d::new(5)), &[1, 1, 4, 9], "max_pool2d");
    refused(&max(MaxPool2d::new(0)), &[1, 1, 4, 9], "kernel");
    refused(&max(MaxPool2d::new(2).with_stride(0)), &[1, 1, 4, 9], "stride");
    refused(&max(MaxPool2d::new(2).with_padding(2)), &[1, 1, 4, 9], "at most half the kernel");
    refused(&max(MaxPool2d::new(2)), &[1, 4, 9], "(examples, channels, height, width)");
    refused(&max(MaxPool2d::new(2).with_padding(1)), &[1, 1, 0, 9], "planes with elements");
    let global = |input: &[usize]| check_network::<f32>(&GlobalAvgPool, Mode::Training, input);
    refused(&global, &[4, 5], "global_avg_pool");
    refused(&global, &[4, 5, 0, 3], "at least one position");
    let empty = |pool: MaxPool2d, input: [usize; 4]| max(pool)(&input).unwrap();
    assert_eq!(empty(MaxPool2d::new(2), [0, 3, 4, 4]), [0, 3, 2, 2].into());
    let tape = Tape::<f32>::new();
    let x = tape.variable(Tensor::zeros([0, 3, 4, 4]));
    tape.backward(MaxPool2d::new(2).pool(x).sum());
    assert_eq!(x.gradient().unwrap().shape(), [0, 3, 4, 4].into());
}
