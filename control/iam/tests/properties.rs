//! What holds for all policies: nothing panics, a `Deny` more or an `Allow` less never widens
//! access, an `Allow` more never narrows it but where a `Deny` is, and order does not count.
//!
//! Some thousands of policies here. A million of random ones, in two minutes:
//! `PROPTEST_CASES=62500 cargo test --release -p iam --test properties random`.

#[path = "properties/random.rs"]
mod random;

use iam::{
    Caller, CallerKind, Context, Decision, Document, Effect, Request, document::Kind, evaluate,
};
use proptest::{prelude::*, sample::select};

const ACTIONS: &[&str] = &["*", "ec2:*", "ec2:Create?pc", "ec2:DeleteVpc", "s3:*", "EC2:createVPC"];
const RESOURCES: &[&str] =
    &["*", "arn:aws:ec2:*", "arn:aws:ec2:*:*:vpc/${aws:username}", "arn:aws:ec2:r:1:vpc/*"];
const OPERATORS: &[&str] = &[
    "StringEquals",
    "StringNotLikeIfExists",
    "ForAnyValue:StringLike",
    "ForAllValues:StringNotEquals",
    "NumericLessThan",
    "DateGreaterThanIfExists",
    "Null",
    "Bool",
    "NotIpAddress",
    "ArnLike",
];
const KEYS: &[&str] = &["aws:username", "AWS:TagKeys", "aws:SourceIp", "absent", "flag"];
const VALUES: &[&str] =
    &["alice", "a*", "${aws:username}", "7", "true", "10.0.0.0/8", "2026-11-21", "arn:a:b:c:d:e"];

/// A statement without its effect.
fn statement() -> impl Strategy<Value = String> {
    let condition = (select(OPERATORS), select(KEYS), prop::collection::vec(select(VALUES), 1..3))
        .prop_map(|(operator, key, values)| {
            format!(r#","Condition":{{"{operator}":{{"{key}":{values:?}}}}}"#)
        });
    let not = || select(&["", "Not"][..]);
    let condition = prop_oneof![Just(String::new()), condition];
    (not(), select(ACTIONS), not(), select(RESOURCES), condition).prop_map(
        |(not_action, action, not_resource, resource, condition)| {
            let action = format!(r#""{not_action}Action":"{action}""#);
            format!(r#"{action},"{not_resource}Resource":"{resource}"{condition}"#)
        },
    )
}

/// A statement that is well-formed: not every value is one for every operator.
fn with_effect(effect: &'static str) -> impl Strategy<Value = Document> {
    statement().prop_filter_map("a value of the operator's kind", move |statement| {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"{effect}",{statement}}}}}"#
        );
        Document::parse(&text, Kind::Identity).ok()
    })
}

fn documents() -> impl Strategy<Value = Vec<Document>> {
    prop::collection::vec(prop_oneof![with_effect("Allow"), with_effect("Deny")], 0..5)
}

fn decide(documents: &[Document]) -> Decision {
    let user = CallerKind::User { name: "alice".into() };
    let caller = Caller { account: "111111111111".into(), kind: user };
    let context = Context::default()
        .with("aws:username", ["alice"])
        .with("aws:TagKeys", ["alice", "7"])
        .with("aws:SourceIp", ["10.1.2.3"])
        .with("flag", ["true"]);
    let resource = "arn:aws:ec2:r:1:vpc/alice";
    let request = Request { caller: &caller, action: "ec2:CreateVpc", resource, context: &context };
    evaluate(documents, &request)
}

proptest! {
    #[test]
    fn a_deny_more_never_widens(documents in documents(), deny in with_effect("Deny")) {
        let before = decide(&documents);
        let after = decide(&[documents, vec![deny]].concat());
        prop_assert!(after == before || after == Decision::ExplicitDeny);
    }

    #[test]
    fn an_allow_more_never_narrows(documents in documents(), allow in with_effect("Allow")) {
        let before = decide(&documents);
        let after = decide(&[documents, vec![allow]].concat());
        prop_assert!(after == before || after == Decision::Allow);
        prop_assert!(before != Decision::ExplicitDeny || after == Decision::ExplicitDeny);
    }

    #[test]
    fn an_allow_less_never_widens(documents in documents(), at: prop::sample::Index) {
        let allows = |one: &Document| one.statements.iter().all(|it| it.effect == Effect::Allow);
        let permitting: Vec<usize> =
            (0..documents.len()).filter(|at| allows(&documents[*at])).collect();
        prop_assume!(!permitting.is_empty());
        let before = decide(&documents);
        let mut fewer = documents;
        fewer.remove(permitting[at.index(permitting.len())]);
        let after = decide(&fewer);
        prop_assert!(after == before || after == Decision::ImplicitDeny);
    }

    #[test]
    fn order_does_not_count(documents in documents()) {
        let reversed: Vec<Document> = documents.iter().rev().cloned().collect();
        prop_assert_eq!(decide(&documents), decide(&reversed));
    }

    #[test]
    fn whatever_is_written_is_parsed_or_refused(
        statement in statement(),
        at in 0_usize..400,
        inserted in "[\\PC\n]{0,8}",
    ) {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{statement}}}]}}"#
        );
        let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        let changed = format!("{}{inserted}{}", &text[..at], &text[at..]);
        for kind in [Kind::Identity, Kind::Resource, Kind::Trust] {
            if let Ok(document) = Document::parse(&changed, kind) {
                decide(&[document]);
            }
        }
        drop(iam::endpoint_policy::parse(&changed));
    }
}
