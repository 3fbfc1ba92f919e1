// Values of Kafka's own test (UtilsTest.testMurmur2).
#include <gtest/gtest.h>

#include "runtime/broker/broker.h"

namespace braid {
namespace {

TEST(PartitionOfKey, IsThatOfTheJavaClient) {
  const std::pair<std::string_view, int32_t> kHashes[] = {
      {"21", -973932308},
      {"foobar", -790332482},
      {"a-little-bit-long-string", -985981536},
      {"a-little-bit-longer-string", -1486304829},
      {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
      {"abc", 479470107},
  };
  for (const auto& [key, hash] : kHashes)
    for (int32_t partitions : {1, 3, 8, 1000003})
      EXPECT_EQ(partition_of_key(key, partitions), (hash & 0x7fffffff) % partitions) << key;
}

}  // namespace
}  // namespace braid
