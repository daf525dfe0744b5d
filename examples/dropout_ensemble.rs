//! Dropout as an ensemble: how near its evaluation rule comes to the mean over all masks, which is computed exactly for small
//! networks; and dropout against none where labels are few.
//!
//! After Goodfellow, Bengio & Courville, *Deep Learning*, 2016, section 7.12, and Srivastava et al., *Dropout*, JMLR 15, 2014,
//! sections 7.4 and 7.5.
//!
//! `cargo run --release --example dropout_ensemble` on the embedded 8 x 8 digits; `-- --data DIR` on MNIST.

#[path = "dropout_ensemble/approximation.rs"]
mod approximation;
#[path = "dropout_ensemble/few_labels.rs"]
mod few_labels;
#[path = "dropout_ensemble/figures.rs"]
mod figures;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use approximation::{Errors, Exact, Space, errors, geometric_mean, network, pass, scaled_in_evaluation};
use clap::Parser;
use evenkeel::data::{Mnist, Order};
use evenkeel::module::Mode;
use evenkeel::nn::Tanh;
use evenkeel::prelude::*;
use evenkeel::train::evaluate;
use evenkeel_examples::{Failure, at_least_one, create_folder, distinct, run, seeds, side_by_side};
use few_labels::{Run, Settings};
use serde_json::{Value, json};

#[derive(Parser)]
#[command(
    about = "Dropout's evaluation rule against the exact mean over masks, and dropout against none on few labels"
)]
struct Arguments {
    /// Folder of MNIST's four IDX files; the embedded 8 x 8 digits, half of them held out, without it
    #[arg(long)]
    data: Option<PathBuf>,
    /// Hidden units of the small networks, shared out equally among their layers; they have 2^units masks
    #[arg(long, default_value_t = 12, value_parser = at_least_one::<usize>())]
    units: usize,
    /// Hidden layers of the small networks, each with dropout
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 3], value_parser = at_least_one::<usize>())]
    depths: Vec<usize>,
    /// Probability of dropping in the small networks
    #[arg(long, default_value_t = 0.2)]
    drop: f64,
    /// Passes of Monte Carlo: powers of 2 up to this
    #[arg(long, default_value_t = 1024, value_parser = at_least_one::<usize>())]
    passes: usize,
    /// Labelled examples of each class
    #[arg(long, value_delimiter = ',', default_values_t = [10, 50], value_parser = at_least_one::<usize>())]
    labels: Vec<usize>,
    /// Probabilities of dropping where labels are few; 0 is no dropout
    #[arg(long, value_delimiter = ',', default_values_t = [0.0, 0.2, 0.5, 0.8])]
    drops: Vec<f64>,
    /// Units of each of the two hidden layers where labels are few
    #[arg(long, default_value_t = 256, value_parser = at_least_one::<usize>())]
    width: usize,
    /// Steps of each training where labels are few
    #[arg(long, default_value_t = 1000, value_parser = at_least_one::<u64>())]
    steps: u64,
    /// Learning rate of Adam where labels are few
    #[arg(long, default_value_t = 0.001)]
    learning_rate: f64,
    /// Number of seeds; each draws its own data and trains every network
    #[arg(long, default_value_t = 10, value_parser = at_least_one::<u64>())]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Folder for the figures and the report
    #[arg(long, default_value = "dropout_ensemble")]
    out: PathBuf,
    /// Print one JSON object as the last line
    #[arg(long)]
    json: bool,
}

/// Held-out examples whose outputs are averaged over masks.
const SHOWN: usize = 50;
/// Draws of Monte Carlo for each number of passes.
const REPEATS: u64 = 2;
const BATCH: usize = 50;

/// A small network, and how near the mean over its masks is approximated.
struct Small {
    units: usize,
    depth: usize,
    seed: u64,
    test_accuracy: f64,
    outputs: Errors,
    probabilities: Errors,
    /// Of the rule's probabilities against the normalised geometric mean.
    geometric: f64,
    /// Between the outputs of the two forms of dropout: of the exact means, or of evaluation, whichever is larger.
    forms: f64,
}

