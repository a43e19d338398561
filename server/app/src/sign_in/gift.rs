//! What people are given for registering.

use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;
use waystation_ids::{AccountId, UserId};
use waystation_ledger::{Account, AccountKind, Direction, SystemAccount, TransferKind, Unit};
use waystation_pricing::Money;
use waystation_store::{AdjustmentRecord, FundsOrder, FundsTarget, Login};

use crate::adjustments::{audit_movement, refuse_movement};
use crate::audit_trail::Doer;
use crate::config::LiveConfig;
use crate::error::ApiError;
use crate::state::App;

/// Gives somebody what was promised for registering, if it has not been given. However often, and wherever it broke
/// off before, it is given once: the ids of its order and account are made of the person's.
pub(crate) async fn give_promised_gift(app: &App, user: UserId) -> Result<(), ApiError> {
    let facts = app.store.load_sign_in_facts(&Login::Id(user)).await?;
    let Some(nanos) = facts.and_then(|facts| facts.promised_gift_nanos).filter(|nanos| *nanos > 0) else {
        return Ok(());
    };
    let account = AccountId::from_uuid(made_of(user, b"sign-up gift account"));
    let order = FundsOrder {
        id: with_last_byte_zero(made_of(user, b"sign-up gift order")),
        user,
        target: FundsTarget::New(Box::new(Account::new(account, user, AccountKind::Gift, Unit::NanoUsd))),
        counterpart: SystemAccount::Promotions,
        direction: Direction::Credit,
        amount: nanos,
        kind: TransferKind::Grant,
        record: AdjustmentRecord {
            entered: None,
            reason_code: "sign_up_gift".to_owned(),
            note: "For registering".to_owned(),
            actor: None,
        },
        audit: Some(audit_movement(Doer::Server, "gift.sign_up", user, &json!({ "amount_nanos": nanos }))),
    };
    app.lanes.move_funds(order).await.map_err(refuse_movement)?;
    // Not before the books have it.
    Ok(app.store.clear_promised_gift(user).await?)
}

/// What somebody who registers now is promised.
pub(super) fn promised_gift_nanos(live: &LiveConfig) -> Option<i64> {
    Some(live.auth_sign_up_gift).filter(|gift| *gift > Money::ZERO).map(Money::nanos)
}

/// An id of the person's own time, so that it sorts where the person does, the rest of it made of person and purpose.
fn made_of(user: UserId, purpose: &[u8]) -> Uuid {
    let mut bytes = *user.uuid().as_bytes();
    let digest = Sha256::new().chain_update(purpose).chain_update(bytes).finalize();
    // Version and variant (RFC 9562, section 4) stay as they are.
    bytes[7] = digest[7];
    for (byte, made) in bytes.iter_mut().zip(digest).skip(9) {
        *byte = made;
    }
    Uuid::from_bytes(bytes)
}

fn with_last_byte_zero(uuid: Uuid) -> Uuid {
    let mut bytes = *uuid.as_bytes();
    bytes[15] = 0;
    Uuid::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use waystation_ids::Role;
    use waystation_store::{NewUser, Newcomer};

    use super::*;
    use crate::audit_trail::Deed;
    use crate::clock::now_ms;
    use crate::config::{Config, Flags, load_values};
    use crate::random::random_bytes;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_gift_is_given_once_by_whichever_sign_in_comes_first_after_a_crash() {
        let folder = std::env::temp_dir().join(format!("waystation-gift-{}", std::process::id()));
        let settings = vec![("data_dir".to_owned(), folder.display().to_string())];
        let values = load_values(&Flags { file: None, settings }, |_: &str| None).unwrap();
        let app = App::open(Config::from_values(&values).unwrap()).await.unwrap();
        // Entered, and then nothing more was done.
        let id = UserId::new(now_ms(), random_bytes().unwrap());
        let newcomer = Newcomer {
            user: NewUser {
                id,
                cash_account: AccountId::new(now_ms(), random_bytes().unwrap()),
                email: "ann@example.org".parse().unwrap(),
                username: None,
                display_name: "Ann".to_owned(),
                role: Role::User,
                password_hash: None,
                is_demo: false,
                identity: None,
            },
            is_email_verified: true,
            wanted_username: None,
            locale: None,
            invite: None,
            promised_gift_nanos: Some(500),
        };
        let entry = Deed { action: "user.register", target: None }.by_server();
        app.store.enter_newcomer(&newcomer, &[entry]).await.unwrap();
        let mut giving = tokio::task::JoinSet::new();
        for _ in 0..10 {
            let app = app.clone();
            giving.spawn(async move { give_promised_gift(&app, id).await.unwrap() });
        }
        giving.join_all().await;
        give_promised_gift(&app, id).await.unwrap();
        let accounts = app.store.list_accounts(id).await.unwrap();
        let gifts: Vec<i64> = accounts
            .iter()
            .filter(|account| account.kind == AccountKind::Gift)
            .map(|account| account.balance.credits_posted)
            .collect();
        assert_eq!(gifts, [500]);
        let facts = app.store.load_sign_in_facts(&Login::Id(id)).await.unwrap().unwrap();
        assert_eq!(facts.promised_gift_nanos, None);
        app.close().await.unwrap();
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_ids_of_a_gift_are_the_persons_own_and_the_same_each_time() {
        let (ann, ben) = (UserId::new(1_795_000_000_000, [1; 10]), UserId::new(1_795_000_000_000, [2; 10]));
        let id = |user| made_of(user, b"order");
        assert_eq!(id(ann), id(ann));
        assert_ne!(id(ann), id(ben));
        assert_ne!(id(ann), made_of(ann, b"account"));
        assert_ne!(id(ann), ann.uuid());
        assert_eq!(id(ann).as_bytes()[..6], ann.uuid().as_bytes()[..6]);
        assert_eq!(id(ann).get_version_num(), 7);
        assert_eq!(with_last_byte_zero(id(ann)).as_bytes()[15], 0);
    }
}
