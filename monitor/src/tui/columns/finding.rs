//! Columns of the findings.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::pipeline::finding::Finding;
use crate::tui::model::RowId;
use crate::tui::table::{Align, Column, Direction, Edge, Shape, Sort};

/// Columns of the findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FindingColumn {
    Severity,
    Kind,
    Subject,
    Count,
    FirstSeen,
    LastSeen,
    State,
    Summary,
}

impl Column for FindingColumn {
    type Row<'a> = &'a Arc<Finding>;
    const ALL: &'static [Self] = &[
        Self::Severity,
        Self::Kind,
        Self::Subject,
        Self::Summary,
        Self::Count,
        Self::FirstSeen,
        Self::LastSeen,
        Self::State,
    ];
    const FIRST: Sort<Self> = Sort { column: Self::Severity, direction: Direction::Descending };
    const EDGE: Edge = Edge::Top;

    fn title(self) -> &'static str {
        match self {
            Self::Severity => "SEVERITY",
            Self::Kind => "KIND",
            Self::Subject => "SUBJECT",
            Self::Summary => "SUMMARY",
            Self::Count => "COUNT",
            Self::FirstSeen => "FIRST",
            Self::LastSeen => "LAST",
            Self::State => "STATE",
        }
    }

    fn shape(self) -> Shape {
        let (width, share, rank, align) = match self {
            Self::Severity => (11, 0, 0, Align::Left),
            // As long as the longest kind.
            Self::Kind => (22, 0, 1, Align::Left),
            Self::Subject => (22, 1, 0, Align::Left),
            Self::Count => (6, 0, 2, Align::Right),
            Self::LastSeen => (5, 0, 3, Align::Right),
            Self::FirstSeen => (5, 0, 4, Align::Right),
            Self::State => (7, 0, 5, Align::Left),
            Self::Summary => (28, 2, 6, Align::Left),
        };
        Shape { width, share, rank, align }
    }

    fn compare(self, left: &Self::Row<'_>, right: &Self::Row<'_>) -> Ordering {
        match self {
            Self::Severity => {
                (left.severity, left.last_seen).cmp(&(right.severity, right.last_seen))
            }
            Self::Kind => left.kind.name().cmp(right.kind.name()),
            Self::Subject => left.subject.cmp(&right.subject),
            Self::Summary => left.summary.cmp(&right.summary),
            Self::Count => left.count.cmp(&right.count),
            Self::FirstSeen => left.first_seen.cmp(&right.first_seen),
            Self::LastSeen => left.last_seen.cmp(&right.last_seen),
            Self::State => left.state.cmp(&right.state),
        }
    }

    fn id(row: &Self::Row<'_>) -> RowId {
        RowId(row.id.0)
    }
}
