//! Nearest neighbours in few dimensions.

use std::ops::Range;

/// Points of a leaf: fewer cost more steps, more cost more distances.
const LEAF: usize = 16;

/// Points halved again and again across the widest column of their box: J. L. Bentley 1975, "Multidimensional binary
/// search trees used for associative searching", CACM 18.
///
/// A box's distance is a sum of squares in the order of the columns, none above that of any point in it, and rounding
/// keeps the order. So what is passed over is farther to the last bit, or as far and of higher index, and the answer is that of
/// comparing with all.
#[derive(Clone, Debug)]
pub(super) struct KdTree {
    columns: usize,
    /// The points leaf by leaf, and which they are.
    points: Vec<f64>,
    indices: Vec<usize>,
    nodes: Vec<Node>,
    /// For each node the least and then the largest value of each column.
    boxes: Vec<f64>,
}

#[derive(Clone, Debug)]
struct Node {
    points: Range<usize>,
    /// The lowest of their indices.
    least: usize,
    /// The right child; the left one follows its parent. `None` for a leaf.
    right: Option<usize>,
}

impl KdTree {
    pub(super) fn new(points: &[f64], columns: usize) -> Self {
        let mut indices: Vec<_> = (0..points.len() / columns).collect();
        let mut tree = Self { columns, points: Vec::new(), indices: Vec::new(), nodes: Vec::new(), boxes: Vec::new() };
        tree.build(points, &mut indices, 0);
        tree.points = indices.iter().flat_map(|&i| &points[i * columns..][..columns]).copied().collect();
        tree.indices = indices;
        tree
    }

    fn build(&mut self, points: &[f64], indices: &mut [usize], first: usize) {
        let node = self.nodes.len();
        let least = indices.iter().copied().min().unwrap_or(usize::MAX);
        self.nodes.push(Node { points: first..first + indices.len(), least, right: None });
        let corner = self.boxes.len();
        self.boxes.resize(corner + self.columns, f64::INFINITY);
        self.boxes.resize(corner + 2 * self.columns, f64::NEG_INFINITY);
        let (least, most) = self.boxes[corner..].split_at_mut(self.columns);
        for &i in &*indices {
            for ((least, most), &x) in least.iter_mut().zip(&mut *most).zip(&points[i * self.columns..]) {
                (*least, *most) = (least.min(x), most.max(x));
            }
        }
        if indices.len() <= LEAF {
            return;
        }
        // Halved, since a width may be beyond the range.
        let width = |c: &usize| 0.5 * most[*c] - 0.5 * least[*c];
        let widest = (0..self.columns).max_by(|a, b| width(a).total_cmp(&width(b))).expect("at least one column");
        let half = indices.len() / 2;
        let value = |i: &usize| points[i * self.columns + widest];
        indices.select_nth_unstable_by(half, |a, b| value(a).total_cmp(&value(b)));
        let (left, right) = indices.split_at_mut(half);
        self.build(points, left, first);
        self.nodes[node].right = Some(self.nodes.len());
        self.build(points, right, first + half);
    }

    /// Fills `found` with the nearest points to `query` other than `own`, as (squared distance, point), nearest first.
    pub(super) fn search(&self, query: &[f64], own: Option<usize>, found: &mut [(f64, usize)]) {
        found.fill((f64::INFINITY, usize::MAX));
        self.visit(0, query, own, found);
    }

    fn visit(&self, node: usize, query: &[f64], own: Option<usize>, found: &mut [(f64, usize)]) {
        let Node { ref points, right, .. } = self.nodes[node];
        if let Some(right) = right {
            let reach = |child: usize| (self.box_distance(child, query), self.nodes[child].least);
            let mut children = [node + 1, right].map(|child| (reach(child), child));
            if children[1].0 < children[0].0 {
                children.swap(0, 1);
            }
            for (nearest, child) in children {
                // At the same distance only a lower index counts: of many equal points most boxes are passed over.
                if nearest < found[found.len() - 1] {
                    self.visit(child, query, own, found);
                }
            }
            return;
        }
        let rows = self.points[points.start * self.columns..].chunks_exact(self.columns);
        for (&index, point) in self.indices[points.clone()].iter().zip(rows) {
            let squares = query.iter().zip(point).map(|(a, b)| (a - b) * (a - b));
            let candidate = (squares.fold(0.0, |sum, square| sum + square), index);
            if candidate < found[found.len() - 1] && Some(index) != own {
                let at = found.partition_point(|other| *other < candidate);
                found[at..].rotate_right(1);
                found[at] = candidate;
            }
        }
    }

    /// The squared distance to a node's box.
    fn box_distance(&self, node: usize, query: &[f64]) -> f64 {
        let (least, most) = self.boxes[2 * node * self.columns..][..2 * self.columns].split_at(self.columns);
        let squares = query.iter().zip(least.iter().zip(most)).map(|(x, (least, most))| {
            let outside = (least - x).max(x - most).max(0.0);
            outside * outside
        });
        squares.fold(0.0, |sum, square| sum + square)
    }
}
