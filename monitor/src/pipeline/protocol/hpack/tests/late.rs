//! An encoder of others makes the blocks. A table that is kept here the plain way, with
//! every entry, says what can be known of them.

use std::collections::VecDeque;

use httlib_hpack::Encoder;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// A block to encode.
#[derive(Clone, Debug)]
struct Plan {
    sizes: Vec<u32>,
    fields: Vec<Order>,
}

/// A field to encode; an index is taken modulo the size of the table that it is for.
#[derive(Clone, Debug)]
enum Order {
    Static(u32),
    Dynamic(u32),
    StaticName(u32, Vec<u8>, u8),
    DynamicName(u32, Vec<u8>, u8),
    Literal(Vec<u8>, Vec<u8>, u8),
}

/// The table of the encoder, with what is known of it.
struct Truth {
    encoder: Encoder<'static>,
    entries: VecDeque<Entry>,
    maximum: usize,
}

#[derive(Clone)]
struct Entry {
    name: Vec<u8>,
    value: Vec<u8>,
    knows_name: bool,
    knows_value: bool,
}

impl Entry {
    fn known(name: &[u8], value: &[u8]) -> Self {
        let (name, value) = (name.to_vec(), value.to_vec());
        Self { name, value, knows_name: true, knows_value: true }
    }

    fn field(&self) -> (Part, Part) {
        let part = |bytes: &Vec<u8>, known: bool| known.then(|| bytes.clone());
        (part(&self.name, self.knows_name), part(&self.value, self.knows_value))
    }
}

impl Truth {
    fn new() -> Self {
        let encoder = Encoder::with_dynamic_size(4096);
        Self { encoder, entries: VecDeque::new(), maximum: 4096 }
    }

    /// What was known is no more.
    fn forget(&mut self) {
        for entry in &mut self.entries {
            (entry.knows_name, entry.knows_value) = (false, false);
        }
    }

    fn encode(&mut self, plan: &Plan) -> (Vec<u8>, Vec<(Part, Part)>) {
        let mut block = Vec::new();
        for &size in &plan.sizes {
            self.encoder.update_max_dynamic_size(size, &mut block).unwrap();
            self.maximum = size as usize;
            self.evict();
        }
        let fields = plan.fields.iter().map(|order| self.field(order, &mut block)).collect();
        (block, fields)
    }

    fn field(&mut self, order: &Order, block: &mut Vec<u8>) -> (Part, Part) {
        match order {
            Order::Literal(name, value, flags) => {
                let literal = (name.clone(), value.clone(), flags & !Encoder::BEST_FORMAT);
                self.encoder.encode(literal, block).unwrap();
                self.add(Entry::known(name, value), *flags)
            }
            Order::StaticName(_, value, flags) | Order::DynamicName(_, value, flags) => {
                let (index, referred) = self.referred(order);
                let named = (index, value.clone(), flags & !Encoder::BEST_FORMAT);
                self.encoder.encode(named, block).unwrap();
                let entry = Entry { value: value.clone(), knows_value: true, ..referred };
                self.add(entry, *flags)
            }
            Order::Static(_) | Order::Dynamic(_) => {
                let (index, referred) = self.referred(order);
                self.encoder.encode(index, block).unwrap();
                referred.field()
            }
        }
    }

    fn referred(&self, order: &Order) -> (u32, Entry) {
        let (Order::Static(of)
        | Order::StaticName(of, ..)
        | Order::Dynamic(of)
        | Order::DynamicName(of, ..)) = *order
        else {
            unreachable!()
        };
        let count = u32::try_from(self.entries.len()).unwrap();
        if matches!(order, Order::Static(_) | Order::StaticName(..)) || count == 0 {
            let (name, value) = fixed::ENTRIES[(of % 61) as usize];
            (of % 61 + 1, Entry::known(name, value))
        } else {
            (of % count + 62, self.entries[(of % count) as usize].clone())
        }
    }

    fn add(&mut self, entry: Entry, flags: u8) -> (Part, Part) {
        let field = entry.field();
        if flags & Encoder::WITH_INDEXING != 0 {
            self.entries.push_front(entry);
            self.evict();
        }
        field
    }

