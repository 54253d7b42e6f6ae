//! What the service says of the traffic: each request once, with both processes, soon.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::super::results::Results;

/// From the request until its exchange is told, with the client's own start: this machine
/// is emulated.
const LIMIT_SECONDS: f64 = 30.0;

/// A step with the request after it.
struct Request {
    step: &'static str,
    path: &'static str,
    route: &'static str,
    tier: Tier,
}

/// What the configuration says of the tier.
enum Tier {
    Auto,
    B,
}

const REQUESTS: [Request; 10] = [
    Request { step: "start", path: "/hello", route: "/hello", tier: Tier::Auto },
    Request {
        step: "good reload",
        path: "/greetings/ada",
        route: "/greetings/{name}",
        tier: Tier::Auto,
    },
    // The configuration that cannot be used leaves the route of the good one in force.
    Request {
        step: "bad reload",
        path: "/greetings/grace",
        route: "/greetings/{name}",
        tier: Tier::Auto,
    },
    Request { step: "restart", path: "/hello", route: "/hello", tier: Tier::B },
    Request { step: "kill", path: "/hello", route: "/hello", tier: Tier::B },
    Request { step: "full disk", path: "/hello", route: "/hello", tier: Tier::Auto },
    Request { step: "read-only disk", path: "/hello", route: "/hello", tier: Tier::Auto },
    Request { step: "hang", path: "/hello", route: "/hello", tier: Tier::Auto },
    // What the administrator configured is in force after the upgrade too.
    Request {
        step: "upgrade",
        path: "/greetings/hedy",
        route: "/greetings/{name}",
        tier: Tier::Auto,
    },
    Request { step: "rpm", path: "/hello", route: "/hello", tier: Tier::Auto },
];

/// Judges all; how soon the exchanges were told.
pub(super) fn judge(chosen: &str, results: &Results) -> Result<String> {
    let mut longest = 0.0_f64;
    for request in &REQUESTS {
        let judged = judge_one(chosen, results, request);
        let seconds = judged.with_context(|| format!("the exchange after {}", request.step))?;
        longest = longest.max(seconds);
    }
    Ok(format!("{} exchanges told within {longest:.1} s", REQUESTS.len()))
}

fn judge_one(chosen: &str, results: &Results, request: &Request) -> Result<f64> {
    let part = |part: &str| format!("{} {part}", request.step);
    let body = results.section(&part("body"))?.trim();
    ensure!(body == "made by apiwatch", "the client got {body:?}");
    let tier = match request.tier {
        Tier::Auto => chosen,
        Tier::B => "b",
    };
    let metric = format!("apiwatch_capture_tier_info{{tier=\"{tier}\"}} 1");
    ensure!(results.section(&part("metrics"))?.contains(&metric), "there is no {metric}");
    let records = results.records(&part("tail"))?;
    let is_asked_for =
        |record: &&Value| record["type"] == "exchange" && record["server"]["port"] == 8080;
    let exchanges: Vec<&Value> = records.iter().filter(is_asked_for).collect();
    let errors = results.section(&part("tail errors"))?;
    ensure!(exchanges.len() == 1, "{} exchanges came out: {errors}", exchanges.len());
    judge_members(exchanges[0], request)?;
    let times = results.seconds()?;
    let time = times.iter().find(|(step, _)| *step == part("exchange"));
    let seconds = time.context("it has no time")?.1;
    ensure!(seconds < LIMIT_SECONDS, "it took {seconds} s");
    Ok(seconds)
}

fn judge_members(exchange: &Value, request: &Request) -> Result<()> {
    for (pointer, expected) in [
        ("/request/method", Value::from("GET")),
        ("/request/path", request.path.into()),
        ("/request/route", request.route.into()),
        ("/response/status", 200.into()),
        ("/client/process/comm", "curl".into()),
        ("/client/process/unit", "apiwatch-vm.service".into()),
        ("/server/process/comm", "nginx".into()),
        ("/server/process/unit", "nginx.service".into()),
    ] {
        let found = exchange.pointer(pointer).unwrap_or(&Value::Null);
        ensure!(*found == expected, "{pointer} is {found}, not {expected}: {exchange}");
    }
    Ok(())
}
