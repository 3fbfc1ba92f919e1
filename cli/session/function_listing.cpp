#include "cli/session/function_listing.h"

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "runtime/declare/signature.h"
#include "stdlib/registry.h"

namespace braid::cli {
namespace {

/// `int(text: string) fails`
std::string signature(const FunctionDeclaration& function) {
  return signature_text(function) + (function.fails ? " fails" : "");
}

std::string in_full(const FunctionDeclaration& function) {
  std::string text = signature(function) + "\n  " + std::string(function.summary) + "\n";
  for (const ParameterDeclaration& parameter : function.parameters)
    text += fmt::format("    {:<12} {}\n", parameter.name, parameter.documentation);
  for (const FunctionExample& example : function.examples)
    text += fmt::format("  {}  ->  {}\n", example.call, example.result);
  return text;
}

std::string call_form(const AggregateDeclaration& aggregate) {
  std::string text = std::string(aggregate.name) + "(";
  for (size_t i = 0; i < aggregate.parameters.size(); ++i)
    text += fmt::format("{}{}", i ? ", " : "", aggregate.parameters[i].name);
  return text + ")";
}

std::string in_full(const AggregateDeclaration& aggregate) {
  std::string text = fmt::format("{}  aggregate{}\n  {}\n", call_form(aggregate),
                                 aggregate.takes_by ? ", takes by:" : "", aggregate.summary);
  for (const AggregateExample& example : aggregate.examples)
    text += fmt::format("  {} over {}  ->  {}\n", example.call, example.rows, example.result);
  return text;
}

nlohmann::ordered_json as_json(const FunctionDeclaration& function) {
  nlohmann::ordered_json object{{"name", function.name},
                                {"group", function.group},
                                {"signature", signature(function)},
                                {"summary", function.summary},
                                {"fails", function.fails}};
  for (const ParameterDeclaration& parameter : function.parameters)
    object["parameters"].push_back(
        {{"name", parameter.name}, {"type", parameter_text(parameter)}, {"documentation", parameter.documentation}});
  for (const FunctionExample& example : function.examples)
    object["examples"].push_back({{"call", example.call}, {"result", example.result}});
  return object;
}

struct Subject {
  std::string_view title;
  std::vector<std::string_view> groups;
};

const std::vector<Subject>& subjects() {
  static const std::vector<Subject> made{
      {"Text", {"strings", "cutting", "letters", "unicode"}},
      {"Patterns", {"patterns"}},
      {"Likeness and sound of texts", {"similarity", "phonetics"}},
      {"Numbers", {"maths", "numbers"}},
      {"Amounts", {"amounts"}},
      {"Bits", {"bits"}},
      {"Any values", {"values"}},
      {"Lists", {"lists", "list_parts", "folds", "statistics", "counts"}},
      {"Maps", {"maps"}},
      {"Sketches", {"sketches"}},
      {"Dates, times, durations", {"time", "dates"}},
      {"Time zones, times by a pattern", {"calendar", "zones"}},
      {"Conversions", {"conversions"}},
      {"Numbers as text", {"formats"}},
      {"Digests and hashes", {"hashing"}},
      {"Encodings", {"encoding"}},
      {"JSON of any shape", {"json"}},
      {"JSON in texts", {"json_texts"}},
      {"Identifiers and check digits", {"uuids", "checks"}},
      {"URLs, hosts, mail", {"urls", "addresses"}},
      {"IP addresses", {"ips"}},
      {"Places on earth", {"geo", "places"}},
  };
  return made;
}

/// In a cell of a table.
std::string cell(std::string_view text) {
  std::string made;
  for (const char c : text) made += c == '|' ? "\\|" : std::string(1, c);
  return made;
}

/// Code in a cell: with more backticks around it than there are in it.
std::string code(std::string_view text) {
  const bool ticks = text.find('`') != std::string_view::npos;
  return ticks ? "`` " + cell(text) + " ``" : "`" + cell(text) + "`";
}

/// The functions of some groups in the order in which they are declared, overloads of a name together.
std::string reference_rows(const std::vector<std::string_view>& groups) {
  std::vector<const FunctionDeclaration*> members;
  for (const std::string_view group : groups)
    for (const FunctionDeclaration& function : standard_library().all())
      if (function.group == group) members.push_back(&function);
  std::string rows;
  std::set<std::string_view> written;
  for (const FunctionDeclaration* first : members) {
    if (!written.insert(first->name).second) continue;
    for (const FunctionDeclaration* function : members) {
      if (function->name != first->name) continue;
      const FunctionExample& example = function->examples.front();
      rows += fmt::format("| {} | {} | {} |\n", code(signature_text(*function)), cell(function->summary),
                          code(fmt::format("{} -> {}", example.call, example.result)));
    }
  }
  return rows;
}

}  // namespace

std::string function_reference() {
  std::string text =
      "# Function reference\n\nAll functions of the standard library, a line for each overload; `braid functions NAME` "
      "says what its parameters\nare and gives more examples. A function that may fail says `Fails` and when. This "
      "page is "
      "made from the declarations\n(`tests/functions`); [functions.md](functions.md) says how functions are called and "
      "written.\n";
  std::set<std::string_view> placed;
  const auto put = [&text](std::string_view title, const std::string& rows) {
    text += fmt::format("\n## {}\n\n| function | what it gives | example |\n| --- | --- | --- |\n{}", title, rows);
  };
  std::string aggregates;
  for (const AggregateDeclaration& aggregate : standard_library().aggregates()) {
    const AggregateExample& example = aggregate.examples.front();
    aggregates += fmt::format("| {} | {} | {} |\n", code(call_form(aggregate)), cell(aggregate.summary),
                              code(fmt::format("{} over {} -> {}", example.call, example.rows, example.result)));
  }
  text += fmt::format(
      "\n## Aggregates\n\nIn the entries of a `group` ([windows.md](windows.md)). All take `where:`; `collect`, "
      "`string_agg`, `first` and `last` take\n`by:`.\n\n| aggregate | what it gives | example |\n| --- | --- | --- "
      "|\n{}",
      aggregates);
  for (const Subject& subject : subjects()) {
    put(subject.title, reference_rows(subject.groups));
    placed.insert(subject.groups.begin(), subject.groups.end());
  }
  for (const FunctionDeclaration& function : standard_library().all())
    if (placed.insert(function.group).second) put(function.group, reference_rows({function.group}));
  return text;
}

std::vector<std::string> functions_like(const std::string& word) {
  std::set<std::string> names;
  const auto add = [&](std::string_view name) {
    if (name.find(word) != std::string_view::npos) names.emplace(name);
  };
  for (const FunctionDeclaration& function : standard_library().all()) add(function.name);
  for (const AggregateDeclaration& aggregate : standard_library().aggregates()) add(aggregate.name);
  return {names.begin(), names.end()};
}

std::string list_functions(const std::string& name, bool json) {
  std::string text;
  std::map<std::string, std::string> groups;
  for (const FunctionDeclaration& function : standard_library().all()) {
    if (!name.empty() && function.name != name) continue;
    if (json)
      text += as_json(function).dump() + "\n";
    else if (!name.empty())
      text += in_full(function) + "\n";
    else
      groups[std::string(function.group)] += fmt::format("  {:<64} {}\n", signature(function), function.summary);
  }
  for (const AggregateDeclaration& aggregate : standard_library().aggregates()) {
    if (!name.empty() && aggregate.name != name) continue;
    if (json)
      text += nlohmann::ordered_json{{"name", aggregate.name}, {"group", "aggregates"}, {"summary", aggregate.summary}}
                  .dump() +
              "\n";
    else if (!name.empty())
      text += in_full(aggregate) + "\n";
    else
      groups["aggregates (in `group`)"] += fmt::format("  {:<64} {}\n", aggregate.name, aggregate.summary);
  }
  for (const auto& [group, lines] : groups) text += group + "\n" + lines + "\n";
  return text;
}

}  // namespace braid::cli
