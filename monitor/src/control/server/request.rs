//! What a client asks for: its first line, judged.

use serde::Serialize;
use serde_json::Value;

use super::access::Access;
use crate::control::protocol::{Notice, Request, Subscription, VERSION};
use crate::filter::Filter;
use crate::sink::json;
use crate::sink::record_type::{RecordType, RecordTypes};

/// Bytes of a request at most.
pub(super) const REQUEST_BYTES: usize = 64 * 1024;

/// The topic that is no type of record.
const STATUS: &str = "status";

const VERBS: [&str; 3] = ["subscribe", "status", "reload"];

/// A request that can be met, or why it cannot.
#[derive(Debug)]
pub(super) enum Asked {
    Subscribe(Box<Wanted>),
    Status,
    Reload,
    Wrong(Notice),
}

/// A subscription that was understood.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) topics: RecordTypes,
    pub(super) status: bool,
    pub(super) filter: Filter,
    pub(super) rate: Option<u32>,
    pub(super) snapshot: bool,
}

/// Judges the line of a client that may do this much.
pub(super) fn judge(line: &[u8], access: Access) -> Asked {
    match serde_json::from_slice(line) {
        Ok(Request::Subscribe(subscription)) => match Wanted::new(&subscription) {
            Ok(wanted) => Asked::Subscribe(Box::new(wanted)),
            Err(notice) => Asked::Wrong(notice),
        },
        Ok(Request::Status) => Asked::Status,
        Ok(Request::Reload) if access != Access::Control => Asked::Wrong(Notice::error(
            "only root may have the configuration read again: run `sudo apiwatch reload`",
        )),
        Ok(Request::Reload) => Asked::Reload,
        Err(error) => Asked::Wrong(Notice::error(&fault(line, &error))),
    }
}

/// What is wrong with a line that is no request.
fn fault(line: &[u8], error: &serde_json::Error) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let verbs = VERBS.join(", ");
    match serde_json::from_slice::<Value>(line) {
        Ok(Value::Object(members)) => match members.get("verb") {
            Some(Value::String(verb)) if !VERBS.contains(&verb.as_str()) => {
                let verb: String = verb.chars().take(40).collect();
                format!("apiwatch {version} knows no verb {verb:?}; it knows {verbs}")
            }
            Some(Value::String(verb)) => {
                format!("apiwatch {version} does not understand this {verb} request: {error}")
            }
            _ => format!("the request has no verb; one of {verbs}"),
        },
        Ok(_) => "the request is no JSON object, as {\"verb\":\"status\"}".to_owned(),
        Err(error) => format!("the request is no JSON object on one line: {error}"),
    }
}

impl Wanted {
    fn new(subscription: &Subscription) -> Result<Self, Notice> {
        let (topics, status) = topics(&subscription.topics)?;
        let filter = Filter::parse(&subscription.filter).map_err(|error| Notice::Error {
            message: error.to_string(),
            column: Some(error.column),
        })?;
        if subscription.rate == Some(0) {
            return Err(Notice::error("the rate is at least 1; leave exchanges out of the topics"));
        }
        let Subscription { rate, snapshot, .. } = *subscription;
        Ok(Self { topics, status, filter, rate, snapshot })
    }
}

fn topics(names: &[String]) -> Result<(RecordTypes, bool), Notice> {
    if names.is_empty() {
        return Ok((RecordTypes::all(), true));
    }
    let records = names.iter().filter(|name| *name != STATUS);
    let topics = records.map(|name| name.parse::<RecordType>()).collect::<Result<_, _>>();
    let topics = topics.map_err(|_| {
        let known = RecordType::ALL.map(RecordType::name).join(", ");
        Notice::error(&format!("there is no such topic; topics are {known} and {STATUS}"))
    })?;
    Ok((topics, names.iter().any(|name| name == STATUS)))
}

/// The first line of every answer.
pub(super) fn header() -> Vec<u8> {
    #[derive(Serialize)]
    struct Header {
        r#type: &'static str,
        schema: u32,
        product: &'static str,
        version: &'static str,
        protocol: u32,
    }
    line(&Header {
        r#type: "header",
        schema: json::SCHEMA,
        product: "apiwatch",
        version: env!("CARGO_PKG_VERSION"),
        protocol: VERSION,
    })
}

