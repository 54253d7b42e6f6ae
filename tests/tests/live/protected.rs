use std::fs::{self, Permissions};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, Stdio};

use apiwatch_tests::apiwatch::metric_of;
use apiwatch_tests::server::Nginx;
use apiwatch_tests::{PATIENCE, Running, free_port, output_of, wait_for};
use serde_json::Value;

use super::service::{Home, Manager, REQUESTS};

/// The group of the user that the service runs as.
const GROUP: u32 = 65534;
/// `prometheus` with the password `correct horse`, at the lowest cost.
const USERS: &str = "prometheus:$2b$04$YNpiekAPpH7qu2LxCv2ILucXuvv6yqql58iRpnL/vTa0lRtgaGM1S\n";
const RIGHT: &str = "prometheus:correct horse";

/// Says wrong passwords from many threads until it is killed, and `ready` once some were
/// answered.
const FLOOD: &str = "import base64,http.client,itertools,ssl,sys,threading\n\
    count = itertools.count()\n\
    context = ssl._create_unverified_context()\n\
    def guess():\n\
    \x20   while True:\n\
    \x20       try:\n\
    \x20           word = base64.b64encode(b'prometheus:%d' % next(count)).decode()\n\
    \x20           c = http.client.HTTPSConnection('127.0.0.1', int(sys.argv[1]), context=context)\n\
    \x20           c.request('GET', '/metrics', headers={'Authorization': 'Basic ' + word})\n\
    \x20           assert c.getresponse().status in (401, 503)\n\
    \x20       except OSError: pass\n\
    for _ in range(16): threading.Thread(target=guess).start()\n";

/// A service whose metrics take TLS and a password, of files that its group may read.
struct Protected {
    home: Home,
    manager: Manager,
    daemon: Running,
}

impl Protected {
    fn start() -> Self {
        let home = Home::new(None);
        make_certificate(&home, "old");
        put(&home, "old.crt", "certificate");
        put(&home, "old.key", "key");
        write(&home, "users", USERS);
        // The address is wide, the test is not: it connects over loopback.
        let lines = format!(
            "listen = \"0.0.0.0:{}\"\ntls_certificate = \"@/certificate\"\ntls_key = \"@/key\"\n\
             users = \"@/users\"\n",
            home.metrics.port()
        );
        home.configure_metrics(&lines, "");
        let notify = home.at("notify");
        let manager = Manager::new(&notify);
        let daemon = home.start(&notify);
        manager.wait_for("READY=1");
        Self { home, manager, daemon }
    }

    /// The status that curl gets, and the body; `000` where it does not trust the server.
    fn scrape(&self, trusted: &str, user: &str) -> (String, String) {
        let mut curl = Command::new("curl");
        curl.args(["-s", "--max-time", "30", "-w", "\n%{http_code}", "-u", user, "--cacert"]);
        curl.arg(self.home.at(trusted)).arg(format!("https://{}/metrics", self.home.metrics));
        let output = curl.output().expect("curl runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (body, status) = text.rsplit_once('\n').expect("a status");
        (status.to_owned(), body.to_owned())
    }

    fn status(&self, trusted: &str, user: &str) -> String {
        self.scrape(trusted, user).0
    }

    /// Has the files read again; what the manager is told then.
    fn reload(&self) -> String {
        let pid = self.daemon.0.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().expect("kill").success());
        self.manager.wait_for("RELOADING=1");
        self.manager.wait_for("READY=1").0
    }
}

/// Makes `NAME.crt` and `NAME.key`.
fn make_certificate(home: &Home, name: &str) {
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=localhost"]);
    command.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    command.args(["-addext", "subjectAltName=IP:127.0.0.1", "-keyout"]);
    command.arg(home.at(&format!("{name}.key"))).arg("-out").arg(home.at(&format!("{name}.crt")));
    let _ = output_of(&mut command);
}

/// Puts a copy in the place of a file, as a program that renews certificates does.
fn put(home: &Home, from: &str, to: &str) {
    let bytes = fs::read(home.at(from)).expect("what was made");
    write(home, to, bytes);
}

/// Writes a file for root and the group of the service, and puts it in its place at once.
fn write(home: &Home, name: &str, bytes: impl AsRef<[u8]>) {
    let new = home.at("new");
    fs::write(&new, bytes).expect("a file");
    chown(&new, None, Some(GROUP)).expect("a group");
    fs::set_permissions(&new, Permissions::from_mode(0o640)).expect("permissions");
    fs::rename(&new, home.at(name)).expect("a place");
}

