// Rows that leave a product's flow for a port which a flow reads: kept from the step that they leave until the step
// that reads the port, in the same round of the same turn. What they refer to is in the turn's arena. One thread.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/data/arena.h"
#include "runtime/data/block.h"
#include "runtime/operators/product_places.h"
#include "runtime/time/edge_time.h"

namespace braid {

class GivenPorts {
 public:
  /// All outlive it.
  GivenPorts(const Program& program, Arena& arena, const ProductPlaces& places);

  bool empty() const { return ports_.empty(); }
  /// Whether a flow reads that port.
  bool reads(int product, const std::string& port) const { return !ports_.empty() && ports_.contains({product, port}); }
  /// Of `op`, which reads a port that `else` names: the time of its rows is that of the steps that give them, not that
  /// of the product, which may have a time of its own. `times`: of each step's output. `otherwise`: these steps are in
  /// another stage, or the rows of the port have no time.
  EdgeTime time_of(int op, std::span<const EdgeTime> times, const EdgeTime& otherwise) const;
  /// A row of that port: the leaves that its readers have. Does nothing if no flow reads the port.
  void give(int product, const std::string& port, const Record& cause, int64_t time, int64_t watermark,
            std::vector<Slot> slots);
  /// The rows that have been given for the step `op`, in the order of the records that caused them, in blocks.
  std::vector<Block> take(int op);
  /// Whether some wait.
  bool waiting() const { return waiting_ > 0; }

 private:
  struct Row {
    Record cause;
    int64_t time, watermark;
    std::vector<Slot> slots;
  };
  struct Reader {
    std::vector<Leaf> leaves;
    std::vector<int> givers;
    std::vector<Row> rows;
  };
  void find_givers(int op, const PortOperator& port);

  const Program& program_;
  Arena& arena_;
  const ProductPlaces& places_;
  std::map<std::pair<int, std::string>, std::vector<int>> ports_;  ///< the steps that read each
  std::map<int, Reader> readers_;                                  ///< by step
  size_t waiting_ = 0;
};

}  // namespace braid
