#include "compiler/parse/parse.h"

#include <iterator>

#include "compiler/parse/habits.h"
#include "compiler/parse/lex.h"
#include "compiler/parse/rules.h"

namespace braid {

namespace grammar {
namespace {

ast::Script read(TokenList& tokens, const SourceSet& sources, uint32_t file, Reporter& reporter) {
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

}  // namespace
}  // namespace grammar

ast::Script parse(const SourceSet& sources, uint32_t file, Reporter& reporter) {
  using namespace braid::grammar;
  Reporter found;
  TokenList tokens = lex(sources, file, found);
  const bool hidden = hides_habit(tokens);
  ast::Script tree = read(tokens, sources, file, found);
  if (hidden || found.has_errors()) {
    // Does it read, if the habits of other languages in it are read as what they mean?
    Reporter lexical, habits;
    TokenList renewed = lex(sources, file, lexical);
    std::vector<Diagnostic> findings = lexical.findings();
    if (replace_habits(renewed, sources, findings, habits)) {
      found = std::move(habits);
      for (Diagnostic& finding : findings) found.add(std::move(finding));
      tree = read(renewed, sources, file, found);
    }
  }
  for (const Diagnostic& finding : found.findings()) reporter.add(finding);
  return tree;
}

}  // namespace braid
