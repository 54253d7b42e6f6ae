//! Columns of the identity × destination rows.

use std::cmp::Ordering;
use std::net::IpAddr;
use std::time::Duration;

use super::compare_ends;
use crate::filter::records::{Sides, nanoseconds, shown};
use crate::filter::span::tls_rank;
use crate::filter::{Field, Measure, Record};
use crate::pipeline::output::End;
use crate::pipeline::output::tls::Posture;
use crate::tui::model::destinations::{Destination, Protection};
use crate::tui::model::judgements::{Judgement, Verdict};
use crate::tui::model::party::{Pair, Party};
use crate::tui::model::series::Tally;
use crate::tui::model::shelf::Entry;
use crate::tui::model::window::Span;
use crate::tui::model::{Model, RowId};
use crate::tui::scope::Scope;
use crate::tui::table::{Align, Column, Direction, Edge, Shape, Sort};

/// Columns of the identity × destination rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DestinationColumn {
    Client,
    Destination,
    Verdict,
    Findings,
    Protection,
    Rate,
    Errors,
    Slowest,
    Median,
    Bytes,
    Exchanges,
    Open,
    LastSeen,
}

/// A row with what has to be worked out for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DestinationRow<'a> {
    pub(crate) destination: &'a Destination,
    /// None for the row that sums up the rest.
    pub(crate) pair: Option<&'a Pair>,
    /// Exchanges and errors in the window.
    pub(crate) tally: Tally,
    /// Exchanges a second in the window.
    pub(crate) rate: f64,
    /// Duration that half of the exchanges do not exceed.
    pub(crate) p50: Option<Duration>,
    /// Duration that 99 of 100 exchanges do not exceed.
    pub(crate) p99: Option<Duration>,
    /// Open findings on it.
    pub(crate) judgement: Judgement,
    /// What policy says of it.
    pub(crate) verdict: Verdict,
}

/// A row as it was, for its detail.
#[derive(Clone, Debug)]
pub(crate) struct DestinationFacts {
    /// None for the row that sums up the rest.
    pub(crate) pair: Option<Pair>,
    pub(crate) destination: Destination,
    /// Open findings on it.
    pub(crate) judgement: Judgement,
    /// What policy says of it.
    pub(crate) verdict: Verdict,
}

impl DestinationRow<'_> {
    /// All that its detail shows.
    pub(crate) fn facts(&self) -> Box<DestinationFacts> {
        Box::new(DestinationFacts {
            pair: self.pair.cloned(),
            destination: self.destination.clone(),
            judgement: self.judgement,
            verdict: self.verdict,
        })
    }
}

/// A connection is judged once its client has sent something, or shortly after.
const JUDGING: Duration = Duration::from_secs(5);

impl<'a> DestinationRow<'a> {
    /// The row as it is at the end of `span`.
    pub(crate) fn new(
        (pair, destination): (Option<&'a Pair>, &'a Destination),
        model: &Model,
        span: Span,
    ) -> Self {
        let tally = destination.traffic.tally(span);
        let judgements = model.findings.judgements();
        let server = destination.server.as_ref();
        let judged = pair.zip(server).map(|(pair, server)| judgements.of(pair, server));
        let judgement = judged.unwrap_or_default();
        Self {
            destination,
            pair,
            tally,
            rate: span.rate(tally.exchanges),
            p50: destination.quantile(50),
            p99: destination.quantile(99),
            judgement,
            verdict: verdict(pair, destination, judgement, model, span),
        }
    }

    /// The client, where it was seen, and not only told of.
    pub(crate) fn client(&self) -> Option<&'a End> {
        self.destination.client_end.as_ref()
    }

    /// The server; none for the row that sums up the rest.
    pub(crate) fn server(&self) -> Option<&'a End> {
        self.destination.server.as_ref()
    }
}

/// The lack of a finding says that a pair is allowed only where one would have come:
/// of clients on this host, of which something was seen for a while.
fn verdict(
    pair: Option<&Pair>,
    destination: &Destination,
    judgement: Judgement,
    model: &Model,
    span: Span,
) -> Verdict {
    let is_judged = pair.is_some_and(Pair::is_told_apart);
    let is_active = destination.open > 0 || destination.totals().exchanges > 0;
    if judgement.unknown > 0 {
        Verdict::Unknown
    } else if is_judged
        && is_active
        && span.now.since(destination.made()) >= JUDGING
        && !model.may_lack_findings()
    {
        Verdict::Allowed
    } else {
        Verdict::NotJudged
    }
}

