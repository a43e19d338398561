use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use waystation_ids::{Role, UserId};
use waystation_store::{
    AuditActor, AuditActorKind, AuditCheck, AuditEntry, AuditFilter, AuditFinding, AuditKind, AuditOutcome,
    DatabaseKind, Pace, Store, StoreError, VerifiedRow,
};

use crate::database::{audit_entry, audited, connect, enter, for_each_database, new_user};
use crate::fresh_database::{now_ms, random};

/// So many rows, each with something in every field.
async fn fill(store: &Store, rows: usize) {
    let user = UserId::new(now_ms(), random());
    for number in 1..=rows {
        let entry = AuditEntry {
            actor: AuditActor { kind: AuditActorKind::Token, user: Some(user), role: Some(Role::Admin) },
            client_ip: Some("203.0.113.5".to_owned()),
            target: Some(("user".to_owned(), format!("usr_{number}"))),
            before: Some("{\"role\":\"user\"}".to_owned()),
            after: Some("{\"role\":\"admin\"}".to_owned()),
            request_id: Some(format!("req_{number}")),
            ..audit_entry("user.update")
        };
        store.append_audit_entry(&entry).await.unwrap();
    }
}

/// Changes the log behind the store's back, as whoever has the database can.
struct Forger {
    raw: DatabaseConnection,
    quote: char,
}

impl Forger {
    async fn new(store: &Store, url: &str) -> Self {
        let quote = if store.kind() == DatabaseKind::MySql { '`' } else { '"' };
        Forger { raw: Database::connect(url).await.unwrap(), quote }
    }

    async fn run(&self, sql: &str) {
        self.raw.execute_unprepared(&sql.replace('"', &self.quote.to_string())).await.unwrap();
    }

