#include "runtime/view/view_reader.h"

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

/// Rows that lie in the order of the scan: of the keys as they are, and of events.
class PlainScan : public ViewScan {
 public:
  PlainScan(std::shared_ptr<const ViewsState> state, std::unique_ptr<StoreCursor> cursor, const AsOf& as_of)
      : state_(std::move(state)), cursor_(std::move(cursor)), as_of_(as_of) {
    find();
  }
  bool valid() const override { return status_.ok() && cursor_->valid(); }
  const ViewRow& row() const override { return row_; }
  void next() override {
    cursor_->next();
    find();
  }
  std::string position() const override { return std::string(ViewLayout::behind_table(cursor_->key())); }
  Status status() const override { return status_.ok() ? cursor_->status() : status_; }
  uint64_t looked_at() const override { return looked_at_; }

 private:
  void find() {
    for (; cursor_->valid(); cursor_->next()) {
      ++looked_at_;
      row_.key = ViewLayout::behind_table(cursor_->key());
      if (!read_row(cursor_->value(), row_)) {
        status_ = damaged();
        return;
      }
      if (counts(as_of_, row_.stamp)) return;
    }
  }

  std::shared_ptr<const ViewsState> state_;
  std::unique_ptr<StoreCursor> cursor_;
  AsOf as_of_;
  ViewRow row_;
  Status status_;
  uint64_t looked_at_ = 0;
};

/// The version of each key that counts.
class HistoryScan : public ViewScan {
 public:
  HistoryScan(std::shared_ptr<const ViewsState> state, std::unique_ptr<StoreCursor> cursor, const AsOf& as_of,
              bool backwards)
      : state_(std::move(state)), cursor_(std::move(cursor)), as_of_(as_of), backwards_(backwards) {
    find();
  }
  bool valid() const override { return found_; }
  const ViewRow& row() const override { return row_; }
  void next() override { find(); }
  std::string position() const override { return key_; }
  Status status() const override { return status_.ok() ? cursor_->status() : status_; }
  uint64_t looked_at() const override { return looked_at_; }

 private:
  /// Versions of a key lie together, the newest first; backwards the oldest is met first.
  void find() {
    found_ = false;
    while (!found_ && status_.ok() && cursor_->valid()) {
      key_ = ViewLayout::key_of_history(cursor_->key());
      bool has_version = false;
      for (; cursor_->valid() && ViewLayout::key_of_history(cursor_->key()) == key_; cursor_->next()) {
        ++looked_at_;
        if (has_version && !backwards_) continue;
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
      row_.key = key_;
      found_ = read_row(value_, row_) && row_.stamp.kind == ViewStamp::Kind::row;
    }
  }

  std::shared_ptr<const ViewsState> state_;
  std::unique_ptr<StoreCursor> cursor_;
  AsOf as_of_;
  bool backwards_;
  bool found_ = false;
  std::string key_, value_;
  ViewRow row_;
  Status status_;
  uint64_t looked_at_ = 0;
};

/// The rows to which the entries of an index lead.
class IndexScan : public ViewScan {
 public:
  IndexScan(std::shared_ptr<const ViewsState> state, std::shared_ptr<const ViewLayout> layout, size_t index,
            std::unique_ptr<StoreCursor> cursor, const AsOf& as_of)
      : state_(std::move(state)), layout_(std::move(layout)), index_(index), cursor_(std::move(cursor)), as_of_(as_of) {
    find();
  }
  bool valid() const override { return status_.ok() && cursor_->valid(); }
  const ViewRow& row() const override { return row_; }
  void next() override {
    cursor_->next();
    find();
  }
  std::string position() const override { return std::string(ViewLayout::behind_table(cursor_->key())); }
  Status status() const override { return status_.ok() ? cursor_->status() : status_; }
  uint64_t looked_at() const override { return looked_at_; }

 private:
  void find() {
    for (; status_.ok() && cursor_->valid(); cursor_->next()) {
      ++looked_at_;
      std::string_view rest = ViewLayout::behind_table(cursor_->key());
      for (const FieldPlace& field : layout_->indexes()[index_]) {
        const size_t size = ordered_bytes_size(field.type, rest);
        if (size == 0) {
          status_ = damaged();
          return;
        }
        rest.remove_prefix(size);
      }
      key_ = rest;
      const Result<bool> found = state_->store->get(StateFamily::point, layout_->current_key(key_), &value_);
      if (!found.ok()) {
        status_ = found.error();
        return;
      }
      row_.key = key_;
      if (!*found || !read_row(value_, row_)) {
        status_ = Error{ErrorKind::store, "an index of a view leads to no row", 8002, 0};
        return;
      }
      if (counts(as_of_, row_.stamp)) return;
    }
  }

  std::shared_ptr<const ViewsState> state_;
  std::shared_ptr<const ViewLayout> layout_;
  size_t index_;
  std::unique_ptr<StoreCursor> cursor_;
  AsOf as_of_;
  std::string key_, value_;
  ViewRow row_;
  Status status_;
  uint64_t looked_at_ = 0;
};

}  // namespace

ViewReader::ViewReader(std::shared_ptr<const ViewsState> state, size_t view)
    : state_(std::move(state)), served_(state_->views->at(view)) {}

int64_t ViewReader::horizon() const {
  const ViewSpec& spec = layout().spec();
  int64_t first = served_.begins;
  const int64_t watermark = state_->at.watermark;
  if (spec.keep_us && watermark != INT64_MAX && watermark > INT64_MIN + *spec.keep_us)
    first = std::max(first, watermark - *spec.keep_us);
  return first;
}

ViewReader::Answer ViewReader::check(const AsOf& as_of) const {
  if (as_of.is_now()) return Answer::known;
  if (layout().is_keyed() && !layout().has_history()) return Answer::no_history;
  if (as_of.epoch && *as_of.epoch > state_->at.epoch) return Answer::to_come;
  if (as_of.time && *as_of.time < horizon()) return Answer::too_old;
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
  if (range.by == ViewRange::By::index)
    return std::unique_ptr<ViewScan>(
        std::make_unique<IndexScan>(state_, served_.layout, range.index, std::move(cursor), as_of));
  if (of_history)
    return std::unique_ptr<ViewScan>(std::make_unique<HistoryScan>(state_, std::move(cursor), as_of, range.backwards));
  return std::unique_ptr<ViewScan>(std::make_unique<PlainScan>(state_, std::move(cursor), as_of));
}

}  // namespace braid
