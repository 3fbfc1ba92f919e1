#include "runtime/connect/kafka/load/load.h"

#include "runtime/base/own_library.h"
#include "runtime/report/diagnostic.h"

namespace braid::kafka {
namespace {

Result<MakeBroker> open_library() {
  const auto found = find_in_own_library("libbraid_kafka.so", "braid_kafka_make_broker");
  if (!found.ok())
    return Error{ErrorKind::usage, diag::NoKafkaLibrary{.reason = found.error().message}.make().message,
                 diag::NoKafkaLibrary::kCode};
  return reinterpret_cast<MakeBroker (*)()>(*found)();
}

}  // namespace

Result<MakeBroker> load_kafka() {
  static const Result<MakeBroker> loaded = open_library();
  return loaded;
}

}  // namespace braid::kafka
