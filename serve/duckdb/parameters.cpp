#include "serve/duckdb/parameters.h"

#include <cstring>
#include <optional>

#include "serve/duckdb/arrow_writer.h"

namespace braid::serve::duck {
namespace {

SqlError wrong(std::string message) {
  return {SqlError::Kind::wrong, std::move(message)};
}

/// µs of an instant or a time of day; nothing: too far away.
std::optional<int64_t> micros(int64_t value, ArrowTimeUnit unit) {
  int64_t made = 0;
  switch (unit) {
    case NANOARROW_TIME_UNIT_SECOND:
      return __builtin_mul_overflow(value, int64_t{1'000'000}, &made) ? std::nullopt : std::optional(made);
    case NANOARROW_TIME_UNIT_MILLI:
      return __builtin_mul_overflow(value, int64_t{1'000}, &made) ? std::nullopt : std::optional(made);
    case NANOARROW_TIME_UNIT_MICRO:
      return value;
    case NANOARROW_TIME_UNIT_NANO:
      return value / 1'000;
  }
  return std::nullopt;
}

/// False: there is no parameter of that type.
bool bind(const Duckdb& duckdb, duckdb_prepared_statement prepared, idx_t number, const ArrowSchemaView& type,
          const ArrowArrayView* column) {
  const auto done = [](duckdb_state state) { return state == DuckDBSuccess; };
  if (type.type == NANOARROW_TYPE_NA || ArrowArrayViewIsNull(column, 0) != 0)
    return done(duckdb.bind_null(prepared, number));
  const auto whole = [&] { return ArrowArrayViewGetIntUnsafe(column, 0); };
  switch (type.type) {
    case NANOARROW_TYPE_BOOL:
      return done(duckdb.bind_boolean(prepared, number, whole() != 0));
    case NANOARROW_TYPE_INT8:
    case NANOARROW_TYPE_INT16:
    case NANOARROW_TYPE_INT32:
    case NANOARROW_TYPE_INT64:
    case NANOARROW_TYPE_UINT8:
    case NANOARROW_TYPE_UINT16:
    case NANOARROW_TYPE_UINT32:
      return done(duckdb.bind_int64(prepared, number, whole()));
    case NANOARROW_TYPE_UINT64:
      return done(duckdb.bind_uint64(prepared, number, ArrowArrayViewGetUIntUnsafe(column, 0)));
    case NANOARROW_TYPE_HALF_FLOAT:
    case NANOARROW_TYPE_FLOAT:
    case NANOARROW_TYPE_DOUBLE:
      return done(duckdb.bind_double(prepared, number, ArrowArrayViewGetDoubleUnsafe(column, 0)));
    case NANOARROW_TYPE_STRING:
    case NANOARROW_TYPE_LARGE_STRING:
    case NANOARROW_TYPE_STRING_VIEW: {
      const ArrowStringView text = ArrowArrayViewGetStringUnsafe(column, 0);
      return done(duckdb.bind_varchar_length(prepared, number, text.data, static_cast<idx_t>(text.size_bytes)));
    }
    case NANOARROW_TYPE_BINARY:
    case NANOARROW_TYPE_LARGE_BINARY:
    case NANOARROW_TYPE_BINARY_VIEW:
    case NANOARROW_TYPE_FIXED_SIZE_BINARY: {
      const ArrowBufferView bytes = ArrowArrayViewGetBytesUnsafe(column, 0);
      return done(duckdb.bind_blob(prepared, number, bytes.data.data, static_cast<idx_t>(bytes.size_bytes)));
    }
    case NANOARROW_TYPE_DATE32:
      return done(duckdb.bind_date(prepared, number, {static_cast<int32_t>(whole())}));
    case NANOARROW_TYPE_TIME32:
    case NANOARROW_TYPE_TIME64: {
      const std::optional<int64_t> time = micros(whole(), type.time_unit);
      return time && done(duckdb.bind_time(prepared, number, {*time}));
    }
    case NANOARROW_TYPE_TIMESTAMP: {
      const std::optional<int64_t> time = micros(whole(), type.time_unit);
      const bool has_zone = type.timezone != nullptr && *type.timezone != '\0';
      return time && done(has_zone ? duckdb.bind_timestamp_tz(prepared, number, {*time})
                                   : duckdb.bind_timestamp(prepared, number, {*time}));
    }
    case NANOARROW_TYPE_DECIMAL128: {
      ArrowDecimal decimal;
      ArrowDecimalInit(&decimal, type.decimal_bitwidth, type.decimal_precision, type.decimal_scale);
      ArrowArrayViewGetDecimalUnsafe(column, 0, &decimal);
      if (type.decimal_scale < 0 || type.decimal_precision > 38) return false;
      duckdb_decimal made{.width = static_cast<uint8_t>(type.decimal_precision),
                          .scale = static_cast<uint8_t>(type.decimal_scale),
                          .value = {}};
      std::memcpy(&made.value, decimal.words, sizeof(made.value));
      return done(duckdb.bind_decimal(prepared, number, made));
    }
    default:
      return false;
  }
}

}  // namespace

Result<void, SqlError> bind_parameters(const Duckdb& duckdb, duckdb_prepared_statement prepared,
                                       std::string_view stream) {
  const idx_t wanted = duckdb.nparams(prepared);
  const auto mismatch = [wanted](int64_t count) {
    return wrong(fmt::format("the statement has {} parameters, and {} values are bound", wanted, count));
  };
  if (stream.empty()) {
    if (wanted > 0) return mismatch(0);
    return {};
  }
  const auto broken = [](const char* why) { return wrong(fmt::format("the parameters are no Arrow: {}", why)); };
  ArrowBuffer bytes;
  ArrowBufferInit(&bytes);
  if (ArrowBufferAppend(&bytes, stream.data(), static_cast<int64_t>(stream.size())) != NANOARROW_OK)
    return broken("too many bytes");
  ArrowIpcInputStream input;
  Released<ArrowArrayStream> reader;
  if (ArrowIpcInputStreamInitBuffer(&input, &bytes) != NANOARROW_OK ||
      ArrowIpcArrayStreamReaderInit(&reader, &input, nullptr) != NANOARROW_OK)
    return broken("they cannot be read");
  Released<ArrowSchema> schema;
  Released<ArrowArray> row;
  ArrowError error = {};
  if (ArrowArrayStreamGetSchema(&reader, &schema, &error) != NANOARROW_OK ||
      ArrowArrayStreamGetNext(&reader, &row, &error) != NANOARROW_OK)
    return broken(ArrowErrorMessage(&error));
  if (row.release == nullptr || row.length != 1) return wrong("the parameters of a statement are one row");
  ArrowView view;
  if (ArrowArrayViewInitFromSchema(&view, &schema, &error) != NANOARROW_OK ||
      ArrowArrayViewSetArray(&view, &row, &error) != NANOARROW_OK ||
      ArrowArrayViewValidate(&view, NANOARROW_VALIDATION_LEVEL_FULL, &error) != NANOARROW_OK)
    return broken(ArrowErrorMessage(&error));
  if (schema.n_children < 0 || static_cast<idx_t>(schema.n_children) != wanted) return mismatch(schema.n_children);
  for (int64_t i = 0; i < schema.n_children; ++i) {
    ArrowSchemaView type;
    if (ArrowSchemaViewInit(&type, schema.children[i], &error) != NANOARROW_OK)
      return broken(ArrowErrorMessage(&error));
    if (type.extension_name.size_bytes == 0 && schema.children[i]->dictionary == nullptr &&
        bind(duckdb, prepared, static_cast<idx_t>(i + 1), type, view.children[i]))
      continue;
    return wrong(
        fmt::format("the value for parameter {} cannot be bound: it is `{}`", i + 1, schema.children[i]->format));
  }
  return {};
}

}  // namespace braid::serve::duck
