#include "runtime/state/memory_store.h"

#include "runtime/data/key_bytes.h"
#include "runtime/state/wire.h"

namespace braid {

Result<std::unique_ptr<StateStore>> MemoryStore::open(Fs& fs, const std::string& directory) {
  BRAID_TRY(fs.make_directories(directory));
  std::string path = join_path(directory, "log");
  auto store = std::make_unique<MemoryStore>();
  BRAID_ASSIGN(FileInfo info, fs.stat(path));
  uint64_t whole = 0;
  std::string content;
  if (info.exists) {
    BRAID_ASSIGN(content, fs.read_file(path));
    WireReader in(content);
    while (!in.at_end()) {
      auto length = in.fixed<uint32_t>();
      auto checksum = in.fixed<uint64_t>();
      if (in.failed() || content.size() - whole - 12 < length) break;
      std::string_view payload(content.data() + whole + 12, length);
      if (key_hash(payload) != checksum || !store->apply_payload(payload)) break;
      whole += 12 + length;
      ++store->commits_;
      in = WireReader(std::string_view(content).substr(whole));
    }
  }
  BRAID_ASSIGN(store->log_, fs.open_writer(path, OpenMode::create_or_append));
  if (whole < content.size()) BRAID_TRY(store->log_->truncate(whole));
  BRAID_TRY(store->log_->sync());
  BRAID_TRY(fs.sync_directory(directory));
  return std::unique_ptr<StateStore>(std::move(store));
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
  batch.for_each([this](const StateBatch::Change& change, const char*) {
    apply(change.family, change.kind, change.key, change.value);
  });
  ++commits_;
  return {};
}

}  // namespace braid
