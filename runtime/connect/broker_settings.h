// What an environment says of its broker and of the job as a member of it. Plain data, all references to secrets read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace braid {

enum class Delivery {
  exactly_once,  ///< outputs and offsets in one transaction
  at_least_once  ///< without transactions: after a crash records may come twice
};

struct BrokerSettings {
  std::string brokers;  ///< host:port, separated by commas
  /// Settings of the client library by name; only those that kafka::is_allowed() names. They hold secrets: not for logs
  /// or messages.
  std::vector<std::pair<std::string, std::string>> client;

  std::string group;  ///< whose members share the work; not empty
  /// Static membership: an instance of this name that is back within the session keeps its partitions.
  std::optional<std::string> instance;
  int64_t session_timeout_us = 10'000'000;
  int64_t transaction_timeout_us = 60'000'000;
  int64_t commit_within_us = 0;  ///< from the first record of a commit to it; 0: as the job says
  Delivery delivery = Delivery::exactly_once;
  int32_t replication = -1;           ///< of topics that the job makes; −1: the cluster's default
  std::optional<int32_t> partitions;  ///< of topics that the job makes, where the binding says nothing
  std::string compression = "lz4";    ///< none, gzip, snappy, lz4, zstd
  size_t longest_record = 1'000'000;  ///< bytes of a record that the client writes: key, value and headers
  std::string snapshots;              ///< directory; empty: none
  uint64_t standby_bytes = 0;         ///< of copies of snapshots on this machine; 0: none
};

}  // namespace braid
