//! Nexmark events as NDJSON: nexmark_generate EVENTS OUT_DIR
//!
//! Writes person.ndjson, auction.ndjson, bid.ndjson, each in event-time order, and counts.json. 10,000 events are one
//! second of event time, from 2015-07-15T00:00:00Z on. The same number of events always gives the same files.
use nexmark::{config::NexmarkConfig, event::Event, EventGenerator};
use std::{
    env, fs,
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

const NAMES: [&str; 3] = ["person", "auction", "bid"];
const EVENTS_PER_SECOND: usize = 10_000;
const BASE_MS: u64 = 1_436_918_400_000;

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = env::args().collect();
    let [_, events, out] = arguments.as_slice() else {
        eprintln!("usage: nexmark_generate EVENTS OUT_DIR");
        std::process::exit(2);
    };
    let events: usize = events.parse().expect("EVENTS is a whole number");
    let out = Path::new(out);
    fs::create_dir_all(out)?;

    let config = NexmarkConfig {
        base_time: BASE_MS,
        first_rate: EVENTS_PER_SECOND,
        next_rate: EVENTS_PER_SECOND,
        out_of_order_group_size: 1,
        ..Default::default()
    };
    let mut files = Vec::new();
    for name in NAMES {
        files.push(BufWriter::with_capacity(1 << 20, File::create(out.join(format!("{name}.ndjson")))?));
    }
    let mut counts = [0u64; 3];
    for event in EventGenerator::new(config).take(events) {
        let kind = match &event {
            Event::Person(_) => 0,
            Event::Auction(_) => 1,
            Event::Bid(_) => 2,
        };
        match &event {
            Event::Person(person) => serde_json::to_writer(&mut files[kind], person)?,
            Event::Auction(auction) => serde_json::to_writer(&mut files[kind], auction)?,
            Event::Bid(bid) => serde_json::to_writer(&mut files[kind], bid)?,
        }
        files[kind].write_all(b"\n")?;
        counts[kind] += 1;
    }
    for file in &mut files {
        file.flush()?;
    }
    let shown: Vec<String> = NAMES.iter().zip(counts).map(|(name, count)| format!("\"{name}\": {count}")).collect();
    fs::write(out.join("counts.json"), format!("{{{}}}\n", shown.join(", ")))
}
