// The rival of window.braid, by hand: compare_window DATA_DIR OUT_FILE
//
// Flights come in order of time, so one hour is open at a time; its groups lie in a small flat hash table that is
// emptied when the hour has passed.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <vector>

#include "benchmarks/compare/reader.h"

namespace {
using namespace compare;

struct Group {
  std::string_view carrier;  ///< points into the mapped file; empty: a free slot
  int64_t flights = 0;
  int64_t delay = 0;
  int64_t worst = 0;
};

class Hour {
 public:
  Hour() : slots_(64) {}

  Group& operator[](std::string_view carrier) {
    if (used_.size() * 2 > slots_.size()) grow();
    const size_t place = find(carrier);
    Group& group = slots_[place];
    if (group.carrier.empty()) {
      group = {carrier, 0, 0, INT64_MIN};
      used_.push_back(place);
    }
    return group;
  }

  /// Writes the groups and forgets them. The mean has six places, rounded half to even.
  void close(std::string_view start, Writer& out) {
    for (const size_t place : used_) {
      Group& group = slots_[place];
      out.row() << "{\"carrier\":" << group.carrier << ",\"hour_start\":" << start << ",\"flights\":" << group.flights
                << ",\"mean_delay\":";
      const int64_t scaled = group.delay < 0 ? -group.delay * 1'000'000 : group.delay * 1'000'000;
      int64_t mean = scaled / group.flights;
      const int64_t twice_rest = scaled % group.flights * 2;
      if (twice_rest > group.flights || (twice_rest == group.flights && mean % 2 == 1)) ++mean;
      if (group.delay < 0 && mean != 0) out << "-";
      out << mean / 1'000'000 << ".";
      out.digits(mean % 1'000'000, 6);
      out << ",\"worst_arrival\":" << group.worst << "}\n";
      group.carrier = {};
    }
    used_.clear();
  }

 private:
  size_t find(std::string_view carrier) const {
    const size_t mask = slots_.size() - 1;
    size_t place = XXH3_64bits(carrier.data(), carrier.size()) & mask;
    while (!slots_[place].carrier.empty() && slots_[place].carrier != carrier) place = (place + 1) & mask;
    return place;
  }
  void grow() {
    std::vector<Group> old(slots_.size() * 2);
    old.swap(slots_);
    used_.clear();
    for (const Group& group : old) {
      if (group.carrier.empty()) continue;
      const size_t place = find(group.carrier);
      slots_[place] = group;
      used_.push_back(place);
    }
  }

  std::vector<Group> slots_;
  std::vector<size_t> used_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) fail("compare_window DATA_DIR OUT_FILE", "usage");
  Lines flights(std::string(argv[1]) + "/flights.ndjson");
  Writer out(argv[2]);
  InstantReader instant;
  Hour hour;
  int64_t open = INT64_MIN;
  char start[] = "\"0000-00-00T00:00:00Z\"";
  const auto take = [&](ondemand::document_reference flight) {
    const std::string_view at = quoted(flight, "at");
    int64_t delay = 0;
    int64_t arrival = 0;
    if (!optional_integer(flight, "dep_delay", delay) || !optional_integer(flight, "arr_delay", arrival)) return;
    const int64_t now = instant(at) / 3600;
    if (now != open) {
      hour.close(start, out);
      open = now;
      std::memcpy(start, at.data(), 14);  // the date and the hour, with the quote before; minutes and seconds stay 0
    }
    Group& group = hour[quoted(flight, "carrier")];
    ++group.flights;
    group.delay += delay;
    if (arrival > group.worst) group.worst = arrival;
  };
  while (flights.next(take)) {
  }
  hour.close(start, out);
  return 0;
}
