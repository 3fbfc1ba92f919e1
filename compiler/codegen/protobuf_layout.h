// What can be said of a ProtobufTable before any record: the bit by which generated code knows that a field came, and
// what its leaves hold if it did not. Generated code writes only what comes, and the rest at the end of a record: a
// leaf holds what the innermost message around it that came says, by its ProtobufTable::Node::on_entry. Pure.
#pragma once

#include <map>
#include <vector>

#include "runtime/abi/protobuf_table.h"

namespace braid::codegen {

struct ProtobufLayout {
  /// Of a leaf.
  struct Content {
    enum class Kind : uint8_t { zero, one, preset } kind = Kind::zero;
    uint32_t target = 0, preset = 0;
  };
  struct Entry {
    uint32_t bit = 0;
    std::vector<uint32_t> leaves, cells;  ///< those of messages in it included; none: nothing is read
    std::vector<uint32_t> gone;           ///< bits of what its oneof takes away
  };
  struct Node {
    std::vector<Entry> entries;                  ///< as in the table
    std::map<uint32_t, Content> contents;        ///< of leaves, once it has been entered
    std::map<uint32_t, ConversionFault> faults;  ///< the same of cells; those without a fault are not there
    std::vector<uint32_t> own;                   ///< leaves that no entry changes
    std::vector<uint32_t> entered;               ///< nodes that are entered with it, without a byte
    std::vector<uint32_t> bits;                  ///< of its entries, and of those below
  };
  std::vector<Node> nodes;
  uint32_t bits = 0;

  explicit ProtobufLayout(const ProtobufTable& table);
  /// The entry that leads to a node, in the node around it.
  uint32_t bit_of(uint32_t node) const { return bit_of_node_[node]; }

 private:
  void replay(const std::vector<ProtobufTable::Change>& changes, Node& node);
  void place(uint32_t index);

  const ProtobufTable& table_;
  std::vector<uint32_t> bit_of_node_;
};

}  // namespace braid::codegen
