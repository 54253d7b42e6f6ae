//! A finding: what is wrong, what was seen, and what to do.

use super::{Field, plain};
use crate::pipeline::finding::Finding;
use crate::tui::format;
use crate::tui::render::findings;
use crate::tui::render::paint::{Look, piece};
use crate::tui::theme::Tone;

/// All about a finding.
pub(super) fn fields(finding: &Finding, look: Look) -> Vec<Field> {
    let private = |text: &str| look.private(text.to_owned());
    let severity = format::severity(finding.severity);
    let count = format!("{} times", format::grouped(finding.count));
    let mut fields = vec![
        ("severity", piece(severity, findings::tone(finding.severity))),
        plain("rule", finding.kind.name()),
        ("subject", piece(findings::subject(finding, look).into_owned(), Tone::Strong)),
        ("summary", piece(private(&finding.summary), Tone::Strong)),
        plain("remedy", private(&finding.remedy)),
    ];
    fields.extend(finding.evidence.iter().map(|(name, value)| {
        let value = private(value);
        plain("evidence", format!("{name}: {value}"))
    }));
    fields.extend([
        plain("seen", count),
        plain("first seen", look.date_time(finding.first_seen)),
        plain("last seen", look.date_time(finding.last_seen)),
        plain("confidence", finding.confidence.name()),
        plain("state", finding.state.name()),
        plain("id", format!("{:016x}", finding.id.0)),
    ]);
    fields
}
