// Checks expressions: resolves names, finds types, makes conversions explicit, and reduces notation (`case`, `in`,
// `?.`, methods, named arguments, user functions) to the small language of compiler/typed/expression.h.
//
// One object checks the expressions of one step (slots of `Bind` are unique within it). A mistake gives an expression
// of error type, about which nothing else is reported.
//
// Files: expressions (dispatch, literals, fields), names, conversions, operators, choices (if, case, in, null),
// calls (library functions), functions (those of scripts), aggregates, user_aggregates, structs, maps, narrowing.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "compiler/check/context.h"
#include "compiler/check/types.h"

namespace braid::checking {

/// The entries of a `group`: aggregates are collected, and only keys and the window may stand beside them. Columns read
/// are provisional: key i is i, the window is `keys.size()`, aggregate i is `keys.size() + 1 + i`. Of `running` the row
/// stands beside them, and aggregate i is behind its columns.
struct GroupScope {
  bool running = false;
  size_t columns = 0;                    ///< of the row, with `running`
  const ast::Struct* entries = nullptr;  ///< of the step
  Span behind_keys = {};                 ///< of a `group`: the place behind its last key, or behind its word
  struct Key {
    std::string text;  ///< as written: `currency`, `c.segment`
    std::string name;
    Type type;
  };
  std::vector<Key> keys;
  Type window;  ///< null: no window
  std::vector<typed::Aggregate> aggregates;

  /// The column that the next aggregate is read by.
  int next_column() const { return static_cast<int>((running ? columns : keys.size() + 1) + aggregates.size()); }
};

class Expressions {
 public:
  /// `row` may be null: no columns; it outlives the object.
  Expressions(Context& context, Place place, const Row* row);

  /// As it stands. `wanted` only helps to suggest names.
  typed::ExpressionRef check(const ast::Expr& expression, const Type& wanted = nullptr);
  /// Bounds on what one step may become, so that no script makes the compiler run long or deep.
  static constexpr int kMostDepth = 2'000;
  static constexpr int kMostInlined = 2'000;
  /// Inside so many `reduce`s a body is read once: each reading of one reads those inside it again.
  static constexpr int kMostReadings = 3;
  /// The value has that type, or the mistake is reported; `declared` is the place that requires the type.
  typed::ExpressionRef check_as(const ast::Expr& expression, const Type& wanted, Span declared = {});
  typed::ExpressionRef condition(const ast::Expr& expression);
  /// A duration that is known now; reports what is not.
  std::optional<int64_t> constant_duration(const ast::Expr& expression, std::string_view what);

  /// The entries of a struct literal in their order; `..` spreads the row.
  struct Entry {
    std::string name;
    typed::ExpressionRef value;
    Span span;  ///< of the entry
    bool spread = false;
  };
  /// `open`: set where an entry cannot be named after a mistake, so that there may be other fields.
  std::vector<Entry> entries(const ast::Struct& node, bool& open);
  /// The name that an entry `e` takes: the last part of a path; reported if it has none.
  std::optional<std::string> entry_name(const ast::Expr& expression);

  /// What the condition implies about paths when it is true, or when it is false.
  void assume(const ast::Expr& condition, bool holds);
  const std::vector<std::string>& assumed() const { return present_; }

  /// From here on aggregates are collected there.
  void enter_group(GroupScope* group) { group_ = group; }

  /// For the body of a function checked on its own, and for fallbacks over the fields above.
  void add_local(std::string name, typed::ExpressionRef value, Span declared = {});

  /// The same value as another type; null if it does not fit. `narrow`: digits may be lost, failing at run time.
  typed::ExpressionRef fit(const typed::ExpressionRef& value, const Type& to, bool narrow = false);
  /// A type that holds both; null if there is none.
  Type common_type(const typed::ExpressionRef& a, const typed::ExpressionRef& b);
  typed::ExpressionRef poison(Span span) const;
  /// "12.5" in the script, not a param: fits every number type that holds it.
  bool is_literal(const typed::ExpressionRef& value) const;
  /// Reports that `value` is not `wanted`, by the code that describes it best.
  void mismatch(const typed::ExpressionRef& value, const Type& wanted, Span declared);
  /// `"2026-01-01"` where an instant is needed: shows how it is written.
  void show_literal(DiagnosticBuilder& report, const typed::ExpressionRef& text, const Type& wanted) const;
  /// Adds the place where the field that `value` reads is declared, if it reads one.
  void label_declaration(DiagnosticBuilder& report, const typed::ExpressionRef& value) const;
  Span declaration_of(const typed::ExpressionRef& value) const;
  /// The field of the row that a path names; for on-conditions, keys and clauses.
  static std::string path_of(const ast::Expr& expression);

