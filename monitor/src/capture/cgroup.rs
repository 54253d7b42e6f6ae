//! systemd unit and container of a process, from the path of its cgroup. The names are
//! a convention of systemd and of each container engine; the tests have the paths of all.

use std::fs::File;
use std::io::Read;

/// Bytes of a process's cgroup file that are read: a line for each hierarchy, of which
/// there are about a dozen.
const FILE_BYTES: u64 = 64 * 1024;
/// Characters of a container id that are shown, as container engines do.
const SHORT_ID_BYTES: usize = 12;
/// Characters of a whole container id.
const ID_BYTES: usize = 64;

/// What the path of a cgroup says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CgroupIdentity {
    /// systemd service unit, its escapes decoded.
    pub unit: Option<Box<str>>,
    /// Short id of a container, or its name where its engine has no ids.
    pub container: Option<Box<str>>,
}

/// Reads the unit and the container off a cgroup path.
///
/// The unit is the innermost one outside of any container: within one, the container
/// chooses the names, and could choose that of a unit that policy trusts. The container
/// is the innermost one.
#[must_use]
pub fn identity_of(cgroup_path: &str) -> CgroupIdentity {
    let mut identity = CgroupIdentity::default();
    let mut parent = "";
    for component in cgroup_path.split('/').filter(|it| !it.is_empty()) {
        if let Some(container) = container(parent, component) {
            identity.container = Some(container);
        } else if identity.container.is_none()
            && let Some(unit) = unit(component)
        {
            identity.unit = Some(unit);
        }
        parent = component;
    }
    identity
}

/// Path of the cgroup of a process, as /proc has it: in the version 2 hierarchy, or in
/// systemd's own where the process is in the root of that one (hybrid hosts).
#[must_use]
pub fn path_of_process(pid: u32) -> Option<String> {
    let mut bytes = Vec::new();
    let file = File::open(format!("/proc/{pid}/cgroup")).ok()?;
    file.take(FILE_BYTES).read_to_end(&mut bytes).ok()?;
    path_in(&String::from_utf8_lossy(&bytes)).map(str::to_owned)
}

/// The path in the text of a cgroup file (cgroups(7)): lines of `id:controllers:path`.
fn path_in(text: &str) -> Option<&str> {
    let path_of = |wanted: &str| {
        text.lines().find_map(|line| {
            let (hierarchy, path) = line.split_once(':')?.1.split_once(':')?;
            (hierarchy == wanted).then(|| path.strip_suffix(" (deleted)").unwrap_or(path))
        })
    };
    let unified = path_of("");
    unified.filter(|path| *path != "/").or_else(|| path_of("name=systemd")).or(unified)
}

/// The unit that a component names. The user manager's own unit is none: what it runs
/// is in units of its own, and what a login session runs is in no unit.
fn unit(component: &str) -> Option<Box<str>> {
    // systemd puts `_` before a name that the kernel would take for a file of its own.
    let name = component.strip_prefix('_').unwrap_or(component);
    let stem = name.strip_suffix(".service").filter(|stem| !stem.is_empty())?;
    let is_user_manager = stem
        .strip_prefix("user@")
        .is_some_and(|uid| !uid.is_empty() && uid.bytes().all(|byte| byte.is_ascii_digit()));
    (!is_user_manager).then(|| unescaped(name).into())
}

/// The container that a component names.
fn container(parent: &str, component: &str) -> Option<Box<str>> {
    whole_id(component)
        .or_else(|| engine_scope(component))
        .or_else(|| lxc(parent, component))
        .or_else(|| nspawn(parent, component))
}

/// `<id>` alone (Docker, containerd and Kubernetes with cgroupfs), or after colons
/// (`<slice>:cri-containerd:<id>`).
fn whole_id(component: &str) -> Option<Box<str>> {
    let id = component.rsplit(':').next().unwrap_or(component);
    if id.len() == ID_BYTES { short_id(id) } else { None }
}

/// `<engine>-<id>.scope` (systemd driver), or the same without `.scope`. The monitors
/// of containers (`libpod-conmon-<id>.scope`) are outside of them.
fn engine_scope(component: &str) -> Option<Box<str>> {
    const PREFIXES: [&str; 7] = [
        "docker-",
        "cri-containerd-",
        "crio-",
        "libpod-payload-",
        "libpod-",
        "containerd-",
        "nerdctl-",
    ];
    let name = component.strip_suffix(".scope").unwrap_or(component);
    PREFIXES.iter().find_map(|prefix| short_id(name.strip_prefix(prefix)?))
}

