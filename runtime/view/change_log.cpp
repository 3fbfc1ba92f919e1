#include "runtime/view/change_log.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "runtime/state/wire.h"

namespace braid {
namespace {

constexpr uint16_t kFormat = 1;
constexpr uint8_t kHasBefore = 1, kHasNow = 2;

Error damaged(const char* what) {
  return {ErrorKind::store, std::string("a log of changes cannot be read: ") + what, 8002, 0};
}

/// What is stored of an epoch.
struct EpochEntry {
  int64_t time = 0, watermark = 0;
  uint32_t count = 0;
  uint64_t size = 0;

  std::string bytes() const {
    WireWriter out;
    out.fixed(time);
    out.fixed(watermark);
    out.fixed(count);
    out.fixed(size);
    return out.take();
  }
  static Result<EpochEntry> parse(std::string_view bytes) {
    WireReader in(bytes);
    EpochEntry entry;
    entry.time = in.fixed<int64_t>();
    entry.watermark = in.fixed<int64_t>();
    entry.count = in.fixed<uint32_t>();
    entry.size = in.fixed<uint64_t>();
    if (in.failed()) return damaged("an epoch is damaged");
    return entry;
  }
};

// A change: flags u8 | time i64 | size of the row before u32 | the row before | the row now.
constexpr size_t kHead = 1 + sizeof(int64_t) + sizeof(uint32_t);

bool parse_change(std::string_view bytes, LoggedChange& change) {
  if (bytes.size() < kHead) return false;
  const auto flags = static_cast<uint8_t>(bytes[0]);
  uint32_t size = 0;
  std::memcpy(&change.time, bytes.data() + 1, sizeof(change.time));
  std::memcpy(&size, bytes.data() + 1 + sizeof(change.time), sizeof(size));
  bytes.remove_prefix(kHead);
  if (size > bytes.size()) return false;
  change.before = change.now = std::nullopt;
  if ((flags & kHasBefore) != 0) change.before = bytes.substr(0, size);
  if ((flags & kHasNow) != 0) change.now = bytes.substr(size);
  return change.before || change.now;
}

Result<std::optional<ChangeLogRecord>> read_record(bool found, std::string_view bytes) {
  if (!found) return std::optional<ChangeLogRecord>();
  BRAID_ASSIGN(const ChangeLogRecord record, ChangeLogRecord::parse(bytes));
  return std::optional<ChangeLogRecord>(record);
}

}  // namespace

std::string ChangeLogRecord::bytes() const {
  WireWriter out;
  out.fixed(kFormat);
  out.fixed(era);
  out.fixed(cut);
  out.fixed(newest);
  out.fixed(size);
  out.fixed(erased_epoch);
  out.fixed(erased_number);
  return out.take();
}

Result<ChangeLogRecord> ChangeLogRecord::parse(std::string_view bytes) {
  WireReader in(bytes);
  ChangeLogRecord record;
  const auto format = in.fixed<uint16_t>();
  record.era = in.fixed<uint64_t>();
  record.cut = in.fixed<uint64_t>();
  record.newest = in.fixed<uint64_t>();
  record.size = in.fixed<uint64_t>();
  record.erased_epoch = in.fixed<uint64_t>();
  record.erased_number = in.fixed<uint32_t>();
  if (in.failed() || format != kFormat) return damaged("its record is damaged");
  return record;
}

Status ChangeLogWriter::open(uint64_t epoch, uint64_t era, bool afresh, StateStore& store, StateBatch& batch) {
  std::string bytes;
  BRAID_ASSIGN(const bool found, store.get(StateFamily::point, layout_.log_key(), &bytes));
  oldest_.reset();
  if (found && is_kept() && !afresh) {
    BRAID_ASSIGN(record_, ChangeLogRecord::parse(bytes));
    return {};
  }
  if (found) batch.erase_range(StateFamily::point, layout_.log_key(), layout_.logged_changes_end());
  if (!is_kept()) return {};
  record_ = {.era = era, .cut = epoch, .erased_epoch = epoch + 1};
  batch.put(StateFamily::point, layout_.log_key(), record_.bytes());
  return {};
}

void ChangeLogWriter::begin(const LoggedEpoch& epoch) {
  epoch_ = epoch;
  count_ = 0;
  size_ = 0;
}

void ChangeLogWriter::add(int64_t time, std::string_view before, std::string_view now, StateBatch& batch) {
  if (before == now) return;
  const auto size = static_cast<uint32_t>(before.size());
  char head[kHead];
  head[0] = static_cast<char>((before.empty() ? 0 : kHasBefore) | (now.empty() ? 0 : kHasNow));
  std::memcpy(head + 1, &time, sizeof(time));
  std::memcpy(head + 1 + sizeof(time), &size, sizeof(size));
  value_.assign(head, kHead).append(before).append(now);
  const std::string place = layout_.logged_change_key(epoch_.epoch, count_++);
  batch.put(StateFamily::point, place, value_);
  size_ += place.size() + value_.size();
}

Status ChangeLogWriter::end(StateStore& store, StateBatch& batch) {
  // The newest epoch that changed something stays, however large it is, until another one does or it is too old.
  const int64_t horizon = epoch_.time - *layout_.spec().changes_us;
  const bool too_old = !oldest_ || *oldest_ < horizon;
  const bool too_large = count_ > 0 && record_.size + size_ > layout_.spec().changes_bytes;
  const ChangeLogRecord before = record_;
  record_.size += size_;
  if (too_old || too_large || record_.erased_epoch <= record_.cut) {
    const std::shared_ptr<const StoreSnapshot> stored = store.snapshot();
    if (too_old || too_large) BRAID_TRY(cut(*stored));
    BRAID_TRY(erase(*stored, batch));
  }
  if (count_ > 0) {
    record_.newest = epoch_.epoch;
    const EpochEntry entry{.time = epoch_.time, .watermark = epoch_.watermark, .count = count_, .size = size_};
    batch.put(StateFamily::point, layout_.logged_epoch_key(epoch_.epoch), entry.bytes());
    if (!oldest_) oldest_ = epoch_.time;
  }
  if (const std::string bytes = record_.bytes(); bytes != before.bytes())
    batch.put(StateFamily::point, layout_.log_key(), bytes);
  return {};
}

Status ChangeLogWriter::cut(const StoreSnapshot& store) {
  oldest_.reset();
  const auto epochs =
      store.cursor(StateFamily::point, layout_.logged_epoch_key(record_.cut + 1), layout_.logged_epochs_end());
  for (; epochs->valid(); epochs->next()) {
    BRAID_ASSIGN(const EpochEntry entry, EpochEntry::parse(epochs->value()));
    const uint64_t epoch = ViewLayout::epoch_of_logged(epochs->key());
    const bool fits = record_.size <= layout_.spec().changes_bytes || (count_ == 0 && epoch == record_.newest);
    if (fits && entry.time >= epoch_.time - *layout_.spec().changes_us) {
      oldest_ = entry.time;
      break;
    }
    record_.cut = epoch;
    record_.size -= std::min(record_.size, entry.size);
  }
  return epochs->status();
}

Status ChangeLogWriter::erase(const StoreSnapshot& store, StateBatch& batch) {
  uint64_t left = std::max<uint64_t>(kEraseAtOnce, 2 * uint64_t{count_});
  const auto epochs = store.cursor(StateFamily::point, layout_.logged_epoch_key(record_.erased_epoch),
                                   layout_.logged_epoch_key(record_.cut + 1));
  for (; epochs->valid(); epochs->next()) {
    BRAID_ASSIGN(const EpochEntry entry, EpochEntry::parse(epochs->value()));
    const uint64_t epoch = ViewLayout::epoch_of_logged(epochs->key());
    uint32_t number = epoch == record_.erased_epoch ? record_.erased_number : 0;
    for (; number < entry.count && left > 0; ++number, --left)
      batch.erase(StateFamily::point, layout_.logged_change_key(epoch, number));
    record_.erased_epoch = epoch;
    record_.erased_number = number;
    if (number < entry.count) return {};
    batch.erase(StateFamily::point, epochs->key());
  }
  BRAID_TRY(epochs->status());
  record_.erased_epoch = record_.cut + 1;
  record_.erased_number = 0;
  return {};
}

ChangeLogReader::ChangeLogReader(std::shared_ptr<const ViewsState> state, size_t view)
    : state_(std::move(state)), layout_(state_->views->at(view).layout) {}

Result<std::optional<ChangeLogRecord>> ChangeLogReader::record() const {
  if (!layout_->has_log()) return std::optional<ChangeLogRecord>();
  std::string bytes;
  BRAID_ASSIGN(const bool found, state_->store->get(StateFamily::point, layout_->log_key(), &bytes));
  return read_record(found, bytes);
}

Result<ChangeLogReader::Answer> ChangeLogReader::check(const ChangePlace& place) const {
  BRAID_ASSIGN(const std::optional<ChangeLogRecord> known, record());
  if (!known) return Answer::no_log;
  if (place > end()) return Answer::to_come;
  if (place.epoch <= known->cut) return Answer::cut_off;
  if (place.number == 0) return Answer::known;
  // Readers bring places from outside: one within an epoch is there only if that has so many changes.
  std::string bytes;
  BRAID_ASSIGN(const bool found,
               state_->store->get(StateFamily::point, layout_->logged_epoch_key(place.epoch), &bytes));
  if (!found) return Answer::to_come;
  BRAID_ASSIGN(const EpochEntry entry, EpochEntry::parse(bytes));
  return place.number <= entry.count ? Answer::known : Answer::to_come;
}

Result<int64_t> ChangeLogReader::watermark_of(uint64_t epoch) const {
  std::string bytes;
  BRAID_ASSIGN(const bool found, state_->store->get(StateFamily::point, layout_->logged_epoch_key(epoch), &bytes));
  if (!found) return damaged("an epoch is missing");
  BRAID_ASSIGN(const EpochEntry entry, EpochEntry::parse(bytes));
  return entry.watermark;
}

Result<ChangePlace> ChangeLogReader::read(const ChangePlace& from, uint64_t most, ChangeTaker& taker) const {
  ChangePlace place = from;
  // Of an epoch that has been begun its end is still to be told.
  const auto epoch_ends = [&]() -> Result<bool> {
    BRAID_ASSIGN(const int64_t watermark, watermark_of(place.epoch));
    const uint64_t epoch = std::exchange(place, ChangePlace{place.epoch + 1, 0}).epoch;
    return taker.epoch_ends(epoch, watermark);
  };
  const auto changes = state_->store->cursor(StateFamily::point, layout_->logged_change_key(from.epoch, from.number),
                                             layout_->logged_changes_end());
  LoggedChange change;
  for (; changes->valid(); changes->next()) {
    change.place = {ViewLayout::epoch_of_logged(changes->key()), ViewLayout::number_of_logged(changes->key())};
    if (place.number > 0 && change.place.epoch != place.epoch) {
      BRAID_ASSIGN(const bool goes_on, epoch_ends());
      if (!goes_on) return place;
    }
    if (most-- == 0) return place;
    if (!parse_change(changes->value(), change)) return damaged("a change is damaged");
    place = {change.place.epoch, change.place.number + 1};
    if (!taker.change(change)) return place;
  }
  BRAID_TRY(changes->status());
  if (place.number > 0) {
    BRAID_ASSIGN(const bool goes_on, epoch_ends());
    if (!goes_on) return place;
  }
  return end();
}

}  // namespace braid
