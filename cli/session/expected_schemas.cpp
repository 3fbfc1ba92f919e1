#include "cli/session/expected_schemas.h"

#include "runtime/codec/avro_decoder.h"
#include "runtime/codec/protobuf_decoder.h"
#include "runtime/connect/source.h"
#include "runtime/engine/decode_source.h"

namespace braid::cli {

void expect_own_schemas(std::vector<SourceSpec>& sources, Fs& fs) {
  for (SourceSpec& source : sources) {
    if (source.binding.format == "protobuf") {
      const DecodePlan plan = decode_plan(source);
      if (plan.bare_schema.empty()) continue;
      if (auto table = table_of_bare_schema(plan); table.ok()) source.protobuf = *table;
      continue;
    }
    if (source.binding.format != "avro" || source.binding.kind != "file") continue;
    const auto paths = fs.glob(source.binding.address);
    if (!paths.ok() || paths->empty()) continue;
    auto file = open_partition(fs, paths->front(), RecordForm(Format::avro), false);
    if (!file.ok()) continue;
    const auto header = (*file)->header();
    if (!header.ok()) continue;
    auto plan = plan_of_avro_header(decode_plan(source), *header);
    if (plan.ok()) source.avro = *plan;
  }
}

}  // namespace braid::cli
