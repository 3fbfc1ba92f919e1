#include "mesh/definition/facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "runtime/base/overloaded.h"
#include "runtime/data/script_text.h"

namespace braid::mesh {
namespace {

/// No script nests that deep; what is defined by itself ends here.
constexpr int kDeepest = 64;

struct Standard {
  const char* name;
  Type (*make)();
};
constexpr Standard kStandard[] = {{"bool", bool_type},         {"int", int_type},     {"float", float_type},
                                  {"string", string_type},     {"bytes", bytes_type}, {"uuid", uuid_type},
                                  {"date", date_type},         {"time", time_type},   {"timestamp", timestamp_type},
                                  {"duration", duration_type}, {"json", json_type}};

std::string single_blanks(std::string_view text) {
  std::string made;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!blank)
      made += c;
    else if (!made.empty() && made.back() != ' ')
      made += ' ';
  }
  while (made.ends_with(' ')) made.pop_back();
  return made;
}

class Reader {
 public:
  explicit Reader(const Definition& definition) : definition_(definition) {
    if (Result<ParsedDefinition> parsed = parse(definition); parsed.ok()) parsed_ = std::move(*parsed);
  }

  std::vector<Fact> read() {
    std::vector<Fact> made;
    for (size_t i = 0; i < parsed_.scripts.size(); ++i)
      if (definition_.is_root(definition_.items[i])) made.push_back(fact(i));
    std::ranges::sort(made, {}, &Fact::kind);
    return made;
  }

 private:
  Fact fact(size_t index) {
    Fact made{.kind = definition_.items[index].kind};
    at_ = index;
    std::visit(Overloaded{[&](const ast::TypeAlias& node) { made.type = type(node.type, 0); },
                          [&](const ast::Function& node) {
                            generics(node.generics, made);
                            parameters(node.parameters, made);
                            made.result = text(node.result, 0);
                            made.fails = node.fails;
                          },
                          [&](const ast::Aggregate& node) {
                            generics(node.generics, made);
                            parameters(node.parameters, made);
                            made.result = text(node.result, 0);
                            for (const ast::Field& field : node.init.list)
                              made.state += fmt::format("{}{}: {}", made.state.empty() ? "" : ", ",
                                                        script_name(field.name.text), text(field.type, 0));
                          },
                          [&](const ast::Service& node) {
                            parameters(node.parameters, made);
                            made.result = text(node.result, 0);
                            made.type = type(node.result, 0);
                          },
                          [](const auto&) {}},
               parsed_.item(index).node);
    made.body = definition_.items[index].text;
    for (const DefinitionItem& item : definition_.items)
      if (&item != &definition_.items[index] && item.kind != "type") made.body += "\n" + item.text;
    made.body = single_blanks(made.body);
    return made;
  }

  void generics(const std::vector<ast::TypeParameter>& list, Fact& made) {
    variables_.clear();
    for (const ast::TypeParameter& one : list) {
      variables_.push_back(one.name.text);
      made.generics += (made.generics.empty() ? "" : ", ") + one.name.text + (one.bound ? ": " + one.bound->text : "");
    }
  }

  void parameters(const std::vector<ast::Parameter>& list, Fact& made) {
    for (const ast::Parameter& one : list)
      made.parameters.push_back(
          {.name = one.name.text,
           .type = text(one.type, 0),
           .initial = one.initial ? single_blanks(parsed_.sources.text(one.initial->span)) : std::string()});
  }

  /// Works on the type of that name, at its own place. Nothing if none is meant.
  template <class Made>
  Made at_type(const ast::Path& path, Made otherwise, const std::function<Made(const ast::TypePtr&)>& work) {
    std::string domain = definition_.items[at_].domain, name = path.parts.back().text;
    if (path.parts.size() > 1) {
      domain.clear();
      for (size_t i = 0; i + 1 < path.parts.size(); ++i) domain += (i == 0 ? "" : ".") + path.parts[i].text;
    }
    const auto find = [&]() -> std::optional<size_t> {
      for (size_t i = 0; i < definition_.items.size(); ++i)
        if (definition_.items[i].kind == "type" && definition_.items[i].domain == domain &&
            definition_.items[i].name == name)
          return i;
      return std::nullopt;
    };
    std::optional<size_t> found = find();
    if (!found && path.parts.size() == 1)
      for (const DefinitionUse& use : definition_.items[at_].uses)
        if (use.as == name) {
          const size_t dot = use.path.rfind('.');
          domain = use.path.substr(0, dot);
          name = use.path.substr(dot + 1);
          found = find();
          break;
        }
    if (!found) return otherwise;
    const size_t before = std::exchange(at_, *found);
    Made made = work(std::get<ast::TypeAlias>(parsed_.item(*found).node).type);
    at_ = before;
    return made;
  }

  Type type(const ast::TypePtr& node, int depth) {
    if (node == nullptr || depth > kDeepest) return error_type();
    const Type plain = plain_type(*node, depth);
    return node->optional && !is(plain, TypeKind::error) ? optional_type(plain) : plain;
  }

