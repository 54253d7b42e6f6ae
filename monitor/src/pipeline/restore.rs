//! What an earlier run left, and what this one leaves for the next.

use thiserror::Error;

use super::Pipeline;
use super::baseline::{BaselineError, FORM as BASELINE_FORM};
use super::finding::ledger::FORM as FINDINGS_FORM;
use super::input::Input;
use super::stored::StoredError;

/// Why something that an earlier run left is of no use.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// What was learned; learning starts anew.
    #[error(transparent)]
    Baseline(BaselineError),
    /// The findings that were open; they open anew when they are seen again.
    #[error(transparent)]
    Findings(StoredError),
}

impl Pipeline {
    /// What was learned, in the form that [`Input::Baseline`] takes.
    #[must_use]
    pub fn baseline_bytes(&self) -> Vec<u8> {
        self.detectors.baseline_bytes()
    }

    /// The findings that are open, in the form that [`Input::Findings`] takes.
    #[must_use]
    pub fn findings_bytes(&self) -> Vec<u8> {
        self.detectors.findings_bytes()
    }

    /// How often a finding was opened, resolved or found to be graver so far.
    #[must_use]
    pub const fn finding_changes(&self) -> u64 {
        self.detectors.finding_changes()
    }

    /// Why what came in last of an earlier run is not used; none where it is.
    #[must_use]
    pub const fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    pub(super) fn restore_baseline(&mut self, bytes: &[u8]) {
        self.refusal = self.detectors.load_baseline(bytes).err().map(Refusal::Baseline);
    }

    pub(super) fn restore_findings(&mut self, bytes: &[u8]) {
        let loaded = self.detectors.load_findings(bytes, self.moment());
        self.refusal = loaded.err().map(Refusal::Findings);
    }
}

/// A body in the envelope of each, for the fuzzer: a checksum is nothing to guess.
pub(crate) fn sealed(body: &[u8]) -> [Input<'static>; 2] {
    [Input::Baseline(BASELINE_FORM.seal(body)), Input::Findings(FINDINGS_FORM.seal(body))]
}

#[cfg(test)]
pub(crate) mod tests;
