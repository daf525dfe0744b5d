//! The two tables, and what is split of them.

use std::fmt::{self, Display};

use clap::ValueEnum;
use evenkeel::data::split::{Parts, folds_stratified};
use evenkeel::data::synthetic::Patients;
use evenkeel::data::{DataError, Order, Table, Wdbc};
use evenkeel::prelude::*;
use evenkeel_examples::Failure;

/// Where the patients come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Source {
    /// 18 ill among 1 520, drawn from a law that is known
    Generated,
    /// 18 malignant tumours among 375, thinned from the Wisconsin table
    Wdbc,
}

impl Source {
    /// The patients of a seed: another draw of the law, or other malignant tumours and all the benign ones.
    pub(crate) fn cohort(self, seed: Seed) -> Result<Cohort, Failure> {
        match self {
            Self::Generated => {
                let patients = Patients::default();
                let table = patients.draw(seed)?;
                let log_odds = Some(patients.log_odds(&table)?);
                let (ill, _) = table.classes("ill")?;
                Ok(Cohort { table: table.drop(&["ill"])?, ill, log_odds })
            }
            Self::Wdbc => Cohort::thinned_wdbc(seed),
        }
    }
}

impl Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Generated => "generated",
            Self::Wdbc => "wdbc",
        })
    }
}

/// Patients: their columns, and who is ill.
pub(crate) struct Cohort {
    pub(crate) table: Table,
    /// 1 for the ill.
    pub(crate) ill: Vec<u32>,
    /// The true log-odds of being ill, where they are known.
    pub(crate) log_odds: Option<Vec<f64>>,
}

impl Cohort {
    fn thinned_wdbc(seed: Seed) -> Result<Self, Failure> {
        const ILL: usize = 18;
        let wdbc = Wdbc::embedded();
        let (labels, classes) = wdbc.classes("diagnosis")?;
        let is_malignant = |&row: &usize| classes[labels[row] as usize] == "malignant";
        let (malignant, benign): (Vec<usize>, Vec<usize>) = (0..wdbc.rows()).partition(is_malignant);
        let order = Order::shuffled(malignant.len(), seed.stream("thinned"), 0);
        let mut rows: Vec<usize> = order.indices()[..ILL].iter().map(|&i| malignant[i]).chain(benign).collect();
        rows.sort_unstable();
        let ill = rows.iter().map(|row| u32::from(is_malignant(row))).collect();
        Ok(Self { table: wdbc.subset(&rows)?.drop(&["diagnosis"])?, ill, log_odds: None })
    }

    pub(crate) fn len(&self) -> usize {
        self.ill.len()
    }

    /// The patients of these rows.
    pub(crate) fn subset(&self, rows: &[usize]) -> Result<Self, DataError> {
        let log_odds = self.log_odds.as_ref().map(|odds| rows.iter().map(|&row| odds[row]).collect());
        Ok(Self { table: self.table.subset(rows)?, ill: rows.iter().map(|&row| self.ill[row]).collect(), log_odds })
    }

    /// `k` pairs of rows to learn from and rows held out, with as many ill in each as can be.
    pub(crate) fn folds(&self, k: usize, seed: Seed) -> Result<Vec<Parts>, DataError> {
        Ok(folds_stratified(&self.ill, k, seed)?.collect())
    }
}
