// What the tests of this folder share: small scripts over the same streams and tables, checked, with what was found.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/check/check.h"
#include "compiler/parse/parse.h"
#include "stdlib/registry.h"

namespace braid {

struct Checked {
  typed::Project project;
  std::vector<std::string> codes;
  std::string text;  ///< of the project
  std::vector<std::string> messages;
};

inline Checked check_files(const std::vector<std::string>& texts, std::vector<uint32_t> run_files = {},
                           std::map<std::string, std::string> parameters = {}) {
  SourceSet sources;
  Reporter reporter;
  for (size_t i = 0; i < texts.size(); ++i) sources.add(fmt::format("{}.braid", i), texts[i]);
  std::vector<ast::Script> scripts;
  for (uint32_t file = 0; file < sources.size(); ++file) scripts.push_back(parse(sources, file, reporter));
  std::vector<const ast::Script*> pointers;
  for (const ast::Script& script : scripts) pointers.push_back(&script);
  Checked made;
  made.project = check({.scripts = pointers,
                        .sources = sources,
                        .functions = standard_library(),
                        .parameter_overrides = std::move(parameters),
                        .run_files = std::move(run_files)},
                       reporter);
  for (const Diagnostic& finding : reporter.take_sorted()) {
    if (finding.code == diag::NotYetWatched::kCode) continue;
    made.codes.push_back(code_text(finding));
    made.messages.push_back(finding.message);
  }
  made.text = typed::print(made.project);
  return made;
}

inline constexpr std::string_view kSources = R"(
domain shop

stream sale
  time at within 10s
  key id
  from file "sale.ndjson" format json
{
  id: int, store: string, amount: decimal(12,2), rate: float, count: int, note: string?, fee: decimal(5,4)?,
  status: enum { placed, paid, gone }, place: { city: string, zip: string? }, tags: list<string>,
  lines: list<{ sku: string, n: int }>, customer_id: int?, at: timestamp, until: timestamp,
}

stream click
  time at within 10s
  from file "click.ndjson" format json
{ id: int, customer: int, mood: string?, at: timestamp }

table customer
  key id
  time updated_at within 1m
  from file "customer.csv" format csv
{ id: int, name: string, email: string?, updated_at: timestamp }

table country
  key code
  from file "country.csv" format csv
{ code: string, name: string }
)";

inline Checked check_items(const std::string& items) {
  return check_files({std::string(kSources) + items});
}

inline const typed::Relation& relation(const Checked& checked, const std::string& name) {
  for (const typed::Relation& one : checked.project.relations)
    if (one.name == name) return one;
  static const typed::Relation none{};
  ADD_FAILURE() << "no relation " << name;
  return none;
}

inline std::string row_of(const Checked& checked, const std::string& name) {
  return to_string(struct_type(relation(checked, name).row));
}

}  // namespace braid
