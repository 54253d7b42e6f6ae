//! Offsets of kernel structures from the running kernel's BTF (linux/btf.h), the only
//! guide that is right on any kernel: structures differ by version and configuration.
//!
//! One pass over the types keeps where each begins; names are compared only for the
//! structures that are wanted.

use monitor_common::settings::Offsets;
use thiserror::Error;

const MAGIC: u16 = 0xeb9f;
const HEADER_BYTES: usize = 24;
/// Nested anonymous members and modifiers that are followed.
const DEPTH: u32 = 16;

const KIND_INT: u32 = 1;
const KIND_ARRAY: u32 = 3;
const KIND_STRUCT: u32 = 4;
const KIND_UNION: u32 = 5;
const KIND_ENUM: u32 = 6;
const KIND_TYPEDEF: u32 = 8;
const KIND_VOLATILE: u32 = 9;
const KIND_CONST: u32 = 10;
const KIND_RESTRICT: u32 = 11;
const KIND_FUNC_PROTO: u32 = 13;
const KIND_VAR: u32 = 14;
const KIND_DATASEC: u32 = 15;
const KIND_DECL_TAG: u32 = 17;
const KIND_TYPE_TAG: u32 = 18;
const KIND_ENUM64: u32 = 19;

/// Why an offset is not known.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum BtfError {
    /// The blob is not BTF or is damaged.
    #[error("the kernel's type information is damaged at byte {at}")]
    Damaged {
        /// Where.
        at: usize,
    },
    /// This kernel has no such structure.
    #[error("this kernel has no structure {0}")]
    NoStruct(String),
    /// This kernel's structure has no such member.
    #[error("this kernel's structure {structure} has no member {member}")]
    NoMember {
        /// Structure.
        structure: String,
        /// Member.
        member: String,
    },
}

/// The kernel's types.
pub struct Btf<'a> {
    types: &'a [u8],
    strings: &'a [u8],
    /// Where each type begins in `types`; type ids start at 1.
    starts: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Type {
    name: u32,
    kind: u32,
    members: u32,
    has_bitfields: bool,
    /// Size, or the type that a modifier refers to.
    size_or_type: u32,
    /// Where the members begin in the types.
    body: usize,
}

impl<'a> Btf<'a> {
    /// Finds where each type begins.
    ///
    /// # Errors
    /// When the blob is not BTF or is damaged.
    pub fn parse(blob: &'a [u8]) -> Result<Self, BtfError> {
        let damaged = |at| BtfError::Damaged { at };
        let magic = blob.first_chunk::<2>().map(|bytes| u16::from_le_bytes(*bytes));
        if magic != Some(MAGIC) {
            return Err(damaged(0));
        }
        let field = |at: usize| word(blob, at).map(|it| it as usize).ok_or(damaged(at));
        let header = field(4)?;
        if header < HEADER_BYTES {
            return Err(damaged(4));
        }
        let section = |from: usize, length: usize, at: usize| {
            let start = header.checked_add(from).ok_or(damaged(at))?;
            let end = start.checked_add(length).ok_or(damaged(at))?;
            blob.get(start..end).ok_or(damaged(at))
        };
        let types = section(field(8)?, field(12)?, 8)?;
        let strings = section(field(16)?, field(20)?, 16)?;
        let mut btf = Self { types, strings, starts: Vec::with_capacity(types.len() / 24) };
        let mut at = 0;
        while at < types.len() {
            btf.starts.push(at as u32);
            let found = btf.at(at).ok_or(damaged(at))?;
            at = found.body + found.body_bytes().ok_or(damaged(at))?;
        }
        if at == types.len() { Ok(btf) } else { Err(damaged(at)) }
    }

    /// Whether there is a typedef of this name.
    #[must_use]
    pub fn has_typedef(&self, name: &str) -> bool {
        self.find(KIND_TYPEDEF, name).is_some()
    }

