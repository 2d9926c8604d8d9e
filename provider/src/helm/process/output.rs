//! What helm prints: standard output up to a limit, of standard error the end, both without holding helm up. Each line
//! of standard error is logged, and no line leaves here with a secret in it.

use std::collections::VecDeque;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

use crate::helm::redact::Redaction;

/// The largest rendering that is read. The charts of KubeBlocks render to 1.6 MB.
pub(super) const STDOUT_LIMIT: usize = 32 << 20;
/// How much of the end of standard error is kept.
const STDERR_KEPT: usize = 64 << 10;
/// A line longer than this is read no further, so that a secret is never cut in two before it is looked for.
const LONGEST_LINE: u64 = 1 << 20;
/// How much of one line is kept.
const LINE_KEPT: usize = 16 << 10;

/// Standard output; nothing when it was larger than the limit. Reads to the end either way.
pub(super) async fn read_stdout(mut from: impl AsyncRead + Unpin) -> Option<Vec<u8>> {
    let mut kept = Vec::new();
    let limit = STDOUT_LIMIT as u64 + 1;
    // A pipe that breaks has ended, and how the process ended says the rest.
    let _ = (&mut from).take(limit).read_to_end(&mut kept).await;
    let _ = tokio::io::copy(&mut from, &mut tokio::io::sink()).await;
    (kept.len() <= STDOUT_LIMIT).then_some(kept)
}

/// The end of standard error, without secrets.
pub(super) async fn read_stderr(from: impl AsyncRead + Unpin, redaction: &Redaction) -> String {
    let mut reader = BufReader::new(from);
    let mut kept: VecDeque<String> = VecDeque::new();
    let mut size = 0;
    loop {
        let mut line = Vec::new();
        match (&mut reader).take(LONGEST_LINE).read_until(b'\n', &mut line).await {
            Ok(1..) => {}
            Ok(0) | Err(_) => break,
        }
        if line.last() != Some(&b'\n') && line.len() as u64 == LONGEST_LINE {
            skip_line(&mut reader).await;
        }
        let mut line = redaction.apply(String::from_utf8_lossy(&line).trim_end());
        tracing::debug!(target: "kubeblocks_provider::helm", "{line}");
        truncate(&mut line, LINE_KEPT);
        size += line.len() + 1;
        kept.push_back(line);
        while size > STDERR_KEPT {
            size -= kept.pop_front().map_or(size, |line| line.len() + 1);
        }
    }
    Vec::from(kept).join("\n")
}

async fn skip_line(reader: &mut (impl AsyncBufReadExt + Unpin)) {
    loop {
        let (skipped, ended) = match reader.fill_buf().await {
            Ok([]) | Err(_) => return,
            Ok(buffer) => match buffer.iter().position(|byte| *byte == b'\n') {
                Some(position) => (position + 1, true),
                None => (buffer.len(), false),
            },
        };
        reader.consume(skipped);
        if ended {
            return;
        }
    }
}

fn truncate(line: &mut String, limit: usize) {
    if line.len() > limit {
        line.truncate(line.floor_char_boundary(limit));
        line.push_str(" ...");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn standard_error_is_kept_from_its_end_and_without_secrets() {
        let lines = (0..9000).map(|number| format!("line {number} says hunter2\n"));
        let text = lines.chain(["Error: the end".to_owned()]).collect::<String>();
        let kept = read_stderr(text.as_bytes(), &Redaction::new(["hunter2"])).await;
        assert!(kept.len() <= STDERR_KEPT && kept.len() > STDERR_KEPT - 100, "{}", kept.len());
        assert!(kept.starts_with("line ") && kept.ends_with("says (sensitive)\nError: the end"));
        assert!(!kept.contains("hunter2"));
    }

    #[tokio::test]
    async fn a_line_without_an_end_is_cut_after_secrets_were_taken_out() {
        let mut text = vec![b'x'; 3 << 20];
        text.splice(LINE_KEPT - 3..LINE_KEPT - 3, b"hunter2".iter().copied());
        text.extend_from_slice(b"\nnext\n");
        let kept = read_stderr(text.as_slice(), &Redaction::new(["hunter2"])).await;
        assert!(kept.len() < LINE_KEPT + 20);
        assert!(!kept.contains("hun") && kept.ends_with("\nnext"));
    }

    #[tokio::test]
    async fn standard_output_beyond_the_limit_is_read_to_its_end_and_refused() {
        assert_eq!(read_stdout(b"a: b".as_slice()).await.as_deref(), Some(b"a: b".as_slice()));
        let mut much = tokio::io::repeat(b'x').take(STDOUT_LIMIT as u64 + 10);
        assert_eq!(read_stdout(&mut much).await, None);
        assert_eq!(much.limit(), 0);
    }
}
