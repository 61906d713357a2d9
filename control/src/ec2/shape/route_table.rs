//! A route table as EC2 shows it, with the local routes that every one has.

use std::sync::Arc;

use control_core::{
    describe::View,
    resource::{RouteTable, RouteTargetKind},
};
use ipnet::IpNet;
use model::{RouteTableAssociationId, RouteTableId, SubnetId};

use super::super::{
    describe::{Identified, Listed},
    route_input::target_element,
    tag,
};
use crate::query::{Subject, Xml};

/// A route table of the caller's.
pub(in crate::ec2) struct RouteTableView {
    table: Arc<RouteTable>,
    /// The VPC's blocks.
    local: Vec<IpNet>,
}

impl RouteTableView {
    /// The table as its owner sees it.
    pub(in crate::ec2) fn new(view: View<'_>, table: &Arc<RouteTable>) -> Self {
        let vpc = view.vpc(table.vpc).ok();
        let local = vpc.into_iter().flat_map(|vpc| vpc.blocks()).collect();
        Self { table: Arc::clone(table), local }
    }

    /// All routes, the local ones first: destination, element of the target, target, origin.
    fn routes(&self) -> Vec<(IpNet, &'static str, &str, &'static str)> {
        let gateway = target_element(RouteTargetKind::Gateway);
        let local = self.local.iter().map(|cidr| (*cidr, gateway, "local", "CreateRouteTable"));
        let own = self.table.routes.iter().map(|route| {
            (route.destination, target_element(route.kind), &*route.target, "CreateRoute")
        });
        local.chain(own).collect()
    }

    /// All associations: the one that makes it the main table names no subnet.
    fn associations(&self) -> Vec<(RouteTableAssociationId, Option<SubnetId>)> {
        let main = self.table.main.map(|id| (id, None));
        let own = self.table.associations.iter().map(|(id, subnet)| (*id, Some(*subnet)));
        main.into_iter().chain(own).collect()
    }

    fn route_values(&self, element: &str) -> Vec<String> {
        let routes = self.routes().into_iter();
        let fitting = routes.filter(|(_, target, ..)| *target == element);
        fitting.map(|(.., target, _)| target.to_owned()).collect()
    }
}

impl Subject for RouteTableView {
    fn values(&self, filter: &str) -> Vec<String> {
        let table = &self.table;
        let associations = || self.associations().into_iter();
        match filter {
            "association.main" => {
                associations().map(|(_, subnet)| subnet.is_none().to_string()).collect()
            }
            "association.route-table-association-id" => {
                associations().map(|(id, _)| id.to_string()).collect()
            }
            "association.route-table-id" => associations().map(|_| table.id.to_string()).collect(),
            "association.subnet-id" => {
                associations().filter_map(|(_, subnet)| Some(subnet?.to_string())).collect()
            }
            "owner-id" => vec![table.owner.to_string()],
            "route-table-id" => vec![table.id.to_string()],
            "route.destination-cidr-block" => {
                let routes = self.routes().into_iter().map(|(to, ..)| to);
                routes.filter(|to| to.addr().is_ipv4()).map(|to| to.to_string()).collect()
            }
            "route.destination-ipv6-cidr-block" => {
                let routes = self.routes().into_iter().map(|(to, ..)| to);
                routes.filter(|to| to.addr().is_ipv6()).map(|to| to.to_string()).collect()
            }
            "route.gateway-id" => self.route_values(target_element(RouteTargetKind::Gateway)),
            "route.nat-gateway-id" => {
                self.route_values(target_element(RouteTargetKind::NatGateway))
            }
            "route.origin" => {
                self.routes().into_iter().map(|(.., origin)| origin.to_owned()).collect()
            }
            "route.state" => vec!["active".into()],
            "vpc-id" => vec![table.vpc.to_string()],
            _ => Vec::new(),
        }
    }

    fn tags(&self) -> Vec<(&str, &str)> {
        tag::pairs(&self.table.tags)
    }
}

impl Listed for RouteTableView {
    const FILTERS: &[&str] = &[
        "association.main",
        "association.route-table-association-id",
        "association.route-table-id",
        "association.subnet-id",
        "owner-id",
        "route-table-id",
        "route.destination-cidr-block",
        "route.destination-ipv6-cidr-block",
        "route.gateway-id",
        "route.nat-gateway-id",
        "route.origin",
        "route.state",
        "tag-key",
        "vpc-id",
    ];
    const SET: &str = "routeTableSet";

    fn key(&self) -> String {
        self.table.id.to_string()
    }

    fn all(view: View<'_>) -> Vec<Self> {
        view.route_tables().map(|table| Self::new(view, table)).collect()
    }

    fn write(&self, xml: &mut Xml) {
        let table = &self.table;
        xml.value("routeTableId", table.id);
        xml.value("vpcId", table.vpc);
        xml.value("ownerId", &table.owner);
        xml.list("routeSet", "item", self.routes(), |xml, (to, element, target, origin)| {
            match to {
                IpNet::V4(to) => xml.value("destinationCidrBlock", to),
                IpNet::V6(to) => xml.value("destinationIpv6CidrBlock", to),
            }
            xml.text(element, target);
            xml.text("state", "active");
            xml.text("origin", origin);
        });
        xml.list("associationSet", "item", self.associations(), |xml, (id, subnet)| {
            xml.value("routeTableAssociationId", id);
            xml.value("routeTableId", table.id);
            xml.option("subnetId", subnet);
            xml.value("main", subnet.is_none());
            write_state(xml);
        });
        xml.values("propagatingVgwSet", "item", [""; 0]);
        tag::write(xml, &table.tags);
    }
}

impl Identified for RouteTableView {
    type Id = RouteTableId;
    const IDS: &str = "RouteTableId";

    fn find(view: View<'_>, id: RouteTableId) -> Option<Self> {
        view.route_table(id).ok().map(|table| Self::new(view, table))
    }
}

/// Writes the state of an association: there is nothing to wait for.
pub(in crate::ec2) fn write_state(xml: &mut Xml) {
    xml.element("associationState", |xml| xml.text("state", "associated"));
}