    fn evict(&mut self) {
        let size = |entry: &Entry| 32 + entry.name.len() + entry.value.len();
        while self.entries.iter().map(size).sum::<usize>() > self.maximum {
            self.entries.pop_back();
        }
    }
}

fn order(longest: usize) -> impl Strategy<Value = Order> {
    // Half of the literals are inserted.
    let flags = prop_oneof![
        (0..4u8).prop_map(|flags| flags | Encoder::WITH_INDEXING),
        (0..4u8).prop_map(|flags| flags | Encoder::NEVER_INDEXED),
        0..4u8,
    ];
    let bytes = move || {
        prop_oneof![
            4 => "[a-z/:0-9-]{0,12}".prop_map(String::into_bytes),
            1 => vec(any::<u8>(), 0..=longest),
        ]
    };
    prop_oneof![
        1 => any::<u32>().prop_map(Order::Static),
        3 => any::<u32>().prop_map(Order::Dynamic),
        1 => (any::<u32>(), bytes(), flags.clone()).prop_map(|(i, v, f)| Order::StaticName(i, v, f)),
        2 => (any::<u32>(), bytes(), flags.clone()).prop_map(|(i, v, f)| Order::DynamicName(i, v, f)),
        3 => (bytes(), bytes(), flags).prop_map(|(n, v, f)| Order::Literal(n, v, f)),
    ]
}

fn plan(longest: usize, largest: u32) -> impl Strategy<Value = Plan> {
    let size = prop_oneof![0..200u32, 0..=largest];
    let sizes = prop_oneof![6 => Just(Vec::new()), 1 => vec(size, 0..=2)];
    (sizes, vec(order(longest), 0..12)).prop_map(|(sizes, fields)| Plan { sizes, fields })
}

