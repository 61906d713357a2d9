//! UDP in batches: `recvmmsg` and `sendmmsg`, with the local address of every datagram.
//!
//! A [`Batch`] owns room for a number of datagrams and their replies. One call receives what is
//! waiting, another sends the replies, each from the very address that its question was sent to
//! (RFC 2181 4): the kernel says which in a PKTINFO control message, and the same message, sent
//! back, sets it; a socket that is bound to one address needs none. Relies on a socket for which
//! [`tell_local_addresses`] was called, unless it is bound to one address, and that has
//! no other option that adds control messages. Does not know what the datagrams say.

use std::{
    cell::UnsafeCell,
    fmt, io, mem,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6},
    os::fd::{AsRawFd as _, BorrowedFd},
    ptr,
};

/// Length of the largest socket address, that of IPv6.
pub(crate) const NAME_LEN: usize = 28;
/// The same, as the kernel counts.
pub(crate) const NAME_LEN_FOR_KERNEL: libc::socklen_t = 28;
/// Length of the largest PKTINFO, that of IPv6, padded as control messages are.
const INFO_LEN: usize = 24;
/// Most slots of a batch: what Linux takes in one call (UIO_MAXIOV).
const SLOTS_MAX: u32 = 1024;

/// One received datagram.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'b> {
    /// What was sent; cut if it was longer than the batch's room for it.
    pub bytes: &'b [u8],
    /// Who sent it.
    pub peer: SocketAddr,
    /// Where it was sent to, if the kernel said.
    pub local: Option<IpAddr>,
}

/// Room for one datagram and its reply.
struct Slot {
    name: Name,
    control: Control,
    question: Box<[u8]>,
    reply: Box<[u8]>,
}

/// A socket address as the kernel writes it.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub(crate) struct Name(pub(crate) [u8; NAME_LEN]);

/// One control message as the kernel writes it.
#[repr(C)]
struct Control {
    head: libc::cmsghdr,
    info: [u8; INFO_LEN],
}

/// Room for a number of datagrams and their replies.
pub struct Batch {
    /// The kernel writes here through pointers that outlive any borrow, hence the cells.
    slots: Box<[UnsafeCell<Slot>]>,
    questions: Box<[UnsafeCell<libc::iovec>]>,
    answers: Box<[UnsafeCell<libc::iovec>]>,
    /// One header per slot, ready to receive into it.
    received: Box<[libc::mmsghdr]>,
    received_len: usize,
    /// Headers of the replies to send, packed.
    replies: Vec<libc::mmsghdr>,
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("slots", &self.slots.len()).finish_non_exhaustive()
    }
}

