//! The table of all cells, and the page that it has to equal.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use kubeblocks_schemas::catalogue::{Function, Support};

use super::engine::Engine;

/// What came of each cell.
#[derive(Debug, Default)]
pub(super) struct Table {
    cells: BTreeMap<(&'static str, String), &'static str>,
    /// How each function is declared, and what is seen.
    shown: BTreeMap<String, String>,
    notes: BTreeMap<String, Vec<&'static str>>,
}

impl Table {
    fn set(&mut self, engine: &'static str, function: Function, cell: &'static str) {
        let before = self.cells.insert((engine, function.to_string()), cell);
        assert!(before.is_none(), "{engine}: {function} is shown twice");
    }

    /// The function works.
    pub(super) fn shown(&mut self, engine: &'static str, function: Function, seen: &str) {
        self.set(engine, function, "yes");
        self.shown.insert(function.to_string(), seen.to_owned());
    }

    /// It is warned of, or refused.
    pub(super) fn refused(
        &mut self,
        engine: &'static str,
        function: Function,
        support: Support,
        severity: &str,
    ) {
        let cell = match (support, severity) {
            (Support::Unstated, _) => "unstated: warning",
            (_, "error") => "no: error",
            (_, _) => "no: warning",
        };
        self.set(engine, function, cell);
    }

    /// There is no way to ask for it.
    pub(super) fn nothing(&mut self, engine: &'static str, function: Function, why: &'static str) {
        self.set(engine, function, "no");
        let noted = self.notes.entry(format!("{function}: {why}")).or_default();
        noted.push(engine);
    }

    /// Holds the page to what was seen; `UPDATE_GOLDEN=1` writes it.
    pub(super) fn is_as_documented(&self, engines: &[Engine]) {
        let page = self.page(engines);
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/guides/support-matrix.md");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &page).expect("the page can be written");
        }
        let documented = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(documented, page, "{} is not what this run came to", path.display());
    }

    fn page(&self, engines: &[Engine]) -> String {
        let mut page = String::from(HEAD);
        page.push_str("\n| Engine |");
        for function in Function::ALL {
            let _ = write!(page, " {function} |");
        }
        page.push_str("\n|---|");
        page.push_str(&"---|".repeat(Function::ALL.len()));
        for engine in engines {
            let _ = write!(page, "\n| {} |", engine.name);
            for function in Function::ALL {
                let cell = self.cells.get(&(engine.name, function.to_string()));
                let cell = cell.unwrap_or_else(|| panic!("{}: {function} was not tried", engine.name));
                let _ = write!(page, " {cell} |");
            }
        }
        page.push_str("\n\n## How each function is declared, and what has to be seen\n\n| Function | Declared, and seen |\n|---|---|\n");
        for function in Function::ALL {
            let seen = self.shown.get(&function.to_string()).map_or("", String::as_str);
            let _ = writeln!(page, "| {function} | {seen} |");
        }
        page.push_str("\nWhere a cell says \"no\" alone, there is no way to ask for the function:\n\n");
        for (what, engines) in &self.notes {
            let _ = writeln!(page, "- {what}: {}.", engines.join(", "));
        }
        page
    }
}

const HEAD: &str = r#"---
page_title: "Support matrix"
subcategory: ""
description: |-
  Which function of KubeBlocks 0.7 works on which engine, as the last run of the tests has seen it.
---

# Support matrix

The table is written by a test that declares every function of every engine in HCL, applies it on the playground, and looks
for the effect on the objects. "yes": it was seen to work. "no: warning" and "no: error": KubeBlocks does not support it, and
`terraform validate` or `terraform plan` says so. "unstated": KubeBlocks says nothing of it, and a warning passes that on.
"#;
