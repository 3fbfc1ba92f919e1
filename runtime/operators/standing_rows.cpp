#include "runtime/operators/standing_rows.h"

#include <algorithm>

namespace braid {

StandingRows::StandingRows(uint32_t table, const KeyFormat& key, const StoredRows& rows, const Services& services)
    : rows_(rows), keys_(table, table + 1, key, services, lists_, pool_) {}

Bytes StandingRows::row(uint64_t hash, std::string_view key) const {
  const RowHandle at = keys_.find(hash, key);
  if (at == kNoRow) return {nullptr, 0};
  const List& rows = *list(keys_.value(at));
  const auto last = std::find_if(rows.rbegin(), rows.rend(), [](const Standing& each) { return each.count > 0; });
  return last == rows.rend() ? Bytes{nullptr, 0} : last->row;
}

void StandingRows::change(uint64_t hash, std::string_view key, std::string_view row, bool goes) {
  bool added = false;
  const RowHandle at = keys_.find_or_add(hash, key, &added);
  keys_.change(at);
  List*& rows = list(keys_.value(at));
  const int64_t by = goes ? -1 : 1;
  auto place = rows == nullptr ? List::iterator() : std::find_if(rows->begin(), rows->end(), [&](const Standing& each) {
    return each.row.view() == row;
  });
  if (rows == nullptr || place == rows->end()) return add(rows, {pool_.copy(row), by});
  place->count += by;
  if (place->count != 0) return;
  pool_.release(place->row);
  pool_.charge(-static_cast<int64_t>(sizeof(Standing)));
  rows->erase(place);
  if (rows->empty()) keys_.erase(at);
}

void StandingRows::add(List*& list, Standing standing) {
  if (list == nullptr) list = new List;
  list->push_back(standing);
  pool_.charge(sizeof(Standing));
}

void StandingRows::Lists::store(char* value, WireWriter& out, const PutPart&) {
  const List& rows = *list(value);
  out.fixed(static_cast<uint32_t>(rows.size()));
  for (const Standing& each : rows) {
    out.fixed(each.count);
    out.text(each.row.view());
  }
}

bool StandingRows::Lists::load(WireReader& in, char* value) {
  const auto count = in.fixed<uint32_t>();
  for (uint32_t i = 0; i < count && !in.failed(); ++i) {
    const auto times = in.fixed<int64_t>();
    const std::string_view row = in.text();
    if (in.failed() || !owner_.rows_.fits(row)) return false;
    owner_.add(list(value), {owner_.pool_.copy(row), times});
  }
  return !in.failed() && count > 0;
}

void StandingRows::Lists::end(char* value) {
  List*& rows = list(value);
  if (rows == nullptr) return;
  for (const Standing& each : *rows) {
    owner_.pool_.release(each.row);
    owner_.pool_.charge(-static_cast<int64_t>(sizeof(Standing)));
  }
  delete rows;
  rows = nullptr;
}

}  // namespace braid
