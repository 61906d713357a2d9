//! Policies of any shape: every element of the language, every operator, principals, values that
//! fit and values that do not, asked about by any caller.

use iam::{
    Caller, CallerKind, Context, Decision, Document, Effect, Request, admits_by_name,
    document::Kind, endpoint_policy, evaluate,
};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{select, subsequence},
};

/// Policies of one case.
const POLICIES: usize = 16;

const COMPARED: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "Null",
    "Nonsense",
];
const KEYS: &[&str] =
    &["aws:username", "AWS:TagKeys", "aws:SourceIp", "aws:CurrentTime", "absent", "flag", "n", ""];
const PRINCIPALS: &[&str] = &[
    r#""*""#,
    r#"{"AWS":"*"}"#,
    r#"{"AWS":["111111111111","222222222222"]}"#,
    r#"{"AWS":"arn:aws:iam::111111111111:user/alice","Service":"vpce.amazonaws.com"}"#,
    r#"{"AWS":"arn:aws:iam::111111111111:role/deploy"}"#,
    r#"{"AWS":"arn:aws:sts::111111111111:assumed-role/deploy/s"}"#,
    r#"{"AWS":"arn:aws:iam::111111111111:user/*"}"#,
];

/// One, or a list.
fn list(one: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = String> {
    let quoted = one.prop_map(|text| serde_json::Value::from(text).to_string()).boxed();
    let many = vec(quoted.clone(), 0..3).prop_map(|many| format!("[{}]", many.join(",")));
    prop_oneof![quoted, many]
}

/// Texts of all kinds that operators take, and of none.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        select(&["alice", "a*", "*", "${aws:username}", "${x, 'y*'}", "${*}", "${", "true"][..])
            .prop_map(str::to_owned),
        select(&["2026-11-21", "10.0.0.0/8", "::/0", "QQ==", "7", "-0.5", "1e9"][..])
            .prop_map(str::to_owned),
        "[a*?:${}/]{0,12}",
        "(arn:)?[a-z*?]{0,4}(:[a-z*?1]{0,3}){0,6}",
        any::<String>(),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    let set = select(&["", "ForAnyValue:", "ForAllValues:"][..]);
    let if_exists = select(&["", "IfExists"][..]);
    let one = (set, select(COMPARED), if_exists, select(KEYS), list(value()));
    let one = one.prop_map(|(set, operator, if_exists, key, values)| {
        (format!("{set}{operator}{if_exists}"), format!(r#"{{"{key}":{values}}}"#))
    });
    vec(one, 0..3).prop_map(|all| {
        let members = all.into_iter().map(|(operator, keys)| format!(r#""{operator}":{keys}"#));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    })
}

fn action() -> impl Strategy<Value = String> {
    prop_oneof![
        select(&["*", "ec2:*", "ec2:Create?pc", "EC2:createVPC", "s3:*"][..])
            .prop_map(str::to_owned),
        "[a-c*?]{0,4}:?[a-cA-C*?]{0,6}",
    ]
}

fn resource() -> impl Strategy<Value = String> {
    let known = ["*", "arn:aws:ec2:*", "arn:aws:ec2:*:*:vpc/${aws:username}", "arn:*"];
    prop_oneof![select(known.to_vec()).prop_map(str::to_owned), value()]
}

fn not() -> impl Strategy<Value = &'static str> {
    select(&["", "", "", "Not"][..])
}

/// A statement, most often a whole one, with a given effect.
fn statement(effect: &'static str) -> impl Strategy<Value = String> {
    let members = (
        (not(), list(action())),
        (not(), list(resource())),
        (not(), select(PRINCIPALS)),
        condition(),
        subsequence(vec![0_usize, 1, 2, 3], 2..=4),
    );
    members.prop_map(move |(action, resource, principal, condition, present)| {
        let all = [
            format!(r#""{}Action":{}"#, action.0, action.1),
            format!(r#""{}Resource":{}"#, resource.0, resource.1),
            format!(r#""Condition":{condition}"#),
            format!(r#""{}Principal":{}"#, principal.0, principal.1),
        ];
        let members: Vec<&str> = present.into_iter().map(|at| all[at].as_str()).collect();
        format!(r#"{{"Effect":"{effect}",{}}}"#, members.join(","))
    })
}

fn policy() -> impl Strategy<Value = String> {
    let version = select(&["", r#""Version":"2008-10-17","#, r#""Version":"2012-10-17","#][..]);
    let one = prop_oneof![statement("Allow"), statement("Deny")];
    (version, vec(one, 1..4)).prop_map(|(version, statements)| {
        format!(r#"{{{version}"Statement":[{}]}}"#, statements.join(","))
    })
}

fn caller() -> impl Strategy<Value = Caller> {
    let kinds = [
        CallerKind::Root,
        CallerKind::User { name: "alice".into() },
        CallerKind::Role { name: "deploy".into(), session: "s".into() },
        CallerKind::Anonymous,
    ];
    let account = select(&["111111111111", "222222222222"][..]);
    (account, select(kinds.to_vec()))
        .prop_map(|(account, kind)| Caller { account: account.to_owned(), kind })
}

fn context() -> impl Strategy<Value = Context> {
    vec((select(KEYS), vec(value(), 0..3)), 0..6).prop_map(|keys| {
        keys.into_iter()
            .fold(Context::default(), |context, (key, values)| context.with(key, values))
    })
}

fn request() -> impl Strategy<Value = (Caller, String, String, Context)> {
    (caller(), action(), resource(), context())
}

fn decide(documents: &[Document], asked: &(Caller, String, String, Context)) -> Decision {
    let (caller, action, resource, context) = asked;
    evaluate(documents, &Request { caller, action, resource, context })
}

/// The statements of a document, each in one of its own.
fn apart(document: &Document) -> impl Iterator<Item = Document> {
    document.statements.iter().map(|one| Document { statements: vec![one.clone()] })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_policies_are_refused_or_decide_alike(
        policies in vec(policy(), POLICIES),
        asked in request(),
    ) {
        for policy in policies {
            for kind in [Kind::Identity, Kind::Resource, Kind::Trust] {
                let Ok(document) = Document::parse(&policy, kind) else { continue };
                let decision = decide(std::slice::from_ref(&document), &asked);
                let (caller, action, resource, context) = &asked;
                let request = Request { caller, action, resource, context };
                if admits_by_name(&document, &request) && decision != Decision::ExplicitDeny {
                    prop_assert_eq!(decision, Decision::Allow, "{}", policy);
                }
                // Whole or statement by statement, it says the same.
                let apart: Vec<Document> = apart(&document).collect();
                prop_assert_eq!(decide(&apart, &asked), decision, "{}", policy);
                // Without any of its permissions it permits no more, without its denials no less.
                for (at, one) in apart.iter().enumerate() {
                    let mut fewer = apart.clone();
                    fewer.remove(at);
                    let after = decide(&fewer, &asked);
                    let is_legal = after == decision || match one.statements[0].effect {
                        Effect::Allow => after == Decision::ImplicitDeny,
                        Effect::Deny => decision == Decision::ExplicitDeny,
                    };
                    prop_assert!(is_legal, "{policy} without {at}: {decision:?} -> {after:?}");
                }
            }
            drop(endpoint_policy::parse(&policy));
        }
    }
}
