#include "compiler/parse/parse.h"

#include <iterator>

#include "compiler/parse/habits.h"
#include "compiler/parse/lex.h"
#include "compiler/parse/rules.h"

namespace braid {

namespace grammar {
namespace {

/// What `migrate from version 1 { … }` reads: that version of the product.
void begin_migrations(ast::Script& tree) {
  for (ast::Item& item : tree.items) {
    auto* product = std::get_if<ast::Product>(&item.node);
    if (product == nullptr) continue;
    for (ast::Clause& clause : product->clauses) {
      auto* migrate = std::get_if<ast::Migrate>(&clause.node);
      if (migrate == nullptr) continue;
      const Span place = migrate->version.span;
      ast::Name name = product->name;
      name.span = place;
      ast::Relation relation{.path = {.parts = {name}, .span = place}, .version = migrate->version, .span = place};
      ast::From& from = migrate->flow.from.emplace();
      from.node = ast::FromRelation{.relation = std::move(relation)};
      from.span = place;
    }
  }
}

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
  begin_migrations(tree);
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
