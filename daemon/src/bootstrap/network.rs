//! VPCs and subnets.

use control_core::{
    Command, Outcome, Tags,
    command::{CreateSubnet, CreateVpc, NewRule},
    resource::{self, Direction, Peer, Traffic},
};
use ipnet::IpNet;

use super::{BootstrapError, Run, lookup, other_outcome, same, tagged, tags, zone};
use crate::config::bootstrap::{Subnet, Vpc};

impl Run<'_> {
    pub(super) async fn vpc(&mut self, wanted: &Vpc) -> Result<(), BootstrapError> {
        let what = format!("VPC \"{}\"", wanted.key);
        let facts = tagged(self.registry().vpcs(), &wanted.account, &wanted.key, |vpc| {
            (&vpc.owner, &vpc.tags)
        });
        let vpc = if let Some(vpc) = facts {
            same(&what, "the network", &vpc.cidr, &wanted.cidr.trunc())?;
            vpc
        } else {
            let command = CreateVpc { cidr: wanted.cidr, ipv6: None, tags: tags(&wanted.key) };
            match self.submit(&what, &wanted.account, Command::CreateVpc(command)).await? {
                Outcome::Vpc(vpc) => vpc,
                _ => return Err(other_outcome(&what)),
            }
        };
        self.admit(&what, &vpc, &wanted.admit).await?;
        self.made.vpcs.insert(wanted.key.clone(), vpc);
        Ok(())
    }

    /// Adds what the VPC's default security group lacks to let clients in.
    async fn admit(
        &mut self,
        what: &str,
        vpc: &resource::Vpc,
        clients: &[IpNet],
    ) -> Result<(), BootstrapError> {
        let registry = self.registry();
        let mut groups = registry.security_groups_of(vpc.id);
        let Some(group) = groups.find(|it| it.is_default()) else { return Ok(()) };
        let wanted = clients.iter().map(|client| match client.trunc() {
            IpNet::V4(net) => Traffic::all(Direction::Ingress, Peer::Ipv4(net)),
            IpNet::V6(net) => Traffic::all(Direction::Ingress, Peer::Ipv6(net)),
        });
        let known: Vec<_> = group.rules.values().map(|rule| rule.traffic).collect();
        let lacking = wanted.filter(|traffic| !known.contains(traffic));
        let rule = |traffic| NewRule { traffic, description: None, tags: Tags::none() };
        let rules: Vec<_> = lacking.map(rule).collect();
        if !rules.is_empty() {
            let command = Command::AuthorizeSecurityGroup { group: group.id, rules };
            self.submit(what, &vpc.owner, command).await?;
        }
        Ok(())
    }

    pub(super) async fn subnet(&mut self, wanted: &Subnet) -> Result<(), BootstrapError> {
        let what = format!("subnet \"{}\"", wanted.key);
        let vpc = lookup(&self.made.vpcs, &wanted.vpc)?;
        let registry = self.registry();
        let found = tagged(registry.subnets(), &vpc.owner, &wanted.key, |subnet| {
            (&subnet.owner, &subnet.tags)
        });
        let zone = zone(registry.settings(), &wanted.zone);
        let subnet = if let Some(subnet) = found {
            same(&what, "the VPC", &subnet.vpc, &vpc.id)?;
            if let Some(cidr) = &subnet.cidr {
                same(&what, "the network", cidr, &wanted.cidr.trunc())?;
            }
            if let Some(zone) = registry.settings().zone_id(&vpc.owner, &zone) {
                same(&what, "the zone", &subnet.zone, zone)?;
            }
            subnet
        } else {
            let (vpc_id, zone, tags) = (vpc.id, Some(zone), tags(&wanted.key));
            let cidr = Some(wanted.cidr);
            let command = CreateSubnet { vpc: vpc_id, cidr, ipv6: None, zone, tags };
            match self.submit(&what, &vpc.owner, Command::CreateSubnet(command)).await? {
                Outcome::Subnet(subnet) => subnet,
                _ => return Err(other_outcome(&what)),
            }
        };
        self.made.subnets.insert(wanted.key.clone(), subnet);
        Ok(())
    }
}
