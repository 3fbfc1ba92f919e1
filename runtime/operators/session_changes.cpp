#include "runtime/operators/session_changes.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "runtime/base/check.h"
#include "runtime/operators/instants.h"
#include "runtime/operators/made_row.h"
#include "runtime/operators/output_trace.h"
#include "runtime/operators/top_rows.h"

namespace braid {
namespace {

constexpr size_t kKeysAtOnce = 512;

}  // namespace

SessionChanges::SessionChanges(const Services& services, const GroupState& state, const KeyFormat& key)
    : services_(services),
      self_(services.program.operators[services.index]),
      content_(*grouping_of(self_)),
      top_(std::get_if<TopOperator>(&self_.content)),
      state_(state),
      key_(key),
      leaves_(flatten(self_.row)),
      first_result_(top_ != nullptr ? 0 : leaf_offset(self_.row, content_.keys.size())),
      results_(top_ != nullptr
                   ? first_fields(self_.row, top_->fields)
                   : std::vector<Field>{self_.row.begin() + static_cast<std::ptrdiff_t>(content_.keys.size()),
                                        self_.row.end() - 2}),
      window_column_(top_ != nullptr ? results_.leaf_count() : state_.end_column()),
      by_instants_(by_instants(services.program)[static_cast<size_t>(services.index)]) {
  BRAID_CHECK(window_column_ + (top_ != nullptr && top_->numbered ? 4 : 3) == leaves_.size(),
              "the row of sessions is not keys, aggregates, window, mark");
}

void SessionChanges::read(std::span<const Shown> sessions, Arena& arena, std::vector<GroupState::Misfit>& misfits,
                          const TakeRow& row) const {
  if (top_ != nullptr) {
    for (size_t i = 0; i < sessions.size(); ++i)
      visit_ranked(*top_, sessions[i].state, [&](uint64_t number, std::string_view entry) { row(i, number, entry); });
    return;
  }
  const auto count = static_cast<uint32_t>(sessions.size());
  Block block = allocate_block(leaves_, count, arena);
  block.rows = count;
  std::vector<const char*> states;
  for (const Shown& each : sessions) states.push_back(each.state);
  state_.read(states, block, arena, misfits);
  const Block target = results_.target(block, first_result_);
  auto misfit = misfits.begin();
  std::string bytes;
  for (uint32_t i = 0; i < count; ++i) {
    if (misfit != misfits.end() && misfit->row == i) {
      ++misfit;  // it has no row
      continue;
    }
    bytes.clear();
    results_.append(target, i, bytes);
    row(i, 0, bytes);
  }
}

void SessionChanges::note(RowHandle key, uint64_t hash, std::string_view bytes, std::span<const Shown> before) {
  known_.insert(key);
  sorted_ = false;
  Noted& noted = noted_.emplace_back(Noted{key, hash, std::string(bytes), {}});
  if (before.empty()) return;
  scratch_.reset();
  std::vector<GroupState::Misfit> misfits;
  read(before, scratch_, misfits, [&](size_t session, uint64_t number, std::string_view bytes) {
    const Shown& shown = before[session];
    noted.before.push_back({shown.first, shown.end, shown.last, number, std::string(bytes)});
  });
}

std::optional<ReleasePoint> SessionChanges::next_release() {
  if (next_ == noted_.size()) return {};
  if (!sorted_)
    std::sort(noted_.begin(), noted_.end(),
              [](const Noted& a, const Noted& b) { return std::tie(a.hash, a.key) < std::tie(b.hash, b.key); });
  sorted_ = true;
  return ReleasePoint{kNoTime, slice_of(noted_[next_].hash) + 1};
}

uint64_t SessionChanges::release_before(const ReleasePoint& point, const Show& show, const std::function<void()>& shown,
                                        uint64_t& made, std::vector<Block>& out) {
  if (!next_release()) return 0;
  const size_t first = next_;
  while (next_ < noted_.size() && ReleasePoint{kNoTime, slice_of(noted_[next_].hash)} < point) ++next_;
  for (size_t begin = first; begin < next_; begin += kKeysAtOnce)
    put_out(std::span<const Noted>(noted_).subspan(begin, std::min(kKeysAtOnce, next_ - begin)), show, shown, made,
            out);
  const uint64_t keys = next_ - first;
  if (next_ == noted_.size()) {
    noted_.clear();
    known_.clear();
    next_ = 0;
  }
  return keys;
}

void SessionChanges::put_out(std::span<const Noted> keys, const Show& show, const std::function<void()>& shown,
                             uint64_t& made, std::vector<Block>& out) {
  std::vector<Shown> now;
  std::vector<size_t> ends;
  for (const Noted& key : keys) {
    show(key.row, now);
    ends.push_back(now.size());
  }
  struct NowRow {
    size_t session;
    uint64_t number;
    Bytes results;
    const char* misfit = nullptr;
    size_t aggregate = 0;
  };
  std::vector<NowRow> rows;
  std::vector<GroupState::Misfit> misfits;
  read(now, services_.arena, misfits, [&](size_t session, uint64_t number, std::string_view bytes) {
    rows.push_back({session, number, services_.arena.copy(bytes)});
  });
  for (const GroupState::Misfit& misfit : misfits)
    rows.push_back({misfit.row, 0, {nullptr, 0}, now[misfit.row].state, misfit.aggregate});
  std::sort(rows.begin(), rows.end(), [](const NowRow& a, const NowRow& b) {
    return std::tie(a.session, a.number) < std::tie(b.session, b.number);
  });

  std::vector<Change> changes;
  size_t next = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    const Noted& key = keys[i];
    // Sessions of a key do not begin together.
    std::map<std::pair<int64_t, uint64_t>, const Before*> before;
    for (const Before& each : key.before) before[{each.start, each.number}] = &each;
    std::vector<Change> comes;
    for (; next < rows.size() && rows[next].session < ends[i]; ++next) {
      const NowRow& row = rows[next];
      const Shown& session = now[row.session];
      const auto known = before.find({session.first, row.number});
      if (row.misfit == nullptr && known != before.end() && known->second->end == session.end &&
          known->second->results == row.results.view()) {
        before.erase(known);  // it stays
        continue;
      }
      comes.push_back({&key, 0, false, session.first, session.end, session.last, row.number, row.results, row.misfit,
                       row.aggregate});
    }
    uint64_t place = 0;
    for (auto each = before.rbegin(); each != before.rend(); ++each) {
      const Before& gone = *each->second;
      changes.push_back({&key,
                         place++,
                         true,
                         gone.start,
                         gone.end,
                         gone.last,
                         gone.number,
                         {gone.results.data(), gone.results.size()}});
    }
    for (Change& change : comes) {
      change.place = place++;
      changes.push_back(change);
    }
  }
  for (size_t first = 0; first < changes.size(); first += kBlockRows)
    put_out_rows(std::span<const Change>(changes).subspan(first, std::min<size_t>(kBlockRows, changes.size() - first)),
                 made, out);
  shown();
}

