//! What clients of AWS expect, told by AWS's own: boto3, with botocore's models of the API, and the
//! AWS CLI. The scripts are in `tests/clients/`; each has a gateway of its own here.

use tests::{Certificate, Postern, Script, certificate, peer::Peer, script::root};

/// Services as the guide's commands name them.
const CATALOGUE: &str = r#"
[[services.amazon]]
name = "com.amazonaws.us-east-1.monitoring"
private_dns_names = [
    "monitoring.us-east-1.amazonaws.com", "monitoring.us-east-1.api.aws",
    "monitoring-fips.us-east-1.amazonaws.com", "monitoring-fips.us-east-1.api.aws",
]
listeners = [{ port = 443, targets = ["127.0.0.1:1"] }]

[[services.amazon]]
name = "com.amazonaws.us-east-1.xray"
policy_supported = false
private_dns_names = ["xray.us-east-1.amazonaws.com"]
listeners = [{ port = 443, targets = ["127.0.0.1:1"] }]

[[services.amazon]]
name = "com.amazonaws.us-east-1.s3"
type = "gateway"
"#;

#[test]
fn every_member_of_aws_is_served_or_refused_as_the_document_says() {
    Script::python(&Postern::start(), "members.py").run();
}

#[test]
fn every_operation_answers_in_the_shape_of_aws() {
    let certificates = Certificate::new();
    let postern = Postern::start_with(&certificates.listeners(&["one", "other"]));
    let mut script = Script::python(&postern, "shapes.py");
    script.command().env("POSTERN_CERTIFICATE_1", certificate::arn("one"));
    script.command().env("POSTERN_CERTIFICATE_2", certificate::arn("other"));
    script.run();
}

#[test]
fn boto3_pages_waits_agrees_and_is_told_what_is_wrong() {
    let target = Peer::postern("whoami", "whoami");
    let postern = Postern::start();
    let mut script = Script::python(&postern, "workflow.py");
    script.command().env("POSTERN_TARGET", target.addr.to_string());
    script.run();
}

#[test]
fn stock_clients_get_through_throttling() {
    let limits = "{ reads = { burst = 10, per_second = 20 } }";
    Script::python(&Postern::start_limited(limits, ""), "throttled.py").run();
}

#[test]
fn the_commands_of_the_guide_print_what_the_guide_shows() {
    let postern = Postern::start_with(CATALOGUE);
    let venv = root().join(".venv/bin");
    let clis = format!("{0}/python {0}/aws:/usr/bin/aws", venv.display());
    let mut script = Script::python(&postern, "guide.py");
    script.command().env("POSTERN_CLIS", clis);
    script.run();
}
