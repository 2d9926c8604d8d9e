//! What helm means by what it prints when it fails. Pure. Helm 3 and 4 word most errors alike; where they do not, both
//! wordings are looked for.

use super::error::{Error, Operation};

/// The error that helm's standard error tells. What is not recognised stays in helm's own words.
pub(super) fn failure(operation: Operation, code: i32, stderr: &str) -> Error {
    let message = message(stderr);
    of_chart(&message)
        .or_else(|| of_release(&message))
        .or_else(|| of_server(&message))
        .unwrap_or(Error::Failed { operation, code, message })
}

/// The error of the text, without helm's frame around it; the whole text when there is none. It begins with the first
/// line that says so, as a chart's own words after it may have lines like that, too.
pub(super) fn message(stderr: &str) -> String {
    const START: &str = "Error: ";
    let at_line = stderr.find(&format!("\n{START}")).map(|line| line + 1);
    let start = if stderr.starts_with(START) { Some(0) } else { at_line };
    let text = start.and_then(|start| stderr.get(start + START.len()..)).unwrap_or(stderr);
    let mut text = text.trim();
    for frame in ["INSTALLATION FAILED: ", "UPGRADE FAILED: "] {
        text = text.strip_prefix(frame).unwrap_or(text);
    }
    text.trim_end_matches("Use --debug flag to render out invalid YAML").trim_end().to_owned()
}

/// Errors that the chart and its values cause, whatever Kubernetes cluster it is for.
fn of_chart(message: &str) -> Option<Error> {
    let owned = || message.to_owned();
    if let Some((_, list)) = message.split_once("values don't meet the specifications of the schema(s)") {
        let list = list.split_once('\n').map_or(list, |(_, list)| list);
        return Some(Error::Values { message: list.trim_end().to_owned() });
    }
    if let Some((_, rest)) = message.split_once("execution error at (")
        && let Some((location, words)) = rest.split_once("): ")
    {
        return Some(Error::ChartRefused { message: words.trim().to_owned(), location: location.to_owned() });
    }
    if message.contains("chart requires kubeVersion: ") {
        return Some(Error::KubernetesVersion { message: owned() });
    }
    let of_template = [
        "parse error at (",
        "parse error in (",
        "execution error in (",
        "template: ",
        "error calling ",
        "executing \"",
        "YAML parse error on ",
        "error converting YAML to JSON",
        "error parsing YAML",
        "MalformedYAMLError",
    ];
    if of_template.iter().any(|sign| message.contains(sign)) {
        return Some(Error::Template { message: owned() });
    }
    let of_chart = [
        "charts are not installable",
        "found in Chart.yaml, but missing in charts/ directory",
        "Chart.yaml file is missing",
        "validation: chart.metadata",
        "does not appear to be a gzipped archive",
    ];
    of_chart.iter().any(|sign| message.contains(sign)).then(|| Error::Chart { message: owned() })
}

/// Errors about what is stored of the release.
fn of_release(message: &str) -> Option<Error> {
    let message = message.to_owned();
    let has = |sign: &str| message.contains(sign);
    Some(if has("cannot be imported into the current release") || has("cannot be owned: ") {
        Error::NotOwned { message }
    } else if has("another operation (install/upgrade/rollback) is in progress")
        || has("release: already exists")
    {
        Error::Busy { message }
    } else if has("cannot re-use a name that is still in use")
        || has("cannot reuse a name that is still in use")
    {
        Error::NameInUse { message }
    } else if has("release: not found")
        || (has("release has no ") && has(" version"))
        || has("is already deleted")
    {
        Error::ReleaseMissing { message }
    } else if has("Too long: may not be more than")
        || has("request is too large")
        || has("Request entity too large")
        || has("trying to send message larger than max")
    {
        Error::TooLarge { message }
    } else {
        return None;
    })
}

