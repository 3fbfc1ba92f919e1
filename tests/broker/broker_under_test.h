// The brokers under test, and what their tests have in common.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>

#include "runtime/base/clock.h"
#include "runtime/broker/broker.h"

namespace braid {

inline constexpr int64_t kSecond = 1'000'000;
inline constexpr int64_t kLong = 30 * kSecond;

/// A broker under test, and the time in which it lives.
struct Bench {
  virtual ~Bench() = default;
  virtual int64_t now_us() = 0;
  virtual void sleep_us(int64_t for_us) = 0;
  virtual Broker& broker() = 0;
};

/// Nothing and why, where it cannot be had.
struct Candidate {
  const char* name;
  std::function<std::unique_ptr<Bench>(std::string* why_not)> make;
  friend void PrintTo(const Candidate& candidate, std::ostream* out) { *out << candidate.name; }
};
template <class R>
void expect_ok(const R& result) {
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
}
template <class R>
void expect_fault(const R& result, BrokerFault fault) {
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(static_cast<int>(result.error().fault), static_cast<int>(fault)) << result.error().message;
}

struct Copy {
  int64_t offset;
  std::optional<std::string> key, value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  int64_t timestamp_ms;
};

class BrokerTest : public testing::TestWithParam<Candidate> {
 protected:
  void SetUp() override {
    std::string why_not;
    bench_ = GetParam().make(&why_not);
    if (bench_ == nullptr) GTEST_SKIP() << why_not;
    broker_ = &bench_->broker();
    // Names of their own, so that tests can be run again against the same broker.
    static std::atomic<int> count = 0;
    stem_ = "t" + std::to_string(system_clock().now_us()) + "-" + std::to_string(count++);
  }

  std::string topic(int32_t partitions = 1, const std::string& name = "in") {
    const NewTopic made{stem_ + "." + name, partitions, -1, {}};
    expect_ok(broker_->create_topics({&made, 1}, kLong));
    return made.name;
  }

  std::unique_ptr<BrokerWriter> writer(std::optional<std::string> id = std::nullopt) {
    WriterOptions options;
    options.transactional_id = std::move(id);
    auto made = broker_->make_writer(options);
    expect_ok(made);
    if (options.transactional_id) expect_ok((*made)->begin_session(kLong));
    return std::move(*made);
  }
  std::unique_ptr<BrokerReader> reader() {
    auto made = broker_->make_reader({.group = stem_});
    expect_ok(made);
    return std::move(*made);
  }
  std::unique_ptr<BrokerGroup> group(const std::string& topic, int64_t session_us = 6 * kSecond) {
    auto made = broker_->make_group({.group = stem_, .topic = topic, .instance = {}, .session_timeout_us = session_us});
    expect_ok(made);
    return std::move(*made);
  }

  void put(BrokerWriter& writer, const TopicPartition& place, std::string_view value) {
    expect_ok(writer.write({.place = place, .key = "k", .value = value, .timestamp_ms = 1000}));
  }

  /// All there is, up to the end.
  std::vector<Copy> read(BrokerReader& reader, const TopicPartition& place) {
    std::vector<Copy> copies;
    for (const int64_t start = bench_->now_us(); bench_->now_us() - start < 30 * kSecond;) {
      auto fetched = reader.fetch(place, 7);
      expect_ok(fetched);
      if (!fetched.ok()) break;
      if (fetched->batch) {
        for (const BrokerRecord& record : fetched->batch->records()) {
          Copy copy{record.offset, {}, {}, {}, record.timestamp_ms};
          if (record.key) copy.key = std::string(*record.key);
          if (record.value) copy.value = std::string(*record.value);
          for (const RecordHeader& header : record.headers)
            copy.headers.emplace_back(header.name,
                                      header.value ? std::optional<std::string>(*header.value) : std::nullopt);
          copies.push_back(std::move(copy));
        }
        continue;
      }
      if (fetched->end) return copies;
      reader.wait(kSecond / 10);
    }
    ADD_FAILURE() << "the end is not reached";
    return copies;
  }
  std::vector<std::string> values(const TopicPartition& place, int64_t from = 0) {
    auto made = reader();
    expect_ok(made->start(place, from));
    std::vector<std::string> found;
    for (const Copy& copy : read(*made, place)) found.push_back(copy.value.value_or("tombstone"));
    return found;
  }

  /// The same of so many rows. A commit is told before it can be seen: they are waited for.
  std::vector<std::string> committed_values(const TopicPartition& place, size_t count) {
    auto made = reader();
    expect_ok(made->start(place, 0));
    std::vector<std::string> found;
    for (int i = 0; i < 100 && found.size() < count; ++i) {
      if (i > 0) made->wait(kSecond / 10);
      for (const Copy& copy : read(*made, place)) found.push_back(copy.value.value_or("tombstone"));
    }
    return found;
  }

  struct Owned : BrokerGroup::Owner {
    std::vector<int32_t> owned;
    int losses = 0;
    void assigned(std::span<const int32_t> partitions) override {
      owned.insert(owned.end(), partitions.begin(), partitions.end());
    }
    void revoked(std::span<const int32_t> partitions, bool lost) override {
      losses += lost ? 1 : 0;
      for (int32_t each : partitions) std::erase(owned, each);
    }
  };
  /// Serves all of them until `done`.
  void serve(std::vector<std::pair<BrokerGroup*, Owned*>> members, const std::function<bool()>& done) {
    const int64_t start = bench_->now_us();
    while (!done() && bench_->now_us() - start < 40 * kSecond)
      for (auto& [member, owner] : members) {
        auto served = member->serve(kSecond / 20, *owner);
        if (!served.ok()) EXPECT_EQ(served.error().fault, BrokerFault::retry) << served.error().message;
      }
    EXPECT_TRUE(done()) << "the group does not settle";
  }

  std::unique_ptr<Bench> bench_;
  Broker* broker_ = nullptr;
  std::string stem_;
};

}  // namespace braid