impl Small {
    /// Trains a network of `depth` hidden layers, then compares.
    fn measure(
        (pool, test): (&Dataset, &Dataset),
        arguments: &Arguments,
        depth: usize,
        seed: u64,
    ) -> Result<Self, Failure> {
        let classes = pool.classes().ok_or("the targets are not classes")?;
        let hidden = vec![arguments.units / depth; depth];
        let widths = [&[pool.sample_shape().numel()], &hidden[..], &[classes]].concat();
        let mut net = network::<f64>(&widths, Tanh, arguments.drop).initialize(XavierUniform::default(), Seed(seed))?;
        Trainer::new(Adam::new(0.01)).steps(500).batch_size(BATCH).seed(Seed(seed)).evaluate_every(u64::MAX).fit(
            &mut net,
            CrossEntropy::default(),
            pool,
            test,
        )?;

        let shown = Order::shuffled(test.len(), Seed(seed).stream("shown"), 0);
        let x = test.batch(&shown.indices()[..SHOWN.min(test.len())]).inputs;
        let units = arguments.units;
        let exact = |space| Exact::of(&net, units, &x, space);
        let compare = |space, exact: &Exact| errors(&net, &x, exact, space, (arguments.passes, REPEATS), Seed(seed));
        let rule = |net, space| pass(net, &x, space, Mode::Evaluation, Seed(seed));
        let (mean, arithmetic) = (exact(Space::Outputs)?, exact(Space::Probabilities)?);
        let outputs = compare(Space::Outputs, &mean)?;
        let probabilities = compare(Space::Probabilities, &arithmetic)?;

        let geometric = geometric_mean(&exact(Space::LogProbabilities)?.mean, classes);
        let geometric = Exact { mean: geometric, ..arithmetic }.error(rule(&net, Space::Probabilities).as_slice());
        let scaled = scaled_in_evaluation(&net);
        let forms = mean.error(&Exact::of(&scaled, units, &x, Space::Outputs)?.mean);
        let evaluated = Exact { mean: rule(&net, Space::Outputs).into_vec(), ..mean };
        let forms = forms.max(evaluated.error(rule(&scaled, Space::Outputs).as_slice()));
        let test_accuracy = evaluate(&net, &CrossEntropy::default(), test)?.accuracy.expect("the targets are classes");
        Ok(Self { units, depth, seed, test_accuracy, outputs, probabilities, geometric, forms })
    }

    fn to_json(&self, drop: f64) -> Value {
        json!({
            "units": self.units,
            "depth": self.depth,
            "drop": drop,
            "seed": self.seed,
            "test_accuracy": self.test_accuracy,
            "rule_error": self.outputs.rule,
            "rule_error_probabilities": self.probabilities.rule,
            "rule_error_geometric_mean": self.geometric,
            "forms_differ_by": self.forms,
            "monte_carlo": self.outputs.monte_carlo,
            "monte_carlo_probabilities": self.probabilities.monte_carlo,
        })
    }
}

fn main() -> ExitCode {
    run(experiment)
}

fn experiment() -> Result<(), Failure> {
    let mut arguments = Arguments::parse();
    arguments.depths = distinct(&arguments.depths);
    arguments.labels = distinct(&arguments.labels);
    arguments.drops = distinct(&arguments.drops);
    check(&arguments)?;
    create_folder(&arguments.out)?;
    let begun = Instant::now();
    let mnist = arguments.data.as_ref().map(Mnist::load).transpose()?;
    let data = |seed| data(mnist.as_ref(), seed);

    let small = side_by_side(product(&arguments.depths, &arguments), |&(&depth, seed)| {
        let (pool, test) = data(seed)?;
        Small::measure((&pool, &test), &arguments, depth, seed)
    })?;
    let settings = Settings {
        width: arguments.width,
        steps: arguments.steps,
        batch_size: BATCH,
        learning_rate: arguments.learning_rate,
    };
    let of: Vec<_> =
        arguments.labels.iter().flat_map(|&labels| arguments.drops.iter().map(move |&drop| (labels, drop))).collect();
    let runs = side_by_side(product(&of, &arguments), |&(&(labels, drop), seed)| {
        let (pool, test) = data(seed)?;
        few_labels::train((&pool, &test), settings, (labels, drop, seed))
    })?;

    let tables = [figures::approximation_table(&arguments, &small), figures::error_table(&arguments, &runs)];
    tables.iter().for_each(|table| println!("{table}"));
    println!("{} small networks and {} trainings in {:.1} s", small.len(), runs.len(), begun.elapsed().as_secs_f64());
    let report = figures::write(&arguments, &small, &runs, tables)?;
    println!("report: {}", report.display());
    if arguments.json {
        let approximation: Vec<_> = small.iter().map(|small| small.to_json(arguments.drop)).collect();
        let runs: Vec<_> = runs.iter().map(Run::to_json).collect();
        println!("{}", json!({"experiment": "dropout_ensemble", "approximation": approximation, "runs": runs}));
    }
    Ok(())
}

