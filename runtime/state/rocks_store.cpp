#include "runtime/state/rocks_store.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/merge_operator.h>
#include <rocksdb/options.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>

#include "runtime/base/check.h"
#include "runtime/state/commit_chain.h"
#include "runtime/state/net_changes.h"
#include "runtime/state/rocks_tables.h"
#include "runtime/state/table_properties.h"

namespace braid {
namespace {

constexpr std::array<const char*, kStateFamilies> kFamilyNames = {"meta", "point", "timed"};
/// Up to the hash of a row's key (store.h): what the filters of a family's files are of. 0: of whole keys.
constexpr std::array<size_t, kStateFamilies> kPrefixes = {0, kPointKeyHead, kTimedKeyHead};
/// Each family's chain of commits, behind all other rows: no key of the engine begins so.
constexpr std::string_view kChainKey = "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF";
/// errno of what the system refuses, as RocksDB words it.
constexpr std::array kRefusals = {EACCES, EPERM, EROFS, EMFILE, ENFILE, ENOMEM, EAGAIN, ENOLCK};
/// Of a change in a write, besides its bytes.
constexpr uint64_t kWriteOverhead = 16;
constexpr int kCannotWrite = 7018;
constexpr int kStoreCorrupt = 8002;
constexpr int kDiskFull = 8003;
constexpr int kSyncFailed = 8006;

Error damaged(const std::string& path, const std::string& reason) {
  return {ErrorKind::store, "the store `" + path + "` is damaged: " + reason, kStoreCorrupt, 0};
}

Error store_error(const rocksdb::Status& status, const std::string& path) {
  // Whatever is not a fault of the system is damage: also a file that is missing, or one with content that no store
  // has.
  const bool refused = status.IsNoSpace() || (status.IsIOError() && !status.IsPathNotFound());
  if (!refused) return damaged(path, status.ToString());
  return {ErrorKind::store, "the store `" + path + "`: " + status.ToString(),
          status.IsNoSpace() ? kDiskFull : kSyncFailed, 0};
}

/// While opening: what the system refuses is not damage, and nothing has been written that could fail to last.
Error open_error(const rocksdb::Status& status, const std::string& path) {
  Error error = store_error(status, path);
  if (error.code != kSyncFailed) return error;
  const bool refused = std::any_of(kRefusals.begin(), kRefusals.end(), [&](int reason) {
    return error.message.find(std::generic_category().message(reason)) != std::string::npos;
  });
  if (!refused) return damaged(path, status.ToString());
  error.code = kCannotWrite;
  return error;
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

/// Joins the links of commits to chains when RocksDB reads, flushes or compacts them.
class JoinChains : public rocksdb::AssociativeMergeOperator {
 public:
  const char* Name() const override { return "braid.commit_chain"; }
  bool Merge(const rocksdb::Slice&, const rocksdb::Slice* existing, const rocksdb::Slice& value, std::string* joined,
             rocksdb::Logger*) const override {
    std::optional<CommitChain> later = CommitChain::parse(value.ToStringView());
    if (!later) return false;
    if (existing == nullptr) {
      *joined = later->bytes();
      return true;
    }
    std::optional<CommitChain> earlier = CommitChain::parse(existing->ToStringView());
    if (earlier) *joined = earlier->joined(*later).bytes();
    return earlier.has_value();
  }
};

/// Files on their way into the store lie there; what a crash left is deleted when the store is opened.
constexpr const char* kIncoming = "/incoming";

class RocksCursor : public StoreCursor {
 public:
  RocksCursor(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, const rocksdb::Snapshot* snapshot,
              std::string_view begin, std::string_view end, CursorOrder order, std::string path)
      : begin_(begin),
        end_(end.empty() ? kChainKey : std::min(end, kChainKey)),
        lower_(slice(begin_)),
        upper_(slice(end_)),
        backwards_(order == CursorOrder::backwards),
        path_(std::move(path)) {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot;
    options.iterate_lower_bound = &lower_;
    options.iterate_upper_bound = &upper_;
    options.total_order_seek = true;
    row_.reset(db.NewIterator(options, family));
    if (backwards_)
      row_->SeekToLast();
    else
      row_->SeekToFirst();
  }
  bool valid() const override { return row_->Valid(); }
  std::string_view key() const override { return row_->key().ToStringView(); }
  std::string_view value() const override { return row_->value().ToStringView(); }
  void next() override {
    if (backwards_)
      row_->Prev();
    else
      row_->Next();
  }
  void seek(std::string_view key) override {
    if (backwards_)
      row_->SeekForPrev(slice(key));
    else
      row_->Seek(slice(key));
  }
  Status status() const override {
    if (row_->status().ok()) return {};
    return store_error(row_->status(), path_);
  }

 private:
  const std::string begin_, end_;
  const rocksdb::Slice lower_, upper_;
  const bool backwards_;
  const std::string path_;
  std::unique_ptr<rocksdb::Iterator> row_;
};

class RocksSnapshot : public StoreSnapshot {
 public:
  RocksSnapshot(rocksdb::DB& db, const std::vector<rocksdb::ColumnFamilyHandle*>& handles, std::string path)
      : db_(db), handles_(handles), path_(std::move(path)), snapshot_(db.GetSnapshot()) {}
  ~RocksSnapshot() override { db_.ReleaseSnapshot(snapshot_); }
  RocksSnapshot(const RocksSnapshot&) = delete;
  RocksSnapshot& operator=(const RocksSnapshot&) = delete;

  Result<bool> get(StateFamily family, std::string_view key, std::string* value) const override {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot_;
    const rocksdb::Status status = db_.Get(options, handle(family), slice(key), value);
    if (status.IsNotFound()) return false;
    if (!status.ok()) return store_error(status, path_);
    return true;
  }
  std::unique_ptr<StoreCursor> cursor(StateFamily family, std::string_view begin, std::string_view end,
                                      CursorOrder order) const override {
    return std::make_unique<RocksCursor>(db_, handle(family), snapshot_, begin, end, order, path_);
  }

 private:
  rocksdb::ColumnFamilyHandle* handle(StateFamily family) const { return handles_[1 + static_cast<size_t>(family)]; }

  rocksdb::DB& db_;
  const std::vector<rocksdb::ColumnFamilyHandle*>& handles_;
  const std::string path_;
  const rocksdb::Snapshot* const snapshot_;
};

class RocksStore : public StateStore {
 public:
  RocksStore(std::string path, rocksdb::DB* db, std::vector<rocksdb::ColumnFamilyHandle*> handles,
             const RocksOptions& options, std::vector<rocksdb::Options> file_options, bool log_damaged)
      : path_(std::move(path)),
        db_(db),
        handles_(std::move(handles)),
        ingest_from_bytes_(std::min(options.ingest_from_bytes, options.memory_bytes)),
        file_options_(std::move(file_options)),
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
    Tally tally(*this, keys.size());
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
        ++tally.rows;
        BRAID_TRY(visit(first + i, values[i].ToStringView()));
      }
    }
    return {};
  }

