//! Offsets of kernel structures from the running kernel's BTF (linux/btf.h), the only
//! guide that is right on any kernel: structures differ by version and configuration.
//!
//! One pass over the types keeps where each begins, and where each named structure is.

use monitor_common::settings::Offsets;
use rustc_hash::FxHashMap;
use thiserror::Error;

const MAGIC: u16 = 0xeb9f;
const HEADER_BYTES: usize = 24;
/// Nested anonymous members and modifiers that are followed.
const DEPTH: u32 = 16;
/// Members that one search looks at: more than the largest structure has, and an end for
/// structures of damaged types that hold themselves.
const MEMBERS: u32 = 65_536;

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
    /// Where the first complete structure of each name begins.
    structures: FxHashMap<&'a [u8], u32>,
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
        let starts = Vec::with_capacity(types.len() / 24);
        let mut btf = Self { types, strings, starts, structures: FxHashMap::default() };
        let end = btf.index().map_err(|at| damaged(header + at))?;
        if end == types.len() { Ok(btf) } else { Err(damaged(header + end)) }
    }

    /// Walks over the types up to where the last one ends, or says which one cannot be.
    fn index(&mut self) -> Result<usize, usize> {
        let mut at = 0;
        while at < self.types.len() {
            let found = self.at(at).ok_or(at)?;
            self.starts.push(at as u32);
            if found.kind == KIND_STRUCT
                && found.members > 0
                && let Some(name) = self.name(found.name)
            {
                self.structures.entry(name).or_insert(at as u32);
            }
            at = found.body + found.body_bytes().ok_or(at)?;
        }
        Ok(at)
    }

    /// Whether there is a typedef of this name.
    #[must_use]
    pub fn has_typedef(&self, name: &str) -> bool {
        self.starts
            .iter()
            .filter_map(|&start| self.at(start as usize))
            .any(|found| found.kind == KIND_TYPEDEF && self.is_named(found.name, name))
    }

    /// Byte offset of a member of a structure; `member` may name nested ones by dots.
    /// Members of anonymous structures and unions count as members of what holds them.
    ///
    /// # Errors
    /// When this kernel lacks the structure or the member.
    pub fn member_offset(&self, structure: &str, member: &str) -> Result<u32, BtfError> {
        let start = self
            .structures
            .get(structure.as_bytes())
            .and_then(|&start| self.at(start as usize))
            .ok_or_else(|| BtfError::NoStruct(structure.to_owned()))?;
        let missing =
            || BtfError::NoMember { structure: structure.to_owned(), member: member.to_owned() };
        let mut holder = Some(start);
        let mut bits = 0u32;
        for name in member.split('.') {
            let (offset, kind) = holder
                .and_then(|holder| self.member(holder, name, DEPTH, &mut { MEMBERS }))
                .ok_or_else(missing)?;
            bits = bits.checked_add(offset).ok_or_else(missing)?;
            holder = self.resolve(kind);
        }
        Ok(bits / 8)
    }

    /// Bit offset and type of a member; `members` may still be looked at.
    fn member(
        &self,
        holder: Type,
        name: &str,
        depth: u32,
        members: &mut u32,
    ) -> Option<(u32, u32)> {
        let depth = depth.checked_sub(1)?;
        for index in 0..holder.members as usize {
            *members = members.checked_sub(1)?;
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
                && let Some((inner_offset, kind)) = self.member(inner, name, depth, members)
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

    /// A name; none for the empty one, which is that of anonymous types.
    fn name(&self, offset: u32) -> Option<&'a [u8]> {
        let rest = self.strings.get(offset as usize..)?;
        let length = rest.iter().position(|&byte| byte == 0)?;
        rest.get(..length).filter(|name| !name.is_empty())
    }

    fn is_named(&self, offset: u32, name: &str) -> bool {
        let Some(rest) = self.strings.get(offset as usize..) else { return false };
        !name.is_empty()
            && rest.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.first() == Some(&0))
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
        kernfs_parent: kernfs_parent(btf)?,
        kernfs_name: btf.member_offset("kernfs_node", "name")?,
        bprm_file: btf.member_offset("linux_binprm", "file")?,
    })
}

