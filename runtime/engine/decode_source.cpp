#include "runtime/engine/decode_source.h"

#include <algorithm>

#include "runtime/codec/csv_decoder.h"
#include "runtime/engine/how_it_came.h"
#include "runtime/operators/operator.h"

namespace braid {

Format format_of(const std::string& name) {
  if (name == "csv") return Format::csv;
  if (name == "avro") return Format::avro;
  if (name == "protobuf") return Format::protobuf;
  return name == "raw" ? Format::raw : Format::ndjson;
}

bool records_are_messages(const Binding& binding) {
  return binding.is_avro() || binding.format == "protobuf" || binding.format == "raw";
}

namespace {

/// Whoever binds a source has checked the values (cli/session).
void read_options(const SourceSpec& source, DecodePlan& plan) {
  plan.format = source.binding.is_avro() ? Format::avro : format_of(source.binding.format);
  for (const auto& [name, value] : source.binding.options) {
    if (name == "null") plan.null_marker = value;
    if (name == "zone") plan.zone = value;
    if (name == "schema") plan.bare_schema = value;
    if (name == "message") plan.message = value;
    if (name == "separator" && !value.empty()) plan.separator = value.front();
    if (name == "quote") plan.quote = value.empty() ? '\0' : value.front();
    if (name == "decimal") plan.decimal_comma = value == ",";
    if (name == "names") plan.header = csv_columns({}, value);  // a line of CSV
    if (name != "unit") continue;
    if (value == "s") plan.unit = TimestampUnit::seconds;
    if (value == "ms") plan.unit = TimestampUnit::milliseconds;
    if (value == "us") plan.unit = TimestampUnit::microseconds;
    if (value == "ns") plan.unit = TimestampUnit::nanoseconds;
  }
}

void set_times(const SourceSpec& source, Block& block, Arena& arena) {
  if (source.has_time) {
    block.time = block.columns[leaf_offset(source.row, static_cast<size_t>(source.time_field))].as<int64_t>();
    return;
  }
  block.time = arena.allocate_array<int64_t>(block.rows);
  std::fill_n(block.time, block.rows, kNoTime);
}

}  // namespace

DecodePlan decode_plan(const SourceSpec& source) {
  DecodePlan plan;
  read_options(source, plan);
  plan.writer_schemas = source.writer_schemas;
  for (const SourceRead& read : source.decode)
    plan.fields.push_back({.name = read.name,
                           .path = read.path,
                           .type = read.has_fallback ? optional_type(read.type) : read.type,
                           .has_default = read.has_fallback});
  if (source.binding.has_changes())
    for (DecodeField& field : plan.fields) field.path = path_in_change(field.path, "after");
  return plan;
}

std::vector<std::string> path_in_change(std::vector<std::string> path, std::string_view side) {
  if (path.size() > 1 && path.front() == kChangeItself)
    path.erase(path.begin());
  else
    path.insert(path.begin(), std::string(side));
  return path;
}

TopicForm topic_form(const SourceSpec& source) {
  if (source.is_exchange()) return {.verbatim = true};
  const DecodePlan plan = decode_plan(source);
  TopicForm form;
  form.messages = records_are_messages(source.binding);
  form.empty_values = plan.format == Format::raw || plan.format == Format::protobuf;
  if (plan.format == Format::protobuf) form.language = SchemaLanguage::protobuf;
  if (form.messages && plan.format != Format::raw && plan.bare_schema.empty()) form.schemas = plan.writer_schemas;
  form.changes = source.binding.has_changes();
  form.deletes = takes_deletes(source);
  form.headers = source.has_headers;
  return form;
}

bool takes_deletes(const SourceSpec& source) {
  return source.deleted_field >= 0 && !source.key.empty();
}

RecordForm record_form(const SourceSpec& source) {
  return record_form(decode_plan(source));
}

void name_given_records(std::span<const GivenRecord> given, DecodedTurn& decoded) {
  if (given.empty()) return;
  BRAID_CHECK(given.size() == decoded.records.size(), "a record that came by itself is no line of its turn");
  for (size_t i = 0; i < given.size(); ++i) {
    Record& record = decoded.records[i];
    record.bytes = {given[i].bytes.data(), given[i].bytes.size()};
    record.position = given[i].position;
    record.line = 0;
  }
  for (RejectedRecord& rejected : decoded.rejected) {
    const GivenRecord::Kind kind = given[rejected.record].kind;
    if (kind == GivenRecord::Kind::absent) rejected.diagnostic = diag::NoValue{.found = "no value"}.make();
    if (kind == GivenRecord::Kind::empty) rejected.diagnostic = diag::NoValue{.found = "an empty value"}.make();
  }
}

SourceRows run_from(const SourceSpec& source, DecodedTurn turn, const RecordsCame& came, Arena& arena,
                    CallContext& call) {
  SourceRows rows{.records = turn.records, .rejected = std::move(turn.rejected)};
  if (source.from_kernel.empty()) {
    rows.blocks = std::move(turn.blocks);
    for (Block& block : rows.blocks) set_times(source, block, arena);
    return rows;
  }
  const std::vector<Leaf> leaves = flatten(source.row);
  for (Block& decoded : turn.blocks) {
    add_how_it_came(source, came, decoded, arena);
    KernelResult result;
    rows.blocks.push_back(
        run_row_kernel(source.from_kernel, decoded, source.passthrough, leaves, arena, call, &result));
    DropReasons reasons(source.from_kernel, result);
    set_times(source, rows.blocks.back(), arena);
    for (const Drop& drop : result.drops)
      rows.refused.push_back({decoded.record[drop.row], drop.site, reasons.of(drop)});
  }
  return rows;
}

}  // namespace braid
