//! The small grammars: quantities, retentions, moments, schedules, names, ids of imports.
#![no_main]

use std::str::FromStr as _;

use kubeblocks_provider::resources::{cluster, object};
use kubeblocks_schemas::quantity::Quantity;
use kubeblocks_schemas::{cron, duration, names};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((choice, data)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(data) else { return };
    match choice % 8 {
        0 => {
            if let Ok(quantity) = Quantity::from_str(text) {
                // What is printed means the same.
                assert_eq!(Quantity::from_str(&quantity.to_string()).as_ref(), Ok(&quantity), "{text:?}");
            }
        }
        1 => drop(duration::parse_retention_period(text)),
        2 => drop(duration::parse_restore_time(text)),
        3 => drop(cron::check_cron(text)),
        4 => drop(names::check_name(names::NameKind::Object, text)),
        5 => drop((names::check_label_key(text), names::check_label_value(text))),
        6 => drop(cluster::import::parse_id(text)),
        _ => drop(object::import::parse_id(text)),
    }
});
