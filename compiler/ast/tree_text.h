// An S-expression and its layout: on one line where it fits, else a child a line.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace braid::ast {

struct TreeText {
  std::string head;  ///< a word; or the text of a leaf, if it has no parentheses
  std::vector<TreeText> children;
  bool leaf = false;

  static TreeText atom(std::string text) { return {std::move(text), {}, true}; }
  /// In double quotes, with escapes.
  static TreeText quoted(std::string_view text);

  TreeText& add(TreeText child) {
    children.push_back(std::move(child));
    return *this;
  }
  TreeText& add(std::string word) { return add(atom(std::move(word))); }
  TreeText& add(const char* word) { return add(atom(word)); }
};

/// Ends with a line break.
std::string lay_out(const TreeText& tree);

}  // namespace braid::ast
