//! What many captures of one package add up to.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::time::Duration;

use asynctest_engine::report::{Certainty, FutureNode, Report};

/// Claims that are wrong of a test that goes on to pass.
const NEVER_TRUE: [&str; 4] = ["deadlock", "self-deadlock", "futurelock", "lost-wakeup"];

/// Most gaps that are shown, and most types of futures that are not known.
const SHOWN: usize = 12;

/// The sum of many captures.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// The package.
    pub name: String,
    /// How many tests it has that end.
    pub tests: usize,
    /// Captures that were taken.
    pub captures: u64,
    /// Runs of tests that they were taken of.
    pub runs: u64,
    /// Captures that came too late.
    pub ended: u64,
    /// Captures that could not be taken of tests that ran, and why, with how often.
    pub failed: BTreeMap<String, u64>,
    /// Tests that pass, and did not when they were captured, once for each run.
    pub changed: Vec<String>,
    /// The longest that a capture with its report took, and of which test.
    pub slowest: (Duration, String),
    /// Claims that would be wrong, of tests in which they are known to be true.
    pub right: u64,
    /// Tasks that were found.
    pub found: u64,
    /// Tasks whose await chains were read to their ends.
    pub walked: u64,
    /// Captures with at least one gap.
    pub incomplete: u64,
    /// What could not be read and why, with how often.
    pub gaps: BTreeMap<String, u64>,
    /// What was waited for, with how often.
    pub leaves: BTreeMap<String, u64>,
    /// The types of those leaves of which nothing else is known, with how often.
    pub unknown: BTreeMap<String, u64>,
    /// What was claimed, and how surely, with how often.
    pub findings: BTreeMap<(String, String), u64>,
    /// Claims that are wrong: the test, and the sentence.
    pub wrong: Vec<(Certainty, String, String)>,
}

impl Tally {
    /// Nothing yet, of a package with so many tests.
    pub fn new(name: &str, tests: usize) -> Tally {
        Tally { name: name.to_owned(), tests, ..Tally::default() }
    }

    /// How many captures were tried.
    pub fn tries(&self) -> u64 {
        self.captures + self.ended + self.failed.values().sum::<u64>()
    }

    /// Counts a capture that could not be taken.
    pub fn fail(&mut self, why: &str) {
        *self.failed.entry(without_numbers(why)).or_default() += 1;
    }

    /// Counts `report`, which is about the test of this name. Says why it is worth keeping: it makes
    /// a claim that is wrong, or shows a gap or a finding for the first time.
    ///
    /// Such claims are true of the tests that are `checked`: they hang on purpose, and end by a
    /// timeout.
    pub fn add(&mut self, test: &str, report: &Report, checked: &[String]) -> Option<String> {
        self.captures += 1;
        self.found += report.counts.tasks_found;
        self.walked += report.counts.tasks_walked;
        self.incomplete += u64::from(!report.gaps.is_empty());
        let has_new_gap = self.add_gaps(report);
        report.tasks.iter().filter_map(|task| task.future.as_ref()).for_each(|future| {
            self.add_leaves(future);
        });
        let headline = &report.headline;
        let certainty = format!("{:?}", headline.certainty).to_lowercase();
        let slug = format!("{}-{certainty}", headline.finding);
        let seen = self.findings.entry((headline.finding.clone(), certainty)).or_default();
        *seen += 1;
        // One of each power of two: more of what is seen more often.
        let is_worth_it = seen.is_power_of_two();
        let claims = untrue(report);
        let is_right = !claims.is_empty() && checked.iter().any(|known| known == test);
        self.right += u64::from(is_right);
        let is_wrong = !claims.is_empty() && !is_right;
        if is_wrong {
            let claims = claims.into_iter();
            self.wrong.extend(claims.map(|(how, what)| (how, test.to_owned(), what)));
        }
        match (is_wrong, has_new_gap, is_worth_it) {
            (true, _, _) => Some(format!("wrong-{slug}")),
            (false, true, _) => Some("gap".to_owned()),
            (false, false, true) => Some(slug),
            (false, false, false) => None,
        }
    }

    /// Counts the gaps of `report`; true when one is of a kind that was not there before.
    fn add_gaps(&mut self, report: &Report) -> bool {
        let mut is_new = false;
        for gap in &report.gaps {
            let key = without_numbers(&format!("{}: {}", gap.what, gap.why));
            let seen = self.gaps.entry(key).or_default();
            *seen += 1;
            is_new |= *seen == 1;
        }
        is_new
    }

    /// Counts what `future` waits for.
    fn add_leaves(&mut self, future: &FutureNode) {
        future.children.iter().for_each(|child| self.add_leaves(child));
        let Some(wait) = &future.wait else { return };
        *self.leaves.entry(wait.resource.kind.clone()).or_default() += 1;
        if wait.resource.kind == "unknown" {
            *self.unknown.entry(without_arguments(&wait.resource.type_name)).or_default() += 1;
        }
    }

