//! Affine maps of the plane.

use std::f64::consts::PI;

/// An affine map of the plane, p -> A p + b: where a point of the image goes.
///
/// Points are \[x, y\] in pixels from the image's middle, x to the right and y downwards.
///
/// ```
/// use evenkeel_data::augment::image::AffineMap;
///
/// let turn = AffineMap::rotation(90.0);
/// assert_eq!(turn.apply([1.0, 0.0]), [0.0, -1.0]);        // what was right of the middle is above it
/// let back = turn.inverse().unwrap();
/// assert_eq!(turn.then(back), AffineMap::IDENTITY);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AffineMap {
    /// A, row by row.
    pub matrix: [[f64; 2]; 2],
    /// b
    pub shift: [f64; 2],
}

impl AffineMap {
    /// Every point stays where it is.
    pub const IDENTITY: Self = Self::linear([[1.0, 0.0], [0.0, 1.0]]);

    const fn linear(matrix: [[f64; 2]; 2]) -> Self {
        Self { matrix, shift: [0.0, 0.0] }
    }

    /// A turn about the middle, counter-clockwise as seen. Exact for multiples of 90 degrees.
    pub fn rotation(degrees: f64) -> Self {
        let (sin, cos) = sin_cos(degrees);
        Self::linear([[cos, sin], [-sin, cos]])
    }

    /// Enlarges by these factors; negative ones mirror.
    pub fn scaling(x: f64, y: f64) -> Self {
        Self::linear([[x, 0.0], [0.0, y]])
    }

    /// Slants: x becomes x + `horizontal` y; then y becomes y + `vertical` x. Keeps areas.
    pub fn shearing(horizontal: f64, vertical: f64) -> Self {
        Self::linear([[1.0, horizontal], [vertical, 1.0 + vertical * horizontal]])
    }

    /// Moves to the right and downwards.
    pub fn translation(right: f64, down: f64) -> Self {
        Self { shift: [right, down], ..Self::IDENTITY }
    }

    /// Where a point goes.
    #[inline(always)]
    pub fn apply(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let [[a, b], [c, d]] = self.matrix;
        [a * x + b * y + self.shift[0], c * x + d * y + self.shift[1]]
    }

    /// This map, and `next` after it.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        let [[a, b], [c, d]] = self.matrix;
        let column = |x: f64, y: f64| Self::linear(next.matrix).apply([x, y]);
        let (first, second) = (column(a, c), column(b, d));
        Self { matrix: [[first[0], second[0]], [first[1], second[1]]], shift: next.apply(self.shift) }
    }

    /// The map that undoes this one; `None` if there is none, or not in finite numbers.
    pub fn inverse(self) -> Option<Self> {
        let [[a, b], [c, d]] = self.matrix;
        let determinant = a * d - b * c;
        let linear = Self::linear([[d / determinant, -b / determinant], [-c / determinant, a / determinant]]);
        let [x, y] = linear.apply(self.shift);
        let inverse = Self { shift: [-x, -y], ..linear };
        let finite = inverse.matrix.as_flattened().iter().chain(&inverse.shift).all(|x| x.is_finite());
        (finite && determinant.is_finite()).then_some(inverse)
    }
}

/// Sine and cosine of an angle in degrees: exact for multiples of 90, and the same bits on every machine, which the standard
/// library's are not.
fn sin_cos(degrees: f64) -> (f64, f64) {
    let quarters = (degrees / 90.0).round();
    let x = (degrees - 90.0 * quarters) * (PI / 180.0);
    // Taylor sums for |x| <= pi / 4; the next terms are below half a unit in the last place.
    let sum = |terms: &[f64]| terms.iter().fold(0.0, |sum, &divisor| 1.0 - sum * x * x / divisor);
    let sin = x * sum(&[272.0, 210.0, 156.0, 110.0, 72.0, 42.0, 20.0, 6.0]);
    let cos = sum(&[306.0, 240.0, 182.0, 132.0, 90.0, 56.0, 30.0, 12.0, 2.0]);
    match quarters.rem_euclid(4.0) as u8 {
        0 => (sin, cos),
        1 => (cos, -sin),
        2 => (-sin, -cos),
        _ => (-cos, sin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sine_and_cosine_agree_with_the_library(degrees in -1000.0f64..1000.0) {
            let (sin, cos) = sin_cos(degrees);
            // The library's argument is rounded: by up to 2e-15 at 1000 degrees.
            prop_assert!((sin - degrees.to_radians().sin()).abs() < 5e-15);
            prop_assert!((cos - degrees.to_radians().cos()).abs() < 5e-15);
        }

        #[test]
        fn maps_compose_and_an_inverse_undoes(entries in prop::array::uniform4(-3.0f64..3.0), shift in prop::array::uniform2(-9.0f64..9.0)) {
            let [a, b, c, d] = entries;
            prop_assume!((a * d - b * c).abs() > 0.1);
            let map = AffineMap { matrix: [[a, b], [c, d]], shift };
            let both = map.then(map.inverse().unwrap());
            let next = AffineMap { matrix: [[d, a], [b, c]], shift: [c, b] };
            for point in [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]] {
                let [x, y] = both.apply(point);
                prop_assert!((x - point[0]).abs() + (y - point[1]).abs() < 1e-11);
                let ([x, y], [u, v]) = (map.then(next).apply(point), next.apply(map.apply(point)));
                prop_assert!((x - u).abs() + (y - v).abs() < 1e-11);
            }
        }
    }

    #[test]
    fn quarter_turns_are_exact() {
        for (degrees, expected) in
            [(0.0, (0.0, 1.0)), (90.0, (1.0, 0.0)), (180.0, (0.0, -1.0)), (-90.0, (-1.0, 0.0)), (720.0, (0.0, 1.0))]
        {
            assert_eq!(sin_cos(degrees), expected);
        }
    }

    #[test]
    fn what_has_no_inverse() {
        for map in [
            AffineMap::scaling(0.0, 1.0),
            AffineMap::scaling(1e-320, 1.0),
            AffineMap::scaling(f64::INFINITY, 1.0),
            AffineMap::rotation(f64::NAN),
            AffineMap::translation(f64::INFINITY, 0.0),
        ] {
            assert_eq!(map.inverse(), None, "{map:?}");
        }
    }
}
