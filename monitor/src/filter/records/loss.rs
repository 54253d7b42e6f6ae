//! What filters see of a loss.

use std::net::IpAddr;

use crate::filter::{Field, Measure, Record};
use crate::pipeline::output::LossReport;
use crate::sink::name;

impl Record for LossReport {
    fn any_text(&self, field: Field, test: &mut dyn FnMut(&str) -> bool) -> bool {
        match field {
            Field::Any => {
                test(name::stage(self.loss.stage)) || test(name::loss_reason(self.loss.reason))
            }
            Field::Type => test("loss"),
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
