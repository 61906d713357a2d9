//! `GET /explain?endpoint=..`: what would become of a connection to an endpoint, as JSON or, with
//! `format=text`, in words. Both tell the same lines. Does not know how any of it was found out.

mod advice;
mod find;
mod rules;
mod target;
mod words;

use std::{fmt::Write as _, sync::Arc};

use control_core::resource::VpcEndpoint;
use dataplane_core::{
    explain::{Asked, Path, Stop, explain},
    wire::Wire,
};
use model::{Generation, Snapshot};
use serde_json::{Value, json};

use self::{
    advice::advice,
    words::{Line, Words, result},
};
use super::{
    Admin,
    parameter::{Form, Parameters},
};

/// Where refusals are counted, by wire.
const REFUSED: [(Wire, &str); 2] = [
    (Wire::Tcp, "postern_connections_refused_total"),
    (Wire::Udp, "postern_udp_flows_refused_total"),
];
/// The metrics that count what is open.
const ACTIVE: [&str; 2] = ["postern_connections_active", "postern_udp_flows_active"];
/// What an endpoint that is not known at all stops a connection with.
const UNKNOWN: &str = "no_such_endpoint";

/// Explains what the query of a request asks for; or says what is wrong with it.
pub(super) fn answer(
    admin: &Admin,
    snapshot: &Snapshot,
    query: Option<&str>,
) -> Result<(Form, String), String> {
    let parameters = Parameters(query.unwrap_or_default());
    let named = parameters.text("endpoint").ok_or("the parameter endpoint is missing")?;
    let (client, port) = (parameters.value("from")?, parameters.value("port")?);
    let form = parameters.form()?;
    let registry = admin.keeper.registry();
    let Some((endpoint, place)) = find::endpoint(&registry, &named)? else {
        return Ok((form, written(form, &unknown(&named, snapshot.generation))));
    };
    let facts = &admin.facts;
    let samples = admin.exporter.samples(("endpoint_id", &endpoint.id.to_string()));
    let of = |name: &'static str| samples.iter().filter(move |it| is_of(it, name));
    let asked = Asked {
        endpoint: endpoint.id,
        place,
        client,
        port,
        connections_max: facts.connections_max,
        open: ACTIVE.iter().flat_map(|name| of(name)).filter_map(|it| value(it)).sum(),
        udp: facts.udp,
        certificates: facts.certificates.present().keys().cloned().collect(),
    };
    let health = Arc::clone(&admin.health.borrow());
    let explanation = explain(snapshot, &health, &asked);
    let idle_end = facts.idle_end;
    let words = Words { registry: &registry, endpoint, asked: &asked, idle_end };
    let refused = REFUSED
        .into_iter()
        .flat_map(|(wire, name)| of(name).filter_map(move |sample| counted(wire, sample)));
    let story = Story {
        endpoint: Some(Arc::clone(endpoint)),
        generation: explanation.generation,
        served: explanation.served,
        stop: explanation.stop.map(|stop| Ending {
            name: stop.name(),
            says: words.nothing_to_dial(stop),
            advice: advice(&words, None, stop),
        }),
        paths: explanation.paths.iter().map(|path| told(&words, path)).collect(),
        refused: refused.collect(),
    };
    Ok((form, written(form, &story)))
}

/// All that is told.
struct Story {
    endpoint: Option<Arc<VpcEndpoint>>,
    generation: Generation,
    served: Generation,
    /// Why there is nothing to dial, if so.
    stop: Option<Ending>,
    paths: Vec<Told>,
    refused: Vec<Refused>,
}

struct Ending {
    name: &'static str,
    says: String,
    advice: String,
}

/// What is told of one address and port.
struct Told {
    path: Path,
    lines: Vec<Line>,
    result: words::Result,
}

/// How many connections or datagrams were refused in a zone since the process started, and why.
struct Refused {
    wire: Wire,
    zone: String,
    reason: String,
    count: u64,
}

fn unknown(named: &str, generation: Generation) -> Story {
    let ending = Ending {
        name: UNKNOWN,
        says: format!("there is no endpoint {named}; deleted ones are forgotten after a while"),
        advice: "list those there are: aws ec2 describe-vpc-endpoints".to_owned(),
    };
    Story {
        endpoint: None,
        generation,
        served: generation,
        stop: Some(ending),
        paths: Vec::new(),
        refused: Vec::new(),
    }
}

fn told(words: &Words<'_>, path: &Path) -> Told {
    let lines = path.steps.iter().map(|step| words.line(path, step)).collect();
    Told { path: path.clone(), lines, result: result(path) }
}

