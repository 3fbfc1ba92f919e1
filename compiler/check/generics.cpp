// Functions of any type, `function or_first<T>(xs: list<T?>, other: T) -> T`: what the type parameters are in a call,
// and what the body is checked with where no call gives types.
#include "compiler/check/closest.h"
#include "compiler/check/expressions.h"
#include "compiler/check/type_findings.h"
#include "runtime/base/overloaded.h"

namespace braid::checking {

namespace {

enum class Bound { none, number, ordered, key };

constexpr std::pair<std::string_view, Bound> kBounds[] = {
    {"number", Bound::number}, {"ordered", Bound::ordered}, {"key", Bound::key}};

Bound bound_of(const ast::TypeParameter& variable) {
  if (!variable.bound) return Bound::none;
  for (const auto& [name, bound] : kBounds)
    if (name == variable.bound->text) return bound;
  return Bound::none;
}

bool holds(Bound bound, const Type& type) {
  switch (bound) {
    case Bound::none:
      return true;
    case Bound::number:
      return is_number(type);
    case Bound::ordered:
      return is_ordered(type);
    case Bound::key:
      return is_comparable(type);
  }
  return true;
}

/// Stands for any type in the check of a body: it can be compared and no more. A struct that nothing else has.
Type any_type(const std::string& name) {
  return struct_type({{"any " + name, bool_type()}});
}

/// What a body is checked with.
Type sample_of(const ast::TypeParameter& variable) {
  switch (bound_of(variable)) {
    case Bound::number:
      return decimal_type(18, 4);
    case Bound::ordered:
      return string_type();
    case Bound::none:
    case Bound::key:
      break;
  }
  return any_type(variable.name.text);
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

std::string types_text(const TypeVariables& variables) {
  std::string text;
  for (const auto& [name, type] : variables)
    text += (text.empty() ? "`" : ", `") + name + "` is `" + type_text(type) + "`";
  return text;
}

}  // namespace

bool check_type_parameters(Context& context, const std::vector<ast::TypeParameter>& generics) {
  bool sound = true;
  for (size_t i = 0; i < generics.size(); ++i) {
    const ast::TypeParameter& variable = generics[i];
    for (size_t j = 0; j < i; ++j) {
      if (generics[j].name.text != variable.name.text) continue;
      context.reporter.report(diag::DuplicateField{.field = variable.name.text})
          .at(variable.name.span, "named again")
          .also(generics[j].name.span, "first named here");
      sound = false;
    }
    if (!variable.bound || bound_of(variable) != Bound::none) continue;
    auto report = context.reporter.report(diag::UnknownBound{.bound = variable.bound->text});
    report.at(variable.bound->span, "no bound")
        .note("`number`: with arithmetic, `ordered`: with `<`, `key`: with `==`; without a bound any type");
    std::vector<std::string> names;
    for (const auto& [name, bound] : kBounds) names.emplace_back(name);
    if (const auto meant = closest(variable.bound->text, names))
      report.fix(Applicability::likely, "use `" + *meant + "`", {{variable.bound->span, *meant}});
    sound = false;
  }
  return sound;
}

TypeVariables sample_variables(const std::vector<ast::TypeParameter>& generics) {
  TypeVariables variables;
  for (const ast::TypeParameter& variable : generics) variables[variable.name.text] = sample_of(variable);
  return variables;
}

void name_variables(Context& context, const std::vector<ast::TypeParameter>& generics, size_t before) {
  if (generics.empty() || context.reporter.size() == before) return;
  std::vector<Diagnostic> own(context.reporter.findings().begin() + static_cast<std::ptrdiff_t>(before),
                              context.reporter.findings().end());
  context.reporter.truncate(before);
  for (Diagnostic& finding : own) {
    for (const ast::TypeParameter& variable : generics) {
      const std::string& name = variable.name.text;
      const std::string shown = to_string(any_type(name));
      replace_all(finding.message, shown, name);
      for (Label& label : finding.labels) replace_all(label.text, shown, name);
      for (std::string& note : finding.notes) replace_all(note, shown, name);
      for (auto& [key, argument] : finding.arguments)
        if (auto* text = std::get_if<std::string>(&argument)) replace_all(*text, shown, name);
    }
    context.reporter.add(std::move(finding));
  }
}

/// Finds the types of a call's type parameters from the types of its arguments.
class Expressions::Inference {
 public:
  Inference(Expressions& expressions, const Call& call, const std::vector<ast::TypeParameter>& generics)
      : expressions_(expressions), call_(call), generics_(generics) {}

