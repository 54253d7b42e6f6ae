//! Messages begin, go on and end (RFC 9113 section 8.1).

use super::super::Way;
use super::super::anomaly::{Anomalies, Anomaly};
use super::Feed;
use super::block::OpenBlock;
use super::head::Head;
use super::stream::Stream;
use super::{Http2, Trust};
use crate::pipeline::time::Timestamp;

impl Http2 {
    /// A field block is there: it begins a message, or is its trailers.
    pub(super) fn finish_block(&mut self, way: Way, block: OpenBlock, feed: &mut Feed<'_>) {
        match way {
            Way::ToServer => self.take_request_fields(block, feed),
            Way::ToClient if block.promised != 0 => self.begin_pushed(block, feed),
            Way::ToClient => self.take_response_fields(block, feed),
        }
    }

    fn take_request_fields(&mut self, block: OpenBlock, feed: &mut Feed<'_>) {
        let id = block.stream;
        if id.is_multiple_of(2) {
            self.loose.add(Anomaly::InvalidStreamId);
            return;
        }
        if let Some(stream) = self.streams.get_mut(id) {
            if stream.request.is_some() || !block.head.is_request() {
                return self.take_trailers(Way::ToServer, &block, feed);
            }
            return self.begin_request(id, block, feed);
        }
        if self.streams.was_let_go(id) {
            // Its response was said without it.
            self.streams.open(id);
        } else if id > self.streams.highest {
            // Where bytes were missed these may be the trailers of a stream in them.
            if block.head.is_request() || !self.streams.may_miss {
                self.begin_request(id, block, feed);
            }
        } else if block.head.is_request() && self.streams.may_have_missed(id) {
            self.begin_request(id, block, feed);
        } else if block.head.is_request() {
            self.loose.add(Anomaly::StreamIdNotIncreasing);
        } else if !self.streams.has_forgotten && !self.streams.may_have_missed(id) {
            self.loose.add(Anomaly::FrameOnClosedStream);
        }
    }

    fn begin_request(&mut self, id: u32, mut block: OpenBlock, feed: &mut Feed<'_>) {
        if id > self.streams.highest {
            self.count_stream(&mut block.head);
            self.streams.open(id);
        }
        if block.head.has_protocol() && !self.settings.allows_protocol {
            block.head.anomalies.add(Anomaly::InvalidPseudoHeader);
        }
        let is_new = !self.streams.has(id);
        let mut stream = match self.streams.remove(id) {
            Some(stream) => stream,
            None => Box::new(Stream::new(block.began)),
        };
        stream.begin_request(&mut block);
        // The response may be among what was missed since.
        let responses = &self.to_client;
        let may_be_missed = responses.trust == Trust::Tentative
            || responses.found.is_some_and(|found| block.began <= found)
            || id <= self.streams.unasked;
        stream.down.exposed |= is_new && may_be_missed;
        stream.touched = feed.time;
        if block.ends_stream {
            stream.end(Way::ToServer, feed);
        }
        self.insert(id, stream, feed);
        if self.streams.goaway != 0 && id >= self.streams.goaway {
            self.refuse(id, feed);
        } else {
            self.say_finished(id, feed);
        }
    }

    /// RFC 9113 section 5.1.2.
    fn count_stream(&self, head: &mut Head) {
        let is_known = self.to_client.trust == Trust::Certain
            && self.to_server.trust == Trust::Certain
            && self.streams.highest_promised == 0
            && !self.streams.has_forgotten;
        if is_known && self.streams.len() >= self.settings.streams as usize {
            head.anomalies.add(Anomaly::TooManyStreams);
        }
    }

    /// Adds a stream; where there are too many, one is said as it is.
    fn insert(&mut self, id: u32, stream: Box<Stream>, feed: &mut Feed<'_>) {
        self.streams.insert(id, stream);
        while let Some(surplus) = self.streams.surplus(feed.limits.streams)
            && let Some(mut stream) = self.streams.remove(surplus)
        {
            stream.anomalies.add(Anomaly::PendingOverflow);
            self.streams.overflowed(surplus);
            self.say(surplus, *stream, feed);
        }
    }

    /// RFC 9113 section 8.4: the server sends a request and will answer it.
    fn begin_pushed(&mut self, mut block: OpenBlock, feed: &mut Feed<'_>) {
        let id = block.promised;
        if id % 2 == 1 || id <= self.streams.highest_promised {
            self.loose.add(Anomaly::InvalidStreamId);
            return;
        }
        self.streams.highest_promised = id;
        if !self.settings.allows_push {
            block.head.anomalies.add(Anomaly::UnexpectedPush);
        }
        let mut stream = Box::new(Stream::new(block.began));
        stream.begin_request(&mut block);
        stream.end(Way::ToServer, feed);
        self.insert(id, stream, feed);
    }

    fn take_response_fields(&mut self, mut block: OpenBlock, feed: &mut Feed<'_>) {
        let id = block.stream;
        if !self.streams.has(id) && !self.begin_unasked(id, block.began, feed) {
            return;
        }
        let Some(stream) = self.streams.get_mut(id) else { return };
        stream.touched = feed.time;
        if stream.response.as_ref().is_some_and(|it| it.status.is_some() || it.body_bytes > 0)
            || (stream.response.is_some() && !block.head.has_status())
        {
            return self.take_trailers(Way::ToClient, &block, feed);
        }
        // RFC 9110 section 15.2: interim responses precede the final one.
        if block.head.status.is_some_and(|status| status < 200) && !block.ends_stream {
            stream.anomalies.add_all(block.head.anomalies);
            return;
        }
        if stream.down.exposed && !block.head.has_status() && block.ends_stream {
            // The head was missed: these are trailers.
            stream.begin_without_head(block.began);
            return self.take_trailers(Way::ToClient, &block, feed);
        }
        stream.begin_response(&mut block);
        if block.ends_stream {
            stream.end(Way::ToClient, feed);
        }
        self.streams.reweigh(id);
        self.say_finished(id, feed);
    }

