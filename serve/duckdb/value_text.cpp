#include "serve/duckdb/value_text.h"

#include <cmath>

#include "runtime/data/decimal.h"
#include "runtime/data/slot.h"
#include "runtime/data/text_forms.h"
#include "runtime/data/time_text.h"

namespace braid::serve::duck {
namespace {

constexpr int64_t kMicrosOfDay = 86'400'000'000;

int128 wide(const duckdb_hugeint& value) {
  return static_cast<int128>(static_cast<uint128>(static_cast<uint64_t>(value.upper)) << 64 | value.lower);
}

const char* name_of(duckdb_type type) {
  switch (type) {
    case DUCKDB_TYPE_BOOLEAN:
      return "BOOLEAN";
    case DUCKDB_TYPE_TINYINT:
      return "TINYINT";
    case DUCKDB_TYPE_SMALLINT:
      return "SMALLINT";
    case DUCKDB_TYPE_INTEGER:
      return "INTEGER";
    case DUCKDB_TYPE_BIGINT:
      return "BIGINT";
    case DUCKDB_TYPE_UTINYINT:
      return "UTINYINT";
    case DUCKDB_TYPE_USMALLINT:
      return "USMALLINT";
    case DUCKDB_TYPE_UINTEGER:
      return "UINTEGER";
    case DUCKDB_TYPE_UBIGINT:
      return "UBIGINT";
    case DUCKDB_TYPE_FLOAT:
      return "FLOAT";
    case DUCKDB_TYPE_DOUBLE:
      return "DOUBLE";
    case DUCKDB_TYPE_TIMESTAMP:
      return "TIMESTAMP";
    case DUCKDB_TYPE_TIMESTAMP_S:
      return "TIMESTAMP_S";
    case DUCKDB_TYPE_TIMESTAMP_MS:
      return "TIMESTAMP_MS";
    case DUCKDB_TYPE_TIMESTAMP_NS:
      return "TIMESTAMP_NS";
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return "TIMESTAMP WITH TIME ZONE";
    case DUCKDB_TYPE_DATE:
      return "DATE";
    case DUCKDB_TYPE_TIME:
      return "TIME";
    case DUCKDB_TYPE_INTERVAL:
      return "INTERVAL";
    case DUCKDB_TYPE_HUGEINT:
      return "HUGEINT";
    case DUCKDB_TYPE_VARCHAR:
      return "VARCHAR";
    case DUCKDB_TYPE_BLOB:
      return "BLOB";
    case DUCKDB_TYPE_UUID:
      return "UUID";
    case DUCKDB_TYPE_ENUM:
      return "ENUM";
    case DUCKDB_TYPE_SQLNULL:
      return "NULL";
    default:
      return nullptr;
  }
}

/// Months, which have no fixed length, stand beside what has one.
void append_interval(const duckdb_interval& value, std::string& out) {
  const int64_t micros = value.micros + value.days * kMicrosOfDay;
  if (value.months == 0) return append_duration_iso(out, micros);
  out += fmt::format("P{}M", value.months);
  if (micros == 0) return;
  // Each part has its own sign.
  out += 'T';
  append_decimal(out, micros, 6);
  out += 'S';
}

/// A timestamp without a zone: the text of an instant without its `Z`.
void append_local(int64_t micros, std::string& out) {
  append_timestamp(out, micros);
  out.pop_back();
}

/// INT64_MAX is DuckDB's `infinity`, and its negative `-infinity`.
const char* infinity(int64_t micros) {
  if (micros == INT64_MAX) return "infinity";
  return micros == -INT64_MAX ? "-infinity" : nullptr;
}

void append_quoted_cell(std::string_view text, std::string& out) {
  const bool plain = !text.empty() && text.find_first_of(",\"\r\n") == std::string_view::npos;
  if (plain) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) out.append(c == '"' ? 2 : 1, c);
  out += '"';
}

}  // namespace

