//! The bytes that were handed on last, of all connections together, so that bytes that
//! come again can be compared: a fixed amount of memory, whatever the traffic.

/// Bytes that are kept.
const BYTES: usize = 16 * 1024 * 1024;
/// Runs of bytes that are kept.
const RUNS: usize = 64 * 1024;
/// Runs that one comparison looks at.
const LOOKED_AT: usize = 128;

/// The bytes that were handed on last.
#[derive(Default)]
pub(super) struct History {
    bytes: Vec<u8>,
    runs: Vec<Run>,
    /// Bytes and runs since the start; what is older than a whole round is gone.
    next_byte: u64,
    next_run: u64,
}

/// The run of bytes of a direction that was kept last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LastRun(Option<u64>);

/// Bytes of one direction, in their order.
#[derive(Clone, Copy, Debug)]
struct Run {
    before: LastRun,
    /// Position in the direction.
    start: u64,
    length: usize,
    /// Bytes kept before these.
    place: u64,
}

impl History {
    /// Keeps bytes that begin at a position of a direction.
    pub(super) fn keep(&mut self, last: &mut LastRun, start: u64, bytes: &[u8]) {
        if self.bytes.is_empty() {
            self.bytes = vec![0; BYTES]; // pages that are not used cost nothing
        }
        let bytes = bytes.get(..BYTES / 8).unwrap_or(bytes);
        let left = BYTES - (self.next_byte % BYTES as u64) as usize;
        if left < bytes.len() {
            self.next_byte += left as u64; // a run is in one piece
        }
        let place = self.next_byte;
        let at = (place % BYTES as u64) as usize;
        if let Some(room) = self.bytes.get_mut(at..at + bytes.len()) {
            room.copy_from_slice(bytes);
        }
        self.next_byte += bytes.len() as u64;
        let run = Run { before: *last, start, length: bytes.len(), place };
        *last = LastRun(Some(self.next_run));
        match self.runs.get_mut((self.next_run % RUNS as u64) as usize) {
            Some(room) => *room = run,
            None => self.runs.push(run),
        }
        self.next_run += 1;
    }

    /// Whether bytes that begin at a position differ from those that were there, as far
    /// as those are still known.
    pub(super) fn differs(&self, last: LastRun, start: u64, bytes: &[u8]) -> bool {
        let end = start.saturating_add(bytes.len() as u64);
        let mut next = last;
        for _ in 0..LOOKED_AT {
            let Some((run, kept)) = self.run(next) else { return false };
            let run_end = run.start + run.length as u64;
            if run_end <= start {
                return false; // and what is before that is further away
            }
            let (from, to) = (run.start.max(start), run_end.min(end));
            if from < to {
                let was = kept.get((from - run.start) as usize..(to - run.start) as usize);
                let is = bytes.get((from - start) as usize..(to - start) as usize);
                if was != is {
                    return true;
                }
            }
            next = run.before;
        }
        false
    }

    /// A run and its bytes, unless they are gone.
    fn run(&self, last: LastRun) -> Option<(Run, &[u8])> {
        let number = last.0.filter(|number| number + RUNS as u64 >= self.next_run)?;
        let run = *self.runs.get((number % RUNS as u64) as usize)?;
        let is_kept = run.place + BYTES as u64 >= self.next_byte;
        let at = (run.place % BYTES as u64) as usize;
        let bytes = self.bytes.get(at..at + run.length)?;
        is_kept.then_some((run, bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_come_again_are_compared_with_what_they_overlap() {
        let mut history = History::default();
        let (mut ours, mut others) = (LastRun::default(), LastRun::default());
        for (start, bytes) in [(0, b"abcd"), (4, b"efgh"), (8, b"ijkl")] {
            history.keep(&mut ours, start, bytes);
            history.keep(&mut others, start, b"????");
        }
        let cases: [(u64, &[u8], bool); 9] = [
            (0, b"abcdefghijkl", false),
            (0, b"abcdefghijkL", true),
            (0, b"Abcdefghijkl", true),
            (2, b"cdef", false),
            (2, b"cdEf", true),
            (10, b"kl and more", false),
            (10, b"kL and more", true),
            (12, b"beyond", false),
            (5, b"", false),
        ];
        for (start, bytes, differs) in cases {
            let text = bytes.escape_ascii();
            assert_eq!(history.differs(ours, start, bytes), differs, "{start} {text}");
        }
        assert!(!history.differs(LastRun::default(), 0, b"x"));
    }

    #[test]
    fn what_is_gone_is_not_compared_and_memory_is_fixed() {
        let mut history = History::default();
        let mut first = LastRun::default();
        history.keep(&mut first, 0, b"first");
        assert!(history.differs(first, 0, b"other"));
        let mut last = LastRun::default();
        let bytes = vec![1; 1_000_000];
        for turn in 0..40 {
            history.keep(&mut last, turn * 1_000_000, &bytes);
        }
        assert!(!history.differs(first, 0, b"other"));
        assert!(history.differs(last, 39_000_000, b"other"));
        for turn in 0..RUNS as u64 + 5 {
            history.keep(&mut last, turn, b"x");
        }
        assert_eq!((history.bytes.len(), history.runs.len()), (BYTES, RUNS));
        assert!(!history.differs(first, 0, b"other"));
    }
}
