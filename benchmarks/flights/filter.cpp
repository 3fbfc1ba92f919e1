// The rival of filter.braid, by hand: compare_filter DATA_DIR OUT_FILE
#include "benchmarks/compare/reader.h"

int main(int argc, char** argv) {
  using namespace compare;
  if (argc != 3) fail("compare_filter DATA_DIR OUT_FILE", "usage");
  Lines flights(std::string(argv[1]) + "/flights.ndjson");
  Writer out(argv[2]);
  InstantReader instant;
  const auto take = [&](ondemand::document_reference flight) {
    int64_t delay = 0;
    if (!optional_integer(flight, "dep_delay", delay) || delay <= 60) return;
    // From here on the fields stand in this order; `at` stands before and is found by going round.
    const std::string_view carrier = quoted(flight, "carrier");
    const int64_t number = integer(flight, "flight");
    const std::string_view origin = quoted(flight, "origin");
    const std::string_view dest = quoted(flight, "dest");
    const std::string_view at = quoted(flight, "at");
    instant(at);
    out.row() << "{\"at\":" << at << ",\"carrier\":" << carrier << ",\"flight\":" << number << ",\"origin\":" << origin
              << ",\"dest\":" << dest << ",\"dep_delay\":" << delay << "}\n";
  };
  while (flights.next(take)) {
  }
  return 0;
}
