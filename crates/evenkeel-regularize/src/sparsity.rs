//! How many weights of a network are exactly 0.

use std::fmt;

use evenkeel_module::{Module, ModuleExt};
use evenkeel_tensor::{Float, Shape};

/// Of each parameter of a network how many values, units and inputs are exactly 0; `Display` prints a table. A parameter that has
/// no value yet is all zeros.
///
/// ```
/// use evenkeel_module::{Module, Parameter, Role};
/// use evenkeel_regularize::Sparsity;
/// use evenkeel_tensor::Tensor;
///
/// #[derive(Module)]
/// struct Net {
///     weight: Parameter,
/// }
///
/// let weight = Tensor::from_vec([2, 3], vec![0.5, 0.0, 0.0, 0.0, 0.0, 0.0])?;
/// let sparsity = Sparsity::of(&Net { weight: Parameter::new(weight, Role::Weight) });
/// assert_eq!((sparsity.zeros(), sparsity.values()), (5, 6));
/// let weight = &sparsity.parameters[0];
/// assert_eq!((weight.zero_units, weight.zero_inputs), (Some(1), Some(2)));
/// println!("{sparsity}");
/// # Ok::<(), evenkeel_tensor::ShapeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sparsity {
    /// One entry a parameter, in the network's order.
    pub parameters: Vec<ParameterSparsity>,
}

/// A parameter of a [`Sparsity`] report.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterSparsity {
    /// The path.
    pub path: String,
    /// The shape.
    pub shape: Shape,
    /// The number of values that are 0.
    pub zeros: usize,
    /// The number of units, along axis 0, all of whose values are 0: they do nothing but pass on their bias. `None` with fewer
    /// than two axes.
    pub zero_units: Option<usize>,
    /// The number of inputs, along axis 1, all of whose values are 0: they have no influence. `None` with fewer than two axes.
    pub zero_inputs: Option<usize>,
}

impl ParameterSparsity {
    fn new<F: Float>(path: String, shape: Shape, values: &[F]) -> Self {
        let is_zero = |w: &F| *w == F::ZERO;
        let (mut zero_units, mut zero_inputs) = (None, None);
        if let [units, inputs, kernel @ ..] = shape.dims() {
            let (units, inputs, kernel) = (*units, *inputs, kernel.iter().product::<usize>());
            let unit = |u: usize| values[u * inputs * kernel..][..inputs * kernel].iter();
            let of_input = |u: usize, i: usize| &values[(u * inputs + i) * kernel..][..kernel];
            let input = |i: usize| (0..units).flat_map(move |u| of_input(u, i));
            zero_units = Some((0..units).filter(|&u| unit(u).all(is_zero)).count());
            zero_inputs = Some((0..inputs).filter(|&i| input(i).all(is_zero)).count());
        }
        Self { path, shape, zeros: values.iter().filter(|w| is_zero(w)).count(), zero_units, zero_inputs }
    }

    /// The share of values that are 0; 0 if there are no values.
    pub fn share(&self) -> f64 {
        share(self.zeros, self.shape.numel())
    }
}

impl Sparsity {
    /// The report on `module`.
    pub fn of<F: Float>(module: &(impl Module<F> + ?Sized)) -> Self {
        let mut parameters = Vec::new();
        module.for_each_parameter(|path, parameter| {
            let values = parameter.value().as_slice();
            parameters.push(ParameterSparsity::new(path.to_string(), parameter.shape(), values));
        });
        Self { parameters }
    }

    /// The number of values of all parameters.
    pub fn values(&self) -> usize {
        self.parameters.iter().map(|p| p.shape.numel()).sum()
    }

    /// The number of values that are 0.
    pub fn zeros(&self) -> usize {
        self.parameters.iter().map(|p| p.zeros).sum()
    }

    /// The share of values that are 0; 0 if there are no values.
    pub fn share(&self) -> f64 {
        share(self.zeros(), self.values())
    }
}

fn share(zeros: usize, values: usize) -> f64 {
    zeros as f64 / values.max(1) as f64
}

impl fmt::Display for Sparsity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let out_of = |zeros: Option<usize>, axis: usize, shape: &Shape| {
            zeros.map_or(String::new(), |zeros| format!("{zeros} of {}", shape[axis]))
        };
        let head = ["path", "shape", "zeros", "share", "zero units", "zero inputs"].map(str::to_owned);
        let rows: Vec<[String; 6]> = std::iter::once(head)
            .chain(self.parameters.iter().map(|p| {
                [
                    p.path.clone(),
                    p.shape.to_string(),
                    p.zeros.to_string(),
                    format!("{:.1} %", 100.0 * p.share()),
                    out_of(p.zero_units, 0, &p.shape),
                    out_of(p.zero_inputs, 1, &p.shape),
                ]
            }))
            .collect();
        let widths: [usize; 6] =
            std::array::from_fn(|c| rows.iter().map(|row| row[c].chars().count()).max().unwrap_or(0));
        for (i, [path, shape, numbers @ ..]) in rows.iter().enumerate() {
            write!(f, "{path:0$}  {shape:1$}", widths[0], widths[1])?;
            for (number, width) in numbers.iter().zip(&widths[2..]) {
                write!(f, "  {number:>width$}")?;
            }
            writeln!(f)?;
            if i == 0 {
                writeln!(f, "{}", "-".repeat(widths.iter().sum::<usize>() + 10))?;
            }
        }
        write!(f, "{} of {} values are 0 ({:.1} %)", self.zeros(), self.values(), 100.0 * self.share())
    }
}
