//! The laws, each with the bound it is held to.

use evenkeel_module::{Forward, Mode, ModuleExt, Workspace};
use evenkeel_tensor::{Float, Seed, Tensor};

use super::layer::{Outcome, Run, SIZE, uniform};

/// What was expected, and what came instead.
type Verdict<T = ()> = Result<T, (String, String)>;

/// Fails if a value is not within `bound` of what it should be; NaN is not.
fn near(what: impl Fn() -> String, expected: f64, got: f64, bound: f64) -> Verdict {
    if (got - expected).abs() <= bound {
        return Ok(());
    }
    Err((format!("{} of {expected:e} +- {bound:.1e}", what()), format!("{got:e}")))
}

/// A thousand roundings of numbers near 1, for sums whose terms partly cancel; and what an eps of 1e-3 is of the variance of
/// values of SIZE, with an order of magnitude to spare.
fn rounding<F: Float>() -> f64 {
    1e3 * F::EPSILON.to_f64() + 1e-2 / (SIZE * SIZE)
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len() as f64;
    values.sum::<f64>() / n
}

/// The values of a group with mean 0 and variance 1, and their deviation.
fn standardized<F: Float>(x: &[F], group: &[usize], centered: bool) -> (Vec<f64>, f64) {
    let values = group.iter().map(|&i| x[i].to_f64());
    let center = if centered { mean(values.clone()) } else { 0.0 };
    let deviation = mean(values.clone().map(|x| (x - center) * (x - center))).sqrt();
    (values.map(|x| (x - center) / deviation).collect(), deviation)
}

pub(super) fn statistics<F: Float, L: Forward<F>>(run: &Run<'_, L>, centered: bool) -> Verdict {
    let y = run.output(&run.spread::<F>());
    for (g, group) in run.groups.iter().enumerate() {
        let values = group.iter().map(|&i| y[i].to_f64());
        let average = mean(values.clone());
        if centered {
            near(|| format!("a mean of group {g}"), 0.0, average, rounding::<F>())?;
        }
        let what = || format!("a {} of group {g}", if centered { "variance" } else { "mean square" });
        near(what, 1.0, mean(values.map(|y| y * y)), rounding::<F>())?;
    }
    Ok(())
}

/// The output must be the same for both inputs.
fn same<F: Float, L: Forward<F>>(run: &Run<'_, L>, x: &Tensor<F>, changed: &Tensor<F>) -> Verdict {
    for (i, (before, after)) in run.output(x).into_iter().zip(run.output(changed)).enumerate() {
        near(|| format!("an output {i}"), before.to_f64(), after.to_f64(), rounding::<F>())?;
    }
    Ok(())
}

pub(super) fn shift<F: Float, L: Forward<F>>(run: &Run<'_, L>) -> Verdict {
    let x = run.spread::<F>();
    let shifts: Tensor<F> = run.input(0, |g, _, _| 4.0 * SIZE * uniform(3, g));
    same(run, &x, &(&x + &shifts))
}

pub(super) fn scale<F: Float, L: Forward<F>>(run: &Run<'_, L>) -> Verdict {
    let x = run.spread::<F>();
    let scales: Tensor<F> = run.input(0, |g, _, _| 2.0 + 3.0 * uniform(4, g));
    same(run, &x, &(&x * &scales))
}

pub(super) fn orthogonality<F: Float, L: Forward<F>>(run: &Run<'_, L>, centered: bool) -> Verdict {
    orthogonal(run, &run.spread::<F>(), centered, rounding::<F>())
}

/// The gradient's terms are of the size of dy over the deviation; their sums, and those along x̂, are to vanish beside that.
fn orthogonal<F: Float, L: Forward<F>>(run: &Run<'_, L>, x: &Tensor<F>, centered: bool, bound: f64) -> Verdict {
    let (dx, dy) = (run.differentiate(x).dx, run.upstream::<F>());
    for (g, group) in run.groups.iter().enumerate() {
        let (normalized, deviation) = standardized(x.as_slice(), group, centered);
        let size: f64 = group.iter().map(|&i| dy[i].to_f64()).sum::<f64>() / deviation;
        let along: f64 = group.iter().zip(&normalized).map(|(&i, z)| dx[i].to_f64() * z).sum();
        near(|| format!("a gradient of group {g} along its values"), 0.0, along, bound * size)?;
        if centered {
            let sum: f64 = group.iter().map(|&i| dx[i].to_f64()).sum();
            near(|| format!("a sum of the gradient of group {g}"), 0.0, sum, bound * size)?;
        }
    }
    Ok(())
}

