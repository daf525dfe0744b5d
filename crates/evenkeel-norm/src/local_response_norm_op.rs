//! Local response normalisation as one fused operation.

use std::ops::Range;

use evenkeel_autograd::{Backward, Gradient, Inputs, Op};
use evenkeel_tensor::{Float, Shape, ShapeError, kernel, parallel};

use crate::LocalResponseNorm;

/// Values that are taken through all steps at a time: what each step leaves for the next stays in the first-level cache.
const TILE: usize = 1024;

/// Channels from `before` ones before to `after` ones after, of examples of `row` values, a channel having `inner` positions.
#[derive(Clone, Copy)]
struct Window {
    row: usize,
    inner: usize,
    before: usize,
    after: usize,
}

impl Window {
    fn new(size: usize, shape: Shape) -> Self {
        let (channels, inner) = (shape[1], shape[2..].iter().product::<usize>());
        let reach = |n: usize| n.min(channels.saturating_sub(1));
        Self { row: channels * inner, inner, before: reach(size / 2), after: reach((size - 1) / 2) }
    }

    /// The channels whose windows have this channel in them.
    fn mirrored(self) -> Self {
        Self { before: self.after, after: self.before, ..self }
    }

    /// Calls `f(example, within, part)` for the tiles of the values `first..first + len` of all examples: the tile is
    /// `part` of them, which is `within` of the values of one example that starts at `example`.
    #[inline(always)]
    fn tiles(self, first: usize, len: usize, mut f: impl FnMut(usize, Range<usize>, Range<usize>)) {
        let mut done = 0;
        while done < len {
            let within = (first + done) % self.row;
            let n = TILE.min(self.row - within).min(len - done);
            f(first + done - within, within..within + n, done..done + n);
            done += n;
        }
    }

    /// sums = the sum over the window of `f(x)`, at the values `within` of the example `x`. The channels of a window are added in
    /// order: taking away the one that leaves and adding the one that comes would gather rounding errors.
    #[inline(always)]
    fn sums<F: Float>(self, x: &[F], within: &Range<usize>, sums: &mut [F], f: impl Fn(F) -> F) {
        sums.fill(F::ZERO);
        // A channel on is `inner` values on, and there is none where the example ends, whatever the number of positions.
        for back in (1..=self.before).rev().map(|channels| channels * self.inner) {
            let from = within.start.max(back);
            if from < within.end {
                let x = &x[from - back..within.end - back];
                sums[from - within.start..].iter_mut().zip(x).for_each(
                    #[inline(always)]
                    |(sum, &x)| *sum += f(x),
                );
            }
        }
        for ahead in (0..=self.after).map(|channels| channels * self.inner) {
            let until = within.end.min(self.row - ahead);
            if within.start < until {
                let x = &x[within.start + ahead..until + ahead];
                sums.iter_mut().zip(x).for_each(
                    #[inline(always)]
                    |(sum, &x)| *sum += f(x),
                );
            }
        }
    }
}

/// d^(-3/4) by square roots: many times as fast as a power.
#[inline(always)]
fn inverse_three_quarters<F: Float>(d: F) -> F {
    let root = d.sqrt();
    F::ONE / (root * root.sqrt())
}

/// The operation of a [`LocalResponseNorm`] with these settings.
///
/// With D = k + alpha / n sum x² (k where alpha is 0, whatever overflows; with beta 0, y = x), so that y = x D^-beta, and the sum over the channels c that have i in their windows,
///
/// `dx_i = dy_i D_i^-beta - 2 alpha beta / n x_i sum_c dy_c y_c / D_c`
pub(crate) struct LocalResponseNormOp(pub(crate) LocalResponseNorm);

impl LocalResponseNorm {
    fn check<F: Float>(&self, x: Shape) -> Result<(), ShapeError> {
        let error =
            |expected: &str, got: String, cure: &str| Err(ShapeError::new("local_response_norm", expected, got, cure));
        if x.rank() < 2 {
            return error("an input (examples, channels, ...)", x.to_string(), "make the channels the second axis");
        }
        if self.size == 0 {
            return error("a window of 1 channel or more", "size 0".to_owned(), "5 is usual");
        }
        // Written so that NaN fails; k is looked at in the network's own float.
        let k = F::from_f64(self.k);
        if !(k > F::ZERO && k.is_finite()) {
            return error("a finite k above 0", format!("k {}", self.k), "1 is usual (2 in the paper)");
        }
        for (name, value, usual) in [("alpha", self.alpha, "1e-4"), ("beta", self.beta, "0.75")] {
            if !(value >= 0.0 && value.is_finite()) {
                let expected = format!("a finite {name} of 0 or more");
                return error(&expected, format!("{name} {value}"), &format!("{usual} is usual"));
            }
        }
        Ok(())
    }
}

