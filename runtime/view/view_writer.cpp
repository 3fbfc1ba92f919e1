#include "runtime/view/view_writer.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "runtime/base/check.h"
#include "runtime/data/row_change.h"
#include "runtime/view/change_log.h"

namespace braid {
namespace {

constexpr int kStoreDamaged = 8002;

Error damaged(const char* what) {
  return {ErrorKind::store, std::string("a view cannot be read: ") + what, kStoreDamaged, 0};
}

}  // namespace

void ViewWriter::find_leaves() {
  row_leaves_ = layout_.rows().leaves();
  slots_.resize(row_leaves_);
  stored_slots_.resize(row_leaves_);
  std::set<size_t> leaves;
  for (const FieldPlace& field : layout_.key()) {
    leaves.insert(field.presences.begin(), field.presences.end());
    for (size_t i = 0; i < leaf_count(field.own); ++i) leaves.insert(field.leaf + i);
  }
  leaves_.assign(leaves.begin(), leaves.end());
}

void ViewWriter::write(const Block& block) {
  constexpr uint64_t kOfEntry = 128;
  Block own = block;  // without what changes have behind the row
  own.columns.resize(row_leaves_);
  for (uint32_t row = 0; row < block.rows; ++row) {
    const int64_t time = block.time == nullptr ? INT64_MIN : block.time[row];
    if (!layout_.is_keyed()) {
      Event& event = waiting_.events.emplace_back(Event{time, {}});
      layout_.rows().encode(own, row, event.row);
      waiting_bytes_ += event.row.size() + sizeof(Event);
      continue;
    }
    for (const size_t leaf : leaves_) slots_[leaf] = read_slot(block.columns[leaf], row);
    key_.clear();
    layout_.append_key(slots_.data(), key_);
    const RowChange change = row_change(block, row_leaves_, row);
    waiting_.added += change == RowChange::comes ? 1 : change == RowChange::goes ? -1 : 0;
    const auto [place, is_new] = waiting_.keys.try_emplace(key_);
    if (is_new) waiting_bytes_ += kOfEntry + key_.size();
    std::vector<Version>& versions = place->second;
    // A version that the next one of the same time replaces was never seen.
    if (versions.empty() || (layout_.has_history() && versions.back().time != time)) {
      versions.emplace_back();
      waiting_bytes_ += sizeof(Version);
    }
    Version& version = versions.back();
    waiting_bytes_ -= version.row.size();
    version.time = time;
    version.gone = change == RowChange::goes;
    version.row.clear();
    if (!version.gone) layout_.rows().encode(own, row, version.row);
    waiting_bytes_ += version.row.size();
  }
}

ViewWriter::Rows ViewWriter::take() {
  waiting_.first_number = figures_.next_number;
  figures_.next_number += waiting_.events.size();
  figures_.rows += waiting_.events.size() + static_cast<uint64_t>(waiting_.added);
  waiting_bytes_ = 0;
  return std::exchange(waiting_, {});
}

Result<uint64_t> ViewWriter::put(const Rows& rows, uint64_t epoch, int64_t watermark, StateStore& store,
                                 StateBatch& batch, ChangeLogWriter* log) {
  uint64_t gone = 0;
  // What goes is chosen of what is in the store; what this epoch writes is younger, or goes with the next one.
  if (const int64_t horizon = layout_.horizon(watermark); horizon != INT64_MIN) {
    const size_t most = std::max(kGoAtOnce, 2 * (rows.keys.size() + rows.events.size()));
    const std::shared_ptr<const StoreSnapshot> before = store.snapshot();
    BRAID_CHECK(before != nullptr, "a store without snapshots has no views");
    if (layout_.is_keyed()) {
      BRAID_ASSIGN(const uint64_t known_from, forget_outdated(horizon, most, *before, batch));
      BRAID_TRY(forget_epochs(known_from, store, batch));
    } else {
      BRAID_ASSIGN(gone, forget_old_events(horizon, most, *before, batch));
    }
  }
  if (layout_.is_keyed()) {
    BRAID_TRY(put_keys(rows, epoch, store, batch, log));
  } else {
    put_events(rows, epoch, batch, log);
  }
  return gone;
}

Status ViewWriter::forget_epochs(uint64_t before, StateStore& store, StateBatch& batch) {
  if (before == 0) return {};
  std::string bytes;
  BRAID_ASSIGN(const bool found, store.get(StateFamily::point, layout_.known_key(), &bytes));
  uint64_t known = 0;
  if (found && bytes.size() != sizeof(known)) return damaged("its first epoch is damaged");
  if (found) std::memcpy(&known, bytes.data(), sizeof(known));
  if (before <= known) return {};
  bytes.assign(reinterpret_cast<const char*>(&before), sizeof(before));
  batch.put(StateFamily::point, layout_.known_key(), bytes);
  return {};
}

Status ViewWriter::count_rows(StateStore& store) {
  figures_.rows = 0;
  return store.scan(StateFamily::point, layout_.current_key({}), [this](std::string_view, std::string_view) {
    ++figures_.rows;
    return Status();
  });
}

Result<std::vector<std::string>> ViewWriter::index_values(std::string_view row) {
  if (!layout_.rows().well_formed(row)) return damaged("a row is damaged");
  arena_.reset();
  layout_.rows().decode(row, stored_slots_.data(), arena_);
  std::vector<std::string> values(layout_.indexes().size());
  for (size_t i = 0; i < values.size(); ++i) layout_.append_index(i, stored_slots_.data(), values[i]);
  return values;
}

Status ViewWriter::put_keys(const Rows& rows, uint64_t epoch, StateStore& store, StateBatch& batch,
                            ChangeLogWriter* log) {
  std::vector<const std::pair<const std::string, std::vector<Version>>*> changed;
  changed.reserve(rows.keys.size());
  for (const auto& each : rows.keys) changed.push_back(&each);
  std::sort(changed.begin(), changed.end(), [](const auto* a, const auto* b) { return a->first < b->first; });

  std::vector<std::string> places;
  places.reserve(changed.size());
  for (const auto* each : changed) places.push_back(layout_.current_key(each->first));
  std::vector<std::string> before(changed.size());  // empty: there is none
  if (!layout_.indexes().empty() || layout_.has_history() || log != nullptr)
    BRAID_TRY(store.get_many(StateFamily::point, places, [&](size_t place, std::string_view value) {
      before[place] = value;
      return Status();
    }));

  const uint32_t first = std::exchange(put_epoch_, epoch) == epoch ? put_versions_ : 0;
  put_versions_ = first;
  std::string value;
  for (size_t i = 0; i < changed.size(); ++i) {
    const std::string& key = changed[i]->first;
    const std::vector<Version>& versions = changed[i]->second;
    const Version& newest = versions.back();
    if (newest.gone) {
      batch.erase(StateFamily::point, places[i]);
    } else {
      value.clear();
      ViewStamp{epoch, newest.time, ViewStamp::Kind::row}.append(value);
      batch.put(StateFamily::point, places[i], value.append(newest.row));
    }
    if (!before[i].empty() && before[i].size() < ViewStamp::kSize) return damaged("a row has no stamp");
    if (log != nullptr)
      log->add(newest.time, std::string_view(before[i]).substr(before[i].empty() ? 0 : ViewStamp::kSize), newest.row,
               batch);
    if (!layout_.indexes().empty()) {
      std::vector<std::string> old_values, new_values;
      if (!before[i].empty()) {
        BRAID_ASSIGN(old_values, index_values(std::string_view(before[i]).substr(ViewStamp::kSize)));
      }
      if (!newest.gone) {
        BRAID_ASSIGN(new_values, index_values(newest.row));
      }
      for (size_t index = 0; index < layout_.indexes().size(); ++index) {
        const bool was = !old_values.empty(), is = !new_values.empty();
        if (was && is && old_values[index] == new_values[index]) continue;
        if (was) batch.erase(StateFamily::point, layout_.index_key(index, old_values[index], key));
        if (is) batch.put(StateFamily::point, layout_.index_key(index, new_values[index], key), {});
      }
    }
    if (!layout_.has_history()) continue;
    for (size_t n = 0; n < versions.size(); ++n) {
      const Version& version = versions[n];
      value.clear();
      ViewStamp{epoch, version.time, version.gone ? ViewStamp::Kind::gone : ViewStamp::Kind::row}.append(value);
      const std::string place = layout_.history_key(key, epoch, first + static_cast<uint32_t>(n));
      batch.put(StateFamily::point, place, value.append(version.row));
      if (n > 0 || !before[i].empty())
        batch.put(StateFamily::point, layout_.outdated_key(version.time, key), ViewLayout::version_of_history(place));
    }
    put_versions_ = std::max(put_versions_, first + static_cast<uint32_t>(versions.size()));
  }
  return {};
}

void ViewWriter::put_events(const Rows& rows, uint64_t epoch, StateBatch& batch, ChangeLogWriter* log) {
  std::string value;
  uint64_t number = rows.first_number;
  for (const Event& event : rows.events) {
    const std::string place = layout_.event_key(event.time, number++);
    value.clear();
    ViewStamp{epoch, event.time, ViewStamp::Kind::row}.append(value);
    batch.put(StateFamily::point, place, value.append(event.row));
    if (log != nullptr) log->add(event.time, {}, event.row, batch);
    if (layout_.indexes().empty()) continue;
    const Result<std::vector<std::string>> values = index_values(event.row);
    BRAID_CHECK(values.ok(), "a row that was just written");
    for (size_t i = 0; i < values->size(); ++i)
      batch.put(StateFamily::point, layout_.index_key(i, (*values)[i], ViewLayout::behind_table(place)), {});
  }
}

Result<uint64_t> ViewWriter::forget_outdated(int64_t horizon, size_t most, const StoreSnapshot& store,
                                             StateBatch& batch) {
  uint64_t known_from = 0;
  const auto outdated =
      store.cursor(StateFamily::point, layout_.outdated_before(INT64_MIN), layout_.outdated_before(horizon));
  for (size_t n = 0; outdated->valid() && n < most; outdated->next(), ++n) {
    batch.erase(StateFamily::point, outdated->key());
    if (outdated->value().size() != ViewLayout::kVersionSize) return damaged("what is outdated has no version");
    // This version answers for all times from the horizon on, so none behind it is read any more.
    const std::string versions = layout_.history_prefix(ViewLayout::key_of_outdated(outdated->key()));
    const std::string last = versions + std::string(outdated->value());
    const auto version = store.cursor(StateFamily::point, last, StateStore::behind_prefix(versions));
    for (; version->valid(); version->next()) {
      const std::optional<ViewStamp> stamp = ViewStamp::read(version->value());
      if (!stamp) return damaged("a version has no stamp");
      if (version->key() == last) {
        known_from = std::max(known_from, stamp->epoch);
        if (stamp->kind == ViewStamp::Kind::row) continue;
      }
      batch.erase(StateFamily::point, version->key());
    }
    BRAID_TRY(version->status());
  }
  BRAID_TRY(outdated->status());
  return known_from;
}

Result<uint64_t> ViewWriter::forget_old_events(int64_t horizon, size_t most, const StoreSnapshot& store,
                                               StateBatch& batch) {
  uint64_t gone = 0;
  // Rows without a time stay.
  const auto event = store.cursor(StateFamily::point, layout_.events_from(INT64_MIN + 1), layout_.events_from(horizon));
  for (; event->valid() && gone < most; event->next(), ++gone) {
    if (event->value().size() < ViewStamp::kSize) return damaged("a row has no stamp");
    if (!layout_.indexes().empty()) {
      BRAID_ASSIGN(const std::vector<std::string> values, index_values(event->value().substr(ViewStamp::kSize)));
      for (size_t i = 0; i < values.size(); ++i)
        batch.erase(StateFamily::point, layout_.index_key(i, values[i], ViewLayout::behind_table(event->key())));
    }
    batch.erase(StateFamily::point, event->key());
  }
  BRAID_TRY(event->status());
  return gone;
}

}  // namespace braid
