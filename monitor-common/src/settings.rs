//! What user space tells the kernel side once, before load: offsets of kernel
//! structures, read from the running kernel's BTF, and who not to watch.

/// Byte offsets of kernel structure members, from the running kernel's BTF.
///
/// aya freezes the map this lives in, so the verifier sees constants and prunes
/// the branches that this kernel does not need.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is named after the kernel's structure and member")]
pub struct Offsets {
    pub sock_family: u32,
    pub sock_state: u32,
    pub sock_num: u32,
    pub sock_dport: u32,
    pub sock_daddr: u32,
    pub sock_rcv_saddr: u32,
    pub sock_v6_daddr: u32,
    pub sock_v6_rcv_saddr: u32,
    pub sock_net: u32,
    pub sock_cookie: u32,
    pub sock_protocol: u32,
    pub sock_socket: u32,
    pub net_inum: u32,
    pub socket_file: u32,
    pub socket_sk: u32,
    pub tcp_write_seq: u32,
    pub tcp_copied_seq: u32,
    pub task_tgid: u32,
    pub task_pid: u32,
    pub task_flags: u32,
    pub task_group_leader: u32,
    pub task_real_parent: u32,
    pub task_start_boottime: u32,
    pub task_comm: u32,
    pub task_cred: u32,
    pub task_mm: u32,
    pub task_files: u32,
    pub task_cgroups: u32,
    pub task_thread_info_status: u32,
    pub cred_euid: u32,
    pub mm_exe_file: u32,
    pub files_fdt: u32,
    pub fdt_max_fds: u32,
    pub fdt_fd: u32,
    pub file_op: u32,
    pub file_private_data: u32,
    pub file_path: u32,
    pub path_mnt: u32,
    pub path_dentry: u32,
    pub dentry_parent: u32,
    pub dentry_name: u32,
    pub qstr_name: u32,
    pub mount_mnt: u32,
    pub mount_parent: u32,
    pub mount_mountpoint: u32,
    pub vfsmount_root: u32,
    pub css_set_dfl_cgrp: u32,
    pub cgroup_kn: u32,
    pub kernfs_parent: u32,
    pub kernfs_name: u32,
    pub bprm_file: u32,
}

/// The choices of user space that hold for one load of the kernel side.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `file->f_op` of a socket, as the iterator saw it on the daemon's own
    /// socket; tier B tells sockets from files by it. 0 where unknown.
    pub socket_file_op: u64,
    /// Process id (thread group) of the daemon, which is not watched.
    pub own_pid: u32,
    /// Port of the daemon's own listener in host byte order, 0 for none;
    /// connections to it are not watched.
    pub own_port: u32,
    /// Network namespace (inode number) that the own listener lives in.
    pub own_netns: u32,
    /// Bytes waiting in the payload ring at which the consumer is woken.
    pub data_wakeup_bytes: u32,
    /// Bytes waiting in the control ring at which the consumer is woken.
    pub control_wakeup_bytes: u32,
    /// 1 where state is kept by cookie (tier B), 0 where it is kept in the socket.
    pub state_by_cookie: u32,
}

const _: () = assert!(size_of::<Settings>() == 32);

#[cfg(feature = "user")]
#[expect(
    unsafe_code,
    reason = "aya asks for Pod to copy the value into the object's read-only data"
)]
mod pod {
    // SAFETY: `repr(C)`, only integers, no implicit padding (sizes asserted above).
    unsafe impl aya::Pod for super::Offsets {}
    // SAFETY: as above.
    unsafe impl aya::Pod for super::Settings {}
}
