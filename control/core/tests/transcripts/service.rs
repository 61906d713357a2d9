//! Endpoint services: from verbs to commands, and what of them is shown.

use std::sync::Arc;

use control_core::{
    Command,
    command::{CreateService, ModifyService},
    quota::{Quota, Quotas},
    resource::{CatalogEntry, Payer, ServiceName, ServiceType},
};
use model::{AccountId, PermissionId, RegionName, ServiceId};

use crate::{
    args::Args,
    session::Session,
    verb::{ids, ip_address_types, tags},
};

pub(crate) fn create(session: &Session, args: &mut Args<'_>) -> Command {
    Command::CreateService(CreateService {
        load_balancers: ids(session, args, "at"),
        acceptance_required: args.value("acceptance") != Some("automatic"),
        ip_address_types: ip_address_types(args, "type"),
        private_dns_name: args.read("private-dns"),
        supported_regions: regions(args, "regions").into_iter().collect(),
        catalog: args.value("catalog").map(|name| entry(name, args)),
        tags: tags(args),
        client_token: args.value("token").map(Arc::from),
    })
}

pub(crate) fn change(session: &Session, verb: &str, args: &mut Args<'_>) -> Command {
    match verb {
        "take-charges" => Command::TakeServiceCharges { service: session.id(args.word()) },
        "pay" => Command::ModifyEndpointPayer {
            endpoint: session.id(args.word()),
            service: args.value("service").map(|it| session.id(it)),
            payer: match args.value("payer") {
                Some("service") => Payer::ServiceOwner,
                _ => Payer::EndpointOwner,
            },
        },
        _ => modify(session, args),
    }
}

fn modify(session: &Session, args: &mut Args<'_>) -> Command {
    let mut modify = ModifyService::of(session.id(args.word()));
    modify.acceptance_required = args.value("acceptance").map(|it| it == "required");
    modify.add_load_balancers = ids(session, args, "add");
    modify.remove_load_balancers = ids(session, args, "remove");
    modify.private_dns_name = args.value("private-dns").map(|it| match it {
        "none" => None,
        name => Some(name.parse().unwrap()),
    });
    modify.add_ip_address_types = ip_address_types(args, "add-type");
    modify.remove_ip_address_types = ip_address_types(args, "remove-type");
    modify.add_regions.extend(regions(args, "add-regions"));
    modify.remove_regions.extend(regions(args, "remove-regions"));
    modify.catalog = args.value("catalog").map(|name| match name {
        "none" => None,
        name => Some(entry(name, args)),
    });
    Command::ModifyService(modify)
}

fn regions(args: &mut Args<'_>, key: &str) -> Vec<RegionName> {
    args.list(key).into_iter().map(|it| it.parse().unwrap()).collect()
}

/// `catalog=NAME names=a,b kind=gateway base=DOMAIN`.
fn entry(name: &str, args: &mut Args<'_>) -> CatalogEntry {
    let name = ServiceName(name.into());
    let base = args
        .read("base")
        .or_else(|| CatalogEntry::usual_base_name(&name, &"us-east-1".parse().unwrap()));
    CatalogEntry {
        service_type: match args.value("kind") {
            Some("gateway") => ServiceType::Gateway,
            _ => ServiceType::Interface,
        },
        base_name: base.unwrap_or_else(|| "none.example".parse().unwrap()),
        private_dns_names: args.list("names").into_iter().map(|it| it.parse().unwrap()).collect(),
        policy_supported: true,
        name,
    }
}

/// The permission that `permission/SERVICE/PRINCIPAL` stands for.
pub(crate) fn permission(session: &Session, name: &str) -> PermissionId {
    let mut parts = name.splitn(3, '/').skip(1);
    let service: ServiceId = session.id(parts.next().unwrap());
    let principal = parts.next().unwrap().parse().unwrap();
    let mut permissions = session.registry.permissions_of(service);
    permissions.find(|it| it.principal == principal).unwrap().id
}

/// `NAME:LIMIT`, of everybody or of one account.
pub(crate) fn limit(quotas: &mut Quotas, account: Option<AccountId>, text: &str) {
    let (name, limit) = text.split_once(':').unwrap();
    let quota = *Quota::ALL.iter().find(|it| it.name() == name).unwrap();
    let limits = match account {
        Some(account) => quotas.accounts.entry(account).or_default(),
        None => &mut quotas.common,
    };
    limits.insert(quota, limit.parse().unwrap());
}
