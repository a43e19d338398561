//! Each rule of "sources and units in one call" by example.

use waystation_ledger::{
    AccountKind, Books, Budget, BudgetPeriod, Crashed, OutputCap, Refusal, Reserve, Terms, Unit, WhenUsed,
};
use waystation_pricing::Money;

use crate::world::{
    NOW, account, available, budget_id, call, cash, check, cost_of, fund, request, usd, user,
};

#[test]
fn a_call_holds_its_bound_and_posts_its_cost() {
    let mut books = Books::default();
    let cash = cash(&mut books, "1");
    // 1,000 in at 2 USD and 500 out at 10 USD a million.
    let hold = books.reserve(&call(1, user(1)), NOW).unwrap().clone();
    assert_eq!(hold.bound, usd("0.007"));
    assert_eq!(available(&books, cash), usd("0.993").nanos());
    let settled = books.post(request(1), &cost_of(400, 100), NOW).unwrap();
    assert_eq!(settled.cost, usd("0.0018"));
    assert_eq!(settled.charged, settled.cost);
    assert_eq!(available(&books, cash), usd("0.9982").nanos());
    assert_eq!(books.post(request(1), &cost_of(400, 100), NOW), Err(Refusal::NoHold));
    check(&books);
}

#[test]
fn an_overrun_is_the_operators_loss() {
    let mut books = Books::default();
    let cash = cash(&mut books, "1");
    books.reserve(&call(1, user(1)), NOW).unwrap();
    let settled = books.post(request(1), &cost_of(1_000, 5_000), NOW).unwrap();
    assert_eq!(settled.cost, usd("0.052"));
    assert_eq!(settled.charged, usd("0.007"));
    assert_eq!(settled.operator_loss, usd("0.045"));
    assert_eq!(available(&books, cash), usd("0.993").nanos());
    check(&books);
}

#[test]
fn a_balance_too_small_is_refused_with_the_affordable_cap() {
    let mut books = Books::default();
    cash(&mut books, "0.003");
    let refusal = books.reserve(&call(1, user(1)), NOW).unwrap_err();
    assert_eq!(
        refusal,
        Refusal::InsufficientBalance {
            needed: usd("0.007"),
            available: usd("0.003"),
            affordable_output: Some(100),
        }
    );
    check(&books);
}

#[test]
fn a_cap_that_was_not_given_shrinks_to_what_is_affordable() {
    let mut books = Books::default();
    cash(&mut books, "0.003");
    let free = Reserve { output_cap: OutputCap::AtMost(8_192), ..call(1, user(1)) };
    assert_eq!(books.reserve(&free, NOW).unwrap().output_cap, 100);
    check(&books);
}

#[test]
fn choices_multiply_the_hold() {
    let mut books = Books::default();
    cash(&mut books, "1");
    let three = Reserve { choices: 3, ..call(1, user(1)) };
    assert_eq!(books.reserve(&three, NOW).unwrap().bound, usd("0.017"));
}

#[test]
fn a_calls_grant_pays_a_whole_call_and_never_splits() {
    let mut books = Books::default();
    let cash = cash(&mut books, "1");
    let mut grant = account(2, AccountKind::Grant, Unit::Calls);
    grant.terms = Terms { tokens_per_call: Some(1_500), ..Terms::default() };
    let grant = fund(&mut books, grant, 1);
    books.reserve(&call(1, user(1)), NOW).unwrap();
    assert_eq!(available(&books, grant), 0);
    assert_eq!(available(&books, cash), usd("1").nanos());
    // The grant is used up: the next call is money's.
    books.reserve(&call(2, user(1)), NOW).unwrap();
    let settled = books.post(request(1), &cost_of(900, 400), NOW).unwrap();
    assert_eq!((settled.cost, settled.charged), (usd("0.0058"), Money::ZERO));
    assert_eq!(settled.lines[0].list_value, settled.cost);
    check(&books);
}

#[test]
fn a_call_above_the_plans_tokens_per_call_is_not_the_grants() {
    let mut books = Books::default();
    cash(&mut books, "1");
    let mut grant = account(2, AccountKind::Grant, Unit::Calls);
    grant.terms = Terms { tokens_per_call: Some(1_499), ..Terms::default() };
    let grant = fund(&mut books, grant, 5);
    books.reserve(&call(1, user(1)), NOW).unwrap();
    assert_eq!(available(&books, grant), 5);
}

