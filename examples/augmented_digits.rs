//! Twenty images of each digit, and what each augmentation does for the accuracy on images that were held out; those that break
//! labels too.
//!
//! `cargo run --release --example augmented_digits` on the embedded 8 x 8 digits; `-- --data DIR` on MNIST.

#[path = "augmented_digits/augmentations.rs"]
mod augmentations;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use augmentations::{Augmentation, Kind, augmentations};
use clap::Parser;
use evenkeel::data::Mnist;
use evenkeel::module::Sequential;
use evenkeel::nn::{Conv2d, Flatten, MaxPool2d};
use evenkeel::prelude::*;
use evenkeel::train::report::{Chart, ContactSheet, Panels, Picture, Report, Table};
use evenkeel_examples::{
    Failure, accuracy, at_least_one, create_folder, has_diverged, median, per_class, percent, run, seeds, side_by_side,
};
use serde_json::{Value, json};

#[derive(Parser)]
#[command(about = "Few images of each digit, and the accuracy with each augmentation")]
struct Arguments {
    /// Folder of MNIST's four IDX files; the embedded 8 x 8 digits without it
    #[arg(long)]
    data: Option<PathBuf>,
    /// Training images of each digit
    #[arg(long, default_value_t = 20, value_parser = at_least_one::<usize>())]
    images_per_class: usize,
    /// These augmentations alone, by their names, separated by commas; the training without any is always there
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Steps of each training
    #[arg(long, default_value_t = 600, value_parser = at_least_one::<u64>())]
    steps: u64,
    /// Images in a step
    #[arg(long, default_value_t = 50, value_parser = at_least_one::<usize>())]
    batch_size: usize,
    /// Learning rate of Adam
    #[arg(long, default_value_t = 0.002)]
    learning_rate: f64,
    /// Number of seeds; each draws its own training images
    #[arg(long, default_value_t = 5, value_parser = at_least_one::<u64>())]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Folder for the figures and the report
    #[arg(long, default_value = "augmented_digits")]
    out: PathBuf,
    /// Print one JSON object as the last line
    #[arg(long)]
    json: bool,
}

/// Channels of the two convolutions.
const CHANNELS: [usize; 2] = [16, 32];
/// Pictures of an augmentation on the contact sheet.
const DRAWS: u64 = 8;
/// The digit on the contact sheet: its mirror image is no digit.
const SHOWN: u32 = 2;

/// One training.
struct Run {
    augmentation: &'static str,
    seed: u64,
    test_accuracy: f64,
    /// Whether it broke off; the accuracy is that of the network as it was then.
    diverged: bool,
}

impl Run {
    fn to_json(&self) -> Value {
        json!({
            "augmentation": self.augmentation,
            "seed": self.seed,
            "test_accuracy": self.test_accuracy,
            "diverged": self.diverged,
        })
    }
}

/// The images, of shape (1, side, side).
struct Images {
    side: usize,
    /// Those to draw from.
    pool: Dataset,
    /// Those held out; `None` if they are drawn from the pool too.
    test: Option<Dataset>,
}

impl Images {
    fn load(folder: Option<&PathBuf>) -> Result<Self, Failure> {
        Ok(match folder {
            Some(folder) => {
                let Mnist { train, test } = Mnist::load(folder)?;
                let test = Some(test.reshape_samples([1, 28, 28])?);
                Self { side: 28, pool: train.reshape_samples([1, 28, 28])?, test }
            }
            None => Self { side: 8, pool: Digits::embedded().reshape_samples([1, 8, 8])?, test: None },
        })
    }

    /// So many training images of each class, drawn by the seed, and the test images: MNIST's own, or a half of the digits that
    /// the training images do not come from.
    fn draw(&self, images_per_class: usize, seed: Seed) -> Result<(Dataset, Dataset), Failure> {
        let (pool, test) = match &self.test {
            Some(test) => (self.pool.clone(), test.clone()),
            None => self.pool.split_stratified(0.5, seed)?,
        };
        Ok((per_class(&pool, images_per_class, seed)?, test))
    }
}

