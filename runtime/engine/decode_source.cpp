#include "runtime/engine/decode_source.h"

namespace braid {

Format format_of(const std::string& name) {
  return name == "csv" ? Format::csv : Format::ndjson;
}

DecodePlan decode_plan(const SourceSpec& source) {
  DecodePlan plan;
  plan.format = format_of(source.binding.format);
  for (const SourceRead& read : source.decode)
    plan.fields.push_back({.name = read.name,
                           .path = read.path,
                           .type = read.has_fallback ? optional_type(read.type) : read.type,
                           .has_default = read.has_fallback});
  for (const auto& [name, value] : source.binding.options) {
    if (name == "null") plan.null_marker = value;
    if (name == "zone") plan.zone = value;
    if (name != "unit") continue;
    if (value == "s") plan.unit = TimestampUnit::seconds;
    if (value == "ms") plan.unit = TimestampUnit::milliseconds;
    if (value == "us") plan.unit = TimestampUnit::microseconds;
    if (value == "ns") plan.unit = TimestampUnit::nanoseconds;
  }
  return plan;
}

}  // namespace braid
