//! What all Describe operations do alike: ids or everything, filters, pages. Does not know the
//! resources: each is a [`Listed`].

use control_core::describe::View;

use super::id::{WireId, ids, not_found};
use crate::{
    api::Call,
    query::{Fault, Filters, Input, PageRequest, Subject, Xml},
};

/// A resource as EC2 shows it.
pub(super) trait Listed: Subject + Sized {
    /// Names of its filters; `tag-key` stands for `tag:KEY` too.
    const FILTERS: &[&str];
    /// The element of the list.
    const SET: &str;

    /// What pages are ordered by: unique, and the same as long as the resource lives.
    fn key(&self) -> String;
    /// All that the caller sees, in the order of their keys.
    fn all(view: View<'_>) -> Vec<Self>;
    /// Its members.
    fn write(&self, xml: &mut Xml);
}

/// A resource that can be asked for by id.
pub(super) trait Identified: Listed {
    /// The type of its id.
    type Id: WireId;
    /// The name of the list of ids.
    const IDS: &str;

    /// The one with this id, if the caller sees it.
    fn find(view: View<'_>, id: Self::Id) -> Option<Self>;
}

/// Describes what has the ids asked for, or everything.
pub(super) fn describe<V: Identified>(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let mut ids: Vec<V::Id> = ids(&input, V::IDS)?;
    ids.sort_unstable();
    ids.dedup();
    let listing = Listing::read::<V>(call, &input, V::IDS)?;
    let ready = call.ready(&input)?;
    let view = ready.registry().view(call.caller());
    let listed = if ids.is_empty() {
        V::all(view)
    } else {
        let find = |id| V::find(view, id).ok_or_else(|| not_found(id));
        ids.into_iter().map(find).collect::<Result<_, _>>()?
    };
    Ok(listing.answer(call, listed))
}

/// Describes everything, of what cannot be asked for by id.
pub(super) fn list<V: Listed>(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let listing = Listing::read::<V>(call, &input, "")?;
    let ready = call.ready(&input)?;
    let all = V::all(ready.registry().view(call.caller()));
    Ok(listing.answer(call, all))
}

/// Filters and page of one request.
pub(super) struct Listing {
    filters: Filters,
    page: PageRequest,
}

impl Listing {
    /// Reads filters and page; `ids` is the name of the list of ids, if there is one.
    pub(super) fn read<V: Listed>(
        call: &Call<'_>,
        input: &Input<'_>,
        ids: &str,
    ) -> Result<Self, Fault> {
        let filters = Filters::read(input, V::FILTERS)?;
        Ok(Self { filters, page: call.page(input, ids)? })
    }

    /// The page of those that pass the filters, and the token of the next page.
    pub(super) fn answer<V: Listed>(&self, call: &Call<'_>, all: Vec<V>) -> Xml {
        let (page, token) = self.cut(call, all);
        let mut xml = Xml::new();
        xml.list(V::SET, "item", &page, |xml, listed| listed.write(xml));
        xml.option("nextToken", token);
        xml
    }

    /// The page itself, and the token of the next page.
    pub(super) fn cut<V: Listed>(&self, call: &Call<'_>, all: Vec<V>) -> (Vec<V>, Option<String>) {
        let admitted = all.into_iter().filter(|listed| self.filters.admit(listed));
        let page = self.page.cut(admitted, V::key);
        (page.items, call.next_token(page.last))
    }
}
