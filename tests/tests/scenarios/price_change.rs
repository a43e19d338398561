//! A bill is written in the price that was shown when the call came in.

use std::time::Duration;

use serde_json::{Value, json};
use waystation_tests::{Behaviour, DatabaseKind, MockUpstream, World, eventually, nanos, price};

use crate::{HONEST_COST, MODEL, question, streamed_question};

#[tokio::test(flavor = "multi_thread")]
async fn a_price_changed_between_hold_and_settlement_does_not_change_the_bill() {
    for kind in DatabaseKind::available() {
        let world = World::start(kind);
        let mock = MockUpstream::start().await;
        let model = world.add_model(MODEL, price("2", "10", "0.001")).await;
        world.add_channel(&mock.base_url(), &[MODEL], 0).await;
        mock.script(MODEL, Behaviour::gated());
        let key = world.add_customer("1").await;

        let (plain, streamed, ()) = tokio::join!(
            world.chat(&key.secret, question(MODEL)),
            world.chat(&key.secret, streamed_question(MODEL)),
            async {
                let both_in = async || (mock.call_count(MODEL) == 2).then_some(());
                eventually("both calls are on their way", Duration::from_secs(20), both_in).await;
                world.set_price(&model, price("200", "1000", "0.1")).await;
                mock.open_gate();
            },
        );
        // The history says which price counted when, and the bill by which it was written.
        let history = world.get(&format!("/api/admin/models/{model}/prices")).await;
        let [new, old] = &history["items"].as_array().unwrap()[..] else { panic!("{history}") };
        assert_eq!((&old["is_current"], &new["is_current"]), (&json!(false), &json!(true)));
        assert_eq!((&old["effective_until"], &new["effective_until"]), (&new["effective_at"], &Value::Null));
        let changed = new["changes"].as_array().unwrap().iter().map(|change| change["field"].clone());
        let fields = ["input_per_million", "output_per_million", "per_request"];
        assert_eq!(changed.collect::<Vec<_>>(), fields.map(Value::from));
        assert_eq!(
            (&new["changes"][0]["before"], &new["changes"][0]["after"]),
            (&old[fields[0]], &new[fields[0]])
        );
        for reply in [plain.expect(200), streamed.expect(200)] {
            let row = world.request_row(&reply.request_id()).await;
            assert_eq!(nanos(row["charged"].as_str().unwrap()), nanos(HONEST_COST), "{row}");
            assert_eq!(
                (&row["price_version_id"], &row["is_priced_by_lines"]),
                (&old["id"], &json!(true)),
                "{row}"
            );
            let rates =
                row["price_lines"].as_array().unwrap().iter().filter_map(|line| line["per_million"].as_str());
            assert_eq!(rates.map(nanos).collect::<Vec<_>>(), [nanos("2"), nanos("10")], "{row}");
        }
        world.assert_balance(&key.user_id, "0.997852").await;

        let after = world.chat(&key.secret, question(MODEL)).await.expect(200);
        let row = world.request_row(&after.request_id()).await;
        assert_eq!(
            nanos(row["charged"].as_str().unwrap()),
            100 * nanos(HONEST_COST),
            "the new price is in force: {row}"
        );
    }
}
