// What a job reads from topics and writes to topics, as an environment binds it. Plain data and pure functions.
//
// A source that is bound to a topic is a Binding (runtime/abi/program.h) of kind "topic": its address is the topic's
// name, and its option "start" says where the job begins to read, as parse_start reads it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/abi/program.h"
#include "runtime/broker/broker.h"
#include "runtime/codec/encoder.h"

namespace braid {

/// Where a job begins to read a topic. It holds until the first commit; from then on the job goes on where it was.
struct StartAt {
  enum class Kind { earliest, latest, timestamp, offsets };
  Kind kind = Kind::earliest;
  int64_t timestamp_us = 0;            ///< of `timestamp`: the first record with that timestamp or a later one
  std::map<int32_t, int64_t> offsets;  ///< of `offsets`, by partition; other partitions begin at their first record
  bool operator==(const StartAt&) const = default;
};

/// "earliest", "latest", "2026-01-31T00:00:00Z" or "0=12,1=40"; nothing if it is none of them.
std::optional<StartAt> parse_start(std::string_view text);
/// Of a source's option "start"; `earliest` if it has none. The text must be right.
StartAt start_of(const Binding& binding);
inline constexpr std::string_view kStartForm =
    R"("earliest", "latest", a time like "2026-01-31T00:00:00Z", or offsets by partition like { 0 = 12, 1 = 40 })";

/// Where a product goes, if it goes to a topic.
struct TopicBinding {
  std::string topic;                    ///< may have fields: topic_template.h
  std::string format;                   ///< "json", "csv", "avro", "protobuf", "raw"
  CsvStyle style = {};                  ///< of "csv"
  std::optional<int32_t> partitions;    ///< asked for; nothing: as it is, or as BrokerSettings::partitions says
  std::optional<int64_t> retention_us;  ///< of a topic that the job makes; kForever; nothing: as the cluster says
  std::optional<bool> compaction;       ///< of a topic that the job makes; nothing: as the cluster says
  static constexpr int64_t kForever = -1;
  uint32_t schema_id = 0;   ///< "avro", "protobuf": of the schema of its rows, in the registry
  std::string schema = {};  ///< "protobuf": its text
};

/// The default: "payments.captured.v2".
std::string topic_of_product(const ProductSpec& product);
/// The column that is the value of a record in the format `raw`: the only one that is not in the key, or the only one.
/// The error says why there is none.
Result<size_t> raw_column_of(const ProductSpec& product);
/// Where rows of a port go ("rejected", "late", "unmatched", "alerts", a named one): "payments.captured.v2.rejected".
std::string topic_of_port(const TopicBinding& product, std::string_view port);
/// Letters, digits, `.`, `_` and `-`, at most 249, neither "." nor "..".
bool is_topic_name(std::string_view name);
/// The request that makes the topic of a product. `partitions`: where the binding asks for none; `replicas`: −1 for the
/// cluster's default.
NewTopic new_topic(const TopicBinding& binding, int32_t partitions, int32_t replicas);

}  // namespace braid
