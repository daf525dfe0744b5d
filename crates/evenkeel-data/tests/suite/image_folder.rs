//! Images in folders: in the order of names, of one size, and sound.

use std::fs;
use std::path::Path;

use evenkeel_data::ImageFolder;
use image::{Luma, LumaA, Rgb};

fn save(folder: &Path, name: &str, color: [u8; 3], size: (u32, u32)) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    image::RgbImage::from_pixel(size.0, size.1, Rgb(color)).save(path).unwrap();
}

#[test]
fn classes_and_files_come_in_the_order_of_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (name, color) in [("b/2.png", [3, 4, 5]), ("b/10.PNG", [6, 7, 8]), ("a/x.png", [9, 10, 11])] {
        save(folder, name, color, (3, 2));
    }
    for passed_over in ["b/notes.txt", "b/.hidden.png", ".git/x.png", "labels.csv"] {
        fs::create_dir_all(folder.join(passed_over).parent().unwrap()).unwrap();
        fs::write(folder.join(passed_over), "no image").unwrap();
    }
    let (images, classes) = ImageFolder::new().read(folder).unwrap();
    assert_eq!(classes, ["a", "b"]);
    assert_eq!((images.len(), images.sample_shape()), (3, [3, 2, 3].into()));
    assert_eq!((0..3).filter_map(|i| images.label(i)).collect::<Vec<_>>(), [0, 1, 1]);
    let batch = images.batch::<f64>(&[0, 1, 2]).inputs;
    // As strings, 10 comes before 2.
    for (image, channel, expected) in [(0, 0, 9.0), (0, 2, 11.0), (1, 1, 7.0), (2, 0, 3.0)] {
        assert_eq!(batch.get(&[image, channel, 1, 2]), expected / 255.0);
    }
    assert_eq!(ImageFolder::new().gray().read(folder).unwrap().0.sample_shape(), [1, 2, 3].into());
}

#[test]
fn other_kinds_of_images_are_converted() {
    let folder = tempfile::tempdir().unwrap();
    let class = folder.path().join("a");
    fs::create_dir(&class).unwrap();
    image::GrayAlphaImage::from_pixel(2, 2, LumaA([50, 10])).save(class.join("1.png")).unwrap();
    image::ImageBuffer::from_pixel(2, 2, Luma([0x3234u16])).save(class.join("2.png")).unwrap();
    image::RgbImage::from_pixel(2, 2, Rgb([200, 200, 200])).save(class.join("3.jpg")).unwrap();
    let (images, _) = ImageFolder::new().read(folder.path()).unwrap();
    let values = images.batch::<f64>(&[0, 1, 2]).inputs;
    for (image, expected, tolerance) in [(0, 50.0, 0.0), (1, 50.0, 0.0), (2, 200.0, 3.0)] {
        assert!((values.get(&[image, 1, 1, 1]) * 255.0 - expected).abs() <= tolerance + 1e-9, "image {image}");
    }
}

#[test]
fn what_cannot_be_used_is_named() {
    let refusal = |folder: &Path| ImageFolder::new().read(folder).unwrap_err().to_string();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert!(refusal(&folder.join("none")).contains("cannot read the file"));
    assert!(refusal(folder).contains("expected a folder for each class, got none"));
    save(folder, "a/1.png", [0; 3], (4, 4));
    save(folder, "a/2.png", [0; 3], (4, 5));
    let error = refusal(folder);
    assert!(error.contains("2.png: expected an image of 4 x 4, as ") && error.contains("got 4 x 5"), "{error}");

    fs::create_dir(folder.join("b")).unwrap();
    fs::remove_file(folder.join("a/2.png")).unwrap();
    assert!(refusal(folder).contains("expected files that end in .png, .jpg or .jpeg, got none"));

    let sound = fs::read(folder.join("a/1.png")).unwrap();
    // A header that promises 4 294 967 295 x 4: refused before memory is taken.
    let mut huge = sound.clone();
    huge[16..20].fill(0xff);
    for damaged in [&sound[..sound.len() / 2], b"", b"no image", &huge] {
        fs::write(folder.join("b/1.png"), damaged).unwrap();
        let error = refusal(folder);
        assert!(error.contains("1.png: expected a sound PNG or JPEG image"), "{error}");
    }
}

/// A PNG's header of the largest size promises 2 GiB, which are no reason to refuse it: that its data end there is.
#[test]
fn the_largest_size_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("a")).unwrap();
    for (side, part) in [(1u32 << 14, None), ((1 << 14) + 1, Some("limit"))] {
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        let header = [&b"IHDR"[..], &side.to_be_bytes(), &side.to_be_bytes(), &[16, 6, 0, 0, 0]].concat();
        for chunk in [&header[..], b"IDAT"] {
            let mut crc = flate2::Crc::new();
            crc.update(chunk);
            bytes.extend((chunk.len() as u32 - 4).to_be_bytes());
            bytes.extend(chunk);
            bytes.extend(crc.sum().to_be_bytes());
        }
        fs::write(folder.path().join("a/1.png"), bytes).unwrap();
        let refused = ImageFolder::new().read(folder.path()).unwrap_err().to_string().to_lowercase();
        assert_eq!(refused.contains("limit"), part.is_some(), "{refused}");
    }
}
