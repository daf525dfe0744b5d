//! What was measured, in rows.

use evenkeel::data::metrics::Interval;
use evenkeel::data::synthetic::{Effect, Patients};
use evenkeel::train::report::Table;
use evenkeel_examples::Failure;

use crate::cohort::Source;
use crate::recipe::{Columns, STAGES};
use crate::validation::Measure;
use crate::{Across, Arguments, Results};

/// Where [`Measure::all`] has them.
pub(crate) const PR_AUC: usize = 2;
pub(crate) const COST: usize = 4;

pub(crate) fn all(arguments: &Arguments, results: &Results) -> Result<Vec<Table>, Failure> {
    let mut tables = vec![stages(arguments, results), gains(arguments, results), confusion(results)?];
    if !results.across.is_empty() {
        tables.extend([ladder(results), variants(results), trade_off(results)]);
    }
    tables.push(kept(arguments, results));
    Ok(tables)
}

fn with_ends(measure: Measure, interval: &Interval) -> String {
    let show = |value| measure.show(value);
    format!("{} ({} to {})", show(interval.estimate), show(interval.low), show(interval.high))
}

/// "+0.12".
fn signed(measure: Measure, value: f64) -> String {
    format!("{}{}", if value > 0.0 { "+" } else { "" }, measure.show(value))
}

fn stages(arguments: &Arguments, results: &Results) -> Table {
    let rows = results.stages.iter().map(|stage| {
        let measures = Measure::all(arguments.cost).into_iter().zip(&stage.intervals);
        let cells = measures.map(|(measure, interval)| with_ends(measure, interval));
        [stage.name.to_owned()].into_iter().chain(cells).chain([format!("{:.1}", stage.held_out.columns())])
    });
    let ideal = results.ideal.map_or(String::new(), |ideal| {
        format!(" The true model's PR-AUC on these patients is {}.", Measure::PrAuc.show(ideal))
    });
    Table::new(["stage", "recall", "precision", "PR-AUC", "MCC", "cost per 1000", "columns"], rows).caption(format!(
        "{} patients, {} ill; means of {} cross-validations of {} folds, with 95 % intervals over the choice of patients.{ideal}",
        results.cohort.len(),
        results.cohort.ill.iter().sum::<u32>(),
        arguments.repeats,
        arguments.folds
    ))
}

fn gains(arguments: &Arguments, results: &Results) -> Table {
    let rows = results.stages[1..].iter().map(|stage| {
        let measures = Measure::all(arguments.cost).into_iter().zip(&stage.gains);
        let cells = measures.map(|(measure, gain)| {
            let show = |value| signed(measure, value);
            format!("{} ({} to {})", show(gain.estimate), show(gain.low), show(gain.high))
        });
        [stage.name.to_owned()].into_iter().chain(cells)
    });
    Table::new(["stage against raw", "recall", "precision", "PR-AUC", "MCC", "cost per 1000"], rows)
        .caption("Differences on the same patients and folds, with 95 % intervals")
}

fn confusion(results: &Results) -> Result<Table, Failure> {
    let mut table = Table::new(["stage", "ill: found", "missed", "healthy: alarmed", "left in peace"], [[0; 0]; 0]);
    for stage in &results.stages {
        let counts = stage.held_out.counts()?;
        let cells = [counts.true_positive, counts.false_negative, counts.false_positive, counts.true_negative];
        table = table.row([stage.name.to_owned()].into_iter().chain(cells.map(|count| format!("{count:.1}"))));
    }
    Ok(table.caption("Confusion matrices, means over the cross-validations"))
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len() as f64;
    values.sum::<f64>() / n
}

impl Across {
    pub(crate) fn values_of(&self, measure: usize) -> impl ExactSizeIterator<Item = f64> {
        self.values.iter().map(move |values| values[measure])
    }

    pub(crate) fn mean(&self, measure: usize) -> f64 {
        mean(self.values_of(measure))
    }

    /// The standard error of the mean.
    fn standard_error(&self, measure: usize) -> f64 {
        standard_error(&self.values_of(measure).collect::<Vec<_>>())
    }

    /// On how many tables this has more of a measure than `other`.
    fn more_than(&self, other: &Self, measure: usize) -> usize {
        self.values_of(measure).zip(other.values_of(measure)).filter(|(a, b)| a > b).count()
    }
}

fn standard_error(values: &[f64]) -> f64 {
    let (n, mean) = (values.len() as f64, mean(values.iter().copied()));
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n * (n - 1.0))).sqrt()
}

