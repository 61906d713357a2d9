//! Results played against thresholds and time.
#![expect(clippy::disallowed_methods, reason = "a time to begin at, whatever it is")]

use model::{Protocol, TargetGroupId};

use super::*;

/// Thresholds of 3 to recover and 2 to fail.
fn group() -> TargetGroup {
    let mut group = TargetGroup::new(TargetGroupId::from_bits(1), Protocol::Tcp);
    group.health_check.healthy_threshold = 3;
    group.health_check.unhealthy_threshold = 2;
    group
}

/// Plays one second after the other: `.` is a success, `x` a failure, `t` a timeout, `m` another
/// code, `c` failed connections, `-` nothing. The states come back as I, H, U (failed), T (timed
/// out), M (another code) and C (connections), in lower case while draining.
fn play(results: &str, group: &TargetGroup) -> String {
    let start = Instant::now();
    let mut checks = Checks::default();
    let mut step = |(second, result)| {
        let now = start + Duration::from_secs(second);
        let before = checks.health();
        let mut changed = checks.pass_time(now);
        changed |= match result {
            '.' => checks.record(ProbeResult::Success, group, now),
            't' => checks.record(ProbeResult::Timeout, group, now),
            'm' => checks.record(ProbeResult::Mismatch(503), group, now),
            'x' => checks.record(ProbeResult::Failure, group, now),
            'c' => checks.eject(group, now),
            _ => false,
        };
        assert!(changed || checks.health() == before);
        let letter = |reason| match reason {
            UnhealthyReason::FailedHealthChecks => 'U',
            UnhealthyReason::Timeout => 'T',
            UnhealthyReason::ResponseCodeMismatch(503) => 'M',
            UnhealthyReason::ResponseCodeMismatch(_) => '?',
            UnhealthyReason::FailedConnections => 'C',
        };
        match checks.health() {
            TargetHealth::Initial => 'I',
            TargetHealth::Healthy => 'H',
            TargetHealth::Unhealthy(reason) => letter(reason),
            TargetHealth::UnhealthyDraining(reason) => letter(reason).to_ascii_lowercase(),
            TargetHealth::Draining | TargetHealth::Unused => '?',
        }
    };
    (0..).zip(results.chars()).map(&mut step).collect()
}

#[test]
fn thresholds_count_results_in_a_row() {
    for (results, states) in [
        (".", "H"),
        ("x.", "IH"),
        ("xx", "IU"),
        ("tt", "IT"),
        ("mm", "IM"),
        (".x.x.x", "HHHHHH"),
        (".xx", "HHU"),
        (".xt", "HHT"),
        (".tm", "HHM"),
        (".xx..x...", "HHUUUUUUH"),
        ("xxt", "IUT"),
        ("xx...xx", "IUUUHHU"),
    ] {
        assert_eq!(play(results, &group()), states, "{results}");
    }
}

#[test]
fn failed_connections_end_health_and_probes_bring_it_back() {
    for (results, states) in [
        // Nothing is known of a new target, and one that probes found unhealthy is theirs.
        ("c.", "IH"),
        (".c", "HC"),
        (".xxc", "HHUU"),
        (".c...", "HCCCH"),
        (".c..c.", "HCCCCH"),
        // A probe that fails as well is the better reason, and counts from the first.
        (".cx", "HCU"),
        (".cm...", "HCMMMH"),
        (".xcx", "HHCU"),
    ] {
        assert_eq!(play(results, &group()), states, "{results}");
    }
}

#[test]
fn where_connections_stay_it_drains_before_it_is_unhealthy() {
    let mut group = group();
    group.unhealthy_draining_interval = Duration::from_secs(3);
    assert_eq!(play(".xx-----", &group), "HHUUUUUU", "connections end at once");
    group.unhealthy_connection_termination = false;
    for (results, states) in [
        (".xx-----", "HHuuuUUU"),
        // Another reason does not make it longer.
        (".xxtt---", "HHuttTTT"),
        (".xx...", "HHuuuH"),
        (".xx..-.", "HHuuuUH"),
        (".xx...xx----", "HHuuuHHuuuUU"),
        (".c----", "HcccCC"),
        // It never served, so it has nothing to drain.
        ("xx-", "IUU"),
    ] {
        assert_eq!(play(results, &group), states, "{results}");
    }
    group.unhealthy_draining_interval = Duration::ZERO;
    assert_eq!(play(".xx--", &group), "HHUUU");
}

#[test]
fn time_alone_changes_what_drains_and_what_starts_slowly() {
    let (now, slow_start) = (Instant::now(), Duration::from_secs(32));
    let seconds = |n| now + Duration::from_secs(n);
    let mut group = group();
    group.unhealthy_connection_termination = false;
    group.unhealthy_draining_interval = Duration::from_secs(9);
    let mut checks = Checks::default();
    assert_eq!(checks.next_change(slow_start, now), None);
    assert!(checks.record(ProbeResult::Success, &group, now));
    assert_eq!(checks.next_change(Duration::ZERO, now), None);
    assert_eq!(checks.share(Duration::ZERO, now), Share::FULL);
    assert_eq!(checks.next_change(slow_start, now), Some(seconds(1)));
    assert_eq!(checks.next_change(slow_start, seconds(1)), Some(seconds(2)));
    assert_eq!(checks.next_change(slow_start, seconds(31)), None);
    assert!(checks.share(slow_start, now) < checks.share(slow_start, seconds(16)));
    assert_eq!(checks.share(slow_start, seconds(31)), Share::FULL);
    for _ in 0..2 {
        checks.record(ProbeResult::Failure, &group, seconds(40));
    }
    assert_eq!(checks.next_change(slow_start, seconds(40)), Some(seconds(49)));
    assert!(!checks.pass_time(seconds(48)));
    assert!(checks.pass_time(seconds(49)));
    assert_eq!(checks.next_change(slow_start, seconds(49)), None);
    assert_eq!(checks.share(slow_start, seconds(49)), Share::FULL);
}

#[test]
fn only_probes_speak_against_open_connections() {
    let (now, group) = (Instant::now(), group());
    let mut checks = Checks::default();
    checks.record(ProbeResult::Success, &group, now);
    checks.eject(&group, now);
    assert!(!checks.is_failed_by_probes());
    checks.record(ProbeResult::Timeout, &group, now);
    assert!(checks.is_failed_by_probes());
}