  /// Takes what an argument shows; false, and reported, if it disagrees with another.
  bool learn(const ast::Type& declared, const typed::ExpressionRef& value, Span span) {
    Type type = value->type;
    if (is_error(type) || is(type, TypeKind::null)) return true;
    typed::ExpressionRef plain = value;
    if (declared.optional && is_optional(type)) {
      type = type->element;
      plain = typed::make(type, {}, typed::LocalRead{-1});
    }
    return std::visit(Overloaded{
                          [&](const ast::NamedType& named) {
                            if (named.path.parts.size() != 1) return true;
                            return bind(named.path.parts[0].text, plain, span);
                          },
                          [&](const ast::ListType& list) {
                            if (list.element == nullptr || !is(type, TypeKind::list)) return true;
                            return learn(*list.element, typed::make(type->element, {}, typed::LocalRead{-1}), span);
                          },
                          [&](const ast::MapType& map) {
                            if (map.key == nullptr || map.value == nullptr || !is(type, TypeKind::map)) return true;
                            auto of = [](const Type& part) { return typed::make(part, {}, typed::LocalRead{-1}); };
                            return learn(*map.key, of(key_of(type)), span) &&
                                   learn(*map.value, of(value_of(type)), span);
                          },
                          [&](const ast::StructType& node) {
                            if (!is(type, TypeKind::structure)) return true;
                            for (const ast::Field& field : node.fields.list) {
                              const int index = find_field(type->fields, field.name.text);
                              if (index < 0 || field.type == nullptr) continue;
                              const Type& inner = type->fields[static_cast<size_t>(index)].type;
                              if (!learn(*field.type, typed::make(inner, {}, typed::LocalRead{-1}), span)) return false;
                            }
                            return true;
                          },
                          [&](const auto&) { return true; },
                      },
                      declared.node);
  }

  TypeVariables known() const {
    TypeVariables made;
    for (const auto& [name, witness] : witnesses_) made[name] = witness.value->type;
    return made;
  }
  /// Whether all types of the function's parameters are known.
  bool knows(const ast::FunctionType& type) const {
    return std::all_of(type.parameters.begin(), type.parameters.end(),
                       [&](const ast::Type& one) { return knows(one); });
  }

  /// Nothing, and reported, if a type is not known or out of its bound.
  std::optional<TypeVariables> result() {
    TypeVariables made;
    for (const ast::TypeParameter& variable : generics_) {
      const auto known = witnesses_.find(variable.name.text);
      if (known == witnesses_.end()) {
        expressions_.context_.reporter
            .report(diag::TypeNotInferred{.function = call_.function.text, .variable = variable.name.text})
            .at(call_.span, "no argument has the type")
            .also(variable.name.span, "declared here");
        return std::nullopt;
      }
      const Type& type = known->second.value->type;
      if (!holds(bound_of(variable), type)) {
        auto report = expressions_.context_.reporter.report(diag::TypeOutOfBound{.variable = variable.name.text,
                                                                                 .function = call_.function.text,
                                                                                 .bound = variable.bound->text,
                                                                                 .type = type_text(type)});
        report.at(known->second.span, "this has `" + type_text(type) + "`").also(variable.bound->span, "declared here");
        if (is_optional(type)) report.note("`??` gives another value where it is null");
        return std::nullopt;
      }
      made[variable.name.text] = type;
    }
    return made;
  }

 private:
  struct Witness {
    typed::ExpressionRef value;
    Span span;
  };

  bool knows(const ast::Type& type) const {
    return std::visit(
        Overloaded{
            [&](const ast::NamedType& named) {
              if (named.path.parts.size() != 1 || !is_variable(named.path.parts[0].text)) return true;
              return witnesses_.contains(named.path.parts[0].text);
            },
            [&](const ast::ListType& list) { return list.element == nullptr || knows(*list.element); },
            [&](const ast::MapType& map) {
              return (map.key == nullptr || knows(*map.key)) && (map.value == nullptr || knows(*map.value));
            },
            [&](const ast::StructType& node) {
              return std::all_of(node.fields.list.begin(), node.fields.list.end(),
                                 [&](const ast::Field& field) { return field.type == nullptr || knows(*field.type); });
            },
            [](const auto&) { return true; },
        },
        type.node);
  }