impl<F: Float> Op<F> for LocalResponseNormOp {
    fn name(&self) -> &'static str {
        "local_response_norm"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        self.0.check::<F>(inputs[0])?;
        Ok(inputs[0])
    }

    /// D, and as much scratch.
    fn saved(&self, inputs: &[Shape]) -> usize {
        2 * inputs[0].numel()
    }

    fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], saved: &mut [F]) {
        if y.is_empty() {
            return;
        }
        let (x, d) = ((x.value(0), x.shape(0)), &mut saved[..y.len()]);
        if self.0.beta == 0.75 {
            self.respond(x, y, d, inverse_three_quarters);
        } else {
            let exponent = F::from_f64(-self.0.beta);
            self.respond(x, y, d, move |d| d.powf(exponent));
        }
    }

    fn backward(&self, mut at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        let Some(dx) = dx[0].wanted().filter(|dx| !dx.is_empty()) else { return };
        if self.0.beta == 0.75 {
            self.respond_back(&mut at, dx, inverse_three_quarters);
        } else {
            let exponent = F::from_f64(-self.0.beta);
            self.respond_back(&mut at, dx, move |d| d.powf(exponent));
        }
    }
}

impl LocalResponseNormOp {
    /// D and y = x D^-beta; `power` gives D^-beta.
    fn respond<F: Float>(
        &self,
        (x, shape): (&[F], Shape),
        y: &mut [F],
        d: &mut [F],
        power: impl Fn(F) -> F + Copy + Sync,
    ) {
        let LocalResponseNorm { size, alpha, k, .. } = self.0;
        let window = Window::new(size, shape);
        let (k, alpha) = (F::from_f64(k), F::from_f64(alpha / size as f64));
        parallel::chunks_mut2(y, kernel::BLOCK, d, kernel::BLOCK, |task, y, d| {
            kernel::simd(
                #[inline(always)]
                move || {
                    window.tiles(
                        task * kernel::BLOCK,
                        y.len(),
                        #[inline(always)]
                        |example, within, part| {
                            let (y, d) = (&mut y[part.clone()], &mut d[part]);
                            let x = &x[example..][..window.row];
                            window.sums(
                                x,
                                &within,
                                d,
                                #[inline(always)]
                                |x| x * x,
                            );
                            y.iter_mut().zip(d).zip(&x[within]).for_each(
                                #[inline(always)]
                                |((y, d), &x)| {
                                    // Without a share in it the sum does not count, be it infinite.
                                    *d = if alpha == F::ZERO { k } else { k + alpha * *d };
                                    *y = x * power(*d);
                                },
                            );
                        },
                    );
                },
            );
        });
    }

    fn respond_back<F: Float>(&self, at: &mut Backward<'_, F>, dx: &mut [F], power: impl Fn(F) -> F + Copy + Sync) {
        let LocalResponseNorm { size, alpha, beta, .. } = self.0;
        let (x, dy) = (at.x.value(0), at.dy);
        let (d, share) = at.saved.split_at_mut(dy.len());
        let d = &*d;
        kernel::zip3(
            dy,
            at.y,
            d,
            share,
            #[inline(always)]
            |dy, y, d| dy * y / d,
        );
        let share = &*share;
        let window = Window::new(size, at.shape).mirrored();
        let factor = F::from_f64(2.0 * alpha * beta / size as f64);
        parallel::chunks_mut(dx, kernel::BLOCK, |task, dx| {
            kernel::simd(
                #[inline(always)]
                move || {
                    window.tiles(
                        task * kernel::BLOCK,
                        dx.len(),
                        #[inline(always)]
                        |example, within, part| {
                            let dx = &mut dx[part];
                            let own = example + within.start..example + within.end;
                            window.sums(
                                &share[example..][..window.row],
                                &within,
                                dx,
                                #[inline(always)]
                                |share| share,
                            );
                            let (x, dy, d) = (&x[own.clone()], &dy[own.clone()], &d[own]);
                            dx.iter_mut().zip(x).zip(dy).zip(d).for_each(
                                #[inline(always)]
                                |(((dx, &x), &dy), &d)| {
                                    let others = if factor == F::ZERO { F::ZERO } else { factor * x * *dx };
                                    *dx = dy * power(d) - others;
                                },
                            );
                        },
                    );
                },
            );
        });
    }
}
