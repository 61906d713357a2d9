//! What all Describe operations do alike: ids or everything, filters, pages. Does not know the
//! resources: each is a [`Listed`].

use control_core::describe::View;

use super::id::{WireId, ids, not_found};
use crate::{
    api::Call,
    query::{Fault, Filters, Input, PageRequest, Subject, Xml},
};

/// A resource as EC2 shows it.
pub(super) trait Listed: Subject + Sized + 'static {
    /// Names of its filters; `tag-key` stands for `tag:KEY` too.
    const FILTERS: &[&str];
    /// The element of the list.
    const SET: &str;

    /// What pages are ordered by: unique, and the same as long as the resource lives.
    fn key(&self) -> String;
    /// All that the caller sees, in the order of their keys.
    fn all(view: View<'_>) -> Vec<Self>;
    /// At least those that the filters admit and that follow a key, in the order of their keys.
    /// What there may be very many of looks at no more than it must.
    fn candidates<'a>(
        view: View<'a>,
        _filters: &Filters,
        _after: Option<&str>,
    ) -> Box<dyn Iterator<Item = Self> + 'a> {
        Box::new(Self::all(view).into_iter())
    }
    /// Looks up what is shown but neither filtered nor ordered by: done only for what a page shows.
    fn complete(&mut self, _view: View<'_>) {}
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
    if ids.is_empty() {
        return Ok(listing.page::<V>(call, view));
    }
    let find = |id| V::find(view, id).ok_or_else(|| not_found(id));
    let listed = ids.into_iter().map(find).collect::<Result<Vec<V>, _>>()?;
    Ok(listing.completed(call, view, listed))
}

/// Describes everything, of what cannot be asked for by id.
pub(super) fn list<V: Listed>(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let listing = Listing::read::<V>(call, &input, "")?;
    let ready = call.ready(&input)?;
    Ok(listing.page::<V>(call, ready.registry().view(call.caller())))
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

    /// The page of all that the caller sees.
    fn page<V: Listed>(&self, call: &Call<'_>, view: View<'_>) -> Xml {
        let all = V::candidates(view, &self.filters, self.page.after());
        self.completed(call, view, all)
    }

    fn completed<V: Listed>(
        &self,
        call: &Call<'_>,
        view: View<'_>,
        all: impl IntoIterator<Item = V>,
    ) -> Xml {
        let (mut page, token) = self.cut(call, all);
        page.iter_mut().for_each(|listed| listed.complete(view));
        Self::written(&page, token)
    }

    /// The page of those that pass the filters, and the token of the next page.
    pub(super) fn answer<V: Listed>(&self, call: &Call<'_>, all: Vec<V>) -> Xml {
        let (page, token) = self.cut(call, all);
        Self::written(&page, token)
    }

    fn written<V: Listed>(page: &[V], token: Option<String>) -> Xml {
        let mut xml = Xml::new();
        xml.list(V::SET, "item", page, |xml, listed| listed.write(xml));
        xml.option("nextToken", token);
        xml
    }

    /// The page itself, and the token of the next page.
    pub(super) fn cut<V: Listed>(
        &self,
        call: &Call<'_>,
        all: impl IntoIterator<Item = V>,
    ) -> (Vec<V>, Option<String>) {
        let admitted = all.into_iter().filter(|listed| self.filters.admit(listed));
        let page = self.page.cut(admitted, V::key);
        (page.items, call.next_token(page.last))
    }
}
