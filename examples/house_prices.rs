//! Houses with areas up to 1000 and up to 10 rooms: what columns of so different ranges do to gradient descent, and what scaling does.
//!
//! `cargo run --release --example house_prices`

#[path = "house_prices/descent.rs"]
mod descent;
#[path = "house_prices/figures.rs"]
mod figures;
#[path = "house_prices/network.rs"]
mod network;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use evenkeel::data::scale::{MinMax, Standard, Whiten};
use evenkeel::data::{DataError, Fit, Transform};
use evenkeel::prelude::*;
use evenkeel::tensor::random;
use evenkeel_examples::{Failure, at_least_one, create_folder, run, seeds, side_by_side};
use rand::RngExt;
use serde_json::{Value, json};

use descent::{Descent, Problem};
use network::{OPTIMIZERS, Outcome, Training, rates};

#[derive(Parser)]
#[command(about = "Gradient descent on house prices, before and after scaling")]
struct Arguments {
    /// Houses
    #[arg(long, default_value_t = 200, value_parser = at_least_one::<usize>())]
    houses: usize,
    /// How much of the number of rooms follows from the area, from 0 to 1
    #[arg(long, default_value_t = 0.5)]
    share: f64,
    /// Standard deviation of the prices around the law, in thousands
    #[arg(long, default_value_t = 20.0)]
    noise: f64,
    /// The most steps of a descent
    #[arg(long, default_value_t = 20_000_000)]
    limit: u64,
    /// ReLUs in the network's hidden layer
    #[arg(long, default_value_t = 16, value_parser = at_least_one::<usize>())]
    hidden: usize,
    /// Steps of a network's training; 0 leaves the networks out
    #[arg(long, default_value_t = 2000)]
    steps: u64,
    /// Starts of the network
    #[arg(long, default_value_t = 5, value_parser = at_least_one::<u64>())]
    seeds: u64,
    /// The seed of the houses, and the first of the networks
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Folder for the figures and the report
    #[arg(long, default_value = "house_prices")]
    out: PathBuf,
    /// Print one JSON object as the last line
    #[arg(long)]
    json: bool,
}

/// Areas and rooms (houses, 2), and prices in thousands: 0.3 a square metre, 20 a room, and what no column tells.
fn houses(arguments: &Arguments) -> Result<(Tensor<f64>, Vec<f64>), Failure> {
    if !((0.0..=1.0).contains(&arguments.share) && (0.0..f64::INFINITY).contains(&arguments.noise)) {
        return Err("expected a share from 0 to 1 and a noise that is finite and not negative".into());
    }
    let mut rng = Seed(arguments.seed).stream("houses").rng();
    let mut features = Vec::new();
    for _ in 0..arguments.houses {
        let [size, other]: [f64; 2] = [rng.random(), rng.random()];
        let (area, rooms) =
            ((1000.0 * size).round(), (10.0 * (arguments.share * size + (1.0 - arguments.share) * other)).round());
        features.extend([area, rooms]);
    }
    let mut prices = vec![0.0; arguments.houses];
    random::normal(&mut prices, 0.0, arguments.noise, Seed(arguments.seed).stream("prices"));
    let rows = features.as_chunks().0;
    prices.iter_mut().zip(rows).for_each(|(price, [area, rooms])| *price += 0.3 * area + 20.0 * rooms);
    Ok((Tensor::from_vec([arguments.houses, 2], features)?, prices))
}

type Scaling = fn(&Tensor<f64>) -> Result<Tensor<f64>, DataError>;

/// What can be done with the columns, by name.
const SCALINGS: [(&str, Scaling); 6] = [
    ("raw", |x| Ok(x.clone())),
    ("centred only", |x| Standard::default().without_scaling().fit(x)?.transform(x)),
    ("divided only", |x| Standard::default().without_centering().fit(x)?.transform(x)),
    ("min-max", |x| MinMax::default().fit(x)?.transform(x)),
    ("z-score", |x| Standard::default().fit(x)?.transform(x)),
    ("whitened", |x| Whiten::pca().fit(x)?.transform(x)),
];

/// A descent and what was foretold of it.
struct Run {
    features: &'static str,
    method: &'static str,
    condition: f64,
    learning_rate: f64,
    momentum: f64,
    rate: f64,
    predicted: Option<u64>,
    descent: Descent,
}

impl Run {
    /// Gradient descent and the heavy ball, each with the best fixed step for this problem.
    fn both(features: &'static str, problem: &Problem, limit: u64) -> [Self; 2] {
        let rules = [("gradient descent", problem.gradient_descent()), ("heavy ball", problem.heavy_ball())];
        rules.map(|(method, rule)| Self {
            features,
            method,
            condition: problem.condition(),
            learning_rate: rule.rate,
            momentum: rule.momentum,
            rate: problem.rate(rule),
            predicted: problem.predicted(rule, limit),
            descent: problem.descend(rule, limit),
        })
    }

