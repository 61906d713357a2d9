//! RFC 7766 over real connections.

use std::{io, net::SocketAddr, time::Duration};

use hickory_proto::op::Message;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::rig::{PATIENCE, Running, endpoint, name, question, snapshot};

/// A question with its length in front.
fn framed(id: u16, n: u16, qtype: u16) -> Vec<u8> {
    let question = question(id, &name(n), qtype);
    let len = u16::try_from(question.len()).unwrap();
    [&len.to_be_bytes()[..], &question].concat()
}

async fn receive(stream: &mut TcpStream) -> io::Result<Message> {
    let receive = async {
        let len = stream.read_u16().await?;
        let mut bytes = vec![0; len.into()];
        stream.read_exact(&mut bytes).await?;
        Ok(Message::from_vec(&bytes).unwrap())
    };
    timeout(PATIENCE, receive).await.unwrap()
}

async fn connect(server: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(server).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

#[tokio::test]
async fn rfc7766_6_2_1_1_pipelined_questions_are_all_answered() {
    let running = Running::start("127.0.0.1:0", snapshot(1, [endpoint(1, 1), endpoint(2, 2)]));
    let mut stream = connect(running.at("127.0.0.1")).await;
    let all: Vec<u8> = (0..100).flat_map(|id| framed(id, 1 + id % 2, 1)).collect();
    stream.write_all(&all).await.unwrap();
    let mut ids = Vec::new();
    for _ in 0..100 {
        let message = receive(&mut stream).await.unwrap();
        assert_eq!(message.answers.len(), 3);
        ids.push(message.metadata.id);
    }
    ids.sort_unstable();
    assert_eq!(ids, (0..100).collect::<Vec<_>>(), "in any order");
    running.server.stop().await;
}

#[tokio::test]
async fn rfc7766_8_segments_may_be_cut_anywhere() {
    let running = Running::start("[::1]:0", snapshot(1, [endpoint(1, 1)]));
    let mut stream = connect(running.at("::1")).await;
    for id in 0..3 {
        for byte in framed(id, 1, 28) {
            stream.write_all(&[byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        let message = receive(&mut stream).await.unwrap();
        assert_eq!((message.metadata.id, message.answers.len()), (id, 3));
    }
    running.server.stop().await;
}

#[tokio::test]
async fn rfc7766_6_2_half_closed_connections_get_their_replies() {
    let running = Running::start("127.0.0.1:0", snapshot(1, [endpoint(1, 1)]));
    let mut stream = connect(running.at("127.0.0.1")).await;
    // An empty message and a response are passed over.
    let response = [0, 12, 0, 9, 0x81, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    let all = [&[0, 0][..], &response, &framed(4, 1, 1), &[0]].concat();
    stream.write_all(&all).await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(receive(&mut stream).await.unwrap().metadata.id, 4);
    let end = receive(&mut stream).await.unwrap_err();
    assert_eq!(end.kind(), io::ErrorKind::UnexpectedEof);
    running.server.stop().await;
}

#[tokio::test]
async fn a_message_of_the_greatest_length_is_taken() {
    let running = Running::start("127.0.0.1:0", snapshot(1, [endpoint(1, 1)]));
    let mut stream = connect(running.at("127.0.0.1")).await;
    let mut message = question(6, &name(1), 1);
    message.resize(65_535, 0);
    stream.write_all(&[&[0xFF, 0xFF][..], &message].concat()).await.unwrap();
    stream.write_all(&framed(7, 1, 1)).await.unwrap();
    for id in [6, 7] {
        assert_eq!(receive(&mut stream).await.unwrap().metadata.id, id);
    }
    running.server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn rfc7766_6_2_3_idle_and_trickling_connections_end() {
    let running = Running::start("127.0.0.1:0", snapshot(1, [endpoint(1, 1)]));
    let mut idle = connect(running.at("127.0.0.1")).await;
    let mut trickling = connect(running.at("127.0.0.1")).await;
    let started = tokio::time::Instant::now();
    let trickle = async {
        // A byte per second is no question: the whole of it has to come in time.
        while trickling.write_all(&[1]).await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    let mut buffer = [0; 1];
    let (end, ()) = tokio::join!(idle.read(&mut buffer), trickle);
    assert_eq!(end.unwrap(), 0);
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    running.server.stop().await;
}

#[tokio::test]
async fn one_client_cannot_hold_all_connections() {
    let running = Running::start("0.0.0.0:0", snapshot(1, [endpoint(1, 1)]));
    let mut held = Vec::new();
    for _ in 0..128 {
        let mut stream = connect(running.at("127.0.0.1")).await;
        stream.write_all(&framed(1, 1, 1)).await.unwrap();
        receive(&mut stream).await.unwrap();
        held.push(stream);
    }
    let mut one_more = connect(running.at("127.0.0.1")).await;
    let mut buffer = [0; 1];
    assert_eq!(timeout(PATIENCE, one_more.read(&mut buffer)).await.unwrap().unwrap(), 0);
    drop(held);
    // Its places come back.
    timeout(PATIENCE, async {
        loop {
            let mut stream = connect(running.at("127.0.0.1")).await;
            if stream.write_all(&framed(1, 1, 1)).await.is_ok()
                && receive(&mut stream).await.is_ok()
            {
                break;
            }
        }
    })
    .await
    .unwrap();
    running.server.stop().await;
}
