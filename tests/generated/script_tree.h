// A script as a tree of texts, so that it can be made smaller: entries of lists go, expressions become one of their
// parts. Whether what is left is a script the checker says. Plain values.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace braid::generated {

struct Part {
  enum class Kind {
    text,
    whole,       ///< its parts, one after the other
    expression,  ///< the same; may become any expression in it
    list         ///< parts with `text` between them; any of them may go
  };
  Kind kind = Kind::text;
  std::string text;
  std::vector<Part> parts;

  Part() = default;
  Part(const char* written) : text(written) {}
  Part(std::string written) : text(std::move(written)) {}
};

Part whole(std::vector<Part> parts);
Part expression(std::vector<Part> parts);
Part list(std::string between, std::vector<Part> parts);
std::string render(const Part& part);

/// One way to make a tree smaller.
struct Cut {
  std::vector<size_t> path;     ///< to the part, by numbers of parts
  size_t first = 0, count = 0;  ///< parts of a list that go
  std::vector<size_t> becomes;  ///< of an expression: the path from it to what takes its place
};

/// All of them; what takes most away comes first.
std::vector<Cut> cuts_of(const Part& tree);
Part cut(const Part& tree, const Cut& how);

}  // namespace braid::generated
