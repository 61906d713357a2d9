//! Address blocks of VPCs and subnets, in a script's words: `add-block net 10.1.0.0/16`,
//! `add-block net drawn`, `remove-block net 10.1.0.0/16`.

use control_core::{Command, ResourceId, command::NewBlock, describe::View};
use ipnet::IpNet;

use crate::{args::Args, session::Session};

pub(crate) fn new_block(text: &str) -> NewBlock {
    if text == "drawn" { NewBlock::Drawn } else { NewBlock::Named(text.parse().unwrap()) }
}

/// `add-block` and `remove-block`, of a VPC or a subnet by its name; an association that is written
/// out stands for itself.
pub(crate) fn blocks(session: &Session, verb: &str, args: &mut Args<'_>) -> Command {
    let (name, block) = (args.word(), args.words().pop());
    if let Ok(association) = name.parse() {
        return Command::DisassociateVpcBlock { association };
    }
    if let Ok(association) = name.parse() {
        return Command::DisassociateSubnetBlock { association };
    }
    let block = block.unwrap();
    let id = session.names.get(name).copied();
    match (verb, id) {
        ("add-block", Some(ResourceId::Vpc(vpc))) => {
            Command::AssociateVpcBlock { vpc, block: new_block(block) }
        }
        ("add-block", Some(ResourceId::Subnet(subnet))) => {
            Command::AssociateSubnetBlock { subnet, block: block.parse().unwrap() }
        }
        (_, Some(ResourceId::Vpc(vpc))) => {
            let vpc = session.registry.vpc(vpc).unwrap();
            let block: IpNet = block.parse().unwrap();
            let further = vpc.further.iter().find(|(_, it)| it.block == block);
            let association = further.map_or_else(|| vpc.first_association(), |(id, _)| *id);
            Command::DisassociateVpcBlock { association }
        }
        (_, Some(ResourceId::Subnet(subnet))) => {
            let subnet = session.registry.subnet(subnet).unwrap();
            Command::DisassociateSubnetBlock { association: subnet.ipv6.unwrap().association }
        }
        _ => panic!("{name} has no blocks"),
    }
}

/// What `show blocks` shows.
pub(crate) fn show(view: View<'_>) -> Vec<String> {
    let list =
        |blocks: Vec<IpNet>| blocks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let vpcs = view.vpcs().map(|it| format!("{} has {}", it.id, list(it.blocks().collect())));
    let subnets = view.subnets().map(|it| format!("{} has {}", it.id, list(it.blocks().collect())));
    vpcs.chain(subnets).collect()
}
