//! What the checks found, as a table for people or as JSON for programs. Judges nothing. The names of checks and
//! fields are a contract: `docs/guides/doctor.md` lists them.

use std::fmt;

use serde::Serialize;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It does not apply.
    Skip,
    /// All is well.
    Pass,
    /// It works, but something will be missing or was not seen.
    Warn,
    /// It will not work.
    Fail,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }

    /// Codes of a terminal's colours.
    fn colour(self) -> &'static str {
        match self {
            Self::Skip => "\x1b[2m",
            Self::Pass => "\x1b[32m",
            Self::Warn => "\x1b[33m",
            Self::Fail => "\x1b[31m",
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked; stays the same from release to release.
    pub name: &'static str,
    /// How it came out.
    pub result: Outcome,
    /// What was found.
    pub found: String,
    /// What to do; absent when there is nothing to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl Check {
    fn new(name: &'static str, result: Outcome, found: impl Into<String>, advice: Option<String>) -> Self {
        Self { name, result, found: found.into(), advice }
    }

    /// All is well.
    pub fn pass(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, Outcome::Pass, found, None)
    }

    /// It does not apply.
    pub fn skip(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, Outcome::Skip, found, None)
    }

    /// It works, but.
    pub fn warn(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(name, Outcome::Warn, found, Some(advice.into()))
    }

    /// It will not work.
    pub fn fail(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(name, Outcome::Fail, found, Some(advice.into()))
    }
}

/// Everything that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The worst of all results; `pass` when nothing worse came out.
    pub result: Outcome,
    /// The API server that was asked; absent when none is configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The checks in their order.
    pub checks: Vec<Check>,
}

impl Report {
    /// The report of these checks.
    pub fn new(endpoint: Option<String>, checks: Vec<Check>) -> Self {
        let worst = checks.iter().map(|check| check.result).max().unwrap_or(Outcome::Pass);
        Self { result: worst.max(Outcome::Pass), endpoint, checks }
    }

    /// 0 when all is well, 1 with warnings, 2 with failures.
    pub fn exit_code(&self) -> u8 {
        match self.result {
            Outcome::Skip | Outcome::Pass => 0,
            Outcome::Warn => 1,
            Outcome::Fail => 2,
        }
    }

    /// One JSON object, in lines for people who read it, too.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        Ok(format!("{}\n", serde_json::to_string_pretty(self)?))
    }

    /// An aligned table. Advice stands below what it is about.
    pub fn to_table(&self, coloured: bool) -> String {
        Table { report: self, coloured }.to_string()
    }
}

struct Table<'a> {
    report: &'a Report,
    coloured: bool,
}

impl Table<'_> {
    /// The result in a cell of four characters.
    fn cell(&self, outcome: Outcome) -> String {
        let text = outcome.as_str();
        if self.coloured { format!("{}{text}\x1b[0m", outcome.colour()) } else { text.to_owned() }
    }
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let checks = &self.report.checks;
        let width = checks.iter().map(|check| check.name.len()).max().unwrap_or_default().max("CHECK".len());
        writeln!(formatter, "RESULT  {:width$}  FOUND", "CHECK")?;
        let below = " ".repeat("RESULT  ".len() + width + 2);
        for check in checks {
            let mut found = check.found.lines();
            let first = found.next().unwrap_or_default();
            let name = check.name;
            writeln!(formatter, "{}    {name:width$}  {first}", self.cell(check.result))?;
            for line in found {
                writeln!(formatter, "{below}{line}")?;
            }
            for (number, line) in check.advice.iter().flat_map(|advice| advice.lines()).enumerate() {
                let arrow = if number == 0 { "->" } else { "  " };
                writeln!(formatter, "{below}{arrow} {line}")?;
            }
        }
        let count = |outcome| checks.iter().filter(|check| check.result == outcome).count();
        let (pass, warn, fail) = (count(Outcome::Pass), count(Outcome::Warn), count(Outcome::Fail));
        let skipped = count(Outcome::Skip);
        let summary = format!("{pass} passed, {warn} warned, {fail} failed, {skipped} skipped");
        writeln!(formatter, "\n{}: {summary}", self.cell(self.report.result))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report() -> Report {
        let checks = vec![
            Check::pass("connection", "https://server.test"),
            Check::warn("nodes", "2 nodes", "Add one.\nOr two."),
            Check::skip("load-balancer", "not on AWS"),
        ];
        Report::new(Some("https://server.test".to_owned()), checks)
    }

    #[test]
    fn the_worst_result_decides_and_skipped_checks_do_not_count() {
        let fail = Check::fail("addons", "one failed", "Look.");
        let table: [(Vec<Check>, Outcome, u8); 5] = [
            (vec![], Outcome::Pass, 0),
            (vec![Check::skip("a", "")], Outcome::Pass, 0),
            (vec![Check::pass("a", ""), Check::skip("b", "")], Outcome::Pass, 0),
            (report().checks, Outcome::Warn, 1),
            (vec![fail.clone(), Check::warn("a", "", ""), Check::pass("b", "")], Outcome::Fail, 2),
        ];
        for (checks, result, code) in table {
            let report = Report::new(None, checks);
            assert_eq!((report.result, report.exit_code()), (result, code), "{report:?}");
        }
    }

    #[test]
    fn the_table_is_aligned_and_plain_unless_it_is_for_a_terminal() {
        let expected = "\
RESULT  CHECK          FOUND
pass    connection     https://server.test
warn    nodes          2 nodes
                       -> Add one.
                          Or two.
skip    load-balancer  not on AWS

warn: 1 passed, 1 warned, 0 failed, 1 skipped
";
        assert_eq!(report().to_table(false), expected);
        let coloured = report().to_table(true);
        assert!(coloured.contains("\x1b[33mwarn\x1b[0m    nodes"), "{coloured}");
    }

    #[test]
    fn the_json_has_the_documented_names() {
        let written: serde_json::Value = serde_json::from_str(&report().to_json().unwrap()).unwrap();
        let expected = json!({
            "result": "warn",
            "endpoint": "https://server.test",
            "checks": [
                { "name": "connection", "result": "pass", "found": "https://server.test" },
                { "name": "nodes", "result": "warn", "found": "2 nodes", "advice": "Add one.\nOr two." },
                { "name": "load-balancer", "result": "skip", "found": "not on AWS" },
            ],
        });
        assert_eq!(written, expected);
    }
}
