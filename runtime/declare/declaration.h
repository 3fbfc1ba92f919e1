// The part of runtime/declare/native.h that only the process needs, not bitcode: declarations as data.
#pragma once

#include "runtime/base/check.h"
#include "runtime/declare/native.h"

namespace braid::native {

/// The parts of a declaration that the C++ signature of a function does not have.
struct ParameterText {
  std::string_view name;
  std::string_view documentation;
  std::optional<std::string_view> fallback = std::nullopt;
  bool constant = false;
};

struct FunctionText {
  std::string_view name = {};  ///< where it differs from the C++ function's: overloads, and words of C++
  std::string_view summary;
  std::vector<ParameterText> parameters;
  /// Needed where the result is a decimal; else the C++ type says it.
  std::function<Type(const CallShape&)> result = {};
  std::function<std::string(const CallShape&)> problem = {};
  std::vector<FunctionExample> examples;
};

using Declare = FunctionDeclaration (*)();
namespace {  // separate for each source file
/// The n-th declaration of a source file; a gap where the counter served something else.
template <int n>
constexpr Declare kEntry = nullptr;

template <int... n>
void add_entries(FunctionRegistry& registry, std::integer_sequence<int, n...>) {
  for (const Declare declare : {kEntry<n>...})
    if (declare != nullptr) registry.add(declare());
}
}  // namespace

template <class Arg>
void add_parameter(std::vector<ParameterDeclaration>& parameters, const FunctionText& text) {
  if constexpr (!Traits<Arg>::kHidden) {
    BRAID_CHECK(parameters.size() < text.parameters.size(), "a parameter without a name");
    const ParameterText& named = text.parameters[parameters.size()];
    parameters.push_back(
        {named.name, named.documentation, Form<Arg>::kKind, Form<Arg>::type(), named.fallback, named.constant});
  }
}

/// T of a call.
Type type_variable(const std::vector<ParameterDeclaration>& parameters, const CallShape& shape);

template <class Plain>
std::function<Type(const CallShape&)> result_rule(const std::vector<ParameterDeclaration>& parameters) {
  if constexpr (std::is_same_v<Plain, AnyValue>) {
    return [parameters](const CallShape& shape) { return type_variable(parameters, shape); };
  } else if constexpr (std::is_same_v<Plain, std::optional<AnyValue>>) {
    return [parameters](const CallShape& shape) { return optional_type(type_variable(parameters, shape)); };
  } else if constexpr (std::is_same_v<Plain, AnyList>) {
    return [parameters](const CallShape& shape) { return list_type(type_variable(parameters, shape)); };
  } else {
    return [](const CallShape&) { return Form<Plain>::type(); };
  }
}

template <class Function>
struct Declarer;

template <class R, class... Args>
struct Declarer<R (*)(Args...)> {
  using Parts = Signature<R (*)(Args...)>;

  static FunctionDeclaration declare(std::string_view group, std::string_view function, std::string_view symbol,
                                     NativeFunction form, FunctionText text) {
    FunctionDeclaration made;
    made.name = text.name.empty() ? function : text.name;
    made.group = group;
    made.summary = text.summary;
    (add_parameter<Args>(made.parameters, text), ...);
    BRAID_CHECK(made.parameters.size() == text.parameters.size(), "a name without a parameter");
    made.fails = Parts::kFails;
    BRAID_CHECK(text.result || !kIsDecimal<typename Parts::Plain>, "a decimal result needs a rule");
    made.result = text.result ? std::move(text.result) : result_rule<typename Parts::Plain>(made.parameters);
    made.problem = std::move(text.problem);
    made.examples = std::move(text.examples);
    made.symbol = symbol;
    made.native = form;
    made.takes_scales = Parts::kScales;
    made.takes_layout = Parts::kLayout;
    made.takes_cache = Parts::kCache;
    (set_cache<Args>(made), ...);
    return made;
  }

 private:
  template <class Arg>
  static void set_cache(FunctionDeclaration& made) {
    if constexpr (Traits<Arg>::kCache) made.free_cache = &Traits<Arg>::free;
  }
};

template <class Function>
FunctionDeclaration declare(std::string_view group, std::string_view function, std::string_view symbol,
                            NativeFunction form, FunctionText text) {
  return Declarer<Function>::declare(group, function, symbol, form, std::move(text));
}

}  // namespace braid::native
