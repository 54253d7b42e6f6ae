//! From the rings to inputs, in the order of time.
//!
//! Connection and process events travel in a ring of their own. What precedes a data
//! record on its connection was committed before it, so pulling the control ring
//! before each data record, and handing over by time, keeps the order: an open
//! before the first bytes, a destroy after the last.

use std::collections::VecDeque;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use aya::maps::{Array, MapData, RingBuf};
use rustix::event::epoll;

use super::CaptureError;
use super::decode::{self, Control};
use super::load::Loaded;
use super::process::ProcessTable;
use super::status::CaptureStatus;
use crate::pipeline::input::{Cookie, Input};

/// Data records handed over in one turn, so that ticks are not starved.
const RECORDS_PER_TURN: usize = 8_192;
/// Control records held back until data has caught up.
const HELD_BACK: usize = 65_536;
/// Turns without a record after which the kernel side is asked to wake at once.
const IDLE_TURNS: u32 = 10;
/// Longest sleep while the kernel side wakes at once.
const IDLE_WAIT: Duration = Duration::from_millis(500);

pub(crate) struct Rings {
    data: RingBuf<MapData>,
    control: RingBuf<MapData>,
    sleeps: Array<MapData, u32>,
    epoll: OwnedFd,
    held_back: VecDeque<Control>,
    idle_turns: u32,
    data_delivered: u64,
    control_delivered: u64,
}

impl Rings {
    pub(crate) fn new(loaded: &mut Loaded) -> Result<Self, CaptureError> {
        let data =
            RingBuf::try_from(loaded.take_map("DATA")?).map_err(|error| map_error(&error))?;
        let control =
            RingBuf::try_from(loaded.take_map("CONTROL")?).map_err(|error| map_error(&error))?;
        let sleeps = Array::try_from(loaded.take_map("CONSUMER_SLEEPS")?)
            .map_err(|error| map_error(&error))?;
        let epoll = watch(&data, &control)
            .map_err(|source| CaptureError::Io { what: "watching the rings", source })?;
        Ok(Self {
            data,
            control,
            sleeps,
            epoll,
            held_back: VecDeque::new(),
            idle_turns: 0,
            data_delivered: 0,
            control_delivered: 0,
        })
    }

    pub(crate) fn wait(&mut self, at_most: Duration) -> Result<(), CaptureError> {
        let mut wait = at_most;
        if self.idle_turns >= IDLE_TURNS {
            self.idle_turns = IDLE_TURNS;
            // A record that comes between the last drain and this is seen by the
            // next drain at the latest; the timeout bounds that.
            let asked = self.sleeps.set(0, 1, 0).is_ok();
            wait = if asked && self.is_empty() { IDLE_WAIT } else { Duration::ZERO };
        }
        let timeout = rustix::time::Timespec {
            tv_sec: wait.as_secs().cast_signed(),
            tv_nsec: i64::from(wait.subsec_nanos()),
        };
        let mut events = [epoll::Event {
            flags: epoll::EventFlags::empty(),
            data: epoll::EventData::new_u64(0),
        }; 2];
        match epoll::wait(&self.epoll, &mut events, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => {
                Err(CaptureError::Io { what: "waiting for the rings", source: error.into() })
            }
        }
    }

    /// Whether a record waits: a level-triggered look at the rings.
    fn is_empty(&self) -> bool {
        let mut fds = [
            rustix::event::PollFd::new(&self.data, rustix::event::PollFlags::IN),
            rustix::event::PollFd::new(&self.control, rustix::event::PollFlags::IN),
        ];
        let now = rustix::time::Timespec { tv_sec: 0, tv_nsec: 0 };
        rustix::event::poll(&mut fds, Some(&now)).is_ok_and(|ready| ready == 0)
    }

    pub(crate) fn drain(
        &mut self,
        processes: &mut ProcessTable,
        handle: &mut dyn FnMut(Input<'_>),
    ) -> usize {
        let mut records = 0;
        while records < RECORDS_PER_TURN
            && let Some(item) = self.data.next()
        {
            records += 1;
            self.data_delivered += 1;
            if decode::is_datagram(&item) {
                if let Some(datagram) = decode::datagram(&item) {
                    handle(Input::Datagram(datagram));
                }
                continue;
            }
            let Some(record) = decode::data(&item) else { continue };
            self.control_delivered += pull(&mut self.control, &mut self.held_back);
            while let Some(control) =
                self.held_back.pop_front_if(|control| control.time() <= record.time.0)
            {
                hand_over(control, processes, handle);
            }
            handle(Input::Record(record));
        }
        // Everything that precedes these on their connections has been handed over,
        // unless the turn was cut short.
        if records < RECORDS_PER_TURN {
            for control in std::mem::take(&mut self.held_back) {
                hand_over(control, processes, handle);
                records += 1;
            }
            // Pulled only now: an event that came meanwhile may have data before it.
            self.control_delivered += pull(&mut self.control, &mut self.held_back);
        }
        self.idle_turns =
            if records == 0 && self.held_back.is_empty() { self.idle_turns + 1 } else { 0 };
        records
    }

    pub(crate) fn read_counters(&self, status: &mut CaptureStatus) {
        status.data.delivered = self.data_delivered;
        status.control.delivered = self.control_delivered;
    }
}

/// Moves what waits in the control ring into `held_back`; how many records.
fn pull(control: &mut RingBuf<MapData>, held_back: &mut VecDeque<Control>) -> u64 {
    let mut pulled = 0;
    while held_back.len() < HELD_BACK
        && let Some(item) = control.next()
    {
        pulled += 1;
        if let Some((record, _)) = Control::parse(&item) {
            held_back.push_back(record);
        }
    }
    pulled
}

/// Hands one control record over, as the inputs that it stands for.
pub(crate) fn hand_over(
    control: Control,
    processes: &mut ProcessTable,
    handle: &mut dyn FnMut(Input<'_>),
) {
    match control {
        Control::Connection(record) => {
            if let Some(event) = decode::connection(&record) {
                handle(Input::Connection(event));
            }
        }
        Control::Exec(record) => processes.executed(&record),
        Control::Process(record) if record.cookie != 0 => {
            let (process, new) = processes.owner(&record);
            let key = process.key;
            if new {
                handle(Input::Process(process));
            }
            handle(Input::Owner { cookie: Cookie(record.cookie), process: key });
        }
        Control::Process(record) => processes.changed(&record),
    }
}

/// Edge-triggered: the rings are ready whenever they hold a record, but only a
/// wake-up of the kernel side should end the wait.
fn watch(data: &RingBuf<MapData>, control: &RingBuf<MapData>) -> std::io::Result<OwnedFd> {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let flags = epoll::EventFlags::IN | epoll::EventFlags::ET;
    epoll::add(&epoll, data.as_fd(), epoll::EventData::new_u64(0), flags)?;
    epoll::add(&epoll, control.as_fd(), epoll::EventData::new_u64(1), flags)?;
    Ok(epoll)
}

fn map_error(error: &aya::maps::MapError) -> CaptureError {
    CaptureError::Kernel(format!("a map of the kernel side is not what it should be: {error}"))
}