ValueText::ValueText(const Duckdb& duckdb, duckdb_logical_type type) : duckdb_(duckdb), id_(duckdb.get_type_id(type)) {
  const auto child = [&](duckdb_logical_type made) {
    const LogicalType owned = own(made, duckdb.destroy_logical_type);
    children_.emplace_back(duckdb, owned.get());
  };
  const auto taken = [&](char* text) {
    std::string made = text == nullptr ? "" : text;
    duckdb.free(text);
    return made;
  };
  is_json_ = id_ == DUCKDB_TYPE_VARCHAR && taken(duckdb.logical_type_get_alias(type)) == "JSON";
  if (const char* name = name_of(id_)) type_name_ = is_json_ ? "JSON" : name;
  switch (id_) {
    case DUCKDB_TYPE_DECIMAL:
      scale_ = duckdb.decimal_scale(type);
      stored_as_ = duckdb.decimal_internal_type(type);
      type_name_ = fmt::format("DECIMAL({},{})", duckdb.decimal_width(type), scale_);
      return;
    case DUCKDB_TYPE_ENUM:
      stored_as_ = duckdb.enum_internal_type(type);
      for (uint32_t i = 0; i < duckdb.enum_dictionary_size(type); ++i)
        names_.push_back(taken(duckdb.enum_dictionary_value(type, i)));
      return;
    case DUCKDB_TYPE_LIST:
      child(duckdb.list_type_child_type(type));
      type_name_ = children_.front().type_name_ + "[]";
      return;
    case DUCKDB_TYPE_ARRAY:
      child(duckdb.array_type_child_type(type));
      elements_ = duckdb.array_type_array_size(type);
      type_name_ = fmt::format("{}[{}]", children_.front().type_name_, elements_);
      return;
    case DUCKDB_TYPE_MAP:
      child(duckdb.map_type_key_type(type));
      child(duckdb.map_type_value_type(type));
      type_name_ = fmt::format("MAP({}, {})", children_[0].type_name_, children_[1].type_name_);
      return;
    case DUCKDB_TYPE_STRUCT:
      for (idx_t i = 0; i < duckdb.struct_type_child_count(type); ++i) {
        names_.push_back(taken(duckdb.struct_type_child_name(type, i)));
        child(duckdb.struct_type_child_type(type, i));
        type_name_ += fmt::format("{}{} {}", i == 0 ? "STRUCT(" : ", ", names_.back(), children_.back().type_name_);
      }
      type_name_ += ")";
      return;
    default:
      return;
  }
}

bool ValueText::has_text() const {
  if (children_.empty()) return !type_name_.empty();
  return std::all_of(children_.begin(), children_.end(), [](const ValueText& child) { return child.has_text(); });
}

void ValueText::attach(duckdb_vector vector) {
  data_ = duckdb_.vector_get_data(vector);
  validity_ = duckdb_.vector_get_validity(vector);
  if (id_ == DUCKDB_TYPE_LIST) children_[0].attach(duckdb_.list_vector_get_child(vector));
  if (id_ == DUCKDB_TYPE_ARRAY) children_[0].attach(duckdb_.array_vector_get_child(vector));
  if (id_ == DUCKDB_TYPE_MAP) {
    const duckdb_vector entries = duckdb_.list_vector_get_child(vector);
    for (idx_t i = 0; i < 2; ++i) children_[i].attach(duckdb_.struct_vector_get_child(entries, i));
  }
  if (id_ == DUCKDB_TYPE_STRUCT)
    for (idx_t i = 0; i < children_.size(); ++i) children_[i].attach(duckdb_.struct_vector_get_child(vector, i));
}

std::string_view ValueText::text_at(idx_t row) const {
  const duckdb_string_t& text = at<duckdb_string_t>(row);
  const uint32_t size = text.value.inlined.length;
  return {size <= sizeof(text.value.inlined.inlined) ? text.value.inlined.inlined : text.value.pointer.ptr, size};
}

const std::string& ValueText::symbol_at(idx_t row) const {
  if (stored_as_ == DUCKDB_TYPE_UTINYINT) return names_.at(at<uint8_t>(row));
  return names_.at(stored_as_ == DUCKDB_TYPE_USMALLINT ? at<uint16_t>(row) : at<uint32_t>(row));
}

bool ValueText::append_bare(idx_t row, std::string& out) const {
  switch (id_) {
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE: {
      const double value = id_ == DUCKDB_TYPE_FLOAT ? at<float>(row) : at<double>(row);
      if (std::isfinite(value)) return false;
      append_float(out, value);
      return true;
    }
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      if (const char* word = infinity(at<int64_t>(row)))
        out += word;
      else if (id_ == DUCKDB_TYPE_TIMESTAMP)
        append_local(at<int64_t>(row), out);
      else
        append_timestamp(out, at<int64_t>(row));
      return true;
    case DUCKDB_TYPE_TIMESTAMP_S:
      append_local(at<int64_t>(row) * 1'000'000, out);
      return true;
    case DUCKDB_TYPE_TIMESTAMP_MS:
      append_local(at<int64_t>(row) * 1000, out);
      return true;
    case DUCKDB_TYPE_TIMESTAMP_NS:
      append_local(at<int64_t>(row) / 1000, out);
      return true;
    case DUCKDB_TYPE_DATE:
      append_date(out, at<int32_t>(row));
      return true;
    case DUCKDB_TYPE_TIME:
      append_time(out, at<int64_t>(row));
      return true;
    case DUCKDB_TYPE_INTERVAL:
      append_interval(at<duckdb_interval>(row), out);
      return true;
    case DUCKDB_TYPE_BLOB:
      append_base64(out, text_at(row));
      return true;
    case DUCKDB_TYPE_UUID: {
      duckdb_hugeint value = at<duckdb_hugeint>(row);
      value.upper ^= INT64_MIN;
      append_uuid(out, wide(value));
      return true;
    }
    default:
      return false;
  }
}

