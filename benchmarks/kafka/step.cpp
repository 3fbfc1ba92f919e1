// The rival over Kafka by hand, of the queries that keep nothing: librdkafka and simdjson, one thread beside the
// library's own. It keeps no offsets, and a record that is sent twice stays twice.
//
//   braid_compare_kafka BROKERS pass|filter IN OUT
//
// Reads IN from its start to the ends that it has, and writes OUT, which must be there.
#include <rdkafka.h>
#include <simdjson.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace {

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "braid_compare_kafka: %s\n", what);
  std::exit(1);
}

rd_kafka_t* make(rd_kafka_type_t type, const std::vector<std::pair<const char*, const char*>>& settings) {
  char reason[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : settings)
    if (rd_kafka_conf_set(conf, name, value, reason, sizeof(reason)) != RD_KAFKA_CONF_OK) fail(reason);
  rd_kafka_t* client = rd_kafka_new(type, conf, reason, sizeof(reason));
  if (client == nullptr) fail(reason);
  return client;
}

struct Query {
  bool filters;
  std::string row;

  /// Whether the bid gives a row.
  bool run(simdjson::ondemand::document& bid) {
    const int64_t auction = bid["auction"];
    if (filters && auction % 123 != 0) return false;
    row = "{\"auction\":" + std::to_string(auction);
    if (!filters) row += ",\"bidder\":" + std::to_string(int64_t(bid["bidder"]));
    row += ",\"price\":" + std::to_string(int64_t(bid["price"]));
    if (!filters) {
      row += ",\"date_time\":" + std::to_string(int64_t(bid["date_time"]));
      row += ",\"extra\":\"";
      row += std::string_view(bid["extra"]);
      row += '"';
    }
    row += '}';
    return true;
  }
};

}  // namespace

int main(int count, char** words) {
  if (count != 5) fail("see the head of step.cpp");
  Query query{std::string_view(words[2]) == "filter", {}};
  rd_kafka_t* consumer = make(RD_KAFKA_CONSUMER, {{"bootstrap.servers", words[1]},
                                                  {"group.id", "by-hand"},
                                                  {"enable.auto.commit", "false"},
                                                  {"enable.partition.eof", "true"},
                                                  {"fetch.queue.backoff.ms", "5"},
                                                  {"queued.max.messages.kbytes", "65536"},
                                                  {"fetch.message.max.bytes", "4194304"}});
  rd_kafka_t* producer = make(RD_KAFKA_PRODUCER, {{"bootstrap.servers", words[1]},
                                                  {"linger.ms", "5"},
                                                  {"batch.size", "262144"},
                                                  {"queue.buffering.max.messages", "2000000"},
                                                  {"queue.buffering.max.kbytes", "1048576"},
                                                  {"compression.type", "lz4"},
                                                  {"enable.idempotence", "true"}});
  rd_kafka_topic_t* out = rd_kafka_topic_new(producer, words[4], nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  rd_kafka_topic_t* in = rd_kafka_topic_new(consumer, words[3], nullptr);
  if (rd_kafka_metadata(consumer, 0, in, &metadata, 30'000) != RD_KAFKA_RESP_ERR_NO_ERROR || metadata->topic_cnt != 1)
    fail("cannot find the topic");
  const int partitions = metadata->topics[0].partition_cnt;
  rd_kafka_metadata_destroy(metadata);
  rd_kafka_topic_partition_list_t* places = rd_kafka_topic_partition_list_new(partitions);
  for (int i = 0; i < partitions; ++i)
    rd_kafka_topic_partition_list_add(places, words[3], i)->offset = RD_KAFKA_OFFSET_BEGINNING;
  rd_kafka_assign(consumer, places);
  rd_kafka_queue_t* queue = rd_kafka_queue_get_consumer(consumer);
  simdjson::ondemand::parser parser;
  std::vector<rd_kafka_message_t*> messages(5'000);
  std::string padded;
  int ended = 0;
  while (ended < partitions) {
    const ssize_t taken = rd_kafka_consume_batch_queue(queue, 100, messages.data(), messages.size());
    for (ssize_t i = 0; i < taken; ++i) {
      rd_kafka_message_t* message = messages[static_cast<size_t>(i)];
      if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        ++ended;
      } else if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        fail(rd_kafka_message_errstr(message));
      } else {
        if (padded.size() < message->len + simdjson::SIMDJSON_PADDING)
          padded.resize(message->len + simdjson::SIMDJSON_PADDING);
        std::memcpy(padded.data(), message->payload, message->len);
        simdjson::ondemand::document bid = parser.iterate(padded.data(), message->len, padded.size());
        if (query.run(bid))
          while (rd_kafka_produce(out, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, query.row.data(), query.row.size(),
                                  message->key, message->key_len, nullptr) != 0) {
            if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) fail("cannot write");
            rd_kafka_poll(producer, 10);
          }
      }
      rd_kafka_message_destroy(message);
    }
    rd_kafka_poll(producer, 0);
  }
  if (rd_kafka_flush(producer, 60'000) != RD_KAFKA_RESP_ERR_NO_ERROR) fail("not all is written");
  rd_kafka_queue_destroy(queue);
  rd_kafka_topic_partition_list_destroy(places);
  rd_kafka_topic_destroy(in);
  rd_kafka_topic_destroy(out);
  rd_kafka_consumer_close(consumer);
  rd_kafka_destroy(consumer);
  rd_kafka_destroy(producer);
}
