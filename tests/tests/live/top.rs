use std::process::Command;

use apiwatch_tests::apiwatch::{Daemon, program};
use apiwatch_tests::screen::Screen;
use apiwatch_tests::server::Nginx;
use apiwatch_tests::{PATIENCE, output_of, wait_for};

const WIDE: (u16, u16) = (160, 45);

fn curl(nginx: &Nginx, path: &str) {
    let bearer = "Authorization: Bearer x";
    let _ = output_of(Command::new("curl").args(["-s", "-H", bearer, &nginx.url(path)]));
}

/// A terminal that shows what a daemon sees of this server alone.
fn exchanges(screen: &Screen, nginx: &Nginx) {
    screen.send("2 /");
    screen.write(&format!("port:{}", nginx.address.port()));
    screen.send("Enter");
}

#[test]
fn every_screen_shows_what_the_daemon_sees() {
    let nginx = Nginx::start();
    let daemon = Daemon::start_with("a", "exchange", "");
    curl(&nginx, "/before/1");
    let screen = Screen::attach(&daemon, WIDE);
    curl(&nginx, "/accounts/4711");
    let host = output_of(Command::new("hostname").arg("-s"));
    for (key, texts) in [
        ("1", &[host.trim(), "TRAFFIC", "LATENCY", "/usr/sbin/nginx", "unknown_destination"][..]),
        ("2", &["/accounts/4711", "GET", "200", "clear"]),
        ("3", &["/usr/bin/curl", "! unknown", "^ clear"]),
        ("4", &["/accounts/{number}", "/before/{number}", "bearer", "/usr/sbin/nginx"]),
        ("5", &["unencrypted_payload", "medium", "/usr/bin/curl", "open"]),
        ("6", &["sock_send_length", "tcp_destroy_sock", "missed by this UI", "tier"]),
    ] {
        screen.send(key);
        screen.wait_until(&format!("{texts:?}"), |shown| texts.iter().all(|it| shown.contains(it)));
    }
}

#[test]
fn a_filter_a_finding_and_a_frozen_view() {
    let nginx = Nginx::start();
    let daemon = Daemon::start_with("a", "exchange", "");
    let screen = Screen::attach(&daemon, WIDE);
    curl(&nginx, "/accounts/1");
    screen.send("2 /");
    screen.write("method:GET latency>abc");
    let shown = screen.wait_for("filter: method:GET latency>abc");
    let lines: Vec<_> = shown.lines().collect();
    let typed = lines.iter().position(|it| it.starts_with("filter: ")).expect("the filter");
    let caret = lines[typed + 1].find('^').expect("a caret");
    assert!(lines[typed][caret..].starts_with("abc"), "{shown}");
    screen.send("Escape");
    // What follows an escape at once is one key with it.
    screen.wait_until("the end of typing", |shown| !shown.contains("filter: "));

    // From a finding to the exchanges that it is about.
    screen.send("5 /");
    screen.write(&format!("kind:unencrypted {}", nginx.address.port()));
    screen.send("Enter");
    let _ = screen.wait_for("unencrypted_payload");
    screen.send("Enter");
    let _ = screen.wait_for("confidence");
    screen.send("o");
    let _ = screen.wait_for("/accounts/1");

    exchanges(&screen, &nginx);
    let _ = screen.wait_for("filter: port:");
    screen.send("f");
    let _ = screen.wait_for("FROZEN");
    curl(&nginx, "/while/frozen");
    let _ = daemon.wait_for_records("exchange", 1, |it| it["request"]["path"] == "/while/frozen");
    let is_early = |shown: &str| ["FROZEN 0s", "FROZEN 1s"].iter().any(|it| shown.contains(it));
    let later = screen.wait_until("a later frame", |shown| !is_early(shown));
    assert!(!later.contains("/while/frozen"), "{later}");
    screen.send("f");
    let _ = screen.wait_for("/while/frozen");
}

