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

    // HTTP/2 and gRPC.
    /// A field that matters is not known, since the compression state that it needs began
    /// before the watch or was lost (RFC 7541 section 2.2).
    UnknownHeader,
    /// A field block that cannot be decoded (RFC 9113 section 4.3).
    InvalidHeaderBlock,
    /// Another frame within a field block, or CONTINUATION without one (RFC 9113 section 6.10).
    InterruptedHeaderBlock,
    /// A field block in more CONTINUATION frames than anyone needs (CVE-2024-27316).
    ContinuationFlood,
    /// `RST_STREAM` before both messages ended (RFC 9113 section 6.4).
    StreamReset,
    /// A request beyond the last stream that GOAWAY named (RFC 9113 section 6.8).
    RefusedByGoaway,
    /// An upper-case letter in a field name (RFC 9113 section 8.2.1).
    UppercaseName,
    /// A field that only HTTP/1 has a use for (RFC 9113 section 8.2.2).
    ConnectionSpecificHeader,
    /// A pseudo-header field that has no place here or no valid value (RFC 9113 section 8.3).
    InvalidPseudoHeader,
    /// A message without a pseudo-header field that it must have (RFC 9113 section 8.3).
    MissingPseudoHeader,
    /// A pseudo-header field more than once (RFC 9113 section 8.3).
    DuplicatePseudoHeader,
    /// A pseudo-header field behind a regular one or in trailers (RFC 9113 section 8.3).
    MisplacedPseudoHeader,
    /// DATA is more or less than Content-Length says (RFC 9113 section 8.1.1).
    ContentLengthMismatch,
    /// DATA of a message before its HEADERS (RFC 9113 section 8.1).
    DataBeforeHeaders,
    /// Trailers that do not end the stream (RFC 9113 section 8.1).
    TrailersWithoutEnd,
    /// A connection that does not begin with the preface (RFC 9113 section 3.4).
    InvalidPreface,
    /// A frame larger than the receiver allows (RFC 9113 section 4.2).
    OversizedFrame,
    /// A frame whose length its type does not allow (RFC 9113 section 4.2).
    InvalidFrameLength,
    /// Padding longer than its frame (RFC 9113 section 6.1).
    InvalidPadding,
    /// A frame on a stream that its type or sender does not allow (RFC 9113 section 5.1.1).
    InvalidStreamId,
    /// A new stream with a lower number than the one before (RFC 9113 section 5.1.1).
    StreamIdNotIncreasing,
    /// A frame on a stream that was not opened (RFC 9113 section 5.1).
    FrameOnIdleStream,
    /// A frame on a stream, or half of one, that has ended (RFC 9113 section 5.1).
    FrameOnClosedStream,
    /// More streams than the server allows at a time (RFC 9113 section 5.1.2).
    TooManyStreams,
    /// A setting with a value that it cannot have (RFC 9113 section 6.5.2).
    InvalidSetting,
    /// A window update by nothing (RFC 9113 section 6.9.1).
    InvalidWindowUpdate,
    /// A push by the client, or one that the client had forbidden (RFC 9113 section 8.4).
    UnexpectedPush,
    /// A gRPC body that is no length-prefixed messages, or ends within one.
    InvalidGrpcMessage,
    /// A gRPC response that ended without its status.
    MissingGrpcStatus,
}

impl Anomaly {
    /// Every anomaly, in the order in which records list them.
    pub const ALL: [Self; 61] = [
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
        Self::UnknownHeader,
        Self::InvalidHeaderBlock,
        Self::InterruptedHeaderBlock,
        Self::ContinuationFlood,
        Self::StreamReset,
        Self::RefusedByGoaway,
        Self::UppercaseName,
        Self::ConnectionSpecificHeader,
        Self::InvalidPseudoHeader,
        Self::MissingPseudoHeader,
        Self::DuplicatePseudoHeader,
        Self::MisplacedPseudoHeader,
        Self::ContentLengthMismatch,
        Self::DataBeforeHeaders,
        Self::TrailersWithoutEnd,
        Self::InvalidPreface,
        Self::OversizedFrame,
        Self::InvalidFrameLength,
        Self::InvalidPadding,
        Self::InvalidStreamId,
        Self::StreamIdNotIncreasing,
        Self::FrameOnIdleStream,
        Self::FrameOnClosedStream,
        Self::TooManyStreams,
        Self::InvalidSetting,
        Self::InvalidWindowUpdate,
        Self::UnexpectedPush,
        Self::InvalidGrpcMessage,
        Self::MissingGrpcStatus,
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
            Self::UnknownHeader => "unknown_header",
            Self::InvalidHeaderBlock => "invalid_header_block",
            Self::InterruptedHeaderBlock => "interrupted_header_block",
            Self::ContinuationFlood => "continuation_flood",
            Self::StreamReset => "stream_reset",
            Self::RefusedByGoaway => "refused_by_goaway",
            Self::UppercaseName => "uppercase_header_name",
            Self::ConnectionSpecificHeader => "connection_specific_header",
            Self::InvalidPseudoHeader => "invalid_pseudo_header",
            Self::MissingPseudoHeader => "missing_pseudo_header",
            Self::DuplicatePseudoHeader => "duplicate_pseudo_header",
            Self::MisplacedPseudoHeader => "misplaced_pseudo_header",
            Self::ContentLengthMismatch => "content_length_mismatch",
            Self::DataBeforeHeaders => "data_before_headers",
            Self::TrailersWithoutEnd => "trailers_without_end",
            Self::InvalidPreface => "invalid_preface",
            Self::OversizedFrame => "oversized_frame",
            Self::InvalidFrameLength => "invalid_frame_length",
            Self::InvalidPadding => "invalid_padding",
            Self::InvalidStreamId => "invalid_stream_id",
            Self::StreamIdNotIncreasing => "stream_id_not_increasing",
            Self::FrameOnIdleStream => "frame_on_idle_stream",
            Self::FrameOnClosedStream => "frame_on_closed_stream",
            Self::TooManyStreams => "too_many_streams",
            Self::InvalidSetting => "invalid_setting",
            Self::InvalidWindowUpdate => "invalid_window_update",
            Self::UnexpectedPush => "unexpected_push",
            Self::InvalidGrpcMessage => "invalid_grpc_message",
            Self::MissingGrpcStatus => "missing_grpc_status",
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

    /// Whether an anomaly was noted.
    pub(crate) const fn has(self, anomaly: Anomaly) -> bool {
        self.0 >> anomaly as u8 & 1 != 0
    }

    /// The list for a record; no allocation where there is none.
    pub(crate) fn to_vec(self) -> Vec<Anomaly> {
        if self.0 == 0 {
            return Vec::new();
        }
        Anomaly::ALL.into_iter().filter(|anomaly| self.has(*anomaly)).collect()
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
