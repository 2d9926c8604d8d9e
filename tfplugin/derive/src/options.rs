//! The words inside `#[tf(...)]`: reads them, each at most once unless it may repeat, and says which are not known.

use proc_macro2::Span;
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, ExprLit, Ident, Lit, LitInt, LitStr, Token};

/// One word, perhaps with a value: `required`, `rename = "type"`.
pub(crate) struct Entry {
    pub(crate) name: Ident,
    pub(crate) value: Option<Expr>,
}

impl syn::parse::Parse for Entry {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.call(<Ident as syn::ext::IdentExt>::parse_any)?;
        let value = if input.parse::<Option<Token![=]>>()?.is_some() { Some(input.parse()?) } else { None };
        Ok(Self { name, value })
    }
}

/// Every mistake found so far, to be shown together.
#[derive(Default)]
pub(crate) struct Mistakes(Option<Error>);

impl Mistakes {
    pub(crate) fn add(&mut self, span: Span, message: impl std::fmt::Display) {
        self.add_error(Error::new(span, message));
    }

    pub(crate) fn add_error(&mut self, error: Error) {
        match &mut self.0 {
            Some(first) => first.combine(error),
            None => self.0 = Some(error),
        }
    }

    pub(crate) fn into_result<T>(self, value: T) -> syn::Result<T> {
        self.0.map_or(Ok(value), Err)
    }
}

/// All entries of all `#[tf(...)]` among `attributes`. Unknown words become mistakes with the nearest known word.
pub(crate) fn entries(
    attributes: &[Attribute],
    known: &[&str],
    repeatable: &[&str],
    mistakes: &mut Mistakes,
) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("tf")) {
        match attribute.parse_args_with(Punctuated::<Entry, Token![,]>::parse_terminated) {
            Ok(parsed) => {
                for entry in parsed {
                    let name = entry.name.to_string();
                    if !known.contains(&name.as_str()) {
                        mistakes.add(entry.name.span(), unknown_word(&name, known));
                    } else if !repeatable.contains(&name.as_str())
                        && entries.iter().any(|other| other.name == name)
                    {
                        mistakes.add(entry.name.span(), format!("`{name}` is given twice"));
                    } else {
                        entries.push(entry);
                    }
                }
            }
            Err(error) => mistakes.add_error(error),
        }
    }
    entries
}

fn unknown_word(name: &str, known: &[&str]) -> String {
    let nearest = known
        .iter()
        .map(|word| (strsim::osa_distance(name, word), word))
        .filter(|(distance, word)| *distance <= word.len().max(name.len()) / 3)
        .min();
    match nearest {
        Some((_, word)) => format!("unknown option `{name}`; did you mean `{word}`?"),
        None => format!("unknown option `{name}`; the options are {}", known.join(", ")),
    }
}

/// Takes a word that stands alone.
pub(crate) fn flag(entry: &Entry, mistakes: &mut Mistakes) -> Span {
    if let Some(value) = &entry.value {
        mistakes.add(value.span(), format!("`{}` takes no value", entry.name));
    }
    entry.name.span()
}

/// Takes a word with an expression.
pub(crate) fn expression(entry: Entry, example: &str, mistakes: &mut Mistakes) -> Option<(Span, Expr)> {
    let span = entry.name.span();
    if entry.value.is_none() {
        mistakes.add(span, format!("`{name}` needs a value: `{name} = {example}`", name = entry.name));
    }
    Some((span, entry.value?))
}

/// Takes a word with a string.
pub(crate) fn string(entry: Entry, example: &str, mistakes: &mut Mistakes) -> Option<LitStr> {
    match expression(entry, example, mistakes)? {
        (_, Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => Some(text),
        (_, other) => {
            mistakes.add(other.span(), "expected a string");
            None
        }
    }
}

/// The words for what a change does, and the variants of `tfplugin::schema::Effect` that they name.
const EFFECTS: [(&str, &str); 7] = [
    ("in_place", "InPlace"),
    ("rolling_restart", "RollingRestart"),
    ("downtime", "Downtime"),
    ("data_loss", "DataLoss"),
    ("replace", "Replace"),
    ("refused", "Refused"),
    ("only_at_create", "OnlyAtCreate"),
];

/// Takes a word with one effect, or a list of them.
pub(crate) fn effects(entry: Entry, mistakes: &mut Mistakes) -> Vec<Ident> {
    let given = match expression(entry, "\"in_place\"", mistakes) {
        Some((_, Expr::Array(list))) => list.elems.into_iter().collect(),
        Some((_, single)) => vec![single],
        None => Vec::new(),
    };
    given.into_iter().filter_map(|effect| one_effect(&effect, mistakes)).collect()
}

fn one_effect(effect: &Expr, mistakes: &mut Mistakes) -> Option<Ident> {
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = effect else {
        mistakes.add(effect.span(), "expected a string");
        return None;
    };
    let word = text.value();
    let known = EFFECTS.iter().find(|(name, _)| *name == word);
    if known.is_none() {
        let names: Vec<&str> = EFFECTS.iter().map(|(name, _)| *name).collect();
        mistakes.add(text.span(), format!("`{word}` is no effect; they are {}", names.join(", ")));
    }
    known.map(|(_, variant)| Ident::new(variant, text.span()))
}

/// Takes a word with a whole number.
pub(crate) fn integer(entry: Entry, example: &str, mistakes: &mut Mistakes) -> Option<LitInt> {
    match expression(entry, example, mistakes)? {
        (_, Expr::Lit(ExprLit { lit: Lit::Int(number), .. })) => Some(number),
        (_, other) => {
            mistakes.add(other.span(), "expected a whole number");
            None
        }
    }
}

/// The text of the doc comments.
pub(crate) fn description(attributes: &[Attribute]) -> String {
    let lines: Vec<String> = attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("doc"))
        .filter_map(|attribute| match &attribute.meta.require_name_value().ok()?.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        })
        .map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned())
        .collect();
    lines.join("\n").trim().to_owned()
}
