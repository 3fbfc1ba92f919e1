#include "runtime/state/memory_store.h"

#include <algorithm>

#include "runtime/data/key_bytes.h"
#include "runtime/data/stream_digest.h"
#include "runtime/state/wire.h"

namespace braid {

Result<std::unique_ptr<StateStore>> MemoryStore::open(Fs& fs, const std::string& directory) {
  BRAID_TRY(fs.make_directories(directory));
  auto store = std::make_unique<MemoryStore>();
  store->fs_ = &fs;
  store->directory_ = directory;
  uint64_t whole = 0;
  for (store->parts_ = 0;; ++store->parts_) {
    const std::string path = store->part_path(directory, store->parts_);
    BRAID_ASSIGN(FileInfo info, fs.stat(path));
    if (!info.exists) break;
    BRAID_ASSIGN(const std::string content, fs.read_file(path));
    whole = store->replay(content);
  }
  store->parts_ = std::max<size_t>(store->parts_, 1);
  BRAID_TRY(store->open_last_part(whole));
  return std::unique_ptr<StateStore>(std::move(store));
}

std::string MemoryStore::part_path(const std::string& directory, size_t part) const {
  return join_path(directory, part == 0 ? "log" : fmt::format("log.{}", part));
}

uint64_t MemoryStore::replay(std::string_view content) {
  uint64_t whole = 0;
  while (whole < content.size()) {
    WireReader in(content.substr(whole));
    auto length = in.fixed<uint32_t>();
    auto checksum = in.fixed<uint64_t>();
    if (in.failed() || content.size() - whole - 12 < length) break;
    std::string_view payload(content.data() + whole + 12, length);
    if (key_hash(payload) != checksum || !apply_payload(payload)) break;
    whole += 12 + length;
    ++commits_;
  }
  return whole;
}

Status MemoryStore::open_last_part(uint64_t length) {
  const std::string path = part_path(directory_, parts_ - 1);
  BRAID_ASSIGN(log_, fs_->open_writer(path, OpenMode::create_or_append));
  BRAID_ASSIGN(const uint64_t size, log_->size());
  if (length < size) BRAID_TRY(log_->truncate(length));
  BRAID_TRY(log_->sync());
  return fs_->sync_directory(directory_);
}

Result<std::vector<CheckpointFile>> MemoryStore::checkpoint(const std::string& directory) {
  BRAID_CHECK(fs_ != nullptr, "a store without files has no checkpoints");
  BRAID_TRY(fs_->make_directories(directory));
  std::vector<CheckpointFile> files;
  for (size_t part = 0; part < parts_; ++part) {
    BRAID_ASSIGN(const std::string content, fs_->read_file(part_path(directory_, part)));
    if (content.empty()) continue;
    const std::string path = part_path(directory, part);
    BRAID_ASSIGN(auto file, fs_->open_writer(path, OpenMode::create_new));
    BRAID_TRY(file->append(content));
    files.push_back({path.substr(directory.size() + 1), content.size(), stream_hash(content)});
  }
  BRAID_ASSIGN(const uint64_t last, log_->size());
  if (last > 0) {
    ++parts_;
    BRAID_TRY(open_last_part(0));
  }
  return files;
}

Result<bool> MemoryStore::get(StateFamily family, std::string_view key, std::string* value) {
  std::lock_guard lock(mutex_);
  const auto& rows = rows_[static_cast<int>(family)];
  auto found = rows.find(key);
  if (found == rows.end()) return false;
  *value = found->second;
  return true;
}

Status MemoryStore::get_many(StateFamily family, std::span<const std::string> keys,
                             const std::function<Status(size_t, std::string_view)>& visit) {
  std::lock_guard lock(mutex_);
  const auto& rows = rows_[static_cast<int>(family)];
  for (size_t i = 0; i < keys.size(); ++i)
    if (auto found = rows.find(keys[i]); found != rows.end()) BRAID_TRY(visit(i, found->second));
  return {};
}

Status MemoryStore::scan_range(StateFamily family, std::string_view begin, std::string_view end, const Visit& visit) {
  std::lock_guard lock(mutex_);
  const auto& rows = rows_[static_cast<int>(family)];
  for (auto row = rows.lower_bound(begin); row != rows.end() && (end.empty() || row->first < end); ++row)
    BRAID_TRY(visit(row->first, row->second));
  return {};
}

Status MemoryStore::scan_ranges(StateFamily family, std::span<const KeyRange> ranges, const VisitOf& visit) {
  for (size_t i = 0; i < ranges.size(); ++i)
    BRAID_TRY(scan_range(family, ranges[i].begin, ranges[i].end,
                         [&](std::string_view key, std::string_view value) { return visit(i, key, value); }));
  return {};
}

Status MemoryStore::leap(StateFamily family, std::string_view begin, std::string_view end, const Leap& visit) {
  std::lock_guard lock(mutex_);
  const auto& rows = rows_[static_cast<int>(family)];
  for (auto row = rows.lower_bound(begin); row != rows.end() && (end.empty() || row->first < end);) {
    BRAID_ASSIGN(const std::string next, visit(row->first, row->second));
    row = next.empty() ? std::next(row) : rows.lower_bound(next);
  }
  return {};
}

StoredSize MemoryStore::estimate(StateFamily family, std::string_view begin, std::string_view end) {
  std::lock_guard lock(mutex_);
  const auto& rows = rows_[static_cast<int>(family)];
  StoredSize size;
  for (auto row = rows.lower_bound(begin); row != rows.end() && (end.empty() || row->first < end); ++row) {
    ++size.rows;
    size.bytes += row->first.size() + row->second.size();
  }
  return size;
}

class MemoryStore::Cursor : public StoreCursor {
 public:
  Cursor(const Rows& rows, std::string_view begin, std::string_view end, CursorOrder order)
      : first_(rows.lower_bound(begin)),
        behind_(end.empty() ? rows.end() : rows.lower_bound(end)),
        rows_(rows),
        backwards_(order == CursorOrder::backwards) {
    if (!end.empty() && end <= begin) behind_ = first_;
    if (backwards_)
      step_back_from(behind_);
    else
      at_ = first_;
  }
  bool valid() const override { return at_ != behind_; }
  std::string_view key() const override { return at_->first; }
  std::string_view value() const override { return at_->second; }
  void next() override {
    if (backwards_)
      step_back_from(at_);
    else
      ++at_;
  }
  void seek(std::string_view key) override {
    if (first_ == behind_) return;
    if (backwards_) {
      auto above = rows_.upper_bound(key);
      if (behind_ != rows_.end() && (above == rows_.end() || above->first > behind_->first)) above = behind_;
      return step_back_from(above);
    }
    at_ = key <= first_->first ? first_ : rows_.lower_bound(key);
    if (behind_ != rows_.end() && (at_ == rows_.end() || at_->first > behind_->first)) at_ = behind_;
  }
  Status status() const override { return {}; }

