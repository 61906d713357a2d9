//! UDP questions that have to wait: from the answering threads to tasks, and the replies back.
//!
//! A thread that answers never waits; it hands a question over if there is room and forgets it. The
//! reply leaves by the socket that the question came in by, from the address that was asked
//! (RFC 2181 4). Does not know who knows the answer.

use std::{
    io::{self, IoSlice},
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use dns_core::{Answer, ForwardPlan, Transport, View, aliases};
use model::VpcId;
use socket2::{MsgHdr, Socket};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};

use crate::{
    forward::Forwarder,
    metrics,
    responder::{Asked, Manner},
};

/// Questions that may wait to be taken up: a burst of what is under way at most. Further ones are
/// lost, as datagrams may be.
const WAITING_MAX: usize = 512;

/// A question that has to wait.
pub(crate) struct Question {
    pub(crate) bytes: Vec<u8>,
    pub(crate) plan: ForwardPlan,
    /// The network in whose view it is asked.
    pub(crate) vpc: Option<VpcId>,
    /// What we answer ourselves, if the name is an alias of ours to one that is not.
    pub(crate) aliases: Option<Vec<u8>>,
    pub(crate) peer: SocketAddr,
    pub(crate) local: Option<IpAddr>,
    /// Whether the client may have no more than the limit.
    pub(crate) is_limited: bool,
    pub(crate) socket: Arc<Socket>,
}

/// Room for aliases: sixteen of the longest names.
const ALIASES_LEN_MAX: usize = 16 << 9;

/// What we answer ourselves to a question that goes on to others, as its answer says: aliases of
/// ours, if any. Costs nothing if there are none.
pub(crate) fn aliases_of(view: &View, message: &[u8], answer: Answer) -> Option<Vec<u8>> {
    if !answer.is_alias {
        return None;
    }
    let mut buffer = vec![0; ALIASES_LEN_MAX];
    let len = aliases(view, message, &mut buffer)?.len();
    buffer.truncate(len);
    Some(buffer)
}

/// A place to hand questions over, and the end at which they come out.
pub(crate) fn channel() -> (mpsc::Sender<Question>, mpsc::Receiver<Question>) {
    mpsc::channel(WAITING_MAX)
}

/// Has questions answered until told to stop.
pub(crate) async fn serve(
    mut questions: mpsc::Receiver<Question>,
    (forwarder, manner): (Arc<Forwarder>, Arc<Manner>),
    mut stop: watch::Receiver<bool>,
) {
    let mut tasks = JoinSet::new();
    let lost = metrics::replies_lost();
    loop {
        while tasks.try_join_next().is_some() {}
        let question = tokio::select! {
            question = questions.recv() => question,
            _ = stop.changed() => None,
        };
        let Some(question) = question else { break };
        let (forwarder, manner) = (Arc::clone(&forwarder), Arc::clone(&manner));
        let lost = lost.clone();
        tasks.spawn(async move {
            let Question { bytes, plan, vpc, aliases, peer, local, is_limited, socket } = question;
            let transport = Transport::Udp;
            let reply = forwarder.reply(plan, &bytes, aliases.as_deref(), transport).await;
            let Some(mut reply) = reply else { return };
            let asked = Asked { message: &bytes, vpc, peer, transport, is_limited };
            manner.complete(asked, &mut reply);
            if let Err(error) = send(&socket, &reply, peer, local) {
                tracing::debug!(%error, "send a forwarded DNS reply");
                lost.increment(1);
            }
        });
    }
    tasks.shutdown().await;
}

/// Sends from a local address.
fn send(socket: &Socket, bytes: &[u8], to: SocketAddr, from: Option<IpAddr>) -> io::Result<()> {
    let (to, buffers) = (to.into(), [IoSlice::new(bytes)]);
    let control = from.map(packet_info).unwrap_or_default();
    let message = MsgHdr::new().with_addr(&to).with_buffers(&buffers).with_control(&control);
    socket.sendmsg(&message, 0).map(drop)
}

/// The control message that sets the source address: header, then `in_pktinfo` (ip(7)) or
/// `in6_pktinfo` (RFC 3542 6.1), with the interface left to routing.
fn packet_info(local: IpAddr) -> Vec<u8> {
    /// IPPROTO_IP and IP_PKTINFO; IPPROTO_IPV6 and IPV6_PKTINFO.
    const KINDS: [[i32; 2]; 2] = [[0, 8], [41, 50]];
    let (kind, info) = match local {
        IpAddr::V4(address) => (KINDS[0], [&[0; 4], &address.octets()[..], &[0; 4]].concat()),
        IpAddr::V6(address) => (KINDS[1], [&address.octets()[..], &[0; 4]].concat()),
    };
    let head_len = size_of::<usize>() + size_of_val(&kind);
    let mut control = (head_len + info.len()).to_ne_bytes().to_vec();
    kind.iter().for_each(|number| control.extend(number.to_ne_bytes()));
    control.extend(info);
    control.resize(control.len().next_multiple_of(size_of::<usize>()), 0);
    control
}