#[test]
fn certificates_and_users_are_replaced_without_a_restart_and_all_or_nothing() {
    let service = Protected::start();
    assert_eq!(service.status("old.crt", RIGHT), "200");
    assert_eq!(service.status("old.crt", "prometheus:wrong"), "401");

    make_certificate(&service.home, "new");
    put(&service.home, "new.crt", "certificate");
    assert!(service.reload().contains("the last reload was refused"), "another key");
    assert_eq!(service.status("old.crt", RIGHT), "200");
    put(&service.home, "new.key", "key");
    assert!(!service.reload().contains("refused"));
    assert_eq!(service.status("new.crt", RIGHT), "200");
    assert_eq!(service.status("old.crt", RIGHT), "000");

    write(&service.home, "users", "prometheus:correct horse\n");
    assert!(service.reload().contains("the last reload was refused"), "a clear password");
    assert_eq!(service.status("new.crt", RIGHT), "200");
    write(&service.home, "users", USERS.replace("prometheus", "other"));
    assert!(!service.reload().contains("refused"));
    assert_eq!(service.status("new.crt", RIGHT), "401");
    assert_eq!(service.status("new.crt", "other:correct horse"), "200");
    fs::remove_file(service.home.at("key")).expect("it was there");
    assert!(service.reload().contains("the last reload was refused"), "no key");
    assert_eq!(service.status("new.crt", "other:correct horse"), "200");
}

#[test]
fn prometheus_scrapes_with_its_password_and_no_exchange_is_lost_while_others_guess() {
    let nginx = Nginx::start();
    let service = Protected::start();
    let prometheus = Prometheus::start(&service);
    wait_for("a scrape", PATIENCE * 3, || prometheus.is_up().then_some(()));
    let port = service.home.metrics.port().to_string();
    let flood =
        Running::start(Command::new("python3").args(["-c", FLOOD, &port]).stdin(Stdio::null()));
    let metric = |name: &str, labels: &str| {
        let (status, scrape) = service.scrape("old.crt", RIGHT);
        assert_eq!(status, "200", "{scrape}");
        metric_of(&scrape, name, labels)
    };
    let refused = || metric("apiwatch_scrapes_refused_total", "\"credentials\"");
    wait_for("guesses", PATIENCE * 3, || (refused() > 3).then_some(()));
    let before = prometheus.scrapes();
    let web = nginx.address.port().to_string();
    let _ = output_of(Command::new("python3").args(["-c", REQUESTS, &web, "2000"]));
    let exchanges = || metric("apiwatch_http_requests_total", "python");
    wait_for("every exchange", PATIENCE * 3, || (exchanges() >= 2000).then_some(()));
    assert_eq!(exchanges(), 2000);
    wait_for("more scrapes", PATIENCE * 3, || (prometheus.scrapes() > before + 2.0).then_some(()));
    assert!(prometheus.is_up());
    drop(flood);
}

/// A Prometheus that scrapes the service alone, as docs/metrics.md says.
struct Prometheus {
    address: SocketAddr,
    _process: Running,
    _directory: tempfile::TempDir,
}

impl Prometheus {
    fn start(service: &Protected) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let at = |name: &str| directory.path().join(name);
        fs::copy(service.home.at("old.crt"), at("ca.crt")).expect("a copy");
        fs::write(at("apiwatch.password"), "correct horse\n").expect("a file");
        let documented = documented(&service.home.metrics.to_string());
        let text = format!("global: {{scrape_interval: 2s}}\n{documented}");
        fs::write(at("prometheus.yml"), text).expect("a file");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let mut command = Command::new("prometheus");
        command.arg(format!("--config.file={}", at("prometheus.yml").display()));
        command.arg(format!("--storage.tsdb.path={}", at("data").display()));
        command.arg(format!("--web.listen-address={address}")).arg("--log.level=warn");
        let process = Running::start(command.stdout(Stdio::null()));
        apiwatch_tests::wait_for_server(address);
        Self { address, _process: process, _directory: directory }
    }

    fn is_up(&self) -> bool {
        self.value("up{job=\"apiwatch\"}") == Some(1.0)
    }

    /// How often the service was scraped with success.
    fn scrapes(&self) -> f64 {
        self.value("sum_over_time(up{job=\"apiwatch\"}[10m])").unwrap_or_default()
    }

    fn value(&self, query: &str) -> Option<f64> {
        let mut curl = Command::new("curl");
        curl.args(["-s", "--get", "--data-urlencode", &format!("query={query}")]);
        let text = output_of(curl.arg(format!("http://{}/api/v1/query", self.address)));
        let answer: Value = serde_json::from_str(&text).ok()?;
        answer["data"]["result"][0]["value"][1].as_str()?.parse().ok()
    }
}

/// The example with TLS and users of docs/metrics.md, for another target.
fn documented(target: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/metrics.md");
    let page = fs::read_to_string(page).expect("the page of the metrics");
    let mut examples = page.split("```yaml\n").skip(1).filter_map(|it| it.split("```").next());
    let example = examples.find(|it| it.contains("scheme: https")).expect("an example with TLS");
    assert!(example.contains("host.example:9464"), "{example}");
    example.replace("host.example:9464", target)
}
