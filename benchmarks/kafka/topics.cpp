// Topics for the comparison over Kafka, through the engine's own client.
//
//   braid_bench_topics BROKERS load TOPIC PARTITIONS KEY FILE   makes the topic; a record for each line, whose key is
//   the
//                                                               number in the line's field KEY
//   braid_bench_topics BROKERS dump TOPIC                       committed values, a line each
//   braid_bench_topics BROKERS latency IN OUT RATE SECONDS FILE sends the lines of FILE to IN at a rate, with the time
//   at
//                                                               which each is due as its field `extra`, its last; reads
//                                                               OUT, and prints percentiles of the time until a row is
//                                                               read. The first ten seconds do not count.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <thread>
#include <vector>

#include "runtime/connect/kafka/load/load.h"

namespace {

using namespace braid;
using Clock = std::chrono::steady_clock;

constexpr int64_t kPatience = 60'000'000;
constexpr int kWarmSeconds = 10;

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "braid_bench_topics: %s\n", why.c_str());
  std::exit(1);
}
void check(const BrokerStatus& status) {
  if (!status.ok()) fail(status.error().message);
}
template <class T>
T check(BrokerResult<T> result) {
  if (!result.ok()) fail(result.error().message);
  return std::move(*result);
}

std::unique_ptr<Broker> connect(const char* brokers) {
  const auto load = kafka::load_kafka();
  if (!load.ok()) fail(load.error().message);
  return check((*load)({brokers, "braid-benchmark", {}}));
}

int32_t partitions_of(Broker& broker, const std::string& topic) {
  const auto found = check(broker.describe({&topic, 1}, kPatience));
  if (found.empty()) fail("no topic " + topic);
  return found.front().partitions;
}

/// The digits behind `"name":`.
std::string_view number_in(std::string_view line, const std::string& name) {
  const size_t at = line.find('"' + name + "\":");
  if (at == std::string_view::npos) fail("no field " + name);
  const size_t begin = line.find_first_of("-0123456789", at + name.size() + 3);
  return line.substr(begin, line.find_first_not_of("-0123456789", begin) - begin);
}

class Sender {
 public:
  Sender(Broker& broker, std::string topic, int64_t linger_us)
      : writer_(check(broker.make_writer({.linger_us = linger_us}))),
        topic_(std::move(topic)),
        partitions_(partitions_of(broker, topic_)) {}
  void send(std::string_view key, std::string_view value, int64_t timestamp_ms) {
    const NewRecord record{.place = {topic_, partition_of_key(key, partitions_)},
                           .key = key,
                           .value = value,
                           .timestamp_ms = timestamp_ms};
    BrokerStatus written = writer_->write(record);
    while (!written.ok() && written.error().fault == BrokerFault::retry) {  // the queue is full
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      written = writer_->write(record);
    }
    check(written);
  }
  void flush() { check(writer_->flush(kPatience)); }

 private:
  std::unique_ptr<BrokerWriter> writer_;
  std::string topic_;
  int32_t partitions_;
};

