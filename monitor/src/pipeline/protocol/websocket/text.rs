//! Payload as it was before it was masked (RFC 6455 section 5.3).

/// Bytes unmasked at a time, on the stack.
const CHUNK_BYTES: usize = 512;

/// Gives `piece`, which begins `offset` bytes into its payload, without its mask; where
/// there is none, as it is.
pub(super) fn unmasked(
    piece: &[u8],
    mask: Option<[u8; 4]>,
    offset: u64,
    give: &mut dyn FnMut(&[u8]),
) {
    let Some(mask) = mask else { return give(piece) };
    let mut key = mask.into_iter().cycle().skip((offset % 4) as usize);
    let mut clear = [0; CHUNK_BYTES];
    for chunk in piece.chunks(CHUNK_BYTES) {
        for (to, (from, key)) in clear.iter_mut().zip(chunk.iter().zip(key.by_ref())) {
            *to = from ^ key;
        }
        give(clear.get(..chunk.len()).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_goes_on_over_pieces_and_chunks() {
        let clear: Vec<u8> = (0..2000u32).map(|number| (number * 7) as u8).collect();
        let mask = [1, 2, 3, 200];
        let masked: Vec<u8> =
            clear.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]).collect();
        for size in [1, 2, 3, 5, 511, 512, 513, 2000] {
            let mut given = Vec::new();
            for (number, piece) in masked.chunks(size).enumerate() {
                let offset = (number * size) as u64;
                unmasked(piece, Some(mask), offset, &mut |clear| given.extend_from_slice(clear));
            }
            assert_eq!(given, clear, "pieces of {size}");
        }
        let mut given = Vec::new();
        unmasked(&clear, None, 3, &mut |piece| given.extend_from_slice(piece));
        assert_eq!(given, clear);
    }
}