  /// functions.cpp: checks the function by itself, once.
  bool check_function(const Declaration& declaration);
  /// user_aggregates.cpp: likewise
  bool check_aggregate(const Declaration& declaration);

 private:
  struct Closure;
  struct Local {
    std::string name;
    typed::ExpressionRef value;
    Span declared;
    std::shared_ptr<const Closure> function = {};  ///< of a parameter that is a function; then no value
  };
  struct Argument {
    const ast::Name* name = nullptr;
    typed::ExpressionRef value;
    Span span;
    const ast::Expr* written = nullptr;
  };
  struct Call {
    const ast::Name& function;
    std::vector<Argument> arguments;
    Span span;
  };

  // expressions.cpp
  typed::ExpressionRef literal(const ast::Literal& node, Span span);
  typed::ExpressionRef formatted(const ast::Formatted& node, Span span);
  typed::ExpressionRef field_access(const ast::Expr& expression, const ast::FieldAccess& node);
  typed::ExpressionRef field_of(const typed::ExpressionRef& base, const ast::Name& field, Span span);
  typed::ExpressionRef index(const ast::Index& node, Span span);
  typed::ExpressionRef text_of(const typed::ExpressionRef& value);
  template <class Body>
  typed::ExpressionRef with_value(const typed::ExpressionRef& value, Body body);
  template <class Body>
  typed::ExpressionRef if_present(const typed::ExpressionRef& value, Span span, Body body);

  // names.cpp
  typed::ExpressionRef name(const ast::NameExpr& node, Span span, const Type& wanted);
  typed::ExpressionRef column(int index, Span span) const;
  typed::ExpressionRef unknown_name(const std::string& text, Span span, const Type& wanted);
  typed::ExpressionRef group_name(const std::string& path, Span span);
  // missing_names.cpp: what an unknown name was meant to be. True if it is that, and reported.
  bool entry_of_the_same(const std::string& text, Span span);
  bool lost_part(const ast::Expr& expression);
  bool uncalled_function(const std::string& text, Span span);
  bool part_of_window(const std::string& text, Span span);
  /// `a` behind a step whose rows are no single row of `a`.
  void original_gone(Span span);
  typed::ExpressionRef row_alias_field(const ast::FieldAccess& node, Span span);
  bool is_row_alias(const ast::Expr& expression) const;
  /// A field of the row, or a path of fields that begins with one; a parameter or a `let` of a function is not one.
  bool is_field(const ast::Expr& expression) const;
  const Local* find_local(const std::string& name) const;

  // operators.cpp
  typed::ExpressionRef unary(const ast::Unary& node, Span span);
  typed::ExpressionRef binary(const ast::Binary& node, Span span);
  typed::ExpressionRef arithmetic(const ast::Binary& node, Span span);
  typed::ExpressionRef numbers(typed::Operator op, typed::ExpressionRef left, typed::ExpressionRef right, Span span,
                               std::string_view sign);
  typed::ExpressionRef comparison(const ast::Binary& node, Span span);
  typed::ExpressionRef compare(typed::Operator op, const typed::ExpressionRef& left, const typed::ExpressionRef& right,
                               Span span, std::string_view sign);
  typed::ExpressionRef logic(const ast::Binary& node, Span span);
  typed::ExpressionRef operand_mismatch(const typed::ExpressionRef& left, const typed::ExpressionRef& right, Span span,
                                        std::string_view sign);
  typed::ExpressionRef optional_operand(const typed::ExpressionRef& value, std::string_view operation);

  // choices.cpp
  typed::ExpressionRef fallback(const ast::Binary& node, Span span);
  typed::ExpressionRef is_null(const ast::IsNull& node, Span span);
  typed::ExpressionRef contained(const ast::In& node, Span span);
  typed::ExpressionRef in_range(const typed::ExpressionRef& value, const ast::Expr& first, ast::RangeEnd end,
                                const ast::Expr& last, Span span);
  typed::ExpressionRef choice(const ast::If& node, Span span);
  typed::ExpressionRef cases(const ast::Case& node, Span span);
  typed::ExpressionRef case_of_conditions(const ast::Case& node, Span span);
  typed::ExpressionRef case_of_subject(const ast::Case& node, Span span);
  typed::ExpressionRef join_arms(std::vector<typed::ExpressionRef> conditions,
                                 std::vector<typed::ExpressionRef> results, Span span);
  Type common_type(const std::vector<typed::ExpressionRef>& values, size_t& differing);

  // structs.cpp
  typed::ExpressionRef make_struct(const ast::Struct& node, Span span);
  typed::ExpressionRef make_list(const ast::List& node, Span span);

