//! A table of a network: kinds, paths, output shapes, numbers of values.

use std::fmt;

use evenkeel_tensor::{Float, Shape};

use crate::check::{NetworkError, output_shapes};
use crate::{Buffer, Forward, Mode, Parameter, Path, Visitor};

/// A network as a table; `Display` prints it.
///
/// Output shapes are known of parts that run by name: those of a [`Sequential`](crate::Sequential), and what
/// [`Pass::part`](crate::Pass::part) wraps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// One row a module, in order.
    pub rows: Vec<Row>,
    /// The shape of the network's output.
    pub output: Shape,
}

/// A module of a [`Summary`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The path; empty for the network itself.
    pub path: String,
    /// The kind, e.g. `Linear`.
    pub kind: &'static str,
    /// The shape of its output, where known.
    pub output: Option<Shape>,
    /// The number of learnt values of its own.
    pub parameters: usize,
    /// How many of them are frozen.
    pub frozen: usize,
    /// The number of values in its buffers.
    pub buffers: usize,
}

struct Collect(Vec<Row>);

impl Collect {
    /// The innermost module that has been entered and contains the leaf; the network contains all.
    fn owner(&mut self, path: &Path<'_>) -> &mut Row {
        let owner = path.parent().map_or(String::new(), ToString::to_string);
        let inside = |row: &Row| owner == row.path || owner.starts_with(&format!("{}.", row.path));
        let row = self.0.iter().rposition(inside).unwrap_or(0);
        &mut self.0[row]
    }
}

impl<F: Float> Visitor<F> for Collect {
    fn enter(&mut self, path: &Path<'_>, kind: &'static str) {
        // The network's own row is there from the start, whether or not its type says that it is entered.
        if path.parent().is_some() {
            self.0.push(Row { path: path.to_string(), kind, ..Row::default() });
        }
    }
    fn parameter(&mut self, path: &Path<'_>, parameter: &Parameter<F>) {
        let row = self.owner(path);
        row.parameters += parameter.shape().numel();
        row.frozen += if parameter.is_frozen() { parameter.shape().numel() } else { 0 };
    }
    fn buffer(&mut self, path: &Path<'_>, buffer: &Buffer<F>) {
        self.owner(path).buffers += buffer.shape().numel();
    }
}

impl Summary {
    /// The table of `network` for inputs of shape `input`, the first axis being the batch.
    ///
    /// # Errors
    /// If the network does not fit the input.
    pub fn new<F: Float>(network: &(impl Forward<F> + ?Sized), input: impl Into<Shape>) -> Result<Self, NetworkError> {
        let (output, shapes) = output_shapes(network, Mode::Evaluation, input.into())?;
        let mut collect = Collect(vec![Row { kind: network.kind(), output: Some(output), ..Row::default() }]);
        network.visit(&Path::root(), &mut collect);
        for row in &mut collect.0[1..] {
            row.output = shapes.iter().find(|(path, _)| *path == row.path).map(|(_, shape)| *shape);
        }
        Ok(Self { rows: collect.0, output })
    }

    /// The number of learnt values.
    pub fn parameters(&self) -> usize {
        self.rows.iter().map(|r| r.parameters).sum()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cells = |r: &Row| {
            let output = r.output.map_or(String::new(), |s| s.to_string());
            let path = if r.path.is_empty() { "(network)".to_owned() } else { r.path.clone() };
            let frozen = if r.frozen > 0 { format!(" ({} frozen)", r.frozen) } else { String::new() };
            [path, r.kind.to_owned(), output, format!("{}{frozen}", r.parameters), r.buffers.to_string()]
        };
        let head = ["path", "kind", "output", "parameters", "buffers"].map(str::to_owned);
        let rows: Vec<[String; 5]> = std::iter::once(head).chain(self.rows.iter().map(cells)).collect();
        let width = |c: usize| rows.iter().map(|r| r[c].chars().count()).max().unwrap_or(0);
        let widths: [usize; 5] = std::array::from_fn(width);
        for (i, row) in rows.iter().enumerate() {
            let [a, b, c, d, e] = row;
            let [wa, wb, wc, wd, we] = widths;
            writeln!(f, "{a:wa$}  {b:wb$}  {c:wc$}  {d:>wd$}  {e:>we$}")?;
            if i == 0 {
                writeln!(f, "{}", "-".repeat(widths.iter().sum::<usize>() + 8))?;
            }
        }
        let frozen: usize = self.rows.iter().map(|r| r.frozen).sum();
        write!(f, "{} parameters, {} of them learnt", self.parameters(), self.parameters() - frozen)
    }
}
