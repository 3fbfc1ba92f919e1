#include "compiler/parse/parse.h"

#include <iterator>

#include "compiler/parse/lex.h"
#include "compiler/parse/rules.h"

namespace braid {

ast::Script parse(const SourceSet& sources, uint32_t file, Reporter& reporter) {
  using namespace braid::grammar;
  TokenList tokens = lex(sources, file, reporter);
  State state(tokens, sources, reporter);
  ast::Script tree;
  Cursor first = state.begin();
  const Cursor last = state.end();
  const Context context(state);
  // A script too long to read has no tokens, and has been reported.
  if (first != last || sources.file(file).text.size() <= kMaxScriptBytes)
    attempt(state, first, [&] { return script.parse(first, last, context, x3::unused, tree); });
  state.report_loose_docs();
  std::move(state.stray_items.begin(), state.stray_items.end(), std::back_inserter(tree.items));
  tree.comments = std::move(tokens.comments);
  tree.span = {file, 0, static_cast<uint32_t>(sources.file(file).text.size())};
  return tree;
}

}  // namespace braid
