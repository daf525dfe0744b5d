//! The fuzz targets' corpora, and seeded mutations of them, without a fuzzer: no reader panics.

#[path = "../../../fuzz/readers.rs"]
mod readers;

use std::fs;
use std::path::Path;

use evenkeel_data::Seed;
use rand::RngExt;

/// Runs each file of a corpus as it is, and so many mutations of it.
fn run(name: &str, mutations: usize, read: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name);
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "no files in {}", folder.display());
    for (file, path) in paths.iter().enumerate() {
        let bytes = fs::read(path).unwrap();
        read(&bytes);
        let mut rng = Seed(7).stream(name).at(file as u64).rng();
        for _ in 0..mutations {
            let mut mutated = bytes.clone();
            for _ in 0..rng.random_range(1..6) {
                mutate(&mut mutated, &mut rng);
            }
            read(&mutated);
        }
    }
}

/// Changes, removes, inserts or repeats something.
fn mutate(bytes: &mut Vec<u8>, rng: &mut impl rand::Rng) {
    const SPECIAL: &[u8] = b"\",;\r\n\0\xff-e.9N?(){}'\x01\x7f\x80";
    let at = rng.random_range(0..=bytes.len());
    let end = (at + rng.random_range(0..8)).min(bytes.len());
    match rng.random_range(0..5) {
        0 if at < bytes.len() => bytes[at] ^= 1 << rng.random_range(0..8),
        1 if at < bytes.len() => bytes[at] = SPECIAL[rng.random_range(0..SPECIAL.len())],
        2 => drop(bytes.drain(at..end)),
        3 => bytes.insert(at, SPECIAL[rng.random_range(0..SPECIAL.len())]),
        _ => {
            let part = bytes[at..end].to_vec();
            let to = rng.random_range(0..=bytes.len());
            bytes.splice(to..to, part);
        }
    }
}

#[test]
fn csv() {
    run("csv", 500, readers::csv);
}

#[cfg(feature = "npy")]
#[test]
fn npy() {
    run("npy", 1000, readers::npy);
}

#[test]
fn idx() {
    run("idx", 1000, readers::idx);
}
