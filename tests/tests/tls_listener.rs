//! A TLS listener, made by the AWS CLI, as stock clients see it through an endpoint: curl and
//! `openssl s_client` with two hosts, while their certificates are renewed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, TcpListener},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use serde_json::Value;
use tests::{
    Certificate, Postern, Topology, certificate, curl,
    postern::{PROVIDER, binary},
    topology::Options,
    wait_until,
};

const PATIENCE: Duration = Duration::from_secs(30);
/// The port of the TLS listener.
const PORT: u16 = 8443;
/// Renewals under load.
const RENEWALS: usize = 5;
/// Clients that connect again and again meanwhile.
const CLIENTS: usize = 3;
const EXPIRY: &str = "postern_certificate_expiry_timestamp_seconds";

/// Answers every request on every connection, as long as the process runs.
#[expect(clippy::disallowed_methods, reason = "the rig may block")]
fn serve() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut reading = BufReader::new(stream.try_clone().unwrap());
                let (mut line, mut stream) = (String::new(), stream);
                while reading.read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
                    if line.trim().is_empty() {
                        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
                        if stream.write_all(answer.as_bytes()).is_err() {
                            return;
                        }
                    }
                    line.clear();
                }
            });
        }
    });
    addr
}

/// Asks through the endpoint for a host's page.
fn page(authority: &Path, host: &str, address: IpAddr) -> Option<String> {
    curl(&[
        "--cacert",
        authority.to_str().unwrap(),
        "--resolve",
        &format!("{host}:{PORT}:{address}"),
        &format!("https://{host}:{PORT}/"),
    ])
    .ok()
}

/// `openssl s_client` that stays connected.
struct Stay {
    child: Child,
    say: ChildStdin,
    hear: ChildStdout,
}

impl Stay {
    fn connect(address: IpAddr) -> Self {
        let mut child = Command::new("openssl")
            .args(["s_client", "-quiet", "-servername", "one.example.test", "-connect"])
            .arg(format!("{address}:{PORT}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl is installed: make test-tools");
        let (say, hear) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, say, hear }
    }

