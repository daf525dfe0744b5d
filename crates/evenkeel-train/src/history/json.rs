//! A history as JSON lines, and back.

use std::io::{self, BufRead, Write};

use serde_json::{Map, Value};

use super::{History, Log, RESERVED_NAMES};

/// Why a text is not a history.
#[derive(Debug, thiserror::Error)]
pub enum ReadHistoryError {
    /// The text could not be read to its end.
    #[error("reading a history: line {line} cannot be read ({source}); restore the file or start a new history")]
    Io {
        /// Number of the line, from 1.
        line: u64,
        /// What went wrong.
        source: io::Error,
    },
    /// A line is not a record that can stand there.
    #[error(
        "reading a history: line {line} needs {expected}, got {got}; cut the file off before it to keep what precedes"
    )]
    Line {
        /// Number of the line, from 1.
        line: u64,
        /// What should be there.
        expected: String,
        /// The beginning of what is there.
        got: String,
    },
}

impl History {
    /// Writes every record as a JSON object on a line of its own, the steps first, then the evaluations, then the
    /// [restored step](Self::restored_step) if there is one.
    ///
    /// The fields are flat: `kind` (`"step"` or `"evaluation"`), `step`, `epoch`, then `loss` and `learning_rate` or
    /// `seconds`, then the metrics; of kind `"restored"`, `step` alone. JSON has no numbers for what is not finite: these are the strings `"NaN"`,
    /// `"Infinity"` and `"-Infinity"`.
    ///
    /// ```
    /// use evenkeel_train::history::{History, Step};
    ///
    /// let mut history = History::new();
    /// history.record_step(Step { step: 1, epoch: 0, loss: f64::NAN, learning_rate: 0.1, metrics: &[] });
    /// let mut text = Vec::new();
    /// history.write_json_lines(&mut text)?;
    /// assert_eq!(text, br#"{"kind":"step","step":1,"epoch":0,"loss":"NaN","learning_rate":0.1}
    /// "#);
    /// let same = History::read_json_lines(&text[..])?;
    /// assert!(same.last("loss").is_some_and(f64::is_nan));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// What `out` returns.
    pub fn write_json_lines(&self, mut out: impl Write) -> io::Result<()> {
        [self.steps(), self.evaluations()].into_iter().try_for_each(|log| write_log(log, &mut out))?;
        self.restored.map_or(Ok(()), |step| writeln!(out, "{{\"kind\":\"restored\",\"step\":{step}}}"))
    }

    /// Reads what [`write_json_lines`](Self::write_json_lines) wrote, to the same bits (of NaN one is kept).
    ///
    /// Steps and evaluations may be mixed; each kind has to be in order. Empty lines are passed over.
    ///
    /// # Errors
    /// [`ReadHistoryError`] with the number of the first line that is not a record.
    pub fn read_json_lines(text: impl BufRead) -> Result<Self, ReadHistoryError> {
        let mut history = Self::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.map_err(|source| ReadHistoryError::Io { line: number, source })?;
            if !line.trim().is_empty() {
                history.read_line(&line).map_err(|(expected, got)| {
                    let got = got.chars().take(80).collect();
                    ReadHistoryError::Line { line: number, expected, got }
                })?;
            }
        }
        Ok(history)
    }

    fn read_line(&mut self, line: &str) -> Result<(), (String, String)> {
        let record: Map<String, Value> =
            serde_json::from_str(line).map_err(|error| ("a JSON object".to_owned(), format!("`{line}` ({error})")))?;
        let lowest_step = self.next_step();
        let (log, lowest) = match record.get("kind").and_then(Value::as_str) {
            Some("step") => (&mut self.steps, lowest_step),
            Some("evaluation") => {
                let lowest = self.evaluations.last_step().unwrap_or(0);
                (&mut self.evaluations, lowest)
            }
            Some("restored") => {
                self.restored = Some(integer(&record, "step", 0)?);
                return Ok(());
            }
            _ => {
                let kinds = "\"kind\":\"step\", \"evaluation\" or \"restored\"";
                return Err((kinds.to_owned(), shown(record.get("kind"))));
            }
        };
        let step = integer(&record, "step", lowest)?;
        let epoch = integer(&record, "epoch", 0)?;
        let required: Vec<f64> =
            log.names().take(log.required).map(|name| number(&record, name)).collect::<Result<_, _>>()?;
        let fields: Vec<&str> = ["kind", "step", "epoch"].into_iter().chain(log.names().take(log.required)).collect();
        let mut metrics = Vec::with_capacity(record.len());
        for name in record.keys().map(String::as_str).filter(|name| !fields.contains(name)) {
            if RESERVED_NAMES.contains(&name) {
                return Err((format!("no field `{name}` in a record of kind `{}`", log.kind), shown(record.get(name))));
            }
            metrics.push((name, number(&record, name)?));
        }
        log.push(step, epoch, &required, metrics);
        Ok(())
    }
}

fn write_log(log: &Log, out: &mut impl Write) -> io::Result<()> {
    log.try_for_each_row(|step, epoch, values| {
        write!(out, "{{\"kind\":\"{}\",\"step\":{step},\"epoch\":{epoch}", log.kind)?;
        for (name, value) in log.names().zip(values) {
            if let Some(value) = *value {
                write!(out, ",")?;
                serde_json::to_writer(&mut *out, name)?;
                write!(out, ":")?;
                match value {
                    f64::INFINITY => write!(out, "\"Infinity\"")?,
                    f64::NEG_INFINITY => write!(out, "\"-Infinity\"")?,
                    _ if value.is_nan() => write!(out, "\"NaN\"")?,
                    _ => serde_json::to_writer(&mut *out, &value)?,
                }
            }
        }
        writeln!(out, "}}")
    })
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| format!("`{value}`"))
}

fn integer(record: &Map<String, Value>, name: &str, lowest: u64) -> Result<u64, (String, String)> {
    let value = record.get(name);
    let found = value.and_then(Value::as_u64).filter(|&found| found >= lowest);
    found.ok_or_else(|| (format!("`{name}` to be an integer from {lowest}"), shown(value)))
}

fn number(record: &Map<String, Value>, name: &str) -> Result<f64, (String, String)> {
    let value = record.get(name);
    let found = match value {
        Some(Value::String(text)) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        other => other.and_then(Value::as_f64),
    };
    found.ok_or_else(|| (format!("`{name}` to be a number, \"NaN\", \"Infinity\" or \"-Infinity\""), shown(value)))
}
