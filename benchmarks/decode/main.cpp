// What a record costs to decode, by table and natively, in NDJSON, CSV, Avro and Protobuf, and in wide NDJSON with its
// keys in any order: the best of many turns, and how long making the native decoder took. `ninja braid_decode_measure
// && bin/braid_decode_measure`.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/codegen/load/load.h"
#include "runtime/abi/record_reader.h"
#include "runtime/base/rng.h"
#include "runtime/codec/avro_container.h"
#include "runtime/codec/avro_decoder.h"
#include "runtime/codec/avro_encoder.h"
#include "runtime/codec/decoder.h"
#include "runtime/codec/protobuf_decoder.h"
#include "runtime/codec/protobuf_encoder.h"
#include "runtime/data/time_text.h"
#include "runtime/data/value.h"
#include "stdlib/registry.h"

namespace braid::codegen {
namespace {

/// A turn of flights as benchmarks/flights has them.
std::string flights(bool csv) {
  const char* names[] = {"at",        "year",     "month",          "day",       "dep_time", "sched_dep_time",
                         "dep_delay", "arr_time", "sched_arr_time", "arr_delay", "carrier",  "flight",
                         "tailnum",   "origin",   "dest",           "air_time",  "distance", "hour",
                         "minute",    "time_hour"};
  const char* carriers[] = {"UA", "AA", "B6", "DL"};
  const char* airports[] = {"EWR", "LGA", "JFK", "IAH", "MIA"};
  Rng rng(1);
  std::string text;
  for (size_t i = 0; csv && i < std::size(names); ++i) text += std::string(i > 0 ? "," : "") + names[i];
  if (csv) text += "\n";
  while (text.size() < 250'000) {
    const int64_t hour = rng.between(5, 23), minute = rng.between(0, 59), delay = rng.between(-15, 120);
    std::string date = fmt::format("2013-10-{:02}T{:02}:", 1 + text.size() / 12'000, hour);
    std::string fields[] = {date + fmt::format("{:02}:00Z", minute),
                            "2013",
                            "10",
                            std::to_string(1 + text.size() / 12'000),
                            std::to_string(hour * 100 + minute),
                            std::to_string(hour * 100 + minute + 3),
                            rng.chance(40) ? "null" : std::to_string(delay),
                            std::to_string(hour * 100 + 205),
                            std::to_string(hour * 100 + 200),
                            std::to_string(delay - 7),
                            carriers[rng.below(4)],
                            std::to_string(rng.between(1, 5000)),
                            fmt::format("N{}UA", rng.between(100, 999)),
                            airports[rng.below(3)],
                            airports[rng.below(5)],
                            std::to_string(rng.between(40, 400)),
                            std::to_string(rng.between(200, 2500)),
                            std::to_string(hour),
                            std::to_string(minute),
                            date + "00:00Z"};
    for (size_t i = 0; i < std::size(fields); ++i) {
      const bool quoted = !csv && !(fields[i][0] <= '9' && fields[i].size() < 20) && fields[i] != "null";
      const char* mark = quoted ? "\"" : "";
      text += csv ? (i > 0 ? "," : "") : fmt::format("{}\"{}\":", i > 0 ? ',' : '{', names[i]);
      text += mark + fields[i] + mark;
    }
    text += csv ? "\n" : "}\n";
  }
  return text;
}

std::vector<Field> flight_row() {
  const Type number = int_type(), text = string_type(), time = timestamp_type(), delay = optional_type(int_type());
  return {{"at", time},          {"year", number},     {"month", number},
          {"day", number},       {"dep_time", number}, {"sched_dep_time", number},
          {"dep_delay", delay},  {"arr_time", number}, {"sched_arr_time", number},
          {"arr_delay", number}, {"carrier", text},    {"flight", number},
          {"tailnum", text},     {"origin", text},     {"dest", text},
          {"air_time", number},  {"distance", number}, {"hour", number},
          {"minute", number},    {"time_hour", time}};
}

/// The values of one of the same flights.
std::vector<Slot> flight(Rng& rng, int64_t day, Arena& arena) {
  const char* carriers[] = {"UA", "AA", "B6", "DL"};
  const char* airports[] = {"EWR", "LGA", "JFK", "IAH", "MIA"};
  const int64_t hour = rng.between(5, 23), minute = rng.between(0, 59), late = rng.between(-15, 120);
  const int64_t hours = days_from_civil(2013, 10, static_cast<int32_t>(day)) * kMicrosPerDay + hour * kMicrosPerHour;
  const std::vector<Value> values = {{hours + minute * kMicrosPerMinute},
                                     {int64_t{2013}},
                                     {int64_t{10}},
                                     {day},
                                     {hour * 100 + minute},
                                     {hour * 100 + minute + 3},
                                     rng.chance(40) ? Value{Null{}} : Value{late},
                                     {hour * 100 + 205},
                                     {hour * 100 + 200},
                                     {late - 7},
                                     {std::string(carriers[rng.below(4)])},
                                     {rng.between(1, 5000)},
                                     {fmt::format("N{}UA", rng.between(100, 999))},
                                     {std::string(airports[rng.below(3)])},
                                     {std::string(airports[rng.below(5)])},
                                     {rng.between(40, 400)},
                                     {rng.between(200, 2500)},
                                     {hour},
                                     {minute},
                                     {hours}};
  const Type type = struct_type(flight_row());
  std::vector<Slot> slots(leaf_count(type));
  to_slots(type, Value{values}, slots.data(), arena);
  return slots;
}

/// The same flights as blocks of an Avro container file, with its header.
std::string avro_flights() {
  const std::vector<Field> row = flight_row();
  const std::string marker(kMarkerBytes, 'm');
  std::string file, block;
  append_container_header(file, *avro_schema_of("bench.flight", row), marker);
  Rng rng(1);
  int64_t count = 0;
  while (file.size() < 250'000) {
    Arena arena;
    append_avro(row, flight(rng, static_cast<int64_t>(1 + file.size() / 12'000), arena).data(), block);
    if (++count % 200 != 0) continue;
    append_container_block(file, 200, block, marker);
    block.clear();
  }
  return file;
}

/// The same flights as Protobuf messages, one after the other: where each of them ends.
std::string protobuf_flights(const std::string& schema, std::vector<size_t>& ends) {
  const auto columns = *protobuf_columns_of(flight_row(), schema);
  std::string text;
  Rng rng(1);
  while (text.size() < 250'000) {
    Arena arena;
    append_protobuf(columns, flight(rng, static_cast<int64_t>(1 + text.size() / 12'000), arena).data(), text);
    ends.push_back(text.size());
  }
  return text;
}

/// How the keys of wide records come.
enum class Order : uint8_t { declared, reversed, shuffled, left_out, repeated, unknown };
constexpr std::pair<Order, const char*> kOrders[] = {
    {Order::declared, "as declared"},           {Order::reversed, "in reverse"},
    {Order::shuffled, "shuffled per record"},   {Order::left_out, "a random half is absent"},
    {Order::repeated, "a random key repeated"}, {Order::unknown, "other names in each record"},
};

std::string wide_name(uint64_t field) {
  return fmt::format("field_{:03}", field);
}

/// A turn of records with that many fields, texts and whole numbers in turn.
std::string wide_records(int count, Order order) {
  Rng rng(1);
  std::vector<uint64_t> fields;
  for (int i = 0; i < count; ++i) fields.push_back(static_cast<uint64_t>(i));
  if (order == Order::reversed) std::reverse(fields.begin(), fields.end());
  std::string text;
  // Names that are new must not be known from the round before.
  while (text.size() < (order == Order::unknown ? 2'000'000 : 250'000)) {
    if (order == Order::shuffled)
      for (size_t i = fields.size() - 1; i > 0; --i) std::swap(fields[i], fields[rng.below(i + 1)]);
    const uint64_t repeated = order == Order::repeated ? rng.below(fields.size()) : fields.size();
    std::string record;
    for (uint64_t i = 0; i < fields.size(); ++i) {
      if (order == Order::left_out && rng.chance(2)) continue;
      const std::string name =
          order == Order::unknown ? fmt::format("k_{:010}", rng.below(10'000'000'000)) : wide_name(fields[i]);
      for (int copies = i == repeated ? 2 : 1; copies > 0; --copies) {
        const int64_t value = rng.between(1000, 999'999);
        record += fmt::format("{}\"{}\":", record.empty() ? '{' : ',', name);
        record += fields[i] % 2 == 0 ? fmt::format("\"v{}\"", value) : std::to_string(value);
      }
    }
    text += record + "}\n";
  }
  return text;
}

struct Case {
  std::string name;
  SourceSpec spec;
  DecodePlan plan;
  std::string text;
  std::vector<size_t> ends = {};  ///< of messages; none: `text` is a turn of lines or blocks

  void add_field(const std::string& field, const Type& type) {
    spec.decode.push_back({.name = field, .path = {field}, .type = type});
    plan.fields.push_back({.name = field, .path = {field}, .type = type});
  }
};

/// Six fields of twenty, as benchmarks/flights/filter.braid reads them.
Case flights_case(bool csv) {
  Case made{.name = csv ? "flights, CSV" : "flights, NDJSON", .text = flights(csv)};
  made.spec.name = "flight";
  made.spec.binding.format = csv ? "csv" : "json";
  made.spec.binding.options.emplace_back("null", "null");
  made.plan.format = csv ? Format::csv : Format::ndjson;
  made.plan.null_marker = "null";
  made.add_field("at", timestamp_type());
  made.add_field("carrier", string_type());
  made.add_field("flight", int_type());
  made.add_field("origin", string_type());
  made.add_field("dest", string_type());
  made.add_field("dep_delay", optional_type(int_type()));
  return made;
}

/// The same fields from Avro.
Case avro_case() {
  Case made = flights_case(false);
  made.name = "flights, Avro";
  made.text = avro_flights();
  made.spec.binding = {.kind = "file", .address = {}, .format = "avro", .options = {}};
  made.plan.format = Format::avro;
  const auto header = read_container_header(made.text);
  made.spec.avro = *plan_of_avro_header(made.plan, std::string_view(made.text).substr(0, (*header)->bytes));
  return made;
}

/// The same fields from Protobuf.
Case protobuf_case() {
  Case made = flights_case(false);
  made.name = "flights, Protobuf";
  made.spec.binding = {.kind = "topic", .address = {}, .format = "protobuf", .options = {}};
  made.plan.format = Format::protobuf;
  made.plan.bare_schema = *protobuf_schema_of("bench.flight", flight_row());
  made.spec.protobuf = *table_of_bare_schema(made.plan);
  made.text = protobuf_flights(made.plan.bare_schema, made.ends);
  return made;
}

Case wide_case(int fields, int read, const std::pair<Order, const char*>& order) {
  Case made{.name = fmt::format("{} fields, {} read, {}", fields, read, order.second),
            .text = wide_records(fields, order.first)};
  made.spec.name = "wide";
  made.spec.binding.format = "json";
  for (int i = 0; i < read; ++i) {
    const int field = i * fields / read;
    made.add_field(wide_name(static_cast<uint64_t>(field)), optional_type(field % 2 == 0 ? string_type() : int_type()));
  }
  return made;
}

/// The best of many turns by table and natively.
bool measure(const CompileFunction& compile, const Case& measured) {
  typed::CallSites sites;
  int64_t begun = system_clock().steady_us();
  auto code = compile({}, {measured.spec}, sites, {.symbols = native_symbols()});
  int64_t made = system_clock().steady_us() - begun;
  if (!code) return false;
  RecordReaderSlot slot;
  slot.set(code->readers[0].get());
  auto table = make_decoder(measured.plan), native = make_decoder(measured.plan, &slot);
  double best[2] = {1e9, 1e9};
  size_t records = 0;
  std::vector<MessageInput> messages;
  for (size_t i = 0, begin = 0; i < measured.ends.size(); begin = measured.ends[i++])
    messages.push_back({.value = std::string_view(measured.text).substr(begin, measured.ends[i] - begin)});
  for (int round = 0; round < 100; ++round) {
    for (int which = 0; which < 2; ++which) {
      static Arena arena;
      arena.reset();
      int64_t started = system_clock().steady_us();
      Decoder& decoder = which == 0 ? *table : *native;
      records = decoder.decode({.bytes = measured.text, .position = 0, .messages = messages}, arena).records.size();
      best[which] = std::min(best[which], static_cast<double>(system_clock().steady_us() - started));
    }
  }
  const auto bytes = static_cast<double>(measured.text.size());
  fmt::print("{:52} {:9.1f} ns {:7.0f} MB/s by table, {:9.1f} ns {:7.0f} MB/s natively{}, made in {:.1f} ms\n",
             measured.name, best[0] * 1000 / static_cast<double>(records), bytes / best[0],
             best[1] * 1000 / static_cast<double>(records), bytes / best[1],
             code->readers[0] == nullptr ? " (no native reader)" : "", static_cast<double>(made) / 1000);
  return true;
}

/// Those whose names contain `wanted`.
bool measure_all(std::string_view wanted) {
  const auto compile = load_compiler();
  if (!compile) return false;
  std::vector<Case> cases = {flights_case(false), flights_case(true), avro_case(), protobuf_case()};
  for (auto [fields, read] : {std::pair{20, 5}, {20, 20}, {400, 5}, {400, 400}, {4000, 5}})
    for (const auto& order : kOrders) cases.push_back(wide_case(fields, read, order));
  return std::all_of(cases.begin(), cases.end(), [&](const Case& each) {
    return each.name.find(wanted) == std::string::npos || measure(*compile, each);
  });
}

}  // namespace
}  // namespace braid::codegen

int main(int count, char** arguments) {
  return braid::codegen::measure_all(count > 1 ? arguments[1] : "") ? 0 : 1;
}