fn main() -> ExitCode {
    run(experiment)
}

fn experiment() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let images = Images::load(arguments.data.as_ref())?;
    let chosen = choose(augmentations(images.side), &arguments.only)?;
    create_folder(&arguments.out)?;
    let sheet = contact_sheet(&images, &chosen, &arguments)?;
    let begun = Instant::now();
    let runs = train_all(&images, &chosen, &arguments)?;
    let seconds = begun.elapsed().as_secs_f64();

    let table = table(&runs, &chosen);
    println!("{table}\n{} trainings in {seconds:.1} s", runs.len());
    match runs.iter().filter(|run| run.diverged).count() {
        0 => {}
        diverged => println!("{diverged} of them diverged"),
    }
    let report = write_report(&arguments, &runs, &chosen, sheet, table)?;
    println!("\nreport: {}", report.display());
    if arguments.json {
        let runs: Vec<_> = runs.iter().map(Run::to_json).collect();
        let images = arguments.images_per_class;
        println!("{}", json!({"experiment": "augmented_digits", "images_per_class": images, "runs": runs}));
    }
    Ok(())
}

/// The first, which is none, and those of these names; all of them where there are no names.
fn choose(all: Vec<Augmentation>, only: &[String]) -> Result<Vec<Augmentation>, Failure> {
    if let Some(unknown) = only.iter().find(|name| all.iter().all(|augmentation| augmentation.name != **name)) {
        let names: Vec<_> = all.iter().map(|augmentation| augmentation.name).collect();
        return Err(format!("--only: there is no {unknown:?}; choose from {}", names.join(", ")).into());
    }
    let is_chosen = |augmentation: &Augmentation| {
        only.is_empty() || augmentation.is_none() || only.iter().any(|name| augmentation.name == *name)
    };
    Ok(all.into_iter().filter(is_chosen).collect())
}

/// Every augmentation with every seed; of a seed all have the same images and the same start.
fn train_all(images: &Images, chosen: &[Augmentation], arguments: &Arguments) -> Result<Vec<Run>, Failure> {
    let seeds = seeds(arguments.seed, arguments.seeds);
    let jobs = chosen.iter().flat_map(|augmentation| seeds.clone().map(move |seed| (augmentation, seed)));
    side_by_side(jobs, |&(augmentation, seed)| train(images, augmentation, seed, arguments))
}

fn train(images: &Images, augmentation: &Augmentation, seed: u64, arguments: &Arguments) -> Result<Run, Failure> {
    let (train, test) = images.draw(arguments.images_per_class, Seed(seed))?;
    let mut net = network(images.side).initialize(HeNormal::default(), Seed(seed))?;
    let trainer = Trainer::new(Adam::new(arguments.learning_rate))
        .steps(arguments.steps)
        .batch_size(arguments.batch_size)
        .seed(Seed(seed))
        // At the end alone.
        .evaluate_every(u64::MAX);
    let outcome = augmentation.train_with(trainer).fit(&mut net, CrossEntropy::default(), &train, &test);
    let diverged = has_diverged(outcome)?;
    Ok(Run { augmentation: augmentation.name, seed, test_accuracy: accuracy(&net, &test)?, diverged })
}

/// For square images of `side` pixels.
fn network(side: usize) -> Sequential {
    let block = |net: Sequential, inputs, outputs| {
        net.with(Conv2d::new(inputs, outputs, 3).with_padding(1)).with(Relu).with(MaxPool2d::new(2))
    };
    let net = block(block(Sequential::default(), 1, CHANNELS[0]), CHANNELS[0], CHANNELS[1]);
    net.with(Flatten).with(Linear::new(CHANNELS[1] * (side / 4).pow(2), 10))
}

/// The accuracies with an augmentation, by seed.
fn accuracies(runs: &[Run], augmentation: &Augmentation) -> Vec<f64> {
    runs.iter().filter(|run| run.augmentation == augmentation.name).map(|run| run.test_accuracy).collect()
}