    /// A response begins whose request was not seen; false where it is of a stream that is
    /// over.
    fn begin_unasked(&mut self, id: u32, began: Timestamp, feed: &mut Feed<'_>) -> bool {
        let certain = self.to_server.trust == Trust::Certain;
        let (is_idle, is_missed) = match id % 2 {
            1 => (id > self.streams.highest, self.streams.may_have_missed(id)),
            _ => (id > self.streams.highest_promised, self.to_client.trust != Trust::Certain),
        };
        if self.streams.was_let_go(id) {
            return false;
        }
        if !is_idle && !is_missed {
            if !self.streams.has_forgotten && certain {
                self.loose.add(Anomaly::FrameOnClosedStream);
            }
            return false;
        }
        if is_missed {
            self.confirm_request(id, feed);
            if self.streams.has(id) {
                return true;
            }
        }
        let mut stream = Box::new(Stream::new(began));
        stream.anomalies.add(Anomaly::ResponseWithoutRequest);
        if is_missed {
            stream.down.exposed = true;
        } else {
            stream.anomalies.add(Anomaly::FrameOnIdleStream);
        }
        self.insert(id, stream, feed);
        self.streams.has(id)
    }

    /// Fields behind a body: they end the stream (RFC 9113 section 8.1).
    fn take_trailers(&mut self, way: Way, block: &OpenBlock, feed: &mut Feed<'_>) {
        let Some(stream) = self.streams.get_mut(block.stream) else { return };
        if stream.half(way).ended {
            stream.anomalies.add(Anomaly::FrameOnClosedStream);
            return;
        }
        stream.touched = feed.time;
        stream.take_trailers(way, block);
        if block.ends_stream {
            stream.end(way, feed);
            self.say_finished(block.stream, feed);
        } else if !block.head.is_damaged {
            stream.anomalies.add(Anomaly::TrailersWithoutEnd);
        }
    }

    /// Bytes of DATA.
    pub(super) fn take_data(&mut self, way: Way, bytes: &[u8], feed: &mut Feed<'_>) {
        let Some(stream) = self.data_stream(way, feed) else { return };
        stream.count_data(way, bytes.len() as u64);
        if let Some(calls) = &mut stream.calls {
            // Whether it is gRPC may not be known yet, and then nothing is held against it.
            let mut anomalies = Anomalies::default();
            calls.of(way).take(bytes, &mut anomalies);
            if stream.flavor.is_some() {
                stream.anomalies.add_all(anomalies);
            }
        }
    }

    /// Bytes of DATA that were not seen; 0 where how many is not known.
    pub(super) fn miss_data(&mut self, way: Way, bytes: u64, feed: &mut Feed<'_>) {
        let Some(stream) = self.data_stream(way, feed) else { return };
        stream.count_data(way, bytes);
        stream.miss(way);
        if let Some(calls) = &mut stream.calls {
            calls.of(way).skip(if bytes == 0 { u64::MAX } else { bytes });
        }
    }

    /// The stream of the DATA frame at hand, where its message goes on.
    fn data_stream(&mut self, way: Way, feed: &mut Feed<'_>) -> Option<&mut Stream> {
        let side = self.side(way);
        let (id, began, trust) = (side.frame.stream, side.began, side.trust);
        if !self.streams.has(id) {
            let is_known = match way {
                Way::ToClient => trust > Trust::Tentative && self.begin_unasked(id, began, feed),
                Way::ToServer => {
                    self.judge_stray(id, trust);
                    false
                }
            };
            if !is_known {
                return None;
            }
        }
        let stream = self.streams.get_mut(id)?;
        stream.touched = feed.time;
        if stream.half(way).ended {
            stream.anomalies.add(Anomaly::FrameOnClosedStream);
            return None;
        }
        if way == Way::ToClient && stream.response.is_none() {
            stream.begin_without_head(began);
        }
        Some(stream)
    }

    /// DATA of the client on a stream that is not open.
    fn judge_stray(&mut self, id: u32, trust: Trust) {
        if trust != Trust::Certain || self.streams.may_have_missed(id) {
            return;
        }
        if id > self.streams.highest {
            self.loose.add(Anomaly::FrameOnIdleStream);
        } else if !self.streams.has_forgotten {
            self.loose.add(Anomaly::FrameOnClosedStream);
        }
    }

    /// The DATA frame at hand is over, but for its padding.
    pub(super) fn end_data(&mut self, way: Way, feed: &mut Feed<'_>) {
        let (id, ends_stream) = {
            let frame = self.side(way).frame;
            (frame.stream, frame.ends_stream())
        };
        if ends_stream && let Some(stream) = self.data_stream(way, feed) {
            stream.end(way, feed);
            self.say_finished(id, feed);
        }
    }

    /// Says the streams for which nothing is waited for any more.
    pub(super) fn say_all_finished(&mut self, feed: &mut Feed<'_>) {
        let mut from = 0;
        while let Some(id) = self.streams.next(from) {
            from = id.saturating_add(1);
            self.say_finished(id, feed);
        }
    }

    /// Says a stream whose both messages have ended.
    fn say_finished(&mut self, id: u32, feed: &mut Feed<'_>) {
        if self.streams.get_mut(id).is_some_and(|stream| stream.is_finished())
            && let Some(stream) = self.streams.remove(id)
        {
            self.say(id, *stream, feed);
        }
    }
}
