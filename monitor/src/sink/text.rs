//! Characters that must not reach a terminal as they are: they move the cursor,
//! turn the order of what is read, or hide in it (CVE-2021-42574).

/// Whether a character is a control, a bidirectional or an invisible format
/// character, or a line or paragraph separator.
#[must_use]
pub const fn is_unsafe(character: char) -> bool {
    matches!(
        character,
        '\0'..='\x1f'
            | '\x7f'..='\u{9f}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}
