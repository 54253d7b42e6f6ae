use super::*;

/// No decoder holds more, whatever it was fed.
pub(super) const MOST_HELD: usize = 48 * 1024;

/// A great table: 1 GiB.
fn great() -> (Decoder, Vec<u8>) {
    let mut decoder = Decoder::new(false);
    decoder.allow_table(1 << 30);
    (decoder, bytes_of("3fe1ffffff03"))
}

/// A literal to insert, with a name and a value of so many bytes.
fn literal(name: usize, value: usize) -> Vec<u8> {
    let mut block = vec![0x40];
    for length in [name, value] {
        // Always in the long form, which has no one encoding (RFC 7541 section 5.1).
        let mut rest = length.saturating_sub(127);
        let short = length.min(127);
        block.push(u8::try_from(short).unwrap());
        if short == 127 {
            while rest >= 128 {
                block.push(u8::try_from(rest & 127).unwrap() | 128);
                rest >>= 7;
            }
            block.push(u8::try_from(rest).unwrap());
        }
        block.extend(std::iter::repeat_n(b'x', length));
    }
    block
}

#[test]
fn a_value_that_is_referred_to_thousands_of_times_is_given_up_to_the_limit() {
    let mut decoder = Decoder::new(false);
    let mut block = literal(1, 4000);
    block.extend([0xbe; 16_384]);
    let mut given = 0;
    let end = decoder.decode(&block, 65_536, &mut |field| {
        given += field.value.bytes().unwrap().len();
    });
    assert_eq!(end, Block::Whole { unknown: 0, dropped: 16_385 - 16 });
    assert_eq!(given, 16 * 4000);
    assert!(decoder.held() < 8 * 1024, "{}", decoder.held());
}

#[test]
fn a_long_name_is_not_copied_for_each_entry_that_refers_to_it() {
    let (mut decoder, mut block) = great();
    block.extend(literal(10_000, 0));
    assert_eq!(decode(&mut decoder, &block).0, WHOLE);
    // One copy is within 1,024 bytes and 16 for each byte of the block, two are not.
    let bomb = [0x7e, 0].repeat(300);
    assert_eq!(decode(&mut decoder, &bomb).0, Block::Whole { unknown: 298, dropped: 0 });
    assert_eq!(decode(&mut decoder, &bytes_of("be")).0, Block::Whole { unknown: 1, dropped: 0 });
}

#[test]
fn a_name_that_was_not_copied_is_unknown_and_keeps_its_index() {
    let mut decoder = Decoder::new(false);
    assert_eq!(decode(&mut decoder, &literal(1900, 1)).0, WHOLE);
    let (end, fields) = lines(&mut decoder, &bytes_of("7e 0162 40 0163 0164 be bf c0"));
    assert_eq!(end, Block::Whole { unknown: 1, dropped: 0 });
    assert_eq!(fields[2..4], ["c: d", "?: b"]);
    assert_eq!(fields[0].len(), 1900 + 3);
    assert_eq!(fields[4].len(), 1900 + 3);
    // Its size is known: 4,096 less 1,933, 1,933 and 34 is room for one more of 196.
    assert_eq!(decode(&mut decoder, &literal(1, 163)).0, WHOLE);
    assert_eq!(decode(&mut decoder, &bytes_of("c1")).0, WHOLE);
    assert_eq!(decode(&mut decoder, &literal(0, 0)).0, WHOLE);
    assert_eq!(decode(&mut decoder, &bytes_of("c2")).0, Block::Invalid);
}

#[test]
fn no_table_grows_beyond_what_is_held() {
    for (name, value) in [(0, 0), (1, 0), (10, 20), (100, 1000), (0, 30_000), (33_000, 0)] {
        let (mut decoder, update) = great();
        assert_eq!(decode(&mut decoder, &update).0, WHOLE);
        for value in [value, value / 2, 0, value] {
            for _ in 0..2_000_000 / (32 + name + value) {
                assert_eq!(decode(&mut decoder, &literal(name, value)).0, WHOLE);
                assert!(decoder.held() <= MOST_HELD, "{name} {value}: {}", decoder.held());
            }
        }
        let (end, fields) = decode(&mut decoder, &bytes_of("be ffffff07"));
        assert!(end != Block::Invalid && fields[1] == (None, None), "{name} {value}");
    }
}

/// Numbers that look random (Marsaglia, xorshift).
struct Noise(u64);

impl Noise {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % below
    }
}

#[test]
fn noise_and_damage_do_no_harm() {
    let samples: Vec<Vec<u8>> = [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
        "3fe1 01 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6",
        "20 3fe11f 7e 0163 bf 10 0161 0162 1f2f 03616263",
    ]
    .map(bytes_of)
    .to_vec();
    let mut noise = Noise(7541);
    let mut decoder = Decoder::new(false);
    let mut given = 0;
    for round in 0..200_000 {
        let mut block = samples[noise.next(samples.len())].clone();
        if round % 3 == 0 {
            block = (0..noise.next(40)).map(|_| u8::try_from(noise.next(256)).unwrap()).collect();
        } else {
            for _ in 0..noise.next(4) {
                let at = noise.next(block.len());
                block[at] ^= 1 << noise.next(8);
            }
            block.truncate(noise.next(block.len() + 1));
        }
        match noise.next(2000) {
            0 => decoder = Decoder::new(false),
            1 => decoder.allow_table(u32::try_from(noise.next(1 << 20)).unwrap()),
            _ => {}
        }
        let mut size = 0;
        decoder.decode(&block, 500, &mut |field| size += field.size());
        assert!(size <= 500 && decoder.held() <= MOST_HELD);
        given += size;
    }
    assert!(given > 1_000_000, "{given}");
}

#[test]
fn a_cut_block_gives_the_fields_before_the_cut() {
    let block = bytes_of("8287 85 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf be");
    let whole = decode(&mut Decoder::new(false), &block).1;
    assert_eq!(whole.len(), 5);
    for end in 0..block.len() {
        let (_, fields) = decode(&mut Decoder::new(false), &block[..end]);
        assert_eq!(fields, whole[..fields.len()]);
    }
}
