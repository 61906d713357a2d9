//! kill -9 at random points of an API workload: what was acknowledged is there after the restart,
//! what was refused is not, and the endpoint serves again within a second.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use tests::{
    Api, Postern, Topology,
    peer::Peer,
    postern::STRANGER,
    tool,
    topology::{Options, PORT},
    wait::timed,
};

const KILLS: usize = 200;
/// From the start of the process to an answer through the endpoint.
const SERVES_WITHIN: Duration = Duration::from_secs(1);
/// Writers at the same time.
const WRITERS: usize = 3;

/// What a writer knows of its VPCs: present with this tag, or unknown because an answer is missing.
#[derive(Debug, Default)]
struct Known {
    present: BTreeMap<String, String>,
    gone: BTreeSet<String>,
    /// Tags and VPCs whose last write got no answer: either outcome is right.
    unsure: BTreeSet<String>,
    writes: usize,
}

/// One writer's next write; false if the gateway did not answer. A VPC that is being written to is
/// taken out of the known ones, so that no two writers meet at it.
fn write(api: &Api, known: &Mutex<Known>, random: &mut fastrand::Rng) -> bool {
    let tag = format!("{:016x}", random.u64(..));
    let victim = match random.u8(..10) {
        0..7 => known.lock().unwrap().take(random),
        _ => None,
    };
    let Some((vpc, old_tag)) = victim else {
        return create(api, known, tag);
    };
    let removes = random.u8(..10) < 6;
    let result = if removes {
        api.ec2("DeleteVpc", &[("VpcId", &vpc)])
    } else {
        let tag = ("Tag.1.Value", tag.as_str());
        api.ec2("CreateTags", &[("ResourceId.1", &vpc), ("Tag.1.Key", "t"), tag])
    };
    let mut known = known.lock().unwrap();
    match result {
        Ok(_) if removes => drop(known.gone.insert(vpc)),
        Ok(_) => drop(known.present.insert(vpc, tag)),
        Err(error) => {
            assert_eq!(error.code, "NoAnswer", "{error}");
            known.unsure.extend([vpc, old_tag, tag]);
            return false;
        }
    }
    known.writes += 1;
    true
}

fn create(api: &Api, known: &Mutex<Known>, tag: String) -> bool {
    let result = api.ec2("CreateVpc", &tagged(&tag));
    let mut known = known.lock().unwrap();
    match result {
        Ok(answer) => drop(known.present.insert(answer.text("vpcId").unwrap(), tag)),
        Err(error) => {
            assert_eq!(error.code, "NoAnswer", "{error}");
            known.unsure.insert(tag);
            return false;
        }
    }
    known.writes += 1;
    true
}

impl Known {
    /// Takes a VPC and its tag out of what is known.
    fn take(&mut self, random: &mut fastrand::Rng) -> Option<(String, String)> {
        let count = self.present.len();
        let (vpc, _) = self.present.iter().nth(random.usize(..count.max(1)))?;
        let vpc = vpc.clone();
        self.present.remove_entry(&vpc)
    }
}

fn tagged(tag: &str) -> [(&str, &str); 4] {
    [
        ("CidrBlock", "10.0.0.0/16"),
        ("TagSpecification.1.ResourceType", "vpc"),
        ("TagSpecification.1.Tag.1.Key", "t"),
        ("TagSpecification.1.Tag.1.Value", tag),
    ]
}

/// Writes that must be refused; they mark what they would make with the tag `refused`.
fn refused_write(api: &Api) {
    let mut members = tagged("refused");
    members[0].1 = "10.0.0.0/33";
    let error = api.ec2("CreateVpc", &members).unwrap_err();
    assert!(error.code == "NoAnswer" || error.status == 400, "{error}");
}

/// Lets writers write until the gateway is killed under them.
fn write_until_killed(postern: &mut Postern, known: &Mutex<Known>, random: &mut fastrand::Rng) {
    let api = postern.api(STRANGER);
    let delay = Duration::from_micros(random.u64(0..100_000));
    let killed = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..WRITERS {
            let mut random = random.fork();
            let killed = &killed;
            scope.spawn(move || {
                while write(&api, known, &mut random) && !killed.load(Ordering::SeqCst) {
                    refused_write(&api);
                }
            });
        }
        // The point of the kill is meant to be random, so this is a time and not a condition.
        thread::sleep(delay);
        postern.kill();
        killed.store(true, Ordering::SeqCst);
    });
}

/// Compares what is there with what must be.
fn verify(api: &Api, known: &mut Known) {
    let mut found = BTreeMap::new();
    let mut token = String::new();
    loop {
        let mut members = vec![("MaxResults", "1000")];
        if !token.is_empty() {
            members.push(("NextToken", &token));
        }
        let answer = api.ec2("DescribeVpcs", &members).unwrap();
        for part in answer.body.split("<vpcId>").skip(1) {
            let id = part.split('<').next().unwrap();
            let tag = part.split("<key>t</key><value>").nth(1).map(|rest| rest.split('<').next());
            found.insert(id.to_owned(), tag.flatten().unwrap_or_default().to_owned());
        }
        let Some(next) = answer.text("nextToken") else { break };
        token = next;
    }
    for (vpc, tag) in &known.present {
        assert_eq!(found.get(vpc), Some(tag), "an acknowledged write of {vpc} is lost");
    }
    for (vpc, tag) in &found {
        assert_ne!(tag, "refused", "a refused write happened: {vpc}");
        assert!(!known.gone.contains(vpc), "{vpc} was deleted and is back");
        let expected = known.present.contains_key(vpc)
            || known.unsure.contains(vpc)
            || known.unsure.contains(tag);
        assert!(expected, "{vpc} with tag {tag} was never asked for");
    }
    known.unsure.clear();
    known.gone.clear();
    known.present = found;
}

#[test]
fn acknowledged_writes_survive_two_hundred_kills() {
    let mut postern = Postern::start();
    let target = Peer::postern("whoami", "one");
    let topology =
        Topology::build(&postern, &[(target.addr.to_string(), "all")], Options::default());
    let [address, _] = topology.addresses(&postern);
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let known = Mutex::new(Known::default());
    let mut slowest = Duration::ZERO;
    for round in 0..KILLS {
        write_until_killed(&mut postern, &known, &mut random);
        let (answer, took) = timed(|| {
            postern.restart();
            tool::fetch(&topology.regional_name, address, PORT)
        });
        assert_eq!(answer.unwrap()["endpoint_id"], topology.endpoint, "round {round}");
        assert!(took <= SERVES_WITHIN, "round {round}: served again after {took:?}");
        slowest = slowest.max(took);
        verify(&postern.api(STRANGER), &mut known.lock().unwrap());
    }
    let writes = known.lock().unwrap().writes;
    println!("{writes} acknowledged writes over {KILLS} kills; slowest return {slowest:?}");
    assert!(writes > KILLS, "the workload hardly wrote anything");
}
