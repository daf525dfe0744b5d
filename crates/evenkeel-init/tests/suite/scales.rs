//! The scale of each rule against reference numbers, and its algebra.

use evenkeel_init::{FanMode, Gain, HeNormal, HeUniform, InitError, Shape, UniformFanIn, XavierNormal, XavierUniform};
use proptest::prelude::*;

/// Computed in float64 with PyTorch 2.15 and from the formulas; the two Average and Sum rows are not PyTorch's.
#[test]
fn reference_values() -> Result<(), InitError> {
    let he = |mode| HeNormal::default().with_mode(mode);
    let tanh4 = XavierUniform::default().with_gain(Gain::SIGMOID_UNIT_SLOPE);
    let scales = |shape: &Shape| -> Result<[f64; 8], InitError> {
        Ok([
            UniformFanIn.bound(shape)?,
            XavierUniform::default().bound(shape)?,
            tanh4.bound(shape)?,
            XavierNormal::default().std(shape)?,
            he(FanMode::FanIn).std(shape)?,
            he(FanMode::FanOut).std(shape)?,
            he(FanMode::Average).std(shape)?,
            he(FanMode::Sum).std(shape)?,
        ])
    };
    let matrix = [
        0.5773502691896258,
        0.8660254037844386,
        3.4641016151377544,
        0.5,
        0.816496580927726,
        0.6324555320336759,
        std::f64::consts::FRAC_1_SQRT_2, // 0.7071067811865476
        0.5,
    ];
    let kernel = [
        0.16666666666666666,
        0.23570226039551584,
        0.9428090415820634,
        0.13608276348795434,
        0.23570226039551584,
        0.16666666666666666,
        0.19245008972987526,
        0.13608276348795434,
    ];
    for (shape, expected) in [(Shape::from([5, 3]), matrix), (Shape::from([8, 4, 3, 3]), kernel)] {
        for (got, expected) in scales(&shape)?.into_iter().zip(expected) {
            assert!((got - expected).abs() <= 1e-15 * expected.max(1.0), "{shape}: {got} for {expected}");
        }
    }
    Ok(())
}

proptest! {
    /// A uniform law in (-b, b) has the variance b^2 / 3, so both forms of a rule have the same variance.
    #[test]
    fn both_forms_have_the_same_variance(
        out in 1usize..500, input in 1usize..500, kernel in 1usize..9, gain in 0.1f64..5.0, slope in 0.0f64..3.0,
    ) {
        let shape = Shape::from([out, input, kernel]);
        let (uniform, normal) = (XavierUniform { gain: Gain(gain) }, XavierNormal { gain: Gain(gain) });
        let ratio = uniform.bound(&shape).unwrap().powi(2) / 3.0 / normal.std(&shape).unwrap().powi(2);
        prop_assert!((ratio - 1.0).abs() < 1e-12);
        for mode in [FanMode::FanIn, FanMode::FanOut, FanMode::Average, FanMode::Sum] {
            let (uniform, normal) = (HeUniform { mode, slope }, HeNormal { mode, slope });
            let ratio = uniform.bound(&shape).unwrap().powi(2) / 3.0 / normal.std(&shape).unwrap().powi(2);
            prop_assert!((ratio - 1.0).abs() < 1e-12);
        }
    }

    /// Swapping the first two axes swaps the fans; Xavier does not notice, He's modes change places.
    #[test]
    fn transposition(out in 1usize..500, input in 1usize..500, kernel in 1usize..9) {
        let (shape, swapped) = (Shape::from([out, input, kernel]), Shape::from([input, out, kernel]));
        let xavier = XavierNormal::default();
        prop_assert_eq!(xavier.std(&shape).unwrap(), xavier.std(&swapped).unwrap());
        let (fan_in, fan_out) = (HeNormal::default(), HeNormal::default().with_mode(FanMode::FanOut));
        prop_assert_eq!(fan_in.std(&shape).unwrap(), fan_out.std(&swapped).unwrap());
    }

    #[test]
    fn he_with_slope_sqrt_5_is_uniform_fan_in(out in 1usize..500, input in 1usize..500) {
        let shape = Shape::from([out, input]);
        let he = HeUniform::default().with_slope(5f64.sqrt()).bound(&shape).unwrap();
        prop_assert!((he / UniformFanIn.bound(&shape).unwrap() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn he_sum_is_xavier(out in 1usize..500, input in 1usize..500) {
        let shape = Shape::from([out, input]);
        let he = HeNormal::default().with_mode(FanMode::Sum).std(&shape).unwrap();
        prop_assert!((he / XavierNormal::default().std(&shape).unwrap() - 1.0).abs() < 1e-12);
    }
}
