//! Named irregularities of protocols. Names are stable: policies and dashboards use them.

/// The list of anomalies: what each is, and its name in records and metrics.
macro_rules! anomalies {
    ($($(#[$doc:meta])* $anomaly:ident = $name:literal,)*) => {
        /// A named irregularity.
        #[repr(u8)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Anomaly {
            $($(#[$doc])* $anomaly,)*
        }

        impl Anomaly {
            /// Every anomaly, in the order in which records list them.
            pub const ALL: &[Self] = &[$(Self::$anomaly),*];

            /// The name in records and metrics.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$anomaly => $name,)*
                }
            }

            /// The anomaly of this name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$anomaly),)*
                    _ => None,
                }
            }
        }
    };
}

anomalies! {
    /// Bytes of the message were not seen.
    Gap = "gap",
    /// A field value continues on the next line (RFC 9112 section 5.2).
    ObsoleteFold = "obs_fold",
    /// A line of the head ends without CR (RFC 9112 section 2.2).
    BareLineFeed = "bare_lf",
    /// Both Content-Length and Transfer-Encoding (RFC 9112 section 6.3).
    ContentLengthWithTransferEncoding = "content_length_with_transfer_encoding",
    /// Content-Length more than once, with one value.
    DuplicateContentLength = "duplicate_content_length",
    /// Content-Length more than once, with different values.
    ConflictingContentLength = "conflicting_content_length",
    /// Content-Length is no decimal number.
    InvalidContentLength = "invalid_content_length",
    /// Transfer-Encoding does not end in chunked, or names it more than once.
    InvalidTransferEncoding = "invalid_transfer_encoding",
    /// Transfer-Encoding in an HTTP/1.0 message.
    TransferEncodingInHttp10 = "transfer_encoding_in_http_1_0",
    /// A chunk size is no hexadecimal number.
    InvalidChunkSize = "invalid_chunk_size",
    /// A chunk size beyond 64 bits.
    ChunkSizeOverflow = "chunk_size_overflow",
    /// A chunk has an extension.
    ChunkExtension = "chunk_extension",
    /// A line of the chunked coding ends without CR.
    ChunkBareLineFeed = "chunk_bare_lf",
    /// A chunk is not followed by CRLF.
    MissingChunkEnd = "missing_chunk_crlf",
    /// Whitespace around a chunk size.
    ChunkSizeWhitespace = "chunk_size_whitespace",
    /// A head or trailer section larger than what is kept.
    OversizedHead = "oversized_head",
    /// More fields than are looked at.
    TooManyFields = "too_many_headers",
    /// A head that is no HTTP.
    InvalidHead = "invalid_head",
    /// Whitespace between a field's name and its colon (RFC 9112 section 5.1).
    SpaceBeforeColon = "space_before_colon",
    /// A request without a version (HTTP/0.9).
    Http09 = "http_0_9",
    /// HTTP/1.1 without Host (RFC 9112 section 3.2).
    MissingHost = "missing_host",
    /// More than one Host.
    MultipleHosts = "multiple_host",
    /// The target is a whole URL outside of CONNECT.
    AbsoluteForm = "absolute_form",
    /// Host and the authority of the target differ.
    HostMismatch = "host_mismatch",
    /// A control character in the head.
    ControlCharacter = "control_character",
    /// A method that is only known in upper case.
    LowercaseMethod = "lowercase_method",
    /// A path longer than what is kept.
    LongPath = "long_path",
    /// A body on a GET, HEAD, DELETE or TRACE request.
    UnexpectedBody = "unexpected_body",
    /// A response to no request that was seen.
    ResponseWithoutRequest = "response_without_request",
    /// More requests wait for their response than are kept.
    PendingOverflow = "pending_overflow",
    /// Bytes that are no message after a message.
    TrailingBytes = "trailing_bytes",
    /// A Host or target with user information.
    UserInformation = "user_information",
    /// Bytes that are no TLS record where one is due (RFC 8446 section 5.1).
    InvalidTlsRecord = "invalid_tls_record",
    /// A TLS record larger than any may be (RFC 8446 section 5.1).
    OversizedTlsRecord = "oversized_tls_record",
    /// A client hello in the format of SSL 2.0 (RFC 6176); it is not read.
    Ssl2Hello = "ssl2_hello",
    /// A part of a TLS handshake out of its order (RFC 8446 section 4).
    UnexpectedHandshakeMessage = "unexpected_handshake_message",
    /// A TLS handshake message larger than what is kept.
    OversizedHandshake = "oversized_handshake",
    /// A client hello that is not whole, or an extension of it (RFC 8446 section 4.1.2).
    InvalidClientHello = "invalid_client_hello",
    /// A server hello that is not whole, or an extension of it (RFC 8446 section 4.1.3).
    InvalidServerHello = "invalid_server_hello",
    /// A key exchange of a server that is not whole, or has a curve without a name
    /// (RFC 8422 section 5.4).
    InvalidKeyExchange = "invalid_key_exchange",
    /// A certificate, or the list of them, that cannot be read (RFC 5280, RFC 5246 section 7.4.2).
    InvalidCertificate = "invalid_certificate",
    /// An extension of a hello more than once (RFC 8446 section 4.2).
    DuplicateExtension = "duplicate_extension",
    /// The server name of a hello is no host name (RFC 6066 section 3).
    InvalidServerName = "invalid_sni",
    /// More versions, groups or application protocols than are kept.
    ExcessiveOffer = "excessive_offer",
    /// The server chose what the client did not offer (RFC 8446 section 4.1.3).
    UnofferedChoice = "unoffered_choice",
    /// The server says that both could do better (RFC 8446 section 4.1.3).
    TlsDowngradeSentinel = "tls_downgrade_sentinel",
    /// The client tries a lower version after a failure (RFC 7507).
    TlsFallback = "tls_fallback",
    /// TLS compresses, which gives secrets away (RFC 9325 section 3.3).
    TlsCompression = "tls_compression",
    /// The server does not know secure renegotiation (RFC 5746 section 3.4).
    InsecureRenegotiation = "insecure_renegotiation",
    /// A WebSocket frame of the client without a mask (RFC 6455 section 5.1).
    UnmaskedClientFrame = "unmasked_client_frame",
    /// A WebSocket frame of the server with a mask (RFC 6455 section 5.1).
    MaskedServerFrame = "masked_server_frame",
    /// A reserved bit of a WebSocket frame that no agreed extension uses (RFC 6455 section 5.2).
    ReservedFrameBits = "reserved_frame_bits",
    /// A WebSocket frame with a reserved opcode (RFC 6455 section 5.2).
    ReservedFrameOpcode = "reserved_frame_opcode",
    /// A WebSocket length in more bytes than it needs (RFC 6455 section 5.2).
    NonMinimalFrameLength = "non_minimal_frame_length",
    /// A WebSocket length of 2^63 and above; what follows cannot be framed (RFC 6455 section 5.2).
    OversizedFrameLength = "oversized_frame_length",
    /// A WebSocket continuation of no message (RFC 6455 section 5.4).
    UnexpectedFragment = "unexpected_fragment",
    /// A WebSocket message begins before the one before has ended (RFC 6455 section 5.4).
    InterruptedMessage = "interrupted_message",
    /// A WebSocket control frame in fragments (RFC 6455 section 5.5).
    FragmentedControlFrame = "fragmented_control_frame",
    /// A WebSocket control frame of more than 125 bytes (RFC 6455 section 5.5).
    LongControlFrame = "long_control_frame",
    /// A WebSocket close of one byte, or whose code must not be sent (RFC 6455 sections 5.5.1 and 7.4).
    InvalidClosePayload = "invalid_close_payload",
    /// A WebSocket data frame after a close (RFC 6455 section 5.5.1).
    DataAfterClose = "data_after_close",
    /// Bytes were sent again and were others: the receiver may have taken those that are
    /// not said here, since TCP does not foresee it (RFC 9293 section 3.10.7.4).
    TcpOverlapConflict = "tcp_overlap_conflict",
    /// A field that matters is not known, since the compression state that it needs began
    /// before the watch or was lost (RFC 7541 section 2.2).
    UnknownHeader = "unknown_header",
    /// A field block that cannot be decoded (RFC 9113 section 4.3).
    InvalidHeaderBlock = "invalid_header_block",
    /// Another frame within a field block, or CONTINUATION without one (RFC 9113 section 6.10).
    InterruptedHeaderBlock = "interrupted_header_block",
    /// A field block in more CONTINUATION frames than anyone needs (CVE-2024-27316).
    ContinuationFlood = "continuation_flood",
    /// `RST_STREAM` before both messages ended (RFC 9113 section 6.4).
    StreamReset = "stream_reset",
    /// A request beyond the last stream that GOAWAY named (RFC 9113 section 6.8).
    RefusedByGoaway = "refused_by_goaway",
    /// An upper-case letter in a field name (RFC 9113 section 8.2.1).
    UppercaseName = "uppercase_header_name",
    /// A field that only HTTP/1 has a use for (RFC 9113 section 8.2.2).
    ConnectionSpecificHeader = "connection_specific_header",
    /// A pseudo-header field that has no place here or no valid value (RFC 9113 section 8.3).
    InvalidPseudoHeader = "invalid_pseudo_header",
    /// A message without a pseudo-header field that it must have (RFC 9113 section 8.3).
    MissingPseudoHeader = "missing_pseudo_header",
    /// A pseudo-header field more than once (RFC 9113 section 8.3).
    DuplicatePseudoHeader = "duplicate_pseudo_header",
    /// A pseudo-header field behind a regular one or in trailers (RFC 9113 section 8.3).
    MisplacedPseudoHeader = "misplaced_pseudo_header",
    /// DATA is more or less than Content-Length says (RFC 9113 section 8.1.1).
    ContentLengthMismatch = "content_length_mismatch",
    /// DATA of a message before its HEADERS (RFC 9113 section 8.1).
    DataBeforeHeaders = "data_before_headers",
    /// Trailers that do not end the stream (RFC 9113 section 8.1).
    TrailersWithoutEnd = "trailers_without_end",
    /// A connection that does not begin with the preface (RFC 9113 section 3.4).
    InvalidPreface = "invalid_preface",
    /// A frame larger than the receiver allows (RFC 9113 section 4.2).
    OversizedFrame = "oversized_frame",
    /// A frame whose length its type does not allow (RFC 9113 section 4.2).
    InvalidFrameLength = "invalid_frame_length",
    /// Padding longer than its frame (RFC 9113 section 6.1).
    InvalidPadding = "invalid_padding",
    /// A frame on a stream that its type or sender does not allow (RFC 9113 section 5.1.1).
    InvalidStreamId = "invalid_stream_id",
    /// A new stream with a lower number than the one before (RFC 9113 section 5.1.1).
    StreamIdNotIncreasing = "stream_id_not_increasing",
    /// A frame on a stream that was not opened (RFC 9113 section 5.1).
    FrameOnIdleStream = "frame_on_idle_stream",
    /// A frame on a stream, or half of one, that has ended (RFC 9113 section 5.1).
    FrameOnClosedStream = "frame_on_closed_stream",
    /// More streams than the server allows at a time (RFC 9113 section 5.1.2).
    TooManyStreams = "too_many_streams",
    /// A setting with a value that it cannot have (RFC 9113 section 6.5.2).
    InvalidSetting = "invalid_setting",
    /// A window update by nothing (RFC 9113 section 6.9.1).
    InvalidWindowUpdate = "invalid_window_update",
    /// A push by the client, or one that the client had forbidden (RFC 9113 section 8.4).
    UnexpectedPush = "unexpected_push",
    /// A gRPC body that is no length-prefixed messages, or ends within one.
    InvalidGrpcMessage = "invalid_grpc_message",
    /// A gRPC response that ended without its status.
    MissingGrpcStatus = "missing_grpc_status",
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
    pub(crate) const fn contains(self, anomaly: Anomaly) -> bool {
        self.0 >> anomaly as u8 & 1 != 0
    }

    /// The list for a record; no allocation where there is none.
    pub(crate) fn to_vec(self) -> Vec<Anomaly> {
        if self.0 == 0 {
            return Vec::new();
        }
        Anomaly::ALL.iter().copied().filter(|anomaly| self.contains(*anomaly)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_every_anomaly_in_its_place_and_names_are_unique() {
        let mut names: Vec<_> = Anomaly::ALL.iter().map(|anomaly| anomaly.name()).collect();
        for (place, anomaly) in Anomaly::ALL.iter().enumerate() {
            assert_eq!(place, *anomaly as usize);
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Anomaly::ALL.len());
        assert!(names.len() <= u128::BITS as usize, "each has a bit");
    }
}
