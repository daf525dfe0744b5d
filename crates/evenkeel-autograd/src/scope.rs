//! Where in a network an operation was recorded: a tree of layer names without allocation per step.

/// One step of a path: a field's name or a position in a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// The name of a part.
    Name(&'static str),
    /// The position of a part among its siblings.
    Index(usize),
}

/// Scopes entered since the last reset; scope 0 is the root.
#[derive(Default)]
pub(crate) struct Scopes {
    // (parent, segment); entry i is scope i + 1
    entries: Vec<(u32, Segment)>,
    current: u32,
}

impl Scopes {
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.current = 0;
    }

    pub(crate) fn current(&self) -> u32 {
        self.current
    }

    pub(crate) fn enter(&mut self, segment: Segment) -> u32 {
        let outer = self.current;
        self.entries.push((outer, segment));
        self.current = self.entries.len() as u32;
        outer
    }

    pub(crate) fn leave_to(&mut self, outer: u32) {
        self.current = outer;
    }

    /// The path of a scope, e.g. `layers.0`; empty for the root.
    pub(crate) fn path(&self, mut scope: u32) -> String {
        let mut parts = Vec::new();
        while scope != 0 {
            let (parent, segment) = self.entries[scope as usize - 1];
            parts.push(match segment {
                Segment::Name(name) => name.to_owned(),
                Segment::Index(index) => index.to_string(),
            });
            scope = parent;
        }
        parts.reverse();
        parts.join(".")
    }
}
