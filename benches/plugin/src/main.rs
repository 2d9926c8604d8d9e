//! `plugin-bench NAME=PROGRAM [NAME=PROGRAM ...]`: starts each plugin in turn, several times, and prints the medians and
//! the ratios to the first as a Markdown table. Interleaved, so that whatever else the machine does hits all alike.

mod client;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use client::{Sample, measure};

/// Starts per plugin; odd, so that the median is one of them.
const ROUNDS: usize = 15;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let plugins: Option<Vec<(String, PathBuf)>> = std::env::args()
        .skip(1)
        .map(|argument| argument.split_once('=').map(|(name, path)| (name.to_owned(), PathBuf::from(path))))
        .collect();
    let Some(plugins) = plugins.filter(|plugins| !plugins.is_empty()) else {
        let _ = writeln!(std::io::stderr(), "usage: plugin-bench NAME=PROGRAM [NAME=PROGRAM ...]");
        return ExitCode::from(2);
    };
    match run(&plugins).await {
        Ok(table) => {
            let _ = write!(std::io::stdout(), "{table}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(plugins: &[(String, PathBuf)]) -> Result<String, Box<dyn std::error::Error>> {
    let mut samples = vec![Vec::with_capacity(ROUNDS); plugins.len()];
    // The first round fills the page cache and is not counted.
    for round in 0..=ROUNDS {
        for ((name, program), samples) in plugins.iter().zip(&mut samples) {
            let sample = measure(program).await.map_err(|error| format!("{name}: {error}"))?;
            if round > 0 {
                samples.push(sample);
            }
        }
    }
    Ok(table(plugins, &samples))
}

/// A row's name, how to read it from a sample, and its unit.
type Row = (&'static str, fn(&Sample) -> f64, &'static str);

const ROWS: [Row; 4] = [
    ("process start to handshake", |sample| milliseconds(sample.handshake), "ms"),
    ("process start to full schema", |sample| milliseconds(sample.schema), "ms"),
    ("peak memory after the schema", |sample| kibibytes(sample.peak_memory) / 1024.0, "MiB"),
    ("schema size", |sample| kibibytes(sample.schema_bytes as u64) / 1000.0, "kB"),
];

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
fn kibibytes(count: u64) -> f64 {
    count as f64
}

fn table(plugins: &[(String, PathBuf)], samples: &[Vec<Sample>]) -> String {
    let names: Vec<&str> = plugins.iter().map(|(name, _)| name.as_str()).collect();
    let mut text = format!("| what | {} |", names.join(" | "));
    for name in &names[1..] {
        let _ = write!(text, " {} / {name} |", names[0]);
    }
    let _ = writeln!(text, "\n|{}", "---|".repeat(2 * names.len()));
    for (what, read, unit) in ROWS {
        let medians: Vec<f64> =
            samples.iter().map(|samples| median(samples.iter().map(read).collect())).collect();
        let _ = write!(text, "| {what} |");
        for value in &medians {
            let _ = write!(text, " {value:.1} {unit} |");
        }
        for value in &medians[1..] {
            let _ = if *value < medians[0] {
                write!(text, " {:.1}x |", medians[0] / value)
            } else {
                write!(text, " 1/{:.1} |", value / medians[0])
            };
        }
        text += "\n";
    }
    text
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_shows_medians_and_ratios_to_the_first() {
        let sample = |milliseconds| Sample {
            handshake: Duration::from_millis(milliseconds),
            schema: Duration::from_millis(milliseconds * 2),
            schema_bytes: 1000,
            peak_memory: 1024,
        };
        let plugins = [("ours".to_owned(), PathBuf::new()), ("peer".to_owned(), PathBuf::new())];
        let samples = [vec![sample(9), sample(1), sample(2)], vec![sample(20), sample(20), sample(90)]];
        let table = table(&plugins, &samples);
        assert!(table.contains("| process start to handshake | 2.0 ms | 20.0 ms | 1/10.0 |"), "{table}");
        let other_way = super::table(&plugins, &[samples[1].clone(), samples[0].clone()]);
        assert!(
            other_way.contains("| process start to handshake | 20.0 ms | 2.0 ms | 10.0x |"),
            "{other_way}"
        );
        assert!(table.contains("| process start to full schema | 4.0 ms | 40.0 ms | 1/10.0 |"), "{table}");
    }
}
