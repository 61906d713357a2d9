//! What is called: descriptions as clients make them, and changes with their way to `available`.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use super::{
    gateway::{Gateway, Network, create_endpoint},
    pace::Counts,
};
use crate::{
    api::{Caller, Service},
    clock::Limit,
    dns::zone::question,
};

/// Between two looks whether a new endpoint is available: what a figure may be too long by.
const LOOK: Duration = Duration::from_millis(4);
/// How long an endpoint may take to become available.
const AVAILABLE_MAX: Duration = Duration::from_secs(30);

/// Between two questions for the name of a new endpoint.
const ASK: Duration = Duration::from_millis(1);
/// How long an answer may take before the question counts as lost.
const ANSWER_MAX: Duration = Duration::from_millis(200);

/// What is waited for after an endpoint was created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// That the API says that it is available.
    Available,
    /// That DNS answers its Regional name with an address.
    Named,
}

/// A way of describing endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Describe {
    /// One by its id, as every poll of a tool is.
    ById,
    /// The first 50 of a service's, by filter.
    ByService,
    /// The endpoints of one VPC, by filter, as modules look for what exists.
    ByVpc,
    /// All, in pages of 50.
    Pages,
    /// Of ten calls seven by id and one of each of the others.
    Mix,
}

impl Describe {
    /// All ways.
    pub const ALL: [Self; 5] = [Self::ById, Self::ByVpc, Self::ByService, Self::Pages, Self::Mix];

    /// How it is shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::ById => "by id",
            Self::ByVpc => "filter vpc-id",
            Self::ByService => "filter service-name, 50 a page",
            Self::Pages => "all, 50 a page",
            Self::Mix => "mix: 70 % by id, 10 % of each other",
        }
    }

    /// Which of the ways a call of the mix is.
    fn of_mix(self, number: u64) -> Self {
        match (self, number % 10) {
            (Self::Mix, 7) => Self::ByVpc,
            (Self::Mix, 8) => Self::ByService,
            (Self::Mix, 9) => Self::Pages,
            (Self::Mix, _) => Self::ById,
            (way, _) => way,
        }
    }
}

/// One caller that describes.
pub fn describer<'a>(
    gateway: &'a Gateway,
    way: Describe,
    ids: &'a [String],
    networks: &'a [Network],
) -> io::Result<impl FnMut(u64) -> io::Result<Counts> + use<'a>> {
    let mut caller = gateway.consumer()?;
    let mut token: Option<String> = None;
    Ok(move |number: u64| {
        let at = usize::try_from(number.wrapping_mul(7919)).unwrap_or_default();
        let members: Vec<(&str, &str)> = match way.of_mix(number) {
            Describe::ById => vec![("VpcEndpointId.1", &ids[at % ids.len()])],
            Describe::ByVpc => {
                let vpc = &*networks[at % networks.len()].vpc;
                vec![("Filter.1.Name", "vpc-id"), ("Filter.1.Value.1", vpc)]
            }
            Describe::ByService => vec![
                ("Filter.1.Name", "service-name"),
                ("Filter.1.Value.1", &gateway.service),
                ("MaxResults", "50"),
            ],
            Describe::Pages | Describe::Mix => {
                let mut members = vec![("MaxResults", "50")];
                members.extend(token.as_deref().map(|token| ("NextToken", token)));
                members
            }
        };
        let is_page = way.of_mix(number) == Describe::Pages;
        let answer = caller.call(Service::Ec2, "DescribeVpcEndpoints", &members)?;
        answer.required("vpcEndpointId")?;
        if is_page {
            token = answer.text("nextToken").map(str::to_owned);
        }
        Ok(Counts::Yes)
    })
}

/// What changers share: the networks that have room, and the endpoints to be deleted again.
#[derive(Debug)]
pub struct Changes<'a> {
    gateway: &'a Gateway,
    networks: &'a [Network],
    made: Mutex<Vec<(String, usize)>>,
    free: Mutex<Vec<usize>>,
    looks: AtomicUsize,
}

impl<'a> Changes<'a> {
    /// Changes in these networks, which are empty and not touched by anyone else.
    pub fn new(gateway: &'a Gateway, networks: &'a [Network], per_network: usize) -> Self {
        let free = (0..per_network).flat_map(|_| 0..networks.len()).collect();
        let (made, looks) = (Mutex::default(), AtomicUsize::new(0));
        Self { gateway, networks, made, free: Mutex::new(free), looks }
    }

    /// How often it was looked whether an endpoint is available.
    pub fn looks(&self) -> usize {
        self.looks.load(Ordering::Relaxed)
    }

    /// One caller that creates an endpoint and waits until it is there, or deletes one that was
    /// made so: in turns. Only the former counts.
    pub fn changer(
        &self,
        until: Until,
    ) -> io::Result<impl FnMut(u64) -> io::Result<Counts> + use<'_, 'a>> {
        let mut caller = self.gateway.consumer()?;
        let resolver = Resolver::new(self.gateway.dns)?;
        Ok(move |number: u64| {
            if number.is_multiple_of(2) {
                self.create(&mut caller, until, &resolver)?;
                return Ok(Counts::Yes);
            }
            let made = lock(&self.made).pop();
            if let Some((endpoint, network)) = made {
                let members = [("VpcEndpointId.1", &*endpoint)];
                caller.call(Service::Ec2, "DeleteVpcEndpoints", &members)?;
                lock(&self.free).push(network);
            }
            Ok(Counts::No)
        })
    }

    fn create(&self, caller: &mut Caller, until: Until, resolver: &Resolver) -> io::Result<()> {
        let full = || io::Error::other("no network has room for another endpoint");
        let network = lock(&self.free).pop().ok_or_else(full)?;
        let at = &self.networks[network];
        let created = create_endpoint(caller, &self.gateway.service, at)?;
        match until {
            Until::Available => self.see_available(caller, &created.id)?,
            Until::Named => resolver.see(&created.name)?,
        }
        lock(&self.made).push((created.id, network));
        Ok(())
    }

    fn see_available(&self, caller: &mut Caller, endpoint: &str) -> io::Result<()> {
        let limit = Limit::starting(AVAILABLE_MAX);
        loop {
            let members = [("VpcEndpointId.1", endpoint)];
            let answer = caller.call(Service::Ec2, "DescribeVpcEndpoints", &members)?;
            self.looks.fetch_add(1, Ordering::Relaxed);
            match answer.required("state")? {
                "available" => return Ok(()),
                "pending" if !limit.is_over() => thread::sleep(LOOK),
                state => return Err(io::Error::other(format!("{endpoint} is {state}"))),
            }
        }
    }
}

/// Asks DNS for names.
struct Resolver(UdpSocket);

impl Resolver {
    #[expect(clippy::disallowed_methods, reason = "each caller is a thread that may wait")]
    fn new(server: SocketAddr) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.connect(server)?;
        socket.set_read_timeout(Some(ANSWER_MAX))?;
        Ok(Self(socket))
    }

    /// Asks until there is an address.
    fn see(&self, name: &str) -> io::Result<()> {
        let limit = Limit::starting(AVAILABLE_MAX);
        let question = question(name, 1);
        while !self.has_address(&question)? {
            if limit.is_over() {
                return Err(io::Error::other(format!("{name} does not resolve")));
            }
            thread::sleep(ASK);
        }
        Ok(())
    }

    fn has_address(&self, question: &[u8]) -> io::Result<bool> {
        self.0.send(question)?;
        let mut reply = [0; 512];
        match self.0.recv(&mut reply) {
            // The number of answers, in the header (RFC 1035 4.1.1).
            Ok(_) => Ok(reply[6..8] != [0, 0]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