/// `lxc.payload.<name>`, or `<name>` below `lxc` (before LXC 4).
fn lxc(parent: &str, component: &str) -> Option<Box<str>> {
    let name = component
        .strip_prefix("lxc.payload.")
        .or_else(|| (parent == "lxc" || parent == "lxc.payload").then_some(component))?;
    (!name.is_empty()).then(|| name.into())
}

/// `machine-<name>.scope`, or what `systemd-nspawn@<name>.service` runs in `payload`.
/// Virtual machines have such scopes too; no process of theirs is one of this kernel.
fn nspawn(parent: &str, component: &str) -> Option<Box<str>> {
    let name = if component == "payload" {
        parent.strip_prefix("systemd-nspawn@")?.strip_suffix(".service")?
    } else {
        component.strip_prefix("machine-")?.strip_suffix(".scope")?
    };
    let name = unescaped(name);
    (!name.is_empty() && !name.starts_with("qemu-")).then(|| name.into())
}

fn short_id(id: &str) -> Option<Box<str>> {
    let is_id = id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    id.get(..SHORT_ID_BYTES).filter(|_| is_id).map(Into::into)
}

/// Decodes `\x2d` and the like (systemd.unit(5)) where that gives a printable ASCII
/// character other than `/` and `\`; anything else stays as it is.
fn unescaped(name: &str) -> String {
    let mut parts = name.split("\\x");
    let mut decoded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let byte = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte.filter(|byte| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'\\')) {
            Some(byte) => {
                decoded.push(byte.into());
                decoded.push_str(part.get(2..).unwrap_or_default());
            }
            None => {
                decoded.push_str("\\x");
                decoded.push_str(part);
            }
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Path, unit, container; `ID` stands for a whole id.
    const PATHS: &[(&str, &str, &str)] = &[
        // systemd: system units, templates, escapes, slices, subgroups.
        ("/", "", ""),
        ("", "", ""),
        ("/init.scope", "", ""),
        ("/system.slice/nginx.service", "nginx.service", ""),
        ("/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service", ""),
        (
            "/system.slice/system-postgresql.slice/postgresql@15-main.service",
            "postgresql@15-main.service",
            "",
        ),
        (
            r"/system.slice/system-systemd\x2dcryptsetup.slice/pay\x2dapi.service",
            "pay-api.service",
            "",
        ),
        ("/system.slice/_cpu.service", "cpu.service", ""),
        ("/system.slice/systemd-udevd.service/udev", "systemd-udevd.service", ""),
        ("/system.slice/run-r0123.scope", "", ""),
        ("/system.slice/.service", "", ""),
        // systemd: users.
        ("/user.slice/user-1000.slice/session-3.scope", "", ""),
        ("/user.slice/user-1000.slice/user@1000.service", "", ""),
        ("/user.slice/user-1000.slice/user@1000.service/init.scope", "", ""),
        ("/user.slice/user-1000.slice/user@1000.service/app.slice/foo.service", "foo.service", ""),
        (
            r"/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-firefox-2110.scope",
            "",
            "",
        ),
        (
            "/user.slice/user-1000.slice/user@1000.service/app.slice/user@host.service",
            "user@host.service",
            "",
        ),
        // Docker: cgroupfs and systemd drivers, cgroup parent, a group within.
        ("/docker/ID", "", "0123456789ab"),
        ("/system.slice/docker-ID.scope", "", "0123456789ab"),
        ("/system.slice/docker-ID.scope/init.scope", "", "0123456789ab"),
        ("/system.slice/docker.service", "docker.service", ""),
        ("/actions_job/ID", "", "0123456789ab"),
        // Podman: as root, as a user, cgroupfs, in a unit (quadlet), conmon.
        ("/machine.slice/libpod-ID.scope/container", "", "0123456789ab"),
        (
            "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-ID.scope/container",
            "",
            "0123456789ab",
        ),
        ("/libpod_parent/libpod-ID", "", "0123456789ab"),
        ("/system.slice/pay.service/libpod-payload-ID", "pay.service", "0123456789ab"),
        ("/machine.slice/libpod-conmon-ID.scope", "", ""),
        // Kubernetes: containerd and CRI-O, each with both drivers.
        (
            "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1b2c_3d.slice/cri-containerd-ID.scope",
            "",
            "0123456789ab",
        ),
        (
            "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1b2c.slice/crio-ID.scope",
            "",
            "0123456789ab",
        ),
        ("/kubepods.slice/kubepods-pod1b2c.slice/docker-ID.scope", "", "0123456789ab"),
        ("/kubepods/burstable/pod1b2c-3d4e/ID", "", "0123456789ab"),
        ("/kubepods/besteffort/pod1b2c-3d4e/crio-ID", "", "0123456789ab"),
        (
            "/system.slice/containerd.service/kubepods-burstable-pod1b2c.slice:cri-containerd:ID",
            "containerd.service",
            "0123456789ab",
        ),
        (
            "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1b2c.slice/crio-conmon-ID.scope",
            "",
            "",
        ),
        ("/system.slice/kubelet.service", "kubelet.service", ""),
        // containerd by itself, nerdctl, ECS.
        ("/default/ID", "", "0123456789ab"),
        ("/system.slice/nerdctl-ID.scope", "", "0123456789ab"),
        ("/ecs/3f2b/ID", "", "0123456789ab"),
        // LXC: now, its monitor, before version 4.
        ("/lxc.payload.web/system.slice/nginx.service", "", "web"),
        ("/lxc.monitor.web", "", ""),
        ("/lxc/web/init.scope", "", "web"),
        // nspawn; a virtual machine is none.
        (r"/machine.slice/machine-web\x2d1.scope/payload/system.slice/nginx.service", "", "web-1"),
        (
            "/machine.slice/systemd-nspawn@web.service/payload/init.scope",
            "systemd-nspawn@web.service",
            "web",
        ),
        ("/machine.slice/systemd-nspawn@web.service/supervisor", "systemd-nspawn@web.service", ""),
        (r"/machine.slice/machine-qemu\x2d1\x2dvm.scope/libvirt", "", ""),
        // Containers in containers, and units that containers make up.
        (
            "/docker/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/kubelet.slice/kubelet-kubepods.slice/cri-containerd-ID.scope",
            "",
            "0123456789ab",
        ),
        ("/lxc.payload.web/docker/ID", "", "0123456789ab"),
        ("/docker/ID/system.slice/nginx.service", "", "0123456789ab"),
        // From within a cgroup namespace; what is nearly an id.
        ("/../../system.slice/nginx.service", "nginx.service", ""),
        ("/docker/0123456789abcdef", "", ""),
        ("/system.slice/docker-0123456789AB.scope", "", ""),
        ("/system.slice/docker-0123.scope", "", ""),
        // What an escape must not become.
        (r"/system.slice/a\x1b\x2f\x5c\x2g\x.service", r"a\x1b\x2f\x5c\x2g\x.service", ""),
        (r"/system.slice/a\x2é.service", r"a\x2é.service", ""),
    ];

    #[test]
    fn paths_of_every_engine() {
        let id = "0123456789abcdef".repeat(4);
        let some = |text: &str| (!text.is_empty()).then(|| Box::from(text));
        for (path, unit, container) in PATHS {
            let expected = CgroupIdentity { unit: some(unit), container: some(container) };
            assert_eq!(identity_of(&path.replace("ID", &id)), expected, "{path}");
        }
    }

    #[test]
    fn the_hierarchy_that_says_something_is_taken() {
        let cases = [
            ("0::/system.slice/nginx.service\n", Some("/system.slice/nginx.service")),
            ("0::/system.slice/nginx.service (deleted)\n", Some("/system.slice/nginx.service")),
            ("0::/a:b:c\n", Some("/a:b:c")),
            (
                "4:memory:/x\n1:name=systemd:/system.slice/a.service\n0::/\n",
                Some("/system.slice/a.service"),
            ),
            ("1:name=systemd:/a.service\n0::/b.service\n", Some("/b.service")),
            ("1:name=systemd:/a.service\n", Some("/a.service")),
            ("4:memory:/x\n0::/\n", Some("/")),
            ("4:memory:/x\n", None),
            ("0:\nnonsense\n\n", None),
            ("", None),
        ];
        for (text, path) in cases {
            assert_eq!(path_in(text), path, "{text:?}");
        }
    }

    #[test]
    fn a_process_that_is_not_there_has_no_path() {
        assert_eq!(path_of_process(u32::MAX), None);
    }

    proptest! {
        #[test]
        fn any_path_is_survived(path in r"(/?(docker-|machine-|\\x2d|\\x|user@|lxc|[0-9a-f]{12}|\.scope|\.service|é|\PC)){0,12}") {
            let identity = identity_of(&path);
            for name in [identity.unit, identity.container].into_iter().flatten() {
                prop_assert!(!name.is_empty() && name.len() <= path.len());
            }
        }
    }
}
