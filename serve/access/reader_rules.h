// The rules of products as a seam: what a consumer sees of each view. The command makes them of the scripts, the
// grants and the policy server (cli/session/reader_sights.h). All ways in ask here, for each request.
#pragma once

#include <cstddef>
#include <optional>

#include "serve/access/consumer.h"
#include "serve/read/sight.h"

namespace braid::serve {

class ReaderRules {
 public:
  virtual ~ReaderRules() = default;
  /// `view`: place in the host's views. Nothing: the consumer may not read the product, and is not told whether there
  /// is one. Any thread.
  virtual std::optional<Sight> sight(size_t view, const Consumer& consumer) = 0;
};

}  // namespace braid::serve
