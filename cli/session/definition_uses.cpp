#include "cli/session/definition_uses.h"

#include <algorithm>
#include <set>

#include "compiler/check/declarations.h"
#include "compiler/parse/lex.h"
#include "mesh/definition/facts.h"

namespace braid::cli {
namespace {

using grammar::Cursor;
using grammar::Sign;
using grammar::Token;
using grammar::TokenKind;

/// Of an item that others can name; empty of tests and policies.
std::string name_of(const ast::Item& item) {
  return std::visit(
      [](const auto& node) -> std::string {
        if constexpr (requires { node.name.text; })
          return node.name.text;
        else
          return {};
      },
      item.node);
}

bool is_name(const Token& token) {
  return token.kind == TokenKind::word;
}

/// The words and texts of a `case` that begins behind `at`; nothing if it has an `else`, or no braces.
std::vector<std::string> whole_case(Cursor at, Cursor end) {
  while (at != end && !at->is(Sign::brace_open)) ++at;
  std::vector<std::string> made;
  int depth = 0;
  for (; at != end; ++at) {
    if (opens(*at)) ++depth;
    if (closes(*at) && --depth == 0) return made;
    if (depth == 1 && at->is_word("else")) return {};
    if (is_name(*at) || at->kind == TokenKind::text) made.push_back(at->text);
  }
  return made;
}

void add_names(const Type& type, std::set<std::string>& names) {
  const Type& inner = without_optional(type);
  if (is(inner, TypeKind::list)) add_names(inner->element, names);
  if (is(inner, TypeKind::map)) add_names(value_of(inner), names);
  if (!is(inner, TypeKind::structure)) return;
  for (const Field& field : inner->fields) {
    names.insert(field.name);
    add_names(field.type, names);
  }
}

/// The parts of the field that are named; the field itself if none is.
void add_used(const std::string& path, const Type& type, const std::set<std::string>& words,
              std::set<std::string>& used) {
  const Type& inner = without_optional(type);
  if (is(inner, TypeKind::list)) return add_used(path + "[]", inner->element, words, used);
  if (is(inner, TypeKind::map)) return add_used(path + "[]", value_of(inner), words, used);
  const size_t before = used.size();
  if (is(inner, TypeKind::structure))
    for (const Field& field : inner->fields)
      if (words.contains(field.name)) add_used(path + "." + field.name, field.type, words, used);
  if (used.size() == before) used.insert(path);
}

void add_exhaustive(const std::string& path, const Type& type, const std::vector<std::vector<std::string>>& cases,
                    std::set<std::string>& made) {
  const Type& inner = without_optional(type);
  if (is(inner, TypeKind::list)) add_exhaustive(path + "[]", inner->element, cases, made);
  if (is(inner, TypeKind::map)) add_exhaustive(path + "[]", value_of(inner), cases, made);
  if (is(inner, TypeKind::structure))
    for (const Field& field : inner->fields) add_exhaustive(path + "." + field.name, field.type, cases, made);
  if (!is(inner, TypeKind::enumeration)) return;
  for (const std::vector<std::string>& one : cases)
    if (std::ranges::all_of(inner->symbols,
                            [&](const std::string& symbol) { return std::ranges::find(one, symbol) != one.end(); }))
      made.insert(path);
}

}  // namespace

struct DefinitionUses::Reached {
  std::set<std::pair<std::string, std::string>> names;
  std::set<std::string> words, used;
  std::vector<std::vector<std::string>> whole_cases;
};

DefinitionUses::DefinitionUses(const std::vector<std::unique_ptr<ast::Script>>& scripts, const SourceSet& sources,
                               const ForeignProducts& foreign)
    : foreign_(foreign) {
  Reporter ignored;  // the scripts were parsed before
  for (const auto& script : scripts) {
    if (script->items.empty() || foreign.is_foreign(script->items.front().span.file)) continue;
    const grammar::TokenList read = grammar::lex(sources, script->items.front().span.file, ignored);
    const std::string domain = checking::domain_name(*script);
    for (const ast::Item& item : script->items) {
      const std::string name = name_of(item);
      if (name.empty()) continue;
      Item& made = items_[{domain, name}].emplace_back();
      made.script = script.get();
      std::set<std::string> words, paths;
      const Cursor end = read.tokens.data() + read.tokens.size();
      for (Cursor at = read.tokens.data(); at != end; ++at) {
        if (at->span.begin < item.span.begin || at->span.end > item.span.end || !is_name(*at)) continue;
        words.insert(at->text);
        std::string path = at->text;
        for (Cursor next = at; next + 2 < end && next[1].is(Sign::dot) && is_name(next[2]); next += 2)
          paths.insert(path += "." + next[2].text);
        if (!at->is_word("case")) continue;
        if (std::vector<std::string> of_case = whole_case(at, end); !of_case.empty())
          made.whole_cases.push_back(std::move(of_case));
      }
      made.words.assign(words.begin(), words.end());
      made.paths.assign(paths.begin(), paths.end());
    }
  }
}

void DefinitionUses::follow(const std::string& domain, const std::string& name, Reached& reached) const {
  if (foreign_.definition(domain + "." + name) != nullptr) reached.used.insert(domain + "." + name);
  const auto items = items_.find({domain, name});
  if (items == items_.end() || !reached.names.insert(items->first).second) return;
  for (const Item& item : items->second) follow(item, reached);
}

void DefinitionUses::follow(const Item& item, Reached& reached) const {
  reached.words.insert(item.words.begin(), item.words.end());
  reached.whole_cases.insert(reached.whole_cases.end(), item.whole_cases.begin(), item.whole_cases.end());
  const std::string domain = checking::domain_name(*item.script);
  for (const std::string& word : item.words) {
    follow(domain, word, reached);
    for (const ast::Use& use : item.script->uses) {
      if (use.path.parts.size() < 2 || (use.as ? use.as->text : use.path.parts.back().text) != word) continue;
      ast::Path of_domain = use.path;
      of_domain.parts.pop_back();
      follow(checking::path_text(of_domain), use.path.parts.back().text, reached);
    }
  }
  for (const std::string& path : item.paths) {
    const size_t dot = path.rfind('.');
    follow(path.substr(0, dot), path.substr(dot + 1), reached);
  }
}

std::map<std::string, mesh::UseOfDefinition> DefinitionUses::of(const std::string& domain, const std::string& name,
                                                                const std::vector<Field>& row) const {
  std::map<std::string, mesh::UseOfDefinition> made;
  Reached reached;
  follow(domain, name, reached);
  if (reached.used.empty()) return made;
  add_names(struct_type(row), reached.words);
  for (const std::string& used : reached.used) {
    const ForeignDefinition& definition = *foreign_.definition(used);
    mesh::UseOfDefinition& use = made[used];
    use.definition = definition.hash;
    for (const mesh::Fact& fact : mesh::facts_of(definition.definition)) {
      if (fact.type == nullptr) continue;
      for (const Field& field : mesh::fields_of(fact.type, definition.definition.name)) {
        const bool whole = !is(fact.type, TypeKind::structure);
        if (!whole && !reached.words.contains(field.name)) continue;
        add_used(field.name, field.type, reached.words, use.fields);
        add_exhaustive(field.name, field.type, reached.whole_cases, use.exhaustive);
      }
    }
  }
  return made;
}

}  // namespace braid::cli
