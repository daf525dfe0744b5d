//! A bag of words and a linear layer, with and without EDA, on few texts and on more.
//!
//! After Wei & Zou, *EDA: Easy Data Augmentation Techniques for Boosting Performance on Text Classification Tasks*, 2019
//! (arXiv 1901.11196), figure 1 and table 2.
//!
//! `cargo run --release --example augmented_text` on made-up reviews; `-- --wordnet DIR` on WordNet's definitions.

#[path = "augmented_text/corpus.rs"]
mod corpus;
#[path = "augmented_text/reviews.rs"]
mod reviews;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use corpus::{Corpus, Text};
use evenkeel::data::augment::text::{Eda, StopWords, Tokens, Vocabulary, operations};
use evenkeel::prelude::*;
use evenkeel::train::report::{Chart, Report, Table};
use evenkeel_examples::{
    Failure, accuracy, at_least_one, create_folder, distinct, has_diverged, median, percent, run, seeds, side_by_side,
};
use serde_json::{Value, json};

#[derive(Parser)]
#[command(about = "Accuracy of a text classifier with and without EDA, at several numbers of texts")]
struct Arguments {
    /// Folder of WordNet's files (Debian's wordnet-base: /usr/share/wordnet); made-up reviews without it
    #[arg(long)]
    wordnet: Option<PathBuf>,
    /// Of WordNet: the subjects to tell apart
    #[arg(long, value_delimiter = ',', default_value = "noun.animal,noun.artifact,noun.food,noun.person,noun.plant")]
    subjects: Vec<String>,
    /// Numbers of training texts
    #[arg(long, value_delimiter = ',', default_values_t = [25, 50, 100, 200, 400], value_parser = at_least_one::<usize>())]
    texts: Vec<usize>,
    /// Test texts
    #[arg(long, default_value_t = 1000, value_parser = at_least_one::<usize>())]
    test_texts: usize,
    /// Steps of each training, with EDA and without
    #[arg(long, default_value_t = 500, value_parser = at_least_one::<u64>())]
    steps: u64,
    /// Texts in a step
    #[arg(long, default_value_t = 32, value_parser = at_least_one::<usize>())]
    batch_size: usize,
    /// Learning rate of Adam
    #[arg(long, default_value_t = 0.01)]
    learning_rate: f64,
    /// Number of seeds; each draws its own training and test texts
    #[arg(long, default_value_t = 20, value_parser = at_least_one::<u64>())]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Folder for the figures and the report
    #[arg(long, default_value = "augmented_text")]
    out: PathBuf,
    /// Print one JSON object as the last line
    #[arg(long)]
    json: bool,
}

/// One training.
struct Run {
    texts: usize,
    eda: bool,
    seed: u64,
    test_accuracy: f64,
    /// The share of the test texts' words that no training text holds.
    unknown_words: f64,
    /// Whether it broke off; the accuracy is that of the network as it was then.
    diverged: bool,
}

impl Run {
    fn to_json(&self) -> Value {
        json!({
            "texts": self.texts,
            "eda": self.eda,
            "seed": self.seed,
            "test_accuracy": self.test_accuracy,
            "unknown_words": self.unknown_words,
            "diverged": self.diverged,
        })
    }
}

fn main() -> ExitCode {
    run(experiment)
}

fn experiment() -> Result<(), Failure> {
    let mut arguments = Arguments::parse();
    arguments.texts = distinct(&arguments.texts);
    arguments.subjects = distinct(&arguments.subjects);
    let corpus = Corpus::load(arguments.wordnet.as_deref(), &arguments.subjects)?;
    create_folder(&arguments.out)?;
    let begun = Instant::now();
    let runs = train_all(&corpus, &arguments)?;
    let seconds = begun.elapsed().as_secs_f64();

    let table = table(&runs, &arguments.texts);
    let examples = examples(&corpus, &arguments)?;
    println!("{examples}\n{table}\n{} trainings in {seconds:.1} s", runs.len());
    match runs.iter().filter(|run| run.diverged).count() {
        0 => {}
        diverged => println!("{diverged} of them diverged"),
    }
    let report = write_report(&corpus, &arguments, &runs, [examples, table])?;
    println!("\nreport: {}", report.display());
    if arguments.json {
        let runs: Vec<_> = runs.iter().map(Run::to_json).collect();
        println!("{}", json!({"experiment": "augmented_text", "corpus": corpus.name(), "runs": runs}));
    }
    Ok(())
}

