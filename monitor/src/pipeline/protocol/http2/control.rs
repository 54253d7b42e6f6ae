//! Frames that carry no message: SETTINGS, `RST_STREAM`, GOAWAY and `WINDOW_UPDATE`
//! (RFC 9113 sections 6.4, 6.5, 6.8 and 6.9).

use super::super::Way;
use super::super::anomaly::Anomaly;
use super::Feed;
use super::frame::{GREATEST_LENGTH, INITIAL_MAXIMUM, Kind};
use super::{Http2, Trust};

/// Bytes of a setting.
const SETTING_BYTES: usize = 6;
/// Greatest window (RFC 9113 section 6.9.1).
const GREATEST_WINDOW: u32 = 0x7fff_ffff;
/// `RST_STREAM` without an error (RFC 9113 section 7).
const NO_ERROR: u32 = 0;

impl Http2 {
    /// Takes bytes of a SETTINGS frame.
    pub(super) fn take_settings(&mut self, way: Way, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let side = self.side(way);
            let taken = side.collect(bytes, SETTING_BYTES);
            bytes = bytes.get(taken..).unwrap_or_default();
            if usize::from(side.has) == SETTING_BYTES {
                side.has = 0;
                let [i0, i1, v0, v1, v2, v3, ..] = side.scratch;
                self.set(way, u16::from_be_bytes([i0, i1]), u32::from_be_bytes([v0, v1, v2, v3]));
            }
        }
    }

    /// What one end announces holds for what the other one sends.
    fn set(&mut self, way: Way, identifier: u16, value: u32) {
        let is_valid = match (identifier, way) {
            // SETTINGS_HEADER_TABLE_SIZE
            (1, _) => {
                let other = self.side(!way);
                // Smaller tables hold once they are acknowledged; blocks are on their way.
                other.decoder.allow_table(value.max(other.table_bytes));
                other.table_bytes = value;
                true
            }
            // SETTINGS_ENABLE_PUSH
            (2, Way::ToServer) => {
                self.settings.allows_push = value != 0;
                value <= 1
            }
            (2, Way::ToClient) => value == 0,
            // SETTINGS_MAX_CONCURRENT_STREAMS
            (3, Way::ToClient) => {
                self.settings.streams = value;
                true
            }
            // SETTINGS_INITIAL_WINDOW_SIZE
            (4, _) => value <= GREATEST_WINDOW,
            // SETTINGS_MAX_FRAME_SIZE
            (5, _) => {
                let other = self.side(!way);
                other.maximum = value.clamp(INITIAL_MAXIMUM, GREATEST_LENGTH);
                (INITIAL_MAXIMUM..=GREATEST_LENGTH).contains(&value)
            }
            // SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441 section 3)
            (8, _) => {
                self.settings.allows_protocol |= way == Way::ToClient && value == 1;
                value <= 1
            }
            // RFC 9113 section 6.5.2: others are to be ignored.
            _ => true,
        };
        if !is_valid {
            self.loose.add(Anomaly::InvalidSetting);
        }
    }

    /// An end acknowledges the settings of the other: what it sends from now on keeps to them.
    pub(super) fn acknowledge(&mut self, way: Way) {
        let side = self.side(way);
        if side.trust == Trust::Certain {
            side.decoder.allow_table(side.table_bytes);
        }
    }

    /// Settings were missed: what they may allow is allowed.
    pub(super) fn miss_settings(&mut self, way: Way) {
        let other = self.side(!way);
        other.decoder.allow_table(u32::MAX);
        other.table_bytes = u32::MAX;
        other.maximum = GREATEST_LENGTH;
        match way {
            Way::ToServer => self.settings.allows_push = true,
            Way::ToClient => {
                self.settings.allows_protocol = true;
                self.settings.streams = u32::MAX;
            }
        }
    }

    /// What matters of a small frame is there.
    pub(super) fn take_control(&mut self, way: Way, feed: &mut Feed<'_>) {
        let side = self.side(way);
        let (frame, [a, b, c, d, ..]) = (side.frame, side.scratch);
        let word = u32::from_be_bytes([a, b, c, d]);
        match frame.kind {
            Kind::Reset => self.reset(way, frame.stream, word, feed),
            Kind::GoAway if way == Way::ToClient => self.go_away(word & GREATEST_WINDOW, feed),
            Kind::WindowUpdate => {
                if word & GREATEST_WINDOW == 0 {
                    self.note(frame.stream, Anomaly::InvalidWindowUpdate);
                }
                self.judge_idle(way, frame.stream);
            }
            _ => {}
        }
    }

    /// RFC 9113 section 5.1: on an idle stream only HEADERS and PRIORITY may come.
    fn judge_idle(&mut self, way: Way, stream: u32) {
        let streams = &self.streams;
        let is_idle = match stream % 2 {
            1 => stream > streams.highest && !streams.may_miss,
            _ => stream > streams.highest_promised,
        };
        let is_certain = self.to_client.trust == Trust::Certain;
        if stream != 0 && is_idle && is_certain && self.side(way).trust == Trust::Certain {
            self.loose.add(Anomaly::FrameOnIdleStream);
        }
    }

    /// RFC 9113 section 6.4. After a whole response, a server resets without an error what
    /// it does not want to read (section 8.1).
    pub(super) fn reset(&mut self, way: Way, id: u32, code: u32, feed: &mut Feed<'_>) {
        self.judge_idle(way, id);
        let Some(mut stream) = self.streams.remove(id) else { return };
        self.streams.let_go(id);
        if !(way == Way::ToClient && code == NO_ERROR && stream.down.ended) {
            stream.anomalies.add(Anomaly::StreamReset);
        }
        stream.touched = feed.time;
        self.say(id, *stream, feed);
    }

    /// RFC 9113 section 6.8: streams beyond the last one were not and will not be served.
    fn go_away(&mut self, last: u32, feed: &mut Feed<'_>) {
        self.streams.goaway = last.saturating_add(1);
        let mut from = last.saturating_add(1);
        while let Some(id) = self.streams.next(from) {
            from = id.saturating_add(1);
            if id % 2 == 1 {
                self.refuse(id, feed);
            }
        }
    }

    /// Says a stream that the server refused.
    pub(super) fn refuse(&mut self, id: u32, feed: &mut Feed<'_>) {
        if let Some(mut stream) = self.streams.remove(id) {
            stream.anomalies.add(Anomaly::RefusedByGoaway);
            self.streams.let_go(id);
            self.say(id, *stream, feed);
        }
    }
}
