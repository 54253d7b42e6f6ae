use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::{Diagnostic, Report, Severity, escape_short};
use super::kind::Refusal;
use super::schema::{ALLOW, SECTIONS, Section};
use super::source::Source;
use super::{Config, Effective, allow, check, syntax};
use crate::suggest::nearest;

/// Most errors and warnings kept while reading; the others are counted.
const MOST: usize = 1000;

/// Reads the configuration from a text.
pub(super) fn read(source: Source) -> Result<Effective, Report> {
    let (text, faults) = syntax::repair(&source);
    let (table, _) = DeTable::parse_recoverable(&text);
    let mut reader = Reader { is_broken: !faults.is_empty(), ..Reader::default() };
    faults.into_iter().for_each(|fault| reader.report(fault));
    reader.root(table.get_ref());
    check::check(&mut reader);
    reader.finish(source)
}

/// Takes keys one by one, and keeps what is wrong with them.
#[derive(Default)]
pub(super) struct Reader {
    /// What was read so far, over the defaults.
    pub(super) config: Config,
    /// Where each accepted value stands, by dotted path.
    spans: BTreeMap<String, Range<usize>>,
    /// Dotted paths of the values that were not accepted.
    refused: BTreeSet<String>,
    diagnostics: Vec<Diagnostic>,
    /// Errors and warnings that were not kept.
    omitted: usize,
    /// There are errors of syntax, so some of the text is not read.
    is_broken: bool,
}

impl Reader {
    /// Where the value at a dotted path stands; none if it is the default.
    pub(super) fn span(&self, path: &str) -> Option<Range<usize>> {
        self.spans.get(path).cloned()
    }

    /// Whether the value at a dotted path was not accepted.
    pub(super) fn is_refused(&self, path: &str) -> bool {
        self.refused.contains(path)
    }

    /// Notes that a value was accepted.
    pub(super) fn accepted(&mut self, path: String, span: Range<usize>) {
        self.spans.insert(path, span);
    }

    /// Adds an error for a value. `path` is shown as its name.
    pub(super) fn refuse(
        &mut self,
        path: &str,
        expected: &str,
        span: Range<usize>,
        refusal: Refusal,
    ) {
        let title = format!("`{path}` must be {expected}");
        let diagnostic = Diagnostic::error(span, title).label(refusal.reason);
        self.report(match refusal.remedy {
            Some(remedy) => diagnostic.help(remedy),
            None => diagnostic,
        });
    }

    /// Adds an error or warning. What looks unwise may be half of what was meant, so
    /// there are no warnings where the syntax is wrong.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        if self.is_broken && diagnostic.severity == Severity::Warning {
            return;
        }
        if self.diagnostics.len() < MOST {
            self.diagnostics.push(diagnostic);
        } else {
            self.omitted += 1;
        }
    }

    /// Adds an error for a key that a table does not have.
    pub(super) fn unknown(
        &mut self,
        name: &str,
        span: Range<usize>,
        table: &str,
        known: &[&'static str],
    ) {
        let title = match table {
            "" => format!("unknown key `{}`", escape_short(name)),
            table => format!("unknown key `{}` in {table}", escape_short(name)),
        };
        let diagnostic = Diagnostic::error(span, title);
        let help = match (nearest(name, known.iter().copied()), home(name)) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, Some(section)) => format!("it belongs into `[{section}]`"),
            (None, None) => format!("known here: {}", known.join(", ")),
        };
        self.report(diagnostic.help(help));
    }

    fn root(&mut self, table: &DeTable<'_>) {
        for (name, value) in table {
            let span = name.span();
            let name = name.get_ref().as_ref();
            let section = SECTIONS.iter().find(|section| section.name == name && !name.is_empty());
            match (section, value.get_ref()) {
                (Some(section), DeValue::Table(table)) => self.section(section, table),
                (Some(section), other) => self.not_a_table(section, other, span),
                (None, _) if name == ALLOW => allow::read(self, value, span),
                (None, _) => self.top_key(name, value, span),
            }
        }
    }

    fn section(&mut self, section: &'static Section, table: &DeTable<'_>) {
        for (name, value) in table {
            let known: Vec<&str> = section.keys.iter().map(|key| key.name).collect();
            if !self.key(section, name.get_ref(), value) {
                let table = format!("`[{}]`", section.name);
                self.unknown(name.get_ref(), name.span(), &table, &known);
            }
        }
    }

    fn top_key(&mut self, name: &str, value: &Spanned<DeValue<'_>>, span: Range<usize>) {
        let top = SECTIONS.iter().find(|section| section.name.is_empty());
        let top = top.expect("the schema has keys before the first table");
        if !self.key(top, name, value) {
            let keys = top.keys.iter().map(|key| key.name);
            let sections = SECTIONS.iter().map(|section| section.name);
            let known: Vec<&str> =
                keys.chain(sections).chain([ALLOW]).filter(|name| !name.is_empty()).collect();
            self.unknown(name, span, "", &known);
        }
    }

    /// Takes a value if the section has such a key.
    fn key(&mut self, section: &'static Section, name: &str, value: &Spanned<DeValue<'_>>) -> bool {
        let Some(key) = section.keys.iter().find(|key| key.name == name) else { return false };
        let path = section.path(key);
        match key.kind.accept(&mut self.config, value.get_ref()) {
            Ok(()) => self.accepted(path, value.span()),
            Err(fault) => {
                let expected = key.kind.expected();
                for (span, refusal) in fault.places(value.span()) {
                    self.refuse(&path, &expected, span, refusal);
                }
                self.refused.insert(path);
            }
        }
        true
    }

    fn not_a_table(&mut self, section: &Section, found: &DeValue<'_>, span: Range<usize>) {
        let refusal = Refusal::found(found).remedy(format!("write `[{}]`", section.name));
        self.refuse(section.name, "a table", span, refusal);
    }

    fn finish(self, source: Source) -> Result<Effective, Report> {
        let refused = self.diagnostics.iter().any(|found| found.severity == Severity::Error);
        let lines = self.spans.into_iter().map(|(path, span)| (path, source.line(span.start)));
        let lines = lines.collect();
        let report = Report::new(source, self.diagnostics, self.omitted);
        if refused { Err(report) } else { Ok(Effective::new(self.config, lines, report)) }
    }
}

/// The table that has a key of this very name, if there is just one.
fn home(name: &str) -> Option<&'static str> {
    let mut homes = SECTIONS
        .iter()
        .filter(|section| !section.name.is_empty())
        .filter(|section| section.keys.iter().any(|key| key.name == name));
    let home = homes.next()?;
    homes.next().is_none().then_some(home.name)
}