  Status scan_range(StateFamily family, std::string_view begin, std::string_view end, const Visit& visit) override {
    rocksdb::ReadOptions options;
    options.verify_checksums = true;
    const rocksdb::Slice bound = slice(end.empty() ? kChainKey : std::min(end, kChainKey));
    options.iterate_upper_bound = &bound;
    // Within one hash the filters say which files need not be looked at.
    const size_t prefix = kPrefixes[static_cast<size_t>(family)];
    options.prefix_same_as_start =
        prefix > 0 && begin.size() >= prefix && begin.substr(0, prefix) == end.substr(0, prefix);
    options.total_order_seek = !options.prefix_same_as_start;
    std::unique_ptr<rocksdb::Iterator> row(db_->NewIterator(options, handle(family)));
    Tally tally(*this, 1);
    for (row->Seek(slice(begin)); row->Valid(); row->Next(), ++tally.rows)
      BRAID_TRY(visit(row->key().ToStringView(), row->value().ToStringView()));
    if (!row->status().ok()) return store_error(row->status(), path_);
    return {};
  }

  Status scan_ranges(StateFamily family, std::span<const KeyRange> ranges, const VisitOf& visit) override {
    if (ranges.empty()) return {};
    rocksdb::ReadOptions options;
    options.verify_checksums = true;
    const std::string& last = ranges.back().end;
    const rocksdb::Slice bound = slice(last.empty() ? kChainKey : std::min(std::string_view(last), kChainKey));
    options.iterate_upper_bound = &bound;
    options.total_order_seek = true;
    std::unique_ptr<rocksdb::Iterator> row(db_->NewIterator(options, handle(family)));
    Tally tally(*this, ranges.size());
    for (size_t i = 0; i < ranges.size(); ++i) {
      // What comes behind the range before is the first row of this one, unless there is something in between.
      const bool there = i > 0 && row->Valid() && row->key().ToStringView() >= ranges[i].begin;
      if (!there) row->Seek(slice(ranges[i].begin));
      for (; row->Valid() && (ranges[i].end.empty() || row->key().ToStringView() < ranges[i].end);
           row->Next(), ++tally.rows)
        BRAID_TRY(visit(i, row->key().ToStringView(), row->value().ToStringView()));
      if (!row->status().ok()) return store_error(row->status(), path_);
    }
    return {};
  }