#[test]
fn token_grants_cover_the_dearest_tokens_and_cash_the_rest() {
    let mut books = Books::default();
    let cash = cash(&mut books, "1");
    let grant = fund(&mut books, account(2, AccountKind::Grant, Unit::Tokens), 600);
    let hold = books.reserve(&call(1, user(1)), NOW).unwrap().clone();
    // 900 of 1,500 tokens are left for money, held as if they were the dearest: 500 out and 400 in.
    assert_eq!(hold.lines[0].held, 600);
    assert_eq!(hold.lines[1].held, usd("0.0058").nanos());
    let settled = books.post(request(1), &cost_of(1_000, 200), NOW).unwrap();
    // The grant takes 200 out and 400 in; 600 in are paid.
    assert_eq!(settled.charged, usd("0.0012"));
    assert_eq!(settled.cost, usd("0.004"));
    assert_eq!(settled.lines[0].list_value, usd("0.0028"));
    assert_eq!(available(&books, grant), 0);
    assert_eq!(available(&books, cash), usd("0.9988").nanos());
    check(&books);
}

#[test]
fn a_weight_counts_plan_tokens_rounded_up() {
    let mut books = Books::default();
    cash(&mut books, "1");
    let mut grant = account(2, AccountKind::Grant, Unit::Tokens);
    grant.terms = Terms { weight_ppm: 1_500_000, ..Terms::default() };
    let grant = fund(&mut books, grant, 10_000);
    books.reserve(&call(1, user(1)), NOW).unwrap();
    assert_eq!(available(&books, grant), 10_000 - 2_250);
    books.post(request(1), &cost_of(1, 0), NOW).unwrap();
    assert_eq!(available(&books, grant), 10_000 - 2);
    check(&books);
}

#[test]
fn sources_are_used_by_expiry_and_cash_last() {
    let mut books = Books::default();
    let cash = cash(&mut books, "0.001");
    let mut late = account(2, AccountKind::Gift, Unit::NanoUsd);
    late.expires_at_ms = Some(NOW + 2_000);
    let mut soon = account(3, AccountKind::Gift, Unit::NanoUsd);
    soon.expires_at_ms = Some(NOW + 1_000);
    let mut over = account(4, AccountKind::Gift, Unit::NanoUsd);
    over.expires_at_ms = Some(NOW);
    let late = fund(&mut books, late, usd("0.003").nanos());
    let soon = fund(&mut books, soon, usd("0.004").nanos());
    let over = fund(&mut books, over, usd("9").nanos());
    books.reserve(&call(1, user(1)), NOW).unwrap();
    assert_eq!(available(&books, soon), 0);
    assert_eq!(available(&books, late), 0);
    assert_eq!(available(&books, cash), usd("0.001").nanos());
    assert_eq!(available(&books, over), usd("9").nanos());
    check(&books);
}

#[test]
fn a_quota_for_other_models_pays_nothing() {
    let mut books = Books::default();
    let cash = cash(&mut books, "1");
    let mut quota = account(2, AccountKind::Quota, Unit::NanoUsd);
    quota.terms = Terms { models: Some(vec!["opus".to_owned()]), ..Terms::default() };
    let quota = fund(&mut books, quota, usd("1").nanos());
    books.reserve(&call(1, user(1)), NOW).unwrap();
    assert_eq!(available(&books, quota), usd("1").nanos());
    assert_eq!(available(&books, cash), usd("0.993").nanos());
}

#[test]
fn a_used_quota_that_refuses_keeps_cash_out_of_reach() {
    let mut books = Books::default();
    cash(&mut books, "1");
    let mut quota = account(2, AccountKind::Quota, Unit::NanoUsd);
    quota.terms = Terms { when_used: WhenUsed::Refuse, ..Terms::default() };
    fund(&mut books, quota, usd("0.005").nanos());
    let refusal = books.reserve(&call(1, user(1)), NOW).unwrap_err();
    assert!(matches!(refusal, Refusal::InsufficientBalance { available, .. } if available == usd("0.005")));
    check(&books);
}

#[test]
fn what_a_void_gives_back_to_an_expired_account_expires() {
    let mut books = Books::default();
    let mut gift = account(2, AccountKind::Gift, Unit::NanoUsd);
    gift.expires_at_ms = Some(NOW + 10);
    let gift = fund(&mut books, gift, usd("0.010").nanos());
    books.reserve(&call(1, user(1)), NOW).unwrap();
    assert_eq!(books.expire_account(request(900).uuid(), gift, NOW + 10), Ok(usd("0.003").nanos()));
    books.void(request(1), NOW + 20).unwrap();
    assert_eq!(available(&books, gift), 0);
    check(&books);
}

