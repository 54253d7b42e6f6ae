//! What filters see of each record. `docs/filters.md` says which record has what.

use std::fmt::{Display, Write};
use std::sync::Arc;
use std::time::Duration;

use super::Record;
use super::buffer::Buffer;
use crate::pipeline::output::{Output, PerDirection};

/// Connections.
mod connection;
/// Both ends of a connection.
mod ends;
/// Exchanges.
mod exchange;
/// Findings.
mod finding;
/// Spans in which nobody watched.
mod gap;
/// What is in use.
mod inventory;
/// Losses.
mod loss;
/// TLS handshakes.
mod tls;

pub(crate) use ends::Sides;
pub(crate) use inventory::{UNKNOWN_METHOD, is_identity, is_unit};

/// Lets filters see one type as another.
macro_rules! seen_as {
    ([$($generic:tt)*] $type:ty, $it:ident => $other:expr) => {
        impl<$($generic)*> $crate::filter::Record for $type {
            fn any_text(
                &self,
                field: $crate::filter::Field,
                test: &mut dyn FnMut(&str) -> bool,
            ) -> bool {
                let $it = self;
                $other.any_text(field, test)
            }

            fn address(&self, field: $crate::filter::Field) -> Option<std::net::IpAddr> {
                let $it = self;
                $other.address(field)
            }

            fn port(&self, field: $crate::filter::Field) -> Option<u16> {
                let $it = self;
                $other.port(field)
            }

            fn quantity(&self, measure: $crate::filter::Measure) -> Option<u64> {
                let $it = self;
                $other.quantity(measure)
            }

            fn id(&self, field: $crate::filter::Field) -> Option<u64> {
                let $it = self;
                $other.id(field)
            }
        }
    };
}
pub(crate) use seen_as;

seen_as!([T: Record + ?Sized] &T, it => (**it));
seen_as!([T: Record + ?Sized] Arc<T>, it => (**it));
seen_as!([] Output, it => report(it));

fn report(output: &Output) -> &dyn Record {
    match output {
        Output::Connection(report) => report,
        Output::Exchange(exchange) => exchange,
        Output::Tls(report) => &**report,
        Output::Endpoint(report) => &**report,
        Output::Destination(report) => &**report,
        Output::Finding(finding) => finding,
        Output::Loss(report) => report,
        Output::CoverageGap(gap) => gap,
    }
}

pub(crate) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn both_ways(bytes: PerDirection<u64>) -> u64 {
    bytes.to_server.saturating_add(bytes.to_client)
}

/// Tests what a value shows; only short values are shown.
pub(crate) fn shown(value: impl Display, test: &mut dyn FnMut(&str) -> bool) -> bool {
    let mut text = Buffer::default();
    write!(text, "{value}").is_ok() && test(text.as_str())
}

/// Tests each text until one passes.
fn any<'a>(texts: impl IntoIterator<Item = &'a str>, test: &mut dyn FnMut(&str) -> bool) -> bool {
    texts.into_iter().any(test)
}

#[cfg(test)]
mod tests;