    /// Byte offset of a member of a structure; `member` may name nested ones by dots.
    /// Members of anonymous structures and unions count as members of what holds them.
    ///
    /// # Errors
    /// When this kernel lacks the structure or the member.
    pub fn member_offset(&self, structure: &str, member: &str) -> Result<u32, BtfError> {
        let start = self
            .find(KIND_STRUCT, structure)
            .ok_or_else(|| BtfError::NoStruct(structure.to_owned()))?;
        let missing =
            || BtfError::NoMember { structure: structure.to_owned(), member: member.to_owned() };
        let mut holder = start;
        let mut bits = 0u32;
        for name in member.split('.') {
            let (offset, kind) = self.member(holder, name, DEPTH).ok_or_else(missing)?;
            bits = bits.checked_add(offset).ok_or_else(missing)?;
            holder = self.resolve(kind).unwrap_or(holder);
        }
        Ok(bits / 8)
    }

    /// Bit offset and type of a member.
    fn member(&self, holder: Type, name: &str, depth: u32) -> Option<(u32, u32)> {
        let depth = depth.checked_sub(1)?;
        for index in 0..holder.members as usize {
            let at = holder.body + index * 12;
            let member_name = word(self.types, at)?;
            let kind = word(self.types, at + 4)?;
            let offset = word(self.types, at + 8)?;
            let offset = if holder.has_bitfields { offset & 0x00ff_ffff } else { offset };
            if self.is_named(member_name, name) {
                return Some((offset, kind));
            }
            if member_name == 0
                && let Some(inner) = self.resolve(kind)
                && let Some((inner_offset, kind)) = self.member(inner, name, depth)
            {
                return Some((offset.checked_add(inner_offset)?, kind));
            }
        }
        None
    }

    /// The structure or union behind a type, modifiers taken off.
    fn resolve(&self, mut id: u32) -> Option<Type> {
        for _ in 0..DEPTH {
            let found = self.at(*self.starts.get(id.checked_sub(1)? as usize)? as usize)?;
            match found.kind {
                KIND_STRUCT | KIND_UNION => return Some(found),
                KIND_TYPEDEF | KIND_VOLATILE | KIND_CONST | KIND_RESTRICT | KIND_TYPE_TAG => {
                    id = found.size_or_type;
                }
                _ => return None,
            }
        }
        None
    }

    /// The first complete type of this kind and name.
    fn find(&self, kind: u32, name: &str) -> Option<Type> {
        self.starts.iter().filter_map(|&start| self.at(start as usize)).find(|found| {
            found.kind == kind
                && self.is_named(found.name, name)
                && (kind == KIND_TYPEDEF || found.members > 0)
        })
    }

    fn is_named(&self, offset: u32, name: &str) -> bool {
        let Some(rest) = self.strings.get(offset as usize..) else { return false };
        rest.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.first() == Some(&0))
    }

    fn at(&self, at: usize) -> Option<Type> {
        let details = word(self.types, at + 4)?;
        Some(Type {
            name: word(self.types, at)?,
            kind: details >> 24 & 0x1f,
            members: details & 0xffff,
            has_bitfields: details >> 31 != 0,
            size_or_type: word(self.types, at + 8)?,
            body: at + 12,
        })
    }
}

