//! Sounds: noise, shifts, gain and clipping of waveforms; masks and time warping of spectrograms.
//!
//! A waveform has shape `[samples]` or `[channels, samples]`, and one draw is for all its channels. A spectrogram has shape
//! `[frequencies, frames]` or `[channels, frequencies, frames]`. All keep the shape.
//!
//! ```
//! use evenkeel_data::augment::Augment;
//! use evenkeel_data::augment::audio::{Clip, Gain, Noise, Shift};
//! use evenkeel_data::{Seed, Tensor};
//!
//! let mut tone = Tensor::<f32>::from_fn([8000], |i| (0.3 * i as f32).sin());
//! let augment = Shift::share(-0.1..=0.1)
//!     .then(Gain::db(-6.0..=6.0))
//!     .then(Noise::snr_db(10.0..=30.0).with_probability(0.5))
//!     .then(Clip::new(1.0));
//! assert_eq!(augment.output_shape(tone.shape())?, [8000].into());
//! augment.apply(&mut tone, Seed(7));
//! assert!(tone.as_slice().iter().all(|x| x.abs() <= 1.0));
//! # Ok::<(), evenkeel_data::DataError>(())
//! ```

mod gain;
mod noise;
mod shift;
mod spec_augment;

pub use gain::{Clip, Gain};
pub use noise::Noise;
pub use shift::Shift;
pub use spec_augment::SpecAugment;

use evenkeel_tensor::{Shape, ShapeError};

use crate::DataError;

/// The number of samples of each channel of a waveform.
fn samples(operation: &'static str, sample: &Shape) -> Result<usize, DataError> {
    match **sample {
        [samples] if samples > 0 => Ok(samples),
        [channels, samples] if channels * samples > 0 => Ok(samples),
        _ => Err(DataError::Shape(ShapeError::new(
            operation,
            "waveforms of shape [samples] or [channels, samples], none of them 0",
            sample.to_string(),
            "give the samples their shape with `reshape_samples`",
        ))),
    }
}
