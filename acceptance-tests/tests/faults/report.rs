//! `RELIABILITY.md`: what was played, and how it ended.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::points::Kind;
use crate::scenarios::{ALL, DESTROY};

type Lines = BTreeMap<String, Value>;

/// A cell or a sum: what passed of what was played.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    passed: usize,
    played: usize,
}

impl Count {
    fn of<'a>(lines: impl Iterator<Item = &'a Value>) -> Self {
        let mut count = Self::default();
        for line in lines {
            match line["outcome"].as_str().unwrap_or_default() {
                "survived" | "continued" | "remade" | "imported" => {
                    count.passed += 1;
                    count.played += 1;
                }
                "failed" => count.played += 1,
                _ => {}
            }
        }
        count
    }

    fn text(self) -> String {
        if self.played == 0 { String::new() } else { format!("{}/{}", self.passed, self.played) }
    }
}

/// The points that failed, with the reason.
pub(crate) fn failed(lines: &Lines) -> Vec<String> {
    let failed = lines.iter().filter(|(_, line)| line["outcome"] == "failed");
    failed.map(|(id, line)| format!("{id}: {}", line["said"].as_str().unwrap_or_default())).collect()
}

/// Writes the page. What others wrote at its end stays.
pub(crate) fn write(lines: &Lines, took: Duration) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").join("RELIABILITY.md");
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    let others = before.find(OTHERS).map_or("", |start| &before[start..]);
    std::fs::write(path, page(lines, took) + others).expect("it can be written");
}

fn page(lines: &Lines, took: Duration) -> String {
    let with = |word: &str| lines.values().filter(|line| line["outcome"] == word).count();
    let all = Count::of(lines.values());
    let seconds: f64 = lines.values().filter_map(|line| line["seconds"].as_f64()).sum();
    let mut page = String::from(HEAD);
    let _ = writeln!(
        page,
        "\nPlayed: {} points, of which {} passed. Of those, {} were got over by the run itself, {} by the next one, and in {} \
         Terraform had the object made anew, because its create had failed. In {} the provider was killed after its last \
         request, before Terraform was told of a create: the next run names the import, and that leads on. Not played yet: {}. In {} more the request did \
         not come, or nothing was there that could have been deleted or changed; they count for nothing.",
        all.played,
        all.passed,
        with("survived"),
        with("continued"),
        with("remade"),
        with("imported"),
        with("waits"),
        with("not met"),
    );
    let _ = writeln!(
        page,
        "A point takes {:.1} s; the last run took {} minutes, with other builds on the machine.\n",
        seconds / usize_to_f64(all.played + with("not met")),
        took.as_secs() / 60,
    );
    table(&mut page, lines);
    let open = failed(lines);
    page.push_str("\n## Open\n\n");
    if open.is_empty() {
        page.push_str("None of what was played.\n");
    }
    for one in open {
        let _ = writeln!(page, "- {}", one.replace('\n', " "));
    }
    page
}

fn table(page: &mut String, lines: &Lines) {
    let heads: Vec<_> = Kind::ALL.iter().map(|kind| kind.word()).collect();
    let _ = writeln!(page, "| resource | step | {} | all |", heads.join(" | "));
    let _ = writeln!(page, "|---|---{}|---|", "|---".repeat(heads.len()));
    for scenario in ALL {
        for phase in scenario.phases.iter().map(|phase| phase.name).chain([DESTROY]) {
            let row: Vec<_> = lines
                .values()
                .filter(|line| line["scenario"] == scenario.name && line["phase"] == phase)
                .collect();
            let all = Count::of(row.iter().copied());
            if row.is_empty() {
                continue;
            }
            let cell = |kind: &Kind| {
                Count::of(row.iter().copied().filter(|line| line["kind"] == kind.word())).text()
            };
            let cells: Vec<_> = Kind::ALL.iter().map(cell).collect();
            let _ = writeln!(
                page,
                "| {} | {phase} | {} | {} |",
                scenario.type_name,
                cells.join(" | "),
                all.text()
            );
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts of points are small")]
fn usize_to_f64(number: usize) -> f64 {
    number.max(1) as f64
}

/// Where what is not of this page's begins.
const OTHERS: &str = "\n## Hours of changes\n";

const HEAD: &str = "# Reliability

Written by `make faults`, which plays every fault at every request to the API server that a run of the provider makes. Each
resource of KubeBlocks lives in the playground: made, changed, destroyed, by the provider's own process, asked in the words of
Terraform's protocol and held to Terraform's rules. A run without faults shows the requests of each step; each of them (the
first three of a kind) and each fault that can happen to it are a point.

A point passes when the next run, and only one, leads to an empty plan; when the object is the same as before, exactly one, and
what others wrote on it is still there; and, at the end of its life, when nothing of it is left, neither objects nor marks.

- reset before, reset after: the connection breaks before or after the server has acted.
- 429, 500, 503, 409, 410, 401: the answer, once; 429 with `Retry-After`.
- 410 in watch, watch ends: the watch begins, and its resource version is too old, or the server ends it.
- stall: the answer comes 0.8 seconds late, or 60. API away: for 0.7 seconds nobody listens, and every connection is gone; or
  for 30. What is long is played at the first request of a kind.
- kill before, kill after: the provider's process is killed before or after the server has acted.
- Ctrl-C: the provider is asked to stop; twice: and is then killed.
- deleted, changed: somebody else deletes the object or writes a note on it while the request is on its way.
- clock forward, clock back: the time of day jumps by an hour and more in the provider's process.
";