void SessionChanges::put_out_rows(std::span<const Change> changes, uint64_t& made, std::vector<Block>& out) {
  constexpr uint32_t kOverflow = 6101;
  Arena& arena = services_.arena;
  const auto count = static_cast<uint32_t>(changes.size());
  Block block = allocate_block(leaves_, count, arena);
  auto* records = arena.allocate_array<Record>(count);
  block.rows = count;
  block.records = records;
  services_.dispositions.make(services_.index, count);
  if (services_.trace != nullptr) services_.trace->rows.clear();
  const Block target = results_.target(block, first_result_);
  auto* starts = block.columns[window_column_].as<int64_t>();
  auto* ends = block.columns[window_column_ + 1].as<int64_t>();
  auto* numbers = top_ != nullptr && top_->numbered ? block.columns[window_column_ + 2].as<int64_t>() : nullptr;
  auto* goes = block.columns.back().as<uint8_t>();
  std::vector<uint32_t> kept;
  for (uint32_t row = 0; row < count; ++row) {
    const Change& change = changes[row];
    Record& record = records[row] = Record{};
    record.bytes = made_row_bytes(self_.state.identity, change.start, change.end, change.key->key, arena);
    const std::string_view key = record.bytes.view().substr(record.bytes.size - change.key->key.size());
    if (top_ == nullptr) key_.decode(key, block, row, 0, arena);
    if (numbers != nullptr) numbers[row] = static_cast<int64_t>(change.number);
    starts[row] = change.start;
    ends[row] = change.end;
    goes[row] = change.goes ? 1 : 0;
    block.time[row] = by_instants_ ? instant_ : change.last;
    block.watermark[row] = kNoTime;
    block.record[row] = row;
    record.line = kMadeByWindow;
    record.source = made_source(services_.program);
    record.position = top_ == nullptr ? static_cast<int64_t>(change.key->hash >> 1)
                                      : ranked_position(change.key->hash, change.number);
    record.turn = services_.turn;
    record.ordinal = static_cast<uint32_t>(made++);
    if (services_.trace != nullptr) {
      const OrderKey order{.time = kNoTime, .a = change.key->hash, .b = change.place, .bytes = key};
      services_.trace->rows.push_back(order);
      services_.trace->made.push_back({order, &record});
    }
    if (change.misfit == nullptr) {
      const std::string_view entry = change.results.view();
      const Bytes results = arena.copy(top_ == nullptr ? entry : RankOrder::row_behind_place(entry));
      results_.read(results, target, row, arena);
      kept.push_back(row);
    }
  }
  for (uint32_t row = 0; row < count; ++row) {
    const Change& change = changes[row];
    if (change.misfit == nullptr) continue;
    for (size_t leaf = first_result_; leaf < window_column_; ++leaf) write_slot(block.columns[leaf], row, slot_i128(0));
    const AggregateSpec& aggregate = content_.aggregates[change.aggregate];
    services_.dispositions.leave(services_.index, Dispositions::kMadeHere, block, row, content_.overflow_site,
                                 {.code = kOverflow,
                                  .expression = aggregate.expression,
                                  .arguments = {{"type", to_string(aggregate.type)},
                                                {"values", state_.values_text(change.misfit, change.aggregate)}}});
  }
  if (kept.empty()) return;
  if (services_.trace != nullptr) services_.trace->put_out(kept);
  out.push_back(select_rows(block, kept, leaves_, arena));
}

}  // namespace braid
