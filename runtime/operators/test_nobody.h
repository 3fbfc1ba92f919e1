// For tests of what operators keep: an engine that takes no note of anything.
#pragma once

#include "runtime/operators/operator.h"

namespace braid::test {

class Nobody : public Dispositions, public PartitionClocks {
 public:
  void leave(int, int, const Block&, uint32_t, uint32_t, const RowReason&) override {}
  void use(int, int, const Record&) override {}
  uint64_t hold(int, int, const Record&) override { return 0; }
  void release(int, int, const Record&) override {}
  void replace(int, int, uint64_t, uint32_t) override {}
  void make(int, uint64_t) override {}
  void make_filtered(int, uint64_t) override {}
  void send(int, const Block&) override {}
  void receive(int, const Block&) override {}
  void partly_late(int, int, const Record&) override {}
  void early(int, int, const Record&) override {}
  void alert(int, const Block&, uint32_t, std::string_view) override {}
  void publish(int, const Block&) override {}
  void visit_clocks(uint32_t, const Visit&) const override {}
};

}  // namespace braid::test
