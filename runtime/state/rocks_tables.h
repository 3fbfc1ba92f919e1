// The table files of a RocksDB store: the digest of each is in the manifest, and is compared with the file.
//
// Blocks have checksums of their own, which RocksDB verifies at each read; the footer, which says where all the others
// lie, has none. So footers are compared when a store is opened, with one read of each file, and all other bytes later,
// beside the work of the job.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/file_checksum.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/state/file_digest.h"

namespace braid {

/// Makes digests of files as RocksDB writes them; files of before there were digests keep their CRC32C.
std::shared_ptr<rocksdb::FileChecksumGenFactory> table_digests();

/// The hash of all bytes (FileDigest::whole) of each table that the store has now, by file name. Those of before there
/// were digests are left out.
std::map<std::string, uint64_t> table_hashes(rocksdb::DB& db);

/// The files that a store had when it was opened.
class RocksTables {
 public:
  explicit RocksTables(rocksdb::DB& db);

  /// Footers. Of files without a digest, everything.
  rocksdb::Status check_footers();
  /// All bytes, a piece at a time; files that are deleted meanwhile are left out. `stop` ends it early, with
  /// Incomplete. On any thread, beside all other use of the store.
  rocksdb::Status check_all(const std::atomic<bool>& stop);

 private:
  struct Table {
    std::string path;
    uint64_t number = 0;
    uint64_t size = 0;
    FileDigest digest;
  };
  rocksdb::Status check(const Table& table, const std::atomic<bool>& stop);
  bool is_live(const Table& table) const;

  rocksdb::DB& db_;
  std::vector<Table> tables_;
  bool all_have_digests_ = true;
};

}  // namespace braid
