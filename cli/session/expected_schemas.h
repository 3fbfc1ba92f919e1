// The schemas that the records of a program's Avro and Protobuf inputs have: found before the program is compiled,
// since native decoders are made for one schema.
#pragma once

#include <memory>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/base/fs.h"

namespace braid::cli {

/// How records of one schema are read: one of both.
struct ExpectedSchema {
  std::shared_ptr<const AvroPlan> avro = {};
  std::shared_ptr<const ProtobufTable> protobuf = {};
  void put_into(SourceSpec& source) const {
    source.avro = avro;
    source.protobuf = protobuf;
  }
};
/// By source; those of a source with several schemas, the likeliest first.
using ExpectedSchemas = std::vector<std::vector<ExpectedSchema>>;

/// Fills SourceSpec::avro of Avro sources from the first file that each of them reads, and SourceSpec::protobuf of
/// sources that name a schema themselves. What cannot be read stays as it is: its records are decoded by tables, and
/// whoever reads it reports what is wrong.
void expect_own_schemas(std::vector<SourceSpec>& sources, Fs& fs);

}  // namespace braid::cli
