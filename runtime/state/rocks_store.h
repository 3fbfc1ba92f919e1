// State in RocksDB: what jobs run on. A batch is one WriteBatch over all column families, with the log synced.
// The only place that knows RocksDB.
#pragma once

#include <memory>
#include <string>

#include "runtime/state/store.h"

namespace braid {

/// Made if it is not there. Fails with ErrorKind::store and code 8002 if it is damaged.
Result<std::unique_ptr<StateStore>> open_rocks_store(const std::string& directory);

}  // namespace braid
