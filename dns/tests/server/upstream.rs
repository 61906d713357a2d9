//! A server to forward to, which does as the first label of a name says.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use hickory_proto::{
    op::{Message, MessageType, ResponseCode},
    rr::{
        Name, RData, Record,
        rdata::{CNAME, SOA, TXT},
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, UdpSocket},
};

/// A UDP and a TCP socket of one port. Another process may have the TCP port of a UDP port that is
/// free, so several are tried.
async fn sockets() -> (UdpSocket, TcpListener) {
    for _ in 0..20 {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
            return (udp, tcp);
        }
    }
    panic!("no port is free for both");
}

/// The server, and every question that it got: name, id and source port.
pub(crate) struct Upstream {
    pub(crate) addr: SocketAddr,
    asked: Arc<Mutex<Vec<(String, u16, u16)>>>,
}

impl Upstream {
    pub(crate) async fn start() -> Self {
        let (udp, tcp) = sockets().await;
        let addr = udp.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<_>>>::default();
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            let mut buffer = [0; 2048];
            loop {
                let (len, peer) = udp.recv_from(&mut buffer).await.unwrap();
                let question = Message::from_vec(&buffer[..len]).unwrap();
                let name = question.queries[0].name().to_string();
                log.lock().unwrap().push((name.clone(), question.metadata.id, peer.port()));
                if name.starts_with("forged.") {
                    let mut forged = answer(&question);
                    forged.metadata.id = !forged.metadata.id;
                    udp.send_to(&forged.to_vec().unwrap(), peer).await.unwrap();
                    let mut other = answer(&question);
                    other.queries[0].set_name(Name::from_ascii("other.test.").unwrap());
                    udp.send_to(&other.to_vec().unwrap(), peer).await.unwrap();
                }
                let mut reply = answer(&question);
                if name.starts_with("big.") {
                    reply.answers.clear();
                    reply.metadata.truncation = true;
                }
                if !name.starts_with("silent.") {
                    udp.send_to(&reply.to_vec().unwrap(), peer).await.unwrap();
                }
            }
        });
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = tcp.accept().await.unwrap();
                let len = stream.read_u16().await.unwrap();
                let mut buffer = vec![0; len.into()];
                stream.read_exact(&mut buffer).await.unwrap();
                let reply = answer(&Message::from_vec(&buffer).unwrap()).to_vec().unwrap();
                stream.write_u16(u16::try_from(reply.len()).unwrap()).await.unwrap();
                stream.write_all(&reply).await.unwrap();
            }
        });
        Self { addr, asked }
    }

    /// How often it was asked for names that contain this.
    pub(crate) fn count(&self, part: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|(name, ..)| name.contains(part)).count()
    }

    /// The ids and the source ports of all questions.
    pub(crate) fn ids_and_ports(&self) -> Vec<(u16, u16)> {
        self.asked.lock().unwrap().iter().map(|(_, id, port)| (*id, *port)).collect()
    }
}

/// A text record of several strings.
fn text(name: Name, first: &str) -> Record {
    let texts = TXT::new(vec![first.to_owned(), String::new(), "abc".to_owned()]);
    Record::from_rdata(name, 60, RData::TXT(texts))
}

fn answer(question: &Message) -> Message {
    let mut reply = question.clone();
    reply.metadata.message_type = MessageType::Response;
    let name = question.queries[0].name().clone();
    let first = name.to_string().split('.').next().unwrap().to_owned();
    let record =
        |n: u8| Record::from_rdata(name.clone(), 60, RData::A(Ipv4Addr::new(192, 0, 2, n).into()));
    match first.as_str() {
        "absent" => {
            reply.metadata.response_code = ResponseCode::NXDomain;
            let root = Name::root();
            let soa = SOA::new(root.clone(), root.clone(), 1, 2, 3, 4, 30);
            reply.add_authority(Record::from_rdata(root, 60, RData::SOA(soa)));
        }
        "text" => {
            reply.add_answer(text(name, "vpce:"));
        }
        "capitals" => {
            reply.add_answer(text(name, "VPCE:"));
        }
        "alias" => {
            let target = Name::from_ascii("text.elsewhere.test.").unwrap();
            reply.add_answer(Record::from_rdata(name, 60, RData::CNAME(CNAME(target.clone()))));
            reply.add_answer(text(target, "vpce:"));
        }
        "nodata" => {}
        "broken" => reply.metadata.response_code = ResponseCode::ServFail,
        "big" => {
            reply.add_answers((0..100).map(record));
        }
        _ => {
            reply.add_answer(record(1));
        }
    }
    reply
}
