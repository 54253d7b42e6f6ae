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

    /// Bytes that are no TLS record where one is due (RFC 8446 section 5.1).
    InvalidTlsRecord,
    /// A TLS record larger than any may be (RFC 8446 section 5.1).
    OversizedTlsRecord,
    /// A client hello in the format of SSL 2.0 (RFC 6176); it is not read.
    Ssl2Hello,
    /// A part of a TLS handshake out of its order (RFC 8446 section 4).
    UnexpectedHandshakeMessage,
    /// A TLS handshake message larger than what is kept.
    OversizedHandshake,
    /// A client hello that is not whole, or an extension of it (RFC 8446 section 4.1.2).
    InvalidClientHello,
    /// A server hello that is not whole, or an extension of it (RFC 8446 section 4.1.3).
    InvalidServerHello,
    /// A key exchange of a server that is not whole, or has a curve without a name
    /// (RFC 8422 section 5.4).
    InvalidKeyExchange,
    /// A certificate, or the list of them, that cannot be read (RFC 5280, RFC 5246 section 7.4.2).
    InvalidCertificate,
    /// An extension of a hello more than once (RFC 8446 section 4.2).
    DuplicateExtension,
    /// The server name of a hello is no host name (RFC 6066 section 3).
    InvalidServerName,
    /// More versions, groups or application protocols than are kept.
    ExcessiveOffer,
    /// The server chose what the client did not offer (RFC 8446 section 4.1.3).
    UnofferedChoice,
    /// The server says that both could do better (RFC 8446 section 4.1.3).
    TlsDowngradeSentinel,
    /// The client tries a lower version after a failure (RFC 7507).
    TlsFallback,
    /// TLS compresses, which gives secrets away (RFC 9325 section 3.3).
    TlsCompression,
    /// The server does not know secure renegotiation (RFC 5746 section 3.4).
    InsecureRenegotiation,
    /// A WebSocket frame of the client without a mask (RFC 6455 section 5.1).
    UnmaskedClientFrame,
    /// A WebSocket frame of the server with a mask (RFC 6455 section 5.1).
    MaskedServerFrame,
    /// A reserved bit of a WebSocket frame that no agreed extension uses (RFC 6455 section 5.2).
    ReservedFrameBits,
    /// A WebSocket frame with a reserved opcode (RFC 6455 section 5.2).
    ReservedFrameOpcode,
    /// A WebSocket length in more bytes than it needs (RFC 6455 section 5.2).
    NonMinimalFrameLength,
    /// A WebSocket length of 2^63 and above; what follows cannot be framed (RFC 6455 section 5.2).
    OversizedFrameLength,
    /// A WebSocket continuation of no message (RFC 6455 section 5.4).
    UnexpectedFragment,
    /// A WebSocket message begins before the one before has ended (RFC 6455 section 5.4).
    InterruptedMessage,
    /// A WebSocket control frame in fragments (RFC 6455 section 5.5).
    FragmentedControlFrame,
    /// A WebSocket control frame of more than 125 bytes (RFC 6455 section 5.5).
    LongControlFrame,
    /// A WebSocket close of one byte, or whose code must not be sent (RFC 6455 sections 5.5.1 and 7.4).
    InvalidClosePayload,
    /// A WebSocket data frame after a close (RFC 6455 section 5.5.1).
    DataAfterClose,
    // Of TCP.
    /// Bytes were sent again and were others: the receiver may have taken those that are
    /// not said here, since TCP does not foresee it (RFC 9293 section 3.10.7.4).
    TcpOverlapConflict,
}

impl Anomaly {
    /// Every anomaly, in the order in which records list them.
    pub const ALL: [Self; 62] = [
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
        Self::InvalidTlsRecord,
        Self::OversizedTlsRecord,
        Self::Ssl2Hello,
        Self::UnexpectedHandshakeMessage,
        Self::OversizedHandshake,
        Self::InvalidClientHello,
        Self::InvalidServerHello,
        Self::InvalidKeyExchange,
        Self::InvalidCertificate,
        Self::DuplicateExtension,
        Self::InvalidServerName,
        Self::ExcessiveOffer,
        Self::UnofferedChoice,
        Self::TlsDowngradeSentinel,
        Self::TlsFallback,
        Self::TlsCompression,
        Self::InsecureRenegotiation,
        Self::UnmaskedClientFrame,
        Self::MaskedServerFrame,
        Self::ReservedFrameBits,
        Self::ReservedFrameOpcode,
        Self::NonMinimalFrameLength,
        Self::OversizedFrameLength,
        Self::UnexpectedFragment,
        Self::InterruptedMessage,
        Self::FragmentedControlFrame,
        Self::LongControlFrame,
        Self::InvalidClosePayload,
        Self::DataAfterClose,
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

            Self::InvalidTlsRecord => "invalid_tls_record",
            Self::OversizedTlsRecord => "oversized_tls_record",
            Self::Ssl2Hello => "ssl2_hello",
            Self::UnexpectedHandshakeMessage => "unexpected_handshake_message",
            Self::OversizedHandshake => "oversized_handshake",
            Self::InvalidClientHello => "invalid_client_hello",
            Self::InvalidServerHello => "invalid_server_hello",
            Self::InvalidKeyExchange => "invalid_key_exchange",
            Self::InvalidCertificate => "invalid_certificate",
            Self::DuplicateExtension => "duplicate_extension",
            Self::InvalidServerName => "invalid_sni",
            Self::ExcessiveOffer => "excessive_offer",
            Self::UnofferedChoice => "unoffered_choice",
            Self::TlsDowngradeSentinel => "tls_downgrade_sentinel",
            Self::TlsFallback => "tls_fallback",
            Self::TlsCompression => "tls_compression",
            Self::InsecureRenegotiation => "insecure_renegotiation",
            Self::UnmaskedClientFrame => "unmasked_client_frame",
            Self::MaskedServerFrame => "masked_server_frame",
            Self::ReservedFrameBits => "reserved_frame_bits",
            Self::ReservedFrameOpcode => "reserved_frame_opcode",
            Self::NonMinimalFrameLength => "non_minimal_frame_length",
            Self::OversizedFrameLength => "oversized_frame_length",
            Self::UnexpectedFragment => "unexpected_fragment",
            Self::InterruptedMessage => "interrupted_message",
            Self::FragmentedControlFrame => "fragmented_control_frame",
            Self::LongControlFrame => "long_control_frame",
            Self::InvalidClosePayload => "invalid_close_payload",
            Self::DataAfterClose => "data_after_close",
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

    /// Whether it was noted.
    pub(crate) const fn contains(self, anomaly: Anomaly) -> bool {
        self.0 >> anomaly as u8 & 1 != 0
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
