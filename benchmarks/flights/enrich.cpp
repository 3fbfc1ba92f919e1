// The rival of enrich.braid, by hand: compare_enrich DATA_DIR OUT_FILE
//
// Flights and observations come in order of time, so one observation a station is held: the last one that is not after
// the flight. Its part of the output is written out once, not once a flight. Planes lie in a flat hash table.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <deque>
#include <vector>

#include "benchmarks/compare/reader.h"

namespace {
using namespace compare;

constexpr int64_t kMaxAge = 2 * 3600;
constexpr std::string_view kNoWeather = ",\"temp\":null,\"wind_speed\":null,\"visib\":null,\"observed_at\":null}\n";
constexpr std::string_view kNoPlane = ",\"model\":null,\"seats\":null";

/// One station's observations, read as the flights go on.
class Station {
 public:
  explicit Station(const std::string& path) : lines_(path) {
    read();
    origin_ = coming_.origin;
  }
  bool is(std::string_view origin) const { return origin_ == origin; }

  /// The output of the observation valid at that instant.
  std::string_view as_of(int64_t at) {
    while (more_ && coming_.at <= at) {
      std::swap(current_, coming_);
      known_ = true;
      read();
    }
    return known_ && at - current_.at <= kMaxAge ? std::string_view(current_.text) : kNoWeather;
  }

 private:
  struct Observation {
    int64_t at = 0;
    std::string origin;
    std::string text;
  };
  void read() {
    more_ = lines_.next([&](ondemand::document_reference row) {
      coming_.origin = quoted(row, "origin");
      coming_.text = ",\"temp\":";
      coming_.text += number(row, "temp");
      coming_.text += ",\"wind_speed\":";
      coming_.text += number(row, "wind_speed");
      coming_.text += ",\"visib\":";
      coming_.text += number(row, "visib");
      const std::string_view at = quoted(row, "time_hour");
      coming_.at = instant_(at);
      coming_.text += ",\"observed_at\":";
      coming_.text += at;
      coming_.text += "}\n";
    });
  }
  static std::string_view number(ondemand::document_reference row, std::string_view name) {
    ondemand::value value = field(row, name);
    const std::string_view text = token(value);
    double checked = 0;
    if (!is_null(value) && value.get_double().get(checked)) fail("not a number", name);
    return text;
  }

  Lines lines_;
  InstantReader instant_;
  std::string origin_;
  Observation current_;
  Observation coming_;
  bool more_ = false;
  bool known_ = false;
};

/// Open addressing, linear probing, a power of two of slots, at most half full. Keys and values point into texts_.
class Planes {
 public:
  explicit Planes(const std::string& path) {
    Lines lines(path);
    std::vector<Slot> rows;
    while (lines.next([&](ondemand::document_reference row) {
      Slot slot;
      slot.key = keep(quoted(row, "tailnum"));
      std::string text = ",\"model\":";
      text += quoted(row, "model");
      text += ",\"seats\":" + std::to_string(integer(row, "seats"));
      slot.value = keep(text);
      rows.push_back(slot);
    })) {
    }
    size_t size = 16;
    while (size < rows.size() * 2) size *= 2;
    slots_.resize(size);
    for (const Slot& row : rows) find(row.key) = row;
  }
  std::string_view operator[](std::string_view tailnum) {
    const Slot& slot = find(tailnum);
    return slot.key.empty() ? kNoPlane : slot.value;
  }

 private:
  struct Slot {
    std::string_view key;
    std::string_view value;
  };
  Slot& find(std::string_view key) {
    const size_t mask = slots_.size() - 1;
    size_t place = XXH3_64bits(key.data(), key.size()) & mask;
    while (!slots_[place].key.empty() && slots_[place].key != key) place = (place + 1) & mask;
    return slots_[place];
  }
  std::string_view keep(std::string_view text) { return texts_.emplace_back(text); }

  std::deque<std::string> texts_;
  std::vector<Slot> slots_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) fail("compare_enrich DATA_DIR OUT_FILE", "usage");
  const std::string data = argv[1];
  Planes planes(data + "/planes.ndjson");
  std::deque<Station> stations;
  for (const char* origin : {"EWR", "JFK", "LGA"}) stations.emplace_back(data + "/weather-" + origin + ".ndjson");
  Lines flights(data + "/flights.ndjson");
  Writer out(argv[2]);
  InstantReader instant;
  const auto take = [&](ondemand::document_reference flight) {
    const std::string_view at = quoted(flight, "at");
    int64_t delay = 0;
    const bool departed = optional_integer(flight, "dep_delay", delay);
    const std::string_view carrier = quoted(flight, "carrier");
    const int64_t number = integer(flight, "flight");
    const std::string_view tailnum = token(field(flight, "tailnum"));
    const std::string_view origin = quoted(flight, "origin");
    const std::string_view dest = quoted(flight, "dest");
    std::string_view weather = kNoWeather;
    for (Station& station : stations) {
      if (station.is(origin)) weather = station.as_of(instant(at));
    }
    out.row() << "{\"at\":" << at << ",\"carrier\":" << carrier << ",\"flight\":" << number
              << ",\"tailnum\":" << tailnum << ",\"origin\":" << origin << ",\"dest\":" << dest;
    if (departed) {
      out << ",\"dep_delay\":" << delay;
    } else {
      out << ",\"dep_delay\":null";
    }
    out << planes[tailnum] << weather;
  };
  while (flights.next(take)) {
  }
  return 0;
}