    /// The bound that holds wherever the descent starts.
    fn worst_case(&self) -> Option<f64> {
        (self.momentum == 0.0).then(|| Problem::worst_case(self.condition))
    }

    fn to_json(&self) -> Value {
        json!({
            "features": self.features,
            "method": self.method,
            "condition": self.condition,
            "learning_rate": self.learning_rate,
            "momentum": self.momentum,
            "steps": self.descent.steps,
            "predicted_steps": self.predicted,
            "worst_case_steps": self.worst_case(),
            "rate": self.rate,
            "measured_rate": self.descent.measured_rate(),
            "highest_excess": self.descent.excess.iter().copied().fold(0.0, f64::max),
        })
    }
}

/// Gradient descent and the heavy ball on each of the columns' scalings.
fn scalings(arguments: &Arguments) -> Result<Vec<(Problem, [Run; 2])>, Failure> {
    let (features, prices) = houses(arguments)?;
    side_by_side(SCALINGS, |(name, scale)| {
        let problem = Problem::new(&scale(&features)?, &prices)?;
        let runs = Run::both(name, &problem, arguments.limit);
        Ok((problem, runs))
    })
}

/// The same along the condition number: z-scores, of which the area's is then given in another unit.
fn units(arguments: &Arguments) -> Result<Vec<[Run; 2]>, Failure> {
    let (features, prices) = houses(arguments)?;
    let scaled = Standard::default().fit(&features)?.transform(&features)?;
    side_by_side(0..=12, |&quarter_decades| {
        let unit = 10f64.powf(0.25 * f64::from(quarter_decades));
        let mut stretched = scaled.clone();
        stretched.as_mut_slice().iter_mut().step_by(2).for_each(|area| *area *= unit);
        Ok(Run::both("z-score, area in another unit", &Problem::new(&stretched, &prices)?, arguments.limit))
    })
}

/// The best learning rate of each optimiser on each scaling that the network is tried with.
fn networks(arguments: &Arguments) -> Result<Vec<(&'static str, &'static str, Outcome)>, Failure> {
    let (features, prices) = houses(arguments)?;
    let prices = Tensor::from_vec([prices.len(), 1], prices)?;
    // In units of their own spread, so that the features alone differ.
    let targets = Standard::default().fit(&prices)?.transform(&prices)?;
    let problem = Problem::new(&features, targets.as_slice())?;
    let chosen = [SCALINGS[0], SCALINGS[3], SCALINGS[4]];
    let pairs = chosen.iter().flat_map(|&scaling| OPTIMIZERS.map(|optimizer| (scaling, optimizer)));
    side_by_side(pairs, |&((name, scale), (method, optimizer))| {
        let data = Dataset::regression(scale(&features)?, targets.clone())?;
        let outcomes = rates().map(|rate| {
            let target = 1.05 * problem.least_error().powi(2);
            let training = Training { hidden: arguments.hidden, steps: arguments.steps, optimizer, rate, target };
            training.run(&data, seeds(arguments.seed, arguments.seeds))
        });
        let best = Outcome::best(outcomes.collect::<Result<Vec<_>, _>>()?).ok_or("no learning rates")?;
        Ok((name, method, best))
    })
}

fn main() -> ExitCode {
    run(experiment)
}

