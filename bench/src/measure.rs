//! What is measured: fixed work of about half a second each, by name.

use crate::client::{Close, Way, Work};

/// One kind of work.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// Its name on the command line and in tables.
    pub name: &'static str,
    /// The same for readers.
    pub title: &'static str,
    /// The work itself.
    pub work: Work,
    /// The unit that processor time is shown for.
    pub unit: &'static str,
    /// How many of the work's units (requests, connections, bytes) are one such unit.
    pub unit_size: f64,
}

/// How much of it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// For figures.
    Full,
    /// For a quick look: noisier.
    Quick,
}

impl Amount {
    /// Rounds of all measures.
    pub fn rounds(self) -> usize {
        match self {
            Self::Full => 9,
            Self::Quick => 3,
        }
    }
}

/// Names that stand for several measures on the command line.
const GROUPS: [(&str, &[&str]); 3] = [
    ("rr", &["rr1", "rr8", "rr64"]),
    ("bulk", &["up1", "down1", "up8", "down8"]),
    ("churn", &["cps", "cpsfin"]),
];

impl Measure {
    /// Whether a name on the command line means it.
    pub fn is_called(&self, name: &str) -> bool {
        let group = GROUPS.iter().find(|(group, _)| *group == name);
        name == self.name || group.is_some_and(|(_, names)| names.contains(&self.name))
    }
}

/// All measures.
pub fn all(amount: Amount) -> Vec<Measure> {
    let share = match amount {
        Amount::Full => 1,
        Amount::Quick => 2,
    };
    let request = |name, title, connections, requests| Measure {
        name,
        title,
        work: Work::Requests { connections, requests: requests / share },
        unit: "100k requests",
        unit_size: 100_000.0,
    };
    let churn = |name, title, close| Measure {
        name,
        title,
        work: Work::Churn { connections: 6000 / share, at_once: 32, close },
        unit: "10k connections",
        unit_size: 10_000.0,
    };
    let bulk = |name, title, flows: u32, way| Measure {
        name,
        title,
        work: Work::Bulk {
            flows: usize::try_from(flows).unwrap_or(1),
            bytes: 1_200_000_000 / share / u64::from(flows),
            way,
        },
        unit: "GB",
        unit_size: 1e9,
    };
    vec![
        request("rr1", "requests, 1 connection", 1, 12_000),
        request("rr8", "requests, 8 connections", 8, 36_000),
        request("rr64", "requests, 64 connections", 64, 48_000),
        churn("cps", "connections, ended by a reset", Close::Reset),
        churn("cpsfin", "connections, ended by a FIN", Close::Fin),
        bulk("up1", "upload, 1 flow", 1, Way::Up),
        bulk("down1", "download, 1 flow", 1, Way::Down),
        bulk("up8", "upload, 8 flows", 8, Way::Up),
        bulk("down8", "download, 8 flows", 8, Way::Down),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_name_measures_that_exist() {
        let measures = all(Amount::Quick);
        for (group, names) in GROUPS {
            let called = measures.iter().filter(|m| m.is_called(group)).count();
            assert_eq!(called, names.len(), "{group}");
        }
        assert!(measures.iter().all(|m| m.is_called(m.name)));
    }
}
