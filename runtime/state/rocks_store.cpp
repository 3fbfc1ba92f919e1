#include "runtime/state/rocks_store.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <array>
#include <map>

#include "runtime/base/check.h"

namespace braid {
namespace {

constexpr std::array<const char*, kStateFamilies> kFamilyNames = {"meta", "point", "timed"};
constexpr int kStoreCorrupt = 8002;
constexpr int kDiskFull = 8003;
constexpr int kSyncFailed = 8006;

Error store_error(const rocksdb::Status& status, const std::string& path) {
  // A file that RocksDB knows of and does not find is damage, too.
  const bool damaged = status.IsCorruption() || status.IsPathNotFound();
  int code = damaged ? kStoreCorrupt : status.IsNoSpace() ? kDiskFull : kSyncFailed;
  return {ErrorKind::store, "the store `" + path + "`: " + status.ToString(), code, 0};
}

rocksdb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

/// RocksDB writes no diary into the store: nobody reads it, and a debug build of the library aborts the process when
/// the diary finds the disk full.
class NoDiary : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

/// Files on their way into the store lie there; what a crash left is deleted when the store is opened.
constexpr const char* kIncoming = "/incoming";

class RocksStore : public StateStore {
 public:
  RocksStore(std::string path, rocksdb::DB* db, std::vector<rocksdb::ColumnFamilyHandle*> handles,
             const RocksOptions& options, const rocksdb::Options& file_options, bool log_damaged)
      : path_(std::move(path)),
        db_(db),
        handles_(std::move(handles)),
        ingest_from_bytes_(options.ingest_from_bytes),
        file_options_(file_options),
        log_damaged_(log_damaged) {}
  ~RocksStore() override {
    for (rocksdb::ColumnFamilyHandle* handle : handles_) (void)db_->DestroyColumnFamilyHandle(handle);
  }

  Result<bool> get(StateFamily family, std::string_view key, std::string* value) override {
    rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), handle(family), slice(key), value);
    if (status.IsNotFound()) return false;
    if (!status.ok()) return store_error(status, path_);
    return true;
  }

  Status get_many(StateFamily family, std::span<const std::string> keys,
                  const std::function<Status(size_t, std::string_view)>& visit) override {
    constexpr size_t kAtOnce = 64;
    std::array<rocksdb::Slice, kAtOnce> wanted;
    std::array<rocksdb::PinnableSlice, kAtOnce> values;
    std::array<rocksdb::Status, kAtOnce> found;
    for (size_t first = 0; first < keys.size(); first += kAtOnce) {
      size_t count = std::min(kAtOnce, keys.size() - first);
      for (size_t i = 0; i < count; ++i) {
        wanted[i] = keys[first + i];
        values[i].Reset();
      }
      db_->MultiGet(rocksdb::ReadOptions(), handle(family), count, wanted.data(), values.data(), found.data(),
                    /*sorted_input=*/true);
      for (size_t i = 0; i < count; ++i) {
        if (found[i].IsNotFound()) continue;
        if (!found[i].ok()) return store_error(found[i], path_);
        BRAID_TRY(visit(first + i, values[i].ToStringView()));
      }
    }
    return {};
  }

  Status scan_range(StateFamily family, std::string_view begin, std::string_view end, const Visit& visit) override {
    rocksdb::ReadOptions options;
    options.verify_checksums = true;
    rocksdb::Slice bound = slice(end);
    if (!end.empty()) options.iterate_upper_bound = &bound;
    std::unique_ptr<rocksdb::Iterator> row(db_->NewIterator(options, handle(family)));
    for (row->Seek(slice(begin)); row->Valid(); row->Next())
      BRAID_TRY(visit(row->key().ToStringView(), row->value().ToStringView()));
    if (!row->status().ok()) return store_error(row->status(), path_);
    return {};
  }

  Status commit(const StateBatch& batch) override {
    return batch.bytes() > ingest_from_bytes_ ? ingest(batch) : write(batch);
  }

  bool log_damaged() const override { return log_damaged_; }

 private:
  using Change = StateBatch::Change;

  rocksdb::ColumnFamilyHandle* handle(StateFamily family) const {
    return handles_[1 + static_cast<size_t>(family)];  // the first is RocksDB's default family, unused
  }

  Status write(const StateBatch& batch) {
    rocksdb::WriteBatch write;
    for (const Change& change : batch.changes()) {
      rocksdb::ColumnFamilyHandle* family = handle(change.family);
      rocksdb::Status status = change.kind == Change::Kind::put ? write.Put(family, change.key, change.value)
                               : change.kind == Change::Kind::erase
                                   ? write.Delete(family, change.key)
                                   : write.DeleteRange(family, change.key, change.value);
      if (!status.ok()) return store_error(status, path_);
    }
    rocksdb::WriteOptions options;
    options.sync = true;
    rocksdb::Status status = db_->Write(options, &write);
    if (!status.ok()) return store_error(status, path_);
    return {};
  }

  /// What is left of a family's changes when later ones have replaced earlier ones.
  struct Net {
    std::map<std::string_view, const Change*> rows;
    std::vector<const Change*> ranges;
  };

