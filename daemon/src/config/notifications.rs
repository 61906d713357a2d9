//! The table `notifications`: which receiver is behind a topic, and whose certificates are believed
//! when it is spoken to.

use std::{collections::BTreeSet, path::Path};

use control::notify::{Config, Form, ReceiverUrl, Topic, Trust};
use control_core::resource::TopicArn;

use super::{
    Environment, Secret,
    account::KeyId,
    kind::{Parsed, Text},
    reader::Table,
    secret,
};

const URL: &str = "a URL such as \"https://host:port/path\"";
const KEY_ID: &str = "access_key_id";

pub(super) fn read(root: &mut Table<'_>, folder: &Path, environment: Environment<'_>) -> Config {
    let mut config = Config::default();
    let Some(mut table) = root.table("notifications") else { return config };
    let mut arns = BTreeSet::new();
    for mut topic in table.tables("topics") {
        let arn = topic.required("arn", &Parsed("the ARN of an SNS topic"));
        let receiver = receiver(&mut topic, folder, environment);
        if let Some(arn) = &arn
            && !arns.insert(TopicArn::clone(arn))
        {
            topic.report("arn", "another topic has this ARN");
        }
        topic.finish();
        let whole = arn.zip(receiver).map(|(arn, (url, form))| Topic { arn, url, form });
        config.topics.extend(whole);
    }
    let is_secure = config.topics.iter().any(|topic| topic.url.is_secure());
    if let Some(trust) = trust(&mut table, folder, is_secure) {
        config.trust = trust;
    }
    table.finish();
    config
}

/// Where messages go, and how.
fn receiver(
    topic: &mut Table<'_>,
    folder: &Path,
    environment: Environment<'_>,
) -> Option<(ReceiverUrl, Form)> {
    if topic.has("url") == topic.has("sns_url") {
        topic.know(&["url", "sns_url", KEY_ID]);
        topic.know(&secret::SIGNING.all());
        topic.know(&secret::ACCESS_KEY.all());
        topic.report("url", "exactly one of url, sns_url is expected");
        return None;
    }
    if topic.has("url") {
        let url = topic.required("url", &Parsed(URL));
        let secret = secret::read_optional(topic, secret::SIGNING, folder, environment);
        return Some((url?, Form::Webhook { secret: secret.map(revealed) }));
    }
    let url = topic.required("sns_url", &Parsed(URL));
    let id = topic.required(KEY_ID, &Parsed(KeyId::EXPECTED));
    let secret = secret::read(topic, secret::ACCESS_KEY, folder, environment);
    let key = id.zip(secret).map(|(KeyId(access_key_id), secret)| control::AccessKey {
        access_key_id,
        secret_access_key: revealed(secret),
    });
    Some((url?, Form::Publish(key?)))
}

fn revealed(secret: Secret) -> control::Secret {
    control::Secret(secret.reveal().to_owned())
}

/// The authorities that receivers' certificates must be from: those of a file, or else the
/// system's if any receiver has a certificate.
fn trust(table: &mut Table<'_>, folder: &Path, is_secure: bool) -> Option<Trust> {
    const KEY: &str = "ca_file";
    let report = |table: &Table<'_>, why: &dyn std::error::Error| {
        let cause = why.source().map(|it| format!(": {it}")).unwrap_or_default();
        table.report(KEY, format!("{why}{cause}"));
    };
    let trust = match table.optional(KEY, &Text("the path of a file")) {
        Some(file) => {
            let path = folder.join(file);
            let text = match std::fs::read(&path) {
                Ok(text) => text,
                Err(error) => {
                    table.report(KEY, format!("cannot read {}: {error}", path.display()));
                    return None;
                }
            };
            Trust::of_pem(&text)
        }
        None if is_secure => Trust::of_system(),
        None => return None,
    };
    trust.map_err(|why| report(table, &why)).ok()
}
