//! Results as machines wrote them, without what is not judged, and faults in them.

use super::super::kernel::KERNELS;
use super::*;

const NO_TIER: &str = include_str!("samples/5.10.txt");
const TIER_B: &str = include_str!("samples/6.1.txt");
const TIER_A: &str = include_str!("samples/6.12.txt");

#[test]
fn good_runs_pass() {
    for (kernel, text, expected) in [
        (&KERNELS[0], TIER_B, "tier b chosen, tier b forced"),
        (&KERNELS[1], TIER_A, "10 exchanges told within 0.0 s, 6 threads without capabilities"),
        (&KERNELS[2], NO_TIER, "declined with the reason"),
    ] {
        let summary = judge(kernel, text).unwrap();
        assert!(summary.contains(expected), "{summary}");
    }
}

#[test]
fn each_fault_is_found() {
    let cases = [
        ("## kernel\n6.12", "## kernel\n6.1", "the kernel is 6.1."),
        ("## install exit\n0", "## install exit\n100", "install ended with 100, not 0"),
        ("## stop exit\n0", "", "there is no section stop exit"),
        ("## refused exit\n1", "## refused exit\n0", "refused ended with 0"),
        ("## top exit\n0", "## top exit\n69", "top ended with 69, not 0"),
        ("## user status exit\n0", "## user status exit\n77", "user status ended with 77"),
        ("ExecMainStatus=78", "ExecMainStatus=1", "refused: ExecMainStatus is 1, not 78"),
        ("NRestarts=1", "NRestarts=0", "kill: NRestarts is 0, not 1"),
        ("ActiveState=inactive", "ActiveState=failed", "stop: ActiveState is failed"),
        ("CapEff:\t0000000000000000", "CapEff:\t0000008000000000", "CapEff of the thread"),
        ("Seccomp:\t2", "Seccomp:\t0", "Seccomp of the thread"),
        ("NoNewPrivs:\t1", "", "NoNewPrivs of the thread apiwatch is nothing, not 1"),
        ("Uid:\t9", "Uid:\t0\t9", "has the users"),
        ("\"landlock\":\"full\"", "\"landlock\":\"none\"", "Landlock does not confine it"),
        ("tier a: sock_recv_length", "tier a: other", "tier a: sock_recv_length loads"),
        ("\"costs\":\"", "\"costs\":1,\"x\":\"", "lacks a reason"),
        ("made by apiwatch", "", "the client got \"\""),
        ("tier=\"a\"} 1", "tier=\"b\"} 1", "there is no apiwatch_capture_tier_info{tier=\"a\"}"),
        ("\"type\":\"exchange\"", "\"type\":\"other\"", "0 exchanges came out"),
        ("\"comm\":\"nginx\"", "\"comm\":\"sh\"", "/server/process/comm is \"sh\""),
        ("nginx.service", "cron.service", "/server/process/unit is \"cron.service\""),
        ("/greetings/{name}", "/greetings/{other}", "/request/route"),
        ("start exchange ", "start exchange 9999", "the exchange after start: it took"),
        ("\nlink ", "\nx ", "no link is in the kernel after start"),
        ("## stop objects\n", "## stop objects\nprogram tracing 22\n", "after stop the kernel has"),
        ("## leftovers\n", "## leftovers\n/etc/apiwatch\n", "purging leaves\n/etc/apiwatch"),
        ("## forced tier exit\n0", "## forced tier exit\n69", "it ended with 69, not 0"),
        ("\"kind\":\"unknown_destination\"", "\"x\":1", "the finding of the client is not there"),
        ("## journal\n", "## journal\nthread panicked\n", "it has Some(\"thread panicked\")"),
        ("Watchdog timeout", "x", "the watchdog did not end a process that hung"),
        ("## hang exit\n0", "## hang exit\n1", "hang ended with 1"),
        ("No space left", "panicked", "it has Some(\"What was learned cannot be saved"),
        ("can be saved again", "x", "the journal does not say"),
        ("degraded: what was learned", "x", "where the disk is full its status says"),
        ("## good disk failures exit\n0", "## good disk failures exit\n1", "failures ended with 1"),
        ("+newer", "", "the version after the upgrade is \"0.1.0\""),
        ("/usr/bin/apiwatch\n", "/usr/bin/apiwatch (deleted)\n", "upgrade program is"),
        ("## upgrade findings\n1", "## upgrade findings\n0", "upgrade findings is \"0\""),
        ("## still learned\n1", "## still learned\n0", "still learned is \"0\", not \"1\""),
        ("## upgrade configuration exit\n0", "## upgrade configuration exit\n1", "ended with 1"),
        ("## rpm leftovers\n", "## rpm leftovers\n/etc/apiwatch\n", "erasing the .rpm leaves"),
        ("## rpm objects\n", "## rpm objects\nlink x 1\n", "after rpm the kernel has"),
    ];
    for (from, to, expected) in cases {
        assert!(TIER_A.contains(from), "{from}");
        let error = format!("{:#}", judge(&KERNELS[1], &TIER_A.replace(from, to)).unwrap_err());
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn each_fault_of_a_clock_that_is_set_is_found() {
    let of = |record: &str, what: &str| {
        // The last: what is known after all steps was written before what was told.
        let line = TIER_A.lines().rfind(|line| {
            line.starts_with(&format!("{{\"type\":\"{record}\"")) && line.contains(what)
        });
        line.unwrap_or_else(|| panic!("{record} {what}"))
    };
    let (kept, asked) = (of("exchange", "/kept/hour-back"), of("exchange", "/clock/years-ahead"));
    let opened = of("connection", "\"comm\":\"bash\"");
    let finding = of("finding", "\"subject\":\"clock-years-ahead.service");
    let known = of("destination", "clock-years-ahead.service");
    let later = |line: &str| line.replace("2026-", "2036-");
    let sooner = |line: &str| line.replace("2036-", "2026-");
    let close = opened.replace("\"open\"", "\"close\"");
    let connection = kept.replacen("\"connection\":\"", "\"connection\":\"f", 1);
    for (from, to, expected) in [
        (asked, String::new(), "exchanges of /clock/years-ahead: there is none"),
        (asked, format!("{asked}\n{asked}"), "there are 2, not 1"),
        (asked, sooner(asked), "after the step years-ahead: time is"),
        (asked, asked.replace("\"duration\":", "\"duration\":-"), "it took -"),
        (finding, String::new(), "findings of clock-years-ahead.service"),
        (finding, sooner(finding), "first_seen is \"2026-"),
        (kept, later(kept), "after the step hour-back: time is"),
        (kept, connection, "it became another one"),
        (opened, format!("{opened}\n{close}"), "of it [String(\"open\"), String(\"close\")]"),
        (known, later(known), "what is known after all steps: it was not seen before"),
    ] {
        let error = judge(&KERNELS[1], &TIER_A.replacen(from, &to, 1)).unwrap_err();
        let error = format!("{error:#}");
        assert!(error.contains(expected), "{expected}: {error}");
    }
    let same = "## clock years-ahead state\nMainPID=";
    let error = judge(&KERNELS[1], &TIER_A.replace(same, &format!("{same}1"))).unwrap_err();
    assert!(format!("{error:#}").contains("MainPID was"), "{error:#}");
}

#[test]
fn each_fault_where_nothing_can_be_watched_is_found() {
    let cases = [
        ("## start exit\n1", "## start exit\n0", "start ended with 0, not 1"),
        ("ExecMainStatus=69", "ExecMainStatus=1", "ExecMainStatus is 1, not 69"),
        ("NRestarts=0", "NRestarts=5", "NRestarts is 5, not 0"),
        ("cannot be watched", "is odd", "the journal does not say why"),
        ("\"tier b\"", "\"tier c\"", "does not say that tier b is missing"),
        ("## start objects\n", "## start objects\nlink tracing 7\n", "after start the kernel has"),
        ("## leftovers\n", "## leftovers\n/run/apiwatch\n", "purging leaves\n/run/apiwatch"),
    ];
    for (from, to, expected) in cases {
        assert!(NO_TIER.contains(from), "{from}");
        let error = format!("{:#}", judge(&KERNELS[2], &NO_TIER.replace(from, to)).unwrap_err());
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

/// What a user is told to type is what is tried.
#[test]
fn the_machine_runs_the_commands_of_the_readme() {
    let readme = include_str!("../../../../README.md");
    let script = include_str!("../guest/test.sh");
    let script: Vec<_> = script.lines().filter(|line| !line.starts_with('#')).collect();
    let commands = commands_of(section_of(readme, "## Install as a service\n"));
    assert!(commands.len() >= 6, "{commands:?}");
    for command in commands {
        assert!(script.iter().any(|line| line.contains(&command)), "{command}");
    }
}

fn section_of<'a>(text: &'a str, head: &str) -> &'a str {
    let (_, rest) = text.split_once(head).expect("the section is there");
    rest.split("\n## ").next().unwrap_or_default()
}

/// Of the fenced block its lines, and of the text what is between back quotes and is run;
/// without what another kind of distribution is told.
fn commands_of(section: &str) -> Vec<String> {
    let mut parts = section.split("```");
    let (before, block, after) =
        (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    let lines = block.lines().map(|line| line.split(" #").next().unwrap_or_default().trim());
    let quoted = [before, after].into_iter().flat_map(|text| text.split('`').skip(1).step_by(2));
    let is_run = |text: &&str| {
        ["sudo ", "apiwatch ", "journalctl "].iter().any(|first| text.starts_with(first))
    };
    lines
        .chain(quoted)
        .filter(is_run)
        .filter(|text| !text.contains("dnf"))
        .map(|text| text.trim_start_matches("sudo ").to_owned())
        .collect()
}