  Status ingest(const StateBatch& batch) {
    std::array<Net, kStateFamilies> nets;
    for (const Change& change : batch.changes()) {
      Net& net = nets[static_cast<size_t>(change.family)];
      if (change.kind != Change::Kind::erase_range) {
        net.rows[change.key] = &change;
        continue;
      }
      // Within one file a range takes nothing away that the file itself puts.
      net.rows.erase(net.rows.lower_bound(change.key), net.rows.lower_bound(change.value));
      net.ranges.push_back(&change);
    }
    rocksdb::Status made = rocksdb::Env::Default()->CreateDirIfMissing(path_ + kIncoming);
    if (!made.ok()) return store_error(made, path_);
    std::vector<rocksdb::IngestExternalFileArg> files;
    for (int family = 0; family < kStateFamilies; ++family) {
      const Net& net = nets[static_cast<size_t>(family)];
      if (net.rows.empty() && net.ranges.empty()) continue;
      std::string path = path_ + kIncoming + "/" + kFamilyNames[static_cast<size_t>(family)] + ".sst";
      rocksdb::Status status = write_file(net, path, handle(static_cast<StateFamily>(family)));
      if (!status.ok()) return store_error(status, path_);
      rocksdb::IngestExternalFileArg file;
      file.column_family = handle(static_cast<StateFamily>(family));
      file.external_files = {path};
      file.options.move_files = true;
      files.push_back(std::move(file));
    }
    rocksdb::Status status = db_->IngestExternalFiles(files);
    if (!status.ok()) return store_error(status, path_);
    return {};
  }

  rocksdb::Status write_file(const Net& net, const std::string& path, rocksdb::ColumnFamilyHandle* family) {
    rocksdb::SstFileWriter file(rocksdb::EnvOptions(), file_options_, family);
    rocksdb::Status status = file.Open(path);
    for (auto row = net.rows.begin(); status.ok() && row != net.rows.end(); ++row)
      status = row->second->kind == Change::Kind::put ? file.Put(row->second->key, row->second->value)
                                                      : file.Delete(row->second->key);
    for (auto range = net.ranges.begin(); status.ok() && range != net.ranges.end(); ++range)
      status = file.DeleteRange((*range)->key, (*range)->value);
    if (status.ok()) status = file.Finish();
    return status;
  }

  std::string path_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  uint64_t ingest_from_bytes_;
  rocksdb::Options file_options_;
  bool log_damaged_;
};

rocksdb::Status delete_incoming(const std::string& directory) {
  rocksdb::Env* env = rocksdb::Env::Default();
  std::string incoming = directory + kIncoming;
  std::vector<std::string> names;
  rocksdb::Status status = env->GetChildren(incoming, &names);
  if (status.IsNotFound()) return rocksdb::Status::OK();
  for (const std::string& name : names)
    if (status.ok() && name != "." && name != "..") status = env->DeleteFile(incoming + "/" + name);
  return status.ok() ? env->DeleteDir(incoming) : status;
}

}  // namespace

Result<std::unique_ptr<StateStore>> open_rocks_store(const std::string& directory) {
  return open_sized_rocks_store(directory, {});
}

Result<std::unique_ptr<StateStore>> open_sized_rocks_store(const std::string& directory, const RocksOptions& limits) {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  // No family gets older than another, whatever part of the store is lost.
  options.atomic_flush = true;
  options.avoid_flush_during_recovery = true;
  options.info_log = std::make_shared<NoDiary>();
  options.max_background_jobs = 2;
  options.db_write_buffer_size = limits.memory_bytes / 2;
  rocksdb::ColumnFamilyOptions family;
  family.write_buffer_size = std::clamp<uint64_t>(limits.memory_bytes / 4, 1 << 20, 16 << 20);
  rocksdb::BlockBasedTableOptions table;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.block_cache = rocksdb::NewLRUCache(limits.memory_bytes / 2);
  table.cache_index_and_filter_blocks = true;  // all that is kept in memory counts
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  std::vector<rocksdb::ColumnFamilyDescriptor> families = {{rocksdb::kDefaultColumnFamilyName, family}};
  for (const char* name : kFamilyNames) families.emplace_back(name, family);
  if (rocksdb::Status deleted = delete_incoming(directory); !deleted.ok()) return store_error(deleted, directory);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  // A log that ends within a record is what a crash leaves, and no more is lost than was never committed. Any other
  // fault in it is damage: whole commits up to there are still good, and the job is told that later ones may be gone.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  rocksdb::Status status = rocksdb::DB::Open(options, directory, families, &handles, &db);
  const bool log_damaged = status.IsCorruption();
  if (log_damaged) {
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    handles.clear();
    status = rocksdb::DB::Open(options, directory, families, &handles, &db);
  }
  if (!status.ok()) return store_error(status, directory);
  return std::unique_ptr<StateStore>(
      new RocksStore(directory, db, std::move(handles), limits, rocksdb::Options(options, family), log_damaged));
}

}  // namespace braid
