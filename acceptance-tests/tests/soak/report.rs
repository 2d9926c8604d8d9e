//! What a run showed: the section on it in `RELIABILITY.md`, and whether anything grew.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use crate::process::Sample;
use crate::trouble::Trouble;

/// Head of the section, which is the last one of the page.
const HEAD: &str = "\n## Hours of changes\n";
/// Memory of the last third beside that of the second one. An allocator is not as steady as a program.
const GROWTH: f64 = 1.15;
/// Descriptors that a process may have more at its end than at a third of its way: connections come and go.
const SLACK: usize = 8;

pub(crate) struct Report {
    seed: u64,
    databases: usize,
    started: Instant,
    changes: usize,
    troubles: usize,
    disturbed: usize,
    again: usize,
    samples: Vec<Sample>,
}

impl Report {
    pub(crate) fn new(seed: u64, databases: usize) -> Self {
        let started = Instant::now();
        Self {
            seed,
            databases,
            started,
            changes: 0,
            troubles: 0,
            disturbed: 0,
            again: 0,
            samples: Vec::new(),
        }
    }

    /// How many rounds there were.
    pub(crate) fn rounds(&self) -> usize {
        self.samples.len()
    }

    /// Notes a round.
    pub(crate) fn round(&mut self, changes: usize, trouble: &Trouble, survived: bool, sample: Sample) {
        self.changes += changes;
        self.troubles += trouble.count();
        self.disturbed += usize::from(trouble.count() > 0);
        self.again += usize::from(!survived);
        self.samples.push(sample);
    }

    /// The median of a third of the way, counted from zero.
    fn third(&self, which: usize, of: impl Fn(&Sample) -> usize) -> usize {
        let length = self.samples.len() / 3;
        let mut values: Vec<_> = self.samples.iter().skip(which * length).take(length).map(of).collect();
        values.sort_unstable();
        values.get(values.len() / 2).copied().unwrap_or_default()
    }

    /// Puts the section into the page.
    pub(crate) fn write(&self, end: Sample) {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").join("RELIABILITY.md");
        let page = std::fs::read_to_string(&path).unwrap_or_default();
        let before = page.split_once(HEAD).map_or(page.as_str(), |(before, _)| before);
        std::fs::write(&path, format!("{}{}", before, self.section(end))).expect("it can be written");
    }

    fn section(&self, end: Sample) -> String {
        let mut text = String::from(HEAD);
        let Self { seed, databases, changes, troubles, disturbed, again, .. } = self;
        let _ = writeln!(
            text,
            "\nWritten by `make soak`: {databases} databases in one configuration, through one process of the provider to which \
             every run of Terraform attaches. A round makes up to six random changes; in three of four the way to the API is \
             faulty, the API goes away, or the practitioner presses Ctrl-C. After each the plan is empty, what is there is what \
             is described, and no instance was replaced that did not have to be.\n\n\
             {} minutes, {} rounds, {changes} changes, {troubles} faults in {disturbed} rounds, of which {again} needed a second \
             apply and none a third (seed {seed}).\n",
            self.started.elapsed().as_secs() / 60,
            self.rounds(),
        );
        text.push_str("| median of | first third | second third | last third | after the destroy |\n|---|---|---|---|---|\n");
        let rows: [(&str, fn(&Sample) -> usize); 5] = [
            ("memory, MiB", |sample| sample.memory / 1024),
            ("open files and sockets", |sample| sample.files),
            ("threads", |sample| sample.threads),
            ("child processes", |sample| sample.children),
            ("temporary files and folders", |sample| sample.temporary),
        ];
        for (name, of) in rows {
            let thirds = [0, 1, 2].map(|which| self.third(which, of).to_string()).join(" | ");
            let _ = writeln!(text, "| {name} | {thirds} | {} |", of(&end));
        }
        text
    }

    /// Ends the test if anything grew.
    pub(crate) fn judge(&self, end: Sample) {
        #[allow(clippy::cast_precision_loss, reason = "MiB are few")]
        let of = |which| self.third(which, |sample| sample.memory) as f64;
        let files = self.third(1, |sample| sample.files);
        assert!(of(2) <= of(1) * GROWTH, "memory grew from {} to {} KiB", of(1), of(2));
        assert!(end.files <= files + SLACK, "open files grew from {files} to {}", end.files);
        assert_eq!(end.children, 0, "child processes are left");
        let temporary = self.third(1, |sample| sample.temporary);
        assert!(end.temporary <= temporary, "temporary files grew from {temporary} to {}", end.temporary);
    }
}
