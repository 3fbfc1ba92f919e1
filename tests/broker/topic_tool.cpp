// Makes topics and writes records to them, for tests of the command.
//
// usage: braid_topic_tool BROKERS make TOPIC PARTITIONS
//        braid_topic_tool BROKERS put TOPIC PARTITION [TRACEPARENT]
//                                                      a record for each line of the standard input
//        braid_topic_tool BROKERS list                   the names of all topics
//        braid_topic_tool BROKERS read TOPIC [headers]   values that are committed, a line each, with their headers
#include <cstdio>
#include <iostream>

#include "runtime/connect/kafka/load/load.h"

namespace {

constexpr int64_t kPatience = 30'000'000;

int failed(const std::string& why) {
  std::fprintf(stderr, "braid_topic_tool: %s\n", why.c_str());
  return 1;
}

int make(braid::Broker& broker, const std::string& topic, int32_t partitions) {
  const braid::NewTopic made{topic, partitions, -1, {}};
  const auto status = broker.create_topics({&made, 1}, kPatience);
  return status.ok() ? 0 : failed(status.error().message);
}

int put(braid::Broker& broker, const std::string& topic, int32_t partition, const char* trace) {
  auto writer = broker.make_writer({});
  if (!writer.ok()) return failed(writer.error().message);
  std::string line;
  const braid::RecordHeader header{"traceparent", trace == nullptr ? "" : trace};
  for (int64_t count = 0; std::getline(std::cin, line); ++count) {
    const auto status =
        (*writer)->write({.place = {topic, partition},
                          .key = {},
                          .value = line,
                          .headers = trace == nullptr ? std::span<const braid::RecordHeader>() : std::span(&header, 1),
                          .timestamp_ms = count});
    if (!status.ok()) return failed(status.error().message);
  }
  const auto status = (*writer)->flush(kPatience);
  return status.ok() ? 0 : failed(status.error().message);
}

int list(braid::Broker& broker) {
  const auto names = broker.topics(kPatience);
  if (!names.ok()) return failed(names.error().message);
  for (const std::string& name : *names) std::printf("%s\n", name.c_str());
  return 0;
}

int read(braid::Broker& broker, const std::string& topic, bool headers) {
  const auto found = broker.describe({&topic, 1}, kPatience);
  if (!found.ok()) return failed(found.error().message);
  if (found->empty()) return failed("there is no topic " + topic);
  auto reader = broker.make_reader({.group = "topic-tool"});
  if (!reader.ok()) return failed(reader.error().message);
  for (int32_t partition = 0; partition < found->front().partitions; ++partition) {
    const braid::TopicPartition place{topic, partition};
    if (const auto begun = (*reader)->start(place, 0); !begun.ok()) return failed(begun.error().message);
    while (true) {
      const auto fetched = (*reader)->fetch(place, 100);
      if (!fetched.ok() && fetched.error().fault != braid::BrokerFault::retry) return failed(fetched.error().message);
      if (fetched.ok() && fetched->batch)
        for (const braid::BrokerRecord& each : fetched->batch->records()) {
          std::printf("%s", std::string(each.value.value_or("")).c_str());
          for (const braid::RecordHeader& header : each.headers)
            if (headers)
              std::printf("\t%s=%s", std::string(header.name).c_str(), std::string(header.value.value_or("")).c_str());
          std::printf("\n");
        }
      else if (fetched.ok() && fetched->end)
        break;
      else
        (*reader)->wait(100'000);
    }
  }
  return 0;
}

}  // namespace

int main(int count, char** words) {
  if (count < 3) return failed("see the usage");
  const auto load = braid::kafka::load_kafka();
  if (!load.ok()) return failed(load.error().message);
  auto broker = (*load)({words[1], "braid-test", {}});
  if (!broker.ok()) return failed(broker.error().message);
  const std::string action = words[2];
  if (action == "list" && count == 3) return list(**broker);
  if (action == "read" && (count == 4 || count == 5)) return read(**broker, words[3], count == 5);
  if (count != 5 && count != 6) return failed("see the usage");
  const int32_t number = std::stoi(words[4]);
  return action == "make" ? make(**broker, words[3], number)
                          : put(**broker, words[3], number, count == 6 ? words[5] : nullptr);
}
