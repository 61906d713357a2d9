//! How much one caller may use: calls per second, connections, time.

use std::time::Duration;

use control_core::throttle::{Rate, Rates};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::{Instant, sleep_until},
};

use crate::rig::{CONSUMER, EC2, ELB, PROVIDER, Rig, STS, Signer, form_request, within};

const VPCS: &str = "Action=DescribeVpcs&Version=2016-11-15";
const BALANCERS: &str = "Action=DescribeLoadBalancers&Version=2015-12-01";
const CREATE: &str = "Action=CreateVpc&CidrBlock=10.0.0.0%2F16";
const WHO: &str = "Action=GetCallerIdentity&Version=2011-06-15";

/// Too slow to matter in a test.
const BURST: Rates = Rates { reads: Some(Rate::new(3, 1)), changes: Some(Rate::new(2, 1)) };

#[tokio::test]
async fn accounts_that_call_too_often_are_told_in_the_form_of_the_protocol() {
    let rig = Rig::start_limited(|limits| limits.rates = BURST).await;
    // A stranger takes nothing of the bucket of the account whose key it names.
    let wrong = Signer { secret: "wrong", ..PROVIDER };
    for _ in 0..5 {
        assert_eq!(rig.call(wrong, EC2, VPCS).await.refusal(), (401, "AuthFailure"));
    }
    for (service, form) in [(EC2, VPCS), (ELB, BALANCERS), (STS, WHO)] {
        rig.call(PROVIDER, service, form).await.ok();
    }
    for (service, form, expected, root) in [
        (EC2, VPCS, (503, "RequestLimitExceeded"), "<Response>"),
        (ELB, BALANCERS, (400, "Throttling"), "<ErrorResponse>"),
        (STS, WHO, (400, "Throttling"), "<ErrorResponse>"),
        // Not even read.
        (EC2, "Action=DescribeVpcs&Action=%zz", (503, "RequestLimitExceeded"), "<Response>"),
    ] {
        let answer = rig.call(PROVIDER, service, form).await;
        assert_eq!(answer.refusal(), expected, "{form}");
        assert!(answer.body.contains(root), "{}", answer.body);
    }
    // Changes have their own bucket, and so has the other account.
    rig.call(PROVIDER, EC2, CREATE).await.ok();
    rig.call(PROVIDER, EC2, CREATE).await.ok();
    let refused = rig.call(PROVIDER, EC2, CREATE).await;
    assert_eq!(refused.refusal(), (503, "RequestLimitExceeded"));
    rig.call(CONSUMER, EC2, VPCS).await.ok();
    rig.call(CONSUMER, EC2, CREATE).await.ok();
}

#[tokio::test]
async fn a_throttled_caller_gets_through_by_trying_again() {
    let reads = Some(Rate::new(1, 20));
    let rig = Rig::start_limited(|limits| limits.rates = Rates { reads, changes: None }).await;
    let mut refused = 0;
    for _ in 0..5 {
        within(async {
            while rig.call(PROVIDER, EC2, VPCS).await.status != 200 {
                refused += 1;
            }
        })
        .await;
    }
    assert!(refused > 0);
}

#[tokio::test]
async fn a_peer_has_a_bounded_number_of_connections() {
    let rig = Rig::start_limited(|limits| limits.connections_per_peer = 2).await;
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(rig.address).await.unwrap();
        answered(&rig, &mut stream).await;
        open.push(stream);
    }
    // There is no room, which stock clients understand and try again.
    for (service, form, status) in [(EC2, VPCS, 503), (STS, WHO, 400)] {
        let refused = rig.call(PROVIDER, service, form).await;
        let codes = ["RequestLimitExceeded", "Throttling"];
        assert!(refused.status == status && codes.contains(&refused.refusal().1), "{refused:?}");
    }
    let mut third = TcpStream::connect(rig.address).await.unwrap();
    let answer = exchange(&rig, &mut third).await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("connection: close"));
    assert_eq!(rest(&mut third).await, "");
    // Who takes all the places of those that are refused as well is closed without a word.
    let mut idle = Vec::new();
    for _ in 0..32 {
        idle.push(TcpStream::connect(rig.address).await.unwrap());
    }
    let mut last = TcpStream::connect(rig.address).await.unwrap();
    assert_eq!(rest(&mut last).await, "");
    drop(idle);
    // Another peer is not concerned.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    answered(&rig, &mut socket.connect(rig.address).await.unwrap()).await;
    // What was given back can be had again.
    drop(open);
    within(async {
        loop {
            let mut stream = TcpStream::connect(rig.address).await.unwrap();
            if exchange(&rig, &mut stream).await.starts_with("HTTP/1.1 200 ") {
                return;
            }
        }
    })
    .await;
}

const SOON: Duration = Duration::from_millis(100);
const LATE: Duration = Duration::from_secs(600);

