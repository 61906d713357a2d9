//! Lines, bounds, rotation, and a queue that nobody empties.

use std::{fs, path::Path};

use control_core::{Caller, throttle::ActionClass};
use model::Timestamp;
use serde_json::Value;
use tokio_rustls::rustls::{CipherSuite, ProtocolVersion};

use super::*;
use crate::{
    http::Negotiated,
    query::{Fault, Form},
};

fn caller() -> Caller {
    Caller::root("111111111111".parse().unwrap())
}

fn entry<'a>(caller: Option<&'a Caller>, parameters: Option<&'a Parameters>) -> Entry<'a> {
    Entry {
        at: Timestamp(1_795_230_366_999),
        service: Some("ec2"),
        action: "CreateVpc",
        class: ActionClass::Change,
        region: "us-east-1",
        peer: "::ffff:192.0.2.7".parse().unwrap(),
        tls: None,
        user_agent: Some("aws-cli/2"),
        caller,
        access_key_id: Some("AKID"),
        request_id: "request",
        event_id: "event",
        parameters,
        fault: None,
        error_form: ErrorForm::WithSide,
    }
}

fn parsed(entry: &Entry<'_>) -> Value {
    let line = entry.line();
    assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
    serde_json::from_slice(&line).unwrap()
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_line_has_the_names_of_cloudtrail() {
    let caller = caller();
    let form = Form::parse(&[b"Action=CreateVpc&Version=1&CidrBlock=10.0.0.0%2F16%0A"]).unwrap();
    let parameters = Parameters::of(&form);
    let line = parsed(&entry(Some(&caller), Some(&parameters)));
    for (name, expected) in [
        ("eventTime", "2026-11-21T03:06:06Z"),
        ("eventSource", "ec2.amazonaws.com"),
        ("eventName", "CreateVpc"),
        ("awsRegion", "us-east-1"),
        ("sourceIPAddress", "192.0.2.7"),
        ("userAgent", "aws-cli/2"),
        ("requestID", "request"),
        ("eventID", "event"),
        ("recipientAccountId", "111111111111"),
    ] {
        assert_eq!(line[name], expected, "{name}");
    }
    assert_eq!(line["readOnly"], false);
    assert_eq!(line["userIdentity"]["arn"], "arn:aws:iam::111111111111:root");
    assert_eq!(line["requestParameters"], serde_json::json!({ "CidrBlock": "10.0.0.0/16\n" }));
    assert_eq!(line.get("errorCode"), None);
}

#[test]
fn refusals_carry_their_code_and_strangers_no_account() {
    let fault = Fault::dry_run();
    let refused = Entry { fault: Some(&fault), ..entry(None, None) };
    let line = parsed(&refused);
    assert_eq!(line["errorCode"], "Client.DryRunOperation");
    assert_eq!(line["userIdentity"]["type"], "Unknown");
    assert_eq!(line.get("recipientAccountId"), None);
    let internal = Fault::internal();
    for (form, code) in
        [(ErrorForm::WithSide, "Server.InternalError"), (ErrorForm::Plain, "InternalError")]
    {
        let refused = Entry { fault: Some(&internal), error_form: form, ..entry(None, None) };
        assert_eq!(parsed(&refused)["errorCode"], code);
    }
}

#[test]
fn encryption_is_told_in_cloudtrails_words() {
    for (version, suite, expected) in [
        (
            ProtocolVersion::TLSv1_3,
            CipherSuite::TLS13_AES_256_GCM_SHA384,
            ["TLSv1.3", "TLS_AES_256_GCM_SHA384"],
        ),
        (
            ProtocolVersion::TLSv1_2,
            CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            ["TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],
        ),
    ] {
        let negotiated = Negotiated { version, suite };
        let tls = Some(TlsDetails { negotiated, host: Some("ec2.example:4600") });
        let details = parsed(&Entry { tls, ..entry(None, None) })["tlsDetails"].clone();
        assert_eq!([&details["tlsVersion"], &details["cipherSuite"]], expected);
        assert_eq!(details["clientProvidedHostHeader"], "ec2.example:4600");
    }
    assert_eq!(parsed(&entry(None, None)).get("tlsDetails"), None);
}

#[test]
fn secrets_are_hidden_and_sizes_are_bounded() {
    let form = "Password=p1&New.SecretAccessKey=p2&Secrets.1=p3&TokenCode=p4&ClientToken=shown";
    let parameters = Parameters::of(&Form::parse(&[form.as_bytes()]).unwrap());
    let line = parsed(&entry(None, Some(&parameters)))["requestParameters"].to_string();
    for secret in ["p1", "p2", "p3", "p4"] {
        assert!(!line.contains(secret), "{line}");
    }
    assert!(line.contains("shown"));

    let long = "v".repeat(50);
    let many: String = (0..3000).map(|i| format!("A{i}={long}&")).collect();
    let huge = format!("PolicyDocument={}", "v".repeat(200_000));
    for form in [many, huge] {
        let parameters = Parameters::of(&Form::parse(&[form.as_bytes()]).unwrap());
        let line = entry(None, Some(&parameters)).line();
        assert!(line.len() < 20 * 1024, "{}", line.len());
    }
}

#[tokio::test]
async fn lines_are_written_rotated_and_on_the_disk_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let one = u64::try_from(entry(None, None).line().len()).unwrap();
    let config = Config { rotate_bytes: one * 3, keep: 2, ..Config::new(&path) };
    for _ in 0..2 {
        let audit = Audit::start(&config).unwrap();
        for _ in 0..5 {
            audit.record(&entry(None, None)).await;
        }
        audit.stop().await;
    }
    let numbered = |number| folder.path().join(format!("audit.jsonl.{number}"));
    let sizes = [path.clone(), numbered(1), numbered(2)].map(|path| lines(&path).len());
    assert_eq!(sizes, [1, 3, 3]);
    assert!(!numbered(3).exists());
}

#[tokio::test]
async fn a_full_queue_delays_a_call_and_never_holds_it() {
    let (lines, queue) = mpsc::channel(1);
    let audit = Audit(Some(lines));
    audit.record(&entry(None, None)).await;
    let begun = tokio::time::Instant::now();
    audit.record(&entry(None, None)).await;
    assert!(begun.elapsed() >= ROOM_WAIT);
    drop(queue);
    audit.record(&entry(None, None)).await;
}

#[test]
fn a_file_that_cannot_be_opened_is_told_at_the_start() {
    let error = Audit::start(&Config::new("/nowhere/audit.jsonl")).unwrap_err();
    assert_eq!(error.to_string(), "open the audit log /nowhere/audit.jsonl");
}
