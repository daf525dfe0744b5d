//! Images in folders.

use std::fs;
use std::path::{Path, PathBuf};

use evenkeel_tensor::Tensor;

use crate::{DataError, Dataset, FileError, Inputs};

/// Images in one folder for each class: `cats/1.png`, `cats/2.jpg`, `dogs/1.png`.
///
/// Classes are the folders, and samples their files, in the order of their names, whatever the file system's; what starts with a dot
/// is passed over, as are files that do not end in `.png`, `.jpg` or `.jpeg`. Samples have the shape (3, height, width), or with
/// [`gray`](Self::gray) (1, height, width). Bytes of 0 to 255 are scaled to 0 to 1 and stay bytes until batched. Transparency is dropped; of
/// 16 bits the upper 8 are kept.
///
/// ```
/// use evenkeel_data::ImageFolder;
///
/// let folder = tempfile::tempdir()?;
/// for (class, value) in [("dark", 20), ("light", 230)] {
///     std::fs::create_dir(folder.path().join(class))?;
///     image::GrayImage::from_pixel(4, 3, image::Luma([value])).save(folder.path().join(class).join("1.png"))?;
/// }
/// let (images, classes) = ImageFolder::new().gray().read(folder.path())?;
/// assert_eq!(classes, ["dark", "light"]);
/// assert_eq!(images.sample_shape(), [1, 3, 4].into());
/// assert_eq!(images.batch::<f64>(&[1]).inputs.get(&[0, 0, 2, 3]), 230.0 / 255.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageFolder {
    gray: bool,
}

/// The longest side that is decoded, so that a small file cannot ask for all of the memory.
const MAX_SIDE: u32 = 1 << 14;
/// Four channels of 16 bits of so many pixels, and what a decoder needs besides.
const MAX_BYTES: u64 = (MAX_SIDE as u64 * MAX_SIDE as u64) * 8 + (64 << 20);

impl ImageFolder {
    /// Images in colour.
    pub fn new() -> Self {
        Self::default()
    }

    /// Brightness (Rec. 709) instead of red, green and blue.
    pub fn gray(mut self) -> Self {
        self.gray = true;
        self
    }

    /// Reads all images, and gives the names of the classes.
    ///
    /// # Errors
    /// If a folder or file cannot be read, there are no classes, a class has no images, a file is not a sound image or has a side
    /// beyond 16 384, or one has another size than the first; each naming the file.
    pub fn read(&self, folder: impl AsRef<Path>) -> Result<(Dataset, Vec<String>), DataError> {
        let folder = folder.as_ref();
        let classes = entries(folder, |path| path.is_dir())?;
        let (mut bytes, mut labels, mut first) = (Vec::new(), Vec::new(), None);
        for (class, path) in classes.iter().enumerate() {
            let files = entries(path, is_image)?;
            if files.is_empty() {
                return Err(nothing(path, "files that end in .png, .jpg or .jpeg"));
            }
            for file in files {
                let size = self.decode(&file, &mut bytes)?;
                let (expected, of) = first.get_or_insert_with(|| (size, file.clone()));
                if size != *expected {
                    return Err(DataError::File(FileError::Format {
                        expected: format!("an image of {} x {}, as {}", expected.0, expected.1, of.display()),
                        got: format!("{} x {}", size.0, size.1),
                        path: file,
                        cure: "bring all images to one size first",
                    }));
                }
                labels.push(class as u32);
            }
        }
        let Some(((width, height), _)) = first else {
            return Err(nothing(folder, "a folder for each class"));
        };
        let shape = [labels.len(), if self.gray { 1 } else { 3 }, height as usize, width as usize];
        let names = classes.iter().map(|path| path.file_name().unwrap_or_default().to_string_lossy().into_owned());
        let inputs = Inputs::scaled(Tensor::from_vec(shape, bytes)?, 1.0 / 255.0, 0.0);
        Ok((Dataset::classification(inputs, labels, classes.len())?, names.collect()))
    }

    /// Appends an image, channel by channel, and gives its width and height.
    fn decode(&self, path: &Path, bytes: &mut Vec<u8>) -> Result<(u32, u32), DataError> {
        let failed = |source| DataError::File(FileError::Io { path: path.into(), action: "open", source });
        let mut reader =
            image::ImageReader::open(path).and_then(|reader| reader.with_guessed_format()).map_err(failed)?;
        let mut limits = image::Limits::default();
        limits.max_image_width = Some(MAX_SIDE);
        limits.max_image_height = Some(MAX_SIDE);
        limits.max_alloc = Some(MAX_BYTES);
        reader.limits(limits);
        let image = reader.decode().map_err(|error| {
            DataError::File(FileError::Format {
                path: path.into(),
                expected: format!("a sound PNG or JPEG image of at most {MAX_SIDE} x {MAX_SIDE}"),
                got: error.to_string(),
                cure: "fetch or save the file again, or remove it",
            })
        })?;
        let size = (image.width(), image.height());
        if self.gray {
            bytes.extend(image.into_luma8().into_raw());
        } else {
            let pixels = image.into_rgb8().into_raw();
            (0..3).for_each(|channel| bytes.extend(pixels.iter().skip(channel).step_by(3)));
        }
        Ok(size)
    }
}

fn is_image(path: &Path) -> bool {
    path.is_file()
        && path.extension().is_some_and(|e| ["png", "jpg", "jpeg"].iter().any(|known| e.eq_ignore_ascii_case(known)))
}

/// What is in a folder, is wanted and does not start with a dot, in the order of the names.
fn entries(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>, DataError> {
    let read = || fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>();
    let mut paths =
        read().map_err(|source| DataError::File(FileError::Io { path: folder.into(), action: "read", source }))?;
    let hidden = |path: &PathBuf| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    paths.retain(|path| !hidden(path) && wanted(path));
    paths.sort();
    Ok(paths)
}

fn nothing(folder: &Path, expected: &str) -> DataError {
    DataError::File(FileError::Format {
        path: folder.into(),
        expected: expected.into(),
        got: "none".into(),
        cure: "check that this is the right folder",
    })
}