/// Errors of the API server and on the way to it.
fn of_server(message: &str) -> Option<Error> {
    let message = message.to_owned();
    let has = |sign: &str| message.contains(sign);
    let unreachable = [
        "Kubernetes cluster unreachable",
        "connection refused",
        "dial tcp",
        "no such host",
        "i/o timeout",
        "TLS handshake",
        "x509: ",
        "net/http: ",
        "connection reset by peer",
    ];
    let namespace = between(&message, "namespaces \"", "\" not found").map(str::to_owned);
    Some(if has("getting credentials: ") || has("provide credentials") || has("Unauthorized") {
        Error::Unauthenticated { message }
    } else if has("is forbidden: User \"") && has(" cannot ")
        || has("grant RBAC permissions not currently held")
    {
        Error::Forbidden { message }
    } else if has("no matches for kind") || has("ensure CRDs are installed first") {
        Error::KindMissing { message }
    } else if let Some(namespace) = namespace {
        Error::NamespaceMissing { namespace }
    } else if unreachable.iter().any(|sign| has(sign)) {
        Error::Unreachable { message }
    } else {
        return None;
    })
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(found, _)| found).filter(|found| !found.contains(['"', '\n']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(stderr: &str) -> String {
        let debug = format!("{:?}", failure(Operation::Upgrade, 1, stderr));
        debug.split([' ', '{']).next().unwrap().to_owned()
    }

    #[test]
    fn what_helm_says_is_told_by_meaning() {
        let cases = [
            ("Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress", "Busy"),
            ("Error: INSTALLATION FAILED: cannot re-use a name that is still in use", "NameInUse"),
            ("Error: cannot reuse a name that is still in use", "NameInUse"),
            ("Error: uninstall: Release not loaded: x: release: not found", "ReleaseMissing"),
            ("Error: release has no 7 version", "ReleaseMissing"),
            (
                "Error: Unable to continue with install: ConfigMap \"a\" in namespace \"b\" exists and cannot be imported into the \
                 current release: invalid ownership metadata; annotation validation error: key must equal",
                "NotOwned",
            ),
            (
                "Error: create: failed to create: Secret \"sh.helm.release.v1.x.v1\" is invalid: data: Too long: may not be more \
                 than 1048576 bytes",
                "TooLarge",
            ),
            (
                "Error: UPGRADE FAILED: query: failed to query with labels: secrets is forbidden: User \"jane\" cannot list \
                 resource \"secrets\" in API group \"\" in the namespace \"b\"",
                "Forbidden",
            ),
            (
                "Error: 1 error occurred:\n\t* roles.rbac.authorization.k8s.io \"a\" is forbidden: user \"jane\" (groups=[\"b\"]) is \
                 attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"\"]}",
                "Forbidden",
            ),
            ("Error: pods \"a\" is forbidden: exceeded quota: q, requested: cpu=2", "Failed"),
            (
                "Error: Kubernetes cluster unreachable: Get \"https://x/version\": dial tcp 127.0.0.1:1: connect: connection \
                 refused",
                "Unreachable",
            ),
            (
                "Error: Kubernetes cluster unreachable: Get \"https://x/version\": getting credentials: exec: executable p failed \
                 with exit code 1",
                "Unauthenticated",
            ),
            (
                "Error: Kubernetes cluster unreachable: the server has asked for the client to provide credentials",
                "Unauthenticated",
            ),
            (
                "Error: unable to build kubernetes objects from release manifest: resource mapping not found for name: \"x\" \
                 namespace: \"\" from \"\": no matches for kind \"Widget\" in version \"example.com/v1\"\nensure CRDs are installed \
                 first",
                "KindMissing",
            ),
            ("Error: create: failed to create: namespaces \"nowhere\" not found", "NamespaceMissing"),
            (
                "Error: chart requires kubeVersion: >=1.22.0-0 which is incompatible with Kubernetes v1.20.0",
                "KubernetesVersion",
            ),
            ("Error: parse error at (c/templates/x.yaml:2): unclosed action", "Template"),
            (
                "Error: YAML parse error on c/templates/x.yaml: error converting YAML to JSON: yaml: line 3",
                "Template",
            ),
            (
                "Error: template: c/templates/x.yaml:1:3: executing \"c\" at <.Values.a.b>: nil pointer evaluating",
                "Template",
            ),
            (
                "Error: c/templates/x.yaml:1:10\n  executing \"c/templates/x.yaml\" at <.Values.a.b.c>:\n    nil pointer evaluating",
                "Template",
            ),
            ("Error: library charts are not installable", "Chart"),
            ("Error: something else", "Failed"),
            ("panic: out of words", "Failed"),
        ];
        for (stderr, expected) in cases {
            assert_eq!(kind(stderr), expected, "{stderr}");
        }
    }

    #[test]
    fn the_chart_s_own_words_come_without_helms_frame() {
        let refused = failure(
            Operation::Render,
            1,
            "level=WARN msg=x\nError: execution error at (kubeblocks/templates/_helpers.tpl:12:4): provider must be one of: aws\n\n\
             Use --debug flag to render out invalid YAML",
        );
        let Error::ChartRefused { message, location } = refused else { panic!("{refused:?}") };
        assert_eq!(message, "provider must be one of: aws");
        assert_eq!(location, "kubeblocks/templates/_helpers.tpl:12:4");

        let refused = failure(
            Operation::Render,
            1,
            "Error: values don't meet the specifications of the schema(s) in the following chart(s):\nc:\n- replicas: Invalid \
             type. Expected: integer, given: string\n",
        );
        let Error::Values { message } = refused else { panic!("{refused:?}") };
        assert_eq!(message, "c:\n- replicas: Invalid type. Expected: integer, given: string");
    }

    #[test]
    fn the_error_counts_and_warnings_before_it_do_not() {
        let text = "W1 warning: Error: no\nError: the chart says\nError: its own\nand more\n";
        assert_eq!(message(text), "the chart says\nError: its own\nand more");
        assert_eq!(message("Error: UPGRADE FAILED: at once"), "at once");
        assert_eq!(message("no frame\n"), "no frame");
    }
}
