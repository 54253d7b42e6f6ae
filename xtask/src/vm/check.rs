//! What must have come out of a machine: one exchange over the loopback, with both
//! processes, under each tier; and every program loaded, or declined with the reason.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::kernel::Kernel;

/// Judges the results of a machine; a sentence about them.
pub(super) fn judge(kernel: &Kernel, results: &str) -> Result<String> {
    let results = Results(results);
    let release = results.section("kernel")?.trim();
    let expected = format!("{}.", kernel.release);
    ensure!(release.starts_with(&expected), "the kernel is {release}");
    let doctor = judge_doctor(kernel, results.section("doctor")?)?;
    for (run, tier) in [("auto", kernel.tier), ("b", "b")] {
        judge_run(&results, run, tier).with_context(|| format!("capture {run}"))?;
    }
    judge_forced(kernel, &results).context("capture with tier a forced")?;
    Ok(format!("Linux {release}, {doctor}, tier {} chosen, tier b forced", kernel.tier))
}

/// Sections, each a line `## NAME` and what follows.
struct Results<'a>(&'a str);

impl<'a> Results<'a> {
    fn section(&self, name: &str) -> Result<&'a str> {
        let head = format!("\n## {name}\n");
        let start = self.0.find(&head).with_context(|| format!("no section {name}"))? + head.len();
        let rest = self.0.get(start..).unwrap_or_default();
        Ok(rest.split("\n## ").next().unwrap_or_default())
    }
}

fn judge_doctor(kernel: &Kernel, text: &str) -> Result<String> {
    let report: Value = serde_json::from_str(text.trim()).with_context(|| text.to_owned())?;
    let checks = report["checks"].as_array().with_context(|| text.to_owned())?;
    for check in checks {
        let is_said =
            check["state"] == "ok" || check["costs"].is_string() && check["remedy"].is_string();
        ensure!(is_said && check["name"].is_string(), "doctor lacks a reason: {check}");
    }
    for tier in ["b", kernel.tier] {
        let hooks: &[&str] = match tier {
            "a" => &["sock_send_length", "sock_recv_length"],
            _ => &["sys_exit"],
        };
        for hook in hooks.iter().chain(&["inet_sock_set_state", "tcp_destroy_sock"]) {
            let name = format!("tier {tier}: {hook}");
            let is_loaded = |check: &Value| check["name"] == *name && check["state"] == "ok";
            ensure!(checks.iter().any(is_loaded), "doctor does not say that {name} loads: {text}");
        }
    }
    let lacking = checks.iter().filter(|check| check["state"] != "ok").count();
    Ok(format!("{} checks of doctor, {lacking} lacking with the reason", checks.len()))
}

/// Where the kernel has no tier A, who forces it is told so: exit code 69, and the hook.
fn judge_forced(kernel: &Kernel, results: &Results) -> Result<()> {
    let (exit, errors) = (results.section("forced exit")?, results.section("forced errors")?);
    let expected = if kernel.tier == "a" { "0" } else { "69" };
    ensure!(exit.trim() == expected, "it ended with {}, not {expected}: {errors}", exit.trim());
    let is_named = kernel.tier == "a" || errors.contains("sock_send_length");
    ensure!(is_named, "what is lacking is not named: {errors}");
    Ok(())
}

fn judge_run(results: &Results, run: &str, tier: &str) -> Result<()> {
    let part = |part: &str| results.section(&format!("{run} {part}"));
    let errors = part("errors")?;
    ensure!(
        part("exit")?.trim() == "0",
        "the daemon ended with {}: {errors}",
        part("exit")?.trim()
    );
    ensure!(part("body")?.trim() == "made by apiwatch", "the client got {}", part("body")?);
    let metric = format!("apiwatch_capture_tier_info{{tier=\"{tier}\"}} 1");
    ensure!(part("metrics")?.contains(&metric), "there is no {metric}");
    let records = records_of(part("out")?)?;
    let exchanges: Vec<&Value> = records
        .iter()
        .filter(|record| record["type"] == "exchange" && record["server"]["port"] == 8080)
        .collect();
    ensure!(exchanges.len() == 1, "{} exchanges came out: {errors}", exchanges.len());
    judge_exchange(exchanges[0])
}

fn records_of(out: &str) -> Result<Vec<Value>> {
    let lines = out.lines().filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
}

