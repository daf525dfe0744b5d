//! Which rows are encoded by which others.

use evenkeel_tensor::Seed;

use crate::order::shuffle;

/// A fold below `k` for each row, at random: sizes differ by at most one, and of each class a fold has n / k members, rounded
/// down or up. `labels` are classes without gaps; all 0 where there are none.
pub(super) fn folds(labels: &[u32], k: usize, seed: Seed) -> Vec<usize> {
    let classes = labels.iter().max().map_or(0, |&last| last as usize + 1);
    let mut members = vec![Vec::new(); classes];
    labels.iter().enumerate().for_each(|(row, &label)| members[label as usize].push(row));
    let stream = seed.stream("folds");
    let mut folds = vec![0; labels.len()];
    let mut dealt = 0;
    for (class, members) in members.iter_mut().enumerate() {
        shuffle(members, stream.at(class as u64));
        // Dealt out like cards: so of any stretch of n each fold gets n / k.
        for &mut row in members {
            folds[row] = dealt % k;
            dealt += 1;
        }
    }
    folds
}
