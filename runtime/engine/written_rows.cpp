#include "runtime/engine/written_rows.h"

#include "runtime/codec/change_encoder.h"
#include "runtime/codec/fault_report.h"
#include "runtime/data/row_change.h"
#include "runtime/engine/decode_source.h"

namespace braid {
namespace {

/// A line of CSV.
std::string names_of(const ProductSpec& product) {
  std::string line;
  for (const Field& field : product.row) line += (line.empty() ? "" : ",") + field.name;
  return line;
}

std::vector<Field> made_row(const ProductSpec& product) {
  std::vector<Field> row = product.row;
  if (product.changes) row.push_back({std::string(kChange), int_type()});
  return row;
}

}  // namespace

SourceSpec written_source(const ProductSpec& product, const WrittenForm& form) {
  SourceSpec source;
  source.name = product.qualified();
  source.version = product.version;
  source.binding = {.kind = form.topic ? "topic" : "file", .address = {}, .format = form.format, .options = {}};
  auto& options = source.binding.options;
  if (form.format == "csv") {
    options = {{"null", form.style.null_marker},
               {"separator", std::string(1, form.style.separator)},
               {"quote", std::string(1, form.style.quote)},
               {"decimal", form.style.decimal_comma ? "," : "."}};
    if (!form.style.header || form.topic) options.emplace_back("names", names_of(product));
  }
  const auto read = [&](const std::string& name, std::vector<std::string> path, Type type, bool fallback) {
    source.decode.push_back({name, std::move(path), std::move(type), fallback});
  };
  const auto add_row = [&](const std::string& side) {
    for (const Field& field : product.row) {
      std::vector<std::string> path{field.name};
      if (!side.empty()) path.insert(path.begin(), side);
      read(field.name, std::move(path), side.empty() ? field.type : optional_type(field.type), false);
    }
  };
  if (product.changes && product.change_form == ChangeForm::debezium) {
    read("op", {"op"}, string_type(), false);
    add_row("after");
    add_row("before");
    return source;
  }
  if (product.changes && product.change_form == ChangeForm::append)
    read(std::string(kOperationMark), {std::string(kOperationMark)}, string_type(), false);
  if (product.changes && product.change_form == ChangeForm::upsert && !form.topic)
    read(std::string(kDeletedMark), {std::string(kDeletedMark)}, bool_type(), true);
  add_row("");
  return source;
}

WrittenRows::WrittenRows(const ProductSpec& product, const ViewSpec& view, const SourceSpec& source)
    : product_(product),
      view_(view),
      plan_(decode_plan(source)),
      leaves_(flatten(made_row(product))),
      has_mark_(product.changes && product.change_form == ChangeForm::upsert && source.binding.kind != "topic") {}

std::optional<std::string> WrittenRows::convert(const Block& decoded, uint32_t from, std::string_view header,
                                                const Block& made, uint32_t to) {
  size_t column = 0;
  slots_.clear();
  // Of each field: whether there is a value, and its leaves.
  for (const DecodeField& field : plan_.fields) {
    const auto fault = static_cast<ConversionFault>(decoded.columns[column++].as<uint8_t>()[from]);
    if (fault != ConversionFault::none)
      return describe_fault(plan_, field, fault, decoded.record_of(from).bytes.view(), header).message;
    for (size_t leaves = leaf_count(field.type); leaves > 0; --leaves)
      slots_.push_back(read_slot(decoded.columns[column++], from));
  }
  RowChange change = RowChange::becomes;
  const Slot* row = slots_.data();
  bool optional_fields = false;
  if (has_mark_) {
    if (row[0].u8 != 0 && row[1].u8 != 0) change = RowChange::goes;
    row += 2;
  } else if (product_.changes && product_.change_form != ChangeForm::upsert) {
    if (row[0].bytes.view() == change_word(RowChange::goes)) change = RowChange::goes;
    row += 1;
  }
  if (product_.changes && product_.change_form == ChangeForm::debezium) {
    optional_fields = true;
    if (change == RowChange::goes)
      for (const Field& field : product_.row) row += leaf_count(optional_type(field.type));
  }
  size_t leaf = 0;
  for (const Field& field : product_.row) {
    if (optional_fields && !is_optional(field.type)) ++row;  // whether it is there: the side is
    for (size_t leaves = leaf_count(field.type); leaves > 0; --leaves) write_slot(made.columns[leaf++], to, *row++);
  }
  if (product_.changes) made.columns[leaf].as<int64_t>()[to] = static_cast<int64_t>(change);
  made.time[to] = time_of(made, to);
  return std::nullopt;
}

int64_t WrittenRows::time_of(const Block& made, uint32_t row) const {
  if (view_.time.empty()) return kNoTime;
  const FieldPlace place = place_of(product_.row, view_.time);
  const auto is_null = [&](size_t leaf) { return made.columns[leaf].as<uint8_t>()[row] == 0; };
  for (const size_t presence : place.presences)
    if (is_null(presence)) return kNoTime;
  const bool optional = is_optional(place.own);
  if (optional && is_null(place.leaf)) return kNoTime;
  return made.columns[place.leaf + (optional ? 1 : 0)].as<int64_t>()[row] - view_.time_offset_us;
}

}  // namespace braid
