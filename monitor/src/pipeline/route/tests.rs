//! Paths and their routes.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// Routes of one service.
struct One {
    routes: Routes,
    service: ServiceId,
}

impl One {
    fn new(change: impl FnOnce(&mut RouteSettings)) -> Self {
        let mut settings = RouteSettings::default();
        change(&mut settings);
        let mut routes = Routes::new(&settings, &Limits::default());
        let service = routes.service(&"api".into(), Timestamp(0));
        Self { routes, service }
    }

    fn learn(&mut self, path: &str, evidence: Evidence) -> String {
        let route = self.routes.route(self.service, path, evidence).unwrap();
        self.routes.text(route).unwrap().to_string()
    }

    fn served(&mut self, path: &str) -> String {
        self.learn(path, Evidence::Served)
    }

    fn count(&self) -> usize {
        self.routes.count(self.service)
    }
}

/// The route of a path that nothing is known of.
fn first(path: &str) -> String {
    One::new(|_| {}).served(path)
}

const PATHS: &[(&str, &str)] = &[
    // What an interface consists of stays.
    ("/", "/"),
    ("/health", "/health"),
    ("/v1/accounts", "/v1/accounts"),
    ("/v2.1/payments", "/v2.1/payments"),
    ("/v1alpha1/things", "/v1alpha1/things"),
    ("/v1beta2/things", "/v1beta2/things"),
    ("/V3/Accounts", "/V3/Accounts"),
    ("/api/1.0/rates", "/api/1.0/rates"),
    ("/oauth2/token", "/oauth2/token"),
    ("/oauth1a/authorize", "/oauth1a/authorize"),
    ("/.well-known/openid-configuration", "/.well-known/openid-configuration"),
    ("/.well-known/jwks.json", "/.well-known/jwks.json"),
    ("/s3/buckets", "/s3/buckets"),
    ("/ipv4/ranges", "/ipv4/ranges"),
    ("/p2p/transfers", "/p2p/transfers"),
    ("/a2a/payments", "/a2a/payments"),
    ("/b2b/invoices", "/b2b/invoices"),
    ("/i18n/en-US", "/i18n/en-US"),
    ("/3ds2/challenge", "/3ds2/challenge"),
    ("/3ds/authenticate", "/3ds/authenticate"),
    ("/2fa/enroll", "/2fa/enroll"),
    ("/psd2/consents", "/psd2/consents"),
    ("/v1/payments/pain.001-sepa-credit-transfers", "/v1/payments/pain.001-sepa-credit-transfers"),
    ("/iso20022/pacs008", "/iso20022/pacs008"),
    ("/iso20022/pacs.008.001.08", "/iso20022/pacs.008.001.08"),
    ("/mt940/statements", "/mt940/statements"),
    ("/hash/sha256", "/hash/sha256"),
    ("/keys/ed25519", "/keys/ed25519"),
    ("/certificates/x509", "/certificates/x509"),
    (
        "/open-banking/v3.1/aisp/account-access-consents",
        "/open-banking/v3.1/aisp/account-access-consents",
    ),
    ("/getAccountBalanceByCustomerIdentifier", "/getAccountBalanceByCustomerIdentifier"),
    (
        "/bank.payments.v1.PaymentInitiation/CreatePayment",
        "/bank.payments.v1.PaymentInitiation/CreatePayment",
    ),
    (
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    ),
    ("/XMLHttpRequest/HTTPSProxy", "/XMLHttpRequest/HTTPSProxy"),
    ("/rates/EUR-USD", "/rates/EUR-USD"),
    ("/covid-19/support", "/covid-19/support"),
    ("/odata/$metadata", "/odata/$metadata"),
    ("/static/app.js", "/static/app.js"),
    ("/docs/openapi.v3.json", "/docs/openapi.v3.json"),
    ("/deadbeef/cafebabe", "/deadbeef/cafebabe"),
    ("/users/me", "/users/me"),
    ("/users/~alice", "/users/~alice"),
    ("/documents:batchGet", "/documents:batchGet"),
    ("/Accounts()", "/Accounts()"),
    ("/..", "/.."),
    // Numbers.
    ("/api/v2/users/42/cards/4111111111111111", "/api/v2/users/{number}/cards/{number}"),
    ("/users/0", "/users/{number}"),
    ("/users/-7", "/users/{number}"),
    ("/cards/4111-1111-1111-1111", "/cards/{number}"),
    ("/persons/123-45-6789", "/persons/{number}"),
    ("/phones/+4930901820", "/phones/{number}"),
    ("/phones/555-123-4567", "/phones/{number}"),
    ("/sort-codes/12-34-56", "/sort-codes/{number}"),
    ("/amounts/12.50", "/amounts/{number}"),
    ("/hosts/10.0.0.1", "/hosts/{number}"),
    ("/epoch/1764061200000", "/epoch/{number}"),
    ("/reports/2026", "/reports/{number}"),
    // UUIDs.
    ("/orders/550e8400-e29b-41d4-a716-446655440000", "/orders/{uuid}"),
    ("/orders/550E8400-E29B-41D4-A716-446655440000/items", "/orders/{uuid}/items"),
    ("/orders/%7B550e8400-e29b-41d4-a716-446655440000%7D", "/orders/{param}"),
    ("/orders/{550e8400-e29b-41d4-a716-446655440000}", "/orders/{uuid}"),
    // Hexadecimal.
    ("/commits/9fceb02d0ae598e95dc970b74767f19372d61af8", "/commits/{hex}"),
    ("/commits/9FCEB02d", "/commits/{hex}"),
    ("/orders/550e8400e29b41d4a716446655440000", "/orders/{hex}"),
    ("/objects/507f1f77bcf86cd799439011", "/objects/{hex}"),
    ("/flags/0x1f", "/flags/{hex}"),
    // Dates.
    ("/pix/qr/2026-11-25", "/pix/qr/{date}"),
    ("/statements/20261125", "/statements/{date}"),
    ("/statements/2026-11", "/statements/{date}"),
    ("/statements/25.11.2026", "/statements/{date}"),
    ("/statements/2026_11_25", "/statements/{date}"),
    ("/events/2026-11-25T10:30:00Z", "/events/{date}"),
    ("/events/2026-11-25T10:30:00.123+01:00", "/events/{date}"),
    ("/events/2026-11-25T10%3A30%3A00Z", "/events/{date}"),
    ("/events/20261125T103000Z", "/events/{date}"),
    ("/events/20261125103000", "/events/{date}"),
    ("/events/2026-13-45", "/events/{number}"),
    ("/events/20261399", "/events/{number}"),
    ("/statements/2026-11-25.pdf", "/statements/{date}.pdf"),
    // Addresses.
    ("/users/alice@example.com", "/users/{email}"),
    ("/users/alice%40example.com/orders", "/users/{email}/orders"),
    ("/users/alice+tag@mail.example.co.uk", "/users/{email}"),
    ("/users/@alice", "/users/{param}"),
    // Accounts and other ids.
    ("/v1/accounts/DE89370400440532013000/transactions", "/v1/accounts/{id}/transactions"),
    ("/v1/accounts/GB29NWBK60161331926819", "/v1/accounts/{id}"),
    ("/v1/accounts/NL91ABNA0417164300/balances", "/v1/accounts/{id}/balances"),
    ("/v1/accounts/DE00370400440532013009", "/v1/accounts/{id}"),
    ("/payments/pay_29QQoUBi66xm2f", "/payments/{id}"),
    ("/customers/cus_Jq8sKd0fLm", "/customers/{id}"),
    ("/accounts/acct_1a2b3c", "/accounts/{id}"),
    ("/payment_intents/pi_3MtwBwLkdIwHu7ix28a3tqPa/confirm", "/payment_intents/{id}/confirm"),
    ("/keys/sk_live_4eC39HqLyjWDarjtT1zdp7dc", "/keys/{id}"),
    ("/transfers/txn_AbCdEfGhIjKlMn", "/transfers/{id}"),
    ("/orders/ORD-2026-000123", "/orders/{id}"),
    ("/orders/order-12345", "/orders/{id}"),
    ("/orders/order_12345/lines/7", "/orders/{id}/lines/{number}"),
    ("/invoices/INV2026001", "/invoices/{id}"),
    ("/users/user123", "/users/{id}"),
    ("/users/a1b2c3", "/users/{id}"),
    ("/users/x7k9", "/users/{id}"),
    ("/messages/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/messages/{id}"),
    ("/securities/US0378331005", "/securities/{id}"),
    ("/banks/DEUTDEFF500", "/banks/{id}"),
    ("/licences/ab12-cd34-ef56", "/licences/{id}"),
    ("/reports/report-2026-11-25.csv", "/reports/{id}.csv"),
    ("/static/app.3f2a1b9c.js", "/static/{id}.js"),
    ("/static/3f2a1b9c.css", "/static/{hex}.css"),
    ("/files/12345.json", "/files/{number}.json"),
    ("/files/12345.unknown", "/files/{id}"),
    // Tokens.
    ("/sessions/dGhpcyBpcyBhIHRva2VuMQ", "/sessions/{token}"),
    ("/sessions/dGhpcyBpcyBhIHRva2VuMQ==", "/sessions/{token}"),
    ("/verify/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N", "/verify/{token}"),
    ("/reset/aB3-xY9_kLmN0pQrStUv", "/reset/{token}"),
    ("/links/QmVyTGluSXNOaWNlQXJlVVVIYXBweQ", "/links/{token}"),
    // Whatever is no word.
    ("/search/John%20Smith", "/search/{param}"),
    ("/search/caf\u{e9}", "/search/{param}"),
    ("/search/%zz", "/search/{param}"),
    ("/search/%", "/search/{param}"),
    ("/search/a,b", "/search/{param}"),
    ("/search/<script>", "/search/{param}"),
    ("/search/\u{fffd}", "/search/{param}"),
    ("/search/a b", "/search/{param}"),
    ("/%61pi/x", "/{param}/x"),
    ("/{name}/x", "/{param}/x"),
    ("/ids/%34%32", "/ids/{number}"),
    // Shapes of paths.
    ("/users/", "/users"),
    ("//users///42/", "/users/{number}"),
    ("/cart;jsessionid=1A530637289A03B07199A44E8D531427", "/cart"),
    ("/cart;a=b/items;c=d", "/cart/items"),
    ("/;jsessionid=1", "/"),
    ("/users?id=42", "/users"),
    ("/users#top", "/users"),
    ("/payments/123:cancel", "/payments/{number}:cancel"),
    ("/payments/pay_29QQoUBi66xm2f:capture", "/payments/{id}:capture"),
    ("/urn:isbn:0451450523", "/{param}"),
    ("/Accounts(123)/Orders", "/Accounts({param})/Orders"),
    ("/Accounts('DE89370400440532013000')", "/Accounts({param})"),
    ("relative/42", "/relative/{number}"),
    ("*", "*"),
    ("", "{authority}"),
    ("/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p"),
    ("/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/**"),
    ("/a/**/b", "/a/**"),
];

