// The seam of runtime/base/web.h with libcurl: each request waits for its answer. Connections stay open between them.
#pragma once

#include <memory>

#include "runtime/base/web.h"

namespace braid {

/// Fails with ErrorKind::usage if the file of the options cannot be read.
Result<std::unique_ptr<Web>> make_web(const WebOptions& options);
using MakeWeb = Result<std::unique_ptr<Web>> (*)(const WebOptions& options);

}  // namespace braid

/// An entry of the shared library.
extern "C" braid::MakeWeb braid_http_make_web();
