//! One forward pass: what it reads, records, and leaves to be applied.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use evenkeel_autograd::{Segment, Tape, Var};
use evenkeel_tensor::{Float, Seed, Shape, Tensor};

use crate::{Buffer, Module, ModuleExt, Origin, Parameter};

/// What a pass is for, and so how a layer acts that does not always do the same.
///
/// | | gradients | statistics | noise | recorded |
/// |---|---|---|---|---|
/// | [`Training`](Mode::Training) | yes | of the batch | on | statistics |
/// | [`Evaluation`](Mode::Evaluation) | no | stored | off | nothing |
/// | [`Population`](Mode::Population) | no | of the batch | off | statistics |
/// | [`Sampling`](Mode::Sampling) | no | stored | on | nothing |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Gradients are wanted, statistics are of the batch and are recorded, noise is on.
    Training,
    /// No gradients, stored statistics, no noise; nothing is recorded.
    Evaluation,
    /// No gradients, no noise, but statistics are of the batch and are recorded: the pass over a data set
    /// that computes population statistics after training.
    Population,
    /// No gradients, stored statistics, nothing is recorded, but noise is on: one of the networks that dropout stands for, as
    /// Monte-Carlo evaluation draws them.
    Sampling,
}

/// What the steps of a run share: the tape with its buffers, and the record of what each step changes.
///
/// ```
/// use evenkeel_module::{Mode, Parameter, Role, Workspace};
/// use evenkeel_tensor::{Seed, Tensor};
///
/// let mut w = Parameter::new(Tensor::scalar(3.0f32), Role::Weight);
/// let mut workspace = Workspace::new();
/// for step in 0..10 {
///     let pass = workspace.begin(Mode::Training, Seed(1).at(step));
///     let loss = pass.parameter(&w).square();
///     pass.backward(loss);
///     let step = workspace.finish();                  // lets go of the parameters, keeps the gradients
///     step.with_gradient(&w, |g| g[0] * 0.1).map(|d| w.as_mut_slice()[0] -= d);
/// }
/// assert!((w.value().item() - 3.0 * 0.8f32.powi(10)).abs() < 1e-5);
/// ```
#[derive(Default)]
pub struct Workspace<F: Float = f32> {
    tape: Tape<F>,
    book: RefCell<Book<F>>,
}

/// What a pass has bound and recorded so far.
#[derive(Default)]
struct Book<F: Float> {
    /// The value on the tape of each parameter in use.
    bound: HashMap<u64, u32, BuildHasherDefault<IdentityHasher>>,
    records: Vec<Record<F>>,
    /// The recorded values, one record after another.
    values: Vec<F>,
    draws: u64,
    layers: Vec<(String, Shape)>,
}

struct Record<F> {
    buffer: u64,
    change: Change<F>,
    range: (usize, usize),
}

/// What a recorded observation does to a buffer once it is applied.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change<F> {
    /// value = (1 - weight) value + weight observation, computed in `f64` and rounded to `F`
    Blend(F),
    /// value = the plain average of `before` observations, which it is so far, and this one. Where a pass records several for a
    /// buffer, each counts.
    Average {
        /// The number of observations before this pass.
        before: u64,
    },
    /// value = value + observation; of a counter, whole numbers.
    Add,
}

/// Identities count up, so they are their own hash.
#[derive(Default)]
struct IdentityHasher(u64);

impl Hasher for IdentityHasher {
    fn finish(&self) -> u64 {
        // The table looks at the top bits too.
        self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
    fn write(&mut self, _: &[u8]) {
        unreachable!("identities are u64")
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}

/// Carries a forward pass through a network: the tape, the mode, and the random stream.
pub struct Pass<'t, F: Float = f32> {
    tape: &'t Tape<F>,
    book: &'t RefCell<Book<F>>,
    mode: Mode,
    /// Whether parameters have gradients: of the whole pass, whatever mode a part is in.
    learns: bool,
    seed: Seed,
}

impl<F: Float> Workspace<F> {
    /// An empty workspace.
    pub fn new() -> Self {
        Self { tape: Tape::new(), book: RefCell::new(Book::default()) }
    }

