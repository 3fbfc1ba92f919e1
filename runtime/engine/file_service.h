// A service that is a file: CSV or NDJSON, read through the connector of files, whole, when it is first asked. Each
// record has the parameters and the fields of the result, by their names; of records with the same parameters the last
// one counts.
#pragma once

#include <memory>

#include "runtime/base/fs.h"
#include "runtime/lookup/service.h"

namespace braid {

/// Fails as sources do if the file is not there (7002) or cannot be read, and with ErrorKind::input if a record has
/// parameters that cannot be read. A field of the result that cannot be read fails the requests for its record.
Result<std::unique_ptr<Service>> make_file_service(Fs& fs, const ServiceSpec& spec);

}  // namespace braid
