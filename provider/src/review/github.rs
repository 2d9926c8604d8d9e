//! Annotations of GitHub Actions: one workflow command a finding. GitHub shows ten of each kind a step, so the last one
//! says what is left.

use super::kinds::Severity;
use super::model::Review;
use super::{escape, words};

/// How many of a kind GitHub shows.
const MOST: usize = 10;

/// The workflow commands, one a line.
pub(super) fn render(review: &Review) -> String {
    let summary = [words::headline(review).to_owned(), words::counts(review.counts), words::unknown(review)];
    let summary: Vec<&str> = summary.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    let mut text = command("notice", "Plan review", &summary.join(" "));
    for severity in [Severity::Error, Severity::Warning, Severity::Note] {
        let name = match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let found: Vec<_> =
            review.findings.iter().filter(|finding| finding.kind.severity() == severity).collect();
        // The summary is the first notice.
        let room = if severity == Severity::Note { MOST - 1 } else { MOST };
        let shown = if found.len() > room { room - 1 } else { found.len() };
        for finding in &found[..shown] {
            let address =
                finding.address.as_deref().map(|address| format!("{address}: ")).unwrap_or_default();
            text.push_str(&command(name, finding.kind.title(), &format!("{address}{}", finding.text)));
        }
        if shown < found.len() {
            let more = format!("{} more; see the review.", found.len() - shown);
            text.push_str(&command(name, "Plan review", &more));
        }
    }
    text
}

fn command(name: &str, title: &str, message: &str) -> String {
    format!("::{name} title={}::{}\n", escape::github_property(title), escape::github_message(message))
}

#[cfg(test)]
mod tests {
    use super::super::model::{Finding, FindingKind};
    use super::super::testing::review;
    use super::*;

    fn finding(kind: FindingKind, address: &str) -> Finding {
        Finding { kind, address: Some(address.to_owned()), text: "100% gone".to_owned() }
    }

    #[test]
    fn an_address_cannot_begin_another_command() {
        let mut review = review("{}");
        review.findings = vec![finding(FindingKind::DataLoss, "a[\"%0A::set-output x::\n::error::\"]")];
        let text = render(&review);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "::error title=Data loss::a[\"%250A::set-output x:: ::error::\"]: 100%25 gone");
        assert_eq!(lines.len(), 2);
    }

    #[test]
    fn of_each_kind_as_many_as_are_shown() {
        for (number, errors, last) in
            [(10, 10, "gone"), (11, 10, "2 more; see the review."), (30, 10, "21 more; see the review.")]
        {
            let mut review = review("{}");
            review.findings = (0..number).map(|_| finding(FindingKind::DataLoss, "a.b")).collect();
            let text = render(&review);
            assert_eq!(text.matches("::error").count(), errors);
            assert!(text.trim_end().ends_with(last), "{text}");
        }
        let mut review = review("{}");
        review.findings = (0..30).map(|_| finding(FindingKind::Drift, "a.b")).collect();
        assert_eq!(render(&review).matches("::notice").count(), 10);
    }
}
