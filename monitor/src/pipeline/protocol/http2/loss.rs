//! Bytes that were missed: passed over inside a frame, else the next frame is looked for.

use super::super::Way;
use super::super::anomaly::Anomaly;
use super::Feed;
use super::frame::Kind;
use super::{Http2, Part, State, Trust};

impl Http2 {
    /// Bytes of a way were missed, and how many is not known yet.
    pub(super) fn expose(&mut self, way: Way) {
        let side = self.side(way);
        side.trust = side.trust.min(Trust::Found);
        match way {
            Way::ToServer => self.streams.may_miss = true,
            Way::ToClient => {
                for (_, stream) in self.streams.iter_mut() {
                    stream.down.exposed |= stream.response.is_none();
                }
            }
        }
    }

    /// Bytes of a way were missed.
    pub(super) fn miss(&mut self, way: Way, bytes: u64, feed: &mut Feed<'_>) {
        let side = self.side(way);
        match (side.state, usize::try_from(bytes)) {
            (State::Opaque, _) => {}
            (State::Preface(matched), Ok(bytes)) if bytes <= Self::left_of_preface(matched) => {
                self.pass_preface(way, matched, bytes);
            }
            (State::Payload(part), Ok(bytes)) if bytes <= side.left as usize => {
                self.skip(way, part, bytes as u32, feed);
            }
            _ => self.lose_boundary(way, feed),
        }
    }

    /// Passes over bytes of the frame at hand.
    fn skip(&mut self, way: Way, part: Part, bytes: u32, feed: &mut Feed<'_>) {
        let side = self.side(way);
        let carried = bytes.min(side.left.saturating_sub(side.padding));
        side.left -= bytes;
        side.padding = side.padding.min(side.left);
        side.has = 0;
        match part {
            Part::Data | Part::Fragment if carried == 0 => {}
            Part::Rest => {}
            Part::Data => self.miss_data(way, u64::from(carried), feed),
            Part::Prefix(_) if side.frame.kind == Kind::Data => {
                // How much of the frame is padding is not known: none is counted.
                side.state = State::Payload(Part::Data);
                side.padding = side.left;
                self.miss_data(way, 0, feed);
            }
            Part::Prefix(_) | Part::Fragment | Part::Settings => {
                side.state = State::Payload(Part::Rest);
                self.skip_frame(way, part, feed);
            }
        }
        self.settle(way, feed);
    }

    /// A frame that has to be read as a whole was not.
    fn skip_frame(&mut self, way: Way, part: Part, feed: &mut Feed<'_>) {
        let side = self.side(way);
        let stream = side.frame.stream;
        match side.frame.kind {
            Kind::Settings => self.miss_settings(way),
            Kind::PushPromise if matches!(part, Part::Prefix(_)) => {
                side.decoder.distrust();
                side.trust = side.trust.min(Trust::Found);
            }
            Kind::Headers | Kind::PushPromise => self.lose_block(way, Anomaly::Gap, feed),
            Kind::Continuation if side.block.is_some() => {
                self.lose_block(way, Anomaly::Gap, feed);
            }
            Kind::Continuation => side.decoder.distrust(),
            Kind::Reset => self.reset(way, stream, u32::MAX, feed),
            _ => {}
        }
    }

    /// Bytes were missed, and where frames begin behind them is not known.
    pub(super) fn lose_boundary(&mut self, way: Way, feed: &mut Feed<'_>) {
        self.cut_block(way, Anomaly::Gap, feed);
        let side = self.side(way);
        side.state = State::Lost;
        side.trust = Trust::Tentative;
        side.decoder.distrust();
        side.has = 0;
        side.kept = Vec::new();
        side.wanted = 0;
        side.searched = 0;
        // What follows is the start of a record, and so it may be that of a frame.
        side.at_start = true;
        self.miss_settings(way);
        if way == Way::ToServer {
            self.streams.may_miss = true;
        }
        for (_, stream) in self.streams.iter_mut() {
            if stream.half(way).ended {
                continue;
            }
            if way == Way::ToClient && stream.response.is_none() {
                stream.down.exposed = true;
                continue;
            }
            stream.miss(way);
            if let Some(calls) = &mut stream.calls {
                calls.of(way).skip(u64::MAX);
            }
        }
        self.say_all_finished(feed);
    }

    /// What was taken for a frame is none.
    pub(super) fn lose(&mut self, way: Way, feed: &mut Feed<'_>) {
        self.lose_boundary(way, feed);
        self.side(way).at_start = false;
    }
}
