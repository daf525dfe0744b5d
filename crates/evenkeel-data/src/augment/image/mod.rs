//! Changing images at random: turns, crops, affine and elastic distortions, noise, brightness and contrast.
//!
//! An image is a sample of shape (channels, height, width) with 1 to 4 channels, or (height, width) for one channel; all
//! channels move alike. Each augmentation is a small value; its [`output_shape`](super::Augment::output_shape) refuses
//! settings out of their range and samples that are no images, and [`apply`](super::Augment::apply) draws everything
//! random from the seed it is given.
//!
//! | what changes | random | exact, and as a function |
//! |---|---|---|
//! | the order of pixels | [`QuarterTurns::any`] | [`Flip`], [`Mirror`], [`QuarterTurns`]; [`flip`], [`mirror`], [`quarter_turns`] |
//! | the part that is seen | [`Crop`], [`RandomResizedCrop`] | [`Crop::centre`], [`Pad`], [`Resize`]; [`crop`], [`pad`], [`resize`] |
//! | where each pixel lies | [`Rotate`], [`Scale`], [`Shear`], [`Translate`], [`Affine`], [`Elastic`] | [`Warp`]; [`warp`] |
//! | the values | [`WhiteNoise`], [`Brightness`], [`Contrast`], [`Sharpness`] | [`Invert`], [`Solarize`], [`Posterize`], [`AutoContrast`] |
//! | several of these | [`RandAugment`] | |
//!
//! **Coordinates.** x counts columns to the right, y rows downwards, in pixels; a pixel's value belongs to its centre. Angles are in
//! degrees, counter-clockwise as seen. What lies outside of an image is said by a [`Border`]; the default is the constant 0.
//!
//! **Values** are expected to be finite, of any range. Those augmentations whose formula needs the range (brightness, solarize, ...)
//! take it to be 0 to 1 unless told otherwise.
//!
//! ```
//! use evenkeel_data::augment::Augment;
//! use evenkeel_data::augment::image::{Border, Rotate};
//! use evenkeel_data::{Seed, Tensor};
//!
//! let rotate = Rotate::new(15.0).border(Border::Edge);
//! let mut image = Tensor::<f32>::from_fn([1, 28, 28], |i| (i % 28) as f32 / 27.0);
//! assert_eq!(Augment::<f32>::output_shape(&rotate, image.shape())?, image.shape());
//! rotate.apply(&mut image, Seed(7));
//! # Ok::<(), evenkeel_data::DataError>(())
//! ```

mod affine;
mod border;
mod crop;
mod elastic;
mod layout;
mod map;
mod noise;
mod pad;
mod rand_augment;
mod random_resized_crop;
mod resample;
mod resize;
mod rotate;
mod scale;
mod sharpness;
mod shear;
mod solarize;
mod tone;
mod translate;
mod turn;
mod warp;

pub use affine::Affine;
pub use border::Border;
pub use crop::{Crop, crop};
pub use elastic::Elastic;
pub use map::AffineMap;
pub use noise::WhiteNoise;
pub use pad::{Pad, pad};
pub use rand_augment::{Operation, RandAugment};
pub use random_resized_crop::RandomResizedCrop;
pub use resample::Interpolation;
pub use resize::{Resize, resize};
pub use rotate::Rotate;
pub use scale::Scale;
pub use sharpness::Sharpness;
pub use shear::Shear;
pub use solarize::{AutoContrast, Invert, Posterize, Solarize};
pub use tone::{Brightness, Contrast};
pub use translate::Translate;
pub use turn::{Flip, Mirror, QuarterTurns, flip, mirror, quarter_turns};
pub use warp::{Warp, warp};
