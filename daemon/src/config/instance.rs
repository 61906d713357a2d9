//! The tables `instance`: where instances are that targets may be, and load balancers elsewhere.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use model::{AccountId, ZoneName};

use super::{
    bootstrap::OneOf,
    kind::{Kind, Parsed},
    reader::Table,
};

/// An instance, or a load balancer elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instance {
    /// Where it is.
    pub(crate) address: IpAddr,
    /// The zone it serves, if it is in no subnet here; none means all of them.
    pub(crate) zone: Option<ZoneName>,
    /// The account that alone may register it; none is everybody.
    pub(crate) account: Option<AccountId>,
}

/// Reads the list of tables, by id.
pub(super) fn read(root: &mut Table<'_>) -> BTreeMap<Arc<str>, Instance> {
    let account = OneOf::of("an account", root.names("accounts", "id"));
    let zone = OneOf::of("a zone", root.names("zones", "name"));
    let mut instances = BTreeMap::new();
    for mut table in root.tables("instance") {
        let id = table.required("id", &Id);
        let address =
            table.required("address", &Parsed("an address such as \"10.0.0.5\", without a port"));
        let zone = table.optional("zone", &zone).and_then(|zone| zone.parse().ok());
        let account = table.optional("account", &account).and_then(|account| account.parse().ok());
        if let Some(id) = &id
            && instances.contains_key(id)
        {
            table.report("id", "another instance has this id");
        }
        table.finish();
        if let (Some(id), Some(address)) = (id, address) {
            instances.insert(id, Instance { address, zone, account });
        }
    }
    instances
}

/// The id of an instance, or the ARN of a load balancer.
struct Id;

impl Kind<Arc<str>> for Id {
    fn expected(&self) -> String {
        "the id of an instance such as \"i-0123456789abcdef0\", or the ARN of a load balancer"
            .into()
    }

    fn read(&self, value: &toml::de::DeValue<'_>) -> Option<Arc<str>> {
        let text = value.as_str()?;
        let digits = text.strip_prefix("i-").filter(|it| (1..=32).contains(&it.len()));
        let is_instance = digits.is_some_and(|it| it.bytes().all(|b| b.is_ascii_alphanumeric()));
        let is_arn = text.starts_with("arn:") && text.contains(":loadbalancer/");
        (is_instance || is_arn).then(|| text.into())
    }
}
