//! What the command line asks for.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::database::DatabaseKind;
use crate::error::BenchError;

/// How to call this program.
pub(crate) const USAGE: &str = "\
usage: waystation-bench run [OPTION...]     measure and print tables
         --quick                 one round of two seconds each, to see that all works
         --only NAME,...         of: throughput, latency, steady, streams, idle, start, scale
         --databases NAME,...    of: sqlite, mysql, postgres; all whose address is given unless named
         --mysql-url URL         a MariaDB or MySQL server: mysql://user:password@host:port/database
         --postgres-url URL      a PostgreSQL server
         --rounds COUNT          interleaved rounds, five unless given
         --seconds COUNT         length of one measurement in a round, four unless given
         --server FILE           the server's binary, beside this one unless given
         --nginx FILE            nginx's binary
         --json                  print JSON instead of tables
       waystation-bench mock [--listen ADDRESS:PORT]
       waystation-bench load --address ADDRESS:PORT [--key SECRET,...] [--seconds COUNT]
         --callers COUNT         so many callers, each as fast as it is answered (the default, with 64)
         --rate COUNT            so many calls a second, whatever the answers do
         --streams COUNT         so many streams of twenty chunks a second
";

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Order {
    /// Measure everything asked for and report.
    Run(RunOptions),
    /// Be an upstream.
    Mock { listen: String },
    /// Put load on one address.
    Load(LoadOptions),
}

/// How to measure.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RunOptions {
    /// Which figures; all when empty.
    pub only: Vec<Figure>,
    /// Which databases, as far as their address is known.
    pub databases: Vec<DatabaseKind>,
    /// The address of a MariaDB or MySQL server.
    pub mysql_url: Option<String>,
    /// The address of a PostgreSQL server.
    pub postgres_url: Option<String>,
    /// Interleaved rounds.
    pub rounds: usize,
    /// The length of one measurement in a round.
    pub seconds: f64,
    /// Whether this is only to see that all works.
    pub is_quick: bool,
    /// The server's binary.
    pub server: Option<PathBuf>,
    /// nginx's binary.
    pub nginx: Option<PathBuf>,
    /// Whether to print JSON.
    pub json: bool,
}

/// What load to put where.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LoadOptions {
    /// Who is called.
    pub address: SocketAddr,
    /// The keys, taken in turn.
    pub keys: Vec<String>,
    /// For how long.
    pub seconds: f64,
    /// What kind of load.
    pub shape: LoadShape,
}

/// Kinds of load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoadShape {
    /// So many callers, each as fast as it is answered.
    Callers(usize),
    /// So many calls a second.
    Rate(u64),
    /// So many streams.
    Streams(u64),
}

/// A group of figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Figure {
    /// Calls a second and processor time a call.
    Throughput,
    /// What is added at 500 calls a second.
    Latency,
    /// 1,000 calls a second on every database.
    Steady,
    /// Chunk delay and memory of live streams.
    Streams,
    /// Memory of streams in which little happens.
    Idle,
    /// Memory and time at the start.
    Start,
    /// The cost of a call on a table of a million.
    Scale,
}

impl Figure {
    const ALL: [(&str, Figure); 7] = [
        ("throughput", Figure::Throughput),
        ("latency", Figure::Latency),
        ("steady", Figure::Steady),
        ("streams", Figure::Streams),
        ("idle", Figure::Idle),
        ("start", Figure::Start),
        ("scale", Figure::Scale),
    ];
}

impl RunOptions {
    /// Whether these figures are asked for.
    pub fn wants(&self, figure: Figure) -> bool {
        self.only.is_empty() || self.only.contains(&figure)
    }

    fn standard() -> RunOptions {
        RunOptions {
            only: Vec::new(),
            databases: DatabaseKind::ALL.map(|(_, kind)| kind).to_vec(),
            mysql_url: None,
            postgres_url: None,
            rounds: 5,
            seconds: 4.0,
            is_quick: false,
            server: None,
            nginx: None,
            json: false,
        }
    }
}

/// Reads the command line without the program's name.
pub(crate) fn read_arguments(words: &[String]) -> Result<Order, BenchError> {
    let (order, words) = words.split_first().ok_or_else(|| BenchError::new(USAGE))?;
    let mut words = words.iter();
    match order.as_str() {
        "run" => read_run(&mut words),
        "mock" => {
            let mut listen = "127.0.0.1:0".to_owned();
            while let Some(name) = words.next() {
                match name.as_str() {
                    "--listen" => listen = value_of(name, &mut words)?.to_owned(),
                    _ => return Err(unknown(name)),
                }
            }
            Ok(Order::Mock { listen })
        }
        "load" => read_load(&mut words),
        _ => Err(BenchError::new(USAGE)),
    }
}

