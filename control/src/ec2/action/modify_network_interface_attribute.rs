//! `ModifyNetworkInterfaceAttribute`: never done, as every interface here is managed by its
//! endpoint.

use model::InterfaceId;

use crate::{
    api::Call,
    ec2::id::{not_found, required_id},
    query::{Fault, Xml},
};

/// The attributes that are texts or lists of them.
const TEXTS: &[&str] = &["AssociatedSubnetId", "SecurityGroupId"];
/// The attributes with members, of which each has some of these.
const STRUCTURES: &[&str] = &["Attachment", "Description", "SourceDestCheck"];
const MEMBERS: &[&str] = &["AttachmentId", "DeleteOnTermination", "Value"];
/// What only interfaces of instances have.
const UNSUPPORTED: &[&str] = &[
    "AssociatePublicIpAddress",
    "ConnectionTrackingSpecification",
    "EnaSrdSpecification",
    "EnablePrimaryIpv6",
];
const UNSUPPORTED_OF_ATTACHMENT: &[&str] = &["DefaultEnaQueueCount", "EnaQueueCount"];

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    input.refuse(UNSUPPORTED)?;
    input.structure("Attachment").refuse(UNSUPPORTED_OF_ATTACHMENT)?;
    let id: InterfaceId = required_id(&input, "NetworkInterfaceId")?;
    // What it is to be does not matter: the answer is the same.
    for name in TEXTS {
        input.texts(name)?;
    }
    for name in STRUCTURES {
        let structure = input.structure(name);
        MEMBERS.iter().try_for_each(|member| structure.text(member).map(drop))?;
    }
    call.ready(&input)?;
    let registry = call.registry();
    registry.view(call.caller()).network_interface(id).map_err(|_| not_found(id))?;
    let message = "You do not have permission to access the specified resource.";
    Err(Fault::new("AuthFailure", message))
}