  // calls.cpp
  typed::ExpressionRef call(const ast::Call& node, Span span);
  typed::ExpressionRef method(const ast::MethodCall& node, Span span);
  typed::ExpressionRef dispatch(Call call);
  bool add_arguments(Call& call, const ast::Arguments& arguments);
  typed::ExpressionRef ambient(const Call& call, bool& known);
  /// arrival.cpp: `arrival_time()`, `headers()`.
  typed::ExpressionRef how_it_came(const std::string& name, Span span);
  /// row_times.cpp: says why rows of a table have no event time here.
  void without_row_time(Span span);
  /// No record says that of the row: why, and the way out.
  void without_record(const std::string& name, Span span);
  typed::ExpressionRef library_call(const Call& call, const std::vector<const FunctionDeclaration*>& overloads);
  struct Match {
    const FunctionDeclaration* function = nullptr;
    std::vector<typed::ExpressionRef> arguments;
    bool counted = false;  ///< the number and names of arguments fit
    size_t failed = 0;     ///< parameter that does not fit
    const Argument* culprit = nullptr;
    const Argument* unknown = nullptr;  ///< has a name that no parameter has
  };
  Match match(const Call& call, const FunctionDeclaration& function, bool exactly);
  typed::ExpressionRef finish_call(const Call& call, Match match);
  /// Rows of an element of a pattern, or a field of theirs.
  bool has_elements(const typed::ExpressionRef& list) const;
  typed::ExpressionRef no_overload(const Call& call, const std::vector<const FunctionDeclaration*>& overloads);
  typed::ExpressionRef unknown_function(const Call& call);
  // labels.cpp
  typed::ExpressionRef declassify(const ast::Expr* object, const ast::Arguments& arguments, Span span);
  /// The function that the name of an unknown one was probably meant to be: close in spelling, and fit for the call.
  std::optional<std::string> meant_function(const Call& call);
  // list_folds.cpp
  /// A call of an aggregate, its first argument a list; reported if no list is folded so.
  typed::ExpressionRef fold_of_list(const Call& call);
  typed::ExpressionRef paired(const Call& call, const std::array<const char*, 2>& names,
                              const typed::ExpressionRef& first, const typed::ExpressionRef& second);
  typed::ExpressionRef best_of_lists(const Call& call, bool greatest);
  /// Lists of whole numbers and decimals as floats, for what the library computes of floats.
  Call with_floats(Call call);
  // arguments.cpp
  /// Adds the signatures to a report on a wrong number of arguments, and the fix where it can be guessed.
  void show_signatures(DiagnosticBuilder& report, const Call& call,
                       const std::vector<const FunctionDeclaration*>& overloads);

  // habits.cpp: what other languages write, and parses
  /// A call of a function that only other languages have: reported, and null if it is not one. `object`: before the
  /// dot.
  typed::ExpressionRef foreign_call(const ast::Name& function, const ast::Expr* object, const ast::Arguments& arguments,
                                    Span span);
  /// `Math.max(a, b)`: reported as a call without its module.
  typed::ExpressionRef module_call(const ast::MethodCall& node, Span span);
  /// `TRUE`, `None`, `current_date`.
  bool foreign_name(const std::string& text, Span span);
  /// `x == NULL`.
  bool foreign_null(const ast::Binary& node, Span span);
  /// `a || b`: of texts, or of conditions.
  typed::ExpressionRef bars(const ast::Binary& node, Span span);
  /// `at.year` and `xs.length`.
  void suggest_method(DiagnosticBuilder& report, const typed::ExpressionRef& base, const ast::Name& field);
  /// `row["a"]`.
  bool field_by_text(const ast::Index& node, Span span);
  /// `[amount]` and `"amount"` as names in the quotes of databases, in a comparison.
  bool quoted_name(const ast::Expr& side, const ast::Expr& other);
  /// `order.amount` of a flow that begins with `from order`: its fields stand alone. −1: it is not that.
  int column_by_relation(const ast::FieldAccess& node);
  bool knows_name(const std::string& text) const;
  bool knows_function(const std::string& name);

  // json_parts.cpp
  typed::ExpressionRef json_part(const char* name, const typed::ExpressionRef& json, const typed::ExpressionRef& part,
                                 Span span);
  typed::ExpressionRef json_field(const typed::ExpressionRef& json, const ast::Name& name, Span span);
  typed::ExpressionRef json_index(const typed::ExpressionRef& json, const typed::ExpressionRef& place, Span span);
  typed::ExpressionRef json_literal(const typed::ExpressionRef& value) const;
  /// Appends what is written as JSON: lists of several types, objects in one another. False if it is no constant.
  bool append_written_json(const ast::Expr& expression, std::string& json);