    async fn finish(self) {
        self.raw.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_untouched_log_is_whole() {
    for_each_database(|store, _| async move {
        assert_eq!(store.check_audit_log().await.unwrap(), AuditCheck::Whole(0));
        fill(&store, 5).await;
        assert_eq!(store.check_audit_log().await.unwrap(), AuditCheck::Whole(5));
        let rows = store.list_audit_rows(&AuditFilter::default(), None, 9).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.sequence).collect::<Vec<_>>(), [5, 4, 3, 2, 1]);
        assert_eq!(rows[4].previous_hash, [0; 32]);
        assert!(rows.windows(2).all(|pair| pair[0].previous_hash == pair[1].hash));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_field_is_found() {
    for_each_database(|store, url| async move {
        fill(&store, 4).await;
        let forger = Forger::new(&store, &url).await;
        for (field, forged) in [
            ("at_ms", "at_ms + 1"),
            ("actor_id", "NULL"),
            ("actor_role", "'owner'"),
            ("actor_role", "NULL"),
            ("actor_role", "'nobody'"),
            ("actor_kind", "'cookie'"),
            ("client_ip", "'203.0.113.6'"),
            ("action", "'user.show'"),
            ("target_kind", "'key'"),
            ("target_kind", "NULL"),
            ("target_id", "'usr_9'"),
            ("before", "'{\"role\":\"owner\"}'"),
            ("after", "NULL"),
            ("request_id", "''"),
        ] {
            forger.run("CREATE TABLE kept AS SELECT * FROM audit_log WHERE sequence = 2").await;
            let sql = format!("UPDATE audit_log SET \"{field}\" = {forged} WHERE sequence = 2");
            // The quotes of a JSON text are no quotes of a name.
            forger.raw.execute_unprepared(&quoted(&sql, field, forger.quote)).await.unwrap();
            assert_eq!(store.check_audit_log().await.unwrap(), AuditCheck::Broken(2), "{field} = {forged}");
            forger.run("DELETE FROM audit_log WHERE sequence = 2").await;
            forger.run("INSERT INTO audit_log SELECT * FROM kept").await;
            forger.run("DROP TABLE kept").await;
            assert_eq!(store.check_audit_log().await.unwrap(), AuditCheck::Whole(4), "{field}");
        }
        // A row whose own hash was made anew no longer fits the one after it; the last no longer fits the end.
        forger.run("UPDATE audit_log SET hash = previous_hash WHERE sequence = 4").await;
        assert_eq!(store.check_audit_log().await.unwrap(), AuditCheck::Broken(4));
        forger.finish().await;
    })
    .await;
}

fn quoted(sql: &str, field: &str, quote: char) -> String {
    sql.replacen(&format!("\"{field}\""), &format!("{quote}{field}{quote}"), 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_row_is_found() {
    for_each_database(|store, url| async move {
        fill(&store, 5).await;
        let forger = Forger::new(&store, &url).await;
        forger.run("DELETE FROM audit_log WHERE sequence = 3").await;
        assert_eq!(store.check_audit_log().await.unwrap(), AuditCheck::Broken(3));
        // Moving the others up does not hide it.
        forger.run("UPDATE audit_log SET sequence = 3 WHERE sequence = 4").await;
        forger.run("UPDATE audit_log SET sequence = 4 WHERE sequence = 5").await;
        assert_eq!(store.check_audit_log().await.unwrap(), AuditCheck::Broken(3));
        forger.finish().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_end_is_found() {
    for_each_database(|store, url| async move {
        fill(&store, 5).await;
        let forger = Forger::new(&store, &url).await;
        forger.run("DELETE FROM audit_log WHERE sequence > 3").await;
        assert_eq!(store.check_audit_log().await.unwrap(), AuditCheck::Broken(4));
        forger.run("DELETE FROM audit_log").await;
        assert_eq!(store.check_audit_log().await.unwrap(), AuditCheck::Broken(1));
        forger.finish().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chain_is_followed_from_where_it_was_found_right() {
    for_each_database(|store, url| async move {
        let start = VerifiedRow::default();
        let follow = async |from, known| store.follow_audit_log(from, known, Pace::Gentle).await.unwrap();
        assert_eq!(follow(start, start).await, Ok(start));
        fill(&store, 5).await;
        let fifth = follow(start, start).await.unwrap();
        assert_eq!(fifth.sequence, 5);
        assert_eq!(follow(fifth, fifth).await, Ok(fifth));
        fill(&store, 2).await;
        let seventh = follow(fifth, fifth).await.unwrap();
        assert_eq!(seventh.sequence, 7);
        let forger = Forger::new(&store, &url).await;
        // What lies before is seen when everything is read.
        forger.run("UPDATE audit_log SET action = 'user.show' WHERE sequence = 3").await;
        assert_eq!(follow(fifth, fifth).await, Ok(seventh));
        assert_eq!(follow(start, fifth).await, Err(3));
        forger.run("UPDATE audit_log SET action = 'user.update' WHERE sequence = 3").await;
        forger.run("UPDATE audit_log SET action = 'user.show' WHERE sequence = 6").await;
        assert_eq!(follow(fifth, fifth).await, Err(6));
        forger.finish().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_written_anew_with_its_hashes_is_found_by_what_is_known_of_it() {
    for_each_database(|store, url| async move {
        let start = VerifiedRow::default();
        fill(&store, 3).await;
        let known = store.follow_audit_log(start, start, Pace::AtOnce).await.unwrap().unwrap();
        let forger = Forger::new(&store, &url).await;
        for sql in ["DELETE FROM audit_log", "DELETE FROM audit_log_head"] {
            forger.run(sql).await;
        }
        // Whole in itself, and shorter, as long or longer.
        for (rows, broken) in [(2, 3), (1, 3), (1, 3)] {
            fill(&store, rows).await;
            let verdict = store.follow_audit_log(start, known, Pace::AtOnce).await.unwrap();
            assert_eq!(verdict, Err(broken));
            assert!(matches!(store.check_audit_log().await.unwrap(), AuditCheck::Whole(_)));
            assert!(store.follow_audit_log(known, known, Pace::AtOnce).await.unwrap().is_err());
        }
        forger.finish().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_check_found_is_kept_in_place_of_the_one_before() {
    for_each_database(|store, _| async move {
        assert_eq!(store.list_audit_outcomes().await.unwrap(), []);
        assert_eq!(store.load_audit_outcome(AuditKind::Ledger).await.unwrap(), None);
        let log = AuditOutcome {
            kind: AuditKind::AuditLog,
            checked_at_ms: 7,
            whole_at_ms: Some(5),
            findings: 0,
            first_finding: None,
            verified: Some(VerifiedRow { sequence: 9, hash: [200; 32] }),
        };
        let finding = AuditFinding { code: "account_sum".to_owned(), subject: "acc_1".to_owned() };
        let ledger = AuditOutcome {
            kind: AuditKind::Ledger,
            whole_at_ms: None,
            findings: 3,
            first_finding: Some(finding),
            verified: None,
            ..log.clone()
        };
        let later = AuditOutcome { checked_at_ms: 8, findings: 0, first_finding: None, ..ledger.clone() };
        for outcome in [&log, &ledger] {
            store.save_audit_outcome(outcome).await.unwrap();
            assert_eq!(store.load_audit_outcome(outcome.kind).await.unwrap().as_ref(), Some(outcome));
        }
        store.save_audit_outcome(&later).await.unwrap();
        assert_eq!(store.list_audit_outcomes().await.unwrap(), [later, log]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn swapped_rows_are_found() {
    for_each_database(|store, url| async move {
        fill(&store, 5).await;
        let forger = Forger::new(&store, &url).await;
        forger.run("UPDATE audit_log SET sequence = 99 WHERE sequence = 2").await;
        forger.run("UPDATE audit_log SET sequence = 2 WHERE sequence = 3").await;
        forger.run("UPDATE audit_log SET sequence = 3 WHERE sequence = 99").await;
        assert_eq!(store.check_audit_log().await.unwrap(), AuditCheck::Broken(2));
        forger.finish().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_appends_at_once_make_one_chain() {
    for_each_database(|store, url| async move {
        let second = connect(&url).await;
        let mut appending = tokio::task::JoinSet::new();
        for number in 0..200 {
            let store = if number % 2 == 0 { store.clone() } else { second.clone() };
            appending.spawn(async move { store.append_audit_entry(&audit_entry("test")).await });
        }
        while let Some(ended) = appending.join_next().await {
            ended.unwrap().unwrap();
        }
        assert_eq!(store.check_audit_log().await.unwrap(), AuditCheck::Whole(200), "{url}");
        let rows = store.list_audit_rows(&AuditFilter::default(), None, 300).await.unwrap();
        let hashes: BTreeSet<[u8; 32]> = rows.iter().map(|row| row.hash).collect();
        assert_eq!(hashes.len(), 200);
        second.close().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_there_if_and_only_if_its_change_is() {
    for_each_database(|store, _| async move {
        enter(&store, "ann@example.org", Role::User).await;
        let again = store.create_user(&new_user("ann@example.org", Role::User), &audited()).await;
        assert!(matches!(again, Err(StoreError::Taken("email"))));
        assert_eq!(store.check_audit_log().await.unwrap(), AuditCheck::Whole(1));
        let nobody = UserId::new(1, [1; 10]);
        assert!(store.update_user(nobody, Role::User, &Default::default(), &audited()).await.is_err());
        assert_eq!(store.check_audit_log().await.unwrap(), AuditCheck::Whole(1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_filtered_by_each_field_and_paged() {
    for_each_database(|store, _| async move {
        let ann = UserId::new(now_ms(), random());
        for (action, actor, target) in [
            ("user.create", Some(ann), "usr_1"),
            ("user.update", None, "usr_1"),
            ("user_update", None, "usr_2"),
            ("userxupdate", None, "usr_2"),
            ("key.create", Some(ann), "key_1"),
        ] {
            let actor = AuditActor { kind: AuditActorKind::Token, user: actor, role: None };
            let target = Some(("thing".to_owned(), target.to_owned()));
            store.append_audit_entry(&AuditEntry { actor, target, ..audit_entry(action) }).await.unwrap();
        }
        let list = |filter: AuditFilter, before, limit| {
            let store = store.clone();
            async move {
                let rows = store.list_audit_rows(&filter, before, limit).await.unwrap();
                let count = store.count_audit_rows(&filter).await.unwrap();
                (rows.into_iter().map(|row| row.sequence).collect::<Vec<_>>(), count)
            }
        };
        let all = AuditFilter::default();
        assert_eq!(list(all.clone(), None, 2).await, (vec![5, 4], 5));
        assert_eq!(list(all.clone(), Some(4), 2).await, (vec![3, 2], 5));
        let action = |start: &str| AuditFilter { action: Some(start.to_owned()), ..AuditFilter::default() };
        assert_eq!(list(action("user."), None, 9).await, (vec![2, 1], 2));
        assert_eq!(list(action("user_"), None, 9).await, (vec![3], 1));
        assert_eq!(list(action("user"), None, 9).await.1, 4);
        for nothing in ["%", "_", "!", "\\", "' OR 1=1 --"] {
            assert_eq!(list(action(nothing), None, 9).await, (vec![], 0), "{nothing}");
        }
        let of_ann = AuditFilter { actor: Some(ann), ..AuditFilter::default() };
        assert_eq!(list(of_ann, None, 9).await, (vec![5, 1], 2));
        let target = AuditFilter { target: Some("usr_2".to_owned()), ..AuditFilter::default() };
        assert_eq!(list(target, None, 9).await, (vec![4, 3], 2));
        let later = AuditFilter { from_ms: Some(now_ms() + 60_000), ..AuditFilter::default() };
        assert_eq!(list(later, None, 9).await, (vec![], 0));
        let earlier = AuditFilter { until_ms: Some(now_ms() + 60_000), ..AuditFilter::default() };
        assert_eq!(list(earlier, None, 9).await.1, 5);
    })
    .await;
}
