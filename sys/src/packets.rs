//! UDP in batches for a relay: `recvmmsg` into an [`Inbox`], `sendmmsg` out of whatever the caller
//! has, many datagrams of one size as one where the kernel can (UDP_GRO, UDP_SEGMENT; udp(7)).
//!
//! An [`Inbox`] fills up over several calls, from several sockets, until it is cleared; what is
//! sent is described by the caller anew for each call, so nothing outlives it. Relies on sockets
//! that have no option that adds control messages but UDP_GRO. Does not know flows.

use std::{
    io::{self, IoSlice},
    mem,
    net::SocketAddr,
    num::NonZeroU16,
    os::fd::{AsRawFd as _, BorrowedFd},
    ptr,
};

use crate::datagram::{NAME_LEN, NAME_LEN_FOR_KERNEL, Name};

/// Messages taken from the kernel, or given to it, by one call.
pub const BURST: usize = 32;
/// The largest datagram, or as many as the kernel joins, with room to spare.
const SLOT_BYTES: usize = 1 << 16;
/// From one slot to the next. More than a slot by an odd number of cache lines: beginnings that are
/// a power of two apart would all compete for the same few lines of the cache.
const STRIDE: usize = SLOT_BYTES + 17 * 64;

/// One control message with room for one number, as the kernel writes and reads it.
#[repr(C)]
#[derive(Clone, Copy)]
struct Control {
    head: libc::cmsghdr,
    value: [u8; 8],
}

const NO_CONTROL: Control =
    Control { head: libc::cmsghdr { cmsg_len: 0, cmsg_level: 0, cmsg_type: 0 }, value: [0; 8] };

/// What one message of an [`Inbox`] is.
#[derive(Clone, Copy, Debug)]
struct Note {
    len: usize,
    peer: Option<SocketAddr>,
    segment: usize,
}

/// Room for received messages.
#[derive(Debug)]
pub struct Inbox {
    bytes: Box<[u8]>,
    notes: Vec<Note>,
}

/// One received message: a datagram, or several of one sender that the kernel joined.
#[derive(Clone, Copy, Debug)]
pub struct Message<'b> {
    /// Who sent it; none on a connected socket of some kernels.
    pub peer: Option<SocketAddr>,
    bytes: &'b [u8],
    segment: usize,
}

impl<'b> Message<'b> {
    /// The bytes of all datagrams in it.
    pub fn bytes(self) -> u64 {
        u64::try_from(self.bytes.len()).unwrap_or(u64::MAX)
    }

    /// The datagrams in it.
    pub fn datagrams(self) -> impl Iterator<Item = &'b [u8]> {
        // An empty datagram is one, though it has nothing to be cut.
        let empty = self.bytes.is_empty().then_some(self.bytes);
        empty.into_iter().chain(self.bytes.chunks(self.segment))
    }
}

impl Inbox {
    /// Room for so many messages. Memory is used as it is filled.
    pub fn new(slots: usize) -> Self {
        Self { bytes: vec![0; slots * STRIDE].into(), notes: Vec::with_capacity(slots) }
    }

    /// How many messages there are.
    pub fn len(&self) -> usize {
        self.notes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.notes.is_empty()
    }

    /// How many more it takes.
    pub fn room(&self) -> usize {
        self.bytes.len() / STRIDE - self.notes.len()
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.notes.clear();
    }

    /// One of the messages.
    pub fn get(&self, at: usize) -> Option<Message<'_>> {
        let note = self.notes.get(at)?;
        let bytes = self.bytes.get(at * STRIDE..)?.get(..note.len)?;
        Some(Message { peer: note.peer, bytes, segment: note.segment })
    }

    /// Receives what is waiting: as many messages as asked for, but for [`BURST`] and the room
    /// left. Never waits.
    ///
    /// # Errors
    ///
    /// When nothing could be received: [`io::ErrorKind::WouldBlock`] if nothing is there.
    pub fn receive(&mut self, socket: BorrowedFd<'_>, at_most: usize) -> io::Result<usize> {
        let count = at_most.min(BURST).min(self.room());
        let mut names = [Name([0; NAME_LEN]); BURST];
        let mut controls = [NO_CONTROL; BURST];
        let mut vectors = [libc::iovec { iov_base: ptr::null_mut(), iov_len: 0 }; BURST];
        let mut headers = [blank(); BURST];
        let slots = self.bytes.chunks_exact_mut(STRIDE).skip(self.notes.len()).take(count);
        let parts = names.iter_mut().zip(&mut controls).zip(&mut vectors);
        for (header, (((name, control), vector), slot)) in headers.iter_mut().zip(parts.zip(slots))
        {
            *vector = libc::iovec { iov_base: slot.as_mut_ptr().cast(), iov_len: SLOT_BYTES };
            header.msg_hdr.msg_name = ptr::from_mut(name).cast();
            header.msg_hdr.msg_namelen = NAME_LEN_FOR_KERNEL;
            header.msg_hdr.msg_iov = vector;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = ptr::from_mut(control).cast();
            header.msg_hdr.msg_controllen = size_of::<Control>();
        }
        // SAFETY: the first `count` headers point to names, control messages, vectors and slots
        // that live beyond the call, each to its own, with their lengths; nothing else refers to
        // them meanwhile. JUSTIFICATION: no safe crate offers recvmmsg.
        let received = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers.as_mut_ptr(),
                libc::c_uint::try_from(count).unwrap_or(0),
                libc::MSG_DONTWAIT,
                ptr::null_mut(),
            )
        };
        let received = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
        let filled = headers.iter().zip(&names).zip(&controls).take(received);
        self.notes.extend(filled.map(|((header, name), control)| Note {
            len: usize::try_from(header.msg_len).unwrap_or(0).min(SLOT_BYTES),
            peer: name.read(header.msg_hdr.msg_namelen),
            segment: control.segment(header.msg_hdr.msg_controllen),
        }));
        Ok(received)
    }
}

