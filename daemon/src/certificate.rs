//! Certificates over time, the API's and those of TLS listeners: read again when their files
//! change, and their end told early.
//!
//! What cannot be served with is refused, and the certificate before stays: a gateway with an old
//! certificate is better than one without. Does not know when to look.

pub(crate) mod listeners;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use control::tls::{Certificate, CertificateError, Tls};
use model::{Clock, Timestamp};
use thiserror::Error;
use tracing::{error, info, warn};

use crate::{
    config::api::{self, TlsFiles},
    follow::Followed,
    metrics::{self, Reloaded},
};

/// How long before its end a certificate is warned of: renewal usually begins a month before, so
/// two weeks before its end it has failed.
const WARNED_BEFORE: Duration = Duration::from_secs(14 * 24 * 3600);
/// How often it is warned of.
const WARNED_EVERY: Duration = Duration::from_secs(24 * 3600);

/// Why clients do not take a certificate now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum Untimely {
    /// It was good before.
    #[error("expired {} ago", Roughly(*.0))]
    Expired(Duration),
    /// It will be good later.
    #[error("is not good before {} from now", Roughly(*.0))]
    Early(Duration),
}

/// Why a certificate is not taken.
#[derive(Debug, Error)]
enum RenewalError {
    #[error(transparent)]
    Unreadable(CertificateError),
    #[error("it {0}")]
    Untimely(Untimely),
}

/// A length of time for people.
struct Roughly(Duration);

impl fmt::Display for Roughly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_secs() / 3600 {
            0 => write!(f, "less than an hour"),
            hours @ 1..48 => write!(f, "{hours} h"),
            hours => write!(f, "{} days", hours / 24),
        }
    }
}

/// Whether clients take the certificate now.
pub(crate) fn check(certificate: &Certificate, now: Timestamp) -> Result<(), Untimely> {
    if certificate.not_after() < now {
        Err(Untimely::Expired(now.since(certificate.not_after())))
    } else if now < certificate.not_before() {
        Err(Untimely::Early(certificate.not_before().since(now)))
    } else {
        Ok(())
    }
}

/// Who serves with a certificate.
#[derive(Clone, Debug)]
pub(crate) enum Holder {
    /// The API.
    Api,
    /// TLS listeners, under this ARN.
    Listeners(Arc<str>),
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api => f.write_str("the API's certificate"),
            Self::Listeners(arn) => write!(f, "the certificate {arn} of listeners"),
        }
    }
}

/// What became of a look at the files.
pub(crate) enum Looked {
    /// They are as they were, or wrong as they were.
    Nothing,
    /// There is another certificate in them.
    Renewed(Certificate),
    /// They cannot be served with.
    Failed,
}

/// The certificate that is served with, and the files of the next.
pub(crate) struct Renewal {
    holder: Holder,
    files: TlsFiles,
    followed: Followed,
    not_after: Timestamp,
    warned: Option<Instant>,
    /// What was last wrong, so that it is said once.
    said: Option<String>,
}

impl Renewal {
    /// Serves with the certificate of the start, even if its time is over: endpoints must go on.
    pub(crate) fn new(holder: Holder, tls: &api::Tls, clock: &dyn Clock) -> Self {
        let api::Tls { files, certificate, versions } = tls.clone();
        let not_after = certificate.not_after();
        if let Err(untimely) = check(&certificate, clock.wall()) {
            error!("{holder} {untimely}: clients refuse it");
        }
        metrics::certificate_expires(&holder, not_after);
        let followed = Followed::new(versions);
        let mut new = Self { holder, files, followed, not_after, warned: None, said: None };
        new.warn_of_the_end(clock);
        new
    }

    /// Looks at the files, and reads them if they have changed or it is asked for.
    pub(crate) fn look(&mut self, is_asked: bool, clock: &dyn Clock) -> Looked {
        let is_due = self.followed.have_changed() || is_asked;
        let looked = if is_due { self.renew(clock.wall()) } else { Looked::Nothing };
        self.warn_of_the_end(clock);
        looked
    }

    /// Whether the files were in order when they were last read.
    pub(crate) fn is_well(&self) -> bool {
        self.said.is_none()
    }

    fn renew(&mut self, now: Timestamp) -> Looked {
        let (versions, read) = self.files.read();
        let checked = read.map_err(RenewalError::Unreadable).and_then(|certificate| {
            check(&certificate, now).map_err(RenewalError::Untimely)?;
            Ok(certificate)
        });
        if !matches!(checked, Err(RenewalError::Untimely(Untimely::Early(_)))) {
            self.followed.were_read(versions);
        }
        match checked {
            Ok(certificate) => {
                self.not_after = certificate.not_after();
                (self.warned, self.said) = (None, None);
                metrics::certificate_expires(&self.holder, self.not_after);
                let good_for = Roughly(self.not_after.since(now));
                match &self.holder {
                    Holder::Api => info!(%good_for, "the API has a new certificate"),
                    Holder::Listeners(_) => info!(%good_for, "{} is a new one", self.holder),
                }
                Looked::Renewed(certificate)
            }
            Err(error) => self.refuse(&error),
        }
    }

    /// Logs why a certificate is not taken, once.
    fn refuse(&mut self, error: &RenewalError) -> Looked {
        let why = error.to_string();
        if self.said.as_ref() == Some(&why) {
            return Looked::Nothing;
        }
        let file = self.files.certificate.display();
        let source = std::error::Error::source(error);
        error!(error = source, "the new certificate {file} is not taken, the old one stays: {why}");
        self.said = Some(why);
        Looked::Failed
    }

    fn warn_of_the_end(&mut self, clock: &dyn Clock) {
        let (now, today) = (clock.monotonic(), clock.wall());
        let is_due = |at: Instant| now.saturating_duration_since(at) >= WARNED_EVERY;
        if self.not_after > today + WARNED_BEFORE || !self.warned.is_none_or(is_due) {
            return;
        }
        self.warned = Some(now);
        let holder = &self.holder;
        if today <= self.not_after {
            let left = Roughly(self.not_after.since(today));
            warn!("{holder} expires in {left}; put a new one into its files");
        } else {
            error!("{holder} has expired: clients refuse it");
        }
    }
}

/// The certificate of the API, as it is renewed.
pub(crate) struct ApiCertificate {
    tls: Tls,
    renewal: Renewal,
}

impl ApiCertificate {
    /// Starts with the one that the configuration names.
    pub(crate) fn new(tls: &api::Tls, clock: &dyn Clock) -> Self {
        Reloaded::Certificate.began();
        let renewal = Renewal::new(Holder::Api, tls, clock);
        Self { tls: Tls::new(tls.certificate.clone()), renewal }
    }

    /// What the API is served with.
    pub(crate) fn tls(&self) -> Tls {
        self.tls.clone()
    }

    /// Looks at the files, and takes what is in them if they have changed or it is asked for.
    pub(crate) fn look(&mut self, is_asked: bool, clock: &dyn Clock) {
        match self.renewal.look(is_asked, clock) {
            Looked::Nothing => {}
            Looked::Renewed(certificate) => {
                self.tls.replace(certificate);
                Reloaded::Certificate.ended(true);
            }
            Looked::Failed => Reloaded::Certificate.ended(false),
        }
    }
}