/// Makes the socket tell the local address of every datagram.
///
/// # Errors
///
/// When the system refuses the option.
pub fn tell_local_addresses(socket: BorrowedFd<'_>, is_ipv6: bool) -> io::Result<()> {
    let (level, option) = if is_ipv6 {
        (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO)
    } else {
        (libc::IPPROTO_IP, libc::IP_PKTINFO)
    };
    let on: libc::c_int = 1;
    let len = libc::socklen_t::try_from(size_of_val(&on)).unwrap_or(0);
    // SAFETY: the descriptor is open while borrowed; the pointer and length are those of a live
    // c_int. JUSTIFICATION: neither rustix nor socket2 offers these two options.
    let code = unsafe {
        libc::setsockopt(socket.as_raw_fd(), level, option, ptr::from_ref(&on).cast(), len)
    };
    if code == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

impl Batch {
    /// A batch of `slots` datagrams of at most `question_len` bytes and replies of at most
    /// `reply_len`.
    pub fn new(slots: u32, question_len: usize, reply_len: usize) -> Self {
        let slots: Box<[_]> = (0..slots.clamp(1, SLOTS_MAX))
            .map(|_| UnsafeCell::new(Slot::new(question_len, reply_len)))
            .collect();
        let questions = slots.iter().map(|slot| vector(slot, |slot| &mut slot.question)).collect();
        let answers = slots.iter().map(|slot| vector(slot, |slot| &mut slot.reply)).collect();
        let replies = Vec::with_capacity(slots.len());
        let mut batch =
            Self { slots, questions, answers, received: Box::new([]), received_len: 0, replies };
        batch.received = (0..batch.slots.len()).map(|index| batch.header(index)).collect();
        batch
    }

    /// The header with which a slot receives.
    fn header(&self, index: usize) -> libc::mmsghdr {
        let slot = self.slots[index].get();
        // SAFETY: the cell's pointer is valid, and taking a field's address reads nothing.
        // JUSTIFICATION: the kernel wants the addresses of fields in memory that stays where it is.
        let (name, control) = unsafe { (&raw mut (*slot).name, &raw mut (*slot).control) };
        // SAFETY: all-zero bytes are a valid mmsghdr: null pointers and zero numbers.
        // JUSTIFICATION: the type has private padding on some targets, so no literal can make it.
        let mut header: libc::mmsghdr = unsafe { mem::zeroed() };
        header.msg_hdr.msg_name = name.cast();
        header.msg_hdr.msg_namelen = NAME_LEN_FOR_KERNEL;
        header.msg_hdr.msg_iov = self.questions[index].get();
        header.msg_hdr.msg_iovlen = 1;
        header.msg_hdr.msg_control = control.cast();
        header.msg_hdr.msg_controllen = size_of::<Control>();
        header
    }

    /// Waits for datagrams and receives all that are there, up to the batch's slots.
    ///
    /// # Errors
    ///
    /// When the system call fails; [`io::ErrorKind::Interrupted`] among others.
    pub fn receive(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        for index in 0..mem::take(&mut self.received_len) {
            self.received[index] = self.header(index);
        }
        let count = libc::c_uint::try_from(self.received.len()).unwrap_or(SLOTS_MAX);
        // SAFETY: there are `count` headers, and each points to a slot of this batch, which is not
        // borrowed while `self` is borrowed mutably; the lengths are those of the slot's fields.
        // JUSTIFICATION: no safe crate offers recvmmsg.
        let received = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.received.as_mut_ptr(),
                count,
                libc::MSG_WAITFORONE,
                ptr::null_mut(),
            )
        };
        self.received_len = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
        Ok(self.received_len)
    }

    /// Has every received datagram answered: `answer` writes into the buffer and gives the length
    /// of the reply, 0 for none.
    pub fn answer_each(&mut self, mut answer: impl FnMut(Datagram<'_>, &mut [u8]) -> usize) {
        self.replies.clear();
        for index in 0..self.received_len {
            let header = self.received[index];
            // SAFETY: the kernel is done with the slot, and `self` is borrowed mutably, so this is
            // the only reference to it.
            // JUSTIFICATION: slots are behind cells, since the kernel writes to them.
            let slot = unsafe { &mut *self.slots[index].get() };
            let Some(peer) = slot.name.read(header.msg_hdr.msg_namelen) else { continue };
            let len = usize::try_from(header.msg_len).unwrap_or(0).min(slot.question.len());
            let local = slot.control.read(header.msg_hdr.msg_controllen);
            let datagram = Datagram { bytes: &slot.question[..len], peer, local };
            let len = answer(datagram, &mut slot.reply).min(slot.reply.len());
            if len > 0 {
                slot.control.turn_around();
                self.push_reply(index, len, header);
            }
        }
    }

    /// Adds the reply of a slot, which goes where its question came from.
    fn push_reply(&mut self, index: usize, len: usize, mut header: libc::mmsghdr) {
        // The pointer stays that of the slot's reply; a reply never outgrows it.
        self.answers[index].get_mut().iov_len = len;
        header.msg_hdr.msg_iov = self.answers[index].get();
        header.msg_hdr.msg_flags = 0;
        self.replies.push(header);
    }

    /// Sends all replies, and gives how many the system would not take: the socket's buffer is
    /// full, or there is no way back to the peer. Those are lost, as datagrams may be.
    pub fn send(&mut self, socket: BorrowedFd<'_>) -> usize {
        let mut lost = 0;
        let mut rest = self.replies.as_mut_slice();
        while !rest.is_empty() {
            let count = libc::c_uint::try_from(rest.len()).unwrap_or(SLOTS_MAX);
            // SAFETY: there are `count` headers, each pointing to a slot's name, control message
            // and reply, of which the first `iov_len` bytes are written; nothing else borrows
            // them. JUSTIFICATION: no safe crate offers sendmmsg.
            let sent = unsafe {
                libc::sendmmsg(socket.as_raw_fd(), rest.as_mut_ptr(), count, libc::MSG_DONTWAIT)
            };
            // Nothing sent: the first one is at fault, the next ones may pass.
            let sent = usize::try_from(sent).unwrap_or(0);
            lost += usize::from(sent == 0);
            rest = &mut rest[sent.max(1)..];
        }
        lost
    }
}

