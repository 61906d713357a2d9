//! What evaluators get wrong, row by row: multivalued keys, keys that are missing, variables
//! without a value, wildcards in the wrong place, everybody but a few.

use iam::{
    Caller, CallerKind, Context, Decision, Document, MalformedPolicy, Request,
    document::Kind,
    evaluate::{self, TEXT_BYTES_MAX},
};

const VPC: &str = "arn:aws:ec2:us-east-1:111111111111:vpc/vpc-1";

fn caller(kind: CallerKind) -> Caller {
    Caller { account: "111111111111".into(), kind }
}

fn alice() -> CallerKind {
    CallerKind::User { name: "alice".into() }
}

/// What a policy of one statement says to alice.
fn decide(kind: Kind, statement: &str, context: &Context) -> Result<Decision, MalformedPolicy> {
    let policy = format!(r#"{{"Version":"2012-10-17","Statement":{{{statement}}}}}"#);
    let document = Document::parse(&policy, kind)?;
    let caller = caller(alice());
    let request =
        Request { caller: &caller, action: "ec2:CreateVpcEndpoint", resource: VPC, context };
    Ok(evaluate::evaluate([&document], &request))
}

fn is_met(condition: &str, context: &Context) -> Result<bool, MalformedPolicy> {
    let statement =
        format!(r#""Effect":"Allow","Action":"*","Resource":"*","Condition":{condition}"#);
    Ok(decide(Kind::Identity, &statement, context)? == Decision::Allow)
}

const YES: bool = true;
const NO: bool = false;

/// An operator, a value of the policy, three of the request (one that matches, another, and none of
/// the operator's kind), and what comes of these and of a missing key.
type Row = (&'static str, &'static str, [&'static str; 3], [bool; 4]);

#[rustfmt::skip]
const OPERATORS: &[Row] = &[
    ("StringEquals", r#""a""#, ["a", "b", ""], [YES, NO, NO, NO]),
    ("StringNotEquals", r#""a""#, ["a", "b", ""], [NO, YES, YES, YES]),
    ("StringEqualsIgnoreCase", r#""a""#, ["A", "b", ""], [YES, NO, NO, NO]),
    ("StringNotEqualsIgnoreCase", r#""a""#, ["A", "b", ""], [NO, YES, YES, YES]),
    ("StringLike", r#""a?*""#, ["abc", "a", ""], [YES, NO, NO, NO]),
    ("StringNotLike", r#""a?*""#, ["abc", "a", ""], [NO, YES, YES, YES]),
    ("NumericEquals", "7", ["7.0", "8", "x"], [YES, NO, NO, NO]),
    ("NumericNotEquals", "7", ["7.0", "8", "x"], [NO, YES, YES, YES]),
    ("NumericLessThan", "7", ["6.999999", "7", "x"], [YES, NO, NO, NO]),
    ("NumericLessThanEquals", "7", ["7", "7.1", "x"], [YES, NO, NO, NO]),
    ("NumericGreaterThan", "-7", ["-6", "-7", "x"], [YES, NO, NO, NO]),
    ("NumericGreaterThanEquals", "7", ["7", "6", "x"], [YES, NO, NO, NO]),
    ("DateEquals", r#""2026-11-21T00:00:00Z""#, ["1795219200", "2026-11-20", "x"],
        [YES, NO, NO, NO]),
    ("DateNotEquals", r#""2026-11-21""#, ["1795219200", "2026-11-20", "x"], [NO, YES, YES, YES]),
    ("DateLessThan", r#""2026-11-21""#, ["2026-11-20T23:59:59.999Z", "2026-11-21", "x"],
        [YES, NO, NO, NO]),
    ("DateLessThanEquals", r#""2026-11-21""#, ["2026-11-21", "2026-11-22", "x"], [YES, NO, NO, NO]),
    ("DateGreaterThan", r#""2026-11-21""#, ["2026-11-22", "2026-11-21", "x"], [YES, NO, NO, NO]),
    ("DateGreaterThanEquals", r#""2026-11-21""#, ["2026-11-21", "2026-11-20", "x"],
        [YES, NO, NO, NO]),
    ("Bool", r#""true""#, ["True", "false", "x"], [YES, NO, NO, NO]),
    ("Bool", "false", ["false", "true", "x"], [YES, NO, NO, NO]),
    ("BinaryEquals", r#""QmluYXJ5""#, ["QmluYXJ5", "Qg==", "?"], [YES, NO, NO, NO]),
    ("IpAddress", r#""10.0.0.0/8""#, ["10.9.8.7", "11.0.0.1", "x"], [YES, NO, NO, NO]),
    ("NotIpAddress", r#""10.0.0.0/8""#, ["10.9.8.7", "11.0.0.1", "x"], [NO, YES, YES, YES]),
    ("IpAddress", r#""10.0.0.0/8""#, ["::ffff:10.9.8.7", "2001:db8::1", "x"], [YES, NO, NO, NO]),
    ("IpAddress", r#""2001:db8::/32""#, ["2001:db8::1", "10.0.0.1", "x"], [YES, NO, NO, NO]),
    ("ArnEquals", r#""arn:aws:s3:::b*""#, ["arn:aws:s3:::bc", "arn:aws:s3:::c", "b"],
        [YES, NO, NO, NO]),
    ("ArnLike", r#""arn:aws:*:b*""#, ["arn:aws:x:b", "arn:aws:s3:::b", "b"], [YES, NO, NO, NO]),
    ("ArnNotEquals", r#""arn:aws:s3:::b*""#, ["arn:aws:s3:::bc", "arn:aws:s3:::c", "b"],
        [NO, YES, YES, YES]),
    ("ArnNotLike", r#""arn:aws:s3:::b*""#, ["arn:aws:s3:::bc", "arn:aws:s3:::c", "b"],
        [NO, YES, YES, YES]),
];

#[test]
fn every_operator_does_as_documented_with_every_kind_of_value() {
    for (operator, value, requests, expected) in OPERATORS.iter().copied() {
        for (request, expected) in requests.into_iter().map(Some).chain([None]).zip(expected) {
            let context =
                request.map_or_else(Context::default, |it| Context::default().with("k", [it]));
            let condition = format!(r#"{{"{operator}":{{"K":{value}}}}}"#);
            assert_eq!(is_met(&condition, &context), Ok(expected), "{condition} with {request:?}");
            // With IfExists only the missing key makes a difference.
            let condition = format!(r#"{{"{operator}IfExists":{{"K":[{value}]}}}}"#);
            let expected = expected || request.is_none();
            assert_eq!(is_met(&condition, &context), Ok(expected), "{condition} with {request:?}");
        }
    }
}

#[test]
fn keys_with_several_values_are_taken_as_the_qualifier_says() {
    let (yes, no) = (true, false);
    // The key's values: none at all, an empty list, an empty text, then lists.
    let contexts: [Option<&[&str]>; 7] = [
        None,
        Some(&[]),
        Some(&[""]),
        Some(&["a"]),
        Some(&["a", "b"]),
        Some(&["a", "c"]),
        Some(&["c", "d"]),
    ];
    for (operator, expected) in [
        ("ForAnyValue:StringEquals", [no, no, no, yes, yes, yes, no]),
        ("ForAllValues:StringEquals", [yes, yes, yes, yes, yes, no, no]),
        ("ForAnyValue:StringNotEquals", [no, no, no, no, no, yes, yes]),
        ("ForAllValues:StringNotEquals", [yes, yes, yes, no, no, no, yes]),
        ("ForAnyValue:StringEqualsIfExists", [yes, no, no, yes, yes, yes, no]),
        ("ForAllValues:StringEqualsIfExists", [yes, yes, yes, yes, yes, no, no]),
        ("ForAnyValue:StringLike", [no, no, no, yes, yes, yes, no]),
        ("StringEquals", [no, no, no, yes, yes, yes, no]),
        ("StringNotEquals", [yes, yes, yes, no, no, no, yes]),
    ] {
        for (values, expected) in contexts.iter().zip(expected) {
            let context = values.map_or_else(Context::default, |values| {
                Context::default().with("aws:TagKeys", values.iter().copied())
            });
            let condition = format!(r#"{{"{operator}":{{"aws:TagKeys":["a","b"]}}}}"#);
            assert_eq!(is_met(&condition, &context), Ok(expected), "{operator} with {values:?}");
        }
    }
    // The guide's way to demand that tags are there, and only these.
    let both =
        r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["a"]},"Null":{"aws:TagKeys":false}}"#;
    assert_eq!(is_met(both, &Context::default()), Ok(no));
    assert_eq!(is_met(both, &Context::default().with("aws:TagKeys", ["a"])), Ok(yes));
}

#[test]
fn variables_never_widen() {
    let named = Context::default()
        .with("aws:username", ["*"])
        .with("aws:PrincipalTag/team", ["red"])
        .with("several", ["a", "b"])
        .with("k", ["home/*", "home/alice"]);
    let like = |value: &str| format!(r#"{{"ForAllValues:StringLike":{{"k":"{value}"}}}}"#);
    for (condition, expected) in [
        (like("home/*"), true),
        (like("home/${aws:username}"), false),
        (like("home/${*}"), false),
        (like("home/${missing}"), false),
        (like("${missing, 'home/'}*"), true),
        (like("${several}"), false),
        (like("${AWS:principaltag/TEAM}"), false),
        (r#"{"StringEquals":{"aws:PrincipalTag/team":"${aws:PrincipalTag/team}"}}"#.into(), true),
        (r#"{"StringEquals":{"aws:username":"${*}"}}"#.into(), true),
        (r#"{"StringEquals":{"aws:username":"${?}"}}"#.into(), false),
        // Not to be equal to what nobody knows permits nobody anything...
        (r#"{"StringNotEquals":{"aws:username":"${missing}"}}"#.into(), false),
        (r#"{"StringNotLikeIfExists":{"absent":"${missing}"}}"#.into(), false),
        (r#"{"ArnNotLike":{"aws:username":["arn:x","${missing}"]}}"#.into(), false),
        (r#"{"StringNotEquals":{"aws:username":"${missing, 'x'}"}}"#.into(), true),
    ] {
        assert_eq!(is_met(&condition, &named), Ok(expected), "{condition}");
    }
    for (statement, expected) in [
        (r#""Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::x""#, Decision::Allow),
        (
            r#""Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::${missing}""#,
            Decision::ImplicitDeny,
        ),
        // ... and forbids all the same.
        (
            r#""Effect":"Deny","Action":"*","NotResource":"arn:aws:s3:::${missing}""#,
            Decision::ExplicitDeny,
        ),
        (
            r#""Effect":"Deny","Action":"*","Resource":"*",
                "Condition":{"StringNotEquals":{"aws:username":"${missing}"}}"#,
            Decision::ExplicitDeny,
        ),
        (r#""Effect":"Allow","Action":"*","Resource":"arn:*:vpc/*""#, Decision::Allow),
        (r#""Effect":"Allow","Action":"*","Resource":"arn:*e*:vpc/*""#, Decision::ImplicitDeny),
        (
            r#""Effect":"Allow","Action":"*","Resource":"arn:*:vpc/${missing}""#,
            Decision::ImplicitDeny,
        ),
    ] {
        assert_eq!(decide(Kind::Identity, statement, &named), Ok(expected), "{statement}");
    }
}

#[test]
fn a_policy_of_the_old_version_has_no_variables() {
    let context = Context::default().with("aws:username", ["alice"]).with("k", ["${aws:username}"]);
    for (version, expected) in [
        (r#""Version":"2012-10-17","#, Decision::ImplicitDeny),
        (r#""Version":"2008-10-17","#, Decision::Allow),
        ("", Decision::Allow),
    ] {
        let policy = format!(
            r#"{{{version}"Statement":{{"Effect":"Allow","Action":"*","Resource":"*",
                "Condition":{{"StringEquals":{{"k":"${{aws:username}}"}}}}}}}}"#
        );
        let document = Document::parse(&policy, Kind::Identity).unwrap();
        let caller = caller(alice());
        let request = Request { caller: &caller, action: "a:b", resource: VPC, context: &context };
        assert_eq!(evaluate::evaluate([&document], &request), expected, "{version}");
    }
}

#[test]
fn everybody_but_a_few_is_denied() {
    let role = CallerKind::Role { name: "deploy".into(), session: "s".into() };
    let kinds = [CallerKind::Root, alice(), role, CallerKind::Anonymous];
    let context = Context::default();
    let (yes, no) = (Decision::ExplicitDeny, Decision::ImplicitDeny);
    for (spared, expected) in [
        (r#"{"AWS":"111111111111"}"#, [no, yes, yes, yes]),
        (r#"{"AWS":["111111111111","arn:aws:iam::111111111111:user/alice"]}"#, [no, no, yes, yes]),
        (r#"{"AWS":"arn:aws:iam::111111111111:role/deploy"}"#, [yes, yes, no, yes]),
        (r#"{"AWS":"arn:aws:sts::111111111111:assumed-role/deploy/s"}"#, [yes, yes, no, yes]),
        (r#"{"AWS":"222222222222"}"#, [yes, yes, yes, yes]),
        (r#"{"Service":"vpce.amazonaws.com"}"#, [yes, yes, yes, yes]),
        (r#""*""#, [no, no, no, no]),
    ] {
        let policy = format!(
            r#"{{"Statement":{{"Effect":"Deny","NotPrincipal":{spared},"Action":"*",
                "Resource":"*"}}}}"#
        );
        let document = Document::parse(&policy, Kind::Resource).unwrap();
        let decisions = kinds.each_ref().map(|kind| {
            let caller = caller(kind.clone());
            let request =
                Request { caller: &caller, action: "a:b", resource: VPC, context: &context };
            evaluate::evaluate([&document], &request)
        });
        assert_eq!(decisions, expected, "{spared}");
    }
}

#[test]
fn values_that_are_none_of_the_operators_kind_are_malformed() {
    for condition in [
        r#"{"NumericEquals":{"k":"x"}}"#,
        r#"{"NumericEquals":{"k":"1e3"}}"#,
        r#"{"DateEquals":{"k":"tomorrow"}}"#,
        r#"{"Bool":{"k":"yes"}}"#,
        r#"{"BinaryEquals":{"k":"not base64"}}"#,
        r#"{"IpAddress":{"k":"10.0.0.0/33"}}"#,
        r#"{"Null":{"k":"maybe"}}"#,
        r#"{"NullIfExists":{"k":"true"}}"#,
        r#"{"StringEquals":{"k":[]}}"#,
        r#"{"StringEquals":{"k":{}}}"#,
        r#"{"StringEquals":{"k":null}}"#,
        r#"{"StringEquals":"k"}"#,
        r#"{"ForSomeValues:StringEquals":{"k":"v"}}"#,
        r#"{"IfExists":{"k":"v"}}"#,
        r#"{"StringEqualsIfExistsIfExists":{"k":"v"}}"#,
        r#"[]"#,
    ] {
        let refused = is_met(condition, &Context::default());
        assert_eq!(refused, Err(MalformedPolicy::Condition), "{condition}");
    }
}

#[test]
fn a_request_with_a_text_beyond_all_measure_is_permitted_by_nothing() {
    let everything = r#""Effect":"Allow","Action":"*","Resource":"*""#;
    for (length, expected) in
        [(TEXT_BYTES_MAX, Decision::Allow), (TEXT_BYTES_MAX + 1, Decision::ImplicitDeny)]
    {
        let context = Context::default().with("k", ["x".repeat(length)]);
        assert_eq!(decide(Kind::Identity, everything, &context), Ok(expected));
    }
}
