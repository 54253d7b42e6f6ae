use super::*;

fn all(decoder: &mut Decoder, block: &[u8]) -> (Block, Vec<(String, String)>) {
    let mut fields = Vec::new();
    let text = |text: Text<'_>| match text {
        Text::Known(bytes) => bytes.escape_ascii().to_string(),
        Text::Unknown => "?".to_owned(),
    };
    let block = decoder.decode(block, u32::MAX, &mut |field| {
        fields.push((text(field.name), text(field.value)));
    });
    (block, fields)
}

#[test]
fn first() {
    let mut decoder = Decoder::new(false);
    let block = b"\x82\x86\x84\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff";
    let (block, fields) = all(&mut decoder, block);
    assert_eq!(block, Block::Whole { unknown: 0, dropped: 0 });
    assert_eq!(fields[3], (":authority".to_owned(), "www.example.com".to_owned()));
}