/// Every number of texts with every seed, without EDA and with it.
fn train_all(corpus: &Corpus, arguments: &Arguments) -> Result<Vec<Run>, Failure> {
    let seeds = seeds(arguments.seed, arguments.seeds);
    let jobs = arguments
        .texts
        .iter()
        .flat_map(|&texts| seeds.clone().flat_map(move |seed| [false, true].map(|eda| (texts, eda, seed))));
    side_by_side(jobs, |&(texts, eda, seed)| train(corpus, arguments, texts, eda, seed))
}

/// A training. Those with the same seed have the same test texts, and their training texts are the first of the same list.
fn train(corpus: &Corpus, arguments: &Arguments, texts: usize, eda: bool, seed: u64) -> Result<Run, Failure> {
    let (train, test) = corpus.draw(texts, arguments.test_texts, Seed(seed))?;
    let train = if eda { augmented(corpus, &train, Seed(seed))? } else { train };
    let vocabulary = Vocabulary::build(train.iter().map(|(text, _)| text), 1)?;
    let (train, test_set) = (encode(&vocabulary, corpus, &train)?, encode(&vocabulary, corpus, &test)?);
    let net = sequential![Linear::new(vocabulary.len(), corpus.classes())];
    let mut net = net.initialize(XavierUniform::default(), Seed(seed))?;
    let outcome = Trainer::new(Adam::new(arguments.learning_rate))
        .steps(arguments.steps)
        .batch_size(arguments.batch_size)
        .seed(Seed(seed))
        // At the end alone.
        .evaluate_every(u64::MAX)
        .fit(&mut net, CrossEntropy::default(), &train, &test_set);
    let diverged = has_diverged(outcome)?;
    let unknown_words = unknown_words(&vocabulary, &test);
    Ok(Run { texts, eda, seed, test_accuracy: accuracy(&net, &test_set)?, unknown_words, diverged })
}

/// The texts and their variants, by the settings that the paper recommends for so many.
fn augmented(corpus: &Corpus, train: &[Text], seed: Seed) -> Result<Vec<Text>, Failure> {
    Ok(Eda::recommended(train.len()).with_original().augment_corpus(train, corpus.synonyms(), seed.stream("eda"))?)
}

/// Counts of words, with the classes.
fn encode(vocabulary: &Vocabulary, corpus: &Corpus, texts: &[Text]) -> Result<Dataset, Failure> {
    let (texts, labels): (Vec<&String>, Vec<u32>) = texts.iter().map(|(text, label)| (text, *label)).unzip();
    Ok(Dataset::classification(vocabulary.encode::<f32>(&texts)?, labels, corpus.classes())?)
}

fn unknown_words(vocabulary: &Vocabulary, texts: &[Text]) -> f64 {
    let (mut unknown, mut all) = (0, 0);
    for (text, _) in texts {
        let tokens = Tokens::new(text);
        all += tokens.len();
        unknown += tokens.words().iter().filter(|word| vocabulary.number(word).is_none()).count();
    }
    unknown as f64 / all as f64
}

/// The runs with so many texts, by seed: without EDA and with it.
fn pair(runs: &[Run], texts: usize) -> [Vec<&Run>; 2] {
    [false, true].map(|eda| runs.iter().filter(|run| (run.texts, run.eda) == (texts, eda)).collect())
}

/// What EDA adds to the accuracy, by seed.
fn gains(runs: &[Run], texts: usize) -> Vec<f64> {
    let [without, with] = pair(runs, texts);
    with.iter().zip(&without).map(|(with, without)| with.test_accuracy - without.test_accuracy).collect()
}

fn table(runs: &[Run], sizes: &[usize]) -> Table {
    let rows = sizes.iter().map(|&texts| {
        let pair = pair(runs, texts);
        let [without, with] = pair.each_ref().map(|of| of.iter().map(|run| run.test_accuracy).collect::<Vec<_>>());
        let unknown = pair.map(|of| percent(median(&of.iter().map(|run| run.unknown_words).collect::<Vec<_>>())));
        let gains = gains(runs, texts);
        let count = |is_counted: fn(f64) -> bool| gains.iter().filter(|gain| is_counted(**gain)).count();
        let (better, worse) = (count(|gain| gain > 0.0), count(|gain| gain < 0.0));
        let [of_without, of_with] = [&without, &with].map(|of| {
            let (low, high) = range(of);
            format!("{:.1} ({:.1} to {:.1})", 100.0 * median(of), 100.0 * low, 100.0 * high)
        });
        [
            texts.to_string(),
            of_without,
            of_with,
            format!("{:+.1}", 100.0 * median(&gains)),
            format!("{better} / {worse}"),
            unknown.join(" / "),
        ]
    });
    let header = ["texts", "without EDA", "with EDA", "gain", "better / worse", "unknown words"];
    Table::new(header, rows).caption(
        "Test accuracy in percent: median (lowest to highest) over seeds. Gain: the median of the differences, in \
         points. Unknown words: the share of the test texts' words that no training text holds, without EDA and with it.",
    )
}

