//! The policy language by cases: one row per rule of the IAM guide that is easily got wrong.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use iam::{
    Caller, CallerKind, Context, Decision, Document, MalformedPolicy, Request, admits_by_name,
    document::{CHARACTERS_MAX, Kind},
    evaluate,
};

fn alice() -> Caller {
    Caller { account: "111111111111".into(), kind: CallerKind::User { name: "alice".into() } }
}

/// Decides with a caller whose request has this context.
fn decide(policy: &str, kind: Kind, caller: &Caller, context: &Context) -> Decision {
    let document = Document::parse(policy, kind).unwrap();
    let request = Request {
        caller,
        action: "ec2:CreateVpcEndpoint",
        resource: "arn:aws:ec2:us-east-1:111111111111:vpc-endpoint/vpce-1",
        context,
    };
    evaluate([&document], &request)
}

/// Whether an Allow with this condition applies to a request with this context.
fn condition_holds(condition: &str, context: &Context) -> bool {
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"*","Resource":"*",
            "Condition":{condition}}}}}"#
    );
    decide(&policy, Kind::Identity, &alice(), context) == Decision::Allow
}

#[test]
fn conditions_hold_as_documented() {
    let context = Context::default()
        .with("aws:username", ["*"])
        .with("aws:PrincipalAccount", ["111111111111"])
        .with("aws:PrincipalArn", ["arn:aws:iam::111111111111:user/alice"])
        .with("aws:SourceIp", ["10.1.2.3"])
        .with("aws:SecureTransport", ["true"])
        .with("aws:CurrentTime", ["2026-11-21T12:00:00Z"])
        .with("aws:TagKeys", ["team", "cost"])
        .with("ports", ["1", "80"])
        .with("none", Vec::<String>::new())
        .with("size", ["10"]);
    for (condition, expected) in [
        // Strings.
        (r#"{"StringEquals":{"AWS:principalaccount":"111111111111"}}"#, true),
        (r#"{"StringEquals":{"aws:PrincipalAccount":"1111*"}}"#, false),
        (r#"{"StringLike":{"aws:PrincipalAccount":"1111*"}}"#, true),
        (r#"{"StringEquals":{"aws:PrincipalAccount":["2","111111111111"]}}"#, true),
        (r#"{"StringNotEquals":{"aws:PrincipalAccount":["2","111111111111"]}}"#, false),
        (r#"{"StringNotEquals":{"aws:PrincipalAccount":["2","3"]}}"#, true),
        (r#"{"StringEqualsIgnoreCase":{"aws:SecureTransport":"TRUE"}}"#, true),
        (r#"{"StringEquals":{"aws:SecureTransport":"TRUE"}}"#, false),
        // A missing key.
        (r#"{"StringEquals":{"absent":"x"}}"#, false),
        (r#"{"StringNotEquals":{"absent":"x"}}"#, true),
        (r#"{"StringEqualsIfExists":{"absent":"x"}}"#, true),
        (r#"{"StringEqualsIfExists":{"size":"11"}}"#, false),
        (r#"{"Null":{"absent":"true"}}"#, true),
        (r#"{"Null":{"absent":false}}"#, false),
        (r#"{"Null":{"size":"false"}}"#, true),
        (r#"{"Null":{"none":"true"}}"#, true),
        // Numbers.
        (r#"{"NumericLessThan":{"size":"10.5"}}"#, true),
        (r#"{"NumericEquals":{"size":10.0}}"#, true),
        (r#"{"NumericNotEquals":{"size":"10"}}"#, false),
        (r#"{"NumericGreaterThanEquals":{"size":["11","10"]}}"#, true),
        // Dates.
        (r#"{"DateGreaterThan":{"aws:CurrentTime":"2026-11-21T11:59:59Z"}}"#, true),
        (r#"{"DateLessThan":{"aws:CurrentTime":"2026-11-21T14:00:00+02:00"}}"#, false),
        (r#"{"DateLessThanEquals":{"aws:CurrentTime":"2026-11-21T14:00:00+02:00"}}"#, true),
        (r#"{"DateLessThan":{"aws:CurrentTime":"2026-11-22"}}"#, true),
        (r#"{"DateEquals":{"aws:CurrentTime":"1795262400"}}"#, true),
        (r#"{"DateGreaterThan":{"size":"2000-02-29T23:59:60Z"}}"#, false),
        // Booleans, addresses, ARNs.
        (r#"{"Bool":{"aws:SecureTransport":true}}"#, true),
        (r#"{"Bool":{"aws:SecureTransport":"false"}}"#, false),
        (r#"{"IpAddress":{"aws:SourceIp":"10.1.0.0/16"}}"#, true),
        (r#"{"IpAddress":{"aws:SourceIp":"10.1.2.99/24"}}"#, true),
        (r#"{"IpAddress":{"aws:SourceIp":"10.1.2.3"}}"#, true),
        (r#"{"NotIpAddress":{"aws:SourceIp":["10.1.0.0/16","10.2.0.0/16"]}}"#, false),
        (r#"{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::*:user/*"}}"#, true),
        (r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam:*:user/alice"}}"#, false),
        (r#"{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::*:user/bob"}}"#, true),
        // Several values in the request.
        (r#"{"ForAnyValue:StringEquals":{"aws:TagKeys":["team","x"]}}"#, true),
        (r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["team","x"]}}"#, false),
        (r#"{"ForAllValues:StringLike":{"aws:TagKeys":["t*","c*"]}}"#, true),
        (r#"{"ForAllValues:StringEquals":{"absent":"x"}}"#, true),
        (r#"{"ForAnyValue:StringEquals":{"absent":"x"}}"#, false),
        (r#"{"ForAnyValue:StringEqualsIfExists":{"absent":"x"}}"#, true),
        (r#"{"ForAllValues:NumericLessThan":{"ports":"81"}}"#, true),
        (r#"{"ForAllValues:NumericLessThan":{"ports":"80"}}"#, false),
        (r#"{"ForAnyValue:NumericEquals":{"ports":"80"}}"#, true),
        // Variables: a wildcard in a value is no wildcard.
        (r#"{"StringLike":{"aws:PrincipalArn":"arn:*:user/${aws:username}"}}"#, false),
        (r#"{"StringEquals":{"size":"${missing}"}}"#, false),
        (r#"{"StringEquals":{"size":"${missing, '10'}"}}"#, true),
        // Several keys and operators must all hold.
        (r#"{"StringEquals":{"size":"10","aws:SecureTransport":"false"}}"#, false),
        (r#"{"StringEquals":{"size":"10"},"Bool":{"aws:SecureTransport":"true"}}"#, true),
    ] {
        assert_eq!(condition_holds(condition, &context), expected, "{condition}");
    }
}

#[test]
fn an_explicit_deny_wins_in_any_order() {
    let allow = r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*"}"#;
    let deny = r#"{"Effect":"Deny","Action":"ec2:createvpcendpoint","Resource":"*"}"#;
    for (statements, expected) in [
        (format!("[{allow}]"), Decision::Allow),
        (format!("[{deny}]"), Decision::ExplicitDeny),
        (format!("[{allow},{deny}]"), Decision::ExplicitDeny),
        (format!("[{deny},{allow}]"), Decision::ExplicitDeny),
    ] {
        let policy = format!(r#"{{"Statement":{statements}}}"#);
        let decision = decide(&policy, Kind::Identity, &alice(), &Context::default());
        assert_eq!(decision, expected, "{policy}");
    }
}

#[test]
fn actions_and_resources_may_be_excluded() {
    for (statement, expected) in [
        (r#""NotAction":"ec2:Describe*","Resource":"*""#, Decision::Allow),
        (r#""NotAction":"ec2:Create*","Resource":"*""#, Decision::ImplicitDeny),
        (r#""Action":"ec2:*","NotResource":"arn:aws:ec2:*:*:vpc/*""#, Decision::Allow),
        (r#""Action":"ec2:*","NotResource":"arn:aws:ec2:*"#, Decision::ImplicitDeny),
        (r#""Action":"EC2:createVPCendpoint","Resource":"*""#, Decision::Allow),
        (r#""Action":"*","Resource":"arn:AWS:ec2:*"#, Decision::ImplicitDeny),
    ] {
        let close = if statement.ends_with('"') { "" } else { "\"" };
        let policy = format!(r#"{{"Statement":{{"Effect":"Allow",{statement}{close}}}}}"#);
        let decision = decide(&policy, Kind::Identity, &alice(), &Context::default());
        assert_eq!(decision, expected, "{policy}");
    }
}

#[test]
fn principals_are_matched_as_documented() {
    let account = "111111111111".to_owned();
    let role = CallerKind::Role { name: "deploy".to_owned(), session: "s".to_owned() };
    let callers = [
        alice(),
        Caller { account: account.clone(), kind: role },
        Caller { account: "222222222222".into(), kind: CallerKind::Root },
        Caller { account: String::new(), kind: CallerKind::Anonymous },
    ];
    for (principal, expected) in [
        (r#""Principal":"*""#, [true, true, true, true]),
        (r#""Principal":{"AWS":"*"}"#, [true, true, true, true]),
        (r#""Principal":{"AWS":"111111111111"}"#, [true, true, false, false]),
        (r#""Principal":{"AWS":"arn:aws:iam::111111111111:root"}"#, [true, true, false, false]),
        (
            r#""Principal":{"AWS":"arn:aws:iam::111111111111:user/alice"}"#,
            [true, false, false, false],
        ),
        (
            r#""Principal":{"AWS":"arn:aws:iam::111111111111:role/deploy"}"#,
            [false, true, false, false],
        ),
        (
            r#""Principal":{"AWS":"arn:aws:sts::111111111111:assumed-role/deploy/s"}"#,
            [false, true, false, false],
        ),
        (
            r#""Principal":{"Service":"vpce.amazonaws.com","AWS":["222222222222"]}"#,
            [false, false, true, false],
        ),
    ] {
        let policy = format!(
            r#"{{"Statement":{{"Effect":"Allow",{principal},"Action":"*","Resource":"*"}}}}"#
        );
        let allowed = callers.each_ref().map(|caller| {
            decide(&policy, Kind::Resource, caller, &Context::default()) == Decision::Allow
        });
        assert_eq!(allowed, expected, "{principal}");
    }
}

#[test]
fn malformed_policies_are_refused() {
    let statement = |members: &str| format!(r#"{{"Statement":[{{{members}}}]}}"#);
    let whole = r#""Effect":"Allow","Action":"*","Resource":"*""#;
    for (policy, expected) in [
        ("not json".to_owned(), MalformedPolicy::Json),
        ("[]".to_owned(), MalformedPolicy::Json),
        ("{}".to_owned(), MalformedPolicy::Statement),
        (r#"{"Statement":[]}"#.to_owned(), MalformedPolicy::Statement),
        (r#"{"Version":"2020-01-01","Statement":{}}"#.to_owned(), MalformedPolicy::Version),
        (r#"{"Statement":{},"X":1}"#.to_owned(), MalformedPolicy::UnknownMember),
        (statement(r#""Effect":"allow","Action":"*","Resource":"*""#), MalformedPolicy::Effect),
        (statement(r#""Effect":"Allow","Resource":"*""#), MalformedPolicy::Action),
        (
            statement(r#""Effect":"Allow","Action":"*","NotAction":"a:b","Resource":"*""#),
            MalformedPolicy::Action,
        ),
        (statement(r#""Effect":"Allow","Action":"*""#), MalformedPolicy::Resource),
        (
            statement(r#""Effect":"Allow","Action":"*","Resource":"vpc/*""#),
            MalformedPolicy::Resource,
        ),
        (statement(r#""Effect":"Allow","Action":"Run","Resource":"*""#), MalformedPolicy::Action),
        (statement(&format!(r#"{whole},"Sid":1"#)), MalformedPolicy::Statement),
        (statement(&format!(r#"{whole},"Effect":"Deny""#)), MalformedPolicy::Duplicate),
        (
            statement(&format!(
                r#"{whole},"Condition":{{"Bool":{{"a":"true"}},"Bool":{{"b":"true"}}}}"#
            )),
            MalformedPolicy::Duplicate,
        ),
        (statement(r#""Effect":"Allow","Action":1,"Resource":"*""#), MalformedPolicy::Action),
        (statement(&format!(r#"{whole},"Principal":"*""#)), MalformedPolicy::Principal),
        (
            statement(&format!(r#"{whole},"Condition":{{"Near":{{"a":"b"}}}}"#)),
            MalformedPolicy::Condition,
        ),
        (
            statement(&format!(r#"{whole},"Condition":{{"IpAddress":{{"a":"b"}}}}"#)),
            MalformedPolicy::Condition,
        ),
        (statement(whole) + &" ".repeat(CHARACTERS_MAX), MalformedPolicy::TooLong),
    ] {
        let shown = policy.get(..80).unwrap_or(&policy);
        assert_eq!(Document::parse(&policy, Kind::Identity), Err(expected), "{shown}");
    }
    for principal in [
        r#""Principal":{"AWS":"arn:aws:iam::111111111111:user/*"}"#,
        r#""Principal":{"AWS":"arn:aws:s3:::111111111111:root"}"#,
        r#""Principal":{"AWS":"arn:aws:iam::1:root"}"#,
        r#""Principal":{"AWS":"alice"}"#,
        r#""Principal":{"AWS":[]}"#,
        r#""Principal":{"Other":"*"}"#,
        r#""Principal":{}"#,
        r#""Principal":"111111111111""#,
        r#""Principal":"*","NotPrincipal":{"AWS":"111111111111"}"#,
        r#""NotPrincipal":{"AWS":"111111111111"}"#,
    ] {
        let statement = format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*",{principal}}}"#);
        let policy = format!(r#"{{"Statement":{statement}}}"#);
        let refused = Document::parse(&policy, Kind::Resource);
        assert_eq!(refused, Err(MalformedPolicy::Principal), "{principal}");
    }
    let twice = format!(r#"{{"Statement":[{{"Sid":"a",{whole}}},{{"Sid":"a",{whole}}}]}}"#);
    assert_eq!(Document::parse(&twice, Kind::Identity), Err(MalformedPolicy::Duplicate));
}

#[test]
fn dates_that_do_not_exist_are_malformed() {
    for date in [
        "2026-02-29",
        "2026-13-01",
        "2026-04-31",
        "2026-11-21T24:00:00Z",
        "2026-11-21T00:60:00Z",
        "2026-11-21T00:00:61Z",
        "2026-11-21T9223372036854775807:00:00Z",
        "2026-11-21T00:00:00+99:00",
        "2026-+1-01",
    ] {
        let policy = format!(
            r#"{{"Statement":{{"Effect":"Allow","Action":"*","Resource":"*",
                "Condition":{{"DateEquals":{{"aws:CurrentTime":"{date}"}}}}}}}}"#
        );
        let refused = Document::parse(&policy, Kind::Identity);
        assert_eq!(refused, Err(MalformedPolicy::Condition), "{date}");
    }
}

#[test]
fn a_trust_policy_names_principals_and_no_resource() {
    let policy = |principal: &str, more: &str| {
        format!(
            r#"{{"Statement":{{"Effect":"Allow","Action":"sts:AssumeRole",
                "Principal":{principal}{more}}}}}"#
        )
    };
    let resource = policy(r#""*""#, r#","Resource":"*""#);
    assert_eq!(Document::parse(&resource, Kind::Trust), Err(MalformedPolicy::Resource));
    let (caller, context) = (alice(), Context::default());
    let request = Request {
        caller: &caller,
        action: "sts:AssumeRole",
        resource: "arn:aws:iam::111111111111:role/deploy",
        context: &context,
    };
    for (principal, admitted, by_name) in [
        (r#""*""#, true, true),
        (r#"{"AWS":"111111111111"}"#, true, false),
        (r#"{"AWS":"arn:aws:iam::111111111111:root"}"#, true, false),
        (r#"{"AWS":"arn:aws:iam::111111111111:user/alice"}"#, true, true),
        (r#"{"AWS":["111111111111","arn:aws:iam::111111111111:user/alice"]}"#, true, true),
        (r#"{"AWS":"arn:aws:iam::111111111111:user/bob"}"#, false, false),
        (r#"{"Service":"ec2.amazonaws.com"}"#, false, false),
    ] {
        let document = Document::parse(&policy(principal, ""), Kind::Trust).unwrap();
        let allowed = evaluate([&document], &request) == Decision::Allow;
        assert_eq!(allowed, admitted, "{principal}");
        assert_eq!(admits_by_name(&document, &request), by_name, "{principal}");
    }
}