    /// Begins a pass: forgets the last one and keeps its buffers. Noise in this pass is drawn from `seed`.
    pub fn begin(&mut self, mode: Mode, seed: Seed) -> Pass<'_, F> {
        self.tape.reset();
        let book = self.book.get_mut();
        book.bound.clear();
        book.records.clear();
        book.values.clear();
        book.layers.clear();
        book.draws = 0;
        Pass { tape: &self.tape, book: &self.book, mode, learns: mode == Mode::Training, seed }
    }

    /// Begins a pass that computes shapes only ([`Tape::dry_run`]).
    pub(crate) fn begin_dry(&mut self, mode: Mode) -> Pass<'_, F> {
        self.tape.dry_run(true);
        self.begin(mode, Seed(0))
    }

    /// Ends the pass: lets go of the parameters, so that they can be changed in place, and hands out what
    /// it leaves behind.
    pub fn finish(&mut self) -> Step<'_, F> {
        self.tape.release_leaves();
        Step { tape: &self.tape, book: self.book.get_mut() }
    }
}

impl<'t, F: Float> Pass<'t, F> {
    /// The tape.
    pub fn tape(&self) -> &'t Tape<F> {
        self.tape
    }

    /// What the pass is for.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The same pass in another mode, for a part of a network: `part.forward(&pass.in_mode(Mode::Evaluation), x)` runs
    /// `part` with stored statistics and without noise, whatever the rest does. Gradients are those of the pass as a whole:
    /// only [freezing](crate::ModuleExt::freeze) keeps a part from learning.
    #[must_use]
    pub fn in_mode(&self, mode: Mode) -> Pass<'t, F> {
        Pass { mode, learns: self.learns, ..*self }
    }

    /// Whether noise is on: in training and in sampling.
    pub fn has_noise(&self) -> bool {
        matches!(self.mode, Mode::Training | Mode::Sampling)
    }

    /// Whether normalisations use the statistics of the batch, and record them.
    pub fn uses_batch_statistics(&self) -> bool {
        matches!(self.mode, Mode::Training | Mode::Population)
    }

    /// Data: a value without gradient.
    pub fn constant(&self, tensor: Tensor<F>) -> Var<'t, F> {
        self.tape.constant(tensor)
    }

    /// A parameter on the tape: the same value each time in a pass, so that shared parameters gather one gradient.
    ///
    /// # Panics
    /// If it has not been initialised.
    #[track_caller]
    pub fn parameter(&self, parameter: &Parameter<F>) -> Var<'t, F> {
        let book = &mut *self.book.borrow_mut();
        let index = *book.bound.entry(parameter.id().number()).or_insert_with(|| {
            assert!(
                parameter.is_initialized() || self.tape.is_dry(),
                "a parameter of shape {} has no value yet: call initialize(..) or load a state dictionary first",
                parameter.shape()
            );
            let learns = self.learns && !parameter.is_frozen();
            let value = parameter.value().clone();
            let var = if learns { self.tape.variable(value) } else { self.tape.constant(value) };
            var.index() as u32
        });
        self.tape.nth(index as usize)
    }

    /// Notes an observation for a buffer, to be applied by [`Step::commit`]. `write` fills in the values.
    pub fn record(&self, buffer: &Buffer<F>, change: Change<F>, write: impl FnOnce(&mut [F])) {
        let book = &mut *self.book.borrow_mut();
        let start = book.values.len();
        let end = start + buffer.shape().numel();
        book.values.resize(end, F::ZERO);
        write(&mut book.values[start..end]);
        book.records.push(Record { buffer: buffer.id().number(), change, range: (start, end) });
    }

    /// A seed for one use of noise: differs at each call in a pass, and is the same whenever the pass is repeated.
    pub fn next_seed(&self) -> Seed {
        let book = &mut *self.book.borrow_mut();
        book.draws += 1;
        self.seed.at(book.draws)
    }

    /// Runs the part called `segment`, so that messages and tables can name it.
    pub fn part(&self, segment: Segment, run: impl FnOnce() -> Var<'t, F>) -> Var<'t, F> {
        self.tape.scope(segment, || {
            let y = run();
            if self.tape.is_dry() {
                self.book.borrow_mut().layers.push((self.tape.path(), y.shape()));
            }
            y
        })
    }

    /// The paths and output shapes of the parts run so far, in a dry run.
    pub(crate) fn part_shapes(&self) -> Vec<(String, Shape)> {
        std::mem::take(&mut self.book.borrow_mut().layers)
    }

    /// Computes the gradients of a scalar with respect to every parameter that learns.
    #[track_caller]
    pub fn backward(&self, loss: Var<'t, F>) {
        self.tape.backward(loss);
    }

    /// Where the first infinity or NaN of this pass came in, with the layer's path in `network`.
    pub fn first_fault(&self, network: &(impl Module<F> + ?Sized)) -> Option<Fault> {
        let fault = self.tape.first_fault()?;
        let nearest = self.last_bound(network, fault.node);
        Some(match (fault.operation, nearest) {
            (None, Some((index, layer, path))) if index == fault.node => {
                Fault { layer, what: format!("parameter `{path}`"), shape: fault.shape }
            }
            (None, _) => Fault { layer: String::new(), what: "the data".to_owned(), shape: fault.shape },
            // An operation outside all layers, such as a loss, is told by the layer before it.
            (Some(operation), nearest) => Fault {
                layer: Some(self.layer_of(network, fault.node))
                    .filter(|layer| !layer.is_empty())
                    .or(nearest.map(|(_, layer, _)| layer))
                    .unwrap_or_default(),
                what: format!("operation `{operation}`"),
                shape: fault.shape,
            },
        })
    }

    /// The path in `network` of the layer that recorded value `index` of the tape: the part in whose scope it was recorded or, where
    /// a layer runs its parts without [naming](Pass::part) them, the owner of the parameter that was used last.
    pub fn layer_of(&self, network: &(impl Module<F> + ?Sized), index: usize) -> String {
        let scope = self.tape.path_of(index);
        match self.last_bound(network, index) {
            Some((at, layer, _)) if self.tape.path_of(at) == scope => layer,
            _ => scope,
        }
    }

    /// The last parameter bound at or before value `index`: its own value, its layer's path, and its path.
    fn last_bound(&self, network: &(impl Module<F> + ?Sized), index: usize) -> Option<(usize, String, String)> {
        let book = self.book.borrow();
        let mut last: Option<(usize, String, String)> = None;
        network.for_each_parameter(|path, parameter| {
            if let Some(&at) = book.bound.get(&parameter.id().number())
                && at as usize <= index
                && last.as_ref().is_none_or(|(best, ..)| at as usize >= *best)
            {
                let layer = path.parent().map_or(String::new(), ToString::to_string);
                last = Some((at as usize, layer, path.to_string()));
            }
        });
        last
    }

    /// The value on the tape that stands for `parameter`, if this pass has used it ([`Tape::nth`]).
    pub fn bound(&self, parameter: &Parameter<F>) -> Option<usize> {
        self.book.borrow().bound.get(&parameter.id().number()).map(|&index| index as usize)
    }
}

