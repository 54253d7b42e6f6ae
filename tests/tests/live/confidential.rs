use std::process::Command;

use apiwatch_tests::apiwatch::Daemon;
use apiwatch_tests::output_of;
use apiwatch_tests::screen::Screen;
use apiwatch_tests::server::Nginx;

use super::TIERS;

/// No byte of a body, no value of a query and no credential is ever shown.
#[test]
fn secrets_are_never_shown() {
    let secrets = [
        "4111111111111111",
        "hunter2-query",
        "hunter2-bearer",
        "hunter2-cookie",
        "hunter2-key",
        "aHVudGVyMjpiYXNpYw",
        "hunter2-userinfo",
        "hunter2-header",
        "hunter2-card",
    ];
    for tier in TIERS {
        let nginx = Nginx::start();
        let daemon = Daemon::start(tier);
        let url = nginx.url("/pay?card=hunter2-card&access_token=hunter2-query");
        let host = nginx.url("/").replace("http://", "http://user:hunter2-userinfo@");
        let runs: [&[&str]; 4] = [
            &[
                "-d",
                "{\"pan\":\"4111111111111111\"}",
                "-H",
                "Authorization: Bearer hunter2-bearer",
                &url,
            ],
            &["-H", "Cookie: s=hunter2-cookie", "-H", "X-Api-Key: hunter2-key", &url],
            &[
                "-H",
                "Authorization: Basic aHVudGVyMjpiYXNpYw==",
                "-H",
                "X-Other: hunter2-header",
                &url,
            ],
            &[&host],
        ];
        for arguments in runs {
            let _ = output_of(Command::new("curl").arg("-s").args(arguments));
        }
        let exchanges = daemon.wait_for_records("exchange", runs.len(), |it| {
            it["server"]["port"] == nginx.address.port()
        });
        let kinds: Vec<_> = exchanges.iter().map(|it| it["auth"].clone()).collect();
        assert_eq!(kinds, ["bearer", "api_key", "basic", "basic"], "the kind is told");
        let shown = [daemon.lines().join("\n"), daemon.scrape(), daemon.errors().join("\n")];
        for secret in secrets {
            for text in &shown {
                assert!(!text.contains(secret), "tier {tier}: {secret} is shown");
            }
        }
    }
}

/// Nor on any screen of the terminal UI.
#[test]
fn secrets_are_on_no_screen() {
    let nginx = Nginx::start();
    let screen = Screen::start("a");
    let url = nginx.url("/pay?card=hunter2-card");
    let request = ["-s", "-d", "hunter2-body", "-H", "Authorization: Bearer hunter2-bearer"];
    let _ = output_of(Command::new("curl").args(request).arg(&url));
    let _ = screen.press("2");
    let mut shown = vec![screen.wait_for("/pay")];
    let keys = ["Enter", "Escape", "3", "Enter", "Escape", "4", "?"];
    shown.extend(keys.map(|key| screen.press(key)));
    assert!(shown.iter().any(|screen| screen.contains("bearer")), "the kind is told: {shown:#?}");
    for screen in shown {
        assert!(!screen.contains("hunter2"), "{screen}");
    }
}

/// Control characters of traffic and process names never reach the output raw.
#[test]
fn control_characters_are_escaped() {
    let nginx = Nginx::start();
    let daemon = Daemon::start("a");
    let program = "import socket,sys\n\
        open('/proc/self/comm','w').write('\\x1b[31mred')\n\
        s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n\
        s.sendall(b'GET /\\xc2\\x9b\\xe2\\x80\\xaeevil HTTP/1.1\\r\\nHost: \\x1b]52;c;x\\x07\\r\\n\\r\\n')\n\
        s.recv(4096)\n";
    let port = nginx.address.port();
    let _ = output_of(Command::new("python3").args(["-c", program, &port.to_string()]));
    let seen = daemon.wait_for_records("exchange", 1, |it| it["server"]["port"] == port);
    assert_eq!(seen[0]["client"]["process"]["comm"], "\u{1b}[31mred");
    for line in daemon.lines() {
        let raw = line.chars().find(|it| it.is_control() || ('\u{202a}'..='\u{202e}').contains(it));
        assert!(raw.is_none(), "{raw:?} in {line}");
    }
    let raw = daemon.scrape().chars().find(|it| it.is_control() && *it != '\n');
    assert!(raw.is_none(), "{raw:?} in a scrape");
}
