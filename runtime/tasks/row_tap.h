// What a task gives while its epochs are run again, for who compares two such runs. On the thread of the task.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/engine/epoch.h"

namespace braid {

/// A record of an output topic as it would be written. Valid during the call.
struct TappedRow {
  int product = 0;
  const std::string& port;  ///< empty: of the product itself
  const std::string& topic;
  std::optional<std::string_view> key;    ///< none: the product has none
  std::optional<std::string_view> value;  ///< none: the row of the key goes
  bool replaces = false;                  ///< the row of a key takes the place of the one before
  int64_t time_us = 0;                    ///< of the row; negative: it has none
};

class RowTap {
 public:
  virtual ~RowTap() = default;
  virtual void row(const TappedRow& row) = 0;
  /// The rows since the last call are those of this epoch. `made`: what they are now; `stored`: its record, as it was
  /// written then. An error ends the run.
  virtual Status end_epoch(const EpochRecord& made, const EpochRecord& stored) = 0;
};

}  // namespace braid
