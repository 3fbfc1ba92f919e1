// A rival over Kafka: the queries of this folder but `join` in Flink SQL, in one process, with state on the heap.
//
//   Flink drain QUERY GUARANTEE OUT_TOPIC   reads the inputs to their end twice: a round that warms the virtual machine up,
//                                           and one that is measured and writes OUT_TOPIC
//
// GUARANTEE: exactly-once or at-least-once. Properties: broker, state (folder), threads.
import java.lang.management.ManagementFactory;
import java.util.Locale;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;

public class Flink {
    static final String BROKER = System.getProperty("broker");
    static final String STATE = System.getProperty("state");

    static String query(String name) {
        return switch (name) {
            case "pass" -> "SELECT auction, bidder, price, date_time, extra FROM bid";
            case "filter" -> "SELECT auction, price FROM bid WHERE MOD(auction, 123) = 0";
            case "window" -> """
                SELECT auction, COUNT(*) AS bids, CAST(window_start AS TIMESTAMP_LTZ(3)) AS starttime
                FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY auction, window_start, window_end""";
            default -> throw new IllegalArgumentException(name);
        };
    }

    static String columns(String query) {
        return switch (query) {
            case "pass" -> "auction BIGINT, bidder BIGINT, price BIGINT, date_time BIGINT, extra STRING";
            case "filter" -> "auction BIGINT, price BIGINT";
            case "window" -> "auction BIGINT, bids BIGINT, starttime TIMESTAMP_LTZ(3)";
            default -> throw new IllegalArgumentException(query);
        };
    }

    static void source(StreamTableEnvironment tables) {
        tables.executeSql("""
            CREATE TABLE bid (auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, url STRING, date_time BIGINT,
              extra STRING, ts AS TO_TIMESTAMP_LTZ(date_time, 3), WATERMARK FOR ts AS ts - INTERVAL '4' SECOND) WITH (
              'connector' = 'kafka', 'format' = 'json', 'scan.startup.mode' = 'earliest-offset',
              'scan.bounded.mode' = 'latest-offset', 'properties.group.id' = 'flink',
              'properties.bootstrap.servers' = '%s', 'topic' = 'nx-bid')""".formatted(BROKER));
    }

    static void run(String query, String guarantee, String out, boolean report) throws Exception {
        int threads = Integer.getInteger("threads", 1);
        Configuration settings = new Configuration();
        settings.setString("state.backend.type", "hashmap");
        settings.setString("execution.checkpointing.interval", "100ms");
        settings.setString("execution.checkpointing.storage", "filesystem");
        settings.setString("execution.checkpointing.dir", "file://" + STATE + "/checkpoints");
        settings.setString("io.tmp.dirs", STATE + "/tmp");
        settings.setString("taskmanager.memory.managed.size", "256m");
        settings.setString("taskmanager.memory.network.min", "256m");
        settings.setString("taskmanager.memory.network.max", "256m");
        settings.setString("taskmanager.numberOfTaskSlots", String.valueOf(threads));
        settings.setString("pipeline.object-reuse", "true");
        settings.setString("rest.port", "0");
        StreamExecutionEnvironment environment = StreamExecutionEnvironment.createLocalEnvironment(threads, settings);
        StreamTableEnvironment tables = StreamTableEnvironment.create(environment, EnvironmentSettings.inStreamingMode());
        tables.getConfig().set("table.local-time-zone", "UTC");
        source(tables);
        tables.executeSql("CREATE TABLE product (" + columns(query) + """
            ) WITH ('connector' = 'kafka', 'key.format' = 'raw', 'key.fields' = 'auction', 'value.format' = 'json',
              'value.json.timestamp-format.standard' = 'ISO-8601', 'topic' = '%s', 'properties.bootstrap.servers' = '%s',
              'properties.linger.ms' = '5', 'properties.batch.size' = '131072', 'properties.compression.type' = 'lz4',
              'properties.transaction.timeout.ms' = '600000', 'sink.delivery-guarantee' = '%s'%s)"""
            .formatted(out, BROKER, guarantee,
                       guarantee.equals("exactly-once") ? ", 'sink.transactional-id-prefix' = '" + out + "'" : ""));
        var machine = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long cpu = machine.getProcessCpuTime(), start = System.nanoTime();
        tables.executeSql("INSERT INTO product " + query(query)).await();
        if (report)
            System.out.printf(Locale.ROOT, "MEASURED {\"wall\": %.3f, \"cpu\": %.3f}%n", (System.nanoTime() - start) / 1e9,
                              (machine.getProcessCpuTime() - cpu) / 1e9);
    }

    public static void main(String[] words) throws Exception {
        run(words[1], words[2], words[3] + "-warm", false);
        run(words[1], words[2], words[3], true);
        System.exit(0);
    }
}
