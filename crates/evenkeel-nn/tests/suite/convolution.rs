//! Convolutions against a direct sum, finite differences, and the laws that define them.

use evenkeel_autograd::{Tape, gradcheck};
use evenkeel_module::{Mode, ModuleExt, Weighted, check_network};
use evenkeel_nn::{Conv1d, Conv2d, Linear};
use evenkeel_tensor::{Seed, Tensor};
use proptest::prelude::*;

use crate::common::{apply, close, differentiate, in_every_pool, values};

/// The shapes and settings of a convolution.
#[derive(Clone, Copy, Debug)]
struct Case {
    images: usize,
    groups: usize,
    inputs: usize,
    outputs: usize,
    input: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
    dilation: [usize; 2],
}

impl Case {
    fn conv(&self) -> Conv2d<f64> {
        Conv2d::from_parts(self.weight(), None)
            .unwrap()
            .with_stride(self.stride)
            .with_padding(self.padding)
            .with_dilation(self.dilation)
            .with_groups(self.groups)
    }

    fn x(&self) -> Tensor<f64> {
        values([self.images, self.groups * self.inputs, self.input[0], self.input[1]], 1)
    }

    fn weight(&self) -> Tensor<f64> {
        values([self.groups * self.outputs, self.inputs, self.kernel[0], self.kernel[1]], 2)
    }

    fn bias(&self) -> Tensor<f64> {
        values([self.groups * self.outputs], 3)
    }

    /// The definition, sum by sum.
    fn direct(&self, x: &Tensor<f64>, weight: &Tensor<f64>, bias: &Tensor<f64>) -> Tensor<f64> {
        let Self { images, groups, inputs, outputs, input: [h, w], kernel: [kh, kw], .. } = *self;
        let extent = |axis: usize| {
            let reach = self.dilation[axis] * (self.kernel[axis] - 1);
            (self.input[axis] + 2 * self.padding[axis] - reach - 1) / self.stride[axis] + 1
        };
        let (oh, ow) = (extent(0), extent(1));
        let (x, weight) = (x.as_slice(), weight.as_slice());
        let inside = |axis: usize, p: usize, t: usize| {
            let at = p * self.stride[axis] + t * self.dilation[axis];
            at.checked_sub(self.padding[axis]).filter(|&at| at < self.input[axis])
        };
        let mut y = Vec::new();
        for n in 0..images {
            for o in 0..groups * outputs {
                for p in 0..oh * ow {
                    let mut sum = bias.as_slice()[o];
                    for (k, w_k) in weight[o * inputs * kh * kw..][..inputs * kh * kw].iter().enumerate() {
                        let c = o / outputs * inputs + k / (kh * kw);
                        if let (Some(i), Some(j)) = (inside(0, p / ow, k / kw % kh), inside(1, p % ow, k % kw)) {
                            sum += w_k * x[((n * groups * inputs + c) * h + i) * w + j];
                        }
                    }
                    y.push(sum);
                }
            }
        }
        Tensor::from_vec([images, groups * outputs, oh, ow], y).unwrap()
    }

    fn check_against_direct(&self) {
        let (x, weight, bias) = (self.x(), self.weight(), self.bias());
        let y = apply(&x, |x| {
            let (weight, bias) = (x.tape().constant(weight.clone()), x.tape().constant(bias.clone()));
            self.conv().convolve(x, weight, Some(bias))
        });
        // Sums of up to a few hundred products of numbers below 1.
        assert!(close(&y, &self.direct(&x, &weight, &bias), 1e-12), "{self:?}");
    }

    fn check_gradients(&self) {
        let outcome =
            gradcheck(&[self.x(), self.weight(), self.bias()], |v| self.conv().convolve(v[0], v[1], Some(v[2])));
        outcome.unwrap_or_else(|error| panic!("{self:?}: {error}"));
    }
}

const PLAIN: Case = Case {
    images: 2,
    groups: 1,
    inputs: 2,
    outputs: 3,
    input: [5, 4],
    kernel: [3, 3],
    stride: [1, 1],
    padding: [1, 1],
    dilation: [1, 1],
};

