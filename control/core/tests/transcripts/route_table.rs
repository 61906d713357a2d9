//! Route tables, in a script's words.

use control_core::{
    Command,
    resource::{Route, RouteTargetKind},
};

use crate::{args::Args, session::Session};

pub(crate) fn change(session: &Session, verb: &str, args: &mut Args<'_>) -> Command {
    if verb == "disassociate" {
        let association = args.word();
        // `main/vpc` is the association of the main table of a VPC, `of/table` a table's first.
        let found = association.split_once('/').map(|(which, name)| match which {
            "main" => {
                let mut tables = session.registry.route_tables_of(session.id(name));
                tables.find_map(|table| table.main).unwrap()
            }
            _ => {
                let table = session.registry.route_table(session.id(name)).unwrap();
                *table.associations.keys().next().unwrap()
            }
        });
        let association = found.unwrap_or_else(|| association.parse().unwrap());
        return Command::DisassociateRouteTable { association };
    }
    let table = args.word();
    // `main/vpc` is the one that the VPC was made with.
    let table = match table.split_once('/') {
        Some((_, vpc)) => {
            let mut tables = session.registry.route_tables_of(session.id(vpc));
            tables.find(|table| table.main.is_some()).unwrap().id
        }
        None => session.id(table),
    };
    match verb {
        "delete-route-table" => Command::DeleteRouteTable { table },
        "associate" => Command::AssociateRouteTable { table, subnet: session.id(args.word()) },
        "unroute" => Command::DeleteRoute { table, destination: args.word().parse().unwrap() },
        _ => Command::CreateRoute {
            table,
            route: Route {
                destination: args.word().parse().unwrap(),
                kind: RouteTargetKind::Gateway,
                target: args.word().into(),
            },
        },
    }
}
