//! What filters see of a connection.

use std::net::IpAddr;

use super::{Sides, any, both_ways};
use crate::filter::{Field, Measure, Record};
use crate::pipeline::output::ConnectionReport;
use crate::sink::name;

impl Record for ConnectionReport {
    fn any_text(&self, field: Field, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let mut anomalies = self.anomalies.iter().map(|anomaly| anomaly.name());
        match field {
            Field::Any => Sides::of(&self.ends).any_text(field, test) || anomalies.any(test),
            Field::Type => test("connection"),
            Field::State => test(name::connection_event(self.event)),
            Field::Encryption => test(name::encryption(self.encryption)),
            Field::Anomaly => any(anomalies, test),
            _ => Sides::of(&self.ends).any_text(field, test),
        }
    }

    fn address(&self, field: Field) -> Option<IpAddr> {
        Sides::of(&self.ends).address(field)
    }

    fn port(&self, field: Field) -> Option<u16> {
        Sides::of(&self.ends).port(field)
    }

    fn quantity(&self, measure: Measure) -> Option<u64> {
        (measure == Measure::Bytes).then(|| both_ways(self.bytes))
    }

    fn id(&self, field: Field) -> Option<u64> {
        (field == Field::Connection).then_some(self.connection.0)
    }
}