/// A vector that covers one of a slot's buffers.
fn vector(
    slot: &UnsafeCell<Slot>,
    buffer: impl FnOnce(&mut Slot) -> &mut Box<[u8]>,
) -> UnsafeCell<libc::iovec> {
    // SAFETY: the slot was just made and nothing else refers to it.
    // JUSTIFICATION: slots are behind cells, since the kernel writes to them.
    let buffer = buffer(unsafe { &mut *slot.get() });
    UnsafeCell::new(libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() })
}

impl Slot {
    fn new(question_len: usize, reply_len: usize) -> Self {
        Self {
            name: Name([0; NAME_LEN]),
            control: Control {
                head: libc::cmsghdr { cmsg_len: 0, cmsg_level: 0, cmsg_type: 0 },
                info: [0; INFO_LEN],
            },
            question: vec![0; question_len].into(),
            reply: vec![0; reply_len].into(),
        }
    }
}

impl Name {
    /// The address, if the kernel wrote one of a known family.
    pub(crate) fn read(&self, len: libc::socklen_t) -> Option<SocketAddr> {
        let [f0, f1, p0, p1, rest @ ..] = &self.0;
        let port = u16::from_be_bytes([*p0, *p1]);
        match (i32::from(u16::from_ne_bytes([*f0, *f1])), len) {
            (libc::AF_INET, 16..) => {
                let address: [u8; 4] = *rest.first_chunk()?;
                Some(SocketAddr::new(Ipv4Addr::from(address).into(), port))
            }
            (libc::AF_INET6, 28..) => {
                let (flow, rest) = rest.split_first_chunk::<4>()?;
                let (address, rest) = rest.split_first_chunk::<16>()?;
                let (flow, scope) =
                    (u32::from_be_bytes(*flow), u32::from_ne_bytes(*rest.first_chunk()?));
                Some(SocketAddrV6::new(Ipv6Addr::from(*address), port, flow, scope).into())
            }
            _ => None,
        }
    }
}

impl Name {
    /// Becomes an address, and tells its length.
    pub(crate) fn write(&mut self, addr: SocketAddr) -> libc::socklen_t {
        let family = if addr.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
        let family = u16::try_from(family).unwrap_or(0);
        self.0 = [0; NAME_LEN];
        self.0[..2].copy_from_slice(&family.to_ne_bytes());
        self.0[2..4].copy_from_slice(&addr.port().to_be_bytes());
        match addr {
            SocketAddr::V4(addr) => {
                self.0[4..8].copy_from_slice(&addr.ip().octets());
                16
            }
            SocketAddr::V6(addr) => {
                self.0[4..8].copy_from_slice(&addr.flowinfo().to_be_bytes());
                self.0[8..24].copy_from_slice(&addr.ip().octets());
                self.0[24..].copy_from_slice(&addr.scope_id().to_ne_bytes());
                NAME_LEN_FOR_KERNEL
            }
        }
    }
}

impl Control {
    /// The local address that the datagram was sent to.
    fn read(&self, len: usize) -> Option<IpAddr> {
        if len < size_of::<libc::cmsghdr>() {
            return None;
        }
        match (self.head.cmsg_level, self.head.cmsg_type) {
            // ifindex, local address, destination in the header
            (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                Some(Ipv4Addr::from(*self.info[4..].first_chunk::<4>()?).into())
            }
            // destination, ifindex
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                Some(Ipv6Addr::from(*self.info.first_chunk::<16>()?).into())
            }
            _ => None,
        }
    }

    /// Makes what was received fit to be sent: the source address is set, the interface is left to
    /// routing, but for link-local addresses, which mean nothing without theirs.
    fn turn_around(&mut self) {
        match (self.head.cmsg_level, self.head.cmsg_type) {
            (libc::IPPROTO_IP, libc::IP_PKTINFO) => self.info[..4].fill(0),
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO)
                if !(self.info[0] == 0xFE && self.info[1] & 0xC0 == 0x80) =>
            {
                self.info[16..20].fill(0);
            }
            _ => {}
        }
    }
}
