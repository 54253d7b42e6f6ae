//! Tests of the decoder as a whole.

use super::*;

/// Blocks of other encoders.
mod cases;
/// What a hostile encoder may send.
mod hostile;
/// What is known and what is not to one who came late or missed blocks.
mod late;
/// The examples of RFC 7541 appendix C.
mod rfc;

/// A part of a field, none where it is unknown.
type Part = Option<Vec<u8>>;

const WHOLE: Block = Block::Whole { unknown: 0, dropped: 0 };

fn decode(decoder: &mut Decoder, block: &[u8]) -> (Block, Vec<(Part, Part)>) {
    let mut fields = Vec::new();
    let part = |text: Text<'_>| text.bytes().map(<[u8]>::to_vec);
    let end = decoder.decode(block, u32::MAX, &mut |field| {
        fields.push((part(field.name), part(field.value)));
    });
    (end, fields)
}

/// The fields of a block as lines, for short expectations.
fn lines(decoder: &mut Decoder, block: &[u8]) -> (Block, Vec<String>) {
    let (end, fields) = decode(decoder, block);
    let text = |part: &Part| part.as_ref().map_or("?".into(), |it| it.escape_ascii().to_string());
    (end, fields.iter().map(|(name, value)| format!("{}: {}", text(name), text(value))).collect())
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

#[test]
fn a_block_is_whole_or_invalid() {
    let cases: &[(&str, &str, Block)] = &[
        ("nothing", "", WHOLE),
        ("index 0", "80", Block::Invalid),
        ("last of the static table", "bd", WHOLE),
        ("index into an empty table", "be", Block::Invalid),
        ("name index into an empty table", "7e 00", Block::Invalid),
        ("index cut off", "ff", Block::Invalid),
        ("greatest index", "ff 80ffffff0f", Block::Invalid),
        ("index of more than 32 bits", "ff ffffffff1f", Block::Invalid),
        ("name without value", "40 0161", Block::Invalid),
        ("value cut off", "40 0161 0262", Block::Invalid),
        ("length of 4 GiB", "40 7f80ffffff0f 61", Block::Invalid),
        ("empty name and value", "40 00 00", WHOLE),
        ("never indexed", "10 0161 0162", WHOLE),
        ("size updates alone", "20 3fe11f", WHOLE),
        ("two size updates", "20 3fe11f 82", WHOLE),
        ("three size updates", "20 20 3fe11f 82", Block::Invalid),
        ("size update above what is allowed", "3fe21f", Block::Invalid),
        ("size update after a field", "82 20", Block::Invalid),
        ("size update that empties the table", "40 0161 0162 be", WHOLE),
        ("entry evicted by a size update", "20 40 0161 0162 be", Block::Invalid),
        ("entry greater than the table", "3f02 40 0161 0162 be", Block::Invalid),
        ("entry as great as the table", "3f03 40 0161 0162 be", WHOLE),
        ("Huffman code with padding", "00 811f 811f", WHOLE),
        ("Huffman code of nothing", "00 80 80", WHOLE),
        ("padding of zeros", "00 8118 00", Block::Invalid),
        ("padding of a whole byte", "00 821fff 00", Block::Invalid),
        ("padding alone", "00 81ff 00", Block::Invalid),
        ("EOS", "00 84ffffffff 00", Block::Invalid),
        ("EOS behind a symbol", "00 851ffffffffc 00", Block::Invalid),
        ("code cut off", "00 82fff0 00", Block::Invalid),
    ];
    for (name, hex, expected) in cases {
        let mut decoder = Decoder::new(false);
        assert_eq!(decode(&mut decoder, &bytes_of(hex)).0, *expected, "{name}");
    }
}

#[test]
fn settings_bound_the_size_of_the_table() {
    let grow = bytes_of("3fe1ff03"); // 65,536
    let mut decoder = Decoder::new(false);
    decoder.allow_table(65_536);
    assert_eq!(decode(&mut decoder, &grow).0, WHOLE);
    decoder.allow_table(65_535);
    assert_eq!(decode(&mut decoder, &grow).0, Block::Invalid);
    // What SETTINGS allowed before is not known to one who came late.
    let mut decoder = Decoder::new(true);
    assert_eq!(decode(&mut decoder, &grow).0, WHOLE);
    decoder.allow_table(0);
    assert_eq!(decode(&mut decoder, &grow).0, Block::Invalid);
}

#[test]
fn a_new_entry_may_take_its_name_from_the_entry_that_it_evicts() {
    let mut decoder = Decoder::new(false);
    // 35 bytes: room for one entry (RFC 7541 section 4.4).
    let block = bytes_of("3f04 40 0161 0162 7e 0163 be");
    let (end, fields) = lines(&mut decoder, &block);
    assert_eq!(end, WHOLE);
    assert_eq!(fields, ["a: b", "a: c", "a: c"]);
}

#[test]
fn what_goes_beyond_the_limit_is_dropped_and_still_inserted() {
    let mut decoder = Decoder::new(false);
    let mut given: Vec<u8> = Vec::new();
    let block = bytes_of("40 0161 0162  40 0163 026465  40 0166 00");
    let end = decoder.decode(&block, 34 + 34, &mut |field| {
        given.extend(field.name.bytes().unwrap_or_default());
    });
    assert_eq!(end, Block::Whole { unknown: 0, dropped: 1 });
    assert_eq!(given, b"af");
    assert_eq!(lines(&mut decoder, &bytes_of("bfc0")).1, ["c: de", "a: b"]);
}

#[test]
fn an_idle_decoder_holds_nothing() {
    let mut decoder = Decoder::new(false);
    assert_eq!(decoder.held(), 0);
    let no_insertion = bytes_of("82 86 84 00 8cf1e3c2e5f23a6ba0ab90f4ff 0162");
    assert_eq!(decode(&mut decoder, &no_insertion).0, WHOLE);
    assert_eq!(decoder.held(), 0);
    assert_eq!(decode(&mut decoder, &bytes_of("40 0161 0162")).0, WHOLE);
    assert!((2..200).contains(&decoder.held()), "{}", decoder.held());
    assert_eq!(decode(&mut decoder, &bytes_of("20")).0, WHOLE);
    assert_eq!(decoder.held(), 0);
    assert!(size_of::<Decoder>() <= 104, "{}", size_of::<Decoder>());
}

#[test]
fn debug_shows_no_payload() {
    let mut decoder = Decoder::new(false);
    assert_eq!(decode(&mut decoder, &bytes_of("40 0161 06736563726574")).0, WHOLE);
    let shown = format!("{decoder:?}");
    assert!(!shown.contains("secret") && !shown.contains("115"), "{shown}");
}
