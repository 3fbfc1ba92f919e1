#include "mesh/standards/document.h"

#include <algorithm>

namespace braid::mesh {

Node Node::of(Kind kind) {
  Node made;
  made.kind = kind;
  return made;
}

Node Node::list() {
  return of(Kind::list);
}

Node Node::map() {
  return of(Kind::map);
}

Node Node::text(std::string_view text) {
  Node made = of(Kind::text);
  made.scalar = text;
  return made;
}

Node Node::number(int64_t value) {
  return decimal(std::to_string(value));
}

Node Node::decimal(std::string_view digits) {
  Node made = of(Kind::number);
  made.scalar = digits;
  return made;
}

Node Node::boolean(bool value) {
  Node made = of(Kind::boolean);
  made.scalar = value ? "true" : "false";
  return made;
}

Node Node::texts(const std::vector<std::string>& values) {
  Node made = list();
  for (const std::string& value : values) made.add(text(value));
  return made;
}

bool Node::empty() const {
  switch (kind) {
    case Kind::null:
      return true;
    case Kind::list:
      return elements.empty();
    case Kind::map:
      return entries.empty();
    default:
      return false;
  }
}

const Node* Node::find(std::string_view key) const {
  for (const Entry& entry : entries)
    if (entry.key == key) return &entry.value;
  return nullptr;
}

Node* Node::find(std::string_view key) {
  return const_cast<Node*>(static_cast<const Node*>(this)->find(key));
}

std::string Node::text_of(std::string_view key) const {
  const Node* found = find(key);
  return found && found->is_scalar() ? found->scalar : "";
}

Node& Node::set(std::string_view key, Node value) {
  if (Node* found = find(key))
    *found = std::move(value);
  else
    entries.push_back({std::string(key), std::move(value)});
  return *this;
}

Node& Node::set(std::string_view key, std::string_view value) {
  return set(key, text(value));
}

Node& Node::set(std::string_view key, const char* value) {
  return set(key, text(value));
}

Node& Node::set(std::string_view key, const std::string& value) {
  return set(key, text(value));
}

Node& Node::set_if(std::string_view key, Node value) {
  return value.empty() ? *this : set(key, std::move(value));
}

Node& Node::set_if(std::string_view key, const std::string& value) {
  return value.empty() ? *this : set(key, text(value));
}

void Node::remove(std::string_view key) {
  std::erase_if(entries, [&](const Entry& entry) { return entry.key == key; });
}

Node& Node::add(Node value) {
  elements.push_back(std::move(value));
  return *this;
}

bool same(const Node& a, const Node& b) {
  if (a.kind != b.kind || a.scalar != b.scalar) return false;
  return std::equal(a.elements.begin(), a.elements.end(), b.elements.begin(), b.elements.end(), same) &&
         std::equal(a.entries.begin(), a.entries.end(), b.entries.begin(), b.entries.end(),
                    [](const Entry& x, const Entry& y) { return x.key == y.key && same(x.value, y.value); });
}

Node node_of(const nlohmann::ordered_json& json) {
  if (json.is_string()) return Node::text(json.get_ref<const std::string&>());
  if (json.is_boolean()) return Node::boolean(json.get<bool>());
  if (json.is_number()) {
    // `1e+36` is a text for readers of YAML 1.1, `1.0e+36` is a number for all.
    std::string digits = json.dump();
    const size_t power = digits.find('e');
    if (power != std::string::npos && digits.find('.') == std::string::npos) digits.insert(power, ".0");
    return Node::decimal(digits);
  }
  Node made;
  if (json.is_array()) {
    made = Node::list();
    for (const auto& element : json) made.add(node_of(element));
  } else if (json.is_object()) {
    made = Node::map();
    for (const auto& [key, value] : json.items()) made.set(key, node_of(value));
  }
  return made;
}

}  // namespace braid::mesh
