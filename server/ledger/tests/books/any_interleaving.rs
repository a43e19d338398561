//! Whatever happens in whatever order, the books balance and nobody is overdrawn.

use proptest::prelude::*;
use waystation_ledger::{
    AccountKind, Books, Budget, BudgetPeriod, Crashed, Direction, LostHold, MoveFunds, OutputCap, Refusal,
    Reserve, SystemAccount, Terms, TransferKind, Unit,
};

use crate::world::{
    NOW, account, account_id, budget_id, call, check, check_lines, cost_of, fund, request, user,
};

#[derive(Clone, Debug)]
enum Step {
    Reserve { call: u32, input: u64, cap: u64, flexible: bool, limited: bool },
    Post { call: u32, input: u64, output: u64 },
    Void { call: u32 },
    Expire { call: u32, rule: u8, input: u64 },
    Correct { call: u32, input: u64, output: u64 },
    Move { number: u32, account: u8, credit: bool, amount: i64 },
    ExpireAccount { number: u32, account: u8 },
    Wait { ms: i64 },
}

fn any_step() -> impl Strategy<Value = Step> {
    let call = 0..12_u32;
    prop_oneof![
        4 => (call.clone(), 0..3_000_u64, 1..2_000_u64, any::<bool>(), any::<bool>())
            .prop_map(|(call, input, cap, flexible, limited)| Step::Reserve { call, input, cap, flexible, limited }),
        3 => (call.clone(), 0..4_000_u64, 0..3_000_u64).prop_map(|(call, input, output)| Step::Post { call, input, output }),
        1 => call.clone().prop_map(|call| Step::Void { call }),
        1 => (call.clone(), 0..3_u8, 0..3_000_u64).prop_map(|(call, rule, input)| Step::Expire { call, rule, input }),
        1 => (call, 0..4_000_u64, 0..3_000_u64).prop_map(|(call, input, output)| Step::Correct { call, input, output }),
        1 => (1_000..9_000_u32, 1..6_u8, any::<bool>(), 1..20_000_000_i64)
            .prop_map(|(number, account, credit, amount)| Step::Move { number, account, credit, amount }),
        1 => (10_000..19_000_u32, 1..6_u8).prop_map(|(number, account)| Step::ExpireAccount { number, account }),
        1 => (0..400_i64).prop_map(|ms| Step::Wait { ms }),
    ]
}

fn start() -> Books {
    let mut books = Books::default();
    fund(&mut books, account(1, AccountKind::Cash, Unit::NanoUsd), 20_000_000);
    let mut gift = account(2, AccountKind::Gift, Unit::NanoUsd);
    gift.expires_at_ms = Some(NOW + 1_000);
    fund(&mut books, gift, 5_000_000);
    let mut tokens = account(3, AccountKind::Grant, Unit::Tokens);
    tokens.terms = Terms { weight_ppm: 1_300_000, ..Terms::default() };
    tokens.expires_at_ms = Some(NOW + 2_000);
    fund(&mut books, tokens, 4_000);
    let mut calls = account(4, AccountKind::Grant, Unit::Calls);
    calls.terms = Terms { tokens_per_call: Some(900), ..Terms::default() };
    fund(&mut books, calls, 3);
    fund(&mut books, account(5, AccountKind::Quota, Unit::NanoUsd), 3_000_000);
    let limit = "0.030".parse().unwrap();
    books.budgets.insert(budget_id(1), Budget { id: budget_id(1), period: BudgetPeriod::Day, limit });
    books
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_books_balance_after_every_step(steps in prop::collection::vec(any_step(), 1..60)) {
        let mut books = start();
        let mut lost: Vec<LostHold> = Vec::new();
        let mut ended = std::collections::BTreeSet::new();
        let mut moved = std::collections::BTreeSet::new();
        let mut now = NOW;
        for step in steps {
            match step {
                Step::Reserve { call: number, input, cap, flexible, limited } => {
                    if ended.contains(&number) { continue; }
                    let order = Reserve {
                        input_bound: input,
                        output_cap: if flexible { OutputCap::AtMost(cap) } else { OutputCap::Exactly(cap) },
                        budgets: if limited { vec![(budget_id(1), NOW)] } else { Vec::new() },
                        ..call(number, user(1))
                    };
                    let before = books.clone();
                    match books.reserve(&order, now).cloned() {
                        Ok(hold) => {
                            prop_assert!(hold.output_cap <= cap);
                            prop_assert_eq!(books.reserve(&order, now), Err(Refusal::AlreadyHeld));
                        }
                        Err(_) => prop_assert_eq!(format!("{before:?}"), format!("{books:?}")),
                    }
                }
                Step::Post { call: number, input, output } => {
                    let hold = books.holds.get(&request(number)).cloned();
                    match books.post(request(number), &cost_of(input, output), now) {
                        Ok(settled) => {
                            let hold = hold.unwrap();
                            ended.insert(number);
                            check_lines(&books, number, &settled);
                            for line in &settled.lines {
                                let held = hold.lines.iter().find(|held| held.account == line.account).unwrap();
                                prop_assert!(line.amount <= held.held, "posted above the hold");
                            }
                            let paid: i64 = settled.lines.iter().map(|line| line.list_value.nanos()).sum();
                            prop_assert_eq!(paid + settled.operator_loss.nanos(), settled.cost.nanos());
                            let within = input <= hold.input_bound && output <= hold.output_cap;
                            prop_assert!(!within || settled.operator_loss.nanos() == 0, "the bound was no bound");
                        }
                        Err(refusal) => prop_assert_eq!((refusal, hold), (Refusal::NoHold, None)),
                    }
                    prop_assert_eq!(books.post(request(number), &cost_of(input, output), now), Err(Refusal::NoHold));
                }
                Step::Void { call: number } => {
                    if let Ok(settled) = books.void(request(number), now) {
                        ended.insert(number);
                        prop_assert!(settled.lines.is_empty());
                    }
                }
                Step::Expire { call: number, rule, input } => {
                    let rule = [Crashed::Void, Crashed::Input, Crashed::FullHold][usize::from(rule)];
                    if let Ok(hold) = books.expire(request(number), rule, &cost_of(input, 0), now) {
                        check_lines(&books, number, &hold.settled);
                        ended.insert(number);
                        lost.push(hold);
                    }
                }
                Step::Correct { call: number, input, output } => {
                    if let Some(place) = lost.iter().position(|lost| lost.hold.request == request(number)) {
                        let lost = lost.remove(place);
                        let corrected = books.correct(&lost, &cost_of(input, output), now).unwrap();
                        prop_assert!(corrected.charged <= lost.hold.bound);
                        check_lines(&books, number, &corrected);
                    }
                }
                Step::Move { number, account, credit, amount } => {
                    if !moved.insert(number) { continue; }
                    let order = MoveFunds {
                        cause: request(number).uuid(),
                        user: user(1),
                        account: account_id(account),
                        counterpart: SystemAccount::Adjustments,
                        direction: if credit { Direction::Credit } else { Direction::Debit },
                        amount,
                        kind: TransferKind::Adjustment,
                    };
                    let _ = books.move_funds(&order, now);
                }
                Step::ExpireAccount { number, account } => {
                    if !moved.insert(number) { continue; }
                    books.expire_account(request(number).uuid(), account_id(account), now).unwrap();
                }
                Step::Wait { ms } => now += ms,
            }
            check(&books);
        }
    }
}
