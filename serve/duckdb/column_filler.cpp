#include "serve/duckdb/column_filler.h"

#include "runtime/base/check.h"

namespace braid::serve::duck {
namespace {

constexpr int kDigitsOfInt16 = 4, kDigitsOfInt32 = 9, kDigitsOfInt64 = 18;

LogicalType plain(const Duckdb& duckdb, duckdb_type type) {
  return own(duckdb.create_logical_type(type), duckdb.destroy_logical_type);
}

LogicalType struct_of(const Duckdb& duckdb, const std::vector<Field>& fields) {
  std::vector<LogicalType> owned;
  std::vector<duckdb_logical_type> types;
  std::vector<const char*> names;
  for (const Field& field : fields) {
    owned.push_back(logical_type(duckdb, field.type));
    types.push_back(owned.back().get());
    names.push_back(field.name.c_str());
  }
  return own(duckdb.create_struct_type(types.data(), names.data(), types.size()), duckdb.destroy_logical_type);
}

int128 decimal_of(const Type& type, const Slot& slot) {
  return leaf_kind(type) == LeafKind::i64 ? slot.i64 : slot.i128;
}

duckdb_hugeint hugeint(int128 value) {
  return {static_cast<uint64_t>(value), static_cast<int64_t>(value >> 64)};
}

}  // namespace

LogicalType logical_type(const Duckdb& duckdb, const Type& type) {
  switch (type->kind) {
    case TypeKind::boolean:
      return plain(duckdb, DUCKDB_TYPE_BOOLEAN);
    case TypeKind::integer:
      return plain(duckdb, DUCKDB_TYPE_BIGINT);
    case TypeKind::floating:
      return plain(duckdb, DUCKDB_TYPE_DOUBLE);
    case TypeKind::decimal:
      return own(duckdb.create_decimal_type(static_cast<uint8_t>(type->precision), static_cast<uint8_t>(type->scale)),
                 duckdb.destroy_logical_type);
    case TypeKind::string:
    case TypeKind::enumeration:
      return plain(duckdb, DUCKDB_TYPE_VARCHAR);
    case TypeKind::json: {
      LogicalType made = plain(duckdb, DUCKDB_TYPE_VARCHAR);
      duckdb.logical_type_set_alias(made.get(), "JSON");
      return made;
    }
    case TypeKind::bytes:
      return plain(duckdb, DUCKDB_TYPE_BLOB);
    case TypeKind::uuid:
      return plain(duckdb, DUCKDB_TYPE_UUID);
    case TypeKind::date:
      return plain(duckdb, DUCKDB_TYPE_DATE);
    case TypeKind::time:
      return plain(duckdb, DUCKDB_TYPE_TIME);
    case TypeKind::timestamp:
      return plain(duckdb, DUCKDB_TYPE_TIMESTAMP_TZ);
    case TypeKind::duration:
      return plain(duckdb, DUCKDB_TYPE_INTERVAL);
    case TypeKind::list: {
      const LogicalType element = logical_type(duckdb, type->element);
      return own(duckdb.create_list_type(element.get()), duckdb.destroy_logical_type);
    }
    case TypeKind::map: {
      const LogicalType key = logical_type(duckdb, key_of(type));
      const LogicalType value = logical_type(duckdb, value_of(type));
      return own(duckdb.create_map_type(key.get(), value.get()), duckdb.destroy_logical_type);
    }
    case TypeKind::structure:
      return struct_of(duckdb, type->fields);
    case TypeKind::optional:
      return logical_type(duckdb, type->element);
    case TypeKind::checked:
    case TypeKind::null:
    case TypeKind::error:
      break;
  }
  BRAID_UNREACHABLE("no column of type " + to_string(type));
}

ColumnFiller::ColumnFiller(const Duckdb& duckdb, const Type& type)
    : duckdb_(duckdb), type_(without_optional(type)), is_optional_(is_optional(type)) {
  if (type_->kind == TypeKind::list || type_->kind == TypeKind::map) {
    element_leaves_ = leaf_count(type_->element);
    children_.emplace_back(duckdb, type_->element);
  }
  if (type_->kind != TypeKind::structure) return;
  for (size_t i = 0; i < type_->fields.size(); ++i) {
    leaves_.push_back(leaf_offset(type_->fields, i));
    children_.emplace_back(duckdb, type_->fields[i].type);
  }
}

void ColumnFiller::attach(duckdb_vector vector) {
  vector_ = vector;
  data_ = duckdb_.vector_get_data(vector);
  if (type_->kind == TypeKind::list || type_->kind == TypeKind::map)
    children_.front().attach(duckdb_.list_vector_get_child(vector));
  if (type_->kind == TypeKind::structure)
    for (size_t i = 0; i < children_.size(); ++i) children_[i].attach(duckdb_.struct_vector_get_child(vector, i));
}

void ColumnFiller::put(idx_t row, const Slot* slots) {
  if (!is_optional_) return put_value(row, slots);
  if (slots[0].u8 != 0) return put_value(row, slots + 1);
  put_null(row);
}

void ColumnFiller::put_null(idx_t row) {
  duckdb_.vector_ensure_validity_writable(vector_);
  duckdb_.vector_get_validity(vector_)[row / 64] &= ~(uint64_t{1} << (row % 64));
  if (type_->kind == TypeKind::structure)
    for (ColumnFiller& child : children_) child.put_null(row);
  if (type_->kind == TypeKind::list || type_->kind == TypeKind::map)
    data<duckdb_list_entry>()[row] = {duckdb_.list_vector_get_size(vector_), 0};
}

void ColumnFiller::put_value(idx_t row, const Slot* slots) {
  const Slot& slot = slots[0];
  switch (type_->kind) {
    case TypeKind::boolean:
      data<bool>()[row] = slot.u8 != 0;
      return;
    case TypeKind::integer:
    case TypeKind::time:
    case TypeKind::timestamp:
      data<int64_t>()[row] = slot.i64;
      return;
    case TypeKind::floating:
      data<double>()[row] = slot.f64;
      return;
    case TypeKind::date:
      data<int32_t>()[row] = slot.i32;
      return;
    case TypeKind::duration:
      data<duckdb_interval>()[row] = {.months = 0, .days = 0, .micros = slot.i64};
      return;
    case TypeKind::decimal: {
      const int128 value = decimal_of(type_, slot);
      if (type_->precision <= kDigitsOfInt16)
        data<int16_t>()[row] = static_cast<int16_t>(value);
      else if (type_->precision <= kDigitsOfInt32)
        data<int32_t>()[row] = static_cast<int32_t>(value);
      else if (type_->precision <= kDigitsOfInt64)
        data<int64_t>()[row] = static_cast<int64_t>(value);
      else
        data<duckdb_hugeint>()[row] = hugeint(value);
      return;
    }
    case TypeKind::uuid: {
      // DuckDB sorts UUIDs as signed numbers, so their first bit is turned.
      duckdb_hugeint value = hugeint(slot.i128);
      value.upper ^= INT64_MIN;
      data<duckdb_hugeint>()[row] = value;
      return;
    }
    case TypeKind::string:
    case TypeKind::bytes:
    case TypeKind::json:
      duckdb_.vector_assign_string_element_len(vector_, row, slot.bytes.data, slot.bytes.size);
      return;
    case TypeKind::enumeration: {
      const std::string& symbol = type_->symbols.at(static_cast<size_t>(slot.i32));
      duckdb_.vector_assign_string_element_len(vector_, row, symbol.data(), symbol.size());
      return;
    }
    case TypeKind::list:
    case TypeKind::map:
      return put_elements(row, slot.list);
    case TypeKind::structure:
      for (size_t i = 0; i < children_.size(); ++i) children_[i].put(row, slots + leaves_[i]);
      return;
    case TypeKind::optional:
    case TypeKind::checked:
    case TypeKind::null:
    case TypeKind::error:
      break;
  }
  BRAID_UNREACHABLE("no column of type " + to_string(type_));
}

void ColumnFiller::put_elements(idx_t row, const List& list) {
  const idx_t first = duckdb_.list_vector_get_size(vector_);
  data<duckdb_list_entry>()[row] = {first, list.count};
  if (list.count == 0) return;
  // Room for more elements may lie elsewhere.
  BRAID_CHECK(duckdb_.list_vector_reserve(vector_, first + list.count) == DuckDBSuccess, "no room for a list");
  children_.front().attach(duckdb_.list_vector_get_child(vector_));
  BRAID_CHECK(duckdb_.list_vector_set_size(vector_, first + list.count) == DuckDBSuccess, "no size of a list");
  for (uint64_t i = 0; i < list.count; ++i) children_.front().put(first + i, list.items + i * element_leaves_);
}

}  // namespace braid::serve::duck
