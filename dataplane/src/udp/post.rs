//! Sending: datagrams in their order, as few calls as there can be.
//!
//! Does not know flows; it tells what became of each datagram, and is told whether to go on.

use std::{io::IoSlice, net::SocketAddr, ops::Range, os::fd::BorrowedFd};

use dataplane_core::udp_segments::{Run, runs};
use rustix::io::Errno;
use sys::packets::{Outgoing, send};

/// A datagram to be sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item<'a> {
    /// For whom; none on a connected socket.
    pub(crate) to: Option<SocketAddr>,
    /// What goes in front of it.
    pub(crate) preface: &'a [u8],
    /// What it says.
    pub(crate) bytes: &'a [u8],
    /// Whether the kernel may be given it together with others.
    pub(crate) joins: bool,
}

/// What became of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It was sent.
    Sent,
    /// It was sent by itself, as the kernel would not take it together with others.
    SentApart,
    /// It was not sent.
    Failed(Errno),
}

/// Sends the items; `told` hears of each, and tells whether to go on.
pub(crate) fn post(
    socket: BorrowedFd<'_>,
    items: &[Item<'_>],
    mut told: impl FnMut(usize, Fate) -> bool,
) {
    if let [item] = items {
        told(0, one(socket, item, Fate::Sent));
        return;
    }
    let (mut parts, mut ends) = (Vec::with_capacity(items.len()), Vec::with_capacity(items.len()));
    for item in items {
        if !item.preface.is_empty() {
            parts.push(IoSlice::new(item.preface));
        }
        parts.push(IoSlice::new(item.bytes));
        ends.push(parts.len());
    }
    let mut all = Vec::new();
    let describe = |at: usize| {
        let item: &Item<'_> = &items[at];
        (item.preface.len() + item.bytes.len(), item.joins.then_some(item.to))
    };
    runs(items.len(), describe, |run| all.push(run));
    let of = |Range { start, end }: &Range<usize>| {
        let first = start.checked_sub(1).map_or(0, |before| ends[before]);
        &parts[first..ends[end - 1]]
    };
    let outgoing = |run: &Run| Outgoing {
        to: items[run.datagrams.start].to,
        parts: of(&run.datagrams),
        segment: run.segment,
    };
    let messages: Vec<_> = all.iter().map(outgoing).collect();
    let mut rest = 0;
    while rest < messages.len() {
        let (sent, fate) = match send(socket, &messages[rest..]) {
            Ok(sent) => (sent.max(1), Fate::Sent),
            Err(error) => (1, Fate::Failed(Errno::from_io_error(&error).unwrap_or(Errno::IO))),
        };
        for run in &all[rest..rest + sent] {
            let is_apart = run.segment.is_some() && is_about_joining(fate);
            for at in run.datagrams.clone() {
                let fate = if is_apart { one(socket, &items[at], Fate::SentApart) } else { fate };
                if !told(at, fate) {
                    return;
                }
            }
        }
        rest += sent;
    }
}

/// Sends one item.
fn one(socket: BorrowedFd<'_>, item: &Item<'_>, sent: Fate) -> Fate {
    let parts = [IoSlice::new(item.preface), IoSlice::new(item.bytes)];
    match send(socket, &[Outgoing { to: item.to, parts: &parts, segment: None }]) {
        Ok(_) => sent,
        Err(error) => Fate::Failed(Errno::from_io_error(&error).unwrap_or(Errno::IO)),
    }
}

/// Whether the kernel would not join what it may take one by one: datagrams longer than the path
/// takes in one piece, or a device that can't.
fn is_about_joining(fate: Fate) -> bool {
    let errnos = [Errno::INVAL, Errno::IO, Errno::MSGSIZE, Errno::OPNOTSUPP, Errno::NOPROTOOPT]
        .map(Fate::Failed);
    errnos.contains(&fate)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd as _;

    use sys::packets::{BURST, Inbox, join_received};

    use super::*;

    fn pair() -> (socket2::Socket, socket2::Socket) {
        let both = [(); 2].map(|()| {
            let kind = socket2::Type::DGRAM.nonblocking();
            let socket = socket2::Socket::new(socket2::Domain::IPV4, kind, None).unwrap();
            socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
            socket
        });
        let [from, to] = both;
        from.connect(&to.local_addr().unwrap()).unwrap();
        (from, to)
    }

    fn item(bytes: &[u8]) -> Item<'_> {
        Item { to: None, preface: &[], bytes, joins: true }
    }

    #[test]
    fn what_is_posted_arrives_one_by_one_in_order() {
        let (from, to) = pair();
        join_received(to.as_fd()).unwrap();
        let texts: Vec<Vec<u8>> = (0_u8..100).map(|n| vec![n; usize::from(n / 10 * 7)]).collect();
        let mut items: Vec<_> = texts.iter().map(|text| item(text)).collect();
        items[50].preface = b"first ";
        let mut fates = Vec::new();
        post(from.as_fd(), &items, |at, fate| {
            fates.push((at, fate));
            true
        });
        assert_eq!(fates, (0..100).map(|at| (at, Fate::Sent)).collect::<Vec<_>>());
        let mut inbox = Inbox::new(200);
        while inbox.receive(to.as_fd(), BURST).is_ok() {}
        assert!(inbox.len() < 40, "{} messages", inbox.len());
        let messages = (0..inbox.len()).filter_map(|at| inbox.get(at));
        let arrived: Vec<_> = messages.flat_map(|it| it.datagrams().map(<[u8]>::to_vec)).collect();
        let mut expected = texts.clone();
        expected[50] = [b"first ", &texts[50][..]].concat();
        assert_eq!(arrived, expected);
    }

    #[test]
    fn a_failure_is_told_and_may_end_it() {
        let (from, to) = pair();
        let long = vec![0; 65_508];
        let items = [item(b"a"), item(&long), item(b"b")];
        let mut fates = Vec::new();
        post(from.as_fd(), &items, |_, fate| {
            fates.push(fate);
            true
        });
        assert_eq!(fates, [Fate::Sent, Fate::Failed(Errno::MSGSIZE), Fate::Sent]);
        drop(to);
        let mut told = Vec::new();
        for _ in 0..2 {
            post(from.as_fd(), &[item(b"a"), item(b"bc")], |at, fate| {
                told.push((at, fate));
                !matches!(fate, Fate::Failed(_))
            });
        }
        // Refusals come with the call after the one that they are about.
        assert!(told.contains(&(0, Fate::Failed(Errno::CONNREFUSED))), "{told:?}");
    }
}
