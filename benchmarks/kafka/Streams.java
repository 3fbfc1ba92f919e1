// The rival over Kafka: the queries of this folder in Kafka Streams, with its RocksDB stores.
//
//   Streams drain QUERY GUARANTEE OUT_TOPIC   reads the inputs to their end twice: a round that warms the virtual machine
//                                             up, and one that is measured and writes OUT_TOPIC
//   Streams serve QUERY GUARANTEE OUT_TOPIC   goes on until standard input is closed
//
// GUARANTEE: exactly_once_v2 or at_least_once. Properties: broker, state (folder), threads, inputs (begin of the names of
// the topics that are read).
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.processor.TimestampExtractor;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.WindowStore;

public class Streams {
    static final String BROKER = System.getProperty("broker");
    static final String INPUTS = System.getProperty("inputs", "nx-");
    static final ObjectMapper JSON = new ObjectMapper().configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);

    public record Bid(long auction, long bidder, long price, String channel, String url, long date_time, String extra) {}
    public record Auction(long id, String item_name, String description, long initial_bid, long reserve, long date_time, long expires, long seller, long category, String extra) {}
    public record Passed(long auction, long bidder, long price, long date_time, String extra) {}
    public record Selected(long auction, long price) {}
    public record Counted(long auction, long bids, long starttime) {}
    public record Joint(long auction, long bidder, long price, long bid_date_time, String item_name, String description, long initial_bid, long reserve, long expires, long seller, long category) {}

    static <T> Serde<T> json(Class<T> type) {
        return Serdes.serdeFrom((topic, value) -> {
            try {
                return value == null ? null : JSON.writeValueAsBytes(value);
            } catch (Exception e) {
                throw new RuntimeException(e);
            }
        }, (topic, bytes) -> {
            try {
                return bytes == null ? null : JSON.readValue(bytes, type);
            } catch (Exception e) {
                throw new RuntimeException(e);
            }
        });
    }

    /** Event time is the field; what has no field has the time of its record. */
    static final class EventTime implements TimestampExtractor {
        @Override
        public long extract(ConsumerRecord<Object, Object> record, long partitionTime) {
            if (record.value() instanceof Bid bid) return bid.date_time;
            if (record.value() instanceof Auction auction) return auction.date_time;
            return record.timestamp();
        }
    }

    static final LongAdder READ = new LongAdder();
    static final Serde<String> KEY = Serdes.String();

    static <T> KStream<String, T> read(StreamsBuilder builder, String topic, Class<T> type) {
        return builder.stream(topic, Consumed.with(KEY, json(type)).withTimestampExtractor(new EventTime())).peek((key, value) -> READ.increment());
    }

    static void topology(StreamsBuilder builder, String query, String out) {
        switch (query) {
            case "pass" -> read(builder, INPUTS + "bid", Bid.class)
                .mapValues(bid -> new Passed(bid.auction, bid.bidder, bid.price, bid.date_time, bid.extra))
                .to(out, Produced.with(KEY, json(Passed.class)));
            case "filter" -> read(builder, INPUTS + "bid", Bid.class)
                .filter((key, bid) -> bid.auction % 123 == 0)
                .mapValues(bid -> new Selected(bid.auction, bid.price))
                .to(out, Produced.with(KEY, json(Selected.class)));
            case "window" -> read(builder, INPUTS + "bid", Bid.class)
                .mapValues(bid -> new byte[0])
                .groupByKey(Grouped.with(KEY, Serdes.ByteArray()))
                .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofSeconds(10), Duration.ofSeconds(4)))
                .emitStrategy(EmitStrategy.onWindowClose())
                .count(Materialized.<String, Long, WindowStore<Bytes, byte[]>>as("counts").withKeySerde(KEY).withValueSerde(Serdes.Long()))
                .toStream()
                .map((window, count) -> new KeyValue<>(window.key(), new Counted(Long.parseLong(window.key()), count, window.window().start())))
                .to(out, Produced.with(KEY, json(Counted.class)));
            case "join" -> {
                KTable<String, Auction> auctions = read(builder, INPUTS + "auction", Auction.class)
                    .toTable(Materialized.<String, Auction, KeyValueStore<Bytes, byte[]>>as("auctions").withKeySerde(KEY).withValueSerde(json(Auction.class)));
                read(builder, INPUTS + "bid", Bid.class)
                    .join(auctions, (bid, a) -> new Joint(bid.auction, bid.bidder, bid.price, bid.date_time, a.item_name, a.description, a.initial_bid, a.reserve, a.expires, a.seller, a.category),
                          Joined.with(KEY, json(Bid.class), json(Auction.class)))
                    .to(out, Produced.with(KEY, json(Joint.class)));
            }
            default -> throw new IllegalArgumentException(query);
        }
    }

    static List<String> inputs(String query) {
        return query.equals("join") ? List.of(INPUTS + "auction", INPUTS + "bid") : List.of(INPUTS + "bid");
    }

    static Properties properties(Object... pairs) {
        Properties all = new Properties();
        all.put("bootstrap.servers", BROKER);
        for (int i = 0; i < pairs.length; i += 2) all.put(pairs[i], pairs[i + 1]);
        return all;
    }

    static KafkaStreams streams(String query, String guarantee, String application, String out) {
        Properties properties = properties("application.id", application, "num.stream.threads", System.getProperty("threads", "1"),
            "processing.guarantee", guarantee, "commit.interval.ms", "100", "statestore.cache.max.bytes", "67108864",
            "state.dir", System.getProperty("state"), "auto.offset.reset", "earliest", "replication.factor", "1",
            "producer.linger.ms", "5", "producer.batch.size", "131072", "producer.compression.type", "lz4", "topology.optimization", "all");
        StreamsBuilder builder = new StreamsBuilder();
        topology(builder, query, out);
        return new KafkaStreams(builder.build(properties), new StreamsConfig(properties));
    }

    static long end(Admin admin, String topic) throws Exception {
        int count = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size();
        return admin.listOffsets(IntStream.range(0, count).boxed().collect(Collectors.toMap(i -> new TopicPartition(topic, i), i -> OffsetSpec.latest())))
            .all().get().values().stream().mapToLong(each -> each.offset()).sum();
    }

    static double cpu() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime() / 1e9;
    }

    static void drain(String query, String guarantee, String target) throws Exception {
        try (Admin admin = Admin.create(properties())) {
            long all = 0;
            for (String topic : inputs(query)) all += end(admin, topic);
            int partitions = admin.describeTopics(inputs(query)).allTopicNames().get().get(INPUTS + "bid").partitions().size();
            for (int round = 0; round < 2; round++) {
                String out = round == 0 ? target + "-warm" : target;
                admin.createTopics(List.of(new NewTopic(out, partitions, (short) 1))).all().get();
                READ.reset();
                KafkaStreams streams = streams(query, guarantee, out + "-app", out);
                double cpu = cpu();
                long began = System.nanoTime(), fed = 0, grown = 0, before = -1;
                streams.start();
                while (true) {
                    Thread.sleep(20);
                    long now = System.nanoTime(), written = end(admin, out);
                    if (written != before) grown = now;
                    before = written;
                    if (fed == 0 && READ.sum() >= all) fed = now;
                    // What is written last is committed within the interval.
                    if (fed != 0 && now - Math.max(fed, grown) > 1_000_000_000L) break;
                    if (now - began > 300_000_000_000L) throw new IllegalStateException("not at the end after 300 s");
                }
                double used = cpu() - cpu;
                streams.close(Duration.ofSeconds(20));
                streams.cleanUp();
                if (round == 1)
                    System.out.printf(Locale.ROOT, "MEASURED {\"wall\": %.3f, \"cpu\": %.3f}%n", (Math.max(fed, grown) - began) / 1e9, used);
            }
        }
    }

    public static void main(String[] args) throws Exception {
        if (args[0].equals("drain")) {
            drain(args[1], args[2], args[3]);
        } else {
            KafkaStreams streams = streams(args[1], args[2], args[3] + "-app", args[3]);
            streams.start();
            while (System.in.read() >= 0) { }
            streams.close(Duration.ofSeconds(20));
            streams.cleanUp();
        }
        System.exit(0);
    }
}
