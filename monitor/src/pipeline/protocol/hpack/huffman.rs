//! The Huffman code of strings (RFC 7541 section 5.2 and appendix B).
//!
//! The code is canonical, so the lengths of its codes are all of it: the tables that
//! decode are computed from them by the compiler.

/// The symbol that ends a string, and never may (RFC 7541 section 5.2).
const EOS: u16 = 256;
/// Longest code, in bits.
const LONGEST: u32 = 30;
/// Bits by which the codes of nearly all text are looked up at once.
const SHORT: u32 = 8;

/// How many bits the code of each symbol has.
#[rustfmt::skip]
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
     6, 10, 10, 12, 13,  6,  8, 11, 10, 10,  8, 11,  8,  6,  6,  6,
     5,  5,  5,  6,  6,  6,  6,  6,  6,  6,  7,  8, 15,  6, 12, 10,
    13,  6,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,
     7,  7,  7,  7,  7,  7,  7,  7,  8,  7,  8, 13, 19, 13, 14,  6,
    15,  5,  6,  5,  6,  5,  6,  6,  6,  5,  7,  7,  6,  6,  6,  5,
     6,  7,  6,  5,  5,  6,  7,  7,  7,  7,  7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];

/// The code of a symbol: where it stands in [`SYMBOLS`], and what it looks like.
struct Codes {
    /// Symbols in the order of their codes.
    symbols: [u16; 257],
    /// For each length, the end of its codes as the first bits of a word; 0 without codes.
    ends: [u64; LONGEST as usize + 1],
    /// For each length, its first code as the first bits of a word.
    starts: [u64; LONGEST as usize + 1],
    /// For each length, where its first symbol stands.
    offsets: [usize; LONGEST as usize + 1],
    /// By the first bits: the symbol and the length of its code, 0 where that is longer.
    short: [(u8, u8); 1 << SHORT],
}

static CODES: Codes = codes();

/// Numbers the codes: shorter ones first, then by symbol (RFC 7541 appendix B).
const fn codes() -> Codes {
    let mut codes = Codes {
        symbols: [0; 257],
        ends: [0; LONGEST as usize + 1],
        starts: [0; LONGEST as usize + 1],
        offsets: [0; LONGEST as usize + 1],
        short: [(0, 0); 1 << SHORT],
    };
    let mut next = 0u64;
    let mut count = 0;
    let mut length = 1;
    while length <= LONGEST as usize {
        codes.starts[length] = next;
        codes.offsets[length] = count;
        let step = 1 << (32 - length);
        let mut symbol = 0;
        while symbol < LENGTHS.len() {
            if LENGTHS[symbol] as usize == length {
                codes.symbols[count] = symbol as u16;
                count += 1;
                if length <= SHORT as usize {
                    let mut at = next >> (32 - SHORT);
                    while at < (next + step) >> (32 - SHORT) {
                        codes.short[at as usize] = (symbol as u8, length as u8);
                        at += 1;
                    }
                }
                next += step;
                codes.ends[length] = next;
            }
            symbol += 1;
        }
        length += 1;
    }
    assert!(next == 1 << 32, "the code is complete");
    codes
}

/// Bits that were taken from a string and not decoded yet.
struct Bits {
    /// They come first; behind them are only ones.
    word: u64,
    count: u32,
}

/// Appends what a string decodes to; false where it is no Huffman code.
pub(super) fn decode(encoded: &[u8], into: &mut Vec<u8>) -> bool {
    into.reserve(encoded.len().saturating_mul(8) / 5);
    let mut bits = Bits { word: u64::MAX, count: 0 };
    let mut rest = encoded;
    while !rest.is_empty() {
        rest = bits.fill(rest);
        // Whatever code comes next, all of it is there.
        while bits.count >= LONGEST {
            let Some((symbol, length)) = bits.symbol() else { return false };
            into.push(symbol);
            bits.drop_first(length);
        }
    }
    while !bits.is_padding() {
        match bits.symbol() {
            Some((symbol, length)) if length <= bits.count => {
                into.push(symbol);
                bits.drop_first(length);
            }
            _ => return false,
        }
    }
    true
}

impl Bits {
    /// Takes as many bytes as there is room for and returns those that are left.
    fn fill<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let Some((next, _)) = bytes.split_first_chunk::<8>() else { return self.fill_last(bytes) };
        let taken = (63 - self.count) / 8;
        let known = self.count + taken * 8;
        let fresh = u64::from_be_bytes(*next) >> self.count | !(u64::MAX >> self.count);
        self.word &= fresh | (u64::MAX >> known);
        self.count = known;
        bytes.get(taken as usize..).unwrap_or_default()
    }

    fn fill_last<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let mut rest = bytes;
        while self.count <= 56
            && let Some((&byte, behind)) = rest.split_first()
        {
            self.word &= !(u64::from(!byte) << (56 - self.count));
            self.count += 8;
            rest = behind;
        }
        rest
    }

    /// The first symbol and the length of its code; none for EOS.
    fn symbol(&self) -> Option<(u8, u32)> {
        let (symbol, length) = CODES.short[usize::from((self.word >> (64 - SHORT)) as u8)];
        if length != 0 {
            return Some((symbol, u32::from(length)));
        }
        self.long_symbol()
    }

    #[cold]
    fn long_symbol(&self) -> Option<(u8, u32)> {
        let first = self.word >> 32;
        let length = (SHORT as usize + 1..CODES.ends.len())
            .find(|&length| CODES.ends.get(length).is_some_and(|&end| first < end))?;
        let within = (first - CODES.starts.get(length)?) >> (32 - length);
        let place = CODES.offsets.get(length)? + usize::try_from(within).ok()?;
        match *CODES.symbols.get(place)? {
            EOS => None,
            symbol => Some((symbol as u8, length as u32)),
        }
    }

    fn drop_first(&mut self, count: u32) {
        self.word = !(!self.word << count);
        self.count -= count;
    }

    /// Whether what is left is the beginning of EOS, and no whole byte
    /// (RFC 7541 section 5.2).
    fn is_padding(&self) -> bool {
        self.count < 8 && self.word == u64::MAX
    }
}