/// Where the first infinity or NaN of a pass came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The path of the layer; empty for the network itself and for data.
    pub layer: String,
    /// The operation that gave it, or the parameter or data that held it.
    pub what: String,
    /// The shape of the value.
    pub shape: Shape,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = if self.layer.is_empty() { String::new() } else { format!(" in layer `{}`", self.layer) };
        write!(f, "{}{of} (shape {})", self.what, self.shape)
    }
}

/// What a pass leaves behind: gradients, and observations for buffers.
pub struct Step<'w, F: Float = f32> {
    tape: &'w Tape<F>,
    book: &'w mut Book<F>,
}

impl<F: Float> Step<'_, F> {
    /// Calls `read` with the parameter's gradient, if the pass computed one.
    pub fn with_gradient<R>(&self, parameter: &Parameter<F>, read: impl FnOnce(&[F]) -> R) -> Option<R> {
        let &index = self.book.bound.get(&parameter.id().number())?;
        self.tape.with_gradient(self.tape.nth(index as usize), read)
    }

    /// Calls `update` with the parameter's values, to be changed, and its gradient, if the pass computed one. No copy.
    pub fn update<R>(&self, parameter: &mut Parameter<F>, update: impl FnOnce(&mut [F], &[F]) -> R) -> Option<R> {
        let &index = self.book.bound.get(&parameter.id().number())?;
        let gradient = self.tape.nth(index as usize);
        self.tape.with_gradient(gradient, |gradient| update(parameter.as_mut_slice(), gradient))
    }

    /// Applies the recorded observations to the buffers of `module`, frozen ones excepted, one after another: a layer
    /// that ran twice blends twice, in that order, as in PyTorch.
    ///
    /// Returns the number of observations whose buffer is not in `module`. Anything but 0 means that this is not the network
    /// that ran, but a clone or a part of it.
    pub fn commit(&self, module: &mut (impl Module<F> + ?Sized)) -> usize {
        self.apply(module, None, Origin::Running)
    }

    /// As [`commit`](Step::commit), with `weight` in place of each blend's or average's own and `origin` for where the
    /// values then come from: weights 1, 1/2, 1/3, ... give plain averages over steps. The step has that weight as a whole: what
    /// a layer that ran several times observed is averaged. Counters count training steps, so they stay as they are.
    pub fn commit_weighted(&self, module: &mut (impl Module<F> + ?Sized), weight: F, origin: Origin) -> usize {
        self.apply(module, Some(weight), origin)
    }

    fn apply(&self, module: &mut (impl Module<F> + ?Sized), weight: Option<F>, origin: Origin) -> usize {
        let mut unmatched = self.book.records.len();
        if unmatched == 0 {
            return 0;
        }
        module.for_each_buffer_mut(|_, buffer| {
            let id = buffer.id().number();
            let records = || self.book.records.iter().filter(|r| r.buffer == id);
            unmatched -= records().count();
            if buffer.is_frozen() {
                return;
            }
            let blends = records().filter(|r| r.change != Change::Add).count() as f64;
            let mut seen = 0u64;
            for record in records() {
                let observed = &self.book.values[record.range.0..record.range.1];
                let own = match record.change {
                    Change::Add => {
                        if weight.is_none() || !buffer.is_counter() {
                            add(buffer, observed, origin);
                        }
                        continue;
                    }
                    Change::Blend(own) => own.to_f64(),
                    Change::Average { before } => 1.0 / (before + seen + 1) as f64,
                };
                seen += 1;
                let share = match weight.map(F::to_f64) {
                    None => own,
                    // Such that in the end each has the weight w / blends.
                    Some(w) if w > 0.0 => w / blends / ((1.0 - w) + seen as f64 * (w / blends)),
                    Some(w) => w / blends,
                };
                blend(buffer, observed, share, origin);
            }
        });
        unmatched
    }
}

/// value = value + observation
fn add<F: Float>(buffer: &mut Buffer<F>, observed: &[F], origin: Origin) {
    if buffer.is_counter() {
        buffer.set_count(buffer.count().saturating_add(observed[0].to_f64() as u64), origin);
    } else {
        buffer.as_mut_slice(origin).iter_mut().zip(observed).for_each(|(v, &o)| *v += o);
    }
}

/// value = (1 - share) value + share observation, rounded to `F` once. What has no weight does not count, be it infinite or NaN.
fn blend<F: Float>(buffer: &mut Buffer<F>, observed: &[F], share: f64, origin: Origin) {
    let part = |weight: f64, x: f64| if weight == 0.0 { 0.0 } else { weight * x };
    for (v, &o) in buffer.as_mut_slice(origin).iter_mut().zip(observed) {
        let (old, new) = (v.to_f64(), o.to_f64());
        // Beside a large common offset only the difference is small, and only what is exact stays put.
        let moved = old + share * (new - old);
        let plain = share == 0.0 || share == 1.0 || !moved.is_finite();
        *v = F::from_f64(if plain { part(1.0 - share, old) + part(share, new) } else { moved });
    }
}
