//! Compares what was wished with what is shown.

/// Whether both are the same; an error names the fields that differ.
pub(crate) fn same<T: PartialEq + std::fmt::Debug>(wished: &T, shown: &T) -> Result<(), String> {
    if wished == shown {
        return Ok(());
    }
    let (wished, shown) = (format!("{wished:?}"), format!("{shown:?}"));
    let lost: Vec<&str> = wished.split(", ").filter(|field| !shown.contains(field)).collect();
    Err(format!("{lost:?} of what was wished are not in {shown}"))
}