  Status leap(StateFamily family, std::string_view begin, std::string_view end, const Leap& visit) override {
    constexpr int kSteps = 8;  // where there is little to leap over, steps cost less
    rocksdb::ReadOptions options;
    options.verify_checksums = true;
    const rocksdb::Slice bound = slice(end.empty() ? kChainKey : std::min(end, kChainKey));
    options.iterate_upper_bound = &bound;
    options.total_order_seek = true;
    std::unique_ptr<rocksdb::Iterator> row(db_->NewIterator(options, handle(family)));
    for (row->Seek(slice(begin)); row->Valid();) {
      BRAID_ASSIGN(const std::string next, visit(row->key().ToStringView(), row->value().ToStringView()));
      if (next.empty()) {
        row->Next();
        continue;
      }
      for (int step = 0; step < kSteps && row->Valid() && row->key().ToStringView() < next; ++step) row->Next();
      if (row->Valid() && row->key().ToStringView() < next) row->Seek(slice(next));
    }
    if (!row->status().ok()) return store_error(row->status(), path_);
    return {};
  }

  StoredSize estimate(StateFamily family, std::string_view begin, std::string_view end) override {
    const rocksdb::Range range(slice(begin), slice(end.empty() ? kChainKey : std::min(end, kChainKey)));
    uint64_t young = 0, young_rows = 0;
    db_->GetApproximateMemTableStats(handle(family), range, &young_rows, &young);
    uint64_t bytes = 0, rows = 0, all = 0;
    rocksdb::SizeApproximationOptions files;
    files.include_files = true;
    if (!db_->GetApproximateSizes(files, handle(family), &range, 1, &bytes).ok()) bytes = 0;
    // Files say how many rows they have, not how many lie in a range.
    if (bytes > 0 && db_->GetIntProperty(handle(family), rocksdb::DB::Properties::kEstimateNumKeys, &rows) &&
        db_->GetIntProperty(handle(family), rocksdb::DB::Properties::kLiveSstFilesSize, &all) && all > 0)
      young_rows +=
          static_cast<uint64_t>(static_cast<double>(rows) * static_cast<double>(bytes) / static_cast<double>(all));
    return {young_rows, young + bytes};
  }

  Status verify(const std::atomic<bool>& stop) override {
    std::lock_guard lock(verifying_);
    if (verified_) return {};
    const rocksdb::Status status = tables_->check_all(stop);
    if (status.IsIncomplete()) return {};
    if (!status.ok()) return store_error(status, path_);
    verified_ = true;
    return {};
  }

  Status commit(const StateBatch& batch) override {
    const std::atomic<bool> to_the_end = false;
    BRAID_TRY(verify(to_the_end));
    const CommitChain link = chain_.next(batch);
    BRAID_TRY(batch.bytes() > ingest_from_bytes_ ? ingest(batch, link) : write(batch, link));
    chain_ = chain_.joined(link);
    return {};
  }

  StoreFigures figures() override {
    StoreFigures figures{.lookups = lookups_.load(std::memory_order_relaxed),
                         .rows_read = rows_read_.load(std::memory_order_relaxed)};
    for (int family = 0; family < kStateFamilies; ++family) {
      uint64_t bytes = 0;
      if (db_->GetIntProperty(handle(static_cast<StateFamily>(family)), rocksdb::DB::Properties::kLiveSstFilesSize,
                              &bytes))
        figures.disk_bytes += bytes;
    }
    return figures;
  }
  uint64_t commits() const override { return chain_.last; }
  std::shared_ptr<const StoreSnapshot> snapshot() override {
    return std::make_shared<RocksSnapshot>(*db_, handles_, path_);
  }
  bool log_damaged() const override { return log_damaged_; }