fn ladder(results: &Results) -> Table {
    let rows = results.across.iter().zip(STAGES).enumerate().map(|(i, (stage, (name, _)))| {
        let before = i.checked_sub(1).map(|before| &results.across[before]);
        let count = |wins: usize, measure: usize| match before {
            None => String::new(),
            Some(before) if before.values_of(measure).eq(stage.values_of(measure)) => "the same".to_owned(),
            Some(_) => format!("{wins} of {}", stage.values.len()),
        };
        [
            name.to_owned(),
            format!("{:.2} ± {:.2}", stage.mean(0), stage.standard_error(0)),
            format!("{:.2} ± {:.2}", stage.mean(1), stage.standard_error(1)),
            format!("{:.2} ± {:.2}", stage.mean(PR_AUC), stage.standard_error(PR_AUC)),
            format!("{:.2} ± {:.2}", stage.mean(3), stage.standard_error(3)),
            format!("{:.0} ± {:.0}", stage.mean(COST), stage.standard_error(COST)),
            count(before.map_or(0, |before| stage.more_than(before, PR_AUC)), PR_AUC),
            count(before.map_or(0, |before| before.more_than(stage, COST)), COST),
        ]
    });
    Table::new(
        [
            "stage",
            "recall",
            "precision",
            "PR-AUC",
            "MCC",
            "cost per 1000",
            "PR-AUC higher than before",
            "cost lower than before",
        ],
        rows,
    )
    .caption(format!(
        "On {} further tables, one cross-validation each: means ± standard error.{}",
        results.across[0].values.len(),
        results.further_ideal.map_or(String::new(), |ideal| format!(" The true model's PR-AUC there is {ideal:.2}."))
    ))
}

fn variants(results: &Results) -> Table {
    let rows = results.variants.iter().map(|(stage, variant)| {
        let at = STAGES.iter().position(|(name, _)| name == stage).expect("a stage");
        let own = &results.across[at];
        let difference = |measure: usize| -> String {
            let differences: Vec<f64> =
                variant.values_of(measure).zip(own.values_of(measure)).map(|(a, b)| a - b).collect();
            let of = if measure == COST { Measure::Cost(1.0) } else { Measure::PrAuc };
            let (mean, error) = (mean(differences.iter().copied()), standard_error(&differences));
            if variant.recipe == STAGES[at].1 {
                "-".into()
            } else {
                format!("{} ± {}", signed(of, mean), of.show(error))
            }
        };
        [
            (*stage).to_owned(),
            variant.recipe.part(stage),
            format!("{:.2}", variant.mean(0)),
            format!("{:.2}", variant.mean(1)),
            format!("{:.2}", variant.mean(PR_AUC)),
            difference(PR_AUC),
            format!("{:.0}", variant.mean(COST)),
            difference(COST),
            format!("{:.1}", variant.columns),
            format!("{:.1}", variant.seconds),
        ]
    });
    Table::new(
        [
            "stage",
            "choice",
            "recall",
            "precision",
            "PR-AUC",
            "against the stage's",
            "cost per 1000",
            "against the stage's",
            "columns",
            "seconds",
        ],
        rows,
    )
    .caption("Other choices for a stage's part, on the further tables: means, and paired differences ± standard error")
}

fn trade_off(results: &Results) -> Table {
    let rows = results.trade_off.iter().map(|filter| {
        [
            filter.recipe.columns.to_string(),
            format!("{:.1}", filter.columns),
            format!("{:.3} ± {:.3}", filter.mean(PR_AUC), filter.standard_error(PR_AUC)),
            format!("{:.0} ± {:.0}", filter.mean(COST), filter.standard_error(COST)),
            format!("{:.1}", filter.seconds),
        ]
    });
    Table::new(["columns kept", "number", "PR-AUC", "cost per 1000", "seconds"], rows)
        .caption("Number of columns against performance, on the further tables; all else as in the stage of selection")
}

/// How often each column is chosen in the stage of selection.
fn kept(arguments: &Arguments, results: &Results) -> Table {
    let (all, chosen) = (&results.stages[2].held_out, &results.stages[4].held_out);
    let mut rows: Vec<_> = all.kept.keys().map(|name| (chosen.kept.get(name).copied().unwrap_or(0), name)).collect();
    rows.sort_by_key(|(times, _)| std::cmp::Reverse(*times));
    let truth = |name: &str| {
        let column = name.split('=').next().unwrap_or(name);
        let effect = Patients::effects().find(|(other, _)| *other == column).map(|(_, effect)| effect);
        match effect.filter(|_| arguments.table == Source::Generated) {
            _ if name.contains("missing") => "missing at random".to_owned(),
            Some(Effect::None) => "nothing".to_owned(),
            Some(Effect::Shift(shift)) => format!("mean moved by {shift}"),
            Some(Effect::Spread(spread)) => format!("{spread} times the deviation"),
            Some(Effect::Shares) => "other shares".to_owned(),
            Some(Effect::Repeats(first)) => format!("repeats {first}"),
            _ => String::new(),
        }
    };
    let rows = rows.iter().map(|(share, name)| [(*name).clone(), format!("{share} of {}", chosen.models), truth(name)]);
    Table::new(["column", "kept in", "truth"], rows)
        .caption(format!("{}: in how many of the models", Columns::Anova(0.05)))
}
