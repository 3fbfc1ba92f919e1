// From what a service replied to the answer as a row of its result. One thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "runtime/abi/program.h"
#include "runtime/base/result.h"
#include "runtime/codec/decoder.h"
#include "runtime/data/arena.h"
#include "runtime/data/row_codec.h"

namespace braid {

class AnswerReader {
 public:
  explicit AnswerReader(const ServiceSpec& spec);

  /// The bytes of the row (`layout`) that a JSON object has; or why it has none.
  Result<std::string> read(std::string_view record);
  /// Of rows of the result.
  const RowLayout& layout() const { return layout_; }

 private:
  DecodePlan plan_;
  RowLayout layout_;
  Arena arena_;
  std::string line_;
};

}  // namespace braid
