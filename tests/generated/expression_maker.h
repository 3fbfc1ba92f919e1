// Random expressions of a wanted type over the values that are in scope, as the checker would allow them. Decimals are
// made without regard to their digits: what needs exact ones asks for `exact`. From a seed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/base/rng.h"
#include "runtime/data/type.h"
#include "tests/generated/script_tree.h"

namespace braid::generated {

/// A value that an expression may read.
struct Readable {
  std::string text;  ///< "who", "j1.who", "j1?.who"
  Type type;
};

/// A function or an aggregate of the script.
struct ScriptFunction {
  std::string name;
  std::vector<Type> parameters;  ///< null: a function of an int that gives an int
  Type result;
};

class ExpressionMaker {
 public:
  ExpressionMaker(Rng& rng, std::vector<Readable> scope, std::vector<ScriptFunction> functions = {})
      : rng_(rng), scope_(std::move(scope)), functions_(std::move(functions)) {}

  /// `event_time()` may be called.
  ExpressionMaker& with_time(bool has_time) {
    has_time_ = has_time;
    return *this;
  }
  /// All functions may be called.
  ExpressionMaker& with_all(bool all) {
    all_ = all;
    return *this;
  }
  /// No part may fail.
  ExpressionMaker& never_failing() {
    may_fail_ = false;
    return *this;
  }

  bool can(const Type& type) const;
  /// Of that type; a decimal or an int where a decimal is wanted.
  Part make(const Type& type, int depth);
  /// Of just that type.
  Part exact(const Type& type, int depth);
  /// A bool that is no test for null on a field by itself, so that it narrows none.
  Part condition(int depth) { return make(bool_type(), depth); }
  /// A type that can be made.
  Type some_type();
  Part literal(const Type& type);

 private:
  std::vector<const Readable*> of(const Type& type, bool any_decimal = true) const;
  Part leaf(const Type& type);
  Part boolean(int depth);
  Part comparison(int depth);
  Part integer(int depth);
  Part floating(int depth);
  Part decimal(int depth);
  Part text(int depth);
  Part instant(int depth);
  Part duration(int depth);
  Part of_other(const Type& type, int depth);
  Part list_of(const Type& type, int depth);
  Part optional(const Type& type, int depth);
  Part choice(const Type& type, int depth);
  // expression_lists.cpp: lists with lambdas, maps, JSON
  std::optional<Part> of_all(const Type& type, int depth);
  std::optional<Part> int_of_all(int depth);
  std::optional<Part> bool_of_all(int depth);
  std::optional<Part> text_of_all(int depth);
  Part ints(int depth) { return make(list_type(int_type()), depth); }
  Part counts(int depth);
  Part lambda(const Type& result, int depth);
  Part lambda_of_entry(const Type& result, int depth);
  std::string new_name() { return "v" + std::to_string(++names_); }

  Rng& rng_;
  std::vector<Readable> scope_;
  std::vector<ScriptFunction> functions_;
  bool has_time_ = false, may_fail_ = true, all_ = false;
  int names_ = 0;
};

/// map<string, int>
Type counts_type();

}  // namespace braid::generated