  // maps.cpp: values of map<K, V>
  typed::ExpressionRef entries_of(const typed::ExpressionRef& map, Span span) const;
  /// The value of a key, `V?`.
  typed::ExpressionRef map_value(const typed::ExpressionRef& map, const typed::ExpressionRef& key, Span span);
  typed::ExpressionRef over_keys(typed::LoopKind kind, const Type& type, const typed::ExpressionRef& map,
                                 typed::Operator op, const typed::ExpressionRef& key, Span span);
  typed::ExpressionRef map_has(const typed::ExpressionRef& map, const typed::ExpressionRef& key, Span span);
  /// The key as one of the map; poison, and reported, if it does not fit.
  typed::ExpressionRef key_for(const typed::ExpressionRef& map, const typed::ExpressionRef& key);
  /// Whether the function has the name of one of maps, and its first argument is a map.
  bool is_of_map(const ast::Name& function, const ast::Expr* first);
  /// A function of a map; null if it has none of this name.
  typed::ExpressionRef map_call(const Call& call);
  /// `{ a: 1 }` where a map is wanted; null if it is none.
  typed::ExpressionRef map_literal(const typed::ExpressionRef& value, const Type& to, bool narrow);

  // lambdas.cpp: functions that go through a list with a lambda
  /// A call with a lambda among its arguments; null if there is none. `object`: before the dot.
  typed::ExpressionRef lambda_call(const ast::Name& function, const ast::Expr* object, bool optional,
                                   const ast::Arguments& arguments, Span span);
  struct LambdaCall;
  typed::ExpressionRef over_list(const LambdaCall& call, const typed::ExpressionRef& list);
  typed::ExpressionRef over_map(const LambdaCall& call, const typed::ExpressionRef& map);
  typed::ExpressionRef loop(typed::LoopKind kind, const Type& type, const LambdaCall& call,
                            const typed::ExpressionRef& list);
  typed::ExpressionRef reduce(const LambdaCall& call, const typed::ExpressionRef& list);
  typed::ExpressionRef sorted_by(const LambdaCall& call, const typed::ExpressionRef& list);
  typed::ExpressionRef best_by(const LambdaCall& call, const typed::ExpressionRef& list, typed::Operator better);
  struct LoopSlots {
    int element, position;
  };
  LoopSlots new_loop();
  /// The body with its parameters bound; `state`: what stands before the element in `reduce`, or null.
  typed::ExpressionRef lambda_body(const LambdaCall& call, const Type& element, LoopSlots slots,
                                   const typed::ExpressionRef& state, bool is_condition);
  /// A function that takes a lambda, called without one: reported.
  bool lambda_missing(const Call& call);

  // functions.cpp
  typed::ExpressionRef user_call(const Call& call, const Declaration& declaration);
  typed::ExpressionRef body_of(const Declaration& declaration, const ast::Function& function, size_t locals_before,
                               const TypeVariables& variables);

  // closures.cpp: parameters that are functions
  /// The lambda of a call with the names it sees, for the body of the function that it is given to.
  std::shared_ptr<const Closure> closure_of(const ast::Expr& lambda, const ast::FunctionType& type, const Place& place);
  std::shared_ptr<const Closure> given_closure(const Call& call, const Argument* given, const ast::Parameter& parameter,
                                               const ast::FunctionType& type, const Place& inside);
  /// One without a lambda, for the check of a body by itself.
  std::shared_ptr<const Closure> sample_closure(const ast::FunctionType& type, const Place& place);
  typed::ExpressionRef apply(const Closure& function, const Call& call);
  /// A call of a parameter that is a function; null if none has this name.
  typed::ExpressionRef closure_call(const ast::Name& function, const ast::Expr* object, const ast::Arguments& arguments,
                                    Span span);
  /// A call of a function of the script, with lambdas among its arguments.
  typed::ExpressionRef call_with_lambdas(const ast::Name& function, const ast::Expr* object,
                                         const ast::Arguments& arguments, Span span);

  // generics.cpp
  class Inference;
  /// What the type parameters of the function are in this call; nothing, and reported, if that is not known.
  std::optional<TypeVariables> infer_types(const Call& call, const Declaration& declaration,
                                           const std::vector<ast::TypeParameter>& generics,
                                           const std::vector<ast::Parameter>& parameters,
                                           const std::vector<const Argument*>& given);
  /// Replaces what was reported of the body by one finding at the call.
  void instance_fails(const Call& call, const TypeVariables& variables, size_t before);

