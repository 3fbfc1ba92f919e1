// A promise that is breached, or that has recovered, as it is told to readers of a product.
#pragma once

#include <cstdint>
#include <string>

namespace braid {

struct PromiseChange {
  std::string product;  ///< qualified
  int64_t version = 1;
  std::string promise;  ///< "fresh within 5m"
  bool breached = false;
  int64_t since = 0;     ///< clock reading
  std::string measured;  ///< measured_text()
};

}  // namespace braid