#[test]
fn the_terminal_may_change_and_is_left_whole() {
    let nginx = Nginx::start();
    let daemon = Daemon::start_with("a", "exchange", "");
    // The shell goes on after it.
    let line = Screen::attached(daemon.socket()).replace("exec ", "");
    let screen = Screen::run(&format!("{line}; echo ended with $?; exec cat"), WIDE);
    screen.wait_until_live();
    assert_eq!(screen.ask("#{alternate_on} #{cursor_flag}"), "1 0");
    curl(&nginx, "/accounts/1");
    exchanges(&screen, &nginx);
    let _ = screen.wait_for("/accounts/1");
    for (size, text) in [((60, 15), "/accounts/1"), ((39, 7), "too small"), (WIDE, "/accounts/1")] {
        screen.resize(size);
        let shown = screen.wait_for(text);
        assert!(shown.lines().count() <= usize::from(size.1), "{shown}");
    }
    screen.send("q");
    let shown = screen.wait_for("ended with 0");
    assert!(!shown.contains("/accounts/1"), "{shown}");
    assert_eq!(screen.ask("#{alternate_on} #{cursor_flag} #{mouse_any_flag}"), "0 1 0");
}

#[test]
fn a_daemon_that_goes_is_waited_for() {
    let nginx = Nginx::start();
    let mut daemon = Daemon::start_with("a", "exchange", "");
    let screen = Screen::attach(&daemon, WIDE);
    curl(&nginx, "/first");
    exchanges(&screen, &nginx);
    let _ = screen.wait_for("/first");
    daemon.kill();
    let shown = screen.wait_for("daemon gone");
    assert!(shown.contains("/first"), "the last data stay: {shown}");
    daemon.start_again();
    screen.wait_until_live();
    curl(&nginx, "/second");
    let shown = screen.wait_for("/second");
    assert!(!shown.contains("/first") && shown.contains("filter: port:"), "{shown}");
}

#[test]
fn a_stopped_ui_costs_the_daemon_nothing() {
    const REQUESTS: &str = "import http.client,sys\n\
        c = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]))\n\
        for n in range(10000):\n\
        \x20   c.request('GET', '/%d' % n)\n\
        \x20   c.getresponse().read()\n";
    let nginx = Nginx::start();
    let daemon = Daemon::start_with("a", "exchange", "");
    let screen = Screen::attach(&daemon, WIDE);
    exchanges(&screen, &nginx);
    let _ = screen.wait_for("filter: port:");
    let signal = |name: &str| {
        let _ = output_of(Command::new("kill").args([name, &screen.ask("#{pane_pid}")]));
    };
    signal("-STOP");
    let port = nginx.address.port();
    let _ = output_of(Command::new("python3").args(["-c", REQUESTS, &port.to_string()]));
    let printed = daemon.wait_for_records("exchange", 10_000, |it| it["server"]["port"] == port);
    assert_eq!(printed.len(), 10_000, "standard output has all");
    assert_eq!(daemon.metric("apiwatch_sink_dropped_total", ""), 0);
    signal("-CONT");
    // It says what it missed, or missed nothing: the last one comes in any case.
    let is_whole = |shown: &str| shown.contains("UI missed") || shown.contains("/9999");
    screen.wait_until("the rest", is_whole);
    curl(&nginx, "/and/on");
    let _ = screen.wait_for("/and/on");
}

/// A terminal that is closed ends the UI, though nobody quit it.
#[test]
fn a_closed_terminal_ends_it() {
    let daemon = Daemon::start_with("a", "finding", "");
    let screen = Screen::attach(&daemon, WIDE);
    let process = format!("/proc/{}", screen.ask("#{pane_pid}"));
    assert!(
        std::fs::read_to_string(format!("{process}/cmdline")).expect("it runs").contains("top")
    );
    drop(screen);
    wait_for("the end of the UI", PATIENCE, || {
        let line = std::fs::read_to_string(format!("{process}/cmdline")).unwrap_or_default();
        (!line.contains("top")).then_some(())
    });
}

/// What could steer a terminal, or hide in a text, in the paths of a client of no manners.
const HOSTILE: [&str; 13] = [
    "\u{1b}[2J\u{1b}[H",
    "\u{1b}[31mred",
    "\u{1b}]0;title\u{7}",
    "\u{1b}]52;c;cm0gLXJmIC8=\u{7}",
    "\u{1b}P+q544e\u{1b}\\",
    "\u{9b}2J",
    "\u{9d}52;c;eA==\u{9c}",
    "\u{7f}\u{8}\u{e}",
    "\u{202e}gpj.exe",
    "\u{2066}a\u{2069}",
    "pay\u{200b}pal\u{200d}.com",
    "soft\u{ad}hyphen\u{feff}",
    "\u{e0001}\u{e0061}\u{e000}",
];

