//! `ModifyListenerAttributes`: changes attributes of a listener.

use control_core::{Command, Outcome};

use crate::{
    api::Call,
    elb::{
        arns::Arns,
        attribute::{
            self,
            listener::{all, read},
        },
    },
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let registry = call.registry();
    let arns = Arns(registry.view(call.caller()));
    let listener = arns.listener(input.required_text("ListenerArn")?)?.id;
    let attributes = attribute::read(&input, read)?;
    let change = call.change(&input)?;

    let command = Command::ModifyListenerAttributes { listener, attributes };
    let Outcome::Listener(found) = call.make(change, command).await? else {
        return Err(Fault::internal());
    };
    Ok(attribute::write(all(&found)))
}
