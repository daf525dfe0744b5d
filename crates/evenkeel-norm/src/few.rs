//! Groups of a few values.
//!
//! The gradient of a group has lost the directions of 1 and x̂: of two values nothing is left of it but what eps leaves. In `f32`
//! the terms' rounding would be larger than that, so it is computed in `f64`; so few values make no vectors anyway.

/// The largest number of values of such a group.
pub(crate) const FEW: usize = 8;

/// What the gradient of a group of a few values is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Few {
    /// The first value, that a large common offset costs no digits of the mean; 0 where values are not centred.
    origin: f64,
    /// The mean less that.
    mean: f64,
    inverse: f64,
    /// The mean of g; 0 where values are not centred.
    constant: f64,
    /// The mean of g (x - mean) over (var + eps).
    slope: f64,
}

impl Few {
    /// Of a group's values of x and of g, the gradient of its x̂.
    pub(crate) fn new(values: impl Iterator<Item = (f64, f64)> + Clone, centered: bool, eps: f64) -> Self {
        let n = values.clone().count() as f64;
        let mean_of = |term: &dyn Fn((f64, f64)) -> f64| values.clone().map(term).sum::<f64>() / n;
        let origin = values.clone().next().filter(|_| centered).map_or(0.0, |(x, _)| x);
        let mean = if centered { mean_of(&|(x, _)| x - origin) } else { 0.0 };
        let constant = if centered { mean_of(&|(_, g)| g) } else { 0.0 };
        let spread = mean_of(&|(x, _)| square((x - origin) - mean)) + eps;
        let slope = mean_of(&|(x, g)| (g - constant) * ((x - origin) - mean)) / spread;
        Self { origin, mean, inverse: 1.0 / spread.sqrt(), constant, slope }
    }

    /// dx
    pub(crate) fn gradient(&self, x: f64, g: f64) -> f64 {
        self.inverse * ((g - self.constant) - ((x - self.origin) - self.mean) * self.slope)
    }
}

fn square(x: f64) -> f64 {
    x * x
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of two values ±d about their mean, dx = ± (g₀ - g₁) / 2 eps / (d² + eps)^(3/2).
    #[test]
    fn of_two_values_eps_is_left() {
        let (x, g, eps) = ([1.0, 1.5], [0.3, -0.9], 1e-5);
        let few = Few::new(x.into_iter().zip(g), true, eps);
        let expected = 0.6 * eps / (0.0625f64 + eps).powf(1.5);
        assert!((few.gradient(x[0], g[0]) / expected - 1.0).abs() < 1e-11);
        assert!((few.gradient(x[1], g[1]) / expected + 1.0).abs() < 1e-11);
    }

    /// The sum of three values of 1e15 has no room for their fractions.
    #[test]
    fn an_offset_costs_no_digits() {
        let (x, g) = ([0.0, 1.0, 1.5], [0.3, -0.9, 0.1]);
        let at = |offset: f64| {
            let few = Few::new(x.into_iter().map(|x| x + offset).zip(g), true, 1e-5);
            x.into_iter().zip(g).map(move |(x, g)| few.gradient(x + offset, g)).collect::<Vec<_>>()
        };
        for (far, near) in at(1e15).into_iter().zip(at(0.0)) {
            assert!((far / near - 1.0).abs() < 1e-12, "{far} {near}");
        }
    }
}