/// Refuses what cannot be gone through, before any training.
fn check(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { units, drop, .. } = arguments;
    if let Some(depth) = arguments.depths.iter().find(|depth| !units.is_multiple_of(**depth)) {
        return Err(
            format!("{units} units in {depth} layers of the same size; give --units a multiple of {depth}").into()
        );
    }
    if *units > 20 {
        return Err(format!("2^{units} masks; give --units at most 20").into());
    }
    if !(*drop > 0.0 && *drop < 1.0) {
        return Err(format!("--drop {drop} leaves a single mask or none; give one between 0 and 1").into());
    }
    Ok(())
}

/// Each of `settings` with each seed.
fn product<'a, S>(settings: &'a [S], arguments: &Arguments) -> Vec<(&'a S, u64)> {
    let seeds = seeds(arguments.seed, arguments.seeds);
    settings.iter().flat_map(|setting| seeds.clone().map(move |seed| (setting, seed))).collect()
}

/// To learn from, and held out.
fn data(mnist: Option<&Mnist>, seed: u64) -> Result<(Dataset, Dataset), Failure> {
    Ok(match mnist {
        Some(mnist) => (mnist.train.reshape_samples([784])?, mnist.test.reshape_samples([784])?),
        None => Digits::embedded().split_stratified(0.5, Seed(seed))?,
    })
}

#[cfg(test)]
mod tests {
    use approximation::for_each_mask;
    use evenkeel::module::Sequential;
    use evenkeel::tensor::Float;
    use evenkeel_examples::median;

    use super::*;

    const DROP: f64 = 0.4;

    fn small_net<F: Float>(hidden: &[usize]) -> Sequential<F> {
        let widths: Vec<usize> = [&[64], hidden, &[10]].concat();
        network(&widths, Tanh, DROP).initialize(XavierUniform::default(), Seed(3)).unwrap()
    }

    fn images<F: Float>(n: usize) -> Tensor<F> {
        Digits::embedded().batch(&Vec::from_iter(0..n)).inputs
    }

    /// The largest distance, in units of the largest value.
    fn distance<F: Float>(values: &Tensor<F>, exact: &[f64]) -> f64 {
        let largest = exact.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        values.as_slice().iter().zip(exact).fold(0.0, |m: f64, (a, b)| m.max((a.to_f64() - b).abs())) / largest
    }

    fn rule<F: Float>(net: &Sequential<F>, x: &Tensor<F>, space: Space) -> Tensor<F> {
        pass(net, x, space, Mode::Evaluation, Seed(0))
    }

    /// With one linear layer after the masks the outputs are linear in them, and E m / q = 1: the rule is the mean of outputs,
    /// and its softmax the normalised geometric mean (Goodfellow et al. 2016, equations 7.58 to 7.66).
    fn check_one_layer<F: Float>(within: f64) {
        let (net, x) = (small_net::<F>(&[8]), images::<F>(10));
        let exact = Exact::of(&net, 8, &x, Space::Outputs).unwrap();
        assert!(distance(&rule(&net, &x, Space::Outputs), &exact.mean) < within);
        let logarithms = Exact::of(&net, 8, &x, Space::LogProbabilities).unwrap();
        let probabilities = rule(&net, &x, Space::Probabilities);
        assert!(distance(&probabilities, &geometric_mean(&logarithms.mean, 10)) < within);
        // Not so for the mean of probabilities.
        let arithmetic = Exact::of(&net, 8, &x, Space::Probabilities).unwrap();
        assert!(distance(&probabilities, &arithmetic.mean) > 0.01);
    }

    #[test]
    fn rule_is_exact_for_one_layer() {
        check_one_layer::<f64>(1e-12);
        check_one_layer::<f32>(1e-6);
    }

    #[test]
    fn rule_is_an_approximation_for_two_layers() {
        let (net, x) = (small_net::<f64>(&[4, 4]), images(10));
        let exact = Exact::of(&net, 8, &x, Space::Outputs).unwrap();
        let error = exact.error(rule(&net, &x, Space::Outputs).as_slice());
        assert!(error > 0.02 && error < 0.5, "{error}");
    }

    /// Whatever the depth: for each mask, in evaluation, and so on average.
    #[test]
    fn both_forms_are_the_same() {
        let (net, x) = (small_net::<f64>(&[4, 4]), images(10));
        let other = scaled_in_evaluation(&net);
        assert_ne!(net.state_dict().tensors, other.state_dict().tensors);
        let values = |net: &Sequential<f64>| {
            let mut all = rule(net, &x, Space::Outputs).into_vec();
            for_each_mask(net, 8, &x, Space::Outputs, |_, values| all.extend_from_slice(values)).unwrap();
            all
        };
        let (inverted, scaled) = (values(&net), values(&other));
        assert_eq!(inverted.len(), 257 * 100);
        assert!(inverted.iter().zip(&scaled).all(|(a, b)| (a - b).abs() < 1e-12));
    }

