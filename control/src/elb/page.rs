//! What the Describe operations of ELBv2 do alike: names, or ARNs, or everything; pages.

use std::sync::Arc;

use crate::{
    api::Call,
    query::{Fault, PageRequest, Xml},
};

/// Writes a page of what was found.
pub(super) fn write<T>(
    call: &Call<'_>,
    page: &PageRequest,
    list: &str,
    mut found: Vec<&Arc<T>>,
    key: impl Fn(&T) -> String,
    mut write: impl FnMut(&mut Xml, &T),
) -> Xml {
    found.sort_by_key(|one| key(one));
    found.dedup_by_key(|one| key(one));
    let page = page.cut(found.into_iter(), |one| key(one));
    let mut xml = Xml::new();
    xml.list(list, "member", page.items, |xml, one| write(xml, one));
    xml.option("NextMarker", call.next_token(page.last));
    xml
}

/// Those with one of the names; each name must be one's.
pub(super) fn named<'a, T>(
    all: impl Iterator<Item = &'a Arc<T>>,
    names: &[&str],
    name: impl Fn(&T) -> &str,
    missing: impl FnOnce() -> Fault,
) -> Result<Vec<&'a Arc<T>>, Fault> {
    let found: Vec<_> = all.filter(|one| names.contains(&name(one))).collect();
    if names.iter().all(|wanted| found.iter().any(|one| name(one) == *wanted)) {
        Ok(found)
    } else {
        Err(missing())
    }
}
