//! Paths of executables and cgroups, walked from the leaf to the root, since the
//! kernel's own path helper is closed to these hooks. Components come last first,
//! each ended by NUL; a component longer than fits is cut.

use core::ffi::c_void;

use aya_ebpf::helpers::generated::bpf_probe_read_kernel_str;
use monitor_common::limits::{PATH_BYTES, PATH_COMPONENTS};

use crate::kernel::{clamp, probe};
use crate::setting;

/// Bytes of one component, its NUL included.
const COMPONENT_BYTES: usize = 128;

/// Writes the path of a `struct file` into `target`; the bytes used.
///
/// # Safety
/// `target` must have room for [`PATH_BYTES`].
#[inline(always)]
pub unsafe fn of_file(file: u64, target: *mut u8) -> u32 {
    let path = file + u64::from(setting!(OFFSETS.file_path));
    let mut mnt: u64 = probe(path, setting!(OFFSETS.path_mnt));
    let mut dentry: u64 = probe(path, setting!(OFFSETS.path_dentry));
    let mut used = 0usize;
    let mut step = 0;
    while step < PATH_COMPONENTS + PATH_COMPONENTS / 2 {
        step += 1;
        if dentry == probe::<u64>(mnt, setting!(OFFSETS.vfsmount_root)) {
            let mount = mnt - u64::from(setting!(OFFSETS.mount_mnt));
            let parent: u64 = probe(mount, setting!(OFFSETS.mount_parent));
            if parent == mount || parent == 0 {
                break;
            }
            dentry = probe(mount, setting!(OFFSETS.mount_mountpoint));
            mnt = parent + u64::from(setting!(OFFSETS.mount_mnt));
            continue;
        }
        let parent: u64 = probe(dentry, setting!(OFFSETS.dentry_parent));
        if parent == dentry || parent == 0 {
            break;
        }
        let name = dentry + u64::from(setting!(OFFSETS.dentry_name));
        let name: u64 = probe(name, setting!(OFFSETS.qstr_name));
        // SAFETY: by the contract above.
        match unsafe { push(target, used, name) } {
            Some(now) => used = now,
            None => break,
        }
        dentry = parent;
    }
    used as u32
}

/// Writes the path of a task's cgroup in the version 2 hierarchy into `target`;
/// the bytes used.
///
/// # Safety
/// `target` must have room for [`PATH_BYTES`].
#[inline(always)]
pub unsafe fn of_cgroup(task: u64, target: *mut u8) -> u32 {
    let css_set: u64 = probe(task, setting!(OFFSETS.task_cgroups));
    let cgroup: u64 = probe(css_set, setting!(OFFSETS.css_set_dfl_cgrp));
    let mut node: u64 = probe(cgroup, setting!(OFFSETS.cgroup_kn));
    let mut used = 0usize;
    let mut step = 0;
    while step < PATH_COMPONENTS {
        step += 1;
        let parent: u64 = probe(node, setting!(OFFSETS.kernfs_parent));
        if parent == 0 {
            break;
        }
        let name: u64 = probe(node, setting!(OFFSETS.kernfs_name));
        // SAFETY: by the contract above.
        match unsafe { push(target, used, name) } {
            Some(now) => used = now,
            None => break,
        }
        node = parent;
    }
    used as u32
}

#[inline(always)]
unsafe fn push(target: *mut u8, used: usize, name: u64) -> Option<usize> {
    if used > PATH_BYTES - COMPONENT_BYTES {
        return None;
    }
    // Compared again in the register that is used: kernels before 6.8 forget the bound
    // of a value that was spilled to the stack in between.
    let at = clamp(used as u64, (PATH_BYTES - COMPONENT_BYTES) as u64) as usize;
    // SAFETY: `at` leaves room for one component.
    let read = unsafe {
        bpf_probe_read_kernel_str(
            target.add(at).cast::<c_void>(),
            COMPONENT_BYTES as u32,
            name as *const c_void,
        )
    };
    (read > 0).then(|| used + (read as usize & (COMPONENT_BYTES * 2 - 1)))
}
