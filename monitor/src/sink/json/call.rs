//! What gRPC and WebSocket add to an exchange, as JSON.

use super::object::Object;
use super::write_ways;
use crate::pipeline::output::{Grpc, WebSocket};

pub(super) fn write_grpc(mut record: Object<'_>, grpc: &Grpc) {
    record.optional_text("service", grpc.service.as_deref());
    record.optional_text("method", grpc.method.as_deref());
    if let Some(status) = grpc.status {
        record.number("status", status);
    }
    write_ways(record.object("messages"), grpc.messages);
    write_ways(record.object("message_bytes"), grpc.message_bytes);
    record.close();
}

pub(super) fn write_websocket(mut record: Object<'_>, websocket: &WebSocket) {
    write_ways(record.object("messages"), websocket.messages);
    write_ways(record.object("message_bytes"), websocket.message_bytes);
    write_ways(record.object("control_frames"), websocket.control_frames);
    if let Some(code) = websocket.close_code {
        record.number("close_code", code);
    }
    record.flag("deflate", websocket.deflate);
    record.close();
}
