//! What may stand in a layer's list of parts: leaves, containers of modules, and plain settings.

use evenkeel_tensor::Float;

use crate::{Buffer, Module, Parameter, Path, Visitor, VisitorMut};

impl<F: Float> Module<F> for Parameter<F> {
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn Visitor<F>) {
        visitor.parameter(path, self);
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn VisitorMut<F>) {
        visitor.parameter(path, self);
    }
}

impl<F: Float> Module<F> for Buffer<F> {
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn Visitor<F>) {
        visitor.buffer(path, self);
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn VisitorMut<F>) {
        visitor.buffer(path, self);
    }
}

/// Parts are numbered: `0`, `1`, ...
impl<F: Float, M: Module<F>> Module<F> for Vec<M> {
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn Visitor<F>) {
        self.iter().enumerate().for_each(|(i, part)| part.visit(&path.index(i), visitor));
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn VisitorMut<F>) {
        self.iter_mut().enumerate().for_each(|(i, part)| part.visit_mut(&path.index(i), visitor));
    }
}

/// Parts are numbered: `0`, `1`, ...
impl<F: Float, M: Module<F>, const N: usize> Module<F> for [M; N] {
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn Visitor<F>) {
        self.iter().enumerate().for_each(|(i, part)| part.visit(&path.index(i), visitor));
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn VisitorMut<F>) {
        self.iter_mut().enumerate().for_each(|(i, part)| part.visit_mut(&path.index(i), visitor));
    }
}

/// Has the part's own path.
impl<F: Float, M: Module<F>> Module<F> for Option<M> {
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn Visitor<F>) {
        self.iter().for_each(|part| part.visit(path, visitor));
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn VisitorMut<F>) {
        self.iter_mut().for_each(|part| part.visit_mut(path, visitor));
    }
}

/// Has the part's own path.
impl<F: Float, M: Module<F> + ?Sized> Module<F> for Box<M> {
    fn kind(&self) -> &'static str {
        (**self).kind()
    }
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn Visitor<F>) {
        (**self).visit(path, visitor);
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn VisitorMut<F>) {
        (**self).visit_mut(path, visitor);
    }
}

macro_rules! setting {
    ($($t:ty),*) => {$(
        /// A setting: no parts.
        impl<F: Float> Module<F> for $t {
            fn visit(&self, _path: &Path<'_>, _visitor: &mut dyn Visitor<F>) {}
            fn visit_mut(&mut self, _path: &Path<'_>, _visitor: &mut dyn VisitorMut<F>) {}
        }
    )*};
}
setting!((), bool, f32, f64, u8, u32, u64, usize, i32, i64, String, &'static str);
