//! The table `dataplane.target_tls`: whom targets of TLS groups must be to be believed.

use std::path::Path;

use dataplane::{Authorities, TargetName, TargetTls};

use super::{
    kind::{Parsed, Text},
    reader::Table,
};

/// Reads the table, if there is one: without it any certificate of a target is taken.
pub(super) fn read(dataplane: &mut Table<'_>, folder: &Path) -> TargetTls {
    let mut tls = TargetTls::default();
    let Some(mut table) = dataplane.table("target_tls") else { return tls };
    if let Some(file) = table.optional("ca_file", &Text("the path of a file in PEM form")) {
        tls.authorities = authorities(&table, &folder.join(file));
    }
    let name = Parsed("a host name or an address such as \"targets.example.com\"");
    tls.server_name = table.optional::<TargetName>("server_name", &name);
    table.finish();
    tls
}

fn authorities(table: &Table<'_>, path: &Path) -> Option<Authorities> {
    const KEY: &str = "ca_file";
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) => {
            table.report(KEY, format!("cannot read {}: {error}", path.display()));
            return None;
        }
    };
    Authorities::of_pem(&text)
        .map_err(|error| table.report(KEY, format!("{}: {error}", path.display())))
        .ok()
}
