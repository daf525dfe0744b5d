//! B-splines over one row of knots.

/// The highest degree; 3 is usual.
pub(super) const MOST_DEGREE: usize = 8;

/// The values of the degree + 1 splines that are not 0 at a place.
pub(super) type Values = [f64; MOST_DEGREE + 1];

/// The interval of the base points (rising, at least two, not all equal) that holds `x`: one that is not empty, the last one
/// for the last point and beyond.
#[inline(always)]
pub(super) fn interval(base: &[f64], x: f64) -> usize {
    let last = base[base.len() - 1];
    let end = if x < last { base.partition_point(|&t| t <= x) } else { base.partition_point(|&t| t < last) };
    end.max(1) - 1
}

/// The splines of `degree` at `x`, in the interval that starts at `knots[i]`: those from `i - degree` to `i`, by the recurrence
/// of de Boor and Cox (C. de Boor 1972).
///
/// ```text
/// B_{j,d}(x) = (x - t_j) / (t_{j+d} - t_j) B_{j,d-1}(x) + (t_{j+d+1} - x) / (t_{j+d+1} - t_{j+1}) B_{j+1,d-1}(x)
/// ```
#[inline(always)]
pub(super) fn splines(knots: &[f64], i: usize, degree: usize, x: f64) -> Values {
    let mut values = [0.0; MOST_DEGREE + 1];
    values[0] = 1.0;
    for d in 1..=degree {
        let mut carried = 0.0;
        for r in 0..d {
            let (left, right) = (knots[i + 1 + r - d], knots[i + 1 + r]);
            // The interval lies between them, so they differ.
            let share = values[r] / (right - left);
            values[r] = carried + (right - x) * share;
            carried = (x - left) * share;
        }
        values[d] = carried;
    }
    values
}

/// The derivatives of the same splines.
#[inline(always)]
pub(super) fn slopes(knots: &[f64], i: usize, degree: usize, x: f64) -> Values {
    let mut slopes = [0.0; MOST_DEGREE + 1];
    if degree == 0 {
        return slopes;
    }
    // d (B_{j,d-1} / (t_{j+d} - t_j) - B_{j+1,d-1} / (t_{j+d+1} - t_{j+1}))
    let lower = splines(knots, i, degree - 1, x);
    for r in 0..degree {
        let (left, right) = (knots[i + 1 + r - degree], knots[i + 1 + r]);
        let slope = degree as f64 * lower[r] / (right - left);
        slopes[r] -= slope;
        slopes[r + 1] += slope;
    }
    slopes
}

/// The base points with `degree` more before and after them: at the distance of the outermost ones, or those of the neighbouring
/// periods.
pub(super) fn extended(base: &[f64], degree: usize, periodic: bool) -> Vec<f64> {
    let n = base.len() - 1;
    let at = |i: i64| match i {
        i if (0..=n as i64).contains(&i) => base[i as usize],
        i if periodic => {
            let period = base[n] - base[0];
            base[i.rem_euclid(n as i64) as usize] + period * i.div_euclid(n as i64) as f64
        }
        i if i < 0 => base[0] + (base[1] - base[0]) * i as f64,
        i => base[n] + (base[n] - base[n - 1]) * (i - n as i64) as f64,
    };
    (-(degree as i64)..=(n + degree) as i64).map(at).collect()
}
