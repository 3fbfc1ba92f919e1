// What is stored of a key with open matches: rows u32 | each, its time i64 and its bytes | matches u32 | each: passed
// over u8, forbidden u64, elements u32, rows of each u32, places of the rows among those above u32.
#include <algorithm>

#include "runtime/operators/match.h"

namespace braid {
namespace {

Error damaged() {
  return {ErrorKind::store, "the state of `match` is damaged", 0, 0};
}

}  // namespace

void MatchNode::Values::store(char* value, WireWriter& out, const PutPart&) {
  const OpenMatches& matches = *reinterpret_cast<Value*>(value)->matches;
  out.fixed(static_cast<uint32_t>(matches.rows.size()));
  for (const OpenMatches::Row& row : matches.rows) {
    out.fixed(row.time);
    out.text(row.bytes.view());
  }
  out.fixed(static_cast<uint32_t>(matches.open.size()));
  for (const OpenMatch& match : matches.open) {
    out.fixed(static_cast<uint8_t>(match.passed_over));
    out.fixed(match.forbidden);
    out.fixed(static_cast<uint32_t>(match.counts.size()));
    for (const uint32_t count : match.counts) out.fixed(count);
    for (const uint64_t number : match.rows) out.fixed(static_cast<uint32_t>(number - matches.first_number));
  }
}

bool MatchNode::Values::load(WireReader& in, char* value) {
  Value& own = *reinterpret_cast<Value*>(value);
  own = {};
  own.matches = new OpenMatches;
  OpenMatches& matches = *own.matches;
  const auto rows = in.fixed<uint32_t>();
  for (uint32_t i = 0; i < rows; ++i) {
    const auto time = in.fixed<int64_t>();
    const std::string_view bytes = in.text();
    if (in.failed() || !node_.element_rows_.fits(bytes)) return false;
    matches.rows.push_back({time, node_.pool_.copy(bytes)});
  }
  const auto open = in.fixed<uint32_t>();
  for (uint32_t i = 0; i < open && !in.failed(); ++i) {
    OpenMatch& match = matches.open.emplace_back();
    match.passed_over = in.fixed<uint8_t>() != 0;
    match.forbidden = in.fixed<uint64_t>();
    const auto elements = in.fixed<uint32_t>();
    if (elements == 0 || elements > node_.content_.elements.size()) return false;
    match.element = elements - 1;
    uint64_t taken = 0;
    for (uint32_t e = 0; e < elements; ++e) {
      match.counts.push_back(in.fixed<uint32_t>());
      taken += match.counts.back();
    }
    if (taken == 0 || match.counts.back() == 0 || taken > matches.rows.size()) return false;
    for (uint64_t k = 0; k < taken; ++k) {
      match.rows.push_back(in.fixed<uint32_t>());
      if (match.rows.back() >= matches.rows.size()) return false;
    }
    matches.references += taken;
  }
  if (in.failed() || matches.open.empty()) return false;
  own.due = node_.pattern_.deadline(matches);
  node_.charge(own);
  return true;
}

void MatchNode::Values::loaded(RowHandle row, char* value) {
  node_.timers_.push({reinterpret_cast<Value*>(value)->due, node_.keys_.hash(row), row});
}

void MatchNode::Values::end(char* value) {
  Value& own = *reinterpret_cast<Value*>(value);
  if (own.matches == nullptr) return;
  for (const OpenMatches::Row& row : own.matches->rows) node_.pool_.release(row.bytes);
  node_.pool_.charge(-static_cast<int64_t>(own.bytes));
  delete own.matches;
  own = {};
}

void MatchNode::freeze() {
  waiting_.freeze();
  keys_.freeze();
  changed_bytes_ = 0;
  ++freezes_;
  sealed_.freeze(sealed_batch_);
}

bool MatchNode::copy_frozen(CopyBudget& budget) {
  return waiting_.copy_frozen(budget) && keys_.copy_frozen(budget);
}

void MatchNode::take_frozen(StateBatch& batch) {
  waiting_.take_frozen(batch);
  keys_.take_frozen(batch);
  batch.append(sealed_batch_);
}

Status MatchNode::restore(StateStore& store, uint64_t memory) {
  BRAID_TRY(waiting_.restore(store, memory));
  BRAID_TRY(keys_.restore(store, memory));
  return sealed_.restore(store, damaged());
}

Status MatchNode::evict(uint64_t bytes) {
  pool_.release_pending();
  const uint64_t freed = waiting_.evict(bytes);
  if (freed < bytes) {
    keys_.evict(bytes - freed);
    timers_.erase_if([this](const KeyTimer& timer) {
      const Value& value = this->value(timer.key);
      return value.matches == nullptr || value.due != timer.time || keys_.hash(timer.key) != timer.hash;
    });
  }
  return {};
}

StateSize MatchNode::state_size() const {
  StateSize size = keys_.size();
  size += waiting_.size();
  size.bytes += timers_.bytes();
  size.dirty += changed_bytes_;
  return size;
}

}  // namespace braid