  Type plain_type(const ast::Type& node, int depth) {
    return std::visit(Overloaded{[&](const ast::NamedType& named) -> Type {
                                   if (named.path.parts.empty()) return error_type();
                                   if (named.path.parts.size() == 1)
                                     for (const Standard& one : kStandard)
                                       if (named.path.parts.front().text == one.name) return one.make();
                                   return at_type<Type>(named.path, error_type(), [&](const ast::TypePtr& meant) {
                                     return type(meant, depth + 1);
                                   });
                                 },
                                 [&](const ast::DecimalType& decimal) -> Type {
                                   return decimal_type(static_cast<int>(decimal.precision.value),
                                                       static_cast<int>(decimal.scale.value));
                                 },
                                 [&](const ast::EnumType& node) -> Type {
                                   std::vector<std::string> symbols;
                                   for (const ast::Name& symbol : node.symbols) symbols.push_back(symbol.text);
                                   return enum_type(std::move(symbols));
                                 },
                                 [&](const ast::ListType& list) -> Type {
                                   const Type element = type(list.element, depth + 1);
                                   return is(element, TypeKind::error) ? element : list_type(element);
                                 },
                                 [&](const ast::MapType& map) -> Type {
                                   const Type key = type(map.key, depth + 1), value = type(map.value, depth + 1);
                                   return is(key, TypeKind::error) || is(value, TypeKind::error) ? error_type()
                                                                                                 : map_type(key, value);
                                 },
                                 [&](const ast::StructType& structure) -> Type {
                                   std::vector<Field> fields;
                                   for (const ast::Field& field : structure.fields.list)
                                     fields.push_back({field.name.text, type(field.type, depth + 1)});
                                   return struct_type(std::move(fields));
                                 },
                                 [](const auto&) -> Type { return error_type(); }},
                      node.node);
  }

  std::string text(const ast::TypePtr& node, int depth) { return node == nullptr ? "" : text(*node, depth); }

  std::string text(const ast::Type& node, int depth) {
    if (depth > kDeepest) return "…";
    return std::visit(
               Overloaded{[&](const ast::NamedType& named) -> std::string {
                            const std::string written = single_blanks(parsed_.sources.text(named.path.span));
                            if (named.path.parts.empty() ||
                                (named.path.parts.size() == 1 &&
                                 std::ranges::find(variables_, named.path.parts.front().text) != variables_.end()))
                              return written;
                            return at_type<std::string>(
                                named.path, written, [&](const ast::TypePtr& meant) { return text(meant, depth + 1); });
                          },
                          [&](const ast::DecimalType& decimal) -> std::string {
                            return fmt::format("decimal({},{})", decimal.precision.value, decimal.scale.value);
                          },
                          [&](const ast::EnumType& symbols) -> std::string {
                            std::string made;
                            for (const ast::Name& symbol : symbols.symbols)
                              made += (made.empty() ? "" : ", ") + symbol.text;
                            return "enum { " + made + " }";
                          },
                          [&](const ast::ListType& list) { return "list<" + text(list.element, depth + 1) + ">"; },
                          [&](const ast::MapType& map) {
                            return "map<" + text(map.key, depth + 1) + ", " + text(map.value, depth + 1) + ">";
                          },
                          [&](const ast::FunctionType& taken) {
                            std::string made;
                            for (const ast::Type& parameter : taken.parameters)
                              made += (made.empty() ? "" : ", ") + text(parameter, depth + 1);
                            return "(" + made + ") => " + text(taken.result, depth + 1);
                          },
                          [&](const ast::StructType& structure) {
                            std::string made;
                            for (const ast::Field& field : structure.fields.list)
                              made += fmt::format("{}{}: {}", made.empty() ? "" : ", ", script_name(field.name.text),
                                                  text(field.type, depth + 1));
                            return "{ " + made + " }";
                          },
                          [](const ast::ErrorType&) { return std::string(); }},
               node.node) +
           (node.optional ? "?" : "");
  }

  const Definition& definition_;
  ParsedDefinition parsed_;
  size_t at_ = 0;  ///< the item whose names are looked up
  std::vector<std::string> variables_;
};

}  // namespace

std::string Fact::signature() const {
  std::string list;
  for (const ParameterFact& one : parameters)
    list += fmt::format("{}{}: {}{}", list.empty() ? "" : ", ", script_name(one.name), one.type,
                        one.initial.empty() ? "" : " = " + one.initial);
  return fmt::format("{}({}) -> {}{}", generics.empty() ? "" : "<" + generics + ">", list, result,
                     fails ? " fails" : "");
}

std::vector<Fact> facts_of(const Definition& definition) {
  return Reader(definition).read();
}

std::vector<Field> fields_of(const Type& type, const std::string& name) {
  if (is(type, TypeKind::structure)) return type->fields;
  return {{name, type}};
}

}  // namespace braid::mesh