/// Renamed in 6.15, when it became protected by RCU.
fn kernfs_parent(btf: &Btf<'_>) -> Result<u32, BtfError> {
    btf.member_offset("kernfs_node", "__parent")
        .or_else(|_| btf.member_offset("kernfs_node", "parent"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A blob in the making.
    #[derive(Default)]
    struct Blob {
        types: Vec<u8>,
        strings: Vec<u8>,
    }

    impl Blob {
        fn string(&mut self, name: &str) -> u32 {
            if self.strings.is_empty() {
                self.strings.push(0);
            }
            if name.is_empty() {
                return 0;
            }
            let at = self.strings.len() as u32;
            self.strings.extend_from_slice(name.as_bytes());
            self.strings.push(0);
            at
        }

        fn words(&mut self, words: &[u32]) {
            self.types.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        }

        /// A type with what follows its common part.
        fn add(&mut self, kind: u32, name: &str, members: u32, size_or_type: u32, body: &[u32]) {
            let name = self.string(name);
            self.words(&[name, kind << 24 | members, size_or_type]);
            self.words(body);
        }

        /// A structure or union of members of (name, type, bit offset).
        fn holder(&mut self, kind: u32, name: &str, members: &[(&str, u32, u32)]) {
            let body: Vec<u32> = members
                .iter()
                .flat_map(|&(name, kind, offset)| [self.string(name), kind, offset])
                .collect();
            self.add(kind, name, members.len() as u32, 64, &body);
        }

        fn bytes(&self) -> Vec<u8> {
            let (types, strings) = (self.types.len() as u32, self.strings.len() as u32);
            let mut bytes = vec![0x9f, 0xeb, 1, 0];
            for word in [HEADER_BYTES as u32, 0, types, types, strings] {
                bytes.extend_from_slice(&word.to_le_bytes());
            }
            [bytes.as_slice(), &self.types, &self.strings].concat()
        }
    }

    /// One type of every kind, so that each is stepped over.
    fn sample() -> Vec<u8> {
        const BITFIELDS: u32 = 1 << 7;
        let mut blob = Blob::default();
        blob.add(KIND_INT, "int", 0, 4, &[32]); // 1
        blob.add(2, "", 0, 1, &[]); // 2: pointer
        blob.add(KIND_ARRAY, "", 0, 0, &[1, 1, 4]);
        blob.add(KIND_ENUM, "colour", 2, 4, &[0, 0, 0, 1]);
        blob.add(KIND_ENUM64, "wide", 1, 8, &[0, 0, 1]);
        blob.add(7, "later", 0, 0, &[]); // 6: forward
        blob.add(KIND_FUNC_PROTO, "", 1, 1, &[0, 1]);
        blob.add(12, "call", 0, 7, &[]); // 8: function
        blob.add(KIND_VAR, "global", 0, 1, &[1]);
        blob.add(KIND_DATASEC, ".data", 1, 4, &[9, 0, 4]);
        blob.add(16, "double", 0, 8, &[]); // 11: float
        blob.add(KIND_DECL_TAG, "tag", 0, 9, &[u32::MAX]);
        blob.holder(KIND_STRUCT, "outer", &[]); // 13: incomplete
        blob.holder(KIND_STRUCT, "inner", &[("a", 1, 0), ("b", 1, 32)]); // 14
        blob.add(KIND_TYPEDEF, "inner_t", 0, 14, &[]); // 15
        blob.add(KIND_CONST, "", 0, 15, &[]);
        blob.add(KIND_VOLATILE, "", 0, 16, &[]);
        blob.add(KIND_RESTRICT, "", 0, 17, &[]);
        blob.add(KIND_TYPE_TAG, "rcu", 0, 18, &[]); // 19
        blob.holder(KIND_STRUCT, "", &[("c", 1, 0), ("d", 2, 64)]); // 20
        blob.holder(KIND_UNION, "", &[("e", 1, 0), ("", 20, 64)]); // 21
        blob.holder(KIND_STRUCT, "outer", &[("x", 1, 0), ("nested", 19, 64), ("", 21, 128)]);
        blob.holder(KIND_STRUCT | BITFIELDS, "flags", &[("one", 1, 3 << 24 | 40)]);
        blob.bytes()
    }

    const MEMBERS_OF_SAMPLE: &[(&str, &str, u32)] = &[
        ("inner", "a", 0),
        ("inner", "b", 4),
        ("outer", "x", 0),
        ("outer", "nested", 8),
        ("outer", "nested.b", 12),
        ("outer", "e", 16),
        ("outer", "c", 24),
        ("outer", "d", 32),
        ("flags", "one", 5),
    ];

    #[test]
    fn members_are_found() {
        let blob = sample();
        let btf = Btf::parse(&blob).unwrap();
        assert_eq!(btf.starts.len(), 23);
        for &(structure, member, offset) in MEMBERS_OF_SAMPLE {
            assert_eq!(btf.member_offset(structure, member), Ok(offset), "{structure}.{member}");
        }
        assert!(btf.has_typedef("inner_t"));
    }

    #[test]
    fn what_is_not_there_is_named() {
        let blob = sample();
        let btf = Btf::parse(&blob).unwrap();
        for name in ["", "oute", "outer2", "later", "inner_t", "colour"] {
            assert_eq!(btf.member_offset(name, "x"), Err(BtfError::NoStruct(name.to_owned())));
        }
        for member in ["", "y", "nested.x", "x.nested", "d.c", "nested.", "a"] {
            assert!(
                matches!(btf.member_offset("outer", member), Err(BtfError::NoMember { .. })),
                "{member}"
            );
        }
        for name in ["", "inner", "inner_", "int"] {
            assert!(!btf.has_typedef(name), "{name}");
        }
        assert_eq!(offsets(&btf).err(), Some(BtfError::NoStruct("sock".to_owned())));
    }

    /// Asks everything; the answers of a damaged blob may be any.
    fn ask(blob: &[u8]) -> Result<(), BtfError> {
        let btf = Btf::parse(blob)?;
        for &(structure, member, _) in MEMBERS_OF_SAMPLE {
            let _ = btf.member_offset(structure, member);
        }
        let _ = btf.member_offset("outer", "missing");
        let _ = btf.has_typedef("inner_t");
        Ok(())
    }

    #[test]
    fn no_prefix_passes() {
        let blob = sample();
        for cut in 0..blob.len() {
            assert!(matches!(ask(&blob[..cut]), Err(BtfError::Damaged { .. })), "cut at {cut}");
        }
        assert_eq!(ask(&blob), Ok(()));
    }

    #[test]
    fn flipped_bits_are_survived() {
        let blob = sample();
        for at in 0..blob.len() {
            for flip in [1, 2, 4, 8, 16, 32, 64, 128, 255] {
                let mut damaged = blob.clone();
                damaged[at] ^= flip;
                let result = ask(&damaged);
                if at < 2 {
                    assert_eq!(result, Err(BtfError::Damaged { at: 0 }));
                }
            }
        }
    }

    #[test]
    fn types_that_hold_themselves_come_to_an_end() {
        let mut blob = Blob::default();
        blob.holder(KIND_STRUCT, "loop", &[("", 1, 0); 200]);
        blob.add(KIND_TYPEDEF, "circle", 0, 2, &[]);
        blob.holder(KIND_STRUCT, "round", &[("", 2, 0), ("a", 2, 8)]);
        let blob = blob.bytes();
        let btf = Btf::parse(&blob).unwrap();
        assert!(matches!(btf.member_offset("loop", "x"), Err(BtfError::NoMember { .. })));
        assert_eq!(btf.member_offset("round", "a"), Ok(1));
        assert!(matches!(btf.member_offset("round", "a.b"), Err(BtfError::NoMember { .. })));
    }

    /// The first fields of `struct sock_common` have not moved since Linux 3.
    #[test]
    fn the_running_kernel_has_every_offset() {
        let blob = std::fs::read("/sys/kernel/btf/vmlinux").unwrap();
        let found = offsets(&Btf::parse(&blob).unwrap()).unwrap();
        let family = (found.sock_daddr, found.sock_rcv_saddr, found.sock_dport, found.sock_num);
        assert_eq!(family, (0, 4, 12, 14));
        assert_eq!((found.sock_family, found.sock_state), (16, 18));
        assert_eq!(found.task_tgid, found.task_pid + 4);
        assert!(found.task_comm > 0 && found.fdt_fd > found.fdt_max_fds);
    }
}