  // aggregates.cpp
  typed::ExpressionRef aggregate(const ast::Name& function, const ast::Expr* object, const ast::Arguments& arguments,
                                 Span span);
  bool is_aggregate_call(const ast::Name& function, size_t positional) const;
  /// Null, and reported, if it does not take such arguments.
  Type aggregate_type(const AggregateDeclaration& known, const typed::Aggregate& call);
  /// The arguments of `count` that were probably meant.
  std::string count_which(const ast::Arguments& arguments);
  typed::ExpressionRef pair(const typed::ExpressionRef& key, const typed::ExpressionRef& value, Span span);
  bool aggregate_constant(const AggregateDeclaration& known, size_t parameter, const ast::Expr& given,
                          typed::Aggregate& call);

  // user_aggregates.cpp
  typed::ExpressionRef user_aggregate(const ast::Name& function, const ast::Expr* object,
                                      const ast::Arguments& arguments, Span span, const Declaration& declaration);
  bool fold_state(const ast::Aggregate& aggregate, const typed::ExpressionRef& filter, GroupScope& scope, Span call,
                  std::vector<Local>& state);
  typed::ExpressionRef finish_state(const ast::Aggregate& aggregate, std::vector<Local> state);
  typed::ExpressionRef add_up(typed::Operator op, const typed::ExpressionRef& left, const typed::ExpressionRef& right,
                              Span span);
  typed::ExpressionRef sum_of_terms(const std::vector<typed::ExpressionRef>& terms, const std::vector<bool>& minus,
                                    Span span);

  // narrowing.cpp
  bool is_present(const std::string& path) const;

  Context& context_;
  Place place_;
  const Row* row_;
  /// Names mean keys of a `group`, not the row.
  bool in_group() const { return group_ != nullptr && !group_->running; }
  GroupScope* group_ = nullptr;
  const ast::Struct* entries_ = nullptr;  ///< whose values are being checked, the innermost
  std::vector<Local> locals_;
  std::vector<std::string> present_;
  int next_slot_ = 0;
  int depth_ = 0;    ///< of the expression being checked
  int inlined_ = 0;  ///< bodies of functions so far
  int folds_ = 0;    ///< `reduce` around the expression being checked
  bool too_large_ = false;
  typed::ExpressionRef too_large(Span span, std::string reason);
  /// A function is checked by itself: parts that depend on constants of a call are not checked.
  bool sample_ = false;
  bool sample_unknown_ = false;
};

// generics.cpp
/// Whether each type parameter has a name of its own and a known bound; reports what has not.
bool check_type_parameters(Context& context, const std::vector<ast::TypeParameter>& generics);
/// Types for the check of a body that no call gives types to: one that fits the bound, or one that can only be
/// compared.
TypeVariables sample_variables(const std::vector<ast::TypeParameter>& generics);
/// Findings since `before` name a type parameter where they mean its sample.
void name_variables(Context& context, const std::vector<ast::TypeParameter>& generics, size_t before);

inline typed::ExpressionRef make_constant(const Type& type, Span span, Value value) {
  return typed::make(type, span, typed::Constant{std::move(value)});
}
inline bool is_poison(const typed::ExpressionRef& value) {
  return is_error(value->type);
}
/// Costs nothing to evaluate twice.
bool is_cheap(const typed::ExpressionRef& value);

// ---- of expressions.cpp, shared with calls.cpp ----

template <class Body>
typed::ExpressionRef Expressions::with_value(const typed::ExpressionRef& value, Body body) {
  if (is_cheap(value)) return body(value);
  const int slot = next_slot_++;
  typed::ExpressionRef result = body(typed::make(value->type, value->span, typed::LocalRead{slot}));
  if (is_poison(result)) return result;
  return typed::make(result->type, result->span, typed::Bind{slot, value, result});
}

/// `value?.…`: null where `value` is.
template <class Body>
typed::ExpressionRef Expressions::if_present(const typed::ExpressionRef& value, Span span, Body body) {
  return with_value(value, [&](const typed::ExpressionRef& read) -> typed::ExpressionRef {
    typed::ExpressionRef result =
        body(typed::make(read->type->element, read->span, typed::Convert{typed::Conversion::unwrap, read}));
    if (is_poison(result)) return result;
    const Type type = optional_type(result->type);
    if (!is_optional(result->type))
      result = typed::make(type, result->span, typed::Convert{typed::Conversion::to_optional, result});
    return typed::make(type, span,
                       typed::Choose{typed::make(bool_type(), value->span, typed::IsNull{read}),
                                     make_constant(type, span, Value{}), result});
  });
}

}  // namespace braid::checking
