//! The confusion matrix as a table.

use std::fmt;

use super::ConfusionMatrix;

/// Rows are labels, columns predictions, with each class's recall and precision at the ends; `-` where there is none (0/0).
impl fmt::Display for ConfusionMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let classes = 0..self.classes();
        let mut table = vec![vec!["actual \\ predicted".to_owned()]];
        table[0].extend(classes.clone().map(|class| class.to_string()));
        table[0].push("recall".to_owned());
        for actual in classes.clone() {
            let mut row = vec![actual.to_string()];
            row.extend(classes.clone().map(|predicted| count(self.count(actual, predicted))));
            let counts = self.class(actual);
            row.push(share(counts.recall(), counts.actual()));
            table.push(row);
        }
        let mut last = vec!["precision".to_owned()];
        last.extend(classes.map(|class| self.class(class)).map(|class| share(class.precision(), class.predicted())));
        last.push(format!("{} = accuracy", share(self.accuracy(), self.total())));
        table.push(last);

        let width = |column: usize| table.iter().map(|row| row[column].len()).max().unwrap_or(0);
        // The last column needs no padding.
        let widths: Vec<_> = (0..=self.classes()).map(width).collect();
        for row in &table {
            let (end, cells) = row.split_last().expect("a row of at least three cells");
            for (cell, &width) in cells.iter().zip(&widths) {
                write!(f, "{cell:width$} ")?;
            }
            writeln!(f, "{end}")?;
        }
        Ok(())
    }
}

/// A count as an integer, a sum of weights to three digits.
fn count(count: f64) -> String {
    if count.fract() == 0.0 { count.to_string() } else { format!("{count:.3}") }
}

fn share(share: f64, of: f64) -> String {
    if of == 0.0 { "-".to_owned() } else { format!("{share:.4}") }
}
