#include "runtime/codec/fault_report.h"

#include "runtime/base/check.h"
#include "runtime/codec/avro_container.h"
#include "runtime/codec/avro_decoder.h"
#include "runtime/codec/avro_text.h"
#include "runtime/codec/csv_decoder.h"
#include "runtime/codec/json_scanner.h"
#include "runtime/codec/protobuf_decoder.h"
#include "runtime/codec/protobuf_text.h"
#include "runtime/codec/schema_framing.h"
#include "runtime/data/time_text.h"
#include "runtime/data/time_within.h"
#include "runtime/data/value.h"
#include "runtime/report/short_text.h"

namespace braid {
namespace {

/// Longer texts are cut in messages.
constexpr size_t kShownBytes = 80;

std::string shorten(std::string_view text) {
  return shortened(text, kShownBytes);
}

/// The text of the value at that path of a well-formed record, the first of several; empty if there is none.
std::string json_text(std::string_view record, const std::vector<std::string>& path) {
  std::string padded(record);
  padded.append(kScanPadding + 1, '\n');
  const char* at = skip_blanks(padded.data());
  ScanError error;
  for (const std::string& name : path) {
    if (*at != '{') return "";
    at = skip_blanks(at + 1);
    bool found = false;
    while (!found && *at == '"') {
      bool escaped = false;
      const char* key = at + 1;
      at = scan_json_string(key, &escaped, error);
      if (at == nullptr) return "";
      std::string text(key, static_cast<size_t>(at - 1 - key));
      if (escaped) text.resize(unescape_json(text, text.data()));
      at = skip_blanks(skip_blanks(at) + 1);
      if (text == name) {
        found = true;
        break;
      }
      at = skip_json_value(at, 1, error);
      if (at == nullptr) return "";
      at = skip_blanks(at);
      if (*at == ',') at = skip_blanks(at + 1);
    }
    if (!found) return "";
  }
  const char* end = skip_json_value(at, 1, error);
  return end == nullptr ? "" : std::string(at, end);
}

/// Decodes the record for other fields than the plan has. False if it is broken, which it cannot be with a fault.
bool decode_fields(const DecodePlan& plan, std::vector<DecodeField> fields, std::string_view record,
                   std::string_view header, Arena& arena, DecodedTurn& turn) {
  DecodePlan other = plan;
  other.fields = std::move(fields);
  auto decoder = make_decoder(other);
  if (!header.empty()) decoder->set_header(header);
  if (plan.format == Format::avro && plan.writer_schemas == nullptr && plan.bare_schema.empty()) {
    const std::string block = as_container_block(header, record);
    const Bytes copied = arena.copy(block);
    turn = decoder->decode({.bytes = copied.view(), .position = 1}, arena);
  } else if (plan.format != Format::ndjson && plan.format != Format::csv) {
    const MessageInput message =
        plan.bare_schema.empty() ? MessageInput::of(record, plan.format) : MessageInput{.value = record};
    turn = decoder->decode({.messages = {&message, 1}}, arena);
  } else {
    turn = decoder->decode({.bytes = record, .position = 1}, arena);
  }
  return turn.blocks.size() == 1 && turn.blocks[0].rows == 1;
}

/// The same of an Avro record, in JSON.
std::string avro_text(const DecodePlan& plan, std::string_view record, std::string_view header,
                      const std::vector<std::string>& path) {
  WriterSchema written;
  if (!plan.bare_schema.empty()) {
    written.text = plan.bare_schema;
  } else if (plan.writer_schemas != nullptr) {
    std::string reason;
    const MessageInput message = MessageInput::of(record);
    const auto framed = read_framing(message.value, message.schema_header, SchemaLanguage::avro, reason);
    if (!framed) return "";
    const SchemaAnswer answer = plan.writer_schemas->find(framed->framing.id);
    if (answer.state != SchemaAnswer::State::found) return "";
    written = *answer.schema;
    record = framed->value;
  } else {
    const auto found = read_container_header(header);
    if (!found.ok() || !found->has_value()) return "";
    written.text = (*found)->schema;
  }
  const auto schema = parse_avro_schema(written.text, written.references);
  return schema.ok() ? avro_value_text(*schema, record, path) : "";
}

std::string protobuf_text(const DecodePlan& plan, std::string_view record, const std::vector<std::string>& path) {
  const std::optional<ProtobufRecord> found = schema_of_record(plan, record);
  return found ? protobuf_value_text(found->schema, found->value, path) : "";
}

std::string cell_text(const DecodePlan& plan, const DecodeField& field, std::string_view record,
                      std::string_view header) {
  DecodePlan plain = plan;
  plain.null_marker.reset();
  Arena arena(4096);
  DecodedTurn turn;
  if (!decode_fields(plain, {{field.name, field.path, string_type(), true}}, record, header, arena, turn)) return "";
  return std::string(read_slot(turn.blocks[0].columns[1], 0).bytes.view());
}

std::string raw_text(const DecodePlan& plan, const DecodeField& field, std::string_view record,
                     std::string_view header) {
  switch (plan.format) {
    case Format::ndjson:
      return json_text(record, field.path);
    case Format::csv:
      return cell_text(plan, field, record, header);
    case Format::avro:
      return avro_text(plan, record, header, field.path);
    case Format::protobuf:
      return protobuf_text(plan, record, field.path);
    case Format::raw:
      return "";
  }
  BRAID_UNREACHABLE("format");
}

std::string kind_of_json(std::string_view text) {
  switch (text.empty() ? ' ' : text[0]) {
    case '"':
      return "text";
    case '{':
      return "an object";
    case '[':
      return "a list";
    case 't':
    case 'f':
      return "`" + std::string(text) + "`";
    case 'n':
      return "null";
    default:
      return "a number";
  }
}

/// Parts of a struct as fields of their own.
std::vector<DecodeField> part_fields(const DecodeField& field) {
  std::vector<DecodeField> parts;
  for (const Field& part : without_optional(field.type)->fields) {
    DecodeField each{field.name + "." + part.name, field.path, part.type, true};
    each.path.push_back(part.name);
    parts.push_back(std::move(each));
  }
  return parts;
}

/// The part of a struct that is at fault, and its fault; the field itself if it is no struct or is no object.
ConversionFault narrow(const DecodePlan& plan, DecodeField& field, ConversionFault fault, std::string_view record,
                       std::string_view header) {
  while (is(without_optional(field.type), TypeKind::structure)) {
    if (plan.format != Format::csv && !raw_text(plan, field, record, header).starts_with('{')) break;
    std::vector<DecodeField> parts = part_fields(field);
    Arena arena(4096);
    DecodedTurn turn;
    if (!decode_fields(plan, parts, record, header, arena, turn)) break;
    size_t column = 0, found = parts.size();
    for (size_t i = 0; i < parts.size() && found == parts.size(); ++i) {
      auto status = static_cast<ConversionFault>(read_slot(turn.blocks[0].columns[column], 0).u8);
      column += 1 + leaf_count(parts[i].type);
      if (status == ConversionFault::none) continue;
      found = i;
      fault = status;
    }
    if (found == parts.size()) break;
    field = parts[found];
  }
  return fault;
}

Diagnostic bad_text(const DecodeField& field, const Type& type, std::string_view text) {
  std::string shown = shorten(text);
  if (is(type, TypeKind::date)) return diag::BadDate{.field = field.name, .text = shown}.make();
  if (is(type, TypeKind::time)) return diag::BadTimeOfDay{.field = field.name, .text = shown}.make();
  if (is(type, TypeKind::duration)) return diag::BadDurationRead{.field = field.name, .text = shown}.make();
  int64_t local = 0;
  const char* fault =
      parse_local_timestamp(text, &local) ? "a local time: it has no offset, and the format no `zone`" : "no timestamp";
  return diag::BadTimestamp{.field = field.name, .text = shown, .fault = fault}.make();
}

bool is_decimal_number(std::string_view text, bool decimal_comma) {
  return text.find(decimal_comma ? ',' : '.') != std::string_view::npos || text.find('-', 1) != std::string_view::npos;
}

/// What shows nothing where it stands in a name, and how it is written to be seen.
struct Invisible {
  std::string_view bytes, shown;
};
constexpr Invisible kInvisible[] = {
    {" ", " "},
    {"\t", "\\t"},
    {"\r", "\\r"},
    {"\n", "\\n"},
    {"\u00A0", "\\u{00A0}"},
    {"\u200B", "\\u{200B}"},
    {"\u200C", "\\u{200C}"},
    {"\u200D", "\\u{200D}"},
    {"\u2060", "\\u{2060}"},
    {"\u3000", "\\u{3000}"},
    {"\uFEFF", "\\u{FEFF}"},
};

/// Takes the next character, or byte, off `text`: as it is to be seen, and whether it is invisible.
std::pair<std::string, bool> take_visible(std::string_view& text) {
  for (const Invisible& each : kInvisible) {
    if (!text.starts_with(each.bytes)) continue;
    text.remove_prefix(each.bytes.size());
    return {std::string(each.shown), true};
  }
  const auto byte = static_cast<uint8_t>(text.front());
  text.remove_prefix(1);
  if (byte >= ' ' && byte != 0x7F) return {std::string(1, static_cast<char>(byte)), false};
  const char* digits = "0123456789ABCDEF";
  return {std::string("\\x") + digits[byte >> 4] + digits[byte & 15], true};
}

/// A column's name as a reader sees it: without what is invisible, in lower case.
std::string visible_name(std::string_view name) {
  std::string seen;
  while (!name.empty()) {
    auto [shown, invisible] = take_visible(name);
    if (!invisible) seen += shown[0] >= 'A' && shown[0] <= 'Z' ? static_cast<char>(shown[0] + ('a' - 'A')) : shown[0];
  }
  return seen;
}

/// A column's name with everything in it visible.
std::string escaped_name(std::string_view name) {
  std::string all;
  while (!name.empty()) all += take_visible(name).first;
  return shorten(all);
}

/// What the header names instead of `column`.
std::string columns_instead(const DecodePlan& plan, const std::string& column, std::string_view header) {
  constexpr size_t kNamed = 8;
  const std::vector<std::string> columns = csv_columns(plan, header);
  if (columns.empty()) return "it has no header line";
  for (size_t i = 0; i < columns.size(); ++i)
    if (visible_name(columns[i]) == visible_name(column))
      return "column " + std::to_string(i + 1) + " is `" + escaped_name(columns[i]) +
             "`, which differs by white space, case or control characters";
  std::string named;
  for (size_t i = 0; i < std::min(columns.size(), kNamed); ++i)
    named += (i == 0 ? "`" : ", `") + escaped_name(columns[i]) + "`";
  if (columns.size() > kNamed) named += " and " + std::to_string(columns.size() - kNamed) + " more";
  // One name with what separates cells elsewhere in it.
  const size_t separator = columns.size() == 1 ? columns[0].find_first_of(";\t|,") : std::string::npos;
  if (separator != std::string::npos)
    named += std::string("; its cells may be separated by `") +
             (columns[0][separator] == '\t' ? "\\t" : columns[0].substr(separator, 1)) + "` (`separator` of `csv`)";
  return "it has " + named;
}

}  // namespace

Diagnostic describe_fault(const DecodePlan& plan, const DecodeField& whole, ConversionFault fault,
                          std::string_view record, std::string_view header) {
  DecodeField field = whole;
  fault = narrow(plan, field, fault, record, header);
  bool json = plan.format != Format::csv;  // or as if it were
  std::string raw = raw_text(plan, field, record, header);
  std::string text = json && raw.starts_with('"') ? raw.substr(1, raw.size() - 2) : raw;
  // What a list is faulty in is one of its elements.
  Type type = without_optional(field.type);
  const bool is_map = is(type, TypeKind::map);
  bool in_list = (is_map || is(type, TypeKind::list)) &&
                 (fault != ConversionFault::wrong_type || raw.starts_with(is_map ? '{' : '['));
  Type scalar = type;
  while (in_list && (is(scalar, TypeKind::list) || is(scalar, TypeKind::map)))
    scalar = without_optional(is(scalar, TypeKind::map) ? value_of(scalar) : scalar->element);
  std::string declared = to_string(type);
  switch (fault) {
    case ConversionFault::none:
      break;
    case ConversionFault::missing:
      return diag::MissingField{.field = field.name}.make();
    case ConversionFault::null:
      return diag::NullField{.field = field.name, .type = declared}.make();
    case ConversionFault::wrong_type:
      if (is(type, TypeKind::boolean) && (!json || raw.starts_with('"')))
        return diag::BadBool{.field = field.name, .text = shorten(text)}.make();
      if (is(type, TypeKind::bytes) && (!json || raw.starts_with('"')))
        return diag::BadBytes{.field = field.name}.make();
      return diag::WrongType{
          .field = field.name, .found = json ? kind_of_json(raw) : "`" + shorten(raw) + "`", .type = declared}
          .make();
    case ConversionFault::not_a_number:
      return diag::NotANumber{.field = field.name, .text = shorten(text)}.make();
    case ConversionFault::out_of_range:
      if (is(scalar, TypeKind::decimal) && is_decimal_number(text, plan.decimal_comma)) {
        // Too many decimals if the whole part would fit.
        Type wider = decimal_type(38, 38 - (scalar->precision - scalar->scale));
        DecodeField other{field.name, field.path, wider, true};
        Arena arena(4096);
        DecodedTurn turn;
        if (!in_list && decode_fields(plan, {other}, record, header, arena, turn) &&
            read_slot(turn.blocks[0].columns[0], 0).u8 == 0)
          return diag::TooManyDecimals{.field = field.name, .text = shorten(text), .type = declared}.make();
      }
      return diag::NumberOutOfRange{.field = field.name, .text = shorten(text), .type = declared}.make();
    case ConversionFault::unknown_symbol:
      return diag::UnknownSymbolRead{.field = field.name, .text = shorten(text)}.make();
    case ConversionFault::bad_time:
      if (const Type time = time_within(scalar)) scalar = time;
      return bad_text(field, scalar, text);
    case ConversionFault::bad_uuid:
      return diag::BadUuid{.field = field.name, .text = shorten(text)}.make();
    case ConversionFault::duplicate:
      return diag::FieldTwice{.field = field.name}.make();
    case ConversionFault::too_deep:
      return diag::NestedTooDeep{.limit = kMaxNesting}.make();
    case ConversionFault::column_missing: {
      std::string column;
      for (const std::string& part : field.path) column += (column.empty() ? "" : ".") + part;
      return diag::ColumnMissing{.column = column, .found = columns_instead(plan, column, header)}.make();
    }
  }
  BRAID_UNREACHABLE("a conversion that did not fail");
}

std::optional<Diagnostic> describe_field(const DecodePlan& plan, std::string_view name, std::string_view record,
                                         std::string_view header) {
  for (const DecodeField& field : plan.fields) {
    if (field.name != name) continue;
    Arena arena(4096);
    DecodedTurn turn;
    if (!decode_fields(plan, {field}, record, header, arena, turn)) return std::nullopt;
    const auto fault = static_cast<ConversionFault>(read_slot(turn.blocks[0].columns[0], 0).u8);
    if (fault == ConversionFault::none) return std::nullopt;
    return describe_fault(plan, field, fault, record, header);
  }
  return std::nullopt;
}

}  // namespace braid