impl Type {
    /// Bytes that follow the common part of a type; none for a kind that is not known,
    /// behind which nothing can be found.
    fn body_bytes(self) -> Option<usize> {
        let members = self.members as usize;
        Some(match self.kind {
            KIND_INT | KIND_VAR | KIND_DECL_TAG => 4,
            KIND_ARRAY => 12,
            KIND_STRUCT | KIND_UNION | KIND_DATASEC | KIND_ENUM64 => members * 12,
            KIND_ENUM | KIND_FUNC_PROTO => members * 8,
            2 | 7..=12 | 16 | KIND_TYPE_TAG => 0,
            _ => return None,
        })
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

/// The offsets that the kernel side needs.
///
/// # Errors
/// When this kernel lacks one of the structures or members.
pub fn offsets(btf: &Btf<'_>) -> Result<Offsets, BtfError> {
    let sock = |member: &str| btf.member_offset("sock", member);
    let task = |member: &str| btf.member_offset("task_struct", member);
    // Renamed in 6.15, when it became protected by RCU.
    let kernfs_parent = btf
        .member_offset("kernfs_node", "__parent")
        .or_else(|_| btf.member_offset("kernfs_node", "parent"))?;
    Ok(Offsets {
        sock_family: sock("__sk_common.skc_family")?,
        sock_state: sock("__sk_common.skc_state")?,
        sock_num: sock("__sk_common.skc_num")?,
        sock_dport: sock("__sk_common.skc_dport")?,
        sock_daddr: sock("__sk_common.skc_daddr")?,
        sock_rcv_saddr: sock("__sk_common.skc_rcv_saddr")?,
        sock_v6_daddr: sock("__sk_common.skc_v6_daddr")?,
        sock_v6_rcv_saddr: sock("__sk_common.skc_v6_rcv_saddr")?,
        sock_net: sock("__sk_common.skc_net.net")?,
        sock_cookie: sock("__sk_common.skc_cookie")?,
        sock_protocol: sock("sk_protocol")?,
        sock_type: sock("sk_type")?,
        sock_socket: sock("sk_socket")?,
        net_inum: btf.member_offset("net", "ns.inum")?,
        socket_file: btf.member_offset("socket", "file")?,
        socket_sk: btf.member_offset("socket", "sk")?,
        tcp_write_seq: btf.member_offset("tcp_sock", "write_seq")?,
        tcp_copied_seq: btf.member_offset("tcp_sock", "copied_seq")?,
        task_tgid: task("tgid")?,
        task_pid: task("pid")?,
        task_flags: task("flags")?,
        task_group_leader: task("group_leader")?,
        task_real_parent: task("real_parent")?,
        task_start_boottime: task("start_boottime")?,
        task_comm: task("comm")?,
        task_cred: task("cred")?,
        task_mm: task("mm")?,
        task_files: task("files")?,
        task_cgroups: task("cgroups")?,
        task_thread_info_status: task("thread_info.status")?,
        cred_euid: btf.member_offset("cred", "euid")?,
        mm_exe_file: btf.member_offset("mm_struct", "exe_file")?,
        files_fdt: btf.member_offset("files_struct", "fdt")?,
        fdt_max_fds: btf.member_offset("fdtable", "max_fds")?,
        fdt_fd: btf.member_offset("fdtable", "fd")?,
        file_op: btf.member_offset("file", "f_op")?,
        file_private_data: btf.member_offset("file", "private_data")?,
        file_path: btf.member_offset("file", "f_path")?,
        path_mnt: btf.member_offset("path", "mnt")?,
        path_dentry: btf.member_offset("path", "dentry")?,
        dentry_parent: btf.member_offset("dentry", "d_parent")?,
        dentry_name: btf.member_offset("dentry", "d_name")?,
        qstr_name: btf.member_offset("qstr", "name")?,
        mount_mnt: btf.member_offset("mount", "mnt")?,
        mount_parent: btf.member_offset("mount", "mnt_parent")?,
        mount_mountpoint: btf.member_offset("mount", "mnt_mountpoint")?,
        vfsmount_root: btf.member_offset("vfsmount", "mnt_root")?,
        css_set_dfl_cgrp: btf.member_offset("css_set", "dfl_cgrp")?,
        cgroup_kn: btf.member_offset("cgroup", "kn")?,
        kernfs_parent,
        kernfs_name: btf.member_offset("kernfs_node", "name")?,
        bprm_file: btf.member_offset("linux_binprm", "file")?,
        padding: 0,
    })
}
