//! The table at the end of a run and its verdict.

use std::fmt::Write;
use std::time::Duration;

use crate::libtest::Tally;
use crate::stopwatch::Readable;

pub(super) enum Outcome {
    Passed,
    Failed(String),
    LeftOut(&'static str),
}

struct Row {
    name: &'static str,
    budget: Duration,
    took: Duration,
    tally: Tally,
    outcome: Outcome,
}

pub(super) struct Report {
    /// What the whole run may take.
    allowed: Duration,
    rows: Vec<Row>,
}

impl Report {
    pub(super) fn new(allowed: Duration) -> Self {
        Self { allowed, rows: Vec::new() }
    }

    pub(super) fn add(
        &mut self,
        name: &'static str,
        budget: Duration,
        took: Duration,
        tally: Tally,
        outcome: Outcome,
    ) {
        println!("=== {name}: {} of {}", Readable(took), Readable(budget));
        self.rows.push(Row { name, budget, took, tally, outcome });
    }

    /// Prints the table and the closing line; whether the run passed.
    pub(super) fn close(&self) -> bool {
        println!("\n{}", self.table());
        let took: Duration = self.rows.iter().map(|row| row.took).sum();
        let late = took > self.allowed;
        println!("The run took {} and may take {}.", Readable(took), Readable(self.allowed));
        let verdict = self.verdict(late);
        println!("{} passed, {} failed", verdict.passed, verdict.failed);
        verdict.failed == 0
    }

    /// All tests, and one failure for each group that failed without a failing test and for a run that took too long.
    fn verdict(&self, late: bool) -> Tally {
        let mut sum = Tally { passed: 0, failed: u64::from(late) };
        for row in &self.rows {
            sum += row.tally;
            if matches!(row.outcome, Outcome::Failed(_)) && row.tally.failed == 0 {
                sum.failed += 1;
            }
        }
        sum
    }

    fn table(&self) -> String {
        let mut text =
            format!("{:<14}{:>9}{:>9}{:>9}{:>9}  result\n", "group", "time", "budget", "passed", "failed");
        for Row { name, budget, took, tally, outcome } in &self.rows {
            let result = match outcome {
                Outcome::Passed => "passed".to_owned(),
                Outcome::Failed(why) => format!("FAILED: {why}"),
                Outcome::LeftOut(why) => format!("left out: {why}"),
            };
            let (took, budget) = (Readable(*took), Readable(*budget));
            let Tally { passed, failed } = tally;
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name:<14}{took:>9}{budget:>9}{passed:>9}{failed:>9}  {result}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(rows: Vec<(Tally, Outcome)>) -> Report {
        let row = |(tally, outcome)| Row {
            name: "units",
            budget: Duration::ZERO,
            took: Duration::ZERO,
            tally,
            outcome,
        };
        Report { allowed: Duration::ZERO, rows: rows.into_iter().map(row).collect() }
    }

    #[test]
    fn a_group_that_fails_without_a_failing_test_is_counted() {
        let failed = || Outcome::Failed("why".to_owned());
        let report = report(vec![
            (Tally { passed: 3, failed: 0 }, Outcome::Passed),
            (Tally { passed: 2, failed: 2 }, failed()),
            (Tally::default(), failed()),
        ]);
        assert_eq!(report.verdict(false), Tally { passed: 5, failed: 3 });
    }

    #[test]
    fn a_late_run_fails() {
        let report = report(vec![(Tally { passed: 3, failed: 0 }, Outcome::Passed)]);
        assert_eq!(report.verdict(true), Tally { passed: 3, failed: 1 });
    }
}
