//! The packages installed, upgraded, removed and purged, where no systemd runs. Under a
//! running one the virtual machines try them.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::Packages;
use super::chroot::Chroot;
use crate::process;

/// A life of a package.
struct Life {
    name: &'static str,
    /// Done before anything is installed.
    prepare: &'static str,
    steps: &'static [Step],
}

/// A step of it.
struct Step {
    does: &'static str,
    /// What the administrator does before.
    before: &'static str,
    how: How,
    /// Lines of shell that must succeed afterwards.
    holds: &'static [&'static str],
}

/// How a package comes and goes.
enum How {
    /// A line of shell inside.
    Dpkg(&'static str),
    /// rpm of this host, which changes the root by itself.
    Rpm(&'static [&'static str]),
}

const USER: &str = "getent passwd apiwatch | grep -q ':/usr/sbin/nologin$'";
const GROUP: &str = "getent group apiwatch";
const ENABLED: &str = "test -L /etc/systemd/system/multi-user.target.wants/apiwatch.service";
const DISABLED: &str = "! test -L /etc/systemd/system/multi-user.target.wants/apiwatch.service";
const RUNS: &str = "apiwatch check-config /etc/apiwatch/config.toml";
const NO_PROGRAM: &str = "! test -e /usr/bin/apiwatch";
const NO_UNIT: &str = "! test -e /usr/lib/systemd/system/apiwatch.service";
const CHANGED: &str = "grep -q '^# changed$' /etc/apiwatch/config.toml";
const STATE: &str = "test -f /var/lib/apiwatch/baseline";
const NOTHING_LEFT: &str = "! find / -xdev -name '*apiwatch*' | grep .";
const UNIT: &str = "systemd-analyze verify --man=no apiwatch.service";
/// What a daemon and an administrator leave behind.
const USED: &str = "echo '# changed' >>/etc/apiwatch/config.toml; mkdir -p /var/lib/apiwatch; \
                    echo >/var/lib/apiwatch/baseline";
const USED_AND_DISABLED: &str = "echo '# changed' >>/etc/apiwatch/config.toml; mkdir -p /var/lib/apiwatch; \
     echo >/var/lib/apiwatch/baseline; systemctl disable apiwatch.service";

const DEBIAN: [Step; 5] = [
    Step {
        does: "install",
        before: "",
        how: How::Dpkg("dpkg --install /tmp/old.deb"),
        holds: &[USER, GROUP, ENABLED, RUNS, UNIT],
    },
    Step {
        does: "upgrade",
        before: USED_AND_DISABLED,
        how: How::Dpkg("dpkg --install /tmp/new.deb"),
        holds: &[DISABLED, RUNS, CHANGED, STATE],
    },
    Step {
        does: "remove",
        before: "",
        how: How::Dpkg("dpkg --remove apiwatch"),
        holds: &[NO_PROGRAM, NO_UNIT, CHANGED, STATE, USER],
    },
    Step {
        does: "install again",
        before: "",
        how: How::Dpkg("dpkg --install /tmp/old.deb"),
        holds: &[DISABLED, RUNS, CHANGED, STATE],
    },
    Step {
        does: "purge",
        before: "",
        how: How::Dpkg("dpkg --purge apiwatch"),
        holds: &[NOTHING_LEFT, USER],
    },
];

const RPM: [Step; 3] = [
    Step {
        does: "install",
        before: "",
        how: How::Rpm(&["--install", "old.rpm"]),
        holds: &[USER, GROUP, ENABLED, RUNS, UNIT],
    },
    Step {
        does: "upgrade",
        before: USED,
        how: How::Rpm(&["--upgrade", "new.rpm"]),
        holds: &[ENABLED, RUNS, CHANGED, STATE, "! test -e /etc/apiwatch/config.toml.rpmnew"],
    },
    Step {
        does: "erase",
        before: "",
        how: How::Rpm(&["--erase", "apiwatch"]),
        holds: &[
            NO_PROGRAM,
            NO_UNIT,
            DISABLED,
            STATE,
            USER,
            "grep -q '^# changed$' /etc/apiwatch/config.toml.rpmsave",
        ],
    },
];

const LIVES: [Life; 3] = [
    Life { name: "deb", prepare: "test -x /usr/bin/systemd-sysusers", steps: &DEBIAN },
    Life {
        name: "deb without systemd-sysusers",
        prepare: "rm /usr/bin/systemd-sysusers",
        steps: &DEBIAN,
    },
    Life { name: "rpm", prepare: "", steps: &RPM },
];

/// Lives each life, with packages of this version and of a newer one, in a tree at `root`.
pub(super) fn run(old: &Packages, new: &Packages, root: &Path) -> Result<()> {
    for life in &LIVES {
        let chroot = Chroot::unpack(root)?;
        for (packages, age) in [(old, "old"), (new, "new")] {
            chroot.copy(&packages.deb, &format!("/tmp/{age}.deb"))?;
            chroot.copy(&packages.rpm, &format!("/tmp/{age}.rpm"))?;
        }
        live(life, &chroot).with_context(|| format!("the life of a package: {}", life.name))?;
    }
    Ok(())
}

fn live(life: &Life, chroot: &Chroot) -> Result<()> {
    chroot.run(life.prepare)?;
    for step in life.steps {
        chroot.run(step.before)?;
        let printed = match step.how {
            How::Dpkg(line) => chroot.run(line),
            How::Rpm(arguments) => process::output(&mut rpm(chroot, arguments)),
        };
        let printed = printed.with_context(|| step.does.to_owned())?;
        for line in step.holds {
            let held = chroot.run(line).map(drop);
            held.with_context(|| format!("after {}, which printed\n{printed}", step.does))?;
        }
    }
    Ok(())
}

/// rpm over the tree. Debian's dpkg knows the libraries there and rpm does not.
fn rpm(chroot: &Chroot, arguments: &[&str]) -> Command {
    let mut rpm = process::privileged("rpm", &["LC_ALL=C.UTF-8".to_owned()]);
    rpm.arg("--root").arg(chroot.root()).args(["--define", "_dbpath /var/lib/rpm", "--nodeps"]);
    for argument in arguments {
        if argument.ends_with(".rpm") {
            rpm.arg(chroot.root().join("tmp").join(argument));
        } else {
            rpm.arg(argument);
        }
    }
    rpm
}
