//! The API with TLS, as stock clients see it: the AWS CLI, boto3, curl and `openssl s_client`; and
//! a certificate that is renewed while they call.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use tests::{Aws, Certificate, Postern, curl, postern::PROVIDER, wait_until};

const PATIENCE: Duration = Duration::from_secs(20);
const RELOADS: &str = "postern_reloads_total";

fn secure(certificate: &Certificate) -> (Postern, Aws) {
    let postern = Postern::start_with(&certificate.configuration());
    let aws = postern.aws(PROVIDER).secure();
    (postern, aws)
}

fn trusts(authority: &Path) -> (&'static str, &str) {
    ("AWS_CA_BUNDLE", authority.to_str().unwrap())
}

#[test]
fn stock_clients_speak_to_the_api_through_tls() {
    let certificate = Certificate::new();
    let (postern, aws) = secure(&certificate);
    let authority = certificate.authority();
    let who = aws.output("sts get-caller-identity", &[trusts(&authority)]).unwrap();
    assert_eq!(who["Account"], PROVIDER.account);
    aws.output("ec2 describe-vpcs", &[trusts(&authority)]).unwrap();
    // The CLI does not trust an authority that it was not told of.
    let refused = aws.output("ec2 describe-vpcs", &[]).unwrap_err();
    assert!(refused.contains("certificate verify failed"), "{refused}");

    // Who forgot the s of https is told so in the words of the protocol.
    let plain = postern.aws(PROVIDER).try_run("ec2 describe-vpcs").unwrap_err();
    assert_eq!(plain.code, "InvalidRequest");
    assert!(plain.message.contains("https://"), "{plain}");
    assert!(postern.log().contains("plain HTTP came to the API's port"));
    assert!(postern.metric("postern_api_tls_handshakes_total", &["plain_http"]) > 0.5);

    let address = postern.listening().api.to_string();
    for (version, expected) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        let seen = s_client(&address, &authority, &[version, "-alpn", "h2,http/1.1"]);
        for part in [expected, "ALPN protocol: http/1.1", "Verify return code: 0 (ok)"] {
            assert!(seen.contains(part), "no {part} in {seen}");
        }
    }
    let old = s_client(&address, &authority, &["-tls1_1"]);
    assert!(old.contains("no peer certificate available"), "{old}");
    let bundle = authority.to_str().unwrap();
    let answer = curl(&["--cacert", bundle, &format!("https://{address}/")]).unwrap();
    assert!(answer.contains("MissingAuthenticationToken"), "{answer}");
}

fn s_client(address: &str, authority: &Path, options: &[&str]) -> String {
    let output = Command::new("openssl")
        .args(["s_client", "-connect", address, "-CAfile"])
        .arg(authority)
        .args(options)
        .stdin(Stdio::null())
        .output()
        .expect("openssl is installed: make test-tools");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Calls on new connections, without trying again, until its standard input ends; then says how
/// many calls it made. The first failure ends it.
const CALLER: &str = "
import sys, threading, boto3
from botocore.config import Config
done = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), done.set()), daemon=True).start()
calls = 0
session = boto3.Session()
print('ready', flush=True)
while not done.is_set():
    client = session.client('ec2', config=Config(retries={'total_max_attempts': 1}))
    for _ in range(3):
        client.describe_vpcs()
        calls += 1
    client.close()
print(calls)
";

#[test]
fn a_certificate_is_renewed_while_boto3_calls_and_a_bad_one_is_not_taken() {
    let certificate = Certificate::new();
    let (postern, aws) = secure(&certificate);
    let authority = certificate.authority();
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.venv/bin/python");
    let mut caller = Command::new(python)
        .args(["-c", CALLER])
        .env("AWS_ENDPOINT_URL", format!("https://{}", postern.listening().api))
        .env("AWS_ACCESS_KEY_ID", PROVIDER.id)
        .env("AWS_SECRET_ACCESS_KEY", PROVIDER.secret)
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .envs([trusts(&authority)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(caller.stdout.take().unwrap()).lines();
    assert_eq!(said.next().unwrap().unwrap(), "ready");
    let expiry = || postern.metric("postern_api_certificate_expiry_timestamp_seconds", &[]);
    let well = || postern.metric("postern_last_reload_successful", &["certificate"]);
    let (first, done) = (expiry(), || postern.metric(RELOADS, &["certificate", "done"]));
    assert!((well() - 1.0).abs() < 0.1);

    // When the files change, and when it is asked for.
    certificate.renew(2098);
    wait_until(PATIENCE, "the second certificate", || done() > 0.5);
    let second = expiry();
    assert!(second < first, "{second} {first}");
    certificate.renew(2097);
    postern.hang_up();
    wait_until(PATIENCE, "the third certificate", || expiry() < second);

    // One that cannot be served with, or that clients would refuse, leaves the one before.
    let third = expiry();
    let failed = || postern.metric(RELOADS, &["certificate", "failed"]);
    for (number, break_it, expected) in [
        (
            0.5,
            &|| certificate.put("certificate.pem", "nothing\n"),
            "has no certificate in PEM form",
        ),
        (1.5, &|| certificate.renew(2020), "it expired"),
    ] as [(f64, &dyn Fn(), &str); 2]
    {
        break_it();
        wait_until(PATIENCE, expected, || failed() > number);
        assert!(postern.log().contains(expected), "{expected}");
        assert!((expiry() - third).abs() < 0.5 && well() < 0.5);
    }
    aws.output("ec2 describe-vpcs", &[trusts(&authority)]).unwrap();
    certificate.renew(2096);
    wait_until(PATIENCE, "the fourth certificate", || expiry() < third && well() > 0.5);

    caller.stdin.take().unwrap().flush().unwrap();
    let calls = said.next().unwrap().unwrap();
    assert!(caller.wait().unwrap().success());
    assert!(calls.parse::<u32>().unwrap() > 20, "only {calls} calls");
}