impl Column for DestinationColumn {
    type Row<'a> = DestinationRow<'a>;
    const ALL: &'static [Self] = &[
        Self::Client,
        Self::Destination,
        Self::Verdict,
        Self::Findings,
        Self::Protection,
        Self::Rate,
        Self::Errors,
        Self::Slowest,
        Self::Median,
        Self::Bytes,
        Self::Exchanges,
        Self::Open,
        Self::LastSeen,
    ];
    const FIRST: Sort<Self> = Sort { column: Self::Rate, direction: Direction::Descending };
    const EDGE: Edge = Edge::Top;

    fn title(self) -> &'static str {
        match self {
            Self::Client => "CLIENT",
            Self::Destination => "DESTINATION",
            Self::Verdict => "VERDICT",
            Self::Findings => "FIND",
            Self::Protection => "PROTECTION",
            Self::Rate => "RATE/S",
            Self::Errors => "ERRORS",
            Self::Slowest => "P99",
            Self::Median => "P50",
            Self::Bytes => "BYTES",
            Self::Exchanges => "EXCH",
            Self::Open => "OPEN",
            Self::LastSeen => "LAST",
        }
    }

    fn shape(self) -> Shape {
        let (width, share, rank, align) = match self {
            Self::Client => (14, 2, 0, Align::Tail),
            Self::Destination => (16, 3, 0, Align::Tail),
            Self::Verdict => (9, 0, 1, Align::Left),
            Self::Rate => (7, 0, 1, Align::Right),
            Self::Errors => (6, 0, 2, Align::Right),
            Self::Protection => (10, 3, 3, Align::Left),
            Self::Findings => (5, 0, 4, Align::Left),
            Self::Slowest => (6, 0, 5, Align::Right),
            Self::Bytes => (6, 0, 6, Align::Right),
            Self::LastSeen => (4, 0, 7, Align::Right),
            Self::Exchanges => (6, 0, 8, Align::Right),
            Self::Open => (5, 0, 9, Align::Right),
            Self::Median => (6, 0, 10, Align::Right),
        };
        Shape { width, share, rank, align }
    }

    fn compare(self, left: &Self::Row<'_>, right: &Self::Row<'_>) -> Ordering {
        let (l, r) = (left.destination, right.destination);
        match self {
            Self::Client => {
                l.client.is_none().cmp(&r.client.is_none()).then_with(|| l.client.cmp(&r.client))
            }
            Self::Destination => compare_ends(left.server(), right.server()),
            Self::Verdict => left.verdict.cmp(&right.verdict),
            Self::Findings => left.judgement.worst().cmp(&right.judgement.worst()),
            Self::Protection => weakness(l).cmp(&weakness(r)),
            Self::Open => l.open.cmp(&r.open),
            Self::Rate => left.rate.total_cmp(&right.rate),
            Self::Exchanges => l.totals().exchanges.cmp(&r.totals().exchanges),
            Self::Errors => left.tally.errors.cmp(&right.tally.errors),
            Self::Bytes => l.totals().bytes.cmp(&r.totals().bytes),
            Self::Median => left.p50.cmp(&right.p50),
            Self::Slowest => left.p99.cmp(&right.p99),
            Self::LastSeen => l.last_seen.cmp(&r.last_seen),
        }
    }

    fn id(row: &Self::Row<'_>) -> RowId {
        row.destination.id()
    }

    fn is_inside(row: &Self::Row<'_>, scope: &Scope) -> bool {
        match scope {
            Scope::Pair(pair) => row.pair == Some(pair),
            _ => true,
        }
    }
}

/// What is clear comes after what is not, and older TLS after newer.
fn weakness(destination: &Destination) -> (Protection, std::cmp::Reverse<u16>) {
    let version = destination.posture.as_ref().map_or(0, |posture| posture.version.0);
    (destination.protection, std::cmp::Reverse(version))
}

impl Record for DestinationRow<'_> {
    fn any_text(&self, field: Field, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let (sides, destination) = (self.sides(), self.destination);
        match field {
            Field::Type => test("destination"),
            Field::Any | Field::Server | Field::Host => {
                sides.any_text(field, test)
                    || destination.host.as_deref().is_some_and(&mut *test)
                    || (field == Field::Any && self.told_client().is_some_and(test))
            }
            Field::Client | Field::Process => {
                sides.any_text(field, test) || self.told_client().is_some_and(test)
            }
            Field::Encryption => match destination.protection {
                Protection::Unknown => test("unknown"),
                Protection::Tls => test("tls"),
                Protection::Clear => test("clear"),
                Protection::Mixed => test("tls") || test("clear"),
            },
            Field::Cipher => self.posture().is_some_and(|it| shown(it.cipher, test)),
            Field::Group => {
                self.posture().and_then(|it| it.group).is_some_and(|it| shown(it, test))
            }
            Field::Auth => destination.auth.iter().any(|auth| test(auth.name())),
            _ => sides.any_text(field, test),
        }
    }

    fn address(&self, field: Field) -> Option<IpAddr> {
        self.sides().address(field)
    }

    fn port(&self, field: Field) -> Option<u16> {
        self.sides().port(field)
    }

    /// Latency is the 99th percentile, severity that of the worst finding, and the version
    /// that of the last handshake.
    fn quantity(&self, measure: Measure) -> Option<u64> {
        match measure {
            Measure::Latency => self.p99.map(nanoseconds),
            Measure::Bytes => Some(self.destination.totals().bytes),
            Measure::Requests => Some(self.destination.totals().exchanges),
            Measure::Errors => Some(self.destination.totals().errors),
            Measure::Severity => self.judgement.worst().map(|(severity, _)| severity as u64),
            Measure::Tls => self.posture().and_then(|posture| tls_rank(posture.version)),
            _ => None,
        }
    }
}

impl DestinationRow<'_> {
    fn sides(&self) -> Sides<'_> {
        Sides { client: self.client(), server: self.server() }
    }

    fn posture(&self) -> Option<&Posture> {
        self.destination.posture.as_ref()
    }

    /// The client where only the inventory told of it.
    fn told_client(&self) -> Option<&str> {
        match (&self.destination.client_end, &self.destination.client) {
            (None, Some(Party::Identity(identity))) => Some(identity),
            _ => None,
        }
    }
}