#[tokio::test]
async fn a_head_that_trickles_in_is_not_waited_for() {
    let rig = Rig::start_limited(|limits| (limits.head_timeout, limits.keep_alive) = (SOON, LATE));
    let rig = rig.await;
    // On a new connection that says nothing, on one that says something, and after a request.
    let mut silent = TcpStream::connect(rig.address).await.unwrap();
    assert_eq!(rest(&mut silent).await, "");
    for answered_before in [false, true] {
        let mut stream = TcpStream::connect(rig.address).await.unwrap();
        if answered_before {
            answered(&rig, &mut stream).await;
        }
        within(async {
            // Every byte comes sooner than the head may take; all of them do not.
            for byte in b"POST / HTTP/1.1\r\nx: ".iter().chain(std::iter::repeat(&b'y')) {
                let next = Instant::now() + SOON / 4;
                if stream.write_all(&[*byte]).await.is_err() {
                    return;
                }
                let mut answer = [0; 64];
                tokio::select! {
                    read = stream.read(&mut answer) => {
                        let read = read.unwrap();
                        assert!(answer[..read].starts_with(b"HTTP/1.1 408 "), "{answer:?}");
                        return;
                    }
                    () = sleep_until(next) => {}
                }
            }
        })
        .await;
    }
}

#[tokio::test]
async fn requests_that_come_together_are_answered_in_their_order() {
    let rig = Rig::start().await;
    let mut bytes = Vec::new();
    for (form, last) in [(WHO, false), ("Action=Nothing", false), (WHO, true)] {
        let request = form_request(form);
        let (headers, _) = rig.signed(&request, PROVIDER, STS, Default::default());
        let one = String::from_utf8(rig.bytes(&request, &headers)).unwrap();
        let one = if last { one } else { one.replace("connection: close\r\n", "") };
        bytes.extend_from_slice(one.as_bytes());
    }
    let mut stream = TcpStream::connect(rig.address).await.unwrap();
    stream.write_all(&bytes).await.unwrap();
    let answers = rest(&mut stream).await;
    let statuses: Vec<_> =
        answers.match_indices("HTTP/1.1 ").map(|(at, _)| &answers[at + 9..at + 12]).collect();
    assert_eq!(statuses, ["200", "400", "200"]);
}

#[tokio::test]
async fn who_has_nothing_more_to_ask_still_hears_the_answer() {
    let rig = Rig::start().await;
    let request = form_request(WHO);
    let (headers, _) = rig.signed(&request, PROVIDER, STS, Default::default());
    let bytes = String::from_utf8(rig.bytes(&request, &headers)).unwrap();
    let mut stream = TcpStream::connect(rig.address).await.unwrap();
    stream.write_all(bytes.replace("connection: close\r\n", "").as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    // And the connection ends, though it was not asked to.
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused_in_the_form_of_the_protocol() {
    let rig = Rig::start().await;
    let many = (0..65).fold(String::new(), |all, number| format!("{all}x-{number}: y\r\n"));
    let long = format!("x: {}\r\n", "y".repeat(40 * 1024));
    for headers in [many, long] {
        for (service, form, root) in [(EC2, VPCS, "<Response>"), (STS, WHO, "<ErrorResponse>")] {
            let request = form_request(form);
            let (signature, _) = rig.signed(&request, PROVIDER, service, Default::default());
            let headers = format!("{signature}{headers}");
            let answer = rig.exchange(&rig.bytes(&request, &headers)).await;
            assert_eq!(answer.refusal(), (431, "RequestHeaderSectionTooLarge"));
            assert!(answer.body.contains(root), "{}", answer.body);
        }
    }
}

#[tokio::test]
async fn a_kept_alive_connection_may_rest_longer_than_a_head_may_take() {
    let rig = Rig::start_limited(|limits| {
        (limits.head_timeout, limits.keep_alive) = (SOON, SOON * 6);
    })
    .await;
    let mut stream = TcpStream::connect(rig.address).await.unwrap();
    answered(&rig, &mut stream).await;
    let rested = Instant::now() + SOON * 3;
    sleep_until(rested).await;
    answered(&rig, &mut stream).await;
    let begun = Instant::now();
    assert_eq!(rest(&mut stream).await, "");
    assert!(begun.elapsed() >= SOON * 5);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let rig = Rig::start_limited(|limits| {
        (limits.body_timeout, limits.head_timeout, limits.keep_alive) = (SOON, LATE, LATE);
    })
    .await;
    let mut stream = TcpStream::connect(rig.address).await.unwrap();
    let head = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nAction=";
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

/// A signed request that leaves the connection open, and the first part of its answer; nothing if
/// the connection was closed.
async fn exchange(rig: &Rig, stream: &mut TcpStream) -> String {
    let request = form_request(WHO);
    let (headers, _) = rig.signed(&request, PROVIDER, STS, Default::default());
    let bytes = String::from_utf8(rig.bytes(&request, &headers)).unwrap();
    let bytes = bytes.replace("connection: close\r\n", "");
    // Whether it was taken is seen by the answer.
    drop(stream.write_all(bytes.as_bytes()).await);
    within(async {
        let mut answer = String::new();
        let mut buffer = [0; 4096];
        while !answer.ends_with("Response>") {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return String::new(),
                Ok(read) => answer.push_str(std::str::from_utf8(&buffer[..read]).unwrap()),
            }
        }
        answer
    })
    .await
}

async fn answered(rig: &Rig, stream: &mut TcpStream) {
    let answer = exchange(rig, stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}

/// Everything until the server closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut rest = Vec::new();
    // A reset is a way of closing.
    drop(within(stream.read_to_end(&mut rest)).await);
    String::from_utf8(rest).unwrap()
}