fn experiment() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    create_folder(&arguments.out)?;
    let begun = Instant::now();
    let (scalings, units) = (scalings(&arguments)?, units(&arguments)?);
    let networks = if arguments.steps > 0 { networks(&arguments)? } else { Vec::new() };
    let seconds = begun.elapsed().as_secs_f64();

    let tables = [
        figures::table("Each scaling", scalings.iter().flat_map(|(_, runs)| runs)),
        figures::table("z-scores, the area's in other units", units.iter().flatten()),
        figures::network_table(&arguments, &networks),
    ];
    tables.iter().for_each(|table| println!("{table}"));
    println!("{seconds:.1} s");
    let report = figures::write_report(&arguments, &scalings, &units, &networks, tables)?;
    println!("\nreport: {}", report.display());
    if arguments.json {
        let runs: Vec<_> = scalings.iter().flat_map(|(_, runs)| runs).map(Run::to_json).collect();
        let sweep: Vec<_> = units.iter().flatten().map(Run::to_json).collect();
        let finite = |x: f64| x.is_finite().then_some(x);
        let networks = networks.iter().map(|(features, method, best)| {
            json!({
                "features": features,
                "method": method,
                "learning_rate": best.rate,
                "steps": finite(best.steps_to_target),
                "loss": finite(best.loss),
            })
        });
        let networks: Vec<_> = networks.collect();
        println!("{}", json!({"experiment": "house_prices", "runs": runs, "sweep": sweep, "networks": networks}));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenkeel::init::Zeros;
    use evenkeel::nn::MeanSquaredError;

    fn of(line: &str) -> Arguments {
        Arguments::parse_from(format!("_ {line}").split_whitespace())
    }

    /// A rounding error of each step is at most of the order of ε curvature_max |w|, and adds up along the flattest direction to
    /// ε k |w|; the step size and the curvatures are as uncertain. The steps so change by a share of the order of ε k for
    /// gradient descent, and for the heavy ball, where the factors are double roots, by one of √(ε k): below 1e-3 for k < 1e9.
    fn agree(run: &Run) -> bool {
        let (steps, predicted) = (run.descent.steps.unwrap() as f64, run.predicted.unwrap() as f64);
        (steps - predicted).abs() <= 1.0 + predicted * if run.momentum == 0.0 { 1e-6 } else { 1e-3 }
    }

    #[test]
    fn steps_are_those_that_the_spectrum_foretells() {
        let arguments = of("--limit 300000");
        let runs = units(&arguments).unwrap();
        let reached: Vec<&[Run; 2]> = runs.iter().filter(|[plain, _]| plain.predicted.is_some()).collect();
        assert!(reached.len() >= 8);
        for [plain, ball] in reached {
            assert!(agree(plain) && agree(ball), "{}, {}", plain.to_json(), ball.to_json());
            assert!(plain.descent.steps.unwrap() as f64 <= plain.worst_case().unwrap().ceil());
            assert!(ball.descent.steps.unwrap() <= plain.descent.steps.unwrap());
        }
    }

    #[test]
    fn scaling_lowers_the_condition_number_by_orders() {
        let scalings = scalings(&of("--limit 1000")).unwrap();
        let condition = |name: &str| {
            let (problem, _) = scalings.iter().find(|(_, runs)| runs[0].features == name).unwrap();
            problem.condition()
        };
        assert!(condition("raw") > 1e5 && condition("min-max") < 1e2 && condition("z-score") < 10.0);
        // Whitening is to variances divided by n - 1, the bias is a column of ones.
        assert!((condition("whitened") - 200.0 / 199.0).abs() < 1e-9);
        // Of two z-scores with correlation r: (1 + r) / (1 - r), and the bias lies between.
        let (features, _) = houses(&of("")).unwrap();
        let scaled = Standard::default().fit(&features).unwrap().transform(&features).unwrap();
        let pairs = scaled.as_slice().as_chunks::<2>().0;
        let r = pairs.iter().map(|[a, b]| a * b).sum::<f64>() / pairs.len() as f64;
        assert!((condition("z-score") / ((1.0 + r) / (1.0 - r)) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn the_trainer_goes_the_same_way() {
        let (features, prices) = houses(&of("")).unwrap();
        for (name, scale) in [SCALINGS[0], SCALINGS[3], SCALINGS[4]] {
            let scaled = scale(&features).unwrap();
            let problem = Problem::new(&scaled, &prices).unwrap();
            let targets = Tensor::from_vec([prices.len(), 1], prices.clone()).unwrap();
            let data = Dataset::regression(scaled, targets).unwrap();
            for rule in [problem.gradient_descent(), problem.heavy_ball()] {
                let path = problem.descend(rule, 50).path;
                let mut line = Linear::<f64>::new(2, 1).initialize(Zeros, Seed(0)).unwrap();
                Trainer::new(Sgd::new(rule.rate).with_momentum(rule.momentum))
                    .steps(path.len() as u64 - 1)
                    .batch_size(prices.len())
                    .evaluate_every(u64::MAX)
                    .fit(&mut line, MeanSquaredError, &data, &data)
                    .unwrap();
                let mut trained = line.weight().value().as_slice().to_vec();
                trained.push(line.bias().unwrap().value().as_slice()[0]);
                let expected = path[path.len() - 1];
                let largest = problem.best.iter().fold(1.0, |m: f64, w| m.max(w.abs()));
                let close = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-9 * largest;
                assert!(trained.iter().zip(&expected).all(close), "{name}: {trained:?}, {expected:?}");
            }
        }
    }

    #[test]
    fn what_cannot_be_descended_is_told() {
        for line in ["--share 2", "--noise=-1", "--houses 1", "--houses 2"] {
            assert!(scalings(&of(&format!("--limit 10 {line}"))).is_err(), "{line}");
        }
    }
}
