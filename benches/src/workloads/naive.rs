//! The multilayer perceptron's loss, in loops: what the fast one is held against.

/// As [`Mlp`](super::mlp::Mlp), without its parameters.
pub(super) struct Network<'a> {
    pub(super) x: &'a [f64],
    pub(super) labels: &'a [u32],
    pub(super) sizes: &'a [usize],
    pub(super) norm: bool,
    pub(super) activation: fn(f64) -> f64,
}

impl Network<'_> {
    /// The mean cross-entropy, for the parameters in the network's order: weight (out, in), bias, and of a
    /// normalisation scale and shift.
    pub(super) fn loss(&self, parameters: &[Vec<f64>]) -> f64 {
        let mut parameters = parameters.iter();
        let mut next = || parameters.next().expect("a parameter for each part").as_slice();
        let mut h = self.x.to_vec();
        for (i, pair) in self.sizes.windows(2).enumerate() {
            h = linear(&h, pair[0], next(), next());
            if i + 2 == self.sizes.len() {
                break;
            }
            if self.norm {
                batch_norm(&mut h, next(), next());
            }
            h.iter_mut().for_each(|h| *h = (self.activation)(*h));
        }
        cross_entropy(&h, self.labels)
    }
}

/// The mean over the rows of `logits`, one for each label.
pub(super) fn cross_entropy(logits: &[f64], labels: &[u32]) -> f64 {
    let rows = logits.chunks_exact(logits.len() / labels.len()).zip(labels);
    rows.map(|(row, &label)| row.iter().map(|x| x.exp()).sum::<f64>().ln() - row[label as usize]).sum::<f64>()
        / labels.len() as f64
}

pub(super) fn linear(x: &[f64], features: usize, weight: &[f64], bias: &[f64]) -> Vec<f64> {
    let rows = x.chunks_exact(features);
    rows.flat_map(|x| {
        let weights = weight.chunks_exact(features);
        weights.zip(bias).map(move |(w, b)| w.iter().zip(x).map(|(w, x)| w * x).sum::<f64>() + b)
    })
    .collect()
}

fn batch_norm(x: &mut [f64], gamma: &[f64], beta: &[f64]) {
    let channels = gamma.len();
    let n = (x.len() / channels) as f64;
    for c in 0..channels {
        let column = || x.iter().skip(c).step_by(channels);
        let mean = column().sum::<f64>() / n;
        let variance = column().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        let scale = gamma[c] / (variance + 1e-5).sqrt();
        x.iter_mut().skip(c).step_by(channels).for_each(|x| *x = (*x - mean) * scale + beta[c]);
    }
}