fn judge_exchange(exchange: &Value) -> Result<()> {
    for (pointer, expected) in [
        ("/request/method", Value::from("GET")),
        ("/request/path", "/hello".into()),
        ("/response/status", 200.into()),
        ("/client/process/comm", "wget".into()),
        ("/server/process/comm", "httpd".into()),
    ] {
        let found = exchange.pointer(pointer).unwrap_or(&Value::Null);
        ensure!(*found == expected, "{pointer} is {found}, not {expected}: {exchange}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::kernel::KERNELS;
    use super::*;

    const EXCHANGE: &str = r#"{"type":"exchange","protocol":"http/1.1","request":{"method":"GET","path":"/hello"},"response":{"status":200},"client":{"process":{"comm":"wget"}},"server":{"port":8080,"process":{"comm":"httpd"}}}"#;

    /// What a machine with kernel 6.12 writes when all is well.
    fn good() -> String {
        let hooks = ["sock_send_length", "sock_recv_length", "sys_exit"];
        let checks = ["a", "b"].iter().flat_map(|tier| {
            let all = hooks.iter().chain(&["inet_sock_set_state", "tcp_destroy_sock"]);
            all.map(move |hook| format!(r#"{{"name":"tier {tier}: {hook}","state":"ok"}}"#))
        });
        let doctor = checks.collect::<Vec<_>>().join(",");
        let mut text = format!("\n## kernel\n6.12.95\n\n## doctor\n{{\"checks\":[{doctor}]}}\n");
        for (run, tier) in [("auto", "a"), ("b", "b")] {
            text += &format!(
                "\n## {run} out\n{{\"type\":\"header\"}}\n{EXCHANGE}\n\n## {run} errors\n\n## {run} metrics\n\
                 apiwatch_capture_tier_info{{tier=\"{tier}\"}} 1\n\n## {run} body\nmade by apiwatch\n\n## {run} exit\n0\n"
            );
        }
        text + "\n## forced exit\n0\n\n## forced errors\n\n## end\n"
    }

    #[test]
    fn a_good_run_passes() {
        let summary = judge(&KERNELS[1], &good()).unwrap();
        assert!(summary.starts_with("Linux 6.12.95, 10 checks of doctor, 0 lacking"), "{summary}");
    }

    #[test]
    fn each_fault_is_found() {
        let twice = format!("{EXCHANGE}\n{EXCHANGE}");
        let cases = [
            ("6.12.95", "6.1.176", "the kernel is 6.1.176"),
            (EXCHANGE, "", "0 exchanges"),
            (EXCHANGE, &twice, "2 exchanges"),
            (r#""comm":"httpd""#, r#""comm":"sh""#, "/server/process/comm is \"sh\""),
            (r#""comm":"wget""#, r#""x":"wget""#, "/client/process/comm is null"),
            (r#""status":200"#, r#""status":404"#, "/response/status is 404"),
            ("made by apiwatch", "", "the client got"),
            ("exit\n0", "exit\n77", "the daemon ended with 77"),
            (r#"tier="a"} 1"#, r#"tier="b"} 1"#, "there is no apiwatch_capture_tier_info"),
            (r#"sock_recv_length","state":"ok""#, r#"x","state":"ok""#, "tier a: sock_recv_length"),
            (r#"sys_exit","state":"ok""#, r#"sys_exit","state":"missing""#, "lacks a reason"),
            ("## b out", "## c out", "no section b out"),
        ];
        for (from, to, expected) in cases {
            let results = good().replace(from, to);
            let error = format!("{:#}", judge(&KERNELS[1], &results).unwrap_err());
            assert!(error.contains(expected), "{expected}: {error}");
        }
    }

    #[test]
    fn what_is_declined_with_a_reason_is_fine() {
        let declined = r#"[{"name":"tier a","state":"missing","costs":"x","remedy":"y"},"#;
        let results = good()
            .replace("6.12.95", "6.1.176")
            .replace("## forced exit\n0", "## forced exit\n69")
            .replace("## forced errors\n", "## forced errors\nno hook sock_send_length\n")
            .replace("\"checks\":[", &format!("\"checks\":{declined}"))
            .replace("tier=\"a\"", "tier=\"b\"");
        let summary = judge(&KERNELS[0], &results).unwrap();
        assert!(summary.contains("11 checks of doctor, 1 lacking"), "{summary}");
    }
}
