// Which parts of a document somebody has read: what is left over is told, and never lost silently.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "mesh/standards/document.h"

namespace braid::mesh {

class Reading {
 public:
  explicit Reading(const Node& document) : document_(document) {}

  /// The value of a key, read now; null if there is none, or it is empty.
  const Node* find(const Node& map, std::string_view key) {
    const Node* found = map.find(key);
    if (!found || found->is(Node::Kind::null)) return nullptr;
    read_.insert(found);
    return found;
  }
  std::string text(const Node& map, std::string_view key) {
    const Node* found = find(map, key);
    return found && found->is_scalar() ? found->scalar : "";
  }
  bool is_true(const Node& map, std::string_view key) { return text(map, key) == "true"; }
  /// The elements of a list, none of them read yet.
  static const std::vector<Node>& elements(const Node& map, std::string_view key) {
    static const std::vector<Node> none;
    const Node* found = map.find(key);
    return found ? found->elements : none;
  }
  /// The value of a custom property, read now.
  const Node* custom(const Node& map, std::string_view property);
  /// The node and all below it.
  void mark(const Node& node);

  /// The paths of what nobody has read, the longest parts at a time: "price", "schema.orders.email.encryptedName". Each
  /// scalar with its value.
  std::vector<std::string> left() const;

 private:
  bool any_read(const Node& node) const;
  void collect(const Node& node, const std::string& path, std::vector<std::string>& paths) const;

  const Node& document_;
  std::set<const Node*> read_;
};

}  // namespace braid::mesh