void ValueText::append_number(idx_t row, std::string& out) const {
  switch (id_ == DUCKDB_TYPE_DECIMAL ? stored_as_ : id_) {
    case DUCKDB_TYPE_TINYINT:
      return append_decimal(out, at<int8_t>(row), scale_);
    case DUCKDB_TYPE_SMALLINT:
      return append_decimal(out, at<int16_t>(row), scale_);
    case DUCKDB_TYPE_INTEGER:
      return append_decimal(out, at<int32_t>(row), scale_);
    case DUCKDB_TYPE_BIGINT:
      return append_decimal(out, at<int64_t>(row), scale_);
    case DUCKDB_TYPE_UTINYINT:
      return append_decimal(out, at<uint8_t>(row), 0);
    case DUCKDB_TYPE_USMALLINT:
      return append_decimal(out, at<uint16_t>(row), 0);
    case DUCKDB_TYPE_UINTEGER:
      return append_decimal(out, at<uint32_t>(row), 0);
    case DUCKDB_TYPE_UBIGINT:
      return append_decimal(out, at<uint64_t>(row), 0);
    case DUCKDB_TYPE_HUGEINT:
      return append_decimal(out, wide(at<duckdb_hugeint>(row)), scale_);
    case DUCKDB_TYPE_FLOAT: {
      // The shortest text of the float, not that of the double next to it.
      out += fmt::format("{}", at<float>(row));
      return;
    }
    case DUCKDB_TYPE_DOUBLE:
      return append_float(out, at<double>(row));
    default:
      out += "null";
  }
}

void ValueText::append_json(idx_t row, std::string& out) const {
  if (is_null(row)) {
    out += "null";
    return;
  }
  std::string bare;
  if (append_bare(row, bare)) {
    out.append(1, '"').append(bare).append(1, '"');
    return;
  }
  switch (id_) {
    case DUCKDB_TYPE_BOOLEAN:
      out += at<bool>(row) ? "true" : "false";
      return;
    case DUCKDB_TYPE_VARCHAR:
      if (is_json_)
        out += text_at(row);
      else
        append_json_string(out, text_at(row));
      return;
    case DUCKDB_TYPE_ENUM:
      return append_json_string(out, symbol_at(row));
    case DUCKDB_TYPE_LIST:
      return append_elements(at<duckdb_list_entry>(row).offset, at<duckdb_list_entry>(row).length, out);
    case DUCKDB_TYPE_ARRAY:
      return append_elements(row * elements_, elements_, out);
    case DUCKDB_TYPE_MAP:
      return append_entries(row, out);
    case DUCKDB_TYPE_STRUCT:
      return append_fields(row, out);
    default:
      return append_number(row, out);
  }
}

void ValueText::append_elements(idx_t first, idx_t count, std::string& out) const {
  out += '[';
  for (idx_t i = 0; i < count; ++i) {
    if (i > 0) out += ',';
    children_[0].append_json(first + i, out);
  }
  out += ']';
}

void ValueText::append_entries(idx_t row, std::string& out) const {
  const duckdb_list_entry& entries = at<duckdb_list_entry>(row);
  out += '{';
  for (idx_t i = 0; i < entries.length; ++i) {
    if (i > 0) out += ',';
    std::string key;
    children_[0].append_json(entries.offset + i, key);
    // A key of an object is text, whatever the key of the map is.
    if (!key.starts_with('"')) {
      std::string text;
      append_json_string(text, key);
      key = text;
    }
    out += key + ':';
    children_[1].append_json(entries.offset + i, out);
  }
  out += '}';
}

void ValueText::append_fields(idx_t row, std::string& out) const {
  out += '{';
  for (size_t i = 0; i < children_.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, names_[i]);
    out += ':';
    children_[i].append_json(row, out);
  }
  out += '}';
}

void ValueText::append_cell(idx_t row, std::string& out) const {
  if (is_null(row)) return;
  std::string text;
  if (id_ == DUCKDB_TYPE_VARCHAR)
    text = text_at(row);
  else if (id_ == DUCKDB_TYPE_ENUM)
    text = symbol_at(row);
  else if (!append_bare(row, text))
    append_json(row, text);
  append_quoted_cell(text, out);
}

}  // namespace braid::serve::duck