    fn ask(&mut self) {
        self.say.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        self.say.flush().unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"hello") {
            let mut byte = [0];
            self.hear.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn s_client(address: IpAddr, authority: &Path, options: &[&str]) -> String {
    let output = Command::new("openssl")
        .args(["s_client", "-connect", &format!("{address}:{PORT}"), "-CAfile"])
        .arg(authority)
        .args(options)
        .stdin(Stdio::null())
        .output()
        .expect("openssl is installed: make test-tools");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A gateway with a TLS listener for two hosts, in front of a target that is healthy.
fn serving(authority: &Certificate) -> (Postern, Topology) {
    let postern = Postern::start_with(&authority.listeners(&["one", "other"]));
    let options = Options { proxy_protocol: false, ..Options::default() };
    let topology = Topology::build(&postern, &[(serve(), "all")], options);
    topology.wait_healthy(1, PATIENCE);
    listen(&postern, &topology);
    (postern, topology)
}

/// Adds a TLS listener with two certificates to the topology's load balancer, as a provider would.
fn listen(postern: &Postern, topology: &Topology) {
    let aws = postern.aws(PROVIDER);
    let created = aws.run(&format!(
        "elbv2 create-listener --load-balancer-arn {} --protocol TLS --port {PORT} \
         --certificates CertificateArn={} --ssl-policy ELBSecurityPolicy-TLS13-1-2-2021-06 \
         --default-actions Type=forward,TargetGroupArn={}",
        topology.load_balancer,
        certificate::arn("one"),
        topology.target_group,
    ));
    let listener = created["Listeners"][0]["ListenerArn"].as_str().unwrap().to_owned();
    aws.run(&format!(
        "elbv2 add-listener-certificates --listener-arn {listener} --certificates \
         CertificateArn={}",
        certificate::arn("other"),
    ));
    // One that no file was named for.
    let refused = aws.try_run(&format!(
        "elbv2 add-listener-certificates --listener-arn {listener} --certificates \
         CertificateArn={}",
        certificate::arn("unknown"),
    ));
    assert_eq!(refused.unwrap_err().code, "CertificateNotFound");
}

fn explained(postern: &Postern, address: IpAddr) -> Value {
    let output = Command::new(binary())
        .args(["explain", "--admin", &postern.listening().admin.to_string(), "--json"])
        .args([&address.to_string(), "--port", &PORT.to_string()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn stock_clients_reach_a_tls_listener_by_two_names() {
    let authority = Certificate::new();
    let (postern, topology) = serving(&authority);
    let (address, trusted) = (topology.addresses(&postern)[0], authority.authority());
    for host in ["one.example.test", "other.example.test"] {
        wait_until(PATIENCE, "curl to be answered", || {
            page(&trusted, host, address).as_deref() == Some("hello")
        });
        for (version, expected) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
            let seen = s_client(address, &trusted, &["-servername", host, version]);
            let subject = format!("subject=CN = {host}");
            for part in [expected, &subject, "Verify return code: 0 (ok)"] {
                assert!(seen.contains(part), "no {part} in {seen}");
            }
        }
    }
    let old = s_client(address, &trusted, &["-tls1_1"]);
    assert!(old.contains("no peer certificate available"), "{old}");
    let plain = curl(&[&format!("http://{address}:{PORT}/")]);
    assert!(plain.is_err(), "{plain:?}");

    // Every reason has one name wherever it is told.
    let handshakes = postern.metric("postern_tls_handshakes_total", &["1.3"]);
    assert!(handshakes > 3.5, "{handshakes}");
    let name = "postern_client_tls_negotiation_errors_total";
    wait_until(PATIENCE, "the failures", || {
        postern.metric(name, &["\"version\""]) > 0.5 && postern.metric(name, &["\"not_tls\""]) > 0.5
    });
    let lines = postern.access_lines();
    let is_old = |it: &Value| {
        it["fields"]["end"] == "client_tls_failed" && it["fields"]["tls_failure"] == "version"
    };
    assert!(lines.iter().any(is_old), "{lines:#?}");
    let is_served = |it: &Value| {
        it["fields"]["server_name"] == "other.example.test" && it["fields"]["tls_version"] == "1.3"
    };
    assert!(lines.iter().any(is_served), "{lines:#?}");
    let told = explained(&postern, address);
    let steps = told["paths"][0]["steps"].as_array().unwrap();
    let found = steps.iter().find(|it| it["step"] == "certificates").unwrap();
    let held: Vec<_> = found["facts"]["certificates"].as_array().unwrap().iter().collect();
    assert_eq!(held.len(), 2, "{found}");
    assert!(held.iter().all(|it| it["loaded"] == true), "{found}");
    assert_eq!(
        (&held[0]["arn"], &held[0]["default"]),
        (&Value::from(certificate::arn("one")), &true.into())
    );
}

#[test]
fn certificates_are_renewed_while_clients_come_and_stay() {
    let authority = Certificate::new();
    let (postern, topology) = serving(&authority);
    let (address, trusted) = (topology.addresses(&postern)[0], authority.authority());
    let host = "one.example.test";
    wait_until(PATIENCE, "curl to be answered", || page(&trusted, host, address).is_some());
    let mut stays = Stay::connect(address);
    stays.ask();
    let (arn, (done, served)) =
        (certificate::arn("one"), (AtomicBool::new(false), AtomicUsize::new(0)));
    let expiry = || postern.metric(EXPIRY, &[&arn]);
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    let found = page(&trusted, host, address);
                    assert_eq!(found.as_deref(), Some("hello"), "after {served:?}");
                    served.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        for renewal in 0..RENEWALS {
            let (before, count) = (expiry(), served.load(Ordering::SeqCst));
            authority.sign_listener("one", 2098 - i32::try_from(renewal).unwrap());
            if renewal % 2 == 0 {
                postern.hang_up();
            }
            wait_until(PATIENCE, "the new certificate", || expiry() < before);
            wait_until(PATIENCE, "more clients", || served.load(Ordering::SeqCst) > count + 10);
        }
        done.store(true, Ordering::SeqCst);
    });
    stays.ask();
    let seen = s_client(address, &trusted, &["-servername", host]);
    assert!(seen.contains("NotAfter: Jan  1 00:00:00 2094 GMT"), "{seen}");
    // A pair that does not fit leaves the one before; the other certificate is renewed all the
    // same.
    authority.put("one.key", "nothing\n");
    let what = "listener_certificates";
    let failed = || postern.metric("postern_reloads_total", &[what, "failed"]);
    wait_until(PATIENCE, "the failure", || failed() > 0.5);
    let before = postern.metric(EXPIRY, &["certificate/other"]);
    authority.sign_listener("other", 2060);
    let other = || postern.metric(EXPIRY, &["certificate/other"]);
    wait_until(PATIENCE, "the other certificate", || other() < before);
    assert!(postern.metric("postern_last_reload_successful", &[what]) < 0.5);
    assert_eq!(page(&trusted, host, address).as_deref(), Some("hello"));
    stays.ask();
}