/// What is to be sent: one datagram, or several of one size as one.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// For whom; none on a connected socket.
    pub to: Option<SocketAddr>,
    /// Its parts, in order; at most 1024.
    pub parts: &'a [IoSlice<'a>],
    /// The size of all datagrams but the last, if there are several.
    pub segment: Option<NonZeroU16>,
}

/// Sends the first [`BURST`] of the messages. Tells how many were taken: if not all, the next call
/// tells why.
///
/// # Errors
///
/// When the first could not be sent; the others were not tried.
pub fn send(socket: BorrowedFd<'_>, messages: &[Outgoing<'_>]) -> io::Result<usize> {
    let messages = &messages[..messages.len().min(BURST)];
    let mut names = [Name([0; NAME_LEN]); BURST];
    let mut controls = [NO_CONTROL; BURST];
    let mut headers = [blank(); BURST];
    let room = headers.iter_mut().zip(&mut names).zip(&mut controls);
    for (message, ((header, name), control)) in messages.iter().zip(room) {
        if let Some(to) = message.to {
            header.msg_hdr.msg_namelen = name.write(to);
            header.msg_hdr.msg_name = ptr::from_mut(name).cast();
        }
        // The kernel reads parts and never writes to them; an `IoSlice` is an iovec.
        header.msg_hdr.msg_iov = message.parts.as_ptr().cast::<libc::iovec>().cast_mut();
        header.msg_hdr.msg_iovlen = message.parts.len();
        if let Some(segment) = message.segment {
            *control = Control::of_segment(segment);
            header.msg_hdr.msg_control = ptr::from_mut(control).cast();
            header.msg_hdr.msg_controllen = size_of::<Control>();
        }
    }
    // SAFETY: the headers point to names, control messages and parts that live beyond the call,
    // with their lengths, and the parts to bytes that are borrowed as long.
    // JUSTIFICATION: no safe crate sends segments with sendmmsg.
    let sent = unsafe {
        libc::sendmmsg(
            socket.as_raw_fd(),
            headers.as_mut_ptr(),
            libc::c_uint::try_from(messages.len()).unwrap_or(0),
            libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
        )
    };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// Has the kernel join datagrams of one sender and size before they are received.
///
/// # Errors
///
/// When the kernel can't: before Linux 5.0.
pub fn join_received(socket: BorrowedFd<'_>) -> io::Result<()> {
    let on: libc::c_int = 1;
    let len = libc::socklen_t::try_from(size_of_val(&on)).unwrap_or(0);
    // SAFETY: the descriptor is open while borrowed; the pointer and length are those of a live
    // c_int. JUSTIFICATION: no safe crate knows UDP_GRO.
    let code = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_UDP,
            libc::UDP_GRO,
            ptr::from_ref(&on).cast(),
            len,
        )
    };
    if code == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// A header that says nothing.
fn blank() -> libc::mmsghdr {
    // SAFETY: all-zero bytes are a valid mmsghdr: null pointers and zero numbers.
    // JUSTIFICATION: the type has private padding on some targets, so no literal can make it.
    unsafe { mem::zeroed() }
}

impl Control {
    /// The size of the datagrams that a received message consists of.
    fn segment(&self, len: usize) -> usize {
        let is_there = len >= size_of::<libc::cmsghdr>() + size_of::<libc::c_int>();
        let kind = (self.head.cmsg_level, self.head.cmsg_type);
        let [a, b, c, d, ..] = self.value;
        let size = libc::c_int::from_ne_bytes([a, b, c, d]);
        let is_one = is_there && kind == (libc::IPPROTO_UDP, libc::UDP_GRO);
        let size = if is_one { usize::try_from(size).unwrap_or(0) } else { 0 };
        if size == 0 { SLOT_BYTES } else { size }
    }

    /// Asks for datagrams of this size.
    fn of_segment(segment: NonZeroU16) -> Self {
        let [low, high] = segment.get().to_ne_bytes();
        let cmsg_len = size_of::<libc::cmsghdr>() + size_of::<u16>();
        let (cmsg_level, cmsg_type) = (libc::IPPROTO_UDP, libc::UDP_SEGMENT);
        Self {
            head: libc::cmsghdr { cmsg_len, cmsg_level, cmsg_type },
            value: [low, high, 0, 0, 0, 0, 0, 0],
        }
    }
}

#[cfg(test)]
#[path = "packets_tests.rs"]
mod tests;
