//! Metrics of exchanges. No label comes from a path, a host or an address.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use prometheus::proto::LabelPair;

use super::budget::Budget;
use super::cache::{Seen, SlotCache, Slots};
use super::exposition::{Exposition, label};
use super::histogram::Histogram;
use super::label::{MethodLabel, OTHER, StatusLabel, identity_value, version};
use super::series::{self, Series};
use crate::pipeline::output::{Exchange, Protocol};
use crate::pipeline::protocol::Anomaly;

/// Sums over exchanges.
#[derive(Debug)]
pub(super) struct Traffic {
    durations: Series<DurationLabels, Histogram>,
    requests: Series<RequestLabels, u64>,
    bodies: Series<BodyLabels, BodyBytes>,
    anomalies: BTreeMap<Anomaly, u64>,
    cache: SlotCache,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct DurationLabels {
    service: Arc<str>,
    method: MethodLabel,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct RequestLabels {
    service: Arc<str>,
    client: Arc<str>,
    method: MethodLabel,
    status: StatusLabel,
    protocol: Option<Protocol>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct BodyLabels {
    service: Arc<str>,
    client: Arc<str>,
}

#[derive(Clone, Copy, Debug, Default)]
struct BodyBytes {
    request: u64,
    response: u64,
}

impl Traffic {
    pub(super) fn new(budget: Budget) -> Self {
        let other: Arc<str> = OTHER.into();
        let (service, client) = (Arc::clone(&other), other);
        let bodies = BodyLabels { service: Arc::clone(&service), client: Arc::clone(&client) };
        let method = MethodLabel::OTHER;
        let durations = DurationLabels { service: Arc::clone(&service), method };
        let status = StatusLabel::Other;
        let requests = RequestLabels { service, client, method, status, protocol: None };
        Self {
            durations: Series::new(durations, budget.durations),
            requests: Series::new(requests, budget.requests),
            bodies: Series::new(bodies, budget.bodies),
            anomalies: BTreeMap::new(),
            cache: SlotCache::default(),
        }
    }

    pub(super) fn count(&mut self, exchange: &Exchange) {
        let slots = self.slots(exchange);
        *self.requests.at(slots.request) += 1;
        if let (Some(slot), Some(duration)) = (slots.duration, exchange.duration) {
            self.durations.at(slot).observe(duration);
        }
        // A hostile Content-Length may claim any size.
        let body = self.bodies.at(slots.body);
        let request = exchange.request.as_ref().map_or(0, |request| request.body_bytes);
        let response = exchange.response.as_ref().map_or(0, |response| response.body_bytes);
        body.request = body.request.saturating_add(request);
        body.response = body.response.saturating_add(response);
        for anomaly in &exchange.anomalies {
            *self.anomalies.entry(*anomaly).or_default() += 1;
        }
    }

    fn slots(&mut self, exchange: &Exchange) -> Slots {
        let seen = Seen::of(exchange);
        let timed = exchange.duration.is_some();
        match self.cache.find(&seen) {
            Some(slots) if slots.duration.is_some() || !timed => slots,
            _ => {
                let slots = self.slots_of(&seen, exchange.duration);
                self.cache.store(&seen, slots);
                slots
            }
        }
    }

    fn slots_of(&mut self, seen: &Seen<'_>, duration: Option<Duration>) -> Slots {
        let Seen { method, status, protocol, .. } = *seen;
        let service = identity_value(seen.service);
        let client = identity_value(seen.client);
        let durations = DurationLabels { service: Arc::clone(&service), method };
        let bodies = BodyLabels { service: Arc::clone(&service), client: Arc::clone(&client) };
        let protocol = Some(protocol);
        Slots {
            duration: duration.map(|_| self.durations.slot(durations)),
            request: self.requests.slot(RequestLabels {
                service,
                client,
                method,
                status,
                protocol,
            }),
            body: self.bodies.slot(bodies),
        }
    }

    pub(super) fn numbers(&self) -> Numbers {
        Numbers {
            durations: self.durations.numbers(),
            requests: self.requests.numbers(),
            bodies: self.bodies.numbers(),
            anomalies: self.anomalies.clone(),
        }
    }
}

/// A copy of the sums.
pub(super) struct Numbers {
    durations: series::Numbers<DurationLabels, Histogram>,
    requests: series::Numbers<RequestLabels, u64>,
    bodies: series::Numbers<BodyLabels, BodyBytes>,
    anomalies: BTreeMap<Anomaly, u64>,
}

impl Numbers {
    pub(super) fn expose(&self, to: &mut Exposition) {
        to.histograms(
            "apiwatch_http_request_duration_seconds",
            "Time from the first byte of a request to the last byte of its response.",
            self.durations
                .sorted()
                .into_iter()
                .map(|(labels, histogram)| (labels.pairs(), histogram.to_proto())),
        );
        to.counters(
            "apiwatch_http_requests_total",
            "Requests with their response, where there was one.",
            self.requests.sorted().into_iter().map(|(labels, count)| (labels.pairs(), *count)),
        );
        self.expose_bodies(to);
        to.counters(
            "apiwatch_http_anomalies_total",
            "Exchanges with an irregularity of the protocol.",
            self.anomalies
                .iter()
                .map(|(anomaly, count)| (vec![label("anomaly", anomaly.name())], *count)),
        );
        self.expose_overflow(to);
    }

    fn expose_bodies(&self, to: &mut Exposition) {
        let bodies = self.bodies.sorted();
        to.counters(
            "apiwatch_http_request_body_bytes_total",
            "Bytes of request bodies, as they were framed.",
            bodies.iter().map(|(labels, bytes)| (labels.pairs(), bytes.request)),
        );
        to.counters(
            "apiwatch_http_response_body_bytes_total",
            "Bytes of response bodies, as they were framed.",
            bodies.iter().map(|(labels, bytes)| (labels.pairs(), bytes.response)),
        );
    }

    fn expose_overflow(&self, to: &mut Exposition) {
        to.counters(
            "apiwatch_series_overflow_total",
            "Exchanges counted under _other because the metric had no room for their labels.",
            [
                ("apiwatch_http_request_duration_seconds", self.durations.overflow),
                ("apiwatch_http_requests_total", self.requests.overflow),
                ("apiwatch_http_request_body_bytes_total", self.bodies.overflow),
                ("apiwatch_http_response_body_bytes_total", self.bodies.overflow),
            ]
            .map(|(metric, count)| (vec![label("metric", metric)], count)),
        );
    }
}

impl DurationLabels {
    fn pairs(&self) -> Vec<LabelPair> {
        vec![label("service", &self.service), label("http_request_method", self.method.name())]
    }
}

impl RequestLabels {
    fn pairs(&self) -> Vec<LabelPair> {
        vec![
            label("service", &self.service),
            label("client", &self.client),
            label("http_request_method", self.method.name()),
            label("http_response_status_code", &self.status.name()),
            label("network_protocol_version", version(self.protocol)),
        ]
    }
}

impl BodyLabels {
    fn pairs(&self) -> Vec<LabelPair> {
        vec![label("service", &self.service), label("client", &self.client)]
    }
}