#[test]
fn a_budget_refuses_what_it_cannot_bear_and_counts_list_cost() {
    let mut books = Books::default();
    cash(&mut books, "1");
    let budget = Budget { id: budget_id(1), period: BudgetPeriod::Day, limit: usd("0.010") };
    books.budgets.insert(budget.id, budget);
    let limited = |number| Reserve { budgets: vec![(budget_id(1), NOW)], ..call(number, user(1)) };
    books.reserve(&limited(1), NOW).unwrap();
    let refusal = books.reserve(&limited(2), NOW).unwrap_err();
    assert!(matches!(refusal, Refusal::BudgetExceeded { left, .. } if left == usd("0.003")));
    books.post(request(1), &cost_of(500, 100), NOW).unwrap();
    assert_eq!(books.spending[&(budget_id(1), NOW)].spent, usd("0.002"));
    books.reserve(&limited(2), NOW).unwrap();
    check(&books);
}

#[test]
fn a_lost_call_is_the_operators_loss_and_a_late_settlement_corrects_it() {
    let mut books = Books::default();
    let cash = cash(&mut books, "1");
    books.reserve(&call(1, user(1)), NOW).unwrap();
    let lost = books.expire(request(1), Crashed::Void, &cost_of(800, 0), NOW).unwrap();
    assert_eq!(lost.settled.charged, Money::ZERO);
    assert_eq!(lost.settled.operator_loss, usd("0.0016"));
    assert_eq!(available(&books, cash), usd("1").nanos());
    let corrected = books.correct(&lost, &cost_of(800, 300), NOW).unwrap();
    assert_eq!((corrected.cost, corrected.charged), (usd("0.0046"), usd("0.0046")));
    assert_eq!(available(&books, cash), usd("0.9954").nanos());
    check(&books);
}

#[test]
fn a_correction_takes_no_more_than_is_available() {
    let mut books = Books::default();
    let cash = cash(&mut books, "0.008");
    books.reserve(&call(1, user(1)), NOW).unwrap();
    let lost = books.expire(request(1), Crashed::Void, &cost_of(0, 0), NOW).unwrap();
    books.reserve(&call(2, user(1)), NOW).unwrap();
    let corrected = books.correct(&lost, &cost_of(1_000, 400), NOW).unwrap();
    assert_eq!(corrected.charged, usd("0.001"));
    assert_eq!(corrected.operator_loss, usd("0.005"));
    assert_eq!(available(&books, cash), 0);
    check(&books);
}

/// What a call's transfers moved out of an account, less what they brought back.
fn moved(books: &Books, account: waystation_ids::AccountId, number: u32) -> i64 {
    let of_call = books.transfers.iter().filter(|transfer| transfer.id.cause() == request(number).uuid());
    of_call
        .filter(|transfer| transfer.kind != waystation_ledger::TransferKind::Expiry)
        .map(|transfer| match () {
            () if transfer.debit == account => transfer.amount,
            () if transfer.credit == account => -transfer.amount,
            () => 0,
        })
        .sum()
}

#[test]
fn a_correction_gives_back_what_expiry_took_too_much() {
    let mut books = Books::default();
    let mut gift = account(2, AccountKind::Gift, Unit::NanoUsd);
    gift.expires_at_ms = Some(NOW + 10);
    let gift = fund(&mut books, gift, usd("0.005").nanos());
    let cash = cash(&mut books, "1");
    books.reserve(&call(1, user(1)), NOW).unwrap();
    let lost = books.expire(request(1), Crashed::FullHold, &cost_of(0, 0), NOW).unwrap();
    assert_eq!(lost.settled.charged, usd("0.007"));
    let corrected = books.correct(&lost, &cost_of(400, 100), NOW + 10).unwrap();
    assert_eq!((corrected.charged, corrected.operator_loss), (usd("0.0018"), Money::ZERO));
    assert_eq!(moved(&books, gift, 1), usd("0.0018").nanos());
    assert_eq!(moved(&books, cash, 1), 0);
    // What comes back to the gift, which has expired meanwhile, runs out at once.
    assert_eq!(available(&books, gift), 0);
    assert_eq!(available(&books, cash), usd("1").nanos());
    check(&books);
}

#[test]
fn a_full_hold_is_worth_its_list_price_whatever_pays_it() {
    for calls in [1, 0] {
        let mut books = Books::default();
        cash(&mut books, "1");
        if calls > 0 {
            fund(&mut books, account(2, AccountKind::Grant, Unit::Calls), calls);
        }
        fund(&mut books, account(3, AccountKind::Grant, Unit::Tokens), 200);
        fund(&mut books, account(4, AccountKind::Grant, Unit::Tokens), 100);
        books.reserve(&call(1, user(1)), NOW).unwrap();
        let settled = books.expire(request(1), Crashed::FullHold, &cost_of(0, 0), NOW).unwrap().settled;
        assert_eq!(settled.cost, usd("0.007"));
        let worth: Money = settled.lines.iter().map(|line| line.list_value).sum();
        assert_eq!(worth, settled.cost, "{settled:?}");
        check(&books);
    }
}

