//! The generic layer of the Query protocols: a form comes in, XML goes out.
//!
//! EC2 and the AWS Query services (ELBv2, STS) differ in how lists are named and how an answer is
//! wrapped; `Dialect` is that difference. Read `form` (bytes to names and values), `input`
//! (typed access that remembers what was used), `filter` and `page` (what Describe operations
//! share), `xml` (answers), `fault` (refusals with their code). Knows no operation and no
//! resource.

pub(crate) mod fault;
pub(crate) mod filter;
pub(crate) mod form;
pub(crate) mod input;
pub(crate) mod page;
pub(crate) mod xml;

pub(crate) use fault::{Fault, quoted};
pub(crate) use filter::{Filters, Subject};
pub(crate) use form::Form;
pub(crate) use input::Input;
pub(crate) use page::{PageRequest, PageTokens};
pub(crate) use xml::Xml;

/// Which of the two Query protocols is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Lists are flat: `Name.1`. Errors come in `<Response><Errors>`.
    Ec2,
    /// Lists have a level more: `Name.member.1`. Errors come in `<ErrorResponse>`.
    Query,
}

/// Parses bytes as a form and walks it as every operation does, for fuzzing: nothing that a caller
/// sends may panic here. Returns whether the form was taken.
pub fn parse_form(bytes: &[u8]) -> bool {
    let Ok(form) = Form::parse(&[bytes]) else { return false };
    for dialect in [Dialect::Ec2, Dialect::Query] {
        let input = Input::new(&form, dialect);
        let walk = || -> Result<(), Fault> {
            input.required_text("Action")?;
            input.boolean("DryRun")?;
            input.parse::<i32>("MaxResults", "an integer")?;
            input.texts("VpcEndpointId")?;
            for tags in input.structures("TagSpecification") {
                tags.text("ResourceType")?;
                for tag in tags.structures("Tag") {
                    tag.required_text("Key")?;
                }
            }
            Filters::read(&input, &["vpc-id", "tag-key"])?;
            input.finish()
        };
        if let Err(fault) = walk() {
            fault.document(dialect, "fuzz");
        }
    }
    true
}