fn table(runs: &[Run], chosen: &[Augmentation]) -> Table {
    let none = accuracies(runs, &chosen[0]);
    let rows = chosen.iter().map(|augmentation| {
        let of = accuracies(runs, augmentation);
        let gains: Vec<f64> = of.iter().zip(&none).map(|(with, without)| with - without).collect();
        let better = gains.iter().filter(|gain| **gain > 0.0).count();
        [
            augmentation.name.to_owned(),
            percent(median(&of)),
            percent(of.iter().copied().fold(f64::INFINITY, f64::min)),
            percent(of.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
            if augmentation.is_none() { String::new() } else { format!("{:+.2}", 100.0 * median(&gains)) },
            if augmentation.is_none() { String::new() } else { format!("{better} of {}", gains.len()) },
        ]
    });
    Table::new(["augmentation", "median test accuracy", "lowest", "highest", "gain", "better"], rows).caption(
        "Gain: the median over seeds of the difference to no augmentation with the same images and start, in points; \
         better: seeds where it is above 0.",
    )
}

/// A row for each augmentation: an image as it is, and as a training sees it in so many epochs.
fn contact_sheet(images: &Images, chosen: &[Augmentation], arguments: &Arguments) -> Result<ContactSheet, Failure> {
    let seed = Seed(arguments.seed);
    // One image of each class, so that mixtures have something to mix.
    let (train, _) = images.draw(arguments.images_per_class, seed)?;
    let first = |class: u32| (0..train.len()).find(|&i| train.label(i) == Some(class)).expect("there are some of each");
    let one_of_each = train.subset(&(0..10).map(first).collect::<Vec<_>>())?;
    let side = images.side;
    let shown = |inputs: &Tensor| {
        let pixels = &inputs.as_slice()[SHOWN as usize * side * side..][..side * side];
        Picture::new(side, pixels.iter().copied())
    };
    let original = shown(&one_of_each.batch(&Vec::from_iter(0..10)).inputs);
    let sheet = ContactSheet::new("What each augmentation does to an image")
        .caption(format!("Left the image as it is, then {DRAWS} draws."))
        .columns(["original", "as a training sees it"]);
    chosen.iter().filter(|augmentation| !augmentation.is_none()).try_fold(sheet, |sheet, augmentation| {
        let batches = augmentation.change(one_of_each.batches(10), seed)?;
        let draws = (0..DRAWS).filter_map(|epoch| batches.epoch(epoch).next()).map(|batch| shown(&batch.inputs));
        Ok(sheet.row(augmentation.name, [original.clone()].into_iter().chain(draws)))
    })
}

/// The accuracy of every training, a panel for each kind of augmentation.
fn chart(arguments: &Arguments, runs: &[Run], chosen: &[Augmentation]) -> Panels {
    let (low, high) =
        runs.iter().map(|run| run.test_accuracy).fold((1f64, 0f64), |(low, high), a| (low.min(a), high.max(a)));
    let margin = 0.05 * (high - low).max(0.01);
    let without = median(&accuracies(runs, &chosen[0]));
    let panel = |kind: Kind| {
        let of = || chosen.iter().filter(move |augmentation| augmentation.kind.is_none_or(|of| of == kind));
        let chart = Chart::new(kind.name())
            .y_label("test accuracy")
            .y_range(low - margin, high + margin)
            .categories(of().map(|augmentation| augmentation.name))
            .reference_line("median without augmentation", without);
        of().enumerate().fold(chart, |chart, (i, augmentation)| {
            // Beside each other in the order of seeds, so that equal accuracies are all seen.
            let place = |k: usize| i as f64 + 0.5 * (k as f64 + 0.5) / arguments.seeds as f64 - 0.25;
            let accuracies = accuracies(runs, augmentation);
            chart.bold_points("", accuracies.iter().enumerate().map(|(k, &accuracy)| (place(k), accuracy)))
        })
    };
    let kinds = Kind::ALL.into_iter().filter(|kind| chosen.iter().any(|augmentation| augmentation.kind == Some(*kind)));
    Panels::new("Test accuracy of every training", kinds.map(panel)).caption("A dot is a seed.").columns(1)
}

/// The figures, in a page and as SVG files.
fn write_report(
    arguments: &Arguments,
    runs: &[Run],
    chosen: &[Augmentation],
    sheet: ContactSheet,
    table: Table,
) -> Result<PathBuf, Failure> {
    let accuracies = chart(arguments, runs, chosen);
    accuracies.write_svg(arguments.out.join("augmented_digits_accuracy.svg"))?;
    sheet.write_svg(arguments.out.join("augmented_digits_sheet.svg"))?;
    let path = arguments.out.join("augmented_digits.html");
    Report::new("Few digits, augmented")
        .paragraph(format!(
            "{} images of each digit. Two 3 x 3 convolutions ({} and {} channels), each followed by ReLU and max-pooling over \
             2 x 2; a linear layer. He's start, Adam with learning rate {}, {} steps of {} images, whatever the augmentation.",
            arguments.images_per_class,
            CHANNELS[0],
            CHANNELS[1],
            arguments.learning_rate,
            arguments.steps,
            arguments.batch_size
        ))
        .table(table)
        .panels(accuracies)
        .sheet(sheet)
        .write(&path)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(more: &[&str]) -> Arguments {
        Arguments::parse_from(["augmented_digits"].iter().chain(more))
    }

    /// The changes that keep the label need more steps to pay; see the page.
    #[test]
    fn quarter_turns_hurt() {
        let arguments = arguments(&["--steps", "200", "--seeds", "2"]);
        let images = Images::load(None).unwrap();
        let chosen = choose(augmentations(8), &["turns".to_owned()]).unwrap();
        let runs = train_all(&images, &chosen, &arguments).unwrap();
        let [none, turns] = [0, 1].map(|i| (chosen[i].name, median(&accuracies(&runs, &chosen[i]))));
        assert_eq!([none.0, turns.0], ["none", "turns"]);
        assert!(none.1 > turns.1 + 0.03 && none.1 > 0.9, "{none:?}, {turns:?}");

        let again = train(&images, &chosen[1], runs[2].seed, &arguments).unwrap();
        assert_eq!(again.test_accuracy.to_bits(), runs[2].test_accuracy.to_bits());
    }

    #[test]
    fn training_and_test_images_are_apart() {
        let images = Images::load(None).unwrap();
        let (train, test) = images.draw(20, Seed(3)).unwrap();
        assert_eq!(train.class_counts().unwrap(), [20; 10]);
        let pixels = |data: &Dataset, i: usize| data.batch::<f32>(&[i]).inputs.as_slice().to_vec();
        let tests: Vec<_> = (0..test.len()).map(|i| pixels(&test, i)).collect();
        assert!((0..train.len()).all(|i| !tests.contains(&pixels(&train, i))));
    }

    #[test]
    fn every_augmentation_is_on_the_contact_sheet() {
        let images = Images::load(None).unwrap();
        let all = augmentations(8);
        let svg = contact_sheet(&images, &all, &arguments(&[])).unwrap().to_svg();
        assert!(!svg.contains(">none<"));
        for augmentation in &all[1..] {
            assert!(svg.contains(&format!(">{}<", augmentation.name)), "{}", augmentation.name);
        }
        assert_eq!(svg.matches("<rect width=\"8\" height=\"8\"/>").count(), (all.len() - 1) * (1 + DRAWS as usize));
    }

    #[test]
    fn a_name_that_is_none_is_refused() {
        let error = choose(augmentations(8), &["blur".to_owned()]).err().unwrap().to_string();
        assert!(error.starts_with("--only: there is no \"blur\"; choose from none, translate, "), "{error}");
    }
}
