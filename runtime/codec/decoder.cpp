#include "runtime/codec/decoder.h"

#include "runtime/base/check.h"
#include "runtime/codec/avro_decoder.h"
#include "runtime/codec/csv_decoder.h"
#include "runtime/codec/ndjson_decoder.h"
#include "runtime/codec/protobuf_decoder.h"
#include "runtime/codec/raw_decoder.h"
#include "runtime/codec/schema_framing.h"
#include "runtime/data/text_forms.h"

namespace braid {

std::vector<Field> decoded_row(const DecodePlan& plan) {
  std::vector<Field> row;
  for (const DecodeField& field : plan.fields)
    if (field.touched) row.push_back({field.name, checked_type(field.type)});
  return row;
}

MessageInput MessageInput::of(std::string_view record, Format format) {
  const auto language = format == Format::protobuf ? SchemaLanguage::protobuf : SchemaLanguage::avro;
  const size_t framing = guid_framing_bytes(record, language);
  if (format == Format::raw || framing == 0) return {.value = record};
  return {.value = record.substr(framing), .schema_header = record.substr(0, framing)};
}

std::unique_ptr<Decoder> make_decoder(const DecodePlan& plan, const RecordReaderSlot* native) {
  switch (plan.format) {
    case Format::ndjson:
      return make_ndjson_decoder(plan, native);
    case Format::csv:
      return make_csv_decoder(plan, native);
    case Format::avro:
      return make_avro_decoder(plan, native);
    case Format::protobuf:
      return make_protobuf_decoder(plan, native);
    case Format::raw:
      return make_raw_decoder(plan);
  }
  BRAID_UNREACHABLE("format");
}

}  // namespace braid