/// Calls `take` with each committed value; `goes_on(at_end)` is asked between fetches.
template <class Take, class GoesOn>
void read(Broker& broker, const std::string& topic, const Take& take, const GoesOn& goes_on) {
  const auto reader = check(broker.make_reader({.group = "braid-benchmark", .queued_bytes = 8 << 20}));
  std::vector<TopicPartition> places;
  for (int32_t i = 0; i < partitions_of(broker, topic); ++i) places.push_back({topic, i});
  for (const TopicPartition& place : places) check(reader->start(place, 0));
  bool at_end = false;
  while (goes_on(at_end)) {
    at_end = true;
    bool any = false;
    for (const TopicPartition& place : places) {
      auto fetched = reader->fetch(place, 4096);
      if (!fetched.ok() && fetched.error().fault == BrokerFault::retry) {
        at_end = false;
        continue;
      }
      const auto found = check(std::move(fetched));
      at_end &= found.batch == nullptr && found.end.has_value();
      if (found.batch == nullptr) continue;
      any = true;
      for (const BrokerRecord& record : found.batch->records())
        if (record.value) take(*record.value);
    }
    if (!any) reader->wait(10'000);
  }
}

void load(Broker& broker, const std::string& topic, int32_t partitions, const std::string& key, const char* path) {
  const NewTopic made{topic, partitions, -1, {{"retention.ms", "-1"}}};
  check(broker.create_topics({&made, 1}, kPatience));
  Sender sender(broker, topic, 20'000);
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const std::string time(number_in(line, "date_time"));
    sender.send(number_in(line, key), line, std::stoll(time));
  }
  sender.flush();
}

void measure_latency(const char* brokers, const std::string& in, const std::string& out, int64_t rate, int seconds,
                     const char* path) {
  std::atomic<bool> sent = false;
  std::vector<int64_t> latencies;
  Clock::time_point counts_from{};
  std::atomic<bool> begun = false;
  std::thread reading([&] {
    const auto broker = connect(brokers);
    Clock::time_point last = Clock::now();
    read(
        *broker, out,
        [&](std::string_view value) {
          last = Clock::now();
          const auto due = Clock::time_point(Clock::duration(std::stoll(std::string(number_in(value, "extra")))));
          if (begun && due >= counts_from)
            latencies.push_back(std::chrono::duration_cast<std::chrono::microseconds>(last - due).count());
        },
        [&](bool) { return !sent || Clock::now() - last < std::chrono::seconds(3); });
  });
  const auto broker = connect(brokers);
  Sender sender(*broker, in, 1'000);
  std::ifstream file(path);
  const Clock::time_point start = Clock::now() + std::chrono::seconds(1);
  counts_from = start + std::chrono::seconds(kWarmSeconds);
  begun = true;
  std::string line, value;
  int64_t late = 0;
  for (int64_t i = 0; i < rate * (seconds + kWarmSeconds); ++i) {
    if (!std::getline(file, line)) {
      file.clear();
      file.seekg(0);
      std::getline(file, line);
    }
    const Clock::time_point due = start + std::chrono::nanoseconds(i * 1'000'000'000 / rate);
    Clock::time_point now = Clock::now();
    if (due - now > std::chrono::microseconds(500)) std::this_thread::sleep_until(due);
    late += now - due > std::chrono::milliseconds(50);
    value.assign(line, 0, line.find("\"extra\":"));
    value += "\"extra\":\"" + std::to_string(due.time_since_epoch().count()) + "\"}";
    sender.send(number_in(line, "auction"), value, 0);
  }
  sender.flush();
  sent = true;
  reading.join();
  std::sort(latencies.begin(), latencies.end());
  if (latencies.empty()) fail("no row was read");
  auto at = [&](double part) {
    return static_cast<double>(latencies[static_cast<size_t>(part * static_cast<double>(latencies.size() - 1))]) / 1000;
  };
  std::printf(
      "MEASURED {\"rows\": %zu, \"late\": %lld, \"p50\": %.1f, \"p99\": %.1f, \"p99.9\": %.1f, \"max\": %.1f}\n",
      latencies.size(), static_cast<long long>(late), at(0.5), at(0.99), at(0.999), at(1));
}

}  // namespace

int main(int count, char** words) {
  const std::string action = count > 2 ? words[2] : "";
  if (action == "load" && count == 7) {
    load(*connect(words[1]), words[3], std::atoi(words[4]), words[5], words[6]);
  } else if (action == "dump" && count == 4) {
    std::ios::sync_with_stdio(false);
    read(
        *connect(words[1]), words[3], [](std::string_view value) { std::cout << value << '\n'; },
        [](bool at_end) { return !at_end; });
  } else if (action == "latency" && count == 8) {
    measure_latency(words[1], words[3], words[4], std::atoll(words[5]), std::atoi(words[6]), words[7]);
  } else {
    fail("see the head of topics.cpp");
  }
}
