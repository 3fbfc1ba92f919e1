#include "runtime/state/rocks_store.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <array>

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

class RocksStore : public StateStore {
 public:
  RocksStore(std::string path, rocksdb::DB* db, std::vector<rocksdb::ColumnFamilyHandle*> handles)
      : path_(std::move(path)), db_(db), handles_(std::move(handles)) {}
  ~RocksStore() override {
    for (rocksdb::ColumnFamilyHandle* handle : handles_) (void)db_->DestroyColumnFamilyHandle(handle);
  }

  Result<bool> get(StateFamily family, std::string_view key, std::string* value) override {
    rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), handle(family), slice(key), value);
    if (status.IsNotFound()) return false;
    if (!status.ok()) return store_error(status, path_);
    return true;
  }

  Status scan(StateFamily family, std::string_view prefix,
              const std::function<Status(std::string_view, std::string_view)>& visit) override {
    rocksdb::ReadOptions options;
    options.verify_checksums = true;
    std::unique_ptr<rocksdb::Iterator> row(db_->NewIterator(options, handle(family)));
    for (row->Seek(slice(prefix)); row->Valid() && row->key().starts_with(slice(prefix)); row->Next())
      BRAID_TRY(visit(row->key().ToStringView(), row->value().ToStringView()));
    if (!row->status().ok()) return store_error(row->status(), path_);
    return {};
  }

  Status commit(const StateBatch& batch) override {
    rocksdb::WriteBatch write;
    for (const StateBatch::Change& change : batch.changes()) {
      rocksdb::Status status = change.erases ? write.Delete(handle(change.family), change.key)
                                             : write.Put(handle(change.family), change.key, change.value);
      if (!status.ok()) return store_error(status, path_);
    }
    rocksdb::WriteOptions options;
    options.sync = true;
    rocksdb::Status status = db_->Write(options, &write);
    if (!status.ok()) return store_error(status, path_);
    return {};
  }

 private:
  rocksdb::ColumnFamilyHandle* handle(StateFamily family) const {
    return handles_[1 + static_cast<size_t>(family)];  // the first is RocksDB's default family, unused
  }

  std::string path_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
};

}  // namespace

Result<std::unique_ptr<StateStore>> open_rocks_store(const std::string& directory) {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  // No family gets older than another, whatever part of the store is lost.
  options.atomic_flush = true;
  options.avoid_flush_during_recovery = true;
  options.info_log = std::make_shared<NoDiary>();
  options.max_background_jobs = 2;
  rocksdb::ColumnFamilyOptions family;
  family.write_buffer_size = 16 << 20;
  rocksdb::BlockBasedTableOptions table;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  std::vector<rocksdb::ColumnFamilyDescriptor> families = {{rocksdb::kDefaultColumnFamilyName, family}};
  for (const char* name : kFamilyNames) families.emplace_back(name, family);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  rocksdb::Status status = rocksdb::DB::Open(options, directory, families, &handles, &db);
  if (!status.ok()) return store_error(status, directory);
  return std::unique_ptr<StateStore>(new RocksStore(directory, db, std::move(handles)));
}

}  // namespace braid
