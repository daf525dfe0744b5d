//! Memory: readers take no more than the data are worth, and batches are filled without any.

use std::io::Write;

use evenkeel_data::{Batch, Dataset, Digits, Seed, Tensor, idx};
use evenkeel_testing::{assert_repeats_without_allocating, cost};
use proptest::prelude::*;

proptest! {
    /// Whatever the header promises, a reader holds at most a few times the data and its fixed buffers.
    #[test]
    fn readers_take_what_the_data_are_worth(
        extents in prop::collection::vec(any::<u32>(), 1..3), len in 0usize..300_000,
    ) {
        let mut bytes = vec![0, 0, 0x0e, extents.len() as u8];
        bytes.extend(extents.iter().flat_map(|extent| extent.to_be_bytes()));
        bytes.resize(bytes.len() + len, 0);
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&bytes).unwrap();
        let zipped = encoder.finish().unwrap();
        for source in [&bytes, &zipped] {
            let peak = cost(|| idx::read_from::<f64>(&source[..], "memory")).peak;
            // Growing by doubling holds the old and the new buffer for a moment.
            prop_assert!(peak < 4 * bytes.len() as isize + 256 * 1024, "{} for {}", peak, bytes.len());
        }
    }
}

#[test]
fn batches_are_filled_without_allocating() {
    let digits = Digits::embedded();
    let regression = Dataset::regression(Tensor::<f32>::ones([100, 3]), Tensor::<f32>::ones([100, 2])).unwrap();
    for dataset in [digits.split_stratified(0.8, Seed(1)).unwrap().0, regression] {
        let mut epoch = dataset.batches::<f32>(60).shuffled(Seed(1)).epoch(0);
        let (mut batch, mut number) = (Batch::default(), 0);
        assert_repeats_without_allocating(|| {
            epoch.restart(number);
            for position in 0..epoch.per_epoch() {
                epoch.fill(position, &mut batch);
            }
            number += 1;
        });
    }
}
