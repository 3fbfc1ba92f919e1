// State in RocksDB: what jobs run on. A small batch is one WriteBatch over all column families, with the log synced; a
// large one becomes a sorted file per family, all of which one IngestExternalFiles adds at once.
// With rocks_tables.h the only place that knows RocksDB.
#pragma once

#include <memory>
#include <string>

#include "runtime/state/store.h"

namespace braid {

struct RocksOptions {
  uint64_t memory_bytes = 64 << 20;      ///< of caches and write buffers together
  uint64_t ingest_from_bytes = 2 << 20;  ///< batches of more than that, or than `memory_bytes`, become files
};

/// Made if it is not there. Fails with ErrorKind::store and code 8002 if it is damaged.
Result<std::unique_ptr<StateStore>> open_rocks_store(const std::string& directory);
Result<std::unique_ptr<StateStore>> open_sized_rocks_store(const std::string& directory, const RocksOptions& options);
/// For reading alone, of a store that no job works on meanwhile: nothing is written, and a commit fails.
Result<std::unique_ptr<StateStore>> open_rocks_store_to_read(const std::string& directory);

}  // namespace braid