  Result<std::vector<CheckpointFile>> checkpoint(const std::string& directory) override {
    // A log is copied, a table is linked: the rows of a long log become a table first.
    constexpr uint64_t kCopiedLog = 1 << 20;
    rocksdb::Checkpoint* made = nullptr;
    rocksdb::Status status = rocksdb::Checkpoint::Create(db_.get(), &made);
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
    // Tables come and go beside this; one that does so within it is in neither list, and somebody reads it to know
    // its hash.
    std::map<std::string, uint64_t> hashes = table_hashes(*db_);
    if (status.ok()) status = checkpoint->CreateCheckpoint(directory, kCopiedLog);
    if (!status.ok()) return store_error(status, path_);
    hashes.merge(table_hashes(*db_));
    rocksdb::Env* env = rocksdb::Env::Default();
    std::vector<std::string> names;
    status = env->GetChildren(directory, &names);
    std::sort(names.begin(), names.end());
    std::vector<CheckpointFile> files;
    for (const std::string& name : names) {
      if (name == "." || name == "..") continue;
      CheckpointFile file{name, 0, {}};
      if (status.ok()) status = env->GetFileSize(directory + "/" + name, &file.size);
      if (const auto known = hashes.find(name); known != hashes.end()) file.hash = known->second;
      files.push_back(std::move(file));
    }
    if (!status.ok()) return store_error(status, path_);
    return files;
  }

  /// That every family holds all commits, and every file ends as it was written. A store without commits, or of a
  /// format from before there were chains, proves nothing.
  Status prove() {
    tables_.emplace(*db_);
    const rocksdb::Status footers = tables_->check_footers();
    if (!footers.ok()) return store_error(footers, path_);
    std::array<std::string, kStateFamilies> chains;
    for (int family = 0; family < kStateFamilies; ++family)
      BRAID_TRY(get(static_cast<StateFamily>(family), kChainKey, &chains[static_cast<size_t>(family)]));
    if (std::all_of(chains.begin(), chains.end(), [](const std::string& chain) { return chain.empty(); })) return {};
    for (const std::string& bytes : chains) {
      const std::optional<CommitChain> chain = CommitChain::parse(bytes);
      if (!chain || !chain->whole() || bytes != chains.front()) return damaged(path_, "a commit is missing");
      chain_ = *chain;
    }
    return {};
  }

 private:
  using Change = StateBatch::Change;

  /// Counts what a call reads, when it is over.
  struct Tally {
    Tally(RocksStore& of, uint64_t lookups) : store(of) {
      store.lookups_.fetch_add(lookups, std::memory_order_relaxed);
    }
    ~Tally() { store.rows_read_.fetch_add(rows, std::memory_order_relaxed); }
    Tally(const Tally&) = delete;
    Tally& operator=(const Tally&) = delete;
    RocksStore& store;
    uint64_t rows = 0;
  };

  rocksdb::ColumnFamilyHandle* handle(StateFamily family) const {
    return handles_[1 + static_cast<size_t>(family)];  // the first is RocksDB's default family, unused
  }

  using Nets = std::array<NetChanges, kStateFamilies>;

  /// What is left of the changes of each family when later ones have replaced earlier ones.
  static Nets nets_of(const StateBatch& batch) {
    Nets nets;
    for (int family = 0; family < kStateFamilies; ++family)
      nets[static_cast<size_t>(family)].reserve(batch.changes(static_cast<StateFamily>(family)));
    batch.for_each(
        [&](const Change& change, const char* place) { nets[static_cast<size_t>(change.family)].add(change, place); });
    for (NetChanges& net : nets) net.settle();
    return nets;
  }

  Status write(const StateBatch& batch, const CommitChain& link) {
    const Nets nets = nets_of(batch);
    rocksdb::WriteBatch write(batch.bytes() + batch.changes() * kWriteOverhead);
    rocksdb::Status status;
    for (int number = 0; status.ok() && number < kStateFamilies; ++number) {
      const NetChanges& net = nets[static_cast<size_t>(number)];
      rocksdb::ColumnFamilyHandle* family = handle(static_cast<StateFamily>(number));
      // The rows that are left were put after the ranges. In order they cost the table in memory no search.
      for (size_t i = 0; status.ok() && i < net.ranges().size(); ++i) {
        const Change range = net.ranges()[i].change();
        status = write.DeleteRange(family, slice(range.key), slice(range.value));
      }
      net.for_each_row([&](const Change& row) {
        status = row.kind == Change::Kind::put ? write.Put(family, slice(row.key), slice(row.value))
                                               : write.Delete(family, slice(row.key));
        return status.ok();
      });
      if (status.ok()) status = write.Merge(family, slice(kChainKey), link.bytes());
    }
    if (!status.ok()) return store_error(status, path_);
    rocksdb::WriteOptions options;
    options.sync = true;
    status = db_->Write(options, &write);
    if (!status.ok()) return store_error(status, path_);
    return {};
  }

