//! Named irregularities of protocols. Names are stable: policies and dashboards use them.

/// A named irregularity.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Anomaly {
    /// Bytes of the message were not seen.
    Gap,
    /// A field value continues on the next line (RFC 9112 section 5.2).
    ObsoleteFold,
    /// A line of the head ends without CR (RFC 9112 section 2.2).
    BareLineFeed,
    /// Both Content-Length and Transfer-Encoding (RFC 9112 section 6.3).
    ContentLengthWithTransferEncoding,
    /// Content-Length more than once, with one value.
    DuplicateContentLength,
    /// Content-Length more than once, with different values.
    ConflictingContentLength,
    /// Content-Length is no decimal number.
    InvalidContentLength,
    /// Transfer-Encoding does not end in chunked, or names it more than once.
    InvalidTransferEncoding,
    /// Transfer-Encoding in an HTTP/1.0 message.
    TransferEncodingInHttp10,
    /// A chunk size is no hexadecimal number.
    InvalidChunkSize,
    /// A chunk size beyond 64 bits.
    ChunkSizeOverflow,
    /// A chunk has an extension.
    ChunkExtension,
    /// A line of the chunked coding ends without CR.
    ChunkBareLineFeed,
    /// A chunk is not followed by CRLF.
    MissingChunkEnd,
    /// Whitespace around a chunk size.
    ChunkSizeWhitespace,
    /// A head or trailer section larger than what is kept.
    OversizedHead,
    /// More fields than are looked at.
    TooManyFields,
    /// A head that is no HTTP.
    InvalidHead,
    /// Whitespace between a field's name and its colon (RFC 9112 section 5.1).
    SpaceBeforeColon,
    /// A request without a version (HTTP/0.9).
    Http09,
    /// HTTP/1.1 without Host (RFC 9112 section 3.2).
    MissingHost,
    /// More than one Host.
    MultipleHosts,
    /// The target is a whole URL outside of CONNECT.
    AbsoluteForm,
    /// Host and the authority of the target differ.
    HostMismatch,
    /// A control character in the head.
    ControlCharacter,
    /// A method that is only known in upper case.
    LowercaseMethod,
    /// A path longer than what is kept.
    LongPath,
    /// A body on a GET, HEAD, DELETE or TRACE request.
    UnexpectedBody,
    /// A response to no request that was seen.
    ResponseWithoutRequest,
    /// More requests wait for their response than are kept.
    PendingOverflow,
    /// Bytes that are no message after a message.
    TrailingBytes,
    /// A Host or target with user information.
    UserInformation,

    // Of TCP.
    /// Bytes were sent again and were others: the receiver may have taken those that are
    /// not said here, since TCP does not foresee it (RFC 9293 section 3.10.7.4).
    TcpOverlapConflict,
}

impl Anomaly {
    /// Every anomaly, in the order in which records list them.
    pub const ALL: [Self; 33] = [
        Self::Gap,
        Self::ObsoleteFold,
        Self::BareLineFeed,
        Self::ContentLengthWithTransferEncoding,
        Self::DuplicateContentLength,
        Self::ConflictingContentLength,
        Self::InvalidContentLength,
        Self::InvalidTransferEncoding,
        Self::TransferEncodingInHttp10,
        Self::InvalidChunkSize,
        Self::ChunkSizeOverflow,
        Self::ChunkExtension,
        Self::ChunkBareLineFeed,
        Self::MissingChunkEnd,
        Self::ChunkSizeWhitespace,
        Self::OversizedHead,
        Self::TooManyFields,
        Self::InvalidHead,
        Self::SpaceBeforeColon,
        Self::Http09,
        Self::MissingHost,
        Self::MultipleHosts,
        Self::AbsoluteForm,
        Self::HostMismatch,
        Self::ControlCharacter,
        Self::LowercaseMethod,
        Self::LongPath,
        Self::UnexpectedBody,
        Self::ResponseWithoutRequest,
        Self::PendingOverflow,
        Self::TrailingBytes,
        Self::UserInformation,
        // Of TCP.
        Self::TcpOverlapConflict,
    ];

    /// The name in records and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::ObsoleteFold => "obs_fold",
            Self::BareLineFeed => "bare_lf",
            Self::ContentLengthWithTransferEncoding => "content_length_with_transfer_encoding",
            Self::DuplicateContentLength => "duplicate_content_length",
            Self::ConflictingContentLength => "conflicting_content_length",
            Self::InvalidContentLength => "invalid_content_length",
            Self::InvalidTransferEncoding => "invalid_transfer_encoding",
            Self::TransferEncodingInHttp10 => "transfer_encoding_in_http_1_0",
            Self::InvalidChunkSize => "invalid_chunk_size",
            Self::ChunkSizeOverflow => "chunk_size_overflow",
            Self::ChunkExtension => "chunk_extension",
            Self::ChunkBareLineFeed => "chunk_bare_lf",
            Self::MissingChunkEnd => "missing_chunk_crlf",
            Self::ChunkSizeWhitespace => "chunk_size_whitespace",
            Self::OversizedHead => "oversized_head",
            Self::TooManyFields => "too_many_headers",
            Self::InvalidHead => "invalid_head",
            Self::SpaceBeforeColon => "space_before_colon",
            Self::Http09 => "http_0_9",
            Self::MissingHost => "missing_host",
            Self::MultipleHosts => "multiple_host",
            Self::AbsoluteForm => "absolute_form",
            Self::HostMismatch => "host_mismatch",
            Self::ControlCharacter => "control_character",
            Self::LowercaseMethod => "lowercase_method",
            Self::LongPath => "long_path",
            Self::UnexpectedBody => "unexpected_body",
            Self::ResponseWithoutRequest => "response_without_request",
            Self::PendingOverflow => "pending_overflow",
            Self::TrailingBytes => "trailing_bytes",
            Self::UserInformation => "user_information",
            // Of TCP.
            Self::TcpOverlapConflict => "tcp_overlap_conflict",
        }
    }
}

/// Anomalies of one message, each once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Anomalies(u128);

impl Anomalies {
    /// Notes an anomaly.
    pub(crate) const fn add(&mut self, anomaly: Anomaly) {
        self.0 |= 1 << anomaly as u8;
    }

    /// Notes all of `others`.
    pub(crate) const fn add_all(&mut self, others: Self) {
        self.0 |= others.0;
    }

    /// The list for a record; no allocation where there is none.
    pub(crate) fn to_vec(self) -> Vec<Anomaly> {
        if self.0 == 0 {
            return Vec::new();
        }
        Anomaly::ALL.into_iter().filter(|anomaly| self.0 >> *anomaly as u8 & 1 != 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_every_anomaly_in_its_place_and_names_are_unique() {
        let mut names: Vec<_> = Anomaly::ALL.iter().map(|anomaly| anomaly.name()).collect();
        for (place, anomaly) in Anomaly::ALL.into_iter().enumerate() {
            assert_eq!(place, anomaly as usize);
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Anomaly::ALL.len());
    }
}
