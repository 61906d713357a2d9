//! Snapshots swapped under load: no answer lost, none mixed, none from the past.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use hickory_proto::op::Message;
use model::Generation;

use crate::rig::{Running, addresses, ask_from, client, endpoint, name, now, question, snapshot};

/// Swaps, and every how manieth is waited for. The last byte of every address says which of them it
/// is from, modulo 250.
const SWAPS: u64 = 10_000;
const LOOKED_AT: u64 = 10;

fn mark(swap: u64) -> u8 {
    u8::try_from(swap % 250).unwrap() + 1
}

/// The last part of every address of an answer, which must be the same for all.
fn the_mark(message: &Message) -> u8 {
    assert_eq!(message.answers.len(), 3, "no answer lacks an address");
    let marks: Vec<_> = message.answers.iter().map(|record| record.data.to_string()).collect();
    let marks: Vec<u8> = marks
        .iter()
        .map(|address| match address.rsplit_once("::") {
            Some((_, last)) => u8::from_str_radix(last, 16).unwrap(),
            None => address.rsplit_once('.').unwrap().1.parse().unwrap(),
        })
        .collect();
    assert!(marks.iter().all(|mark| *mark == marks[0]), "mixed answer: {marks:?}");
    marks[0]
}

#[tokio::test(flavor = "multi_thread")]
async fn swaps_lose_mix_and_repeat_nothing() {
    let rest = snapshot(1, (2..200).map(|n| endpoint(n, 9)));
    let world = |swap: u64| {
        let mut world = rest.clone();
        world.generation = Generation(swap + 1);
        let changing = endpoint(1, mark(swap));
        world.endpoints.insert(changing.id, Arc::new(changing));
        world
    };
    let running = Running::start("127.0.0.1:0", world(0));
    let server = running.at("127.0.0.1");
    let stop = Arc::new(AtomicBool::new(false));
    let asked = [Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0))];
    let count = || asked.each_ref().map(|asked| asked.load(Ordering::Relaxed));
    let askers: Vec<_> = [(1, &asked[0]), (28, &asked[1])]
        .map(|(qtype, asked)| {
            let (stop, asked) = (Arc::clone(&stop), Arc::clone(asked));
            thread::spawn(move || {
                let socket = client("127.0.0.1");
                let mut last = mark(0);
                while !stop.load(Ordering::Relaxed) {
                    let (message, _) = ask_from(&socket, server, &question(1, &name(1), qtype));
                    let mark = the_mark(&message);
                    // Less than half the circle ahead is later, more is earlier.
                    assert!((250 + u16::from(mark) - u16::from(last)) % 250 < 125, "went back");
                    last = mark;
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .into();
    let mut visible = Vec::new();
    for swap in 1..=SWAPS {
        let published = now();
        running.snapshots.send_replace(Arc::new(world(swap)));
        // Less than half the circle lies between two answers that a client sees.
        if swap % LOOKED_AT == 0 {
            let newest = format!(".{}", mark(swap));
            while !addresses(server, 1).iter().all(|address| address.ends_with(&newest)) {
                assert!(!askers.iter().any(thread::JoinHandle::is_finished), "an asker failed");
            }
            visible.push(now() - published);
        }
        let seen = count();
        while swap % (10 * LOOKED_AT) == 0 && count().iter().zip(seen).any(|(n, was)| *n < was + 2)
        {
            thread::yield_now();
            assert!(!askers.iter().any(thread::JoinHandle::is_finished), "an asker failed");
        }
    }
    visible.sort();
    let at = |percent| visible[visible.len() * percent / 100];
    eprintln!("a snapshot is visible after: median {:?}, p99 {:?}", at(50), at(99));
    let last = format!(".{}", mark(SWAPS));
    while !addresses(server, 1).iter().all(|address| address.ends_with(&last)) {}
    stop.store(true, Ordering::Relaxed);
    askers.into_iter().for_each(|asker| asker.join().unwrap());
    running.server.stop().await;
}
