//! Where nothing has to be converted, a relay changes no byte in either direction.

use serde_json::{Value, json};
use waystation_tests::{Chance, Step, document, stream_head};

use super::events::{DONE, USAGE};
use super::{Bed, join_all};
use crate::MODEL;

/// How many requests and answers are made up, unless `WAYSTATION_BODIES` says another number.
const BODIES: u64 = 150;

/// Requests and answers by chance.
struct Dice(Chance);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0.below(sides)
    }

    /// A JSON value as nobody's writer would write it.
    fn value(&mut self, depth: u64) -> String {
        let space = ["", " ", "\n", "\t  "][self.roll(4) as usize];
        match self.roll(if depth == 0 { 6 } else { 8 }) {
            0 => "null".to_owned(),
            1 => ["true", "false"][self.roll(2) as usize].to_owned(),
            2 => ["0", "-0", "1.50", "1e-7", "12345678901234567890", "3.141592653589793238"]
                [self.roll(6) as usize]
                .to_owned(),
            3..=5 => self.text(),
            6 => {
                let items: Vec<String> = (0..self.roll(4)).map(|_| self.value(depth - 1)).collect();
                format!("[{space}{}{space}]", items.join(&format!(",{space}")))
            }
            _ => {
                let names = ["a", "usage", "error", "model", "stream", "max_tokens", "\\u0061bc"];
                let count = self.roll(4) as usize;
                let from = self.roll(names.len() as u64) as usize;
                let members: Vec<String> = names
                    .iter()
                    .cycle()
                    .skip(from)
                    .take(count)
                    .map(|name| format!("\"x_{name}\"{space}:{space}{}", self.value(depth - 1)))
                    .collect();
                format!("{{{space}{}{space}}}", members.join(","))
            }
        }
    }

    fn text(&mut self) -> String {
        let letters = [
            "a",
            " ",
            "你",
            "👩‍👩‍👧",
            "\\n",
            "\\u4f60",
            "\\\"",
            "/",
            "\\/",
            "é",
            "data: [DONE]",
            "<",
            "\\ud83d\\ude00",
        ];
        let text: String =
            (0..self.roll(12)).map(|_| letters[self.roll(letters.len() as u64) as usize]).collect();
        format!("\"{text}\"")
    }

    /// A request that leaves nothing for us to fill in.
    fn request(&mut self, model: &str, streamed: bool) -> String {
        let mut fields = vec![
            format!("\"model\":  \"{model}\""),
            format!(
                "\"messages\" :[{{\"role\":\"user\",\"content\":{}}}, {{\"content\" : {},\"role\":\"assistant\"}}]",
                self.text(),
                self.text()
            ),
            "\"max_tokens\":\t64".to_owned(),
            format!("\"stream\": {streamed}"),
            format!("\"seed\":{}", self.roll(1_000)),
            format!("\"metadata_of_ours\":{}", self.value(3)),
            format!("\"x\":{}", self.value(2)),
        ];
        if streamed {
            fields.push("\"stream_options\":{ \"include_usage\" : true }".to_owned());
        }
        let turn = self.roll(fields.len() as u64) as usize;
        fields.rotate_left(turn);
        format!("{{ {} \n}}\n", fields.join(" ,"))
    }

    fn answer(&mut self) -> String {
        let (text, more, last) = (self.text(), self.value(3), self.value(2));
        format!(
            "{{ \"x_first\":{more} , \"choices\":[ {{\"index\":0,\"message\":{{\"content\":{text},\"x\":{last}}},\
             \"finish_reason\":\"stop\"}}],\n\"usage\":{{\"prompt_tokens\": 12,\"completion_tokens\":5}},\"x_last\":{last}}}\r\n"
        )
    }

    fn stream(&mut self) -> String {
        let mut stream = String::new();
        for _ in 0..=self.roll(6) {
            let (text, more) = (self.text(), self.value(2));
            let before =
                ["", ": a comment\n", "event: message\n", "id: 1\n", "retry: 5\n"][self.roll(5) as usize];
            let space = [" ", "", "  "][self.roll(3) as usize];
            stream.push_str(&format!(
                "{before}data:{space}{{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{text},\"x\":{more}}}}}]}}\n\n"
            ));
        }
        format!(
            "{stream}data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"end\"}}}}]}}\n\n{USAGE}{DONE}"
        )
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_need_no_conversion_pass_unchanged_in_both_directions() {
    let bed = Bed::start().await;
    let models: Vec<String> = (0..10).map(|lane| format!("lane-{lane}")).collect();
    for model in &models {
        bed.world.add_model(model, waystation_tests::price("2", "10", "0")).await;
    }
    let names: Vec<&str> = models.iter().map(String::as_str).collect();
    bed.world.add_channel(&bed.raw.base_url(), &names, 0).await;
    let mut chance = Chance::for_test("unchanged");
    let bodies = std::env::var("WAYSTATION_BODIES").map_or(BODIES, |count| count.parse().expect("a number"));
    let seeds: Vec<u64> = (0..bodies).map(|_| chance.below(u64::MAX)).collect();
    for batch in seeds.chunks(models.len()) {
        join_all(batch.iter().zip(&models).map(|(seed, model)| check(&bed, model, *seed))).await;
    }
    assert_eq!(bed.raw.total_calls() as u64, bodies);
}

async fn check(bed: &Bed, model: &str, seed: u64) {
    let mut dice = Dice(Chance::of_seed(seed));
    let streamed = dice.roll(2) == 0;
    let asked = dice.request(model, streamed);
    assert!(serde_json::from_str::<Value>(&asked).is_ok(), "seed {seed}: {asked}");
    let (script, said) = if streamed {
        let said = dice.stream();
        let size = 1 + dice.roll(200) as usize;
        let pieces = said.as_bytes().chunks(size).map(|piece| Step::Send(piece.to_vec()));
        (std::iter::once(stream_head()).chain(pieces).collect(), said)
    } else {
        let said = dice.answer();
        (document("200 OK", "", &said), said)
    };
    bed.raw.script(model, script);
    let response = bed.world.send(0, "/v1/chat/completions", &bed.key.secret, asked.clone()).await;
    let reply = waystation_tests::Reply::read(response).await.expect(200);
    let seen = bed.raw.last_body(model).expect("the call came through");
    assert_eq!(String::from_utf8_lossy(&seen), asked, "seed {seed}");
    assert_eq!(reply.text, said, "seed {seed}");
    let row = bed.world.request_row(&reply.request_id()).await;
    assert_eq!(
        (&row["status"], &row["usage"]["output_tokens"]),
        (&json!("ok"), &json!(5)),
        "seed {seed}: {row}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_must_change_does() {
    let bed = Bed::start().await;
    bed.raw.script(MODEL, document("200 OK", "", super::events::ANSWER));
    let asked =
        "{ \"messages\":[{\"role\":\"user\",\"content\":\"h\\u0069\"}],\"x\": 1.50 ,\"model\":\"echo\"}";
    let response = bed.world.send(0, "/v1/chat/completions", &bed.key.secret, asked.to_owned()).await;
    assert_eq!(response.status(), 200);
    let seen = String::from_utf8(bed.raw.last_body(MODEL).unwrap()).unwrap();
    // The caps that were missing, and nothing else.
    let without: String =
        seen.replace("\"max_tokens\":8192,", "").replace("\"max_completion_tokens\":8192,", "");
    assert_eq!(without, asked, "{seen}");
    assert_ne!(seen, asked);
}
