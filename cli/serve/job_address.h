// Where the job that runs on a store listens, as it has written into the store.
#pragma once

#include <string>

#include "runtime/base/fs.h"
#include "runtime/base/result.h"
#include "serve/http/address.h"

namespace braid::cli {

/// Fails with 7026 if it does not listen.
Result<serve::HttpAddress> address_of_job(Fs& fs, const std::string& store);

}  // namespace braid::cli
