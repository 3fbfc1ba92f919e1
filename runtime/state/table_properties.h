// RocksDB as it is built with assertions reads the block of properties of a table before it compares the block's
// checksum, and a damaged one ends the process. This file system compares it first, when RocksDB opens the table.
#pragma once

#include <rocksdb/env.h>

namespace braid {

/// The default environment, except that a table does not open, with Corruption, if its properties, or the block that
/// says where they are, differ from their checksum (kXXH3). Tables of formats that it does not know open as they are.
/// It lives as long as the process, and may be used on any thread.
rocksdb::Env* env_that_checks_properties();

}  // namespace braid
