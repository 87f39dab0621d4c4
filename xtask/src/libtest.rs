//! Reads what Rust's test harness prints, because its exit status alone cannot tell "all passed" from "nothing ran".

use std::ops::AddAssign;

/// What some test binaries reported.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Tally {
    pub(crate) fn ran(self) -> u64 {
        self.passed + self.failed
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// The counts of a binary's closing line: `test result: ok. 5 passed; 0 failed; 0 ignored; ...`.
pub(crate) fn closing_line(line: &str) -> Option<Tally> {
    let (_verdict, counts) = line.trim().strip_prefix("test result: ")?.split_once(". ")?;
    let count = |word: &str| {
        let found = counts.split("; ").find_map(|part| part.trim().strip_suffix(word))?;
        found.trim().parse().ok()
    };
    Some(Tally { passed: count("passed")?, failed: count("failed")? })
}

/// The name in a line such as `test races::one_winner ... ok`.
pub(crate) fn test_name(line: &str) -> Option<&str> {
    line.strip_prefix("test ")?.split_once(" ... ").map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closing_line_gives_its_counts() {
        let passed =
            "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.00s";
        assert_eq!(closing_line(passed), Some(Tally { passed: 5, failed: 0 }));
        let failed =
            "test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1s";
        assert_eq!(closing_line(failed), Some(Tally { passed: 4, failed: 2 }));
    }

    #[test]
    fn other_lines_give_no_counts() {
        for line in ["running 5 tests", "test a ... ok", "test result: ", "5 passed; 0 failed"] {
            assert_eq!(closing_line(line), None, "{line}");
        }
    }

    #[test]
    fn a_test_line_gives_the_name() {
        assert_eq!(test_name("test races::one_winner ... ok"), Some("races::one_winner"));
        assert_eq!(test_name("test result: ok. 1 passed"), None);
    }
}