    /// Adds another sum to this one.
    pub fn merge(&mut self, other: Tally) {
        self.tests += other.tests;
        self.captures += other.captures;
        self.runs += other.runs;
        self.ended += other.ended;
        for (why, count) in other.failed {
            *self.failed.entry(why).or_default() += count;
        }
        self.changed.extend(other.changed);
        self.slowest = self.slowest.clone().max(other.slowest);
        self.right += other.right;
        self.found += other.found;
        self.walked += other.walked;
        self.incomplete += other.incomplete;
        for (gap, count) in other.gaps {
            *self.gaps.entry(gap).or_default() += count;
        }
        for (leaf, count) in other.leaves {
            *self.leaves.entry(leaf).or_default() += count;
        }
        for (type_name, count) in other.unknown {
            *self.unknown.entry(type_name).or_default() += count;
        }
        for (finding, count) in other.findings {
            *self.findings.entry(finding).or_default() += count;
        }
        self.wrong.extend(other.wrong);
    }

    /// How many wrong claims are so sure.
    pub fn wrong_and(&self, certainty: Certainty) -> u64 {
        self.wrong.iter().filter(|(how, _, _)| *how == certainty).count() as u64
    }

    /// The heading of the rows that [`Tally::row`] gives, in Markdown.
    pub fn heading() -> &'static str {
        "| package | tests | runs | captures | tasks | walked | with gaps | not taken | \
         wrong: certain | wrong: likely |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    }

    /// One row of the table.
    pub fn row(&self) -> String {
        format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            self.name,
            self.tests,
            self.runs,
            self.captures,
            self.found,
            self.walked,
            self.incomplete,
            self.failed.values().sum::<u64>(),
            self.wrong_and(Certainty::Certain),
            self.wrong_and(Certainty::Likely),
        )
    }
}

impl fmt::Display for Tally {
    /// What the table has no room for: gaps by how often, findings, wrong claims.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        text.push_str(&most(&self.gaps, "gap"));
        let leaves: u64 = self.leaves.values().sum();
        let unknown: u64 = self.unknown.values().sum();
        writeln!(text, "  {leaves:>7}  leaves, {unknown} of unknown types")?;
        text.push_str(&most(&self.unknown, "leaf of an unknown type"));
        for (why, count) in &self.failed {
            writeln!(text, "  {count:>7}  not taken: {why}")?;
        }
        for ((finding, certainty), count) in &self.findings {
            writeln!(text, "  {count:>7}  {finding} ({certainty})")?;
        }
        for (certainty, test, sentence) in &self.wrong {
            writeln!(text, "  WRONG ({certainty:?})  {test}  {sentence}")?;
        }
        for test in &self.changed {
            writeln!(text, "  did not pass when it was captured: {test}")?;
        }
        if self.right > 0 {
            writeln!(text, "  {:>7}  such claims of tests that were checked: true", self.right)?;
        }
        let (slowest, test) = &self.slowest;
        writeln!(text, "  slowest capture with its report: {slowest:?}, of {test}")?;
        formatter.write_str(text.trim_end())
    }
}

/// The claims of `report` that are wrong of a process that goes on: that nothing can wake it, and
/// findings that are never true of such, the headline or any other.
fn untrue(report: &Report) -> Vec<(Certainty, String)> {
    let findings = report.findings.iter().filter(|claim| {
        NEVER_TRUE.contains(&claim.finding.as_str()) && claim.certainty != Certainty::Possible
    });
    let mut claims: Vec<_> = findings
        .map(|claim| (claim.certainty, format!("{}: {}", claim.finding, claim.sentence)))
        .collect();
    if report.looks.is_stuck() {
        claims.push((Certainty::Certain, format!("stuck: {}", report.headline.sentence)));
    }
    claims
}

/// Those of `counts` that are most, a line each.
fn most(counts: &BTreeMap<String, u64>, what: &str) -> String {
    let mut sorted: Vec<_> = counts.iter().collect();
    sorted.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let mut text = String::new();
    for (name, count) in sorted.iter().take(SHOWN) {
        text.push_str(&format!("  {count:>7}  {what}: {name}\n"));
    }
    if let Some(more) = sorted.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        text.push_str(&format!("           and {more} kinds more\n"));
    }
    text
}

/// The type without what it is generic over.
fn without_arguments(type_name: &str) -> String {
    let mut depth = 0_u32;
    let mut plain = String::new();
    for character in type_name.chars() {
        match character {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ if depth == 0 => plain.push(character),
            _ => {}
        }
    }
    plain
}

/// The same text for gaps that differ in addresses and numbers alone.
fn without_numbers(text: &str) -> String {
    let mut plain = String::new();
    for word in text.split_inclusive(' ') {
        let number = word.trim_end().trim_end_matches([',', ':', ')']);
        let is_number = number.starts_with("0x") || number.parse::<u64>().is_ok();
        match is_number {
            true => plain.push_str(&word.replacen(number, "N", 1)),
            false => plain.push_str(word),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_of_one_kind_are_counted_together() {
        let plain = without_numbers("the task at 0x7f00, thread 12: not read");
        assert_eq!(plain, "the task at N, thread N: not read");
    }

    #[test]
    fn types_are_counted_without_their_arguments() {
        assert_eq!(without_arguments("h2::Stream<bytes::Bytes, Box<dyn Body>>"), "h2::Stream");
    }
}
