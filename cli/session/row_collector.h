// Receives a dry run's rows: the first rows of each product for a table, or every row at once as JSON or CSV on
// standard output; of the ports, how many rows came and the first few with their reasons.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/session/expectations.h"
#include "runtime/abi/program.h"
#include "runtime/codec/encoder.h"
#include "runtime/engine/output_writer.h"

namespace braid::cli {

class RowCollector : public OutputWriter {
 public:
  /// Rows kept of each product, and of each port.
  struct Limits {
    int64_t rows = 20;
    int64_t port_rows = 5;
  };
  /// `print`: gets encoded rows as they come (`format` json or csv); none: rows are kept for a table.
  RowCollector(const Program& program, Limits limits, std::string format,
               std::function<void(const std::string&)> print);

  void write(int product, const std::string& port, const std::vector<Field>& row, const Block& block) override;

  struct Collected {
    int64_t count = 0;
    std::vector<ResultRow> rows;
  };
  const Collected& rows(int product) const { return products_[product]; }
  const std::map<std::pair<int, std::string>, Collected>& ports() const { return ports_; }
  /// Every product has as many rows as were asked for.
  bool satisfied() const;

 private:
  Limits limits_;
  std::function<void(const std::string&)> print_;
  std::vector<Collected> products_;
  std::map<std::pair<int, std::string>, Collected> ports_;
  std::vector<std::unique_ptr<Encoder>> encoders_;
};

}  // namespace braid::cli
