//! What filters see of an exchange.

use std::net::IpAddr;

use super::{Sides, any, nanoseconds};
use crate::filter::{Field, Measure, Record};
use crate::pipeline::output::{Exchange, Method, Request, UNKNOWN_PATH};
use crate::sink::name;

/// What a text without a field is looked for in, beside the host and the ends.
const WORDS: [Field; 6] =
    [Field::Method, Field::Path, Field::Route, Field::Protocol, Field::Auth, Field::Anomaly];

impl Record for Exchange {
    fn any_text(&self, field: Field, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let ends = Sides::of(&self.ends);
        match field {
            Field::Any => {
                WORDS.iter().any(|field| self.any_text(*field, test))
                    || any(self.host(), test)
                    || ends.any_text(field, test)
            }
            Field::Type => test("exchange"),
            Field::Method => any(self.request.as_ref().and_then(method), test),
            Field::Path => any(self.request.as_ref().and_then(path), test),
            Field::Route => any(self.route.as_deref(), test),
            Field::Host => any(self.host(), test) || ends.any_text(field, test),
            Field::Server => ends.any_text(field, test) || any(self.host(), test),
            Field::Protocol => test(self.protocol.name()),
            Field::Auth => test(self.auth.name()),
            Field::Encryption => test(if self.encrypted { "tls" } else { "clear" }),
            Field::Source => test(name::source(self.source)),
            Field::Anomaly => any(self.anomalies.iter().map(|anomaly| anomaly.name()), test),
            Field::Grpc => any(self.grpc_call(), test),
            _ => ends.any_text(field, test),
        }
    }

    fn address(&self, field: Field) -> Option<IpAddr> {
        Sides::of(&self.ends).address(field)
    }

    fn port(&self, field: Field) -> Option<u16> {
        Sides::of(&self.ends).port(field)
    }

    fn quantity(&self, measure: Measure) -> Option<u64> {
        match measure {
            Measure::Latency => self.duration.map(nanoseconds),
            Measure::Ttfb => self.ttfb.map(nanoseconds),
            Measure::Bytes => Some(self.bytes()),
            Measure::Status => self.response.as_ref()?.status.map(u64::from),
            Measure::Errors => Some(self.is_error().into()),
            _ => None,
        }
    }

    fn id(&self, field: Field) -> Option<u64> {
        (field == Field::Connection).then_some(self.connection.0)
    }
}

impl Exchange {
    fn host(&self) -> Option<&str> {
        self.request.as_ref()?.host.as_deref()
    }

    /// `service/method`, as the path has it.
    fn grpc_call(&self) -> Option<&str> {
        self.grpc.as_ref()?;
        self.request.as_ref().and_then(path)?.strip_prefix('/')
    }
}

fn method(request: &Request) -> Option<&str> {
    (request.method != Method::Unknown).then(|| request.method.as_str())
}

fn path(request: &Request) -> Option<&str> {
    (&*request.path != UNKNOWN_PATH).then_some(&*request.path)
}
