//! JSON lines to a file or pipe that may block: nothing is dropped. For commands
//! whose only job is to write, such as a replay.

use std::io::{self, Write};

use super::json;
use super::record_type::RecordTypes;
use crate::pipeline::output::Output;

/// Bytes gathered before a write.
const BUFFER_BYTES: usize = 64 * 1024;

/// Writes every wanted output as a JSON line, after the header line.
#[derive(Debug)]
pub struct BlockingWriter<W: Write> {
    to: W,
    records: RecordTypes,
    buffer: Vec<u8>,
}

impl<W: Write> BlockingWriter<W> {
    /// A writer of the record types of a set; nothing is written before the first
    /// [`write`](Self::write) or [`finish`](Self::finish).
    #[must_use]
    pub fn new(to: W, records: RecordTypes) -> Self {
        let mut buffer = Vec::with_capacity(BUFFER_BYTES + 4096);
        json::write_header(&mut buffer);
        Self { to, records, buffer }
    }

    /// Takes outputs, blocking while the other side is slow.
    ///
    /// # Errors
    ///
    /// Those of the underlying writer; [`io::ErrorKind::BrokenPipe`] says that the
    /// reader has gone.
    pub fn write(&mut self, outputs: &[Output]) -> io::Result<()> {
        let records = self.records;
        for output in outputs.iter().filter(|output| records.wants(output)) {
            json::write_line(output, &mut self.buffer);
            if self.buffer.len() >= BUFFER_BYTES {
                self.write_buffer()?;
            }
        }
        Ok(())
    }

    /// Writes what is gathered and flushes the underlying writer.
    ///
    /// # Errors
    ///
    /// Those of the underlying writer.
    pub fn flush(&mut self) -> io::Result<()> {
        self.write_buffer()?;
        self.to.flush()
    }

    /// Writes the rest, flushes, and gives the underlying writer back.
    ///
    /// # Errors
    ///
    /// Those of the underlying writer.
    pub fn finish(mut self) -> io::Result<W> {
        self.flush()?;
        Ok(self.to)
    }

    fn write_buffer(&mut self) -> io::Result<()> {
        let written = self.to.write_all(&self.buffer);
        self.buffer.clear();
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::record_type::RecordType;
    use crate::sink::sample;

    #[test]
    fn every_wanted_output_is_a_line_after_the_header() {
        let exchange = Output::Exchange(sample::exchange(sample::ends(None, None)));
        let outputs = [exchange, Output::Loss(sample::loss())];
        let mut writer =
            BlockingWriter::new(Vec::new(), [RecordType::Exchange].into_iter().collect());
        for _ in 0..1000 {
            writer.write(&outputs).unwrap();
        }
        let text = String::from_utf8(writer.finish().unwrap()).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[0].contains(r#""type":"header""#));
        assert_eq!(lines.len(), 1001);
        assert!(lines[1..].iter().all(|line| line.starts_with(r#"{"type":"exchange""#)));
    }

    #[test]
    fn an_error_of_the_writer_is_told() {
        let full: &mut [u8] = &mut [0; 8];
        let error = BlockingWriter::new(full, RecordTypes::all()).finish().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WriteZero);
    }
}
