//! From targets to clients: answers wait for those of other flows in the same turn, and leave
//! together from the socket that their clients sent to.

use std::os::fd::AsFd as _;

use sys::packets::BURST;

use super::{Here, Udp, Worker};
use crate::{
    limit::Way,
    route::Key,
    udp::{
        metrics::{Count, Loss},
        post::{Fate, Item, post},
        socket,
    },
    worker::Queued,
};

/// Calls to receive from one target per turn.
const CALLS_MAX: usize = 8;
/// Messages asked for by a call: most flows have a single answer waiting.
const FEW: usize = 8;
/// After so many datagrams from a target the kernel is asked to join them.
const MANY: u64 = 64;

impl Worker {
    /// One turn of a flow's socket.
    pub(super) fn take_from_target(&mut self, udp: &mut Udp, here: Here) {
        let mut asked = FEW;
        for _ in 0..CALLS_MAX {
            if udp.answers.room() < asked {
                self.send_answers(udp);
            }
            let Udp { flows, answers, .. } = udp;
            let flow = flows.get_mut(here.place).filter(|it| it.generation == here.generation);
            let Some(flow) = flow else { return };
            let listener = flow.listener;
            if !flow.hears_joined && flow.to_client.datagrams > MANY {
                flow.hears_joined = true;
                // A kernel that can't gives every datagram for itself.
                let _ = sys::packets::join_received(flow.socket.as_fd());
            }
            let first = answers.len();
            match answers.receive(flow.socket.as_fd(), asked) {
                Ok(count) => {
                    udp.recipients.extend((first..first + count).map(|at| (listener, here, at)));
                    udp.flows.hear_target(here.place, self.now);
                    udp.heard = self.now;
                    if count < asked {
                        return;
                    }
                    asked = BURST;
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                Err(error) => {
                    let errno = rustix::io::Errno::from_io_error(&error);
                    if errno.is_some_and(socket::is_refusal) {
                        // What came before the refusal still goes out.
                        self.send_answers(udp);
                        self.turn_from_target(udp, here);
                        return;
                    }
                }
            }
        }
        if let Some(flow) = udp.flow(here)
            && !std::mem::replace(&mut flow.is_queued, true)
        {
            let Here { place, generation } = here;
            self.queue.push_back(Queued::Target { place, generation });
        }
    }

    /// Sends all answers that wait.
    pub(super) fn send_answers(&mut self, udp: &mut Udp) {
        if udp.recipients.is_empty() {
            return;
        }
        let mut recipients = std::mem::take(&mut udp.recipients);
        if !recipients.is_sorted() {
            recipients.sort_unstable();
        }
        for of_one in recipients.chunk_by(|a, b| a.0 == b.0) {
            self.send_down(udp, of_one[0].0, of_one);
        }
        recipients.clear();
        udp.recipients = recipients;
        udp.answers.clear();
    }

    /// Sends the answers that leave from one socket.
    fn send_down(&mut self, udp: &mut Udp, key: Key, recipients: &[(Key, Here, usize)]) {
        let Udp { listeners, flows, answers, .. } = udp;
        let Some(listener) = listeners.get(key) else { return };
        let Some(socket) = &listener.socket else { return };
        let (limits, moment) = (listener.limits.as_deref(), self.moment());
        let (mut items, mut whose, mut over) = (Vec::new(), Vec::new(), 0);
        for (_, here, at) in recipients {
            let flow = flows.get(here.place).filter(|it| it.generation == here.generation);
            // A flow that ended since has no more to say.
            let Some((flow, message)) = flow.zip(answers.get(*at)) else { continue };
            if limits.is_some_and(|it| !it.take_datagrams(moment, Way::ToClient, message.bytes())) {
                over += message.datagrams().count();
                continue;
            }
            for bytes in message.datagrams() {
                let to = Some(flow.client.0);
                items.push(Item { to, preface: &[], bytes, joins: flow.joins_down });
                whose.push(here.place);
            }
        }
        let (mut all, mut losses) = (Count::default(), Vec::new());
        post(socket.as_fd(), &items, |at, fate| {
            let sent = match fate {
                Fate::Sent | Fate::SentApart => items[at].bytes.len(),
                Fate::Failed(errno) => {
                    losses.push(Loss::of(errno));
                    return true;
                }
            };
            all.note(sent);
            if let Some(flow) = flows.get_mut(whose[at]) {
                flow.to_client.note(sent);
                flow.joins_down &= fate != Fate::SentApart;
            }
            true
        });
        udp.tally(key, self.now_ms, |tally| {
            tally.to_client.add(all);
            losses.into_iter().for_each(|loss| tally.lose(loss, 1));
            tally.lose(Loss::ByteRate, over);
        });
    }
}
