// Records of the simulated job in Avro or Protobuf, and the registry that has their schemas.
#pragma once

#include <memory>
#include <string>

#include "runtime/base/clock.h"
#include "runtime/codec/writer_schemas.h"
#include "runtime/connect/registry/sim_registry.h"

namespace braid {

class SimulatedSchemas {
 public:
  /// `protobuf`: else Avro.
  explicit SimulatedSchemas(bool protobuf);
  /// A line of JSON as a framed value of the first or the second schema; what is broken stays as it is.
  std::string encode(const std::string& line, bool second) const;
  /// The second schema is there from now on.
  void add_second();
  /// A client of an instance.
  std::unique_ptr<WriterSchemas> client(ManualClock& time, Clock& clock, uint64_t seed, uint64_t fault_one_in);

 private:
  void add(const std::string& schema);
  const bool protobuf_;
  registry::SimRegistry registry_;
};

}  // namespace braid
