//! What the table of UDP flows promises, by example and by property.

use std::net::SocketAddr;

use proptest::prelude::*;

use super::*;

const IDLE: u32 = 100;

fn table(flows_max: usize, unanswered_max: usize) -> FlowTable<u16> {
    sparing(flows_max, unanswered_max, 1)
}

fn sparing(flows_max: usize, unanswered_max: usize, spared: usize) -> FlowTable<u16> {
    FlowTable::new(Bounds { flows_max, unanswered_max, spared, idle: IDLE }, 7)
}

fn key(client: u16) -> FlowKey {
    FlowKey { listener: 0, client: ClientAddr(SocketAddr::from(([10, 0, 0, 1], client))) }
}

/// Begins a flow as its only user would; gives whom that cost the place.
fn begin(table: &mut FlowTable<u16>, client: u16, owner: usize, now: u32) -> Vec<u16> {
    let mut ended = Vec::new();
    while let Some(place) = table.in_the_way() {
        ended.extend(table.remove(place));
    }
    table.insert(key(client), owner, now, client);
    ended
}

fn answer(table: &mut FlowTable<u16>, client: u16, now: u32) {
    let place = table.find(&key(client)).unwrap();
    table.hear_target(place, now);
}

fn speak(table: &mut FlowTable<u16>, client: u16, now: u32) {
    let place = table.find(&key(client)).unwrap();
    table.hear_client(place, now);
}

fn all(table: &FlowTable<u16>) -> Vec<u16> {
    let places = table.places_where(|_| true);
    places.into_iter().map(|place| *table.get(place).unwrap()).collect()
}

#[test]
fn a_datagram_finds_its_flow_by_client_and_listener() {
    let mut table = table(10, 10);
    begin(&mut table, 1, 0, 0);
    let place = table.find(&key(1)).unwrap();
    assert_eq!(table.get(place), Some(&1));
    assert_eq!(table.find(&key(2)), None);
    assert_eq!(table.find(&FlowKey { listener: 1, ..key(1) }), None);
    assert_eq!(table.remove(place), Some(1));
    assert_eq!((table.find(&key(1)), table.remove(place), table.is_empty()), (None, None, true));
}

