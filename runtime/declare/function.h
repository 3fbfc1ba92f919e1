// What a script may call, as data: the checker, the code generator, the documentation and the tests read it.
//
// Every function has one native form (`NativeFunction`): it reads its arguments' leaves from `arguments`, writes the
// leaves of its result to `result` and returns 0, or the code of a record error of the catalogue (6xxx). It is compiled
// natively (the interpreter calls `native`) and to bitcode (generated code calls `symbol`, which then inlines), so it
// is C-shaped, throws nothing, has no static state and touches nothing but its context.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/data/arena.h"
#include "runtime/data/slot.h"
#include "runtime/data/type.h"
#include "runtime/data/value.h"
#include "runtime/declare/aggregate.h"
#include "runtime/declare/foreign.h"

namespace braid {

/// Largest text, or list's own slots, that an expression may make, in bytes; a larger one fails. Without the limit a
/// record of 1 MiB could fill the memory.
inline constexpr uint64_t kLongestText = uint64_t{16} << 20;

/// What a call may use besides its arguments. One per worker; not shared between threads.
struct CallContext {
  Arena* arena = nullptr;        ///< of the turn: results that are text or lists live here
  Bytes failure = {nullptr, 0};  ///< set by a failing call: what was wrong, for the rejected row; may stay empty
  int64_t now = 0;               ///< the recorded clock reading, µs
  uint64_t job_seed = 0;         ///< of `random` and `uuid`
  void** caches = nullptr;       ///< per call site: compiled regular expressions and time zones, by `cache index`
  /// For `origin`: names by source, and by source and partition. Null if nothing has a name: both are then "".
  const Bytes* source_names = nullptr;
  const Bytes* const* partition_names = nullptr;
};

using NativeFunction = uint32_t (*)(CallContext* context, const Slot* arguments, Slot* result);

/// How one parameter's type is matched.
enum class ParameterKind : uint8_t {
  exact,        ///< `type`
  any_decimal,  ///< any decimal (and int, which widens); passed as one i128 slot
  any_enum,     ///< any enum; one i32 slot
  any,          ///< type variable T: equal in all `any` and `list_of_any` parameters of the call
  list_of_any,  ///< list<T>
};

struct ParameterDeclaration {
  std::string_view name;
  std::string_view documentation;
  ParameterKind kind = ParameterKind::exact;
  Type type;                                 ///< for `exact`; an optional type takes null
  std::optional<std::string_view> fallback;  ///< a literal: the parameter may be left out
  bool constant = false;                     ///< must be known when compiling: pattern, time zone, unit
};

struct FunctionExample {
  std::string_view call;    ///< a Braid expression
  std::string_view result;  ///< a Braid literal, or "fails"
};

/// What a call is, when all its argument types are known (matched and widened, fallbacks filled in). `constants[i]` is
/// the value of argument i where the call states it as a constant, else null; as many as arguments.
struct CallShape {
  std::vector<Type> arguments;
  std::vector<Value> constants;
};

struct FunctionDeclaration {
  std::string_view name;
  std::string_view group;    ///< strings, time, maths, …
  std::string_view summary;  ///< one sentence
  std::vector<ParameterDeclaration> parameters;
  bool fails = false;
  /// Result type from the argument types (already matched and widened). For fixed results: ignores its argument.
  std::function<Type(const CallShape&)> result;
  /// What is wrong with the constants of a call whose types fit, as the end of a diagnostic: lower case, no full stop;
  /// "" if nothing is wrong. May be empty. Called before `result`, which may rely on it.
  std::function<std::string(const CallShape&)> problem;
  std::vector<FunctionExample> examples;
  std::string_view symbol;  ///< of the native form in the bitcode
  NativeFunction native = nullptr;
  /// Decimals are unscaled; if true the scales follow the arguments: an i64 slot per `any_decimal`
  /// parameter, in order, and one for the result if that is a decimal. A decimal result is written as i128 whatever
  /// its precision; its low half is the i64 of a short one.
  bool takes_scales = false;
  /// If true a bytes slot *precedes* all arguments: the layout of T (runtime/declare/layout.h), which the
  /// caller makes once per call site with `layout_of`. Of `any_enum`: the layout of that enum. An `any` argument takes
  /// `leaf_count(T)` slots; a result `T?` of an optional T is T.
  bool takes_layout = false;
  /// If true an i64 slot after all others (arguments, then scales) has this call site's index into
  /// CallContext::caches; the cached object is made at the first call and freed by `free_cache`.
  bool takes_cache = false;
  void (*free_cache)(void*) = nullptr;
};

/// All functions; several entries of one name are overloads, tried in order. Immutable after start.
class FunctionRegistry {
 public:
  void add(FunctionDeclaration declaration) { functions_.push_back(std::move(declaration)); }
  void add(AggregateDeclaration declaration) { aggregates_.push_back(std::move(declaration)); }
  void add(ForeignFunction known) { foreign_.push_back(known); }
  const std::vector<FunctionDeclaration>& all() const { return functions_; }
  const std::vector<AggregateDeclaration>& aggregates() const { return aggregates_; }
  /// What other languages call their functions; several of one name differ in their number of arguments.
  const std::vector<ForeignFunction>& foreign() const { return foreign_; }
  /// Null if no aggregate has this name.
  const AggregateDeclaration* aggregate(std::string_view name) const {
    for (const AggregateDeclaration& aggregate : aggregates_)
      if (aggregate.name == name) return &aggregate;
    return nullptr;
  }
  std::vector<const FunctionDeclaration*> overloads(std::string_view name) const {
    std::vector<const FunctionDeclaration*> found;
    for (const FunctionDeclaration& function : functions_)
      if (function.name == name) found.push_back(&function);
    return found;
  }

 private:
  std::vector<FunctionDeclaration> functions_;
  std::vector<AggregateDeclaration> aggregates_;
  std::vector<ForeignFunction> foreign_;
};

}  // namespace braid