  Status ingest(const StateBatch& batch, const CommitChain& link) {
    const Nets nets = nets_of(batch);
    rocksdb::Status made = rocksdb::Env::Default()->CreateDirIfMissing(path_ + kIncoming);
    if (!made.ok()) return store_error(made, path_);
    std::vector<rocksdb::IngestExternalFileArg> files;
    for (int family = 0; family < kStateFamilies; ++family) {
      const NetChanges& net = nets[static_cast<size_t>(family)];
      std::string path = path_ + kIncoming + "/" + kFamilyNames[static_cast<size_t>(family)] + ".sst";
      rocksdb::ExternalSstFileInfo written;
      rocksdb::Status status = write_file(net, link, path, static_cast<StateFamily>(family), &written);
      if (!status.ok()) return store_error(status, path_);
      rocksdb::IngestExternalFileArg file;
      file.column_family = handle(static_cast<StateFamily>(family));
      file.external_files = {path};
      file.options.move_files = true;
      // The checksum is of the bytes as they were written; nothing is read again, and nothing is written into the file.
      file.options.write_global_seqno = false;
      file.options.verify_file_checksum = false;
      file.files_checksums = {written.file_checksum};
      file.files_checksum_func_names = {written.file_checksum_func_name};
      files.push_back(std::move(file));
    }
    rocksdb::Status status = db_->IngestExternalFiles(files);
    if (!status.ok()) return store_error(status, path_);
    return {};
  }

  rocksdb::Status write_file(const NetChanges& net, const CommitChain& link, const std::string& path,
                             StateFamily family, rocksdb::ExternalSstFileInfo* written) {
    // It stays in the page cache: cold rows and the next compaction read it soon.
    constexpr bool kDropFromPageCache = false;
    rocksdb::SstFileWriter file(rocksdb::EnvOptions(), file_options_[static_cast<size_t>(family)], handle(family),
                                kDropFromPageCache);
    rocksdb::Status status = file.Open(path);
    if (!status.ok()) return status;
    net.for_each_row([&](const Change& row) {
      status = row.kind == Change::Kind::put ? file.Put(slice(row.key), slice(row.value)) : file.Delete(slice(row.key));
      return status.ok();
    });
    if (status.ok()) status = file.Merge(slice(kChainKey), link.bytes());
    for (size_t i = 0; status.ok() && i < net.ranges().size(); ++i) {
      const Change range = net.ranges()[i].change();
      status = file.DeleteRange(slice(range.key), slice(range.value));
    }
    if (status.ok()) status = file.Finish(written);
    return status;
  }

  std::string path_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  uint64_t ingest_from_bytes_;
  std::vector<rocksdb::Options> file_options_;  ///< by family
  CommitChain chain_;                           ///< of what is in every family
  std::optional<RocksTables> tables_;
  std::mutex verifying_;
  bool verified_ = false;
  bool log_damaged_;
  std::atomic<uint64_t> lookups_ = 0, rows_read_ = 0;
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

/// Whether a commit was ever made there: it leaves bytes in a log or a table. Without one, what there is stems from a
/// creation that a crash cut short.
Result<bool> holds_commits(const std::string& directory) {
  rocksdb::Env* env = rocksdb::Env::Default();
  std::vector<std::string> names;
  rocksdb::Status status = env->GetChildren(directory, &names);
  if (status.IsNotFound()) return false;
  if (!status.ok()) return open_error(status, directory);
  for (const std::string& name : names) {
    if (name.ends_with(".sst")) return true;
    uint64_t bytes = 0;
    if (name.ends_with(".log") && (!env->GetFileSize(directory + "/" + name, &bytes).ok() || bytes > 0)) return true;
  }
  return false;
}

}  // namespace

Result<std::unique_ptr<StateStore>> open_rocks_store(const std::string& directory) {
  return open_sized_rocks_store(directory, {});
}

