use std::time::Duration;

use super::State;
use crate::pipeline::time::Timestamp;
use crate::tui::theme::Tone;

/// What is said for a moment, in place of the keys.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) text: String,
    pub(crate) tone: Tone,
    until: Timestamp,
}

/// How long it is said.
const SAID: Duration = Duration::from_secs(3);
/// What went wrong takes longer to read.
const SAID_OF_TROUBLE: Duration = Duration::from_secs(10);

impl State {
    /// Says something in place of whatever was said before.
    pub(crate) fn say(&mut self, text: String, tone: Tone, now: Timestamp) {
        let long = if tone == Tone::Bad { SAID_OF_TROUBLE } else { SAID };
        self.message = Some(Message { text, tone, until: now.plus(long) });
    }

    /// Takes a message away that was said long enough; says whether there was one.
    pub(crate) fn expire_message(&mut self, now: Timestamp) -> bool {
        self.message.take_if(|message| message.until <= now).is_some()
    }
}
