//! The `apiwatch` command.

fn main() {}