namespace {

enum class Access { read, write };

rocksdb::Status open_database(Access access, const rocksdb::DBOptions& options, const std::string& directory,
                              const std::vector<rocksdb::ColumnFamilyDescriptor>& families,
                              std::vector<rocksdb::ColumnFamilyHandle*>* handles, rocksdb::DB** db) {
  handles->clear();
  return access == Access::write ? rocksdb::DB::Open(options, directory, families, handles, db)
                                 : rocksdb::DB::OpenForReadOnly(options, directory, families, handles, db);
}

Result<std::unique_ptr<StateStore>> open_store(const std::string& directory, const RocksOptions& limits,
                                               Access access) {
  rocksdb::DBOptions options;
  options.env = env_that_checks_properties();
  // What is missing of a store with commits is lost, and is not made anew.
  BRAID_ASSIGN(const bool existing, holds_commits(directory));
  options.create_if_missing = !existing;
  options.create_missing_column_families = !existing;
  // As they are by default in RocksDB 7.8; the proof of the store stands on them: files of the size and with the id
  // that the manifest names, and order within the levels.
  options.paranoid_checks = true;
  options.verify_sst_unique_id_in_manifest = true;
  options.skip_checking_sst_file_sizes_on_db_open = false;
  options.file_checksum_gen_factory = table_digests();
  // No family gets older than another, whatever part of the store is lost.
  options.atomic_flush = true;
  options.avoid_flush_during_recovery = true;
  options.info_log = std::make_shared<NoDiary>();
  options.max_background_jobs = 2;
  options.db_write_buffer_size = limits.memory_bytes / 2;
  rocksdb::ColumnFamilyOptions family;
  family.force_consistency_checks = true;
  // What is young is rewritten soon: it is not worth compressing, nor merging before there is much of it.
  family.compression = rocksdb::kNoCompression;
  family.compression_per_level = {rocksdb::kNoCompression, rocksdb::kNoCompression, rocksdb::kLZ4Compression};
  // A look-up asks each young file. With little memory there are many look-ups, with much there are many rows to merge.
  constexpr uint64_t kMuchMemory = 32 << 20;
  family.level0_file_num_compaction_trigger = limits.memory_bytes < kMuchMemory ? 8 : 16;
  family.level0_slowdown_writes_trigger = 36;
  family.level0_stop_writes_trigger = 48;
  family.max_bytes_for_level_base = uint64_t{1} << 30;
  family.merge_operator = std::make_shared<JoinChains>();
  family.write_buffer_size = std::clamp<uint64_t>(limits.memory_bytes / 4, 1 << 20, 16 << 20);
  rocksdb::BlockBasedTableOptions table;
  table.checksum = rocksdb::kXXH3;
  table.block_size = 16 << 10;  // the work of writing is by block
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.block_cache = rocksdb::NewLRUCache(limits.memory_bytes / 2);
  table.cache_index_and_filter_blocks = true;  // all that is kept in memory counts
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  std::vector<rocksdb::ColumnFamilyDescriptor> families = {{rocksdb::kDefaultColumnFamilyName, family}};
  std::vector<rocksdb::Options> file_options;
  for (size_t i = 0; i < kFamilyNames.size(); ++i) {
    if (kPrefixes[i] > 0) {
      family.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(kPrefixes[i]));
      family.memtable_prefix_bloom_size_ratio = 0.05;
      table.whole_key_filtering = false;
      family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    }
    families.emplace_back(kFamilyNames[i], family);
    file_options.emplace_back(options, family);
    file_options.back().compression_per_level.clear();  // else a file is compressed as the last level
  }
  if (access == Access::write)
    if (rocksdb::Status deleted = delete_incoming(directory); !deleted.ok()) return open_error(deleted, directory);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  // A log that ends within a record is what a crash leaves, and no more is lost than was never committed. Any other
  // fault in it is damage: whole commits up to there are still good, and the job is told that later ones may be gone.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  rocksdb::Status status = open_database(access, options, directory, families, &handles, &db);
  const bool log_damaged = status.IsCorruption();
  if (log_damaged) {
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    status = open_database(access, options, directory, families, &handles, &db);
  }
  if (!status.ok()) return open_error(status, directory);
  std::unique_ptr<RocksStore> store(
      new RocksStore(directory, db, std::move(handles), limits, std::move(file_options), log_damaged));
  BRAID_TRY(store->prove());
  return std::unique_ptr<StateStore>(std::move(store));
}

}  // namespace

Result<std::unique_ptr<StateStore>> open_sized_rocks_store(const std::string& directory, const RocksOptions& limits) {
  return open_store(directory, limits, Access::write);
}

Result<std::unique_ptr<StateStore>> open_rocks_store_to_read(const std::string& directory) {
  constexpr uint64_t kLittle = 8 << 20;
  return open_store(directory, {.memory_bytes = kLittle}, Access::read);
}

}  // namespace braid

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
/// The library is not instrumented: what orders its threads is not seen.
extern "C" const char* __tsan_default_suppressions() {
  return "race:librocksdb.so\n";
}
#endif
#endif
