//! What the optimiser keeps for one parameter, and the walk over both.

use evenkeel_module::{Identity, Parameter, Step};
use evenkeel_tensor::kernel::BLOCK;
use evenkeel_tensor::{Float, Shape, Tensor, parallel};

use crate::decay;
use crate::gradient::Clip;
use crate::group::Settings;
use crate::{Rule, StepInfo};

/// Values per call of a rule: small enough that what decayed and a clipped gradient are still in the first-level cache
/// when the rule reads them, large enough that the cost of a call is lost in the work.
const TILE: usize = 1024;
const _: () = assert!(BLOCK.is_multiple_of(TILE), "a block is whole tiles");

pub(crate) struct Slot<F: Float> {
    pub(crate) path: String,
    pub(crate) id: Identity,
    pub(crate) shape: Shape,
    pub(crate) settings: Settings,
    /// How often the parameter has been updated.
    pub(crate) updates: u64,
    pub(crate) memory: Option<Memory<F>>,
}

/// What is remembered between the steps of one parameter.
pub(crate) struct Memory<F: Float> {
    /// The rule's arrays, tile by tile: tile 0 of the first, of the second, ..., tile 1 of the first, ... So a
    /// step walks through w, g and one more stretch of memory, however many arrays there are.
    tiles: Vec<F>,
    arrays: usize,
    shape: Shape,
}

impl<F: Float> Slot<F> {
    /// Updates `parameter` if it has a gradient; says whether.
    pub(crate) fn update(
        &mut self,
        rule: &dyn Rule<F>,
        learning_rate: f64,
        multiplier: f64,
        clip: Clip<F>,
        parameter: &mut Parameter<F>,
        step: &Step<'_, F>,
    ) -> bool {
        if parameter.is_frozen() {
            return false;
        }
        let shape = parameter.shape();
        let updated = step.update(parameter, |w, g| {
            self.updates += 1;
            let at = StepInfo {
                learning_rate: learning_rate * self.settings.learning_rate_factor,
                weight_decay: self.settings.weight_decay,
                update: self.updates,
            };
            let memory = self.memory.get_or_insert_with(|| Memory::new(rule.state_names().len(), shape));
            let shrinkage = decay::share(multiplier, self.settings.decay);
            memory.walk(rule, &at, clip, shrinkage, w, g);
        });
        updated.is_some()
    }
}

impl<F: Float> Memory<F> {
    pub(crate) fn new(arrays: usize, shape: Shape) -> Self {
        Self { tiles: vec![F::ZERO; arrays * shape.numel()], arrays, shape }
    }

    fn walk(&mut self, rule: &dyn Rule<F>, at: &StepInfo, clip: Clip<F>, shrinkage: F, w: &mut [F], g: &[F]) {
        let arrays = self.arrays;
        let block = |i: usize, w: &mut [F], mut state: &mut [F]| {
            let g = &g[i * BLOCK..][..w.len()];
            let mut clipped = [F::ZERO; TILE];
            for (w, g) in w.chunks_mut(TILE).zip(g.chunks(TILE)) {
                let (tile, rest) = state.split_at_mut(arrays * w.len());
                state = rest;
                if shrinkage != F::ZERO {
                    decay::shrink(w, shrinkage);
                }
                if clip.is_identity() {
                    rule.update(at, w, g, tile);
                } else {
                    let clipped = &mut clipped[..g.len()];
                    clip.apply(g, clipped);
                    rule.update(at, w, clipped, tile);
                }
            }
        };
        if arrays == 0 {
            parallel::chunks_mut(w, BLOCK, |i, w| block(i, w, &mut []));
        } else {
            parallel::chunks_mut2(w, BLOCK, &mut self.tiles, arrays * BLOCK, block);
        }
    }

    /// Array number `k`, in the parameter's order.
    pub(crate) fn array(&self, k: usize) -> Tensor<F> {
        let mut values = Vec::with_capacity(self.shape.numel());
        for tile in self.tiles.chunks(self.arrays * TILE) {
            let len = tile.len() / self.arrays;
            values.extend_from_slice(&tile[k * len..][..len]);
        }
        Tensor::from_vec(self.shape, values).expect("as many values as the parameter has")
    }

    /// Sets array number `k`, given in the parameter's order.
    pub(crate) fn set_array(&mut self, k: usize, values: &[F]) {
        for (tile, values) in self.tiles.chunks_mut(self.arrays * TILE).zip(values.chunks(TILE)) {
            tile[k * values.len()..][..values.len()].copy_from_slice(values);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_come_out_as_they_went_in() {
        for n in [0, 1, TILE - 1, TILE, TILE + 1, 3 * TILE + 7] {
            let mut memory = Memory::<f32>::new(3, Shape::from([n]));
            let arrays: Vec<Vec<f32>> = (0..3).map(|k| (0..n).map(|i| (k * n + i) as f32).collect()).collect();
            arrays.iter().enumerate().for_each(|(k, values)| memory.set_array(k, values));
            for (k, values) in arrays.iter().enumerate() {
                assert_eq!(memory.array(k).as_slice(), values);
            }
        }
    }

    /// A rule that sees which elements it was given together.
    #[derive(Debug)]
    struct Sums;

    impl Rule<f64> for Sums {
        fn learning_rate(&self) -> f64 {
            1.0
        }
        fn state_names(&self) -> &'static [&'static str] {
            &["a", "b"]
        }
        fn update(&self, _: &StepInfo, w: &mut [f64], g: &[f64], state: &mut [f64]) {
            crate::each(w, g, state, |w, g, [a, b]| (w + g, [a + w, b + g]));
        }
    }

    #[test]
    fn every_element_meets_its_own_gradient_and_memory() {
        let n = 2 * BLOCK + TILE + 11;
        let at = StepInfo { learning_rate: 1.0, weight_decay: 0.0, update: 1 };
        for clip in [Clip { scale: 1.0, limit: f64::INFINITY }, Clip { scale: 2.0, limit: 1e9 }] {
            let mut memory = Memory::new(2, Shape::from([n]));
            let mut w: Vec<f64> = (0..n).map(|i| i as f64).collect();
            let g: Vec<f64> = (0..n).map(|i| (2 * i) as f64).collect();
            memory.walk(&Sums, &at, clip, 0.0, &mut w, &g);
            let (a, b) = (memory.array(0), memory.array(1));
            for i in 0..n {
                let (was, g) = (i as f64, clip.scale * g[i]);
                assert_eq!((w[i], a.as_slice()[i], b.as_slice()[i]), (was + g, was, g));
            }
        }
    }
}
