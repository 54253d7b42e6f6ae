//! A request with its response.

use super::{Field, end, plain};
use crate::pipeline::output::{Exchange, Request, Response};
use crate::tui::format;
use crate::tui::render::exchanges;
use crate::tui::render::paint::{Look, piece};
use crate::tui::theme::Tone;

/// All about an exchange.
pub(super) fn fields(exchange: &Exchange, look: Look) -> Vec<Field> {
    let mut fields = vec![plain("time", look.date_time(exchange.time))];
    match &exchange.request {
        Some(request) => fields.extend(self::request(exchange, request, look)),
        None => fields.push(("request", piece("? not seen", Tone::Warning))),
    }
    match &exchange.response {
        Some(response) => fields.extend(self::response(response)),
        None if exchange.progress.is_last() => {
            fields.push(("status", piece("? no response, or not seen", Tone::Warning)));
        }
        None => fields.push(plain("status", "still open")),
    }
    fields.extend(grpc(exchange, look));
    fields.extend(websocket(exchange));
    fields.push(plain("latency", latency(exchange, look)));
    fields.extend(end("client", &exchange.ends.client, look));
    fields.extend(end("server", &exchange.ends.server, look));
    fields.push(protection(exchange));
    fields.push(plain("auth", exchange.auth.name()));
    fields.push(plain("protocol", exchange.protocol.name()));
    let stream = exchange.stream.map(|stream| format!(", stream {stream}")).unwrap_or_default();
    fields.push(plain("connection", format!("{:016x}{stream}", exchange.connection.0)));
    let anomalies = exchange.anomalies.iter().map(|anomaly| format!("! {}", anomaly.name()));
    fields.extend(anomalies.map(|anomaly| ("anomaly", piece(anomaly, Tone::Warning))));
    fields
}

fn latency(exchange: &Exchange, look: Look) -> String {
    let shown = |duration: Option<_>| duration.map_or(look.theme.none().into(), format::duration);
    format!("{}, first byte after {}", shown(exchange.duration), shown(exchange.ttfb))
}

fn protection(exchange: &Exchange) -> Field {
    match exchange.encrypted {
        true => ("protection", piece("encrypted", Tone::Good)),
        false => ("protection", piece("^ clear text", Tone::Warning)),
    }
}

fn request(exchange: &Exchange, request: &Request, look: Look) -> Vec<Field> {
    let path = look.private(&*request.path);
    let sent = format!(
        "head {}, body {}{}",
        format::bytes(request.header_bytes.into()),
        format::bytes(request.body_bytes),
        of_type(request.content_type.as_deref()),
    );
    let host = request.host.as_deref().unwrap_or(look.theme.none());
    let mut fields =
        vec![("request", piece(format!("{} {path}", request.method.as_str()), Tone::Strong))];
    if let Some(route) = exchange.route.as_deref().filter(|route| **route != *request.path) {
        fields.push(plain("route", look.private(route.to_owned())));
    }
    if !request.query_keys.is_empty() {
        fields.push(plain("query keys", look.private(request.query_keys.join(" "))));
    }
    fields.push(plain("host", look.private(host.to_owned())));
    fields.push(plain("sent", sent));
    fields.extend(incomplete(request.complete));
    fields
}

fn response(response: &Response) -> Vec<Field> {
    let (status, tone) = exchanges::status(response.status);
    let kind = of_type(response.content_type.as_deref());
    let mut fields = vec![
        ("status", piece(status.trim_start().to_owned(), tone)),
        plain("received", format!("body {}{kind}", format::bytes(response.body_bytes))),
    ];
    fields.extend(incomplete(response.complete));
    fields
}

fn of_type(content_type: Option<&str>) -> String {
    content_type.map(|content_type| format!(" of {content_type}")).unwrap_or_default()
}

fn incomplete(complete: bool) -> Option<Field> {
    (!complete).then(|| ("", piece("! incomplete: bytes of it were not seen", Tone::Warning)))
}

fn grpc(exchange: &Exchange, look: Look) -> Option<Field> {
    let grpc = exchange.grpc.as_ref()?;
    let status = match grpc.status {
        Some(status) => format!("status {status}"),
        None => "no status yet".to_owned(),
    };
    let name = |part: &Option<Box<str>>| {
        let part = part.as_deref().unwrap_or(look.theme.none()).to_owned();
        look.private(part)
    };
    let text = format!(
        "{status}; service {}, method {}; messages {} to the server, {} to the client",
        name(&grpc.service),
        name(&grpc.method),
        format::grouped(grpc.messages.to_server),
        format::grouped(grpc.messages.to_client),
    );
    Some(("grpc", piece(text, exchanges::grpc_tone(grpc.status.unwrap_or(0)))))
}

fn websocket(exchange: &Exchange) -> Option<Field> {
    let socket = exchange.websocket.as_ref()?;
    let close = socket.close_code.map(|code| format!("; closed with {code}")).unwrap_or_default();
    let each = |messages: u64, bytes: u64| {
        format!("{} of {}", format::grouped(messages), format::bytes(bytes))
    };
    let text = format!(
        "messages {} to the server, {} to the client{close}",
        each(socket.messages.to_server, socket.message_bytes.to_server),
        each(socket.messages.to_client, socket.message_bytes.to_client),
    );
    Some(plain("websocket", text))
}
