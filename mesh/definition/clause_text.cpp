#include "mesh/definition/clause_text.h"

#include "compiler/parse/parse.h"

namespace braid::mesh {
namespace {

/// The only clause of a script that is this source, if the text of the span that `part` finds in it is the whole text.
template <class Node, class Part>
bool stands_alone(const std::string& clause, const std::string& text, const Part& part) {
  const std::string head = "domain d\nstream s\n  " + clause;
  SourceSet sources;
  Reporter reporter;
  const uint32_t file = sources.add("clause", head + text + "\n{ f: int }\n");
  const ast::Script script = parse(sources, file, reporter);
  if (reporter.has_errors() || !script.uses.empty() || script.items.size() != 1) return false;
  const auto* source = std::get_if<ast::Source>(&script.items.front().node);
  if (source == nullptr || source->clauses.size() != 1) return false;
  const auto* node = std::get_if<Node>(&source->clauses.front().node);
  if (node == nullptr || part(*node) == nullptr) return false;
  const Span span = source->clauses.front().span;
  return span.end == head.size() + text.size();
}

}  // namespace

bool is_condition(const std::string& text) {
  return stands_alone<ast::Allow>("allow read to anyone where ", text,
                                  [](const ast::Allow& node) { return node.where.get(); });
}

bool is_mask_function(const std::string& text) {
  return stands_alone<ast::Mask>("mask f with ", text, [](const ast::Mask& node) {
    return node.except.empty() && node.fields.size() == 1 ? node.with.get() : nullptr;
  });
}

bool is_reader(const std::string& text) {
  return stands_alone<ast::Allow>("allow read to ", text, [](const ast::Allow& node) {
    return node.readers.size() == 1 && node.purposes.empty() && node.where == nullptr ? &node : nullptr;
  });
}

bool is_purpose(const std::string& text) {
  return stands_alone<ast::Allow>("allow read to anyone for purpose ", text, [](const ast::Allow& node) {
    return node.purposes.size() == 1 && node.where == nullptr ? &node : nullptr;
  });
}

}  // namespace braid::mesh