  bool is_variable(const std::string& name) const {
    return std::any_of(generics_.begin(), generics_.end(),
                       [&](const ast::TypeParameter& one) { return one.name.text == name; });
  }

  bool bind(const std::string& name, const typed::ExpressionRef& value, Span span) {
    if (!is_variable(name)) return true;
    const auto [known, added] = witnesses_.emplace(name, Witness{value, span});
    if (added) return true;
    const typed::ExpressionRef& before = known->second.value;
    const Type common = expressions_.common_type(before, value);
    if (common == nullptr) {
      expressions_.context_.reporter
          .report(diag::TypesDisagree{.variable = name,
                                      .function = call_.function.text,
                                      .first = type_text(before->type),
                                      .second = type_text(value->type)})
          .at(span, "`" + type_text(value->type) + "`")
          .also(known->second.span, "`" + type_text(before->type) + "`");
      return false;
    }
    if (same(common, before->type) && !expressions_.is_literal(before)) return true;
    known->second.value = same(common, value->type) ? value : typed::make(common, {}, typed::LocalRead{-1});
    return true;
  }

  Expressions& expressions_;
  const Call& call_;
  const std::vector<ast::TypeParameter>& generics_;
  std::map<std::string, Witness> witnesses_;
};

std::optional<TypeVariables> Expressions::infer_types(const Call& call, const Declaration& declaration,
                                                      const std::vector<ast::TypeParameter>& generics,
                                                      const std::vector<ast::Parameter>& parameters,
                                                      const std::vector<const Argument*>& given) {
  if (generics.empty()) return TypeVariables();
  Inference inference(*this, call, generics);
  for (size_t i = 0; i < given.size(); ++i) {
    const ast::Parameter& parameter = parameters[i];
    if (given[i] == nullptr || given[i]->value == nullptr || parameter.type == nullptr) continue;
    if (!inference.learn(*parameter.type, given[i]->value, given[i]->span)) return std::nullopt;
  }
  // A lambda shows the type of its result, once its parameters are known.
  for (size_t i = 0; i < given.size(); ++i) {
    const ast::Parameter& parameter = parameters[i];
    if (given[i] == nullptr || given[i]->written == nullptr || parameter.type == nullptr) continue;
    const auto* type = std::get_if<ast::FunctionType>(&parameter.type->node);
    const auto* lambda = std::get_if<ast::Lambda>(&given[i]->written->node);
    if (type == nullptr || lambda == nullptr || lambda->body == nullptr || type->result == nullptr ||
        lambda->parameters.size() != type->parameters.size() || !inference.knows(*type))
      continue;
    if (++inlined_ > kMostInlined) return std::nullopt;
    const TypeVariables known = inference.known();
    Place place = place_of(declaration);
    place.variables = &known;
    const size_t before = locals_.size();
    const std::vector<std::string> present = present_;
    for (size_t p = 0; p < type->parameters.size(); ++p) {
      const ast::Name& name = lambda->parameters[p];
      const Type taken = resolve_type(context_, place, type->parameters[p], TypePlace::parameter);
      const int slot = next_slot_++;
      add_local(name.text, is_error(taken) ? poison(name.span) : typed::make(taken, name.span, typed::LocalRead{slot}),
                name.span);
    }
    const typed::ExpressionRef body = check(*lambda->body);
    locals_.resize(before);
    present_ = present;
    if (is_poison(body) || !inference.learn(*type->result, body, given[i]->span)) return std::nullopt;
  }
  return inference.result();
}

void Expressions::instance_fails(const Call& call, const TypeVariables& variables, size_t before) {
  const std::vector<Diagnostic>& findings = context_.reporter.findings();
  if (findings.size() == before) return;
  const Diagnostic first = findings[before];
  context_.reporter.truncate(before);
  auto report = context_.reporter.report(
      diag::InstanceFails{.function = call.function.text, .types = types_text(variables), .reason = first.message});
  report.at(call.span);
  if (!first.labels.empty()) report.also(first.labels.front().span, first.labels.front().text);
}

}  // namespace braid::checking