/// Reads a sample of a counter.
fn counted(wire: Wire, sample: &str) -> Option<Refused> {
    let label = |name: &str| {
        let (_, rest) = sample.split_once(&format!("{name}=\""))?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    let (zone, reason, count) = (label("zone")?, label("reason")?, value(sample)?);
    Some(Refused { wire, zone, reason, count })
}

/// Whether a sample of the text format is of this metric.
fn is_of(sample: &str, metric: &str) -> bool {
    sample.strip_prefix(metric).is_some_and(|rest| rest.starts_with('{'))
}

/// How many a sample of the text format counts.
fn value(sample: &str) -> Option<u64> {
    sample.rsplit_once(' ')?.1.parse().ok()
}

fn written(form: Form, story: &Story) -> String {
    match form {
        Form::Json => format!("{}\n", as_json(story)),
        Form::Text => as_text(story),
    }
}

fn as_json(story: &Story) -> Value {
    let endpoint = story.endpoint.as_ref().map(|it| {
        let error = it.last_error.as_ref();
        json!({
            "id": it.id,
            "vpc": it.vpc,
            "service": it.service,
            "state": it.state,
            "last_error": error.map(|it| json!({ "code": it.code, "message": it.message })),
        })
    });
    let stop = story
        .stop
        .as_ref()
        .map(|it| json!({ "reason": it.name, "says": it.says, "do": it.advice }));
    let refused = story.refused.iter().map(|Refused { wire, zone, reason, count }| {
        json!({ "zone": zone, "wire": wire.name(), "reason": reason, "count": count })
    });
    json!({
        "endpoint": endpoint,
        "generation": story.generation,
        "served_generation": story.served,
        "stop": stop,
        "paths": story.paths.iter().map(path_as_json).collect::<Vec<_>>(),
        "refused_so_far": refused.collect::<Vec<_>>(),
    })
}

fn path_as_json(told: &Told) -> Value {
    let Told { path, lines, result } = told;
    let line = |line: &Line| {
        let targets: Vec<_> = line.targets.iter().map(|(facts, _)| facts).collect();
        json!({
            "step": line.step,
            "says": line.says,
            "stop": line.stop.map(Stop::name),
            "do": line.advice,
            "facts": line.facts,
            "targets": targets,
        })
    };
    json!({
        "zone": path.zone,
        "interface": path.interface,
        "address": path.address.ip(),
        "port": path.address.port(),
        "wire": path.wire.name(),
        "from": path.client,
        "steps": lines.iter().map(line).collect::<Vec<_>>(),
        "result": result.word,
        "reason": result.reason,
        "says": result.says,
    })
}

/// The explanation as a person reads it.
fn as_text(story: &Story) -> String {
    let mut text = String::new();
    let mut line = |indent: usize, words: &str| {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{:indent$}{words}", "");
    };
    if let Some(it) = &story.endpoint {
        line(0, &format!("endpoint: {} of {} to {}, {}", it.id, it.vpc, it.service, it.state));
        if let Some(error) = &it.last_error {
            line(2, &format!("last error: {}: {}", error.code, error.message));
        }
    }
    if story.served < story.generation {
        let (is, was) = (story.generation, story.served);
        line(0, &format!("note: the data plane is at generation {was}, this is generation {is}"));
    }
    if let Some(stop) = &story.stop {
        line(0, &format!("stops: {}: {}", stop.name, stop.says));
        line(2, &format!("do: {}", stop.advice));
    }
    for Told { path, lines, result } in &story.paths {
        let over = over(path.wire);
        line(0, &format!("{}{over} in {}, from {}", path.address, path.zone, path.client));
        for it in lines {
            line(2, &format!("{}: {}", it.step.replace('_', " "), it.says));
            for (_, words) in &it.targets {
                line(4, words);
            }
            if let Some(stop) = it.stop {
                line(4, &format!("stops here: {}", stop.name()));
            }
            if let Some(advice) = &it.advice {
                line(4, &format!("do: {advice}"));
            }
        }
        line(2, &format!("result: {}: {}", result.word, result.says));
    }
    for Refused { wire, zone, reason, count } in &story.refused {
        let over = over(*wire);
        line(0, &format!("refused since the start: {count}{over} in {zone}: {reason}"));
    }
    text
}

/// Said of what is not a TCP connection.
fn over(wire: Wire) -> &'static str {
    match wire {
        Wire::Tcp => "",
        Wire::Udp => " over UDP",
    }
}
