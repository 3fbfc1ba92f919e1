#include "compiler/ast/tree_text.h"

namespace braid::ast {
namespace {

constexpr size_t kWidth = 100;

void write_flat(const TreeText& tree, std::string& out) {
  if (tree.leaf) {
    out += tree.head;
    return;
  }
  out += '(' + tree.head;
  for (const TreeText& child : tree.children) {
    out += ' ';
    write_flat(child, out);
  }
  out += ')';
}

/// Whether the tree fits into `room` columns; stops looking when it does not.
bool fits(const TreeText& tree, size_t& room) {
  const size_t own = tree.head.size() + (tree.leaf ? 0 : 2);
  if (own > room) return false;
  room -= own;
  for (const TreeText& child : tree.children) {
    if (room == 0) return false;
    --room;
    if (!fits(child, room)) return false;
  }
  return true;
}

void write(const TreeText& tree, size_t indent, std::string& out) {
  size_t room = indent < kWidth ? kWidth - indent : 0;
  out.append(indent, ' ');
  if (tree.leaf || fits(tree, room)) {
    write_flat(tree, out);
    out += '\n';
    return;
  }
  out += '(' + tree.head;
  // Words that lead stay beside the head.
  size_t next = 0;
  while (next < tree.children.size() && tree.children[next].leaf && next < 3) {
    out += ' ';
    write_flat(tree.children[next++], out);
  }
  out += '\n';
  for (; next < tree.children.size(); ++next) write(tree.children[next], indent + 2, out);
  out.pop_back();
  out += ")\n";
}

}  // namespace

TreeText TreeText::quoted(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return atom(out + '"');
}

std::string lay_out(const TreeText& tree) {
  std::string out;
  write(tree, 0, out);
  return out;
}

}  // namespace braid::ast
