// Opens libbraid_kafka.so, which brings librdkafka: from the folder of the executable or ../lib beside it. Once opened
// it stays. Any thread; the first caller waits for the loading.
#pragma once

#include "runtime/base/result.h"
#include "runtime/connect/kafka/kafka_broker.h"

namespace braid::kafka {

/// Error 7045 where the library is missing or is of another build.
Result<MakeBroker> load_kafka();

}  // namespace braid::kafka