#[test]
fn what_steers_is_a_mark_on_every_screen() {
    let nginx = Nginx::start();
    let daemon = Daemon::start_with("a", "exchange", "");
    let screen = Screen::attach(&daemon, WIDE);
    let client = "import socket,sys\n\
        for n, path in enumerate(bytes.fromhex(it) for it in sys.argv[2:]):\n\
        \x20   s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n\
        \x20   s.sendall(b'GET /p%d/' % n + path + b'/end HTTP/1.1\\r\\nHost: ' + path + b'\\r\\n\\r\\n')\n\
        \x20   s.recv(4096)\n";
    let paths = HOSTILE.map(|path| path.bytes().map(|it| format!("{it:02x}")).collect::<String>());
    let port = nginx.address.port().to_string();
    let _ = output_of(Command::new("python3").args(["-c", client, &port]).args(paths));
    let seen = daemon.wait_for_records("exchange", HOSTILE.len(), |it| {
        it["server"]["port"] == nginx.address.port()
    });
    exchanges(&screen, &nginx);
    let last = format!("/p{}/", HOSTILE.len() - 1);
    let _ = screen.wait_for(&last);
    let marks = screen.text().matches('\u{fffd}').count();
    assert!(marks >= HOSTILE.len(), "{marks} marks for {} exchanges", seen.len());
    for key in ["2", "1", "3", "4", "5", "6", "2"] {
        screen.send(key);
        let tab = format!(" {key} ");
        let _ = screen.wait_for(&tab);
        assert_harmless(&screen.coloured_text());
    }
    screen.send("Enter");
    let _ = screen.wait_for("protocol");
    assert_harmless(&screen.coloured_text());
}

/// Nothing but line ends and colours.
fn assert_harmless(shown: &str) {
    let mut pieces = shown.split('\u{1b}');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let colour = piece.strip_prefix('[').and_then(|it| it.split_once('m'));
        let (parameters, rest) = colour.unwrap_or_else(|| panic!("{piece:?} is no colour"));
        let is_colour = parameters.bytes().all(|it| it.is_ascii_digit() || b";:".contains(&it));
        assert!(is_colour, "{piece:?} is no colour");
        text += rest;
    }
    let is_hidden = |it: char| {
        (it.is_control() && it != '\n')
            || ('\u{200b}'..='\u{200f}').contains(&it)
            || ('\u{202a}'..='\u{202e}').contains(&it)
            || ('\u{2060}'..='\u{206f}').contains(&it)
            || ('\u{e000}'..='\u{f8ff}').contains(&it)
            || it >= '\u{e0000}'
            || ['\u{ad}', '\u{feff}'].contains(&it)
    };
    let hidden = text.chars().find(|it| is_hidden(*it));
    assert!(hidden.is_none(), "{hidden:?} in {text}");
}

#[test]
fn who_has_no_daemon_is_told_what_to_do() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let socket = directory.path().join("none.sock");
    let line = Screen::attached(&socket).replace("exec ", "");
    let screen = Screen::run(&format!("{line}; echo ended with $?; exec cat"), WIDE);
    let shown = screen.wait_for("ended with 69");
    for text in ["no daemon runs here", "systemctl start apiwatch", "top --standalone", "--replay"]
    {
        assert!(shown.contains(text), "{shown}");
    }
    let daemon = Daemon::start_with("a", "finding", "");
    let everyone = "a+rx";
    let place = daemon.socket().parent().expect("a directory");
    let copy = place.join("apiwatch");
    std::fs::copy(program(), &copy).expect("a copy");
    let _ = output_of(Command::new("chmod").arg(everyone).arg(place).arg(&copy));
    let line = format!(
        "setpriv --reuid=65534 --regid=65534 --clear-groups {} top --socket {}",
        copy.display(),
        daemon.socket().display()
    );
    let screen = Screen::run(&format!("{line}; echo ended with $?; exec cat"), WIDE);
    let shown = screen.wait_for("ended with 77");
    assert!(shown.contains("sudo usermod -aG apiwatch $USER"), "{shown}");
}
