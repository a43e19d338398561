//! Any quantities in a request and any usage reported for it: never more is charged than was held, and nothing is
//! ever negative. Requests, prices, balances and reports are made of chance and of the numbers that break things.

use waystation_ids::{AccountId, InstanceId, KeyId, PriceVersionId, RequestId, UserId};
use waystation_ledger::{Account, AccountKind, Books, OutputCap, Reserve, Unit};
use waystation_pricing::{Cost, Multiplier, Price, Rate};
use waystation_protocol::openai::chat_request::parse_chat_request;
use waystation_protocol::openai::token_bound::{bound_input_tokens, estimate_input_tokens};
use waystation_protocol::openai::usage::read_usage;
use waystation_protocol::openai::usage_judgement::{DeliveredOutput, Evidence, judge_usage};
use waystation_protocol::text_size::TextSize;

/// The long proof asks for more.
const CASES: u64 = 5_000;
const CONTEXT: u64 = 1_000_000;
const NOW_MS: i64 = 1_795_233_600_000;

/// Numbers as hostile or broken programs write them.
const NUMBERS: [&str; 24] = [
    "0",
    "-0",
    "1",
    "-1",
    "2",
    "7",
    "128",
    "4096",
    "65535",
    "2147483647",
    "2147483648",
    "-2147483649",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e3",
    "1e308",
    "1.5",
    "\"12\"",
    "null",
    "NaN",
];
const TEXTS: [&str; 6] = ["word ", "测试", "🦀", "\\u0000", "e\\u0301", "    "];
const USAGE_FIELDS: [&str; 8] = [
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "cached_tokens",
    "cache_creation_input_tokens",
    "reasoning_tokens",
    "prompt_cache_hit_tokens",
    "prompt_cache_miss_tokens",
];

#[test]
fn whatever_is_asked_and_reported_nobody_pays_more_than_was_held() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let cases = number("WAYSTATION_CASES").unwrap_or(CASES);
    let seed = number("WAYSTATION_SEED")
        .unwrap_or_else(|| std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64);
    let (mut refused, mut admitted) = (0, 0);
    for case in 0..cases {
        let mut chance = Chance(seed.wrapping_add(case).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        chance.below(2);
        match run_case(&mut chance) {
            Ok(true) => admitted += 1,
            Ok(false) => refused += 1,
            Err(wrong) => panic!("{wrong}\nWAYSTATION_SEED={} WAYSTATION_CASES=1", seed.wrapping_add(case)),
        }
    }
    assert!(cases < 1_000 || (admitted > cases / 10 && refused > cases / 100), "{admitted} {refused}");
    eprintln!("proof: quantities and usage reports, none charged above its hold; {cases}; {seed}");
}

/// Whether the call was admitted; or what went wrong.
fn run_case(chance: &mut Chance) -> Result<bool, String> {
    let body = any_request(chance);
    let Ok(request) = parse_chat_request(body.as_bytes()) else { return Ok(false) };
    let price = any_price(chance);
    let multiplier = Multiplier::try_from(*chance.of(&[0, 1, 333_333, 1_000_000, 2_500_000])).unwrap();
    let bound = bound_input_tokens(&request, Some(CONTEXT));
    let cap = request.output_cap().unwrap_or(8_192);
    let user = UserId::new(1, [1; 10]);
    let mut books = any_books(chance, user);
    let call = Reserve {
        request: RequestId::new_cause(NOW_MS, [7; 10]),
        user,
        key: KeyId::new(1, [2; 10]),
        instance: InstanceId::new(1, [3; 10]),
        model: "model".to_owned(),
        price_version: PriceVersionId::new(1, [4; 10]),
        price,
        multiplier,
        input_bound: bound.tokens,
        input_estimate: estimate_input_tokens(&request, bound),
        choices: request.choices,
        output_cap: if chance.below(2) == 0 { OutputCap::Exactly(cap) } else { OutputCap::AtMost(cap) },
        budgets: Vec::new(),
        time_limit_ms: 900_000,
    };
    let before = total_available(&books);
    let Ok(hold) = books.reserve(&call, NOW_MS).cloned() else {
        return if total_available(&books) == before {
            Ok(false)
        } else {
            Err("a refusal took something".into())
        };
    };
    let held = money_held(&hold);
    check(&books)?;
    let report = any_report(chance);
    let evidence = Evidence {
        input_bound: hold.input_bound,
        output_bound: hold.output_cap.saturating_mul(request.choices),
        estimated_input: hold.input_estimate,
        delivered: DeliveredOutput {
            text: TextSize { ascii: *chance.of(&[0, 1, 400, 1 << 40]), other: *chance.of(&[0, 1, 90]) },
            reasoning: TextSize { ascii: *chance.of(&[0, 0, 50]), other: 0 },
            audio_bytes: *chance.of(&[0, 0, 2_400, u64::MAX]),
            is_produced: chance.below(4) > 0,
        },
        is_complete: chance.below(3) > 0,
    };
    let usage = judge_usage(read_usage(report.as_bytes()).as_ref(), &evidence);
    if usage.input_tokens() > evidence.input_bound || usage.output_tokens() > evidence.output_bound {
        return Err(format!("beyond the bounds: {usage:?} of {report} for {body}"));
    }
    let cost = Cost::of(&usage, &price, multiplier);
    let settled =
        books.post(call.request, &cost, NOW_MS + 5).map_err(|refusal| format!("{refusal} for {report}"))?;
    check(&books)?;
    let wrong = settled.charged.nanos() < 0
        || settled.charged.nanos() > held
        || settled.cost.is_negative()
        || settled.operator_loss.is_negative()
        || books.accounts().any(|account| account.balance.debits_pending != 0)
        || total_available(&books) > before;
    if wrong {
        return Err(format!("{settled:?} of {held} held, for {report} on {body}"));
    }
    Ok(true)
}

