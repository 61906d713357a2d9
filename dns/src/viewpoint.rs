//! Whose view a client has, as far as the operator's settings and the sockets say.
//!
//! The addresses of VPCs come with the snapshot; here is what it cannot know: addresses that reach
//! us through a translation or a VPN, and addresses of our own that only one network can reach.

use std::net::{IpAddr, SocketAddr};

use dns_core::{Catalog, View};
use ipnet::IpNet;
use model::VpcId;

use crate::forward::Forward;

/// What an operator knows about a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// The network.
    pub vpc: VpcId,
    /// Addresses that its clients have here, beside its own.
    pub clients: Vec<IpNet>,
    /// Where to answer its clients alone, whatever their addresses are.
    pub listen: Option<SocketAddr>,
    /// Where to ask about names that are not ours; without it, where everyone's are asked.
    pub forward: Option<Forward>,
    /// Whether private names are for those alone who ask from elsewhere, at `listen` or from an
    /// address of `clients` (guide: "private DNS only for inbound resolver endpoint").
    pub private_names_inbound_only: bool,
}

impl Network {
    /// A network of which nothing is known beside the snapshot.
    pub fn new(vpc: VpcId) -> Self {
        let (clients, listen, forward) = (Vec::new(), None, None);
        Self { vpc, clients, listen, forward, private_names_inbound_only: false }
    }
}

/// What decides about the view of those who ask at one address.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Viewpoint {
    /// The client's address.
    Client,
    /// The address asked, which is in this network.
    Network(VpcId),
}

impl Viewpoint {
    /// What a client sees.
    pub(crate) fn view(self, catalog: &Catalog, client: IpAddr) -> &View {
        match self {
            Self::Client => catalog.view_of(client),
            Self::Network(vpc) => catalog.view_in(vpc, client),
        }
    }
}
