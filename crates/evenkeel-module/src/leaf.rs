//! The leaves of a network: what is learnt, and what is kept beside it.

use std::sync::atomic::{AtomicU64, Ordering};

use evenkeel_tensor::{Float, Shape, Tensor};

/// Tells parameters and buffers apart for as long as a network lives. A clone has an identity of its own.
///
/// Numbers count up through the process and have no influence on results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity(u64);

impl Identity {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Identity(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn number(self) -> u64 {
        self.0
    }
}

/// What a parameter does, which decides how it starts and whether it decays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Multiplies inputs: drawn by an initialiser, and the only role that weight decay touches unless told otherwise.
    Weight,
    /// Added to outputs.
    Bias,
    /// The scale of a normalisation (gamma), which starts at 1.
    Scale,
    /// The shift of a normalisation (beta), which starts at 0.
    Shift,
}

/// An array that is learnt.
#[derive(Debug)]
pub struct Parameter<F: Float = f32> {
    value: Tensor<F>,
    id: Identity,
    role: Role,
    initialized: bool,
    frozen: bool,
}

impl<F: Float> Parameter<F> {
    /// A parameter that starts as `value`.
    pub fn new(value: Tensor<F>, role: Role) -> Self {
        Self { value, id: Identity::new(), role, initialized: true, frozen: false }
    }

    /// A parameter that has no value yet: using it before
    /// [`initialize`](crate::ModuleExt::initialize) or loading is an error.
    pub fn uninitialized(shape: impl Into<Shape>, role: Role) -> Self {
        Self { initialized: false, ..Self::new(Tensor::zeros(shape), role) }
    }

    /// The values.
    pub fn value(&self) -> &Tensor<F> {
        &self.value
    }

    /// The values, to write to. Copies first where they are shared, for instance with a recorded step.
    pub fn as_mut_slice(&mut self) -> &mut [F] {
        self.value.as_mut_slice()
    }

    /// Replaces the values; from now on the parameter is initialised.
    ///
    /// # Panics
    /// If the shape differs.
    #[track_caller]
    pub fn set(&mut self, value: Tensor<F>) {
        assert!(value.shape() == self.shape(), "Parameter::set: shape {}, got {}", self.shape(), value.shape());
        self.value = value;
        self.initialized = true;
    }

    pub(crate) fn set_initialized(&mut self) {
        self.initialized = true;
    }

    /// The shape.
    pub fn shape(&self) -> Shape {
        self.value.shape()
    }

    /// What the parameter does.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Its identity.
    pub fn id(&self) -> Identity {
        self.id
    }

    /// Whether it has been given a value.
    pub fn is_initialized(&self) -> bool {
        self.initialized
    }

    /// Whether it is left as it is: no gradient is computed and no update applied.
    pub fn is_frozen(&self) -> bool {
        self.frozen
    }

    /// Freezes or thaws the parameter.
    pub fn set_frozen(&mut self, frozen: bool) {
        self.frozen = frozen;
    }
}

impl<F: Float> Clone for Parameter<F> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), id: Identity::new(), ..*self }
    }
}

/// How a buffer came to its values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Origin {
    /// As constructed.
    #[default]
    Initial,
    /// Estimated while training, step by step.
    Running,
    /// Computed by a pass over a data set after training.
    Population,
}

/// An array that belongs to the state of a layer and is not learnt by gradients, e.g. running statistics.
#[derive(Debug)]
pub struct Buffer<F: Float = f32> {
    value: Tensor<F>,
    id: Identity,
    origin: Origin,
    range: Range,
    frozen: bool,
}

/// What values a buffer may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Range {
    /// Any number.
    Any,
    /// 0 and above.
    NonNegative,
    /// A count, which is held here exactly: a float stops at 2 to the power of its precision (16 777 216 in `f32`).
    Count(u64),
}

impl<F: Float> Buffer<F> {
    /// A buffer that starts as `value`.
    pub fn new(value: Tensor<F>) -> Self {
        Self { value, id: Identity::new(), origin: Origin::Initial, range: Range::Any, frozen: false }
    }

    /// A buffer that starts as `value` and is never negative, e.g. a variance: loading refuses anything below 0.
    pub fn non_negative(value: Tensor<F>) -> Self {
        Self { range: Range::NonNegative, ..Self::new(value) }
    }

    /// A count, 0 to start with; held and stored as an integer. Loading refuses anything below 0.
    pub fn counter() -> Self {
        Self { range: Range::Count(0), ..Self::new(Tensor::zeros(Shape::SCALAR)) }
    }

    /// The values; of a count the nearest float ([`count`](Buffer::count) is exact).
    pub fn value(&self) -> &Tensor<F> {
        &self.value
    }

    /// The values, to write to, and from where they come from now on.
    ///
    /// # Panics
    /// If it is a count; [`set`](Buffer::set) or [`set_count`](Buffer::set_count) that.
    #[track_caller]
    pub fn as_mut_slice(&mut self, origin: Origin) -> &mut [F] {
        assert!(!self.is_counter(), "Buffer::as_mut_slice: a count is an integer; use set_count");
        self.origin = origin;
        self.value.as_mut_slice()
    }

    /// Replaces the values.
    ///
    /// # Panics
    /// If the shape differs.
    #[track_caller]
    pub fn set(&mut self, value: Tensor<F>, origin: Origin) {
        assert!(value.shape() == self.shape(), "Buffer::set: shape {}, got {}", self.shape(), value.shape());
        match self.range {
            Range::Count(_) => self.set_count(value.item().to_f64() as u64, origin),
            Range::Any | Range::NonNegative => (self.value, self.origin) = (value, origin),
        }
    }

    /// The exact count; 0 if it is not a counter.
    pub fn count(&self) -> u64 {
        if let Range::Count(n) = self.range { n } else { 0 }
    }

    /// Replaces the count.
    ///
    /// # Panics
    /// If it is not a counter.
    #[track_caller]
    pub fn set_count(&mut self, count: u64, origin: Origin) {
        assert!(self.is_counter(), "Buffer::set_count: not a counter; use set");
        self.value.as_mut_slice()[0] = F::from_f64(count as f64);
        self.range = Range::Count(count);
        self.origin = origin;
    }

    /// The shape.
    pub fn shape(&self) -> Shape {
        self.value.shape()
    }

    /// How it came to its values.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Whether it is a count.
    pub fn is_counter(&self) -> bool {
        matches!(self.range, Range::Count(_))
    }

    /// Whether it is never negative: counts, and what [`non_negative`](Buffer::non_negative) made.
    pub fn is_non_negative(&self) -> bool {
        self.range != Range::Any
    }

    /// Its identity.
    pub fn id(&self) -> Identity {
        self.id
    }

    /// Whether it is left as it is.
    pub fn is_frozen(&self) -> bool {
        self.frozen
    }

    /// Freezes or thaws the buffer.
    pub fn set_frozen(&mut self, frozen: bool) {
        self.frozen = frozen;
    }
}

impl<F: Float> Clone for Buffer<F> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), id: Identity::new(), ..*self }
    }
}
