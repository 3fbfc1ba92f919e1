// Makes topics and writes records to them, for tests of the command.
//
// usage: braid_topic_tool BROKERS make TOPIC PARTITIONS
//        braid_topic_tool BROKERS put TOPIC PARTITION    a record for each line of the standard input
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

int put(braid::Broker& broker, const std::string& topic, int32_t partition) {
  auto writer = broker.make_writer({});
  if (!writer.ok()) return failed(writer.error().message);
  std::string line;
  for (int64_t count = 0; std::getline(std::cin, line); ++count) {
    const auto status =
        (*writer)->write({.place = {topic, partition}, .key = {}, .value = line, .timestamp_ms = count});
    if (!status.ok()) return failed(status.error().message);
  }
  const auto status = (*writer)->flush(kPatience);
  return status.ok() ? 0 : failed(status.error().message);
}

}  // namespace

int main(int count, char** words) {
  if (count != 5) return failed("see the usage");
  const auto load = braid::kafka::load_kafka();
  if (!load.ok()) return failed(load.error().message);
  auto broker = (*load)({words[1], "braid-test", {}});
  if (!broker.ok()) return failed(broker.error().message);
  const std::string action = words[2];
  const int32_t number = std::stoi(words[4]);
  return action == "make" ? make(**broker, words[3], number) : put(**broker, words[3], number);
}