 private:
  void step_back_from(Rows::const_iterator place) {
    const bool none = place == first_ || first_ == behind_ || (place != rows_.end() && place->first <= first_->first);
    at_ = none ? behind_ : std::prev(place);
  }

  Rows::const_iterator first_, behind_, at_;
  const Rows& rows_;
  bool backwards_;
};

class MemoryStore::Snapshot : public StoreSnapshot {
 public:
  explicit Snapshot(const Rows (&rows)[kStateFamilies]) { std::copy(std::begin(rows), std::end(rows), rows_); }
  Result<bool> get(StateFamily family, std::string_view key, std::string* value) const override {
    const Rows& rows = rows_[static_cast<int>(family)];
    const auto found = rows.find(key);
    if (found == rows.end()) return false;
    *value = found->second;
    return true;
  }
  std::unique_ptr<StoreCursor> cursor(StateFamily family, std::string_view begin, std::string_view end,
                                      CursorOrder order) const override {
    return std::make_unique<Cursor>(rows_[static_cast<int>(family)], begin, end, order);
  }

 private:
  Rows rows_[kStateFamilies];
};

std::shared_ptr<const StoreSnapshot> MemoryStore::snapshot() {
  std::lock_guard lock(mutex_);
  return std::make_shared<Snapshot>(rows_);
}

void MemoryStore::apply(StateFamily family, StateBatch::Change::Kind kind, std::string_view key,
                        std::string_view value) {
  auto& rows = rows_[static_cast<int>(family)];
  switch (kind) {
    case StateBatch::Change::Kind::put:
      rows.insert_or_assign(std::string(key), std::string(value));
      break;
    case StateBatch::Change::Kind::erase:
      if (auto found = rows.find(key); found != rows.end()) rows.erase(found);
      break;
    case StateBatch::Change::Kind::erase_range:
      rows.erase(rows.lower_bound(key), rows.lower_bound(value));
      break;
  }
}

bool MemoryStore::apply_payload(std::string_view payload) {
  WireReader in(payload);
  while (!in.at_end()) {
    auto family = in.fixed<uint8_t>();
    auto kind = in.fixed<uint8_t>();
    std::string_view key = in.text();
    std::string_view value = in.text();
    if (in.failed() || family >= kStateFamilies || kind > static_cast<uint8_t>(StateBatch::Change::Kind::erase_range))
      return false;
    apply(static_cast<StateFamily>(family), static_cast<StateBatch::Change::Kind>(kind), key, value);
  }
  return true;
}

Status MemoryStore::commit(const StateBatch& batch) {
  if (log_) {
    WireWriter payload;
    batch.for_each([&](const StateBatch::Change& change, const char*) {
      payload.fixed(change.family);
      payload.fixed(static_cast<uint8_t>(change.kind));
      payload.text(change.key);
      payload.text(change.value);
    });
    WireWriter frame;
    frame.fixed(static_cast<uint32_t>(payload.bytes().size()));
    frame.fixed(key_hash(payload.bytes()));
    frame.bytes().append(payload.bytes());
    BRAID_TRY(log_->append(frame.bytes()));
    BRAID_TRY(log_->sync());
  }
  std::lock_guard lock(mutex_);  // a reader sees all of it or nothing
  batch.for_each([this](const StateBatch::Change& change, const char*) {
    apply(change.family, change.kind, change.key, change.value);
  });
  ++commits_;
  return {};
}

}  // namespace braid
