//! Every format of the review of a plan, for the fuzz target. Panics where one breaks out of its form.
#![allow(clippy::unwrap_used, reason = "a broken promise is a panic, which is what a fuzzer looks for")]

use super::{Arguments, Format, Level, assemble, render, source};

/// The fewest characters that can be asked for.
const SHORT: u32 = 2_000;

/// Reviews a plan, or what is none.
pub(crate) fn check(bytes: &[u8]) {
    let plan = match source::read(bytes) {
        Ok(plan) => plan,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let review = assemble::assemble(&plan);
    let printed = |format, max_length| {
        let arguments = Arguments { plan: None, format, fail_on: Level::None, max_length };
        render(&review, &arguments, None).unwrap()
    };
    for most in [SHORT, 60_000] {
        let text = printed(Format::Markdown, most);
        assert!(text.chars().count() <= usize::try_from(most).unwrap(), "{most}: {text}");
    }
    for format in [Format::Json, Format::Sarif] {
        serde_json::from_str::<serde_json::Value>(&printed(format, SHORT)).unwrap();
    }
    let page = printed(Format::Html, SHORT);
    for part in ["<script", "<img", "<iframe"] {
        assert!(!page.contains(part), "{part}: {page}");
    }
    for line in printed(Format::Github, SHORT).lines() {
        assert!(
            ["::error ", "::warning ", "::notice "].iter().any(|start| line.starts_with(start)),
            "{line}"
        );
    }
}