fn range(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &value| (low.min(value), high.max(value)))
}

/// Two texts and what each operation makes of them, at the α that the paper recommends for so few: the first variant that differs.
fn examples(corpus: &Corpus, arguments: &Arguments) -> Result<Table, Failure> {
    const ALPHA: f64 = 0.05;
    let seed = Seed(arguments.seed);
    let (texts, _) = corpus.draw(corpus.classes(), 1, seed)?;
    let (synonyms, stop_words) = (corpus.synonyms(), StopWords::english());
    type Change<'a> = &'a dyn Fn(&mut Tokens<'_>, usize, Seed) -> usize;
    let operations: [(&str, Change<'_>); 4] = [
        ("synonym replacement", &|tokens, n, seed| {
            operations::replace_synonyms(tokens, n, synonyms, &stop_words, seed)
        }),
        ("random insertion", &|tokens, n, seed| operations::insert(tokens, n, synonyms, &stop_words, seed)),
        ("random swap", &|tokens, n, seed| operations::swap(tokens, n, seed)),
        ("random deletion", &|tokens, _, seed| operations::delete(tokens, ALPHA, seed).expect("a probability")),
    ];
    let mut table = Table::new(["", "text"], [[""; 2]; 0]).caption(format!(
        "What EDA makes of a text (alpha = {ALPHA}): the first variant of each kind that is another text"
    ));
    for (text, label) in texts.iter().take(2) {
        table = table.row([&format!("original ({})", corpus.class(*label)), text]);
        for (name, operation) in operations {
            let variant = (0..100).map(|i| {
                let mut tokens = Tokens::with_dictionary(text, synonyms);
                let n = ((ALPHA * tokens.len() as f64) as usize).max(1);
                operation(&mut tokens, n, seed.stream("example").at(i));
                tokens.to_string()
            });
            let variant = variant.into_iter().find(|variant| variant != text);
            table = table.row([name, variant.as_deref().unwrap_or("none: no word of it has a synonym")]);
        }
    }
    Ok(table)
}

/// The figures, in a page and as SVG files.
fn write_report(
    corpus: &Corpus,
    arguments: &Arguments,
    runs: &[Run],
    [examples, table]: [Table; 2],
) -> Result<PathBuf, Failure> {
    let chart = Chart::new(format!("Test accuracy against the number of texts: {}", corpus.name()))
        .caption("Lines: the median over seeds; areas: from the lowest to the highest.")
        .x_label("training texts")
        .y_label("test accuracy")
        .log_x();
    let chart = ["without EDA", "with EDA"].into_iter().enumerate().fold(chart, |chart, (eda, name)| {
        let of = |texts: usize| {
            let accuracies: Vec<f64> = pair(runs, texts)[eda].iter().map(|run| run.test_accuracy).collect();
            (range(&accuracies), median(&accuracies))
        };
        let points = || arguments.texts.iter().map(|&texts| (texts as f64, of(texts)));
        chart
            .band(name, points().map(|(texts, ((low, high), _))| (texts, low, high)))
            .line(name, points().map(|(texts, (_, median))| (texts, median)))
    });
    let gain = gain_chart(runs, arguments);
    chart.write_svg(arguments.out.join("augmented_text_accuracy.svg"))?;
    gain.write_svg(arguments.out.join("augmented_text_gain.svg"))?;
    let path = arguments.out.join("augmented_text.html");
    Report::new("Few texts, augmented")
        .paragraph(corpus.description())
        .paragraph(format!(
            "Counts of words and a linear layer; Adam with learning rate {}, {} steps of {} texts, with EDA and without. \
             EDA as the paper recommends for the number of texts, with the texts themselves. {} test texts.",
            arguments.learning_rate, arguments.steps, arguments.batch_size, arguments.test_texts
        ))
        .table(table)
        .chart(chart)
        .chart(gain)
        .table(examples)
        .write(&path)?;
    Ok(path)
}

/// What EDA adds to the accuracy, for every number of texts and seed.
fn gain_chart(runs: &[Run], arguments: &Arguments) -> Chart {
    let chart = Chart::new("What EDA adds to the test accuracy")
        .caption("A dot is a seed: the same texts with EDA and without.")
        .x_label("training texts")
        .y_label("difference of accuracies")
        .categories(arguments.texts.iter().map(ToString::to_string))
        .reference_line("no difference", 0.0);
    arguments.texts.iter().enumerate().fold(chart, |chart, (i, &texts)| {
        // Beside each other in the order of seeds, so that equal differences are all seen.
        let place = |k: usize| i as f64 + 0.7 * (k as f64 + 0.5) / arguments.seeds as f64 - 0.35;
        chart.bold_points("", gains(runs, texts).into_iter().enumerate().map(|(k, gain)| (place(k), gain)))
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn arguments(more: &[&str]) -> Arguments {
        Arguments::parse_from(["augmented_text"].iter().chain(more))
    }

    #[test]
    fn eda_helps_on_few_reviews_and_knows_more_words() {
        let arguments = arguments(&["--texts", "25,200", "--seeds", "9", "--steps", "200", "--test-texts", "400"]);
        let corpus = Corpus::load(None, &[]).unwrap();
        let runs = train_all(&corpus, &arguments).unwrap();
        let gain = median(&gains(&runs, 25));
        assert!(gain > 0.005, "{gain}");
        // On many there is nothing to be learnt from synonyms that the texts do not have.
        let gain = median(&gains(&runs, 200));
        assert!(gain.abs() < 0.01, "{gain}");
        let [without, with] = pair(&runs, 25);
        assert!(without.iter().zip(&with).all(|(without, with)| with.unknown_words < without.unknown_words));

        let again = train(&corpus, &arguments, 25, true, with[3].seed).unwrap();
        assert_eq!(again.test_accuracy.to_bits(), with[3].test_accuracy.to_bits());
    }

    #[test]
    fn reviews_are_what_they_are_said_to_be() {
        let texts = reviews::reviews(400, Seed(5));
        let opinions = [false, true].map(reviews::opinions);
        assert!(opinions.iter().all(|words| words.len() == 48) && opinions[0].iter().all(|w| !opinions[1].contains(w)));
        for (i, (text, label)) in texts.iter().enumerate() {
            assert_eq!(*label as usize, i % 2);
            let words = Tokens::new(text).words().iter().map(|word| word.to_lowercase()).collect::<Vec<_>>();
            let said = |of: &[&str]| words.iter().filter(|word| of.contains(&word.as_str())).count();
            let (own, other) = (said(&opinions[*label as usize]), said(&opinions[1 - *label as usize]));
            assert!(own + other == 3 && own >= 2 && !text.contains('{'), "{text}");
        }
        assert_eq!(reviews::reviews(40, Seed(5)), texts[..40]);
    }

    #[test]
    fn the_example_shows_every_operation_on_two_texts() {
        let corpus = Corpus::load(None, &[]).unwrap();
        let table = examples(&corpus, &arguments(&[])).unwrap().to_string();
        for row in ["original", "synonym replacement", "random insertion", "random swap", "random deletion"] {
            assert_eq!(table.lines().filter(|line| line.starts_with(row)).count(), 2, "{table}");
        }
    }

    #[test]
    fn eda_helps_on_few_definitions() {
        let folder = std::env::var_os("EVENKEEL_WORDNET").map_or("/usr/share/wordnet".into(), PathBuf::from);
        if !folder.join("data.noun").exists() {
            let cure = "install Debian's wordnet-base, or set EVENKEEL_WORDNET to its folder";
            writeln!(std::io::stderr(), "skipped: {} has no WordNet; {cure}", folder.display()).unwrap();
            return;
        }
        let arguments = arguments(&["--texts", "25", "--seeds", "9", "--steps", "200", "--test-texts", "400"]);
        let corpus = Corpus::load(Some(&folder), &arguments.subjects).unwrap();
        let (train, test) = corpus.draw(200, 400, Seed(1)).unwrap();
        assert!(train.iter().all(|text| !test.contains(text)));
        assert!(corpus.draw(20_000, 10, Seed(1)).unwrap_err().to_string().contains("noun.food has "));
        let gain = median(&gains(&train_all(&corpus, &arguments).unwrap(), 25));
        assert!(gain > 0.005, "{gain}");
    }

    #[test]
    fn a_corpus_needs_two_known_subjects() {
        let folder = Some(std::path::Path::new("no/such/folder"));
        let error = |subjects: &[&str]| {
            Corpus::load(folder, &subjects.iter().map(|&s| s.to_owned()).collect::<Vec<_>>()).err().unwrap().to_string()
        };
        assert!(error(&["noun.food"]).starts_with("--subjects: expected two or more"));
        assert!(error(&["food", "noun.animal"]).contains("such as noun.animal, got \"food\""));
    }
}