#[test]
fn an_overrun_paid_by_a_grant_does_not_break_a_budget() {
    let mut books = Books::default();
    fund(&mut books, account(2, AccountKind::Grant, Unit::Calls), 1);
    let budget = Budget { id: budget_id(1), period: BudgetPeriod::Day, limit: usd("0.007") };
    books.budgets.insert(budget.id, budget);
    books.reserve(&Reserve { budgets: vec![(budget_id(1), NOW)], ..call(1, user(1)) }, NOW).unwrap();
    let settled = books.post(request(1), &cost_of(1_000, 5_000), NOW).unwrap();
    assert_eq!(settled.cost, usd("0.052"));
    assert_eq!(books.spending[&(budget_id(1), NOW)].spent, usd("0.007"));
}

#[test]
fn a_budget_admits_its_last_nano_and_no_more() {
    for (limit, admitted) in [("0.007", true), ("0.006999999", false)] {
        let mut books = Books::default();
        cash(&mut books, "1");
        let budget = Budget { id: budget_id(1), period: BudgetPeriod::Day, limit: usd(limit) };
        books.budgets.insert(budget.id, budget);
        let limited = Reserve { budgets: vec![(budget_id(1), NOW)], ..call(1, user(1)) };
        assert_eq!(books.reserve(&limited, NOW).is_ok(), admitted, "{limit}");
    }
}

#[test]
fn what_never_expires_is_used_last_of_its_kind() {
    let mut books = Books::default();
    let lasting = fund(&mut books, account(2, AccountKind::Gift, Unit::NanoUsd), usd("1").nanos());
    let mut ending = account(3, AccountKind::Gift, Unit::NanoUsd);
    ending.expires_at_ms = Some(NOW + 1);
    let ending = fund(&mut books, ending, usd("1").nanos());
    books.reserve(&call(1, user(1)), NOW).unwrap();
    assert_eq!(available(&books, lasting), usd("1").nanos());
    assert_eq!(available(&books, ending), usd("0.993").nanos());
}

#[test]
fn a_token_grant_that_refuses_once_used_keeps_money_out_of_reach() {
    let mut books = Books::default();
    cash(&mut books, "1");
    let mut grant = account(2, AccountKind::Grant, Unit::Tokens);
    grant.terms = Terms { when_used: WhenUsed::Refuse, ..Terms::default() };
    fund(&mut books, grant, 1_499);
    let refusal = books.reserve(&call(1, user(1)), NOW).unwrap_err();
    assert!(
        matches!(refusal, Refusal::InsufficientBalance { affordable_output: Some(499), .. }),
        "{refusal:?}"
    );
    let shorter = Reserve { output_cap: OutputCap::Exactly(499), ..call(1, user(1)) };
    books.reserve(&shorter, NOW).unwrap();
}

#[test]
fn a_correction_counts_once_against_its_budget() {
    let mut books = Books::default();
    cash(&mut books, "1");
    let budget = Budget { id: budget_id(1), period: BudgetPeriod::Day, limit: usd("1") };
    books.budgets.insert(budget.id, budget);
    books.reserve(&Reserve { budgets: vec![(budget_id(1), NOW)], ..call(1, user(1)) }, NOW).unwrap();
    let lost = books.expire(request(1), Crashed::Input, &cost_of(500, 0), NOW).unwrap();
    assert_eq!(books.spending[&(budget_id(1), NOW)].spent, usd("0.001"));
    books.correct(&lost, &cost_of(400, 100), NOW).unwrap();
    assert_eq!(books.spending[&(budget_id(1), NOW)].spent, usd("0.0018"));
    check(&books);
}

#[test]
fn many_nearly_empty_gifts_do_not_keep_cash_from_paying() {
    let mut books = Books::default();
    let cash = cash(&mut books, "1");
    for number in 10..100 {
        fund(&mut books, account(number, AccountKind::Gift, Unit::NanoUsd), 1);
    }
    let hold = books.reserve(&call(1, user(1)), NOW).unwrap();
    assert_eq!(hold.lines.last().unwrap().account, cash);
    books.post(request(1), &cost_of(1_000, 500), NOW).unwrap();
    check(&books);
}
