#include "mesh/definition/names.h"

#include <algorithm>
#include <vector>

#include "compiler/ast/visit.h"
#include "runtime/base/overloaded.h"

namespace braid::mesh {
namespace {

class Walk {
 public:
  NamesIn item(const ast::Item& item) {
    std::visit(Overloaded{[&](const ast::TypeAlias& node) { type(node.type); },
                          [&](const ast::Function& node) { function(node); },
                          [&](const ast::Aggregate& node) { aggregate(node); },
                          [&](const ast::Service& node) {
                            parameters(node.parameters);
                            type(node.result);
                            if (node.connector.options) arguments(*node.connector.options);
                            if (node.connector.format_options) arguments(*node.connector.format_options);
                          },
                          [&](const ast::Param& node) {
                            type(node.type);
                            value(node.value);
                          },
                          [](const auto&) {}},
               item.node);
    return std::move(made_);
  }

  NamesIn expression(const ast::Expr& node, const std::vector<std::string>& fields) {
    locals_ = fields;
    value(node);
    return std::move(made_);
  }

 private:
  void generics(const std::vector<ast::TypeParameter>& list) {
    for (const ast::TypeParameter& one : list) variables_.push_back(one.name.text);
  }

  void parameters(const std::vector<ast::Parameter>& list) {
    for (const ast::Parameter& one : list) {
      type(one.type);
      value(one.initial);
    }
    for (const ast::Parameter& one : list) locals_.push_back(one.name.text);
  }

  void function(const ast::Function& node) {
    generics(node.generics);
    parameters(node.parameters);
    type(node.result);
    for (const ast::Let& let : node.lets) {
      value(let.value);
      locals_.push_back(let.name.text);
    }
    value(node.body);
  }

  void aggregate(const ast::Aggregate& node) {
    generics(node.generics);
    parameters(node.parameters);
    type(node.result);
    fields(node.init);
    for (const ast::Field& field : node.init.list) locals_.push_back(field.name.text);
    locals_.emplace_back("other");
    entries(node.step);
    if (node.undo) entries(*node.undo);
    if (node.merge) entries(*node.merge);
    value(node.finish);
  }

  void fields(const ast::Fields& node) {
    for (const ast::Field& field : node.list) {
      type(field.type);
      value(field.initial);
    }
  }

  void entries(const ast::Struct& node) {
    for (const ast::Entry& entry : node.entries) std::visit([&](const auto& kind) { value(kind.value); }, entry.node);
  }

  void arguments(const ast::Arguments& given) {
    for (const ast::Argument& argument : given.list)
      if (const auto* one = std::get_if<ast::ExprPtr>(&argument.value)) value(*one);
  }

  void type(const ast::TypePtr& node) {
    if (node != nullptr) type(*node);
  }
  void type(const ast::Type& node) {
    std::visit(Overloaded{[&](const ast::NamedType& named) {
                            if (named.path.parts.size() == 1)
                              type_name(named.path.parts.front().text);
                            else if (!named.path.parts.empty())
                              made_.paths.insert(text_of(named.path));
                          },
                          [&](const ast::ListType& list) { type(list.element); },
                          [&](const ast::MapType& map) {
                            type(map.key);
                            type(map.value);
                          },
                          [&](const ast::FunctionType& taken) {
                            for (const ast::Type& parameter : taken.parameters) type(parameter);
                            type(taken.result);
                          },
                          [&](const ast::StructType& structure) { fields(structure.fields); }, [](const auto&) {}},
               node.node);
  }
  void type_name(const std::string& name) {
    if (std::ranges::find(variables_, name) == variables_.end()) made_.types.insert(name);
  }

  static std::string text_of(const ast::Path& path) {
    std::string text;
    for (const ast::Name& part : path.parts) text += (text.empty() ? "" : ".") + part.text;
    return text;
  }

  void value(const ast::ExprPtr& node) {
    if (node != nullptr) value(*node);
  }
  void value(const ast::Expr& node) {
    const size_t outer = locals_.size();
    if (const auto* read = std::get_if<ast::NameExpr>(&node.node); read != nullptr && !is_local(read->text))
      made_.values.insert(read->text);
    if (const auto* call = std::get_if<ast::Call>(&node.node)) made_.values.insert(call->function.text);
    if (const auto* call = std::get_if<ast::MethodCall>(&node.node)) made_.values.insert(call->method.text);
    if (const auto* lambda = std::get_if<ast::Lambda>(&node.node))
      for (const ast::Name& parameter : lambda->parameters) locals_.push_back(parameter.text);
    ast::for_each_child(node, [&](const ast::Expr& child) { value(child); });
    locals_.resize(outer);
  }
  bool is_local(const std::string& name) const { return std::ranges::find(locals_, name) != locals_.end(); }

  NamesIn made_;
  std::vector<std::string> locals_, variables_;
};

}  // namespace

NamesIn names_in(const ast::Item& item) {
  return Walk().item(item);
}

NamesIn names_in(const ast::Expr& value, const std::vector<std::string>& fields) {
  return Walk().expression(value, fields);
}

}  // namespace braid::mesh
