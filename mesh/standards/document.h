// A document of a standard as a tree: what a YAML or JSON file says, whether or not anybody here understands it. Keys
// keep their order and scalars the text that was written, so a document that is read and written again says the same.
// Plain values; any thread.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace braid::mesh {

struct Entry;

struct Node {
  enum class Kind { null, boolean, number, text, list, map };

  Kind kind = Kind::null;
  std::string scalar;           ///< boolean: "true" or "false"; number: as it was written
  std::vector<Node> elements;   ///< list
  std::vector<Entry> entries;   ///< map, each key once
  uint32_t begin = 0, end = 0;  ///< bytes of the file that it was read from: its first line; 0, 0: it was made

  static Node text(std::string_view text);
  static Node number(int64_t value);
  /// A number as it is written: "99.5".
  static Node decimal(std::string_view digits);
  static Node boolean(bool value);
  static Node list();
  static Node map();
  static Node texts(const std::vector<std::string>& values);

  bool is(Kind other) const { return kind == other; }
  bool is_scalar() const { return kind != Kind::list && kind != Kind::map; }
  /// Nothing: null, or a list or map without content.
  bool empty() const;

  /// Of a map; null if it has no such key, or is no map.
  const Node* find(std::string_view key) const;
  Node* find(std::string_view key);
  /// The scalar of that key, whatever its kind; empty if there is none.
  std::string text_of(std::string_view key) const;

  /// Of a map: replaces the value in its place, or adds it at the end. Gives the map.
  Node& set(std::string_view key, Node value);
  Node& set(std::string_view key, std::string_view value);
  Node& set(std::string_view key, const char* value);
  Node& set(std::string_view key, const std::string& value);
  /// The same, unless the value is empty.
  Node& set_if(std::string_view key, Node value);
  Node& set_if(std::string_view key, const std::string& value);
  void remove(std::string_view key);
  /// Of a list.
  Node& add(Node value);

 private:
  static Node of(Kind kind);
};

struct Entry {
  std::string key;
  Node value;
  uint32_t begin = 0, end = 0;  ///< of the key
};

/// Content and order; places do not count.
bool same(const Node& a, const Node& b);
/// The same content as a tree of the other kind.
Node node_of(const nlohmann::ordered_json& json);

}  // namespace braid::mesh
