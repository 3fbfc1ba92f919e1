#include "compiler/codegen/protobuf_layout.h"

#include <algorithm>
#include <set>

namespace braid::codegen {

using Change = ProtobufTable::Change;

ProtobufLayout::ProtobufLayout(const ProtobufTable& table)
    : nodes(table.nodes.size()), table_(table), bit_of_node_(table.nodes.size()) {
  for (size_t i = 0; i < nodes.size(); ++i) replay(table.nodes[i].on_entry, nodes[i]);
  place(0);
}

void ProtobufLayout::replay(const std::vector<Change>& changes, Node& node) {
  for (const Change& change : changes) {
    switch (change.kind) {
      case Change::Kind::zero:
        for (uint32_t leaf = change.at; leaf < std::min(change.at + change.count, table_.leaves); ++leaf)
          node.contents[leaf] = {};
        break;
      case Change::Kind::mark:
        node.contents[change.at] = {Content::Kind::one};
        break;
      case Change::Kind::fault:
        node.faults.erase(change.at);
        if (change.fault != ConversionFault::none) node.faults[change.at] = change.fault;
        break;
      case Change::Kind::empty:
      case Change::Kind::leave:
        break;
      case Change::Kind::enter:
        node.entered.push_back(change.at);
        replay(table_.nodes[change.at].on_entry, node);
        break;
      case Change::Kind::preset: {
        const ProtobufTarget& target = table_.targets[change.at];
        node.faults.erase(target.cell);
        if (target.optional) node.contents[target.leaf] = {Content::Kind::one};
        node.contents[target.leaf + (target.optional ? 1 : 0)] = {Content::Kind::preset, change.at, change.count};
        break;
      }
    }
  }
}

/// Numbers what stands in the node, and below.
void ProtobufLayout::place(uint32_t index) {
  const ProtobufTable::Node& of = table_.nodes[index];
  Node& node = nodes[index];
  std::set<uint32_t> free;
  for (const auto& [leaf, content] : node.contents) free.insert(leaf);
  for (const ProtobufTable::Entry& given : of.entries) {
    Entry& entry = node.entries.emplace_back();
    entry.bit = bits++;
    for (const uint32_t index_of_target : given.targets) {
      const ProtobufTarget& target = table_.targets[index_of_target];
      entry.leaves.push_back(target.leaf);
      if (target.optional) entry.leaves.push_back(target.leaf + 1);
      entry.cells.push_back(target.cell);
    }
    std::vector<uint32_t> below{entry.bit};
    if (given.node >= 0) {
      const auto child = static_cast<uint32_t>(given.node);
      bit_of_node_[child] = entry.bit;
      place(child);
      for (const auto& [leaf, content] : nodes[child].contents) entry.leaves.push_back(leaf);
      std::vector<Change> changes = table_.nodes[child].on_entry;
      for (size_t i = 0; i < changes.size(); ++i) {  // it grows
        if (changes[i].kind == Change::Kind::fault) entry.cells.push_back(changes[i].at);
        if (changes[i].kind == Change::Kind::preset) entry.cells.push_back(table_.targets[changes[i].at].cell);
        if (changes[i].kind != Change::Kind::enter) continue;
        const std::vector<Change>& more = table_.nodes[changes[i].at].on_entry;
        changes.insert(changes.end(), more.begin(), more.end());
      }
      below.insert(below.end(), nodes[child].bits.begin(), nodes[child].bits.end());
    }
    std::ranges::sort(entry.cells);
    entry.cells.erase(std::unique(entry.cells.begin(), entry.cells.end()), entry.cells.end());
    for (const uint32_t leaf : entry.leaves) free.erase(leaf);
    if (!entry.leaves.empty()) node.bits.insert(node.bits.end(), below.begin(), below.end());
  }
  node.own.assign(free.begin(), free.end());
  for (size_t i = 0; i < of.entries.size(); ++i) {
    Node gone{};
    replay(of.entries[i].before, gone);
    for (size_t other = 0; other < of.entries.size(); ++other) {
      const Entry& taken = node.entries[other];
      if (other == i || std::ranges::none_of(taken.leaves, [&](uint32_t leaf) { return gone.contents.contains(leaf); }))
        continue;
      node.entries[i].gone.push_back(taken.bit);
      if (of.entries[other].node < 0) continue;
      const std::vector<uint32_t>& below = nodes[static_cast<size_t>(of.entries[other].node)].bits;
      node.entries[i].gone.insert(node.entries[i].gone.end(), below.begin(), below.end());
    }
  }
}

}  // namespace braid::codegen