    /// Of T passes with masks of their own, let y be the mean, m the exact one, and S = sum over rows of T |y - m|² / sum of V_r,
    /// V_r the variance of row r over masks. E S = 1. Rows are independent, and with X_r what one pass is off and
    /// F_r = E |X_r|^4, found by going through all masks,
    ///
    /// Var (T |y_r - m_r|²) = (F_r - V_r²) / T + (1 - 1 / T) 2 tr C_r² <= (F_r - V_r²) / T + 2 V_r²,
    ///
    /// since of a covariance matrix tr C² <= (tr C)². The mean of S over R draws lies within five deviations of 1.
    #[test]
    fn monte_carlo_falls_with_the_root_of_passes() {
        const DRAWS: u64 = 20;
        let (net, x) = (small_net::<f64>(&[4, 4]), images::<f64>(30));
        for space in [Space::Outputs, Space::Probabilities] {
            let exact = Exact::of(&net, 8, &x, space).unwrap();
            let rows: Vec<f64> = exact.variance.chunks(10).map(|row| row.iter().sum()).collect();
            let mut fourth = vec![0.0; rows.len()];
            for_each_mask(&net, 8, &x, space, |probability, values| {
                let off = values.iter().zip(&exact.mean).map(|(y, m)| (y - m).powi(2)).collect::<Vec<_>>();
                for (fourth, row) in fourth.iter_mut().zip(off.chunks(10)) {
                    *fourth += probability * row.iter().sum::<f64>().powi(2);
                }
            })
            .unwrap();
            let total = rows.iter().sum::<f64>();
            for (passes, error) in errors(&net, &x, &exact, space, (256, DRAWS), Seed(1)).unwrap().monte_carlo {
                let of_row = |(f, v): (&f64, &f64)| (f - v * v) / passes as f64 + 2.0 * v * v;
                let variance = fourth.iter().zip(&rows).map(of_row).sum::<f64>() / (total * total);
                let bound = 5.0 * (variance / DRAWS as f64).sqrt();
                assert!(bound < 0.6, "{bound}");
                let s = passes as f64 * error * error;
                assert!((s - 1.0).abs() < bound, "{space:?}, {passes} passes: {s}, not within {bound} of 1");
            }
        }
    }

    /// The experiment's own setting. The effect is smaller than the spread over seeds, which draw their own examples, so pairs
    /// with the same ones are compared: if dropout did nothing, 8 or more of 10 would be better with a probability of
    /// 56 / 1024 = 0.055 at most. (Fewer steps or units do not show it.)
    #[test]
    fn dropout_lowers_the_error_on_few_labels() {
        let settings = Settings { width: 256, steps: 1000, batch_size: BATCH, learning_rate: 0.001 };
        let pairs = side_by_side(0..10, |&seed| {
            let (pool, test) = data(None, seed)?;
            let train = |drop| few_labels::train((&pool, &test), settings, (10, drop, seed));
            Ok([train(0.0)?, train(0.5)?])
        })
        .unwrap();
        assert!(pairs.iter().flatten().all(|run| run.train_error < 0.01 && !run.diverged));
        let better = pairs.iter().filter(|[none, half]| half.test_error < none.test_error).count();
        assert!(better >= 8, "{better} of 10");
        let of =
            |i: usize, value: fn(&Run) -> f64| median(&pairs.iter().map(|pair| value(&pair[i])).collect::<Vec<_>>());
        assert!(of(1, |run| run.test_error) < of(0, |run| run.test_error));
        let gap = |run: &Run| run.test_error - run.train_error;
        assert!(of(1, gap) < of(0, gap));
    }

    /// The same job gives the same numbers.
    #[test]
    fn runs_repeat() {
        let settings = Settings { width: 32, steps: 20, batch_size: BATCH, learning_rate: 0.001 };
        let runs = side_by_side([(); 3], |()| {
            let (pool, test) = data(None, 1)?;
            few_labels::train((&pool, &test), settings, (5, 0.5, 1))
        })
        .unwrap();
        assert!(runs.windows(2).all(|pair| pair[0].to_json() == pair[1].to_json()));
    }

    #[test]
    fn what_has_no_masks_is_refused() {
        let refused = |options: &[&str]| {
            check(&Arguments::parse_from([&["dropout_ensemble"], options].concat())).unwrap_err().to_string()
        };
        assert!(refused(&["--drop", "0"]).contains("single mask"));
        assert!(refused(&["--drop", "nan"]).contains("single mask"));
        assert!(refused(&["--units", "24"]).contains("at most 20"));
        assert!(refused(&["--units", "8"]).contains("a multiple of 3"));
    }
}
