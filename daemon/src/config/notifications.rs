//! The table `notifications`: which receiver is behind a topic.

use std::{collections::BTreeSet, path::Path};

use control::notify::ReceiverUrl;
use control_core::resource::TopicArn;

use super::{Environment, Secret, kind::Parsed, reader::Table, secret};

/// A topic and its receiver.
#[derive(Clone, Debug)]
pub(crate) struct Topic {
    /// The topic, as notifications name it.
    pub(crate) arn: TopicArn,
    /// Where messages are posted.
    pub(crate) url: ReceiverUrl,
    /// Signs messages.
    pub(crate) secret: Option<Secret>,
}

pub(super) fn read(
    root: &mut Table<'_>,
    folder: &Path,
    environment: Environment<'_>,
) -> Vec<Topic> {
    let mut topics = Vec::new();
    let Some(mut table) = root.table("notifications") else { return topics };
    let mut arns = BTreeSet::new();
    for mut topic in table.tables("topics") {
        let arn = topic.required("arn", &Parsed("the ARN of an SNS topic"));
        let url = topic.required("url", &Parsed("a URL such as \"http://host:port/path\""));
        let secret = secret::read_optional(&mut topic, secret::SIGNING, folder, environment);
        if let Some(arn) = &arn
            && !arns.insert(TopicArn::clone(arn))
        {
            topic.report("arn", "another topic has this ARN");
        }
        topic.finish();
        topics.extend(arn.zip(url).map(|(arn, url)| Topic { arn, url, secret }));
    }
    table.finish();
    topics
}
