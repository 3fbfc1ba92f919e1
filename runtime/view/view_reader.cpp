#include "runtime/view/view_reader.h"

#include <cstring>

#include "runtime/base/check.h"
#include "runtime/data/ordered_bytes.h"

namespace braid {
namespace {

Error damaged() {
  return {ErrorKind::store, "a row of a view has no stamp", 8002, 0};
}

/// False: the bytes are no stored row.
bool read_row(std::string_view value, ViewRow& row) {
  const std::optional<ViewStamp> stamp = ViewStamp::read(value);
  if (!stamp) return false;
  row.stamp = *stamp;
  row.row = value.substr(ViewStamp::kSize);
  return true;
}

bool counts(const AsOf& as_of, const ViewStamp& stamp) {
  return (!as_of.time || stamp.time <= *as_of.time) && (!as_of.epoch || stamp.epoch <= *as_of.epoch);
}

/// What scans have in common: a cursor, and how many rows have been looked at.
class BoundedScan : public ViewScan {
 public:
  BoundedScan(std::shared_ptr<const ViewsState> state, std::unique_ptr<StoreCursor> cursor, const AsOf& as_of,
              uint64_t most)
      : state_(std::move(state)), cursor_(std::move(cursor)), as_of_(as_of), most_(most) {}
  /// To the next row that counts; at first to the first one.
  virtual void find() = 0;
  bool valid() const override { return found_; }
  const ViewRow& row() const override { return row_; }
  void next() override { find(); }
  bool pauses() const override { return pauses_; }
  std::string position() const override { return position_; }
  Status status() const override { return status_.ok() ? cursor_->status() : status_; }
  uint64_t looked_at() const override { return looked_at_; }

 protected:
  /// Whether there is one more row to look at.
  bool goes_on() {
    found_ = false;
    if (!status_.ok() || !cursor_->valid()) return false;
    pauses_ = looked_at_ >= most_;
    return !pauses_;
  }

  std::shared_ptr<const ViewsState> state_;
  std::unique_ptr<StoreCursor> cursor_;
  AsOf as_of_;
  bool found_ = false;
  ViewRow row_;
  std::string position_;  ///< of the row that was looked at last
  Status status_;
  uint64_t looked_at_ = 0;

 private:
  uint64_t most_;
  bool pauses_ = false;
};

/// Rows that lie in the order of the scan: of the keys as they are, and of events.
class PlainScan : public BoundedScan {
 public:
  using BoundedScan::BoundedScan;
  void find() override {
    // The row lives until the cursor moves.
    if (looked_at_ > 0) cursor_->next();
    for (; goes_on(); cursor_->next()) {
      ++looked_at_;
      position_ = ViewLayout::behind_table(cursor_->key());
      row_.key = position_;
      if (!read_row(cursor_->value(), row_)) {
        status_ = damaged();
        return;
      }
      found_ = counts(as_of_, row_.stamp);
      if (found_) return;
    }
  }
};

/// The version of each key that counts.
class HistoryScan : public BoundedScan {
  static constexpr int kSteps = 8;  ///< over older versions, before they are leapt over

 public:
  HistoryScan(std::shared_ptr<const ViewsState> state, std::unique_ptr<StoreCursor> cursor, const AsOf& as_of,
              uint64_t most, bool backwards)
      : BoundedScan(std::move(state), std::move(cursor), as_of, most), backwards_(backwards) {}
  /// Versions of a key lie together, the newest first; backwards the oldest is met first.
  void find() override {
    while (goes_on()) {
      position_ = ViewLayout::key_of_history(cursor_->key());
      bool has_version = false;
      int passed = 0;
      for (; cursor_->valid() && ViewLayout::key_of_history(cursor_->key()) == position_; cursor_->next()) {
        ++looked_at_;
        if (has_version && !backwards_) {
          if (++passed < kSteps) continue;
          const std::string_view place = cursor_->key();
          cursor_->seek(StateStore::behind_prefix(place.substr(0, place.size() - ViewLayout::kVersionSize)));
          break;
        }
        const std::optional<ViewStamp> stamp = ViewStamp::read(cursor_->value());
        if (!stamp) {
          status_ = damaged();
          return;
        }
        if (!counts(as_of_, *stamp)) continue;
        has_version = true;
        value_ = cursor_->value();
      }
      if (!has_version) continue;
      row_.key = position_;
      found_ = read_row(value_, row_) && row_.stamp.kind == ViewStamp::Kind::row;
      if (found_) return;
    }
  }

