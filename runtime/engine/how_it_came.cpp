#include "runtime/engine/how_it_came.h"

#include <map>

namespace braid {
namespace {

const GivenRecord* given_record(const RecordsCame& came, const Block& block, uint32_t row) {
  const uint32_t record = block.record[row];
  return record < came.given.size() ? &came.given[record] : nullptr;
}

/// As a map stands in a row: its entries by their keys. Of a name that stands several times the last one counts.
List entries_of(std::span<const GivenHeader> headers, Arena& arena) {
  std::map<std::string_view, std::string_view> entries;
  for (const GivenHeader& header : headers) entries[header.name] = header.value;
  auto* items = arena.allocate_array<Slot>(2 * entries.size());
  Slot* next = items;
  for (const auto& [name, value] : entries) {
    *next++ = slot_bytes(name);
    *next++ = slot_bytes(value);
  }
  return {items, entries.size()};
}

}  // namespace

void add_how_it_came(const SourceSpec& source, const RecordsCame& came, Block& block, Arena& arena) {
  if (source.has_arrival) {
    auto* arrivals = arena.allocate_array<int64_t>(block.rows);
    for (uint32_t row = 0; row < block.rows; ++row) {
      const GivenRecord* given = given_record(came, block, row);
      arrivals[row] = given == nullptr ? came.reading : given->appended_us.value_or(came.reading);
    }
    block.columns.push_back({LeafKind::i64, arrivals});
  }
  if (source.has_headers) {
    auto* headers = arena.allocate_array<List>(block.rows);
    for (uint32_t row = 0; row < block.rows; ++row) {
      const GivenRecord* given = given_record(came, block, row);
      headers[row] = given == nullptr || given->headers.empty() ? List{nullptr, 0} : entries_of(given->headers, arena);
    }
    block.columns.push_back({LeafKind::list, headers});
  }
}

}  // namespace braid
