// Where rows of products and of their ports go. The engine writes during a turn; what becomes durable, and when, is the
// business of whoever owns the writer. One thread.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/data/block.h"
#include "runtime/data/type.h"

namespace braid {

class OutputWriter {
 public:
  virtual ~OutputWriter() = default;
  /// Rows of the product's output, or of the port `port` ("rejected", "late", "unmatched", "alerts", or a name that the
  /// script gave) if that is not empty. The block lives as long as the turn. `row` differs between rows of one port
  /// where their reasons have different arguments.
  virtual void write(int product, const std::string& port, const std::vector<Field>& row, const Block& block) = 0;
  /// Rows for another stage, of a program that has such (Program::exchanges), each with a record of its own.
  virtual void send(int /*exchange*/, const Block& /*block*/) { BRAID_UNREACHABLE("nobody takes rows of an exchange"); }
};

}  // namespace braid