fn any_request(chance: &mut Chance) -> String {
    let text = chance.of(&TEXTS).repeat(usize::try_from(chance.below(400)).unwrap());
    let mut body = format!(r#"{{"model":"model","messages":[{{"role":"user","content":"{text}"}}]"#);
    for name in ["max_tokens", "max_completion_tokens", "n"] {
        match chance.below(5) {
            // Plausible numbers, or too few calls would get anywhere.
            0 | 1 => body
                .push_str(&format!(r#","{name}":{}"#, 1 + chance.below(if name == "n" { 4 } else { 5_000 }))),
            2 if chance.below(3) == 0 => body.push_str(&format!(r#","{name}":{}"#, chance.of(&NUMBERS))),
            _ => {}
        }
    }
    body.push('}');
    body
}

fn any_report(chance: &mut Chance) -> String {
    let mut report = String::from("{\"x\":0");
    for name in USAGE_FIELDS {
        match chance.below(4) {
            0 => report.push_str(&format!(r#","{name}":{}"#, chance.of(&NUMBERS))),
            1 | 2 => report.push_str(&format!(r#","{name}":{}"#, chance.below(3_000))),
            _ => {}
        }
    }
    let mut details = |name: &str, fields: &[&str]| {
        if chance.below(3) == 0 {
            let field = chance.of(fields);
            let count = if chance.below(2) == 0 {
                chance.of(&NUMBERS).to_string()
            } else {
                chance.below(2_000).to_string()
            };
            report.push_str(&format!(r#","{name}":{{"{field}":{count}}}"#));
        }
    };
    details(
        "prompt_tokens_details",
        &["cached_tokens", "audio_tokens", "image_tokens", "cache_write_tokens"],
    );
    details("completion_tokens_details", &["reasoning_tokens", "audio_tokens", "image_tokens"]);
    report.push('}');
    report
}

fn any_price(chance: &mut Chance) -> Price {
    let mut rate = || {
        let nanos = *chance.of(&[0, 1, 150_000_000, 2_000_000_000, 15_000_000_000, 1_000_000_000_000_000]);
        Rate::from_nanos_per_million(nanos).unwrap()
    };
    let mut price = Price { input: rate(), output: rate(), ..Price::default() };
    (price.cache_read, price.cache_write_5m) = (Some(rate()), Some(rate()));
    (price.reasoning, price.audio_output, price.audio_input) = (Some(rate()), Some(rate()), Some(rate()));
    price
}

fn any_books(chance: &mut Chance, user: UserId) -> Books {
    let mut books = Books::default();
    let kinds = [
        (AccountKind::Cash, Unit::NanoUsd),
        (AccountKind::Gift, Unit::NanoUsd),
        (AccountKind::Grant, Unit::Tokens),
    ];
    for (number, (kind, unit)) in (1..).zip(kinds) {
        let mut account = Account::new(AccountId::new(1, [number; 10]), user, kind, unit);
        account.balance.credits_posted =
            *chance.of(&[0, 1, 999, 7_000_000, 1_000_000_000, i64::MAX / 4, i64::MAX / 4]);
        books.insert_account(account);
    }
    books
}

/// Nothing is overdrawn, and no transfer moves less than nothing.
fn check(books: &Books) -> Result<(), String> {
    let overdrawn = books.accounts().find(|account| account.balance.available() < 0);
    let backwards = books.transfers.iter().find(|transfer| transfer.amount <= 0);
    match (overdrawn, backwards) {
        (None, None) => Ok(()),
        wrong => Err(format!("{wrong:?}")),
    }
}

fn total_available(books: &Books) -> i64 {
    books.accounts().map(|account| account.balance.available()).sum()
}

fn money_held(hold: &waystation_ledger::Hold) -> i64 {
    let lines = hold.lines.iter().filter(|line| line.unit == Unit::NanoUsd);
    lines.map(|line| line.held).sum()
}

/// Pseudo-random numbers from a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }

    fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }
}
