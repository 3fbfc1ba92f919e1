// MurmurHash2 of Austin Appleby (public domain), with the seed and the remainder of Kafka's Java client
// (org.apache.kafka.clients.producer.internals.BuiltInPartitioner).
#include <cstring>

#include "runtime/broker/broker.h"

namespace braid {

int32_t partition_of_key(std::string_view key, int32_t partitions) {
  constexpr uint32_t kMultiplier = 0x5bd1e995;
  constexpr int kShift = 24;
  uint32_t hash = 0x9747b28c ^ static_cast<uint32_t>(key.size());
  size_t at = 0;
  for (; at + 4 <= key.size(); at += 4) {
    uint32_t word = 0;
    std::memcpy(&word, key.data() + at, sizeof(word));
    word *= kMultiplier;
    word ^= word >> kShift;
    hash = (hash * kMultiplier) ^ (word * kMultiplier);
  }
  const size_t rest = key.size() - at;
  if (rest > 0) {
    for (size_t i = rest; i > 0; --i)
      hash ^= static_cast<uint32_t>(static_cast<uint8_t>(key[at + i - 1])) << (8 * (i - 1));
    hash *= kMultiplier;
  }
  hash ^= hash >> 13;
  hash *= kMultiplier;
  hash ^= hash >> 15;
  return static_cast<int32_t>(hash & 0x7fffffff) % partitions;
}

}  // namespace braid