/// What a listener knows of the blocks who decodes those that are not missed.
fn check(plans: &[Plan], missed: &[bool], mut decoder: Decoder, is_exact: bool) {
    let mut truth = Truth::new();
    for (plan, missed) in plans.iter().zip(missed) {
        let (block, expected) = truth.encode(plan);
        if *missed {
            truth.forget();
            decoder.distrust();
            continue;
        }
        let (end, fields) = decode(&mut decoder, &block);
        let parts = fields.iter().flat_map(|(name, value)| [name, value]);
        let expected_parts: Vec<&Part> =
            expected.iter().flat_map(|(name, value)| [name, value]).collect();
        assert_eq!(fields.len(), expected.len());
        for (part, expected) in parts.clone().zip(expected_parts) {
            assert!(part == expected || (part.is_none() && !is_exact));
        }
        let unknown = parts.filter(|part| part.is_none()).count();
        assert_eq!(end, Block::Whole { unknown: u32::try_from(unknown).unwrap(), dropped: 0 });
        assert!(decoder.held() <= hostile::MOST_HELD);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn all_is_known_to_one_who_was_there_from_the_start(
        plans in vec(plan(300, 4096), 1..24),
    ) {
        check(&plans, &vec![false; plans.len()], Decoder::new(false), true);
    }

    #[test]
    fn exactly_what_was_inserted_since_is_known_to_one_who_came_late(
        plans in vec(plan(60, 4096), 1..12),
    ) {
        for start in 0..plans.len() {
            let missed: Vec<bool> = (0..plans.len()).map(|number| number < start).collect();
            check(&plans, &missed, Decoder::new(true), true);
        }
    }

    #[test]
    fn exactly_what_was_inserted_since_is_known_after_missed_blocks(
        plans in vec((plan(60, 4096), prop::bool::weighted(0.2)), 1..24),
    ) {
        let (plans, missed): (Vec<Plan>, Vec<bool>) = plans.into_iter().unzip();
        check(&plans, &missed, Decoder::new(false), true);
    }

    #[test]
    fn nothing_is_wrong_in_a_table_greater_than_what_is_held(
        plans in vec((plan(20_000, 200_000), prop::bool::weighted(0.05)), 1..40),
    ) {
        let (mut plans, missed): (Vec<Plan>, Vec<bool>) = plans.into_iter().unzip();
        plans[0].sizes = vec![200_000];
        let mut decoder = Decoder::new(false);
        decoder.allow_table(200_000);
        check(&plans, &missed, decoder, false);
    }
}

/// Name, block before, block, its fields and its end.
type Late = (&'static str, &'static str, &'static str, &'static [&'static str], Block);

/// Index 62 is the newest entry.
#[test]
fn a_late_table_becomes_known_when_nothing_else_can_be_in_it() {
    let cases: &[Late] = &[
        ("never without a size update", "40 0161 0162", "be bf", &["a: b", "?: ?"], unknown(2)),
        ("a size update to 0", "20 3fe11f 40 0161 0162", "be bf", &["a: b"], Block::Invalid),
        ("no room for another entry", "3f22 40 0161 0162", "be bf", &["a: b"], Block::Invalid),
        ("room for another entry", "3f23 40 0161 0162", "be bf", &["a: b", "?: ?"], unknown(2)),
        ("room for one other, not two", "3f23 40 0161 0162", "c0", &[], Block::Invalid),
        ("room for none at all", "3f00", "be", &[], Block::Invalid),
        ("an entry greater than the table", "3f02 40 0161 0162", "be", &[], Block::Invalid),
        (
            "a name that is not known",
            "7e 0162 7f00 0163",
            "be bf c0",
            &["?: c", "?: b", "?: ?"],
            unknown(4),
        ),
    ];
    for (name, before, block, expected, end) in cases {
        let mut decoder = Decoder::new(true);
        assert_ne!(decode(&mut decoder, &bytes_of(before)).0, Block::Invalid, "{name}");
        assert_eq!(
            lines(&mut decoder, &bytes_of(block)),
            (*end, expected.iter().map(|&line| line.to_owned()).collect()),
            "{name}"
        );
    }
}

#[test]
fn a_late_table_becomes_known_when_what_was_inserted_since_is_evicted() {
    let mut decoder = Decoder::new(true);
    // 130 bytes, less 100 and less 34: evicting 100 leaves room for more, but nothing there.
    let mut block = bytes_of("3f63 40 0161 43");
    block.extend([b'v'; 67]);
    assert_eq!(decode(&mut decoder, &block).0, WHOLE);
    assert_eq!(decode(&mut decoder, &bytes_of("be 40 0161 0162 be")).0, WHOLE);
    assert_eq!(decode(&mut decoder, &bytes_of("bf")).0, Block::Invalid);
}

const fn unknown(unknown: u32) -> Block {
    Block::Whole { unknown, dropped: 0 }
}

#[test]
fn nothing_is_known_of_entries_before_an_invalid_block() {
    let mut decoder = Decoder::new(false);
    assert_eq!(decode(&mut decoder, &bytes_of("40 0161 0162")).0, WHOLE);
    assert_eq!(decode(&mut decoder, &bytes_of("40 0163 0164 80")).0, Block::Invalid);
    assert_eq!(lines(&mut decoder, &bytes_of("be")), (unknown(2), vec!["?: ?".to_owned()]));
    assert_eq!(lines(&mut decoder, &bytes_of("40 0161 0162 be")).1, ["a: b", "a: b"]);
}

/// A late listener does not know the size of the table, and begins with the usual one.
#[test]
fn more_is_held_when_the_table_shows_to_be_greater() {
    let mut decoder = Decoder::new(true);
    let mut entry = bytes_of("40 0161 7fe906"); // a value of 1,000 bytes
    entry.extend([b'v'; 1000]);
    for _ in 0..8 {
        assert_eq!(decode(&mut decoder, &entry).0, WHOLE);
    }
    assert!(decoder.held() < 6 * 1024);
    assert_eq!(decode(&mut decoder, &bytes_of("c0")).0, WHOLE);
    // Twice as much, however often it is asked for what was given up.
    assert_eq!(decode(&mut decoder, &[0xc4; 50]).0, unknown(100));
    for _ in 0..8 {
        assert_eq!(decode(&mut decoder, &entry).0, WHOLE);
    }
    assert_eq!(decode(&mut decoder, &bytes_of("c4")).0, WHOLE);
    assert!(decoder.held() < 10 * 1024);
}
