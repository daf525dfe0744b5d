//! A layer's parts with one of them under another name.

use evenkeel_module::{Buffer, Identity, Parameter, Path, Visitor, VisitorMut};
use evenkeel_tensor::Float;

/// Passes everything on to `visitor`, the parameter `id` under the name `name` beside its neighbours.
pub(super) struct Renamed<'a, V: ?Sized> {
    pub(super) visitor: &'a mut V,
    pub(super) id: Identity,
    pub(super) name: &'static str,
}

impl<V: ?Sized> Renamed<'_, V> {
    /// Calls `show` with the path of the parameter `id`.
    fn named(&mut self, path: &Path<'_>, id: Identity, show: impl FnOnce(&mut V, &Path<'_>)) {
        if id == self.id {
            show(self.visitor, &path.parent().unwrap_or(&Path::root()).child(self.name));
        } else {
            show(self.visitor, path);
        }
    }
}

impl<F: Float, V: Visitor<F> + ?Sized> Visitor<F> for Renamed<'_, V> {
    fn enter(&mut self, path: &Path<'_>, kind: &'static str) {
        self.visitor.enter(path, kind);
    }
    fn parameter(&mut self, path: &Path<'_>, parameter: &Parameter<F>) {
        self.named(path, parameter.id(), |visitor, path| visitor.parameter(path, parameter));
    }
    fn buffer(&mut self, path: &Path<'_>, buffer: &Buffer<F>) {
        self.visitor.buffer(path, buffer);
    }
}

impl<F: Float, V: VisitorMut<F> + ?Sized> VisitorMut<F> for Renamed<'_, V> {
    fn initializes(&self) -> bool {
        self.visitor.initializes()
    }
    fn enter(&mut self, path: &Path<'_>, kind: &'static str) {
        self.visitor.enter(path, kind);
    }
    fn parameter(&mut self, path: &Path<'_>, parameter: &mut Parameter<F>) {
        self.named(path, parameter.id(), |visitor, path| visitor.parameter(path, parameter));
    }
    fn buffer(&mut self, path: &Path<'_>, buffer: &mut Buffer<F>) {
        self.visitor.buffer(path, buffer);
    }
}
