#include "runtime/state/rocks_tables.h"

#include <rocksdb/env.h>

#include <algorithm>

namespace braid {
namespace {

constexpr const char* kDigestName = "braid.xxh3";

class TableDigester : public rocksdb::FileChecksumGenerator {
 public:
  void Update(const char* data, size_t size) override { digester_.update({data, size}); }
  void Finalize() override { digest_ = digester_.digest().bytes(); }
  std::string GetChecksum() const override { return digest_; }
  const char* Name() const override { return kDigestName; }

 private:
  FileDigester digester_;
  std::string digest_;
};

class TableDigests : public rocksdb::FileChecksumGenFactory {
 public:
  std::unique_ptr<rocksdb::FileChecksumGenerator> CreateFileChecksumGenerator(
      const rocksdb::FileChecksumGenContext& context) override {
    const std::string& wanted = context.requested_checksum_func_name;
    if (wanted.empty() || wanted == kDigestName) return std::make_unique<TableDigester>();
    return rocksdb::GetFileChecksumGenCrc32cFactory()->CreateFileChecksumGenerator(context);
  }
  const char* Name() const override { return kDigestName; }
};

/// Not that of the store, which looks at properties whenever a table is opened (table_properties.h).
rocksdb::Env* files_of_tables() {
  return rocksdb::Env::Default();
}

rocksdb::Status changed(const std::string& path) {
  return rocksdb::Status::Corruption("not as it was written", path);
}

}  // namespace

std::shared_ptr<rocksdb::FileChecksumGenFactory> table_digests() {
  return std::make_shared<TableDigests>();
}

std::map<std::string, uint64_t> table_hashes(rocksdb::DB& db) {
  std::vector<rocksdb::LiveFileMetaData> files;
  db.GetLiveFilesMetaData(&files);
  std::map<std::string, uint64_t> hashes;
  for (const rocksdb::LiveFileMetaData& file : files) {
    const auto digest = FileDigest::parse(file.file_checksum);
    if (file.file_checksum_func_name != kDigestName || !digest) continue;
    hashes.emplace(file.name.substr(file.name.find_last_of('/') + 1), digest->whole);
  }
  return hashes;
}

RocksTables::RocksTables(rocksdb::DB& db) : db_(db) {
  std::vector<rocksdb::LiveFileMetaData> files;
  db.GetLiveFilesMetaData(&files);
  for (const rocksdb::LiveFileMetaData& file : files) {
    const auto digest = FileDigest::parse(file.file_checksum);
    if (file.file_checksum_func_name != kDigestName || !digest) {
      all_have_digests_ = false;
      continue;
    }
    tables_.push_back({file.db_path + file.name, file.file_number, file.size, *digest});
  }
}

rocksdb::Status RocksTables::check_footers() {
  if (!all_have_digests_) return db_.VerifyFileChecksums(rocksdb::ReadOptions());
  std::string scratch(FileDigest::kTail, '\0');
  for (const Table& table : tables_) {
    std::unique_ptr<rocksdb::RandomAccessFile> file;
    rocksdb::Status status = files_of_tables()->NewRandomAccessFile(table.path, &file, rocksdb::EnvOptions());
    const size_t length = std::min<uint64_t>(table.size, FileDigest::kTail);
    rocksdb::Slice tail;
    if (status.ok()) status = file->Read(table.size - length, length, &tail, scratch.data());
    if (!status.ok() && !is_live(table)) continue;
    if (!status.ok()) return status;
    if (tail.size() != length || FileDigest::of_tail(tail.ToStringView()) != table.digest.tail)
      return changed(table.path);
  }
  return rocksdb::Status::OK();
}

rocksdb::Status RocksTables::check_all(const std::atomic<bool>& stop) {
  for (const Table& table : tables_) {
    const rocksdb::Status status = check(table, stop);
    if (status.IsIncomplete()) return status;
    if (!status.ok() && is_live(table)) return status;
  }
  return rocksdb::Status::OK();
}

rocksdb::Status RocksTables::check(const Table& table, const std::atomic<bool>& stop) {
  constexpr size_t kPiece = 1 << 20;
  std::unique_ptr<rocksdb::SequentialFile> file;
  rocksdb::Status status = files_of_tables()->NewSequentialFile(table.path, &file, rocksdb::EnvOptions());
  FileDigester digester;
  std::string scratch(kPiece, '\0');
  uint64_t size = 0;
  for (bool end = false; status.ok() && !end;) {
    if (stop) return rocksdb::Status::Incomplete();
    rocksdb::Slice piece;
    status = file->Read(kPiece, &piece, scratch.data());
    digester.update(piece.ToStringView());
    size += piece.size();
    end = piece.empty();
  }
  if (status.ok() && (size != table.size || digester.digest() != table.digest)) status = changed(table.path);
  return status;
}

bool RocksTables::is_live(const Table& table) const {
  std::vector<rocksdb::LiveFileMetaData> files;
  db_.GetLiveFilesMetaData(&files);
  return std::any_of(files.begin(), files.end(),
                     [&](const rocksdb::LiveFileMetaData& file) { return file.file_number == table.number; });
}

}  // namespace braid