 private:
  bool backwards_;
  std::string value_;
};

/// The rows to which the entries of an index lead.
class IndexScan : public BoundedScan {
 public:
  IndexScan(std::shared_ptr<const ViewsState> state, std::unique_ptr<StoreCursor> cursor, const AsOf& as_of,
            uint64_t most, std::shared_ptr<const ViewLayout> layout, size_t index)
      : BoundedScan(std::move(state), std::move(cursor), as_of, most), layout_(std::move(layout)), index_(index) {}
  void find() override {
    if (looked_at_ > 0) cursor_->next();
    for (; goes_on(); cursor_->next()) {
      ++looked_at_;
      position_ = ViewLayout::behind_table(cursor_->key());
      std::string_view rest = position_;
      for (const FieldPlace& field : layout_->indexes()[index_]) {
        const size_t size = ordered_bytes_size(field.type, rest);
        if (size == 0) {
          status_ = damaged();
          return;
        }
        rest.remove_prefix(size);
      }
      const Result<bool> found = state_->store->get(StateFamily::point, layout_->current_key(rest), &value_);
      if (!found.ok()) {
        status_ = found.error();
        return;
      }
      row_.key = rest;
      if (!*found || !read_row(value_, row_)) {
        status_ = Error{ErrorKind::store, "an index of a view leads to no row", 8002, 0};
        return;
      }
      found_ = counts(as_of_, row_.stamp);
      if (found_) return;
    }
  }

 private:
  std::shared_ptr<const ViewLayout> layout_;
  size_t index_;
  std::string value_;
};

}  // namespace

ViewReader::ViewReader(std::shared_ptr<const ViewsState> state, size_t view)
    : state_(std::move(state)), served_(state_->views->at(view)) {}

int64_t ViewReader::horizon() const {
  return std::max(served_.begins, layout().horizon(state_->at.watermark));
}

Result<ViewReader::Answer> ViewReader::check(const AsOf& as_of) const {
  if (as_of.is_now()) return Answer::known;
  if (layout().is_keyed() && !layout().has_history()) return Answer::no_history;
  if (as_of.epoch && *as_of.epoch > state_->at.epoch) return Answer::to_come;
  if (as_of.time && *as_of.time < horizon()) return Answer::too_old;
  if (as_of.epoch) {
    std::string bytes;
    BRAID_ASSIGN(const bool found, state_->store->get(StateFamily::point, layout().known_key(), &bytes));
    uint64_t known = 0;
    if (found && bytes.size() != sizeof(known)) return damaged();
    if (found) std::memcpy(&known, bytes.data(), sizeof(known));
    if (*as_of.epoch < known) return Answer::too_old;
  }
  return Answer::known;
}

Result<bool> ViewReader::get(std::string_view key, const AsOf& as_of, ViewRow* row) {
  BRAID_CHECK(layout().is_keyed(), "a row of events has no key");
  key_ = key;
  row->key = key_;
  if (as_of.is_now()) {
    BRAID_ASSIGN(const bool found, state_->store->get(StateFamily::point, layout().current_key(key_), &value_));
    if (!found) return false;
    if (!read_row(value_, *row)) return damaged();
    return true;
  }
  const std::string versions = layout().history_prefix(key_);
  const auto version = state_->store->cursor(StateFamily::point, versions, StateStore::behind_prefix(versions));
  for (; version->valid(); version->next()) {
    value_ = version->value();
    if (!read_row(value_, *row)) return damaged();
    if (counts(as_of, row->stamp)) return row->stamp.kind == ViewStamp::Kind::row;
  }
  BRAID_TRY(version->status());
  return false;
}

Result<std::unique_ptr<ViewScan>> ViewReader::scan(const ViewRange& range, const AsOf& as_of) const {
  const ViewLayout& layout = *served_.layout;
  const bool of_history = layout.is_keyed() && !as_of.is_now();
  BRAID_CHECK(range.by != ViewRange::By::index || !of_history, "an index knows what is there now");
  const auto place = [&](std::string_view bytes) {
    if (range.by == ViewRange::By::index) return layout.index_key(range.index, bytes, {});
    return of_history ? layout.history_prefix(bytes) : layout.current_key(bytes);
  };
  std::string begin = place(range.begin);
  std::string end = range.end.empty() ? StateStore::behind_prefix(place({})) : place(range.end);
  // What happened later does not count.
  if (!layout.is_keyed() && range.by == ViewRange::By::time && as_of.time && *as_of.time < INT64_MAX)
    end = std::min(end, layout.events_from(*as_of.time + 1));
  if (!range.behind.empty()) {
    // Behind a key of the history, of which there are several rows; else behind the row itself.
    if (range.backwards) {
      end = std::min(end, place(range.behind));
    } else {
      begin = std::max(
          begin, of_history ? StateStore::behind_prefix(place(range.behind)) : place(range.behind).append(1, '\0'));
    }
  }
  if (end < begin) end = begin;
  std::unique_ptr<StoreCursor> cursor = state_->store->cursor(
      StateFamily::point, begin, end, range.backwards ? CursorOrder::backwards : CursorOrder::forwards);
  std::unique_ptr<BoundedScan> scan;
  if (range.by == ViewRange::By::index)
    scan = std::make_unique<IndexScan>(state_, std::move(cursor), as_of, range.most, served_.layout, range.index);
  else if (of_history)
    scan = std::make_unique<HistoryScan>(state_, std::move(cursor), as_of, range.most, range.backwards);
  else
    scan = std::make_unique<PlainScan>(state_, std::move(cursor), as_of, range.most);
  scan->find();
  return std::unique_ptr<ViewScan>(std::move(scan));
}

}  // namespace braid
