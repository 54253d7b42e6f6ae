//! Both ends of a connection.

use std::net::IpAddr;

use super::shown;
use crate::filter::Field;
use crate::pipeline::output::{End, Ends};
use crate::pipeline::process::Process;

/// The ends that are known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sides<'a> {
    /// The end that connected.
    pub(crate) client: Option<&'a End>,
    /// The end that accepted.
    pub(crate) server: Option<&'a End>,
}

impl<'a> Sides<'a> {
    /// Both ends.
    pub(crate) const fn of(ends: &'a Ends) -> Self {
        Self { client: Some(&ends.client), server: Some(&ends.server) }
    }

    /// Texts of the ends, as [`crate::filter::Record`] has them. The host is the name of
    /// the server; the service is its identity, or its name.
    pub(crate) fn any_text(self, field: Field, test: &mut dyn FnMut(&str) -> bool) -> bool {
        match field {
            Field::Any => self.ends().any(|end| end_text(end, test)),
            Field::Client => self.client.is_some_and(|end| end_text(end, test)),
            Field::Server => self.server.is_some_and(|end| end_text(end, test)),
            Field::Service => self.server.is_some_and(|end| service_text(end, test)),
            Field::Host => self.server.is_some_and(|end| name_text(end, test)),
            Field::Process => self.processes().any(|process| process_text(process, test)),
            Field::Unit => self.processes().any(|it| it.unit.as_deref().is_some_and(&mut *test)),
            Field::User => self.processes().any(|process| user_text(process, test)),
            Field::Container => {
                self.processes().any(|it| it.container.as_deref().is_some_and(&mut *test))
            }
            _ => false,
        }
    }

    /// Address of an end.
    pub(crate) fn address(self, field: Field) -> Option<IpAddr> {
        self.end(field).map(|end| end.address.address)
    }

    /// Port of an end.
    pub(crate) fn port(self, field: Field) -> Option<u16> {
        self.end(field).map(|end| end.address.port)
    }

    const fn end(self, field: Field) -> Option<&'a End> {
        match field {
            Field::Client => self.client,
            Field::Server => self.server,
            _ => None,
        }
    }

    fn ends(self) -> impl Iterator<Item = &'a End> {
        self.client.into_iter().chain(self.server)
    }

    fn processes(self) -> impl Iterator<Item = &'a Process> {
        self.ends().filter_map(|end| end.process.as_deref())
    }
}

/// What an end can be called.
fn end_text(end: &End, test: &mut dyn FnMut(&str) -> bool) -> bool {
    end.process.as_deref().is_some_and(|process| process_text(process, test))
        || name_text(end, test)
}

fn name_text(end: &End, test: &mut dyn FnMut(&str) -> bool) -> bool {
    end.name.as_ref().is_some_and(|name| test(&name.text))
}

fn service_text(end: &End, test: &mut dyn FnMut(&str) -> bool) -> bool {
    end.process.as_ref().is_some_and(|process| test(&process.identity)) || name_text(end, test)
}

/// What a process can be called. Its identity mostly is its unit or its executable, and
/// is not tested twice.
fn process_text(process: &Process, test: &mut dyn FnMut(&str) -> bool) -> bool {
    let others = [process.exe.as_deref(), process.unit.as_deref(), process.container.as_deref()];
    test(&process.identity)
        || test(&process.comm)
        || others.into_iter().flatten().any(|text| *text != *process.identity && test(text))
}

/// The name of the user, else the number.
fn user_text(process: &Process, test: &mut dyn FnMut(&str) -> bool) -> bool {
    match process.user.as_deref() {
        Some(user) => test(user),
        None => shown(process.uid, test),
    }
}
