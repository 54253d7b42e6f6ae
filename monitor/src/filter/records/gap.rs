//! What filters see of a span in which nobody watched.

use std::net::IpAddr;

use crate::filter::{Field, Measure, Record};
use crate::pipeline::output::CoverageGap;

impl Record for CoverageGap {
    fn any_text(&self, field: Field, test: &mut dyn FnMut(&str) -> bool) -> bool {
        match field {
            Field::Any => test(self.cause.name()),
            Field::Type => test("coverage_gap"),
            _ => false,
        }
    }

    fn address(&self, _field: Field) -> Option<IpAddr> {
        None
    }

    fn quantity(&self, _measure: Measure) -> Option<u64> {
        None
    }
}
