//! The ends of connections, and processes.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::fault::{self, Fault};
use super::shared::Shared;
use super::value::{Address, Text, Time};
use crate::pipeline::input::SocketAddress;
use crate::pipeline::output::{End, Ends, Name, NameSource};
use crate::pipeline::process::{Process, ProcessKey, identity_label};

#[derive(Deserialize)]
struct EndMirror<'a> {
    address: Address,
    port: u16,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    name_source: Option<Text<'a>>,
    #[serde(borrow)]
    process: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ProcessMirror<'a> {
    pid: u32,
    start_time: Time,
    #[serde(borrow)]
    comm: Text<'a>,
    #[serde(borrow)]
    exe: Option<Text<'a>>,
    #[serde(borrow)]
    unit: Option<Text<'a>>,
    #[serde(borrow)]
    container: Option<Text<'a>>,
    uid: u32,
    #[serde(borrow)]
    user: Option<Text<'a>>,
}

/// Both ends: those of before, unread, where both texts are those of before.
pub(super) fn read(
    client: &RawValue,
    server: &RawValue,
    shared: &mut Shared,
) -> Result<Arc<Ends>, Fault> {
    let mut key = std::mem::take(&mut shared.key);
    key.clear();
    // No JSON begins with `|`, so that two pairs of texts never make the same key.
    key.extend([client.get(), "|", server.get()]);
    let ends = shared.ends.find(&key).map_or_else(|| read_new(client, server, &key, shared), Ok);
    // A long one must not stay for good.
    key.shrink_to(KEY_BYTES);
    shared.key = key;
    ends
}

/// What the text of both ends needs, but for rare ones.
const KEY_BYTES: usize = 8_192;

fn read_new(
    client: &RawValue,
    server: &RawValue,
    key: &str,
    shared: &mut Shared,
) -> Result<Arc<Ends>, Fault> {
    let ends = Arc::new(Ends {
        client: read_end(client, shared).map_err(|fault| fault.within("client"))?,
        server: read_end(server, shared).map_err(|fault| fault.within("server"))?,
    });
    shared.ends.keep(key, &ends);
    Ok(ends)
}

/// One end.
pub(super) fn read_end(end: &RawValue, shared: &mut Shared) -> Result<End, Fault> {
    let end: EndMirror<'_> = fault::read(end.get())?;
    Ok(End {
        address: SocketAddress { address: end.address.0, port: end.port },
        name: end.name.map(|text| Name {
            text: shared.text(text.as_str()),
            source: name_source(end.name_source.as_ref()),
        }),
        process: end.process.map(|process| read_process(process, shared)).transpose()?,
    })
}

/// One that this version does not know counts as the one that counts least.
fn name_source(source: Option<&Text<'_>>) -> NameSource {
    source.and_then(|source| NameSource::from_name(source.as_str())).unwrap_or(NameSource::Dns)
}

fn read_process(text: &RawValue, shared: &mut Shared) -> Result<Arc<Process>, Fault> {
    if let Some(known) = shared.processes.find(text.get()) {
        return Ok(known);
    }
    let mirror = fault::read(text.get()).map_err(|fault| fault.within("process"))?;
    let process = Arc::new(process(&mirror, shared));
    shared.processes.keep(text.get(), &process);
    Ok(process)
}

fn process(mirror: &ProcessMirror<'_>, shared: &mut Shared) -> Process {
    let text = |text: &Option<Text<'_>>| text.as_ref().map(|text| Box::from(text.as_str()));
    let (exe, unit, container) = (text(&mirror.exe), text(&mirror.unit), text(&mirror.container));
    let comm = mirror.comm.as_str();
    let identity = identity_label(unit.as_deref(), container.as_deref(), exe.as_deref(), comm);
    Process {
        // Records do not say the kernel time of the start. The wall time tells processes
        // of one id apart just as well.
        key: ProcessKey { pid: mirror.pid, start: mirror.start_time.0.0 },
        start_time: mirror.start_time.0,
        comm: comm.into(),
        exe,
        unit,
        container,
        uid: mirror.uid,
        user: text(&mirror.user),
        identity: shared.text(&identity),
    }
}
