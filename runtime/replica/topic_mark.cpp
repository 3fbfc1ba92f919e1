#include "runtime/replica/topic_mark.h"

#include <fmt/format.h>

#include "runtime/data/stream_digest.h"
#include "runtime/state/wire.h"

namespace braid {
namespace {

constexpr uint16_t kFormat = 1;

}  // namespace

std::string TopicMark::bytes() const {
  WireWriter out;
  out.fixed(kFormat);
  out.text(topic);
  out.fixed(position);
  out.fixed(newest);
  out.fixed(last);
  out.fixed(hash);
  return out.take();
}

Result<TopicMark> TopicMark::parse(std::string_view bytes) {
  WireReader in(bytes);
  TopicMark mark;
  const auto format = in.fixed<uint16_t>();
  mark.topic = in.text();
  mark.position = in.fixed<int64_t>();
  mark.newest = in.fixed<int64_t>();
  mark.last = in.fixed<int64_t>();
  mark.hash = in.fixed<uint64_t>();
  if (in.failed() || format != kFormat)
    return Error{ErrorKind::store, "what the store says of a topic cannot be read", 8002, 0};
  return mark;
}

uint64_t mark_hash(const GivenRecord& record) {
  StreamDigest digest;
  digest.add(std::string_view(reinterpret_cast<const char*>(&record.kind), sizeof(record.kind)));
  digest.add(std::string_view(reinterpret_cast<const char*>(&record.time_us), sizeof(record.time_us)));
  digest.add(record.bytes);
  digest.add(record.key.value_or(""));
  return digest.value();
}

std::string mark_key(const ProductSpec& product, int32_t partition) {
  return fmt::format("{}{}/{}/{:08}", kTopicMarks, product.qualified(), product.version, partition);
}

}  // namespace braid