fn case() -> impl Strategy<Value = Case> {
    let pair = |range: std::ops::Range<usize>| [range.clone(), range];
    ((1usize..4, 1usize..4, 1usize..4, 1usize..4), (pair(1..8), pair(1..5), pair(1..4), pair(0..4), pair(1..4)))
        .prop_map(|((images, groups, inputs, outputs), (input, kernel, stride, padding, dilation))| {
            // Enlarged so that the kernel fits.
            let input = [0, 1].map(|a: usize| {
                let reach: usize = dilation[a] * (kernel[a] - 1) + 1;
                input[a].max(reach.saturating_sub(2 * padding[a]))
            });
            Case { images, groups, inputs, outputs, input, kernel, stride, padding, dilation }
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn as_the_definition(case in case()) {
        case.check_against_direct();
    }

    #[test]
    fn linear_in_the_input(a in -2.0f64..2.0, case in case()) {
        let (x, z) = (case.x(), values(case.x().shape(), 7));
        let f = |x: &Tensor<f64>| apply(x, |x| case.conv().convolve(x, x.tape().constant(case.weight()), None));
        let sum = f(&(&(&x * a) + &z));
        prop_assert!(close(&sum, &(&(&f(&x) * a) + &f(&z)), 1e-12));
    }

    /// A shifted image gives a shifted output, away from the border.
    #[test]
    fn equivariant_to_translation(shift in 1usize..3, kernel in 1usize..4, dilation in 1usize..3) {
        let (h, w) = (9 + shift, 10 + shift);
        let wide = values([1, 2, h, w], 4);
        let conv = Conv2d::from_parts(values([3, 2, kernel, kernel], 5), None).unwrap().with_dilation(dilation);
        let f = |x: &Tensor<f64>| apply(x, |x| conv.convolve(x, x.tape().constant(conv.weight().value().clone()), None));
        let crop = |t: &Tensor<f64>, d: usize, h: usize, w: usize| {
            let at = |i: usize| t.as_slice()[(i / (h * w) * t.shape()[2] + i / w % h + d) * t.shape()[3] + i % w + d];
            Tensor::from_fn([t.shape()[0], t.shape()[1], h, w], at)
        };
        let shifted = f(&crop(&wide, shift, h - shift, w - shift));
        let whole = f(&wide);
        prop_assert!(close(&shifted, &crop(&whole, shift, shifted.shape()[2], shifted.shape()[3]), 1e-12));
    }

    /// A kernel of 1 is a linear layer at each position.
    #[test]
    fn a_kernel_of_one_is_linear(inputs in 1usize..6, outputs in 1usize..6, length in 1usize..20) {
        let (x, weight, bias) = (values([length, inputs], 1), values([outputs, inputs], 2), values([outputs], 3));
        let conv = Conv1d::from_parts(weight.clone().reshape([outputs, inputs, 1]), Some(bias.clone())).unwrap();
        let linear = Linear::from_parts(weight, Some(bias)).unwrap();
        let through_conv = apply(&x, |x| {
            let sequence = x.t().reshape([1, inputs, length]);
            let [weight, bias] = [conv.weight(), conv.bias().unwrap()].map(|p| x.tape().constant(p.value().clone()));
            conv.convolve(sequence, weight, Some(bias)).reshape([outputs, length]).t()
        });
        let through_linear = apply(&x, |x| {
            let [weight, bias] = [linear.weight(), linear.bias().unwrap()].map(|p| x.tape().constant(p.value().clone()));
            x.linear(weight, Some(bias))
        });
        prop_assert!(close(&through_conv, &through_linear, 1e-13));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn gradients(case in case()) {
        case.check_gradients();
    }
}

#[test]
fn shapes_at_the_edges() {
    let one = Case { input: [1, 1], kernel: [1, 1], padding: [0, 0], ..PLAIN };
    for case in [
        PLAIN,
        one,
        Case { images: 1, inputs: 1, outputs: 1, ..one },
        // One row; strides beyond the kernel; the kernel as large as the padded input; depthwise; more padding than input.
        Case { input: [1, 9], kernel: [1, 3], padding: [0, 1], ..PLAIN },
        Case { stride: [4, 3], kernel: [2, 1], input: [9, 8], padding: [0, 0], ..PLAIN },
        Case { kernel: [5, 4], padding: [0, 0], ..PLAIN },
        Case { groups: 4, inputs: 1, outputs: 1, ..PLAIN },
        Case { input: [1, 2], padding: [3, 3], ..PLAIN },
        Case { kernel: [3, 1], stride: [2, 1], dilation: [2, 1], padding: [2, 0], ..PLAIN },
    ] {
        case.check_against_direct();
        case.check_gradients();
    }
}

/// Images that take several blocks, and blocks that take several images.
#[test]
fn blocks_of_every_kind() {
    let large = Case { images: 2, inputs: 1, outputs: 2, input: [131, 140], ..PLAIN };
    let grouped = Case { groups: 2, stride: [2, 1], dilation: [1, 2], padding: [0, 2], ..large };
    let many = Case { images: 45, input: [6, 5], ..PLAIN };
    let deep = Case { images: 9, inputs: 150, outputs: 5, input: [20, 30], ..PLAIN };
    for case in [large, grouped, many, deep] {
        case.check_against_direct();
        // Linear in everything: the sum of y dy is that of x dx, and of w dw.
        let tape = Tape::new();
        let (x, weight) = (tape.variable(case.x()), tape.variable(case.weight()));
        let y = case.conv().convolve(x, weight, None);
        let dy = values(y.shape(), 9);
        tape.backward_from(y, dy.as_slice());
        let dot =
            |a: &Tensor<f64>, b: &Tensor<f64>| a.as_slice().iter().zip(b.as_slice()).map(|(a, b)| a * b).sum::<f64>();
        let expected = dot(&y.to_tensor(), &dy);
        for (value, gradient) in [(case.x(), x.gradient()), (case.weight(), weight.gradient())] {
            let got = dot(&value, &gradient.unwrap());
            assert!((got - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{case:?}: {got} {expected}");
        }
    }
}

#[test]
fn a_sequence_is_an_image_of_height_one() {
    let (x, weight, bias) = (values([2, 4, 11], 1), values([6, 2, 3], 2), values([6], 3));
    let line = Conv1d::from_parts(weight.clone(), None).unwrap().with_stride(2).with_padding(1).with_groups(2);
    let plane = Conv2d::from_parts(weight.clone().reshape([6, 2, 1, 3]), None).unwrap();
    let plane = plane.with_stride((1, 2)).with_padding((0, 1)).with_groups(2);
    let of_line =
        apply(&x, |x| line.convolve(x, x.tape().constant(weight.clone()), Some(x.tape().constant(bias.clone()))));
    let of_plane = apply(&x, |x| {
        let weight = x.tape().constant(plane.weight().value().clone());
        plane.convolve(x.reshape([2, 4, 1, 11]), weight, Some(x.tape().constant(bias.clone()))).reshape([2, 6, 6])
    });
    assert_eq!(of_line, of_plane);
    gradcheck(&[x, weight, bias], |v| line.convolve(v[0], v[1], Some(v[2]))).unwrap();
}

#[test]
fn the_same_bits_by_any_number_of_threads() {
    let case = Case { images: 21, inputs: 20, outputs: 33, input: [15, 17], ..PLAIN };
    in_every_pool(|| {
        let tape = Tape::<f32>::new();
        let [x, weight, bias] = [case.x(), case.weight(), case.bias()].map(|t| tape.variable(t.cast()));
        let y = Conv2d::<f32>::from_parts(case.weight().cast(), None).unwrap().with_padding(1);
        let y = y.convolve(x, weight, Some(bias));
        tape.backward_from(y, values(y.shape(), 4).cast::<f32>().as_slice());
        let bits = |t: Tensor<f32>| t.as_slice().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        [y.to_tensor(), x.gradient().unwrap(), weight.gradient().unwrap(), bias.gradient().unwrap()].map(bits)
    });
}

#[test]
fn only_what_is_wanted_is_computed() {
    let (x, weight) = (PLAIN.x(), PLAIN.weight());
    for (x_learns, weight_learns) in [(true, false), (false, true)] {
        let tape = Tape::new();
        let leaf =
            |t: &Tensor<f64>, learns: bool| if learns { tape.variable(t.clone()) } else { tape.constant(t.clone()) };
        let (x, weight) = (leaf(&x, x_learns), leaf(&weight, weight_learns));
        let y = PLAIN.conv().convolve(x, weight, None);
        tape.backward(y.square().sum());
        assert_eq!((x.gradient().is_some(), weight.gradient().is_some()), (x_learns, weight_learns));
    }
    // An image has no share in another's gradient.
    let dx = |images: usize| {
        let case = Case { images, ..PLAIN };
        let (_, dx) =
            differentiate(&case.x(), Tensor::ones, |x| case.conv().convolve(x, x.tape().constant(case.weight()), None));
        dx.as_slice()[..40].to_vec()
    };
    assert_eq!(dx(1), dx(3));
}

#[test]
fn nothing_in_nothing_out() {
    let empty = |shape: [usize; 4], expected: [usize; 4]| {
        let conv =
            Conv2d::<f64>::from_parts(values([3, shape[1], 3, 3], 1), Some(values([3], 2))).unwrap().with_padding(2);
        let tape = Tape::new();
        let x = tape.variable(Tensor::zeros(shape));
        let [weight, bias] = [conv.weight(), conv.bias().unwrap()].map(|p| tape.variable(p.value().clone()));
        let y = conv.convolve(x, weight, Some(bias));
        assert_eq!(y.shape(), expected.into());
        tape.backward(y.sum());
        assert_eq!(x.gradient().unwrap().shape(), shape.into());
        let (dw, db) = (weight.gradient().unwrap(), bias.gradient().unwrap());
        assert!(dw.as_slice().iter().all(|&d| d == 0.0));
        let positions = (expected[0] * expected[2] * expected[3]) as f64;
        assert!(db.as_slice().iter().all(|&d| d == positions), "{db}");
        let bias = bias.to_tensor();
        let planes = y.to_tensor();
        assert!(planes.as_slice().iter().all(|v| bias.as_slice().contains(v)), "the bias alone");
    };
    empty([0, 2, 5, 5], [0, 3, 7, 7]);
    empty([2, 0, 5, 5], [2, 3, 7, 7]);
    empty([2, 2, 0, 5], [2, 3, 2, 7]);
}

/// Large values and offsets pass through f32 as through f64, up to rounding; infinities and NaN spread as far as the kernel.
#[test]
fn hostile_values() {
    let conv = Conv1d::<f32>::from_parts(Tensor::from_vec([1, 1, 3], vec![0.25, 0.5, 0.25]).unwrap(), None).unwrap();
    let f = |x: &[f32]| {
        let tape = Tape::new();
        let x = tape.constant(Tensor::from_vec([1, 1, x.len()], x.to_vec()).unwrap());
        conv.convolve(x, tape.constant(conv.weight().value().clone()), None).to_tensor().as_slice().to_vec()
    };
    assert_eq!(f(&[1e4, 1e4 + 1.0, 1e4 + 2.0]), [1e4 + 1.0]);
    assert_eq!(f(&[1e6, 1e6 + 4.0, 1e6 + 8.0, 1e6]), [1e6 + 4.0, 1e6 + 5.0]);
    assert!(f(&[1e30, 1e30, -3e30, -3e30])[1] == -2e30);
    let y = f(&[f32::NAN, 1.0, 1.0, 1.0, f32::INFINITY, 1.0]);
    assert!(y[0].is_nan() && y[1] == 1.0 && y[2..].iter().all(|&y| y == f32::INFINITY), "{y:?}");
    assert_eq!(f(&[1e-40; 3]), [1e-40]);
}

/// Gradients take part in no product but those of the definition: an infinity spreads no further than the kernel reaches, also
/// in images of several rows and blocks of several images.
#[test]
fn hostile_gradients() {
    for images in [1, 3] {
        let gradients = |x: Tensor<f32>, weight: Tensor<f32>, stride: usize| {
            let tape = Tape::new();
            let conv = Conv2d::from_parts(weight.clone(), None).unwrap().with_stride(stride);
            let (x, weight) = (tape.variable(x), tape.variable(weight));
            tape.backward(conv.convolve(x, weight, None).sum());
            (x.gradient().unwrap(), weight.gradient().unwrap())
        };
        let (inf, n) = (f32::INFINITY, images as f32);
        // At the end of the first row: only the upper right tap meets it.
        let x = Tensor::from_fn([images, 1, 4, 4], |i| if i == 3 { inf } else { 1.0 });
        let (_, dw) = gradients(x.clone(), Tensor::ones([1, 1, 2, 2]), 1);
        assert_eq!(dw.as_slice(), [9.0 * n, inf, 9.0 * n, 9.0 * n]);
        let (_, dw) = gradients(x, Tensor::ones([1, 1, 3, 2]), 2);
        assert_eq!(dw.as_slice(), [2.0 * n, inf, 2.0 * n, 2.0 * n, 2.0 * n, 2.0 * n]);
        // The lower left tap meets neither the first row nor the last column.
        let weight = Tensor::from_vec([1, 1, 2, 2], vec![1.0, 2.0, inf, 4.0]).unwrap();
        let (dx, _) = gradients(Tensor::ones([images, 1, 4, 4]), weight, 1);
        for dx in dx.as_slice().chunks_exact(16) {
            let expected = [1.0, 3.0, 3.0, 2.0, inf, inf, inf, 6.0, inf, inf, inf, 6.0, inf, inf, inf, 4.0];
            assert_eq!(dx, expected);
        }
    }
}

/// A stride beyond the input leaves one output, however long it is.
#[test]
fn strides_beyond_the_input() {
    let (x, weight) = (values([2, 2, 5, 7], 1), values([3, 2, 3, 2], 2));
    let at = |stride: usize| {
        let conv = Conv2d::from_parts(weight.clone(), None).unwrap().with_stride(stride).with_padding(1);
        differentiate(&x, Tensor::ones, |x| conv.convolve(x, x.tape().constant(weight.clone()), None))
    };
    assert_eq!(at(usize::MAX), at(9));
    assert_eq!(at(9).0.shape(), [2, 3, 1, 1].into());
}

#[test]
fn misfits_are_errors() {
    let refused = |conv: Conv2d, input: &[usize], what: &str| {
        let conv = conv.initialize(evenkeel_init::XavierUniform::default(), Seed(1)).unwrap();
        let error = check_network(&conv, Mode::Training, input).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    };
    refused(Conv2d::new(2, 4, 5), &[1, 2, 4, 4], "window that fits the padded input");
    refused(Conv2d::new(2, 4, 3).with_dilation(2), &[1, 2, 4, 9], "larger input");
    refused(Conv2d::new(2, 4, 3).with_stride(0), &[1, 2, 4, 4], "stride and dilation of at least 1");
    refused(Conv2d::new(2, 4, 3).with_dilation((0, 1)), &[1, 2, 4, 4], "dilation of at least 1");
    refused(Conv2d::new(2, 4, 3).with_padding(usize::MAX), &[1, 2, 4, 4], "padding");
    refused(Conv2d::new(2, 4, 3).with_groups(0), &[1, 2, 4, 4], "groups that divide");
    refused(Conv2d::new(3, 4, 3).with_groups(2), &[1, 3, 4, 4], "groups that divide 3 input and 4 output channels");
    refused(Conv2d::new(2, 4, 3), &[1, 3, 4, 4], "an input of 2 channels");
    refused(Conv2d::new(2, 4, 3), &[2, 4, 4], "(examples, channels, height, width)");
    let zero = Conv2d::<f32>::from_parts(Tensor::zeros([4, 2, 0, 3]), None).unwrap();
    assert!(check_network(&zero, Mode::Training, [1, 2, 4, 4]).is_err());
    let line: Conv1d = Conv1d::from_parts(Tensor::zeros([4, 2, 3]), None).unwrap();
    assert!(check_network(&line, Mode::Training, [1, 2, 4, 4]).unwrap_err().to_string().contains("conv1d"));
    assert!(Conv2d::<f32>::from_parts(Tensor::zeros([4, 2, 3]), None).is_err());
    assert!(Conv2d::<f32>::from_parts(Tensor::zeros([4, 2, 3, 3]), Some(Tensor::zeros([3]))).is_err());
    assert!(Conv1d::<f32>::from_parts(Tensor::zeros([4, 2, 3, 3]), None).is_err());
}

#[test]
fn groups_of_new_and_given_weights() {
    let new: Conv2d = Conv2d::new(4, 6, (3, 5)).with_groups(2);
    assert_eq!(new.weight().shape(), [6, 2, 3, 5].into());
    assert_eq!(new.clone().with_groups(1).weight().shape(), [6, 4, 3, 5].into());
    // Values are kept where they fit, and never silently replaced.
    let drawn = new.initialize(evenkeel_init::XavierUniform::default(), Seed(1)).unwrap();
    let kept = drawn.clone().with_groups(2);
    assert_eq!(kept.weight().value(), drawn.weight().value());
    assert!(!drawn.with_groups(1).weight().is_initialized());
    let mut given = Conv2d::from_parts(Tensor::<f32>::ones([6, 2, 3, 5]), None).unwrap().with_groups(2);
    assert_eq!(given.weight().shape(), [6, 2, 3, 5].into());
    assert!(given.weight().is_initialized());
    assert_eq!(check_network(&given, Mode::Training, [1, 4, 3, 5]), Ok([1, 6, 1, 1].into()));
    Weighted::weight_mut(&mut given).set(Tensor::zeros([6, 2, 3, 5]));
    assert_eq!(given.weight().value().as_slice()[0], 0.0);
}
