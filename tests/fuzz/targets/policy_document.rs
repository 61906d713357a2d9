//! Any text is a policy or is refused, of every kind; a policy decides about any request, and alike
//! in whatever order its statements stand.
//!
//! The input is texts with a zero byte after each: the policy, action, resource, and then condition
//! keys and values by turns.
#![no_main]

use iam::{
    Caller, CallerKind, Context, Decision, Document, Request, admits_by_name, document::Kind,
    endpoint_policy, evaluate,
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut texts = text.split('\0');
    let mut next = || texts.next().unwrap_or_default();
    let (policy, action, resource) = (next(), next(), next());
    let mut context = Context::default();
    while let Some((key, value)) = texts.next().and_then(|key| Some((key, texts.next()?))) {
        let values = value.split('\n');
        context.insert(key, values);
    }
    drop(endpoint_policy::parse(policy));
    let kinds = [
        CallerKind::Root,
        CallerKind::User { name: "alice".into() },
        CallerKind::Role { name: "deploy".into(), session: "s".into() },
        CallerKind::Anonymous,
    ];
    for kind in [Kind::Identity, Kind::Resource, Kind::Trust] {
        let Ok(document) = Document::parse(policy, kind) else { continue };
        for kind in kinds.clone() {
            let caller = Caller { account: "111111111111".into(), kind };
            let request = Request { caller: &caller, action, resource, context: &context };
            let decision = evaluate([&document], &request);
            let reversed =
                Document { statements: document.statements.iter().rev().cloned().collect() };
            assert_eq!(evaluate([&reversed, &document], &request), decision);
            if admits_by_name(&document, &request) {
                assert_ne!(decision, Decision::ImplicitDeny);
            }
        }
    }
});