type Words<'a> = std::slice::Iter<'a, String>;

fn read_run(words: &mut Words<'_>) -> Result<Order, BenchError> {
    let mut options = RunOptions::standard();
    while let Some(name) = words.next() {
        match name.as_str() {
            "--quick" => (options.is_quick, options.rounds, options.seconds) = (true, 1, 2.0),
            "--json" => options.json = true,
            "--only" => options.only = read_list(name, words, &Figure::ALL)?,
            "--databases" => options.databases = read_list(name, words, &DatabaseKind::ALL)?,
            // A variable that is not set arrives as an empty word.
            "--mysql-url" => options.mysql_url = Some(value_of(name, words)?.to_owned()),
            "--postgres-url" => options.postgres_url = Some(value_of(name, words)?.to_owned()),
            "--rounds" => options.rounds = number_of(name, words)?,
            "--seconds" => options.seconds = number_of(name, words)?,
            "--server" => options.server = Some(value_of(name, words)?.into()),
            "--nginx" => options.nginx = Some(value_of(name, words)?.into()),
            _ => return Err(unknown(name)),
        }
    }
    for url in [&mut options.mysql_url, &mut options.postgres_url] {
        if url.as_deref() == Some("") {
            *url = None;
        }
    }
    Ok(Order::Run(options))
}

fn read_load(words: &mut Words<'_>) -> Result<Order, BenchError> {
    let (mut address, mut keys, mut seconds) = (None, vec!["none".to_owned()], 5.0);
    let mut shape = LoadShape::Callers(64);
    while let Some(name) = words.next() {
        match name.as_str() {
            "--address" => address = Some(number_of(name, words)?),
            "--key" => keys = value_of(name, words)?.split(',').map(str::to_owned).collect(),
            "--seconds" => seconds = number_of(name, words)?,
            "--callers" => shape = LoadShape::Callers(number_of(name, words)?),
            "--rate" => shape = LoadShape::Rate(number_of::<u64>(name, words)?.max(1)),
            "--streams" => shape = LoadShape::Streams(number_of(name, words)?),
            _ => return Err(unknown(name)),
        }
    }
    let address = address.ok_or_else(|| BenchError::new("load needs --address"))?;
    Ok(Order::Load(LoadOptions { address, keys, seconds, shape }))
}

fn value_of<'a>(name: &str, words: &mut Words<'a>) -> Result<&'a str, BenchError> {
    words.next().map(String::as_str).ok_or_else(|| BenchError::new(format!("{name} needs a value")))
}

fn number_of<T: std::str::FromStr>(name: &str, words: &mut Words<'_>) -> Result<T, BenchError> {
    let text = value_of(name, words)?;
    text.parse().map_err(|_| BenchError::new(format!("{name} cannot be {text:?}")))
}

fn read_list<T: Copy>(name: &str, words: &mut Words<'_>, all: &[(&str, T)]) -> Result<Vec<T>, BenchError> {
    let find = |text: &str| {
        let found = all.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        found.ok_or_else(|| BenchError::new(format!("{name} knows no {text:?}")))
    };
    value_of(name, words)?.split(',').map(find).collect()
}

fn unknown(name: &str) -> BenchError {
    BenchError::new(format!("there is no {name}\n{USAGE}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Order, BenchError> {
        read_arguments(&text.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_quick_run_has_one_short_round() {
        let Ok(Order::Run(options)) = read("run --quick --only latency,idle --databases sqlite") else {
            panic!("it is a run")
        };
        assert_eq!((options.rounds, options.seconds, options.is_quick), (1, 2.0, true));
        assert!(options.wants(Figure::Idle) && !options.wants(Figure::Throughput));
        assert_eq!(options.databases, [DatabaseKind::Sqlite]);
    }

    #[test]
    fn an_address_that_is_not_set_is_none() {
        let words = ["run", "--mysql-url", "", "--postgres-url", "postgres://a"].map(str::to_owned);
        let Ok(Order::Run(options)) = read_arguments(&words) else { panic!("it is a run") };
        assert_eq!((options.mysql_url, options.postgres_url.as_deref()), (None, Some("postgres://a")));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for text in
            ["", "walk", "run --fast", "run --only speed", "run --rounds many", "run --rounds", "load"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
