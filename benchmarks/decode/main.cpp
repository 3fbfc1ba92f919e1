// What a record costs to decode, by table and natively, in NDJSON and CSV: the best of many turns, and how long making
// the native decoder took. `ninja braid_decode_measure && bin/braid_decode_measure`.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/codegen/load/load.h"
#include "runtime/abi/record_reader.h"
#include "runtime/base/rng.h"
#include "runtime/codec/decoder.h"
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

/// Six fields of twenty, as benchmarks/flights/filter.braid reads them.
int measure() {
  const auto compile = load_compiler();
  if (!compile) return 1;
  for (bool csv : {false, true}) {
    SourceSpec spec;
    spec.name = "flight";
    spec.binding.format = csv ? "csv" : "json";
    spec.binding.options.emplace_back("null", "null");
    DecodePlan plan;
    plan.format = csv ? Format::csv : Format::ndjson;
    plan.null_marker = "null";
    for (const auto& [name, type] :
         {std::pair{"at", timestamp_type()}, std::pair{"carrier", string_type()}, std::pair{"flight", int_type()},
          std::pair{"origin", string_type()}, std::pair{"dest", string_type()},
          std::pair{"dep_delay", optional_type(int_type())}}) {
      spec.decode.push_back({.name = name, .path = {name}, .type = type});
      plan.fields.push_back({.name = name, .path = {name}, .type = type});
    }
    typed::CallSites sites;
    int64_t begun = system_clock().steady_us();
    auto code = (*compile)({}, {spec}, sites, {.symbols = native_symbols()});
    int64_t made = system_clock().steady_us() - begun;
    if (!code) return 1;
    RecordReaderSlot slot;
    slot.set(code->readers[0].get());
    auto table = make_decoder(plan), native = make_decoder(plan, &slot);
    const std::string text = flights(csv);
    double best[2] = {1e9, 1e9};
    for (int round = 0; round < 400; ++round) {
      for (int which = 0; which < 2; ++which) {
        static Arena arena;
        arena.reset();
        int64_t started = system_clock().steady_us();
        size_t records = (which == 0 ? table : native)->decode({.bytes = text, .position = 0}, arena).records.size();
        auto taken = static_cast<double>(system_clock().steady_us() - started);
        best[which] = std::min(best[which], taken * 1000 / static_cast<double>(records));
      }
    }
    fmt::print("{}: {:.1f} ns a record by table, {:.1f} natively, made in {:.1f} ms\n", csv ? "CSV" : "NDJSON", best[0],
               best[1], static_cast<double>(made) / 1000);
  }
  return 0;
}

}  // namespace
}  // namespace braid::codegen

int main() {
  return braid::codegen::measure();
}