/// A notice as a line.
pub(super) fn notice(notice: &Notice) -> Vec<u8> {
    line(notice)
}

fn line(value: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(value).expect("names and numbers can be written as JSON");
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str, access: Access) -> (String, Option<usize>) {
        match judge(line.as_bytes(), access) {
            Asked::Wrong(Notice::Error { message, column }) => (message, column),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn bad_requests_are_told_what_is_wrong() {
        let deep = "[".repeat(60_000);
        let cases = [
            ("", "no JSON object on one line"),
            ("GET / HTTP/1.1", "no JSON object on one line"),
            ("\u{1b}[2J", "no JSON object on one line"),
            (&deep, "no JSON object on one line"),
            ("{\"verb\":\"status\"", "no JSON object on one line"),
            ("[]", "no JSON object, as"),
            ("\"status\"", "no JSON object, as"),
            ("{}", "has no verb; one of subscribe, status, reload"),
            (r#"{"verb":7}"#, "has no verb"),
            (r#"{"verb":"pause"}"#, "knows no verb \"pause\"; it knows subscribe, status, reload"),
            (r#"{"verb":"\u001b[2J"}"#, r#"knows no verb "\u{1b}[2J""#),
            (r#"{"verb":"subscribe","topic":["tls"]}"#, "this subscribe request: unknown field"),
            (r#"{"verb":"subscribe","topics":"tls"}"#, "this subscribe request: invalid type"),
            (r#"{"verb":"subscribe","topics":["tsl"]}"#, "topics are connection, tls,"),
            (r#"{"verb":"subscribe","rate":0}"#, "at least 1"),
            (r#"{"verb":"subscribe","rate":-1}"#, "this subscribe request: invalid value"),
            (r#"{"verb":"subscribe","snapshot":1}"#, "this subscribe request: invalid type"),
            (r#"{"verb":"reload"}"#, "only root"),
        ];
        for (line, expected) in cases {
            let (message, column) = told(line, Access::Read);
            assert!(message.contains(expected), "{line}: {message}");
            assert!(!message.contains(char::is_control), "{line}: {message:?}");
            assert!(message.len() < 400, "{line}: {message}");
            assert_eq!(column, None);
        }
    }

    #[test]
    fn a_fault_of_the_filter_has_its_column() {
        let line = r#"{"verb":"subscribe","filter":"method:GET nosuch:1"}"#;
        let (message, column) = told(line, Access::Control);
        assert!(message.contains("nosuch"), "{message}");
        assert_eq!(column, Some(11));
    }

    #[test]
    fn good_requests_are_understood() {
        let judged = |line: &str| match judge(line.as_bytes(), Access::Control) {
            Asked::Subscribe(it) => *it,
            other => panic!("{line}: {other:?}"),
        };
        let all = judged(r#"{"verb":"subscribe"}"#);
        assert_eq!((all.topics, all.status), (RecordTypes::all(), true));
        assert!(all.filter.is_empty() && all.rate.is_none() && !all.snapshot);
        let some = judged(
            r#"{"verb":"subscribe","topics":["tls","status"],"filter":"GET","rate":5,"snapshot":true}"#,
        );
        assert_eq!(some.topics, [RecordType::Tls].into_iter().collect());
        assert_eq!((some.status, some.rate, some.snapshot), (true, Some(5), true));
        assert_eq!(some.filter.text(), "GET");
        assert!(judged(r#"{"verb":"subscribe","topics":["status"]}"#).topics.is_empty());
        assert!(matches!(judge(br#"{"verb":"status"}"#, Access::Read), Asked::Status));
        assert!(matches!(judge(br#"{"verb":"reload"}"#, Access::Control), Asked::Reload));
    }

    #[test]
    fn the_header_is_that_of_records_and_says_the_protocol() {
        let header = String::from_utf8(header()).unwrap();
        let mut plain = Vec::new();
        json::write_header(&mut plain);
        let plain = String::from_utf8(plain).unwrap();
        let begin = plain.trim_end().trim_end_matches('}');
        assert_eq!(header, format!("{begin},\"protocol\":1}}\n"));
    }
}