/// Along a pseudo-random direction for the input, and one for each parameter: L(w) = sum(dy y).
///
/// Central differences with a step of h err by h² (a third derivative of order 1 for inputs in units of SIZE) and by rounding
/// over h, both relative to the sum of magnitudes |dy y|: with h = cbrt(epsilon), some h².
pub(super) fn gradient<F: Float, L: Forward<F> + Clone>(run: &Run<'_, L>) -> Verdict {
    let x = run.spread::<F>();
    let (outcome, dy) = (run.differentiate(&x), run.upstream::<F>());
    let h = F::EPSILON.to_f64().cbrt();
    let terms = |y: Vec<F>| y.into_iter().zip(&dy).map(|(y, dy)| y.to_f64() * dy.to_f64()).collect::<Vec<_>>();
    let magnitude = terms(outcome.y).iter().fold(0.0, |sum, term| sum + term.abs()).max(1.0);
    let bound = 100.0 * h * h * magnitude;
    let slope = |gradient: &[F], step: &dyn Fn(usize) -> f64| -> f64 {
        gradient.iter().enumerate().map(|(i, d)| d.to_f64() * step(i)).sum::<f64>() / h
    };
    let differences = |above: Vec<f64>, below: Vec<f64>| {
        above.iter().zip(&below).map(|(above, below)| above - below).sum::<f64>() / (2.0 * h)
    };

    // In units of SIZE, and both rounded as the input is.
    let step = |i: usize| h * SIZE * 2.0 * uniform(5, i);
    let moved = |sign: f64| Tensor::from_fn(run.shape, |i| F::from_f64(x.as_slice()[i].to_f64() + sign * step(i)));
    let numeric = differences(terms(run.output(&moved(1.0))), terms(run.output(&moved(-1.0))));
    near(|| "a slope along a direction of the input".to_owned(), numeric, slope(&outcome.dx, &step), bound)?;

    for (number, gradient) in outcome.parameters.iter().enumerate() {
        let step = |i: usize| h * 2.0 * uniform(6 + number as u64, i);
        let moved = |sign: f64| {
            let mut layer = run.layer.clone();
            let mut at = 0;
            layer.for_each_parameter_mut(|_, parameter| {
                if at == number {
                    let values = parameter.as_mut_slice().iter_mut().enumerate();
                    values.for_each(|(i, v)| *v += F::from_f64(sign * step(i)));
                }
                at += 1;
            });
            let run = Run { layer: &layer, groups: Vec::new(), ..*run };
            terms(run.output(&x))
        };
        let mut path = String::new();
        let mut at = 0;
        run.layer.for_each_parameter(|p, _| {
            if at == number {
                path = p.to_string();
            }
            at += 1;
        });
        let numeric = differences(moved(1.0), moved(-1.0));
        near(|| format!("a slope along a direction of `{path}`"), numeric, slope(gradient, &step), bound)?;
    }
    Ok(())
}

pub(super) fn threads<F: Float, L: Forward<F>>(run: &Run<'_, L>) -> Verdict {
    let x = run.spread::<F>();
    let in_pool = |threads: usize| -> Verdict<Outcome<F>> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|error| (format!("a pool of {threads} threads"), error.to_string()))?;
        Ok(pool.install(|| run.differentiate(&x)))
    };
    let one = in_pool(1)?;
    for threads in [2, 3, 7] {
        if in_pool(threads)? != one {
            return Err(("the bits of one thread".to_owned(), format!("others with {threads} threads")));
        }
    }
    Ok(())
}

pub(super) fn purity<F: Float, L: Forward<F>>(run: &Run<'_, L>) -> Verdict {
    let x = run.spread::<F>();
    let mut workspace = Workspace::new();
    let mut evaluate = || {
        let pass = workspace.begin(Mode::Evaluation, Seed(0));
        let y = run.layer.forward(&pass, pass.constant(x.clone())).value().to_vec();
        // What a pass records is for the buffers of the layer; of nothing's, none is left over.
        (y, workspace.finish().commit(&mut ()))
    };
    let ((first, recorded), (second, _)) = (evaluate(), evaluate());
    if recorded > 0 {
        return Err(("a pass that records nothing".to_owned(), format!("{recorded} changes of buffers")));
    }
    match first.iter().zip(&second).position(|(a, b)| a.to_bits_u64() != b.to_bits_u64()) {
        Some(i) => Err((format!("the same bits as before, {}", first[i]), format!("{} as output {i}", second[i]))),
        None => Ok(()),
    }
}

/// Values 1e6 + k for whole numbers k of 8 to 11 and -8 to -11, which are exact in `f32`. A mean that is held as one `f32` is up to
/// 1/32 away, 0.004 of the deviation; an eps of 1e-5 is 1e-7 of the variance. E[x²] - E[x]² would be off by a thousand variances.
pub(super) fn offset<F: Float, L: Forward<F>>(run: &Run<'_, L>, centered: bool) -> Verdict {
    let bound = 1e-6 + 8e4 * F::EPSILON.to_f64();
    let x: Tensor<F> = run.input(7, |_, place, u| {
        let k = 8.0 + ((u + 0.5) * 4.0).floor().min(3.0);
        1e6 + if place % 2 == 0 { k } else { -k }
    });
    let y = run.output(&x);
    for group in &run.groups {
        let (normalized, _) = standardized(x.as_slice(), group, centered);
        for (&i, z) in group.iter().zip(normalized) {
            near(|| format!("an output {i}"), z, y[i].to_f64(), bound)?;
        }
    }
    if run.mode == Mode::Training { orthogonal(run, &x, centered, bound) } else { Ok(()) }
}