#[test]
fn a_flow_is_over_after_silence_of_both_sides() {
    let mut table = table(10, 10);
    begin(&mut table, 1, 0, 0);
    begin(&mut table, 2, 0, 0);
    begin(&mut table, 3, 0, 0);
    speak(&mut table, 2, 60);
    answer(&mut table, 3, 70);
    let mut silent = |now| {
        let mut places = Vec::new();
        table.silent(now, &mut places);
        places.into_iter().map(|place| table.remove(place).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(silent(99), []);
    assert_eq!(silent(100), [1]);
    assert_eq!(silent(159), []);
    assert_eq!(silent(160), [2]);
    assert_eq!(silent(170), [3]);
    assert_eq!(table.next_silent(), None);
}

#[test]
fn those_that_nobody_answered_go_first_the_longest_silent_before_others() {
    let mut table = table(4, 3);
    for client in 1..=3 {
        begin(&mut table, client, 0, 0);
    }
    answer(&mut table, 1, 1);
    begin(&mut table, 4, 0, 2);
    speak(&mut table, 2, 3);
    assert_eq!(begin(&mut table, 5, 0, 4), [3]);
    assert_eq!(begin(&mut table, 6, 0, 4), [4]);
    assert_eq!(begin(&mut table, 7, 0, 4), [2]);
}

#[test]
fn clients_that_came_back_after_an_answer_go_last() {
    let mut table = table(3, 3);
    for client in 1..=3 {
        begin(&mut table, client, 0, 0);
        answer(&mut table, client, 0);
    }
    speak(&mut table, 1, 1);
    assert_eq!(begin(&mut table, 4, 0, 2), [2]);
    answer(&mut table, 4, 2);
    assert_eq!(begin(&mut table, 5, 0, 2), [3]);
    answer(&mut table, 5, 2);
    speak(&mut table, 4, 3);
    speak(&mut table, 5, 3);
    assert_eq!(begin(&mut table, 6, 0, 4), [1]);
}

#[test]
fn a_full_table_lets_as_many_new_flows_live_as_it_spares() {
    let mut table = sparing(8, 6, 3);
    for client in 0..8 {
        begin(&mut table, client, 0, 0);
        answer(&mut table, client, 0);
        speak(&mut table, client, u32::from(client));
    }
    let ended: Vec<_> = (100..104).flat_map(|client| begin(&mut table, client, 0, 10)).collect();
    assert_eq!(ended, [0, 1, 2, 100]);
    for client in 101..104 {
        answer(&mut table, client, 11);
    }
    // Those that were answered go before those whose clients came back, if they are too many.
    let ended: Vec<_> = (104..106).flat_map(|client| begin(&mut table, client, 0, 12)).collect();
    assert_eq!(ended, [101, 3]);
}

#[test]
fn an_owner_that_is_flooded_pays_itself() {
    let mut table = table(100, 20);
    for client in 0..5 {
        begin(&mut table, client, 1, 0);
    }
    for client in 1000..9000 {
        begin(&mut table, client, 2, 1);
    }
    assert_eq!(table.len(), 20);
    assert!((0..5).all(|client| table.find(&key(client)).is_some()));
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Begin { client: u16, owner: usize },
    Speak(u16),
    Answer(u16),
    End(u16),
    Wait(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let client = 0_u16..40;
    let step = prop_oneof![
        4 => (client.clone(), 0_usize..4).prop_map(|(client, owner)| Step::Begin { client, owner }),
        2 => client.clone().prop_map(Step::Speak),
        2 => client.clone().prop_map(Step::Answer),
        1 => client.prop_map(Step::End),
        1 => (1_u32..IDLE / 2).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 0..300)
}

/// What the table is to know of a flow.
#[derive(Clone, Copy, Debug)]
struct Known {
    client: u16,
    owner: usize,
    standing: Standing,
    active: u32,
}

/// Whether the victim is one that the rules name.
fn is_fair(known: &[Known], victim: &Known, bounds: Bounds) -> bool {
    use Standing::{Answered, Confirmed, Unanswered};
    let of = |standing| known.iter().filter(move |it| it.standing == standing);
    let exceeds = |standing| of(standing).count() >= bounds.spared;
    let expected = match () {
        () if of(Unanswered).count() >= bounds.unanswered_max => Unanswered,
        () if exceeds(Unanswered) => Unanswered,
        () if exceeds(Answered) => Answered,
        () if of(Confirmed).count() > 0 => Confirmed,
        () if of(Answered).count() > 0 => Answered,
        () => Unanswered,
    };
    let count = |owner| of(expected).filter(|it| it.owner == owner).count();
    let mut peers = of(expected).filter(|it| it.owner == victim.owner);
    victim.standing == expected
        && Some(count(victim.owner)) == (0..4).map(count).max()
        && peers.all(|it| victim.active <= it.active)
}

proptest! {
    /// The table does as a plain list of flows that is searched for everything.
    #[test]
    fn bounds_hold_and_victims_are_whom_the_rules_name(
        steps in steps(), flows_max in 1_usize..20, unanswered_max in 1_usize..20,
        spared in 1_usize..20,
    ) {
        let bounds = Bounds { flows_max, unanswered_max, spared, idle: IDLE };
        let mut table = FlowTable::new(bounds, 7);
        let mut known: Vec<Known> = Vec::new();
        let mut now = 1;
        for step in steps {
            match step {
                Step::Begin { client, .. } if table.find(&key(client)).is_some() => {}
                Step::Begin { client, owner } => {
                    while let Some(place) = table.in_the_way() {
                        let value = *table.get(place).unwrap();
                        let at = known.iter().position(|it| it.client == value).unwrap();
                        let victim = known[at];
                        prop_assert!(is_fair(&known, &victim, bounds), "{victim:?} of {known:?}");
                        table.remove(place);
                        known.remove(at);
                    }
                    table.insert(key(client), owner, now, client);
                    let standing = Standing::Unanswered;
                    known.push(Known { client, owner, standing, active: now });
                }
                Step::Speak(client) => {
                    if let Some(it) = known.iter_mut().find(|it| it.client == client) {
                        it.active = now;
                        if it.standing == Standing::Answered {
                            it.standing = Standing::Confirmed;
                        }
                        speak(&mut table, client, now);
                    }
                }
                Step::Answer(client) => {
                    if let Some(it) = known.iter_mut().find(|it| it.client == client) {
                        it.active = now;
                        it.standing = it.standing.max(Standing::Answered);
                        answer(&mut table, client, now);
                    }
                }
                Step::End(client) => {
                    let place = table.find(&key(client));
                    prop_assert_eq!(place.is_some(), known.iter().any(|it| it.client == client));
                    known.retain(|it| it.client != client);
                    place.map(|place| table.remove(place));
                }
                Step::Wait(ticks) => {
                    now += ticks;
                    let mut places = Vec::new();
                    table.silent(now, &mut places);
                    let mut silent: Vec<_> =
                        places.into_iter().filter_map(|place| table.remove(place)).collect();
                    silent.sort_unstable();
                    let over = |it: &&Known| it.active + IDLE <= now;
                    let mut expected: Vec<_> =
 known.iter().filter(over).map(|it| it.client).collect();
                    expected.sort_unstable();
                    prop_assert_eq!(silent, expected);
                    known.retain(|it| it.active + IDLE > now);
                }
            }
            let unanswered =
                known.iter().filter(|it| it.standing == Standing::Unanswered).count();
            prop_assert!(known.len() <= flows_max && unanswered <= unanswered_max);
            let mut there = all(&table);
            there.sort_unstable();
            let mut expected: Vec<_> = known.iter().map(|it| it.client).collect();
            expected.sort_unstable();
            prop_assert_eq!(there, expected);
            for it in &known {
                let place = table.find(&key(it.client)).unwrap();
                prop_assert_eq!(table.standing(place), Some(it.standing));
            }
        }
    }

    /// Whatever a flood does, a flow that a target answered stays while there is room beside it.
    #[test]
    fn a_flood_ends_no_answered_flow(
        established in 1_u16..14,
        flood in prop::collection::vec((100_u16..200, 0_usize..4), 0..200),
    ) {
        let mut table = sparing(16, 8, 3);
        for client in 0..established {
            begin(&mut table, client, 0, 0);
            answer(&mut table, client, 0);
        }
        for (client, owner) in flood {
            if table.find(&key(client)).is_none() {
                begin(&mut table, client, owner, 1);
            }
        }
        prop_assert!((0..established).all(|client| table.find(&key(client)).is_some()));
    }
}
