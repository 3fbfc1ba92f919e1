// A promise that is breached, or that has recovered, as it is told to readers of a product.
#pragma once

#include <cstdint>
#include <string>

namespace braid {

struct PromiseChange {
  std::string relation;  ///< whose contract it is: a product or a source, qualified
  int64_t version = 1;
  std::string promise;  ///< "fresh within 5m", or "expect fresh within 5m" of readers
  bool breached = false;
  int64_t since = 0;     ///< clock reading
  std::string measured;  ///< measured_text()
  std::string owner;     ///< of the domain of the relation; empty: nobody is named
  std::string part;      ///< "tasks 0, 2 of 4" of a job of which others have tasks, too; empty: of all rows
};

}  // namespace braid
