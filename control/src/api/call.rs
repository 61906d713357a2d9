//! One operation's view of its request: who calls, the members, the registry as of now, and the way
//! to change it. Does not know the operations.
//!
//! [`Call::ready`] and [`Call::change`] stand between reading the members and doing anything: they
//! refuse leftover members, and only what they return can change state. So no operation that
//! changes anything can forget to look for unknown members, and a dry run cannot change anything.

use std::sync::Arc;

use control_core::{Caller, Command, Outcome, Refusal, Registry};
use model::Health;

use super::{Server, service::Service};
use crate::{
    authorization::{Assumption, Circumstances},
    config::Role,
    ec2, elb,
    identities::Known,
    keeper::SubmitError,
    query::{Dialect, Fault, Form, Input, PageRequest, PageTokens},
    signature::{Credentials, Identity, Session},
    zonal_shift,
};

/// A verified request for one operation.
pub(crate) struct Call<'a> {
    server: &'a Server,
    known: &'a Known,
    identity: Identity,
    circumstances: Circumstances,
    form: &'a Form,
    service: Service,
    action: &'a str,
}

/// The right to read, with the state that this call sees: one state, from its first read to its
/// last.
pub(crate) struct Ready {
    registry: Arc<Registry>,
}

impl Ready {
    /// What there is.
    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }
}

/// The right to ask for one change, or to be told whether it would be made.
pub(crate) struct Change {
    is_dry_run: bool,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        server: &'a Server,
        known: &'a Known,
        identity: Identity,
        circumstances: Circumstances,
        form: &'a Form,
        service: Service,
    ) -> Result<Self, Fault> {
        let input = Input::new(form, service.dialect());
        let missing = "The request must contain the parameter Action";
        let action = input.text("Action")?.ok_or_else(|| Fault::new("MissingAction", missing))?;
        input.text("Version")?;
        Ok(Self { server, known, identity, circumstances, form, service, action })
    }

    /// The operation's name as the caller wrote it.
    pub(crate) fn action(&self) -> &str {
        self.action
    }

    /// Who calls.
    pub(crate) fn caller(&self) -> &Caller {
        &self.identity.caller
    }

    /// Who calls, as the signature proved it.
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// When the request came, and from where.
    pub(crate) fn circumstances(&self) -> Circumstances {
        self.circumstances
    }

    /// The service that is called.
    pub(crate) fn service(&self) -> Service {
        self.service
    }

    /// The form, to be looked at without counting as a look at its members.
    pub(crate) fn form(&self) -> &Form {
        self.form
    }

    /// The members.
    pub(crate) fn input(&self) -> Input<'a> {
        Input::new(self.form, self.service.dialect())
    }

    /// What the data plane last reported.
    pub(crate) fn health(&self) -> Arc<Health> {
        Arc::clone(&self.server.api.health.borrow())
    }

    /// What there is at this moment.
    pub(crate) fn registry(&self) -> Arc<Registry> {
        self.server.api.keeper.registry()
    }

    /// Refuses Regions other than this one.
    pub(crate) fn check_regions(&self, regions: &[&str]) -> Result<(), Fault> {
        let own = self.server.api.config.region.as_str();
        match regions.iter().find(|region| **region != own) {
            None => Ok(()),
            Some(_) => Err(Fault::new(
                "UnsupportedOperation",
                format!("The only Region supported here is {own}."),
            )),
        }
    }

    /// The fault of an operation that the service does not have here.
    pub(crate) fn unknown_action(&self) -> Fault {
        Fault::invalid_action(self.action, self.form.peek("Version").unwrap_or("unknown"))
    }

    /// Ends the reading of members of an operation that reads, or that changes several things one
    /// by one; a dry run ends here, too.
    pub(crate) fn ready(&self, input: &Input<'_>) -> Result<Ready, Fault> {
        if self.change(input)?.is_dry_run {
            return Err(Fault::dry_run());
        }
        Ok(Ready { registry: self.registry() })
    }

    /// Ends the reading of members of an operation that makes one change.
    pub(crate) fn change(&self, input: &Input<'_>) -> Result<Change, Fault> {
        let is_dry_run = match self.service.dialect() {
            Dialect::Ec2 => input.boolean("DryRun")?.unwrap_or(false),
            Dialect::Query => false,
        };
        input.finish()?;
        Ok(Change { is_dry_run })
    }

    /// Makes the change, durably, unless this is a dry run: that ends in a fault, of the change or
    /// else its own.
    pub(crate) async fn make(&self, change: Change, command: Command) -> Result<Outcome, Fault> {
        if change.is_dry_run {
            let allowed = self.server.api.keeper.dry_run(self.caller(), &command);
            return Err(allowed.map_or_else(|refusal| self.fault(&refusal), |()| Fault::dry_run()));
        }
        self.submit(command).await
    }

    /// Makes one of several changes; the call is [`Ready`] for them.
    pub(crate) async fn make_each(&self, _: &Ready, command: Command) -> Result<Outcome, Fault> {
        self.submit(command).await
    }

    async fn submit(&self, command: Command) -> Result<Outcome, Fault> {
        match self.server.api.keeper.submit(self.caller().clone(), command).await {
            Ok(outcome) => Ok(outcome),
            Err(SubmitError::Refused(refusal)) => Err(self.fault(&refusal)),
            Err(error @ SubmitError::Unavailable(_)) => {
                tracing::error!(error = &error as &dyn std::error::Error, "submit a command");
                Err(Fault::internal())
            }
        }
    }

    /// The role that the caller may assume.
    pub(crate) fn assumed(&self, asked: &Assumption<'_>) -> Result<(Caller, &Role), Fault> {
        self.known.authorizer.assumed(self, asked)
    }

    /// The credentials of a session of a role.
    pub(crate) fn issue(&self, session: &Session) -> Result<Credentials, Fault> {
        self.server.verifier.issue(session).ok_or_else(Fault::internal)
    }

    /// Reads a page request of the service's.
    pub(crate) fn page(&self, input: &Input<'_>, ids: &str) -> Result<PageRequest, Fault> {
        let (tokens, account) = (self.tokens(), &self.caller().account);
        match self.service {
            Service::Ec2 => tokens.ec2(input, account, self.action, ids),
            Service::Elb | Service::Sts => tokens.elb(input, account, self.action),
            Service::ZonalShift => tokens.zonal_shift(input, account, self.action),
        }
    }

    /// The token of the next page.
    pub(crate) fn next_token(&self, last: Option<String>) -> Option<String> {
        last.map(|last| self.tokens().seal(&self.caller().account, self.action, &last))
    }

    fn tokens(&self) -> &PageTokens {
        &self.server.page_tokens
    }

    /// The fault of a refusal, in the codes of this service.
    pub(crate) fn fault(&self, refusal: &Refusal) -> Fault {
        match self.service {
            Service::Ec2 => ec2::fault(refusal),
            Service::Elb | Service::Sts => elb::fault(refusal),
            Service::ZonalShift => zonal_shift::of_refusal(refusal),
        }
    }
}
