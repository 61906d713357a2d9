//! What clients of AWS expect, told by AWS's own: boto3, with botocore's models of the API, and the
//! AWS CLI. The scripts are in `tests/clients/`; each has a gateway of its own here.

use tests::{Postern, Script};

#[test]
fn every_member_of_aws_is_served_or_refused_as_the_document_says() {
    Script::python(&Postern::start(), "members.py").run();
}
