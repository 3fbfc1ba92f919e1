#include "runtime/operators/counted_set.h"

namespace braid {
namespace {

int64_t bytes_of(const CountedSet::Value& value) {
  constexpr int64_t kNode = 112;
  return kNode + static_cast<int64_t>(value.first.size() + value.second.size());
}

void append(const CountedSet::Value& value, int64_t rows, WireWriter& out) {
  out.text(value.first);
  out.text(value.second);
  out.fixed(rows);
}

}  // namespace

void CountedSet::add(Counts& counts, const Value& value, int64_t rows, BlobPool& pool) {
  const auto [place, fresh] = counts.try_emplace(value, 0);
  if (fresh) pool.charge(bytes_of(value));
  place->second += rows;
  if (place->second != 0) return;
  pool.charge(-bytes_of(value));
  counts.erase(place);
}

void CountedSet::change(const Value& value, int64_t rows, bool stored, BlobPool& pool) {
  rows_ += rows;
  add(values_, value, rows, pool);
  if (stored) add(news_, value, rows, pool);
}

void CountedSet::merge(const CountedSet& other, bool stored, BlobPool& pool) {
  for (const auto& [value, rows] : other.values_) change(value, rows, stored, pool);
}

void CountedSet::take_news(const Accumulator::PutPart& put, BlobPool& pool) {
  if (news_.empty()) return;
  constexpr uint64_t kFew = 64;
  written_ += news_.size();
  const bool whole = written_ > 2 * values_.size() + kFew;
  WireWriter out;
  const uint32_t before = parts.stored;
  if (whole) {
    written_ = values_.size();
    parts.stored = 0;
  }
  for (const auto& [value, rows] : whole ? values_ : news_) append(value, rows, out);
  put(parts.stored++, out.bytes());
  for (uint32_t part = parts.stored; part < before; ++part) put(part, std::nullopt);
  parts.read = parts.stored;
  for (const auto& [value, rows] : news_) pool.charge(-bytes_of(value));
  news_.clear();
}

bool CountedSet::load_part(std::string_view bytes, const std::function<bool(const Value&)>& sound, BlobPool& pool) {
  ++parts.read;
  WireReader in(bytes);
  Value value;
  while (!in.failed() && !in.at_end()) {
    value.first = in.text();
    value.second = in.text();
    const auto rows = in.fixed<int64_t>();
    if (in.failed() || !sound(value)) return false;
    change(value, rows, false, pool);
    ++written_;
  }
  return !in.failed();
}

void CountedSet::end(BlobPool& pool) {
  for (const Counts* counts : {&values_, &news_})
    for (const auto& [value, rows] : *counts) pool.charge(-bytes_of(value));
}

}  // namespace braid