#[test]
fn paths_have_these_routes() {
    assert!(PATHS.len() > 130);
    let wrong: Vec<_> = PATHS
        .iter()
        .filter(|(path, route)| first(path) != *route)
        .map(|(path, route)| format!("{path}: {}, not {route}", first(path)))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_route_of_a_route_is_itself() {
    for (_, route) in PATHS {
        assert_eq!(first(route), *route);
    }
    assert_eq!(first(OTHER), OTHER);
}

#[test]
fn a_path_that_is_not_known_has_no_route() {
    let mut one = One::new(|_| {});
    assert_eq!(one.routes.route(one.service, UNKNOWN_PATH, Evidence::Served), None);
    assert_eq!(one.count(), 0);
}

#[test]
fn many_words_of_one_place_are_a_parameter() {
    let mut one = One::new(|_| {});
    for n in 0..30 {
        let name = name(n);
        assert_eq!(one.served(&format!("/users/{name}/orders")), format!("/users/{name}/orders"));
    }
    assert_eq!(one.served("/users/zoe/orders"), "/users/{param}/orders");
    assert_eq!(one.served(&format!("/users/{}/orders", name(3))), "/users/{param}/orders");
    assert_eq!(one.served("/users/42/orders"), "/users/{param}/orders");
    assert_eq!(one.served("/accounts/me"), "/accounts/me");
    assert_eq!(one.count(), 2);
    let folded = one.routes.take_folded();
    assert_eq!(folded.len(), 30);
    let into: BTreeSet<_> = folded.iter().map(|fold| fold.into.unwrap()).collect();
    assert_eq!(into.len(), 1);
    let [into] = into.into_iter().collect::<Vec<_>>()[..] else { panic!() };
    assert_eq!(&**one.routes.text(into).unwrap(), "/users/{param}/orders");
    assert!(folded.iter().all(|fold| one.routes.text(fold.from).is_none()));
}

#[test]
fn ten_thousand_words_are_one_route() {
    let mut one = One::new(|_| {});
    for n in 0..10_000 {
        one.served(&format!("/v1/customers/{}", name(n)));
        assert!(one.count() <= 31);
    }
    assert_eq!(one.count(), 1);
    assert_eq!(one.served("/v1/customers/x"), "/v1/customers/{param}");
}

#[test]
fn branches_below_a_parameter_grow_together() {
    let mut one = One::new(|it| it.segment_values = 3);
    for user in ["ann", "bob", "eve"] {
        for below in ["orders", "orders/42", "profile.json", "card:block"] {
            one.served(&format!("/users/{user}/{below}"));
        }
    }
    assert_eq!(one.count(), 12);
    one.served("/users/joe");
    assert_eq!(one.count(), 5);
    for (path, route) in [
        ("/users/joe/orders/7", "/users/{param}/orders/{number}"),
        ("/users/joe/profile.json", "/users/{param}/profile.json"),
        ("/users/joe/card:block", "/users/{param}/card:block"),
    ] {
        assert_eq!(one.served(path), route);
    }
    // Words of two of them may be too many together.
    assert_eq!(one.served("/users/joe/x"), "/users/{param}/{param}");
    assert_eq!(one.served("/users/joe/orders/7"), "/users/{param}/{param}/{number}");
    assert_eq!(one.served("/users/joe/card:block"), "/users/{param}/{param}:block");
    for n in 0..17 {
        one.served(&format!("/users/joe/card:{}", name(n)));
    }
    assert_eq!(one.served("/users/joe/card:block"), "/users/{param}/{param}");
}

#[test]
fn values_of_many_kinds_are_one_parameter() {
    let mut one = One::new(|_| {});
    assert_eq!(one.served("/things/42/x"), "/things/{number}/x");
    assert_eq!(one.served("/things/9fceb02d/x"), "/things/{hex}/x");
    assert_eq!(one.served("/things/a1b2c3/x"), "/things/{param}/x");
    assert_eq!(one.served("/things/42/x"), "/things/{param}/x");
    assert_eq!(one.served("/things/search"), "/things/search");
    assert_eq!(one.count(), 2);
}

#[test]
fn a_scanner_makes_no_parameters_of_what_is_known() {
    let mut one = One::new(|_| {});
    one.served("/v1/accounts");
    one.served("/v1/payments");
    for n in 0..1000 {
        one.learn(&format!("/v1/{}", name(n)), Evidence::Refused);
        one.learn(&format!("/{}", name(n)), Evidence::Refused);
        assert!(one.count() <= 22);
    }
    assert_eq!(one.learn("/v1/acounts", Evidence::Refused), "/v1/{param}");
    assert_eq!(one.served("/v1/accounts"), "/v1/accounts");
    assert_eq!(one.learn("/v1/payments", Evidence::Refused), "/v1/payments");
    assert_eq!(one.served("/v1/new"), "/v1/new");
    assert_eq!(one.count(), 5);
}

#[test]
fn a_few_refused_words_stand_for_themselves_until_they_are_served() {
    let mut one = One::new(|_| {});
    for n in 0..10 {
        let path = format!("/{}", name(n));
        assert_eq!(one.learn(&path, Evidence::Refused), path);
    }
    assert_eq!(one.served(&format!("/{}", name(7))), format!("/{}", name(7)));
    assert_eq!(one.learn("/eleventh", Evidence::Refused), "/eleventh");
    assert_eq!(one.learn("/twelfth", Evidence::Refused), "/{param}");
    assert_eq!(one.served(&format!("/{}", name(7))), format!("/{}", name(7)));
    assert_eq!(one.learn(&format!("/{}", name(1)), Evidence::Refused), "/{param}");
}

#[test]
fn the_routes_of_a_service_are_bounded() {
    let mut one = One::new(|it| it.routes = 50);
    for a in 0..20 {
        for b in 0..20 {
            let route = one.served(&format!("/{}/{}", name(a), name(b)));
            assert!(route == OTHER || route.starts_with('/'));
        }
    }
    assert_eq!(one.count(), 51, "and the one for the others");
    assert_eq!(one.served("/one/more"), OTHER);
    assert_eq!(
        one.served(&format!("/{}/{}", name(0), name(1))),
        format!("/{}/{}", name(0), name(1))
    );
}

#[test]
fn patterns_win_the_most_specific_first() {
    let patterns = [
        "/accounts/{account}/orders",
        "/accounts/{account}",
        "/accounts/self",
        "/static/*",
        "/static/{file}/meta",
        "/accounts/{other}",
        "/users/{user}/*",
        "bad",
        "/a/*/b",
    ];
    let mut one = One::new(|it| {
        it.patterns = patterns.map(str::to_owned).to_vec();
        it.routes = 10;
    });
    for (path, route) in [
        ("/accounts/alice", "/accounts/{account}"),
        ("/accounts/self", "/accounts/self"),
        ("/accounts/self/orders", "/accounts/{account}/orders"),
        ("/accounts/42/orders/", "/accounts/{account}/orders"),
        ("/accounts/42;v=1/orders?x=1", "/accounts/{account}/orders"),
        ("/accounts/42/other", "/accounts/{number}/other"),
        ("/accounts", "/accounts"),
        ("/static/a/b/c", "/static/*"),
        ("/static/a/meta", "/static/{file}/meta"),
        ("/static", "/static"),
        ("/users/bob/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q", "/users/{user}/*"),
        ("/users/{user}/*", "/users/{user}/*"),
    ] {
        assert_eq!(one.served(path), route, "{path}");
    }
    for n in 0..100 {
        assert_eq!(one.served(&format!("/accounts/{}", name(n))), "/accounts/{account}");
    }
}

#[test]
fn patterns_are_checked() {
    for (pattern, verdict) in [
        ("/", Ok(())),
        ("/a/{b}/c", Ok(())),
        ("/*", Ok(())),
        ("/a/*", Ok(())),
        ("", Err(PatternFault::NoSlash)),
        ("a/b", Err(PatternFault::NoSlash)),
        ("/a//b", Err(PatternFault::EmptySegment)),
        ("/a/", Err(PatternFault::EmptySegment)),
        ("/*/a", Err(PatternFault::Asterisk)),
        ("/a*", Err(PatternFault::Asterisk)),
        ("/a{b}", Err(PatternFault::Parameter)),
        ("/{}", Err(PatternFault::Parameter)),
        ("/a?b", Err(PatternFault::Character)),
        ("/a b", Err(PatternFault::Character)),
        ("/a\u{1b}", Err(PatternFault::Character)),
    ] {
        assert_eq!(check_pattern(pattern), verdict, "{pattern}");
    }
    assert_eq!(check_pattern(&"/a".repeat(17)), Err(PatternFault::TooLong));
}

#[test]
fn services_are_bounded_and_the_oldest_goes_first() {
    let limits = Limits { endpoints: 16, ..Limits::default() };
    let mut routes = Routes::new(&RouteSettings::default(), &limits);
    let first = routes.service(&"first".into(), Timestamp(0));
    let kept = routes.service(&"kept".into(), Timestamp(0));
    let route = routes.route(first, "/a", Evidence::Served).unwrap();
    for n in 1..100 {
        routes.touch(kept, Timestamp(n));
        let service = routes.service(&name(n as usize).into(), Timestamp(n));
        assert!(routes.route(service, "/a/b", Evidence::Served).is_some());
        assert!(routes.services.len() <= 16);
        assert!(routes.tree.nodes_in_use() <= 64 + 4);
    }
    assert_eq!(routes.route(first, "/a", Evidence::Served), None);
    assert_eq!(routes.touch(kept, Timestamp(100)).map(|name| &**name), Some("kept"));
    assert_eq!(routes.take_folded().first(), Some(&Folded { from: route, into: None }));
}

#[test]
fn fifty_thousand_random_paths_give_few_routes() {
    let mut random = Random(7);
    let mut one = One::new(|_| {});
    let mut routes = BTreeSet::new();
    for n in 0..50_000 {
        let depth = 1 + random.below(6);
        let path: String = (0..depth).map(|_| format!("/{}", random.segment())).collect();
        let route = one.served(&path);
        assert!(one.count() <= 501);
        if n >= 25_000 {
            routes.insert(route);
        }
    }
    assert!(routes.len() <= 20, "{routes:#?}");
}

#[test]
fn the_same_paths_give_the_same_routes() {
    let run = || {
        let mut random = Random(11);
        let mut one = One::new(|it| {
            it.segment_values = 5;
            it.routes = 40;
        });
        let mut said = Vec::new();
        for _ in 0..5_000 {
            let path = format!("/{}/{}", random.segment(), random.segment());
            let evidence = if random.below(2) == 0 { Evidence::Served } else { Evidence::Refused };
            said.push(one.learn(&path, evidence));
        }
        (said, one.routes.take_folded())
    };
    assert_eq!(run(), run());
}

/// A name that stands for itself: letters only.
fn name(n: usize) -> String {
    let letter = |n: usize| char::from(b'a' + (n % 26) as u8);
    [n / 676, n / 26, n, n / 3].map(letter).into_iter().collect()
}

/// A generator of numbers for tests (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn segment(&mut self) -> String {
        const LETTERS: &[u8] =
            b"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_.%;:";
        match self.below(4) {
            0 => self.below(1_000_000).to_string(),
            1 => format!("{:016x}", self.below(u64::MAX)),
            2 => name(self.below(20_000) as usize),
            _ => {
                let length = 1 + self.below(30);
                let letter = |_| char::from(LETTERS[self.below(LETTERS.len() as u64) as usize]);
                (0..length).map(letter).collect()
            }
        }
    }
}

proptest! {
    #[test]
    fn any_path_has_a_route_that_is_short_printable_and_its_own_route(
        paths in proptest::collection::vec(r"(/[a-z0-9]{0,3}|/\PC{0,6}|/[0-9a-fA-F%{}().:;*?_-]{0,40}|[^/]{0,300}){0,24}", 1..20),
        refused in any::<u32>(),
    ) {
        let mut one = One::new(|it| {
            it.segment_values = 2;
            it.routes = 10;
        });
        for (n, path) in paths.iter().enumerate() {
            let evidence = if refused >> (n % 32) & 1 == 1 { Evidence::Refused } else { Evidence::Served };
            if path == UNKNOWN_PATH {
                continue;
            }
            let route = one.learn(path, evidence);
            prop_assert!(route.len() <= 256);
            prop_assert!(route.bytes().all(|byte| byte.is_ascii_graphic()), "{route}");
            prop_assert_eq!(one.learn(&route, evidence), route.clone(), "{}", path);
            prop_assert_eq!(first(&first(path)), first(path));
            prop_assert!(one.count() <= 13, "and `_other`, `*`, `{{authority}}`");
        }
    }
}
