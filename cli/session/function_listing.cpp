#include "cli/session/function_listing.h"

#include <map>
#include <nlohmann/json.hpp>

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

std::string in_full(const AggregateDeclaration& aggregate) {
  std::string text = std::string(aggregate.name) + "(";
  for (size_t i = 0; i < aggregate.parameters.size(); ++i)
    text += fmt::format("{}{}", i ? ", " : "", aggregate.parameters[i].name);
  text += fmt::format(")  aggregate{}\n  {}\n", aggregate.takes_by ? ", takes by:" : "", aggregate.summary);
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

}  // namespace

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
